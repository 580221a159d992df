"""A modem from off to serving, with a scripted far end; the simulator's tests go further."""

from at_port import Port
from tracker.modem import modem, sim7080
from tracker.modem.ladder import Ladder
from tracker.modem.modem import OFF, ONLINE, Modem
from tracker.modem.security import Security
from tracker.modem.service import READY, ModemMqtt
from tracker.modem.socket import ModemSocket

VALUES = {
    "apn": b"telenor.iot", "bands": b"3", "device": b"astrid", "password": b"hemmelig",
    "keepalive": b"60", "tau": b"00100010", "active": b"00000011", "act": b"4", "cycle": b"0010",
}  # fmt: skip
REPLIES = (
    (b"AT+IPR?", b"+IPR: 115200\r\n"), (b"AT+CMEE?", b"+CMEE: 2\r\n"),
    (b"AT+CFUN?", b"+CFUN: 1\r\n"),
    (b"AT+CGMR", b"1951B08SIM7080\r\n"), (b"AT+CPIN?", b"+CPIN: READY\r\n"),
    (b"AT+CEREG?", b'+CEREG: 4,1,"5B57","195071B",9\r\n'),
    (b"AT+CNACT?", b'+CNACT: 0,1,"10.94.36.44"\r\n+CNACT: 1,0,"0.0.0.0"\r\n'),
    (b"AT+CSQ", b"+CSQ: 20,0\r\n"), (b"AT+CCLK?", b'+CCLK: "26/11/22,06:00:00+04"\r\n'),
    (b"AT+CAOPEN=", b"+CAOPEN: 0,0\r\n"), (b"AT+CARECV=", b"+CARECV: 0\r\n"),
)  # fmt: skip


END_SERVICE = 2


class Far(Port):
    """The modem: answers each command as scripted, OK otherwise, and nothing while it is off."""

    def __init__(self):
        super().__init__()
        self.on = False
        self.said = []
        self.refused = ()
        self.payloads = []
        self._line = b""
        self._counts = 0

    def write(self, data):
        for byte in data:
            self._byte(bytes([byte]))
        return len(data)

    def _byte(self, byte):
        self._line += byte
        if self._counts:
            if len(self._line) == self._counts:
                self.payloads.append(self._line)
                self._line, self._counts = b"", 0
                self.came += b"\r\nOK\r\n"
        elif byte == b"\r":
            line, self._line = self._line[:-1], b""
            if self.on:
                self._command(line)

    def _command(self, line):
        self.said.append(line)
        for refused in self.refused:
            if line.startswith(refused):
                self.came += b"\r\nERROR\r\n"
                return
        for start in (b"AT+SMPUB=", b"AT+CASEND="):
            if line.startswith(start):
                self._counts = int(line.split(b",")[1])
                self.came += b"\r\n> "
                return
        for start, reply in REPLIES:
            if line.startswith(start):
                self.came += b"\r\n" + reply
                break
        self.came += b"\r\nOK\r\n"


class Supply:
    """The Power port: the key switches the modem on after its rail."""

    def __init__(self, far):
        self._far = far
        self.rails = {}
        self.status = -1

    def sense(self, name):
        return self.status

    def rail(self, name, on):
        self.rails[name] = on
        if name == "modem_key" and on and self.rails.get("modem"):
            self._far.on = True
        if name == "modem" and not on:
            self._far.on = False


class Bench:
    """A Modem, its far end and the time."""

    def __init__(self):
        self.far = Far()
        self.supply = Supply(self.far)
        self.modem = Modem(self.far, self.supply, sim7080, dict(VALUES), Ladder())
        self.now = 0
        self.part = None

    def run(self, until, limit_s=400):
        end = self.now + 1000 * limit_s
        while not until():
            assert self.now < end, (self.modem.state, self.modem.why, self.far.said[-5:])
            self.now += 20
            self.modem.poll(self.now, self.now // 1000)
            if self.part is not None:
                self.part(self.now)


def _serving():
    bench = Bench()
    client = ModemMqtt(bench.modem, "trygg/v1/lier/astrid/down", Security(None, None, {}))
    bench.part = client.poll
    client.open("portal", 1883, None, 0)
    bench.run(lambda: client.state == READY)
    return bench, client


def test_from_off_to_attached_with_signal_and_time():
    bench = Bench()
    bench.modem.want(ONLINE)
    bench.run(lambda: bench.modem.state == modem.UP)
    assert bench.supply.rails == {"modem": True, "modem_key": False, "modem_dtr": False}
    assert bench.modem.signal() == 20
    assert bench.modem.version == b"1951B08SIM7080"
    assert bench.modem.time_s == 217486800
    assert b'AT+CNCFG=0,1,"telenor.iot"' in bench.far.said


def test_a_line_that_was_left_asleep_is_woken_before_anything_is_asked():
    bench = Bench()
    bench.far.on = True
    bench.supply.rails["modem_dtr"] = True  # held through a sleep of ours
    bench.modem.want(ONLINE)
    bench.modem.poll(0, 0)
    assert bench.supply.rails["modem_dtr"] is False
    assert bench.far.said == []


def test_a_line_does_not_sleep_in_the_middle_of_somebodys_procedure():
    bench, _client = _serving()
    bench.modem.mode, bench.modem.reach = modem.EDRX, True
    assert bench.modem.run("MQTT_STATE", {}, bench.now, False, bench)
    later = bench.now + modem.QUIET_MS + 1
    assert bench.modem.idle(later) == ""
    assert not bench.modem.dozed()
    bench.run(lambda: bench.modem.ended(bench))
    assert bench.modem.idle(later + modem.QUIET_MS) == ""
    assert bench.modem.dozed()


def test_a_modem_that_is_on_already_is_not_switched():
    bench = Bench()
    bench.far.on = True
    bench.modem.want(ONLINE)
    bench.run(lambda: bench.modem.state == modem.UP)
    assert "modem_key" not in bench.supply.rails


def test_off_says_goodbye_and_takes_the_supply_away():
    bench = Bench()
    bench.modem.want(ONLINE)
    bench.run(lambda: bench.modem.state == modem.UP)
    bench.modem.want(OFF)
    bench.run(lambda: bench.modem.state == modem.DOWN)
    assert b"AT+CPOWD=1" in bench.far.said
    assert bench.supply.rails["modem"] is False


def test_its_own_mqtt_publishes_by_length_and_hears_what_comes_down():
    bench, client = _serving()
    assert b'AT+SMCONF="CLEANSS",0' in bench.far.said
    assert b'AT+SMSUB="trygg/v1/lier/astrid/down",1' in bench.far.said
    payload = b'> "\r\nOK\r\n\x00\xff'
    assert client.publish("trygg/v1/lier/astrid/up", payload, bench.now)
    assert not client.has_room()
    bench.run(client.has_room)
    assert bench.far.payloads == [payload]
    assert client.confirmed == 1
    bench.far.came += b'+SMSUB: "trygg/v1/lier/astrid/down","0AFF22"\r\n'
    bench.far.came += b'+SMSUB: "trygg/v1/lier/astrid/down","no hex"\r\n'
    bench.run(lambda: client.refused)
    assert client.received() == [b"\x0a\xff\x22"]


def test_a_refused_publish_is_not_said_again_and_the_ladder_begins():
    bench, client = _serving()
    bench.far.refused = (b"AT+SMPUB",)
    client.publish("trygg/v1/lier/astrid/up", b"a record", bench.now)
    bench.run(lambda: client.failures)
    bench.far.refused = ()
    assert client.unsure == 1
    bench.run(lambda: bench.modem.state == modem.UP)
    assert bench.modem.ladder.tried[END_SERVICE - 1] == 1
    client.open("portal", 1883, None, bench.now)
    bench.run(lambda: client.state == READY)
    bench.modem.worked()
    assert bench.modem.ladder.helped[END_SERVICE - 1] == 1
    assert bench.far.payloads == []


def test_a_restart_in_the_middle_is_set_up_anew():
    bench, client = _serving()
    attached = bench.far.said.count(b"AT+CNACT?")
    bench.far.came += b"RDY\r\n"
    bench.run(lambda: client.failures)
    bench.run(lambda: bench.modem.state == modem.UP)
    assert bench.far.said.count(b"AT+CNACT?") > attached


def test_without_a_network_every_step_is_climbed_and_then_it_rests():
    bench = Bench()
    bench.far.refused = (b"AT+CPIN?",)
    bench.modem.want(ONLINE)
    bench.run(lambda: bench.modem.state == modem.RESTING, 3000)
    assert bench.modem.ladder.tried == [0, 0, 1, 1, 1, 1, 1, 1]
    assert bench.modem.reset_wanted
    rested_s = bench.modem.ladder.until_s - bench.now // 1000
    assert 890 <= rested_s <= 900
    bench.far.refused = ()
    bench.run(lambda: bench.modem.state == modem.UP, 1000)


def test_a_socket_carries_bytes_both_ways_and_tells_when_it_is_gone():
    bench = Bench()
    link = ModemSocket(bench.modem, Security(None, None, {}))
    bench.part = lambda now: link.poll(now, now // 1000)
    link.open("portal", 1883, None)
    bench.run(lambda: link.state() == 2)
    assert link.send(b"\x10\x00\r\nOK") == 6
    assert link.send(b"more") == 0
    bench.run(lambda: bench.far.payloads)
    assert bench.far.payloads == [b"\x10\x00\r\nOK"]
    bench.far.came += b"+CARECV: 4,\x20\x02\r\n\r\n+CASTATE: 0,0\r\n"
    got = []
    bench.run(lambda: got.append(link.recv()) or link.state() == 0)
    assert b"".join(got) == b"\x20\x02\r\n"


def test_a_socket_that_cannot_be_opened_is_closed_and_the_ladder_begins():
    bench = Bench()
    bench.far.refused = (b"AT+CAOPEN",)
    link = ModemSocket(bench.modem, Security(None, None, {}))
    bench.part = lambda now: link.poll(now, now // 1000)
    link.open("portal", 1883, None)
    bench.run(lambda: bench.modem.ladder.step)
    assert link.state() == 0
    assert bench.modem.ladder.step == END_SERVICE
