"""Uplink: alarms first, only an ACK deletes, silence is answered by sending again."""

from tracker import mqtt, uplink
from tracker.mqtt import Client
from tracker.outbox import Outbox
from trygg_tools.rig.clock import Clock
from trygg_tools.rig.flash import Flash
from trygg_tools.rig.gateway import Gateway
from trygg_tools.rig.link import Link
from trygg_wire import codec, layouts, topics


def answer_frame(seq, boot=1):
    """The smallest record there is."""
    values = {"boot": boot, "seq": seq, "time_s": seq, "time_is_uptime": 1}
    values.update({"order_id": 1, "order_version": 0, "result": 1, "reason": 0})
    return codec.encode(layouts.ANSWER, values)


class Line:
    """Outbox, uplink and a gateway on a simulated link."""

    def __init__(self, device="kari", flash=None):
        self.clock = Clock()
        self.gateway = Gateway(self.clock, "lier", device)
        self.link = Link(self.clock, self.gateway.accept)
        self.flash = flash or Flash()
        self.outbox = Outbox(self.flash)
        self.outbox.open()
        client = Client(self.link, device, b"hemmelig", topics.down("lier", device), window=4)
        address = ("gw", 1883, None)
        self.uplink = uplink.Uplink(client, self.outbox, "lier", device, address)

    def now_s(self):
        return self.clock.now_ms // 1000

    def fill(self, first, last, lane=layouts.LANE_LIVE):
        for seq in range(first, last + 1):
            assert self.outbox.append(lane, 1, seq, answer_frame(seq), self.now_s())

    def run(self, seconds, step_ms=50):
        for _ in range(0, seconds * 1000, step_ms):
            self.uplink.poll(self.clock.ticks_ms(), self.now_s())
            self.gateway.poll()
            self.clock.advance(step_ms)

    def arrived(self):
        return [seq for _, seq, _ in self.gateway.arrivals]


def test_with_nothing_to_say_no_link_is_opened():
    line = Line()
    line.run(10)
    assert line.link.opens == 0
    assert line.uplink.wait_ms(line.clock.ticks_ms(), line.now_s()) > 1000000


def test_what_waits_is_sent_alarms_first_and_goes_when_acked():
    line = Line()
    line.fill(1, 10)
    line.fill(11, 12, layouts.LANE_ALARM)
    line.run(5)
    assert line.arrived() == [11, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert line.outbox.waiting() == 0
    assert line.uplink.stored_alarms() == 2
    assert line.uplink.stored_alarms() == 0
    assert line.uplink.time_s() > 0
    assert not line.uplink.wanted()


def test_pubacks_without_acks_delete_nothing_and_the_records_go_again():
    line = Line()
    line.gateway.acking = False
    line.fill(1, 6)
    line.run(5)
    assert len(line.arrived()) == 6
    assert line.outbox.waiting() == 6
    line.run(2 * mqtt.ACK_WAIT_S)
    assert line.gateway.repeats >= 6
    assert line.uplink.repeated >= 6
    line.gateway.acking = True
    line.run(2 * mqtt.ACK_WAIT_S)
    assert line.outbox.waiting() == 0
    assert line.gateway.conflicts == 0


def test_an_ack_that_is_late_but_in_time_makes_nothing_go_again():
    line = Line()
    lost = [True] * 1
    line.gateway.loses = lambda what: what == "ack" and bool(lost) and lost.pop()
    line.fill(1, 1)
    line.run(5)
    line.fill(2, 2)
    line.run(5)
    assert line.outbox.waiting() == 0
    assert line.gateway.repeats == 0


def test_a_publish_that_is_lost_goes_again_on_the_next_link():
    line = Line()
    lost = [True, True]
    line.gateway.loses = lambda what: what == "publish" and bool(lost) and lost.pop()
    line.fill(1, 6)
    line.run(60)
    assert sorted(line.arrived()) == [1, 2, 3, 4, 5, 6]
    assert line.outbox.waiting() == 0
    assert line.link.opens >= 2


def test_the_pause_between_tries_grows_with_jitter_up_to_its_limit():
    line = Line()
    line.link.refusing = True
    line.fill(1, 1)
    tries = []
    opened = 0
    for _ in range(3000):
        line.uplink.poll(line.clock.ticks_ms(), line.now_s())
        if line.link.opens > opened:
            opened = line.link.opens
            tries.append(line.now_s())
        line.clock.advance(1000)
    pauses = [after - before for before, after in zip(tries, tries[1:])]
    assert 2 <= pauses[0] <= 4
    assert pauses[-1] >= uplink.PAUSE_MOST_S
    assert max(pauses) <= uplink.PAUSE_MOST_S + uplink.PAUSE_MOST_S // 2 + 1
    assert len(set(pauses[-4:])) > 1


def test_two_trackers_do_not_come_back_in_the_same_seconds():
    seconds = []
    for device in ("kari", "ola"):
        line = Line(device)
        line.link.refusing = True
        line.fill(1, 1)
        line.run(400, 1000)
        seconds.append(line.uplink.save()[1])
    assert seconds[0] != seconds[1]


def test_while_an_alarm_waits_the_pause_is_short():
    line = Line()
    line.link.refusing = True
    line.fill(1, 1, layouts.LANE_ALARM)
    line.run(120, 1000)
    opens = line.link.opens
    line.run(60, 1000)
    assert line.link.opens - opens >= 2


def test_a_new_alarm_is_tried_at_once():
    line = Line()
    line.link.refusing = True
    line.fill(1, 1)
    line.run(600, 1000)
    line.link.refusing = False
    line.fill(2, 2, layouts.LANE_ALARM)
    line.uplink.hurry(line.now_s())
    line.run(2)
    assert line.arrived() == [2, 1]


def test_orders_come_through_and_what_is_no_frame_is_counted():
    line = Line()
    values = {"order_id": 9, "version": 1, "expires_s": 0, "order_kind": 3}
    values.update({"body": b"\x01\x00\x00", "mac": b"m" * 32})
    order = codec.encode(layouts.ORDER, values)
    line.uplink.stay = True
    line.run(2)
    line.gateway.order(9, order)
    line.gateway.order(10, b"not a frame")
    line.gateway.order(11, answer_frame(1))
    line.run(2)
    assert line.uplink.orders() == [order]
    assert line.uplink.orders() == []
    assert line.uplink.frames_refused == 2


def test_a_record_that_cannot_be_read_any_more_does_not_stop_the_others():
    line = Line()
    line.fill(1, 3)
    name = sorted(line.flash.files)[0]
    data = line.flash.files[name]
    line.flash.files[name] = data[:-1] + bytes([data[-1] ^ 1])
    line.run(5)
    assert line.arrived() == [1, 2]
    assert line.outbox.waiting() == 0
    assert line.outbox.unreadable == 1


def test_a_long_outage_costs_nothing_but_time():
    line = Line()
    line.link.unreachable = True
    line.fill(1, 60)
    line.run(100, 1000)
    line.link.unreachable = False
    line.run(120, 100)
    assert sorted(line.arrived()) == list(range(1, 61))
    assert line.gateway.conflicts == 0
    assert line.outbox.waiting() == 0


def test_a_flash_that_fails_for_a_while_strikes_no_record():
    line = Line()
    line.fill(1, 1, layouts.LANE_ALARM)
    line.fill(2, 4)
    line.flash.failing = 5
    line.run(10)
    assert line.outbox.waiting() == 4
    assert line.outbox.unreadable == 0
    assert line.outbox.flash_errors > 0
    line.flash.failing = 0
    line.run(60)
    assert line.outbox.waiting() == 0
    assert sorted(line.gateway.records) == [(1, 1), (1, 2), (1, 3), (1, 4)]
