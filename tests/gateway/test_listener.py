"""Our own front door: who is let in, what is taken, what is bounded."""

import asyncio
import random
import subprocess
from collections.abc import Callable, Iterator

import paho.mqtt.client as paho
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.door_rig import until
from gateway.listener_rig import Door
from gateway.mosquitto import program
from gateway.raw_tracker import RawTracker
from trygg_gateway import guesses
from trygg_gateway.values import Busy
from trygg_wire import packets, packets_server

MakeDoor = Callable[..., Door]


@pytest.fixture
def make_door() -> Iterator[MakeDoor]:
    doors = []

    def make(**settings) -> Door:
        doors.append(Door(**settings))
        return doors[-1]

    yield make
    for door in doors:
        door.close()


@pytest.fixture
def door(make_door: MakeDoor) -> Door:
    return make_door()


# -- who is let in -------------------------------------------------------------------------


def test_the_right_password_opens_the_door(door):
    assert door.stranger().log_in() == (False, packets.ACCEPTED)
    assert door.counters["logins"] == 1


def test_a_wrong_password_is_refused_and_closed(door):
    stranger = door.stranger()
    assert stranger.log_in(b"wrong") == (False, packets_server.BAD_LOGIN)
    assert stranger.closed()
    assert door.counters["refused_auth"] == 1


@pytest.mark.parametrize(
    ("client_id", "username", "password", "code"),
    [
        ("aase", None, None, packets_server.BAD_LOGIN),
        ("aase", "aase", None, packets_server.BAD_LOGIN),
        ("aase", "Åse#", b"secret", packets_server.BAD_LOGIN),
        ("bodil", "aase", b"secret", packets_server.BAD_CLIENT_ID),
        ("", "aase", b"secret", packets_server.BAD_CLIENT_ID),
    ],
)
def test_a_login_that_cannot_be_a_trackers_is_refused_unchecked(
    make_door, client_id, username, password, code
):
    async def never(_device: str, _password: bytes) -> str | None:
        raise AssertionError("checked")

    door = make_door(check=never)
    stranger = door.stranger()
    stranger.write(packets.connect(client_id, username, password, 60, True))
    assert packets.read_connack(stranger.expect(packets.CONNACK)[1]) == (False, code)
    assert stranger.closed()
    assert (door.counters["refused_auth"], door.counters["check_failed"]) == (1, 0)


def test_mqtt_5_is_told_that_this_is_3_1_1(door):
    stranger = door.stranger()
    stranger.write(bytes.fromhex("100d00044d5154540502003c000000"))
    assert stranger.expect(packets.CONNACK)[1] == b"\x00\x84\x00", "in MQTT 5's own words"
    assert stranger.closed()
    assert door.counters["refused_version"] == 1


def test_mqtt_3_1_is_told_that_this_is_3_1_1(door):
    stranger = door.stranger()
    stranger.write(bytes.fromhex("100e00064d51497364700302003c0000"))
    assert (
        packets.read_connack(stranger.expect(packets.CONNACK)[1])[1] == packets_server.BAD_VERSION
    )
    assert stranger.closed()


def test_a_check_that_fails_refuses_one_and_serves_the_next(make_door):
    async def check(device: str, _password: bytes) -> str | None:
        if device == "aase":
            raise OSError("disk gone")
        return "nord"

    door = make_door(check=check)
    assert door.stranger("aase").log_in()[1] == packets_server.UNAVAILABLE
    assert door.serves(door.tracker("bodil"))
    assert door.counters["check_failed"] == 1


def test_what_is_sent_together_with_the_login_waits_for_it(door):
    stranger = door.stranger()
    stranger.write(
        packets.connect("aase", "aase", b"secret", 60, True)
        + packets.publish(stranger.up, b"one", 1, 1)
        + packets.PINGREQ
    )
    stranger.expect(packets.CONNACK)
    stranger.expect(packets.PINGRESP_TYPE)
    assert door.taken.next().payload == b"one"


@pytest.mark.parametrize(
    "packet",
    [
        packets.PINGREQ,
        packets.publish("trygg/v1/nord/aase/up", b"x", 1, 1),
        packets.publish("trygg/v1/nord/aase/up", b"x"),
        packets.subscribe(1, [("trygg/v1/nord/aase/down", 1)]),
        packets_server.connack(False, 0),
    ],
)
def test_a_packet_before_the_login_closes_the_connection(door, packet):
    stranger = door.stranger()
    stranger.write(packet)
    assert stranger.closed()
    assert door.counters["malformed"] == 1
    assert door.taken.all.empty()


def test_a_second_connect_closes_the_connection(door):
    tracker = door.tracker()
    tracker.write(packets.connect("aase", "aase", b"secret", 60, True))
    assert tracker.closed()


def test_a_new_login_takes_over_from_the_old_connection(door):
    old = door.tracker()
    old.publish(b"from the old", 5)
    stale = door.taken.next()
    new = door.tracker()
    assert old.closed()
    stale.confirm()
    new.silence()
    assert door.serves(new)
    assert (door.counters["takeovers"], door.counters["stale_confirms"]) == (1, 1)


def test_a_wrong_password_takes_nothing_over(door):
    old = door.tracker()
    assert door.stranger().log_in(b"wrong")[1] == packets_server.BAD_LOGIN
    assert door.serves(old)
    assert door.counters["takeovers"] == 0


def test_a_revoked_tracker_is_closed(door):
    tracker, other = door.tracker("aase"), door.tracker("bodil")
    assert door.loop.call(door.listener.close_tracker, "aase")
    assert tracker.closed()
    assert door.serves(other)
    until(lambda: not door.loop.call(door.listener.close_tracker, "aase"))


# -- what is taken -------------------------------------------------------------------------


def test_quality_0_is_delivered_and_not_acknowledged(door):
    tracker = door.tracker()
    tracker.publish(b"zero", qos=0)
    tracker.publish(b"one", 1)
    assert [door.confirm_next(), door.confirm_next()] == [b"zero", b"one"]
    assert tracker.expect_puback() == 1
    assert door.counters["pubacks"] == 1


def test_quality_2_closes_the_connection_and_is_counted(door):
    tracker = door.tracker()
    tracker.publish(b"two", 1, qos=2)
    assert tracker.closed()
    assert door.counters["qos2_refused"] == 1
    assert door.taken.all.empty()


def test_the_retain_and_dup_flags_change_nothing(door):
    tracker = door.tracker()
    tracker.write(packets.publish(tracker.up, b"one", 1, 1, True, True))
    assert door.confirm_next() == b"one"
    assert tracker.expect_puback() == 1


def test_a_will_is_read_and_ignored(door):
    stranger = door.stranger()
    will = (stranger.up, b"will", 1, True)
    stranger.write(packets.connect("aase", "aase", b"secret", 60, True, will))
    stranger.expect(packets.CONNACK)
    assert door.serves(stranger)
    stranger.close()
    assert door.serves(door.tracker("bodil"))


def test_another_trackers_topic_is_handed_on_as_not_own(door):
    tracker = door.tracker("aase")
    tracker.publish(b"forged", 3, topic="trygg/v1/nord/bodil/up")
    incoming = door.taken.next()
    assert incoming.topic == "not-own/aase/trygg/v1/nord/bodil/up"
    incoming.confirm()
    assert tracker.expect_puback() == 3
    assert door.counters["wrong_topic"] == 1


def test_only_the_own_down_topic_can_be_listened_on(door):
    tracker = door.tracker()
    filters = ["#", "trygg/v1/+/+/down", "trygg/v1/nord/bodil/down", tracker.up, tracker.down]
    assert tracker.subscribe(*filters) == [0x80, 0x80, 0x80, 0x80, 1]
    assert door.counters["subscribe_refused"] == 4


def test_a_subscription_is_granted_at_most_quality_1(door):
    tracker = door.tracker()
    assert tracker.subscribe(qos=2) == [1]
    assert tracker.subscribe(qos=0) == [0]
    assert door.send("aase", b"order")
    assert packets.read_publish(*tracker.expect(packets.PUBLISH))[1] == 0


def test_who_does_not_listen_is_sent_nothing(door):
    tracker = door.tracker()
    assert not door.send("aase", b"order")
    tracker.subscribe()
    assert door.send("aase", b"order")
    assert tracker.expect_message()[1] == b"order"
    tracker.write(packets_server.unsubscribe(8, [tracker.down]))
    assert packets_server.read_unsuback(tracker.expect(packets_server.UNSUBACK)[1]) == 8
    assert not door.send("aase", b"order")
    assert not door.send("nobody", b"order")


def test_a_kept_session_remembers_its_subscription_and_a_clean_one_forgets_it(door):
    def connect(clean: bool) -> tuple[RawTracker, bool]:
        tracker = door.stranger()
        return tracker, tracker.log_in(clean=clean)[0]

    first, present = connect(clean=False)
    assert not present
    first.subscribe()
    second, present = connect(clean=False)
    assert present
    assert door.send("aase", b"order")
    assert second.expect_message()[1] == b"order"
    _, present = connect(clean=True)
    assert not present
    assert not door.send("aase", b"order")
    assert not connect(clean=False)[1]


def test_messages_down_that_nobody_acknowledges_are_bounded(make_door):
    door = make_door(down_window=3)
    tracker = door.tracker()
    tracker.subscribe()
    assert [door.send("aase", b"order") for _ in range(4)] == [True, True, True, False]
    for _ in range(3):
        tracker.expect_message()
    tracker.silence()
    assert door.send("aase", b"order")
    assert (door.counters["down_acked"], door.counters["down_refused"]) == (3, 1)


def test_what_was_confirmed_is_acknowledged_before_the_door_closes(door):
    tracker = door.tracker()
    tracker.publish(b"one", 1)
    door.confirm_next()
    door.loop.run(door.listener.stop())
    assert tracker.expect_puback() == 1
    assert tracker.closed()


# -- what is bounded -----------------------------------------------------------------------


def test_a_stranger_who_says_nothing_is_closed_in_time(make_door):
    door = make_door(auth_seconds=0.05)
    assert door.stranger().closed()
    assert door.counters["auth_timeouts"] == 1


def test_a_stranger_who_dribbles_bytes_gains_no_time(make_door):
    door = make_door(auth_seconds=0.3)
    stranger = door.stranger()
    stranger.socket.settimeout(0.02)
    login = packets.connect("aase", "aase", b"secret", 60, True)
    for place in range(len(login)):
        try:
            stranger.write(login[place : place + 1])
            if stranger.socket.recv(1) == b"":
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    assert door.counters["auth_timeouts"] == 1
    assert door.counters["logins"] == 0


def test_a_check_that_never_ends_is_ended(make_door):
    async def check(device: str, _password: bytes) -> str | None:
        await asyncio.sleep(3600 if device == "aase" else 0)
        return "nord"

    door = make_door(check=check, check_seconds=0.5)
    stranger = door.stranger()
    stranger.write(packets.connect("aase", "aase", b"secret", 60, True))
    assert stranger.closed()
    assert door.serves(door.tracker("bodil"))


def test_guessing_is_not_listened_to_and_the_tracker_gets_in_where_it_is_known(make_door):
    asked = []

    async def check(device: str, password: bytes) -> str | None:
        asked.append(password)
        return "nord" if password == b"secret" else None

    door = make_door(check=check)
    door.tracker("aase").close()
    for _ in range(3 * guesses.KNOWN.free):
        door.stranger("aase").log_in(b"guess")
    assert len(asked) == 1 + guesses.KNOWN.free
    assert door.counters["refused_guessing"] == 2 * guesses.KNOWN.free
    assert door.stranger("aase").log_in() == (False, packets_server.UNAVAILABLE), "nobody looked"
    assert door.serves(door.tracker("bodil")), "from the same address"
    door.listener.guesses._blamed.clear()  # time passes
    assert door.serves(door.tracker("aase"))


def test_one_who_cannot_be_checked_now_is_told_to_come_again_and_has_not_guessed(make_door):
    async def check(device: str, _password: bytes) -> str | None:
        if device == "aase":
            raise Busy("too many")
        return "nord"

    door = make_door(check=check)
    for _ in range(2 * guesses.DEVICE.free):
        assert door.stranger("aase").log_in() == (False, packets_server.UNAVAILABLE)
    assert door.counters["refused_full"] == 2 * guesses.DEVICE.free
    assert door.counters["refused_guessing"] == door.counters["check_failed"] == 0
    assert door.serves(door.tracker("bodil"))


def test_a_silent_tracker_is_closed_after_one_and_a_half_keepalives(make_door):
    door = make_door(keepalive_s=0.1)  # the longest granted, so the 60 s asked for become this
    tracker = door.tracker()
    assert tracker.closed()
    assert door.counters["keepalive_closed"] == 1


def test_a_crowd_of_silent_strangers_makes_room_and_locks_nobody_out(make_door):
    door = make_door(max_waiting=5)
    crowd = [door.stranger(f"stranger-{number}") for number in range(20)]
    assert door.serves(door.tracker("aase"))
    assert crowd[0].closed()
    assert door.counters["refused_full"] >= 15


def test_more_trackers_than_allowed_are_told_so_and_the_others_stay(make_door):
    door = make_door(max_connections=2)
    first, second = door.tracker("aase"), door.tracker("bodil")
    assert door.stranger("carl").log_in()[1] == packets_server.UNAVAILABLE
    assert door.serves(first)
    assert door.serves(second)
    assert door.serves(door.tracker("aase"))  # its own place is its own
    assert door.counters["refused_full"] == 1


def test_a_tracker_over_its_rate_is_slowed_and_loses_nothing(make_door):
    door = make_door(rate_per_s=100, burst=10)
    door.taken.confirming = True
    tracker = door.tracker()
    said = [packets.publish(tracker.up, b"%d" % number, 1, number) for number in range(1, 41)]
    tracker.write(b"".join(said))  # at one go, however slow the machine is
    assert [tracker.expect_puback() for _ in range(40)] == list(range(1, 41))
    assert door.counters["rate_paused"] >= 1
    assert door.counters["publishes"] == 40


def test_unconfirmed_publishes_are_bounded_and_the_rest_waits_in_order(make_door):
    door = make_door(inflight=4)
    tracker, other = door.tracker("aase"), door.tracker("bodil")
    for number in range(1, 21):
        tracker.publish(b"%d" % number, number)
    first = [door.taken.next() for _ in range(4)]
    assert door.serves(other)  # a turn of the loop later there is still no fifth
    assert door.taken.all.empty()
    for incoming in first:
        incoming.confirm()
    door.taken.confirming = True
    rest = [door.taken.next() for _ in range(4)]
    for incoming in rest:
        incoming.confirm()
    assert [tracker.expect_puback() for _ in range(20)] == list(range(1, 21))


def test_a_packet_one_byte_too_large_is_refused_and_the_largest_taken(make_door):
    door = make_door(max_packet=200)
    tracker = door.tracker("aase")
    room = 200 - 3 - 2 - len(tracker.up) - 2  # header, topic, packet id
    tracker.publish(bytes(room), 1)
    assert door.confirm_next() == bytes(room)
    assert tracker.expect_puback() == 1
    tracker.publish(bytes(room + 1), 2)
    assert tracker.closed()
    assert door.counters["oversize"] == 1


def test_one_who_does_not_read_is_closed_and_the_others_are_served(make_door):
    door = make_door(write_high=10_000)
    reads_not, other = door.tracker("aase"), door.tracker("bodil")
    reads_not.subscribe(qos=0)

    def flood() -> None:
        while door.listener.send("nord", "aase", bytes(3000)):
            pass

    door.loop.call(flood)
    assert door.counters["slow_closed"] == 1
    assert door.serves(other)


def test_a_packet_in_single_bytes_is_taken(door):
    tracker = door.tracker()
    for byte in packets.publish(tracker.up, b"slow line", 1, 1):
        tracker.write(bytes((byte,)))
    assert door.confirm_next() == b"slow line"


def test_more_than_one_buffer_in_one_go_is_taken_in_order(door):
    door.taken.confirming = True
    tracker = door.tracker()
    said = [packets.publish(tracker.up, bytes(500) + b"%d" % n, 1, n) for n in range(1, 401)]
    tracker.write(b"".join(said))  # 200 KB, three times what is read at once
    assert [tracker.expect_puback() for _ in said] == list(range(1, 401))


# -- what is said in the log ---------------------------------------------------------------


def test_no_password_payload_or_topic_of_a_tracker_reaches_the_log(door):
    with structlog.testing.capture_logs() as lines:
        door.stranger("aase").log_in(b"hemmelig-feil")
        tracker = door.tracker("bodil")
        tracker.publish(b"hemmelig-sted", 1, topic="trygg/v1/nord/hemmelig/up")
        door.confirm_next()
        tracker.publish(b"hemmelig", 1, qos=2)
        assert tracker.closed()
        until(lambda: any(line["event"] == "tracker gone" for line in lines))
    assert "hemmelig" not in repr(lines)
    assert {"refused_auth", "tracker connected", "qos2_refused"} <= {
        line["event"] for line in lines
    }


def test_a_flood_of_refusals_writes_one_line_and_counts_all(door):
    with structlog.testing.capture_logs() as lines:
        for number in range(20):
            door.stranger(f"eve-{number}").log_in(b"wrong")
    assert door.counters["refused_auth"] == 20
    assert sum(line["event"] == "refused_auth" for line in lines) <= 3


# -- what is thrown at it ------------------------------------------------------------------


def said(up: str, down: str) -> list[bytes]:
    """One of every packet that a tracker may send, and some that it may not."""
    return [
        packets.connect("aase", "aase", b"secret", 60, True),
        packets.publish(up, b"payload", 1, 1),
        packets.publish(up, b"payload"),
        packets.publish("trygg/v1/nord/bodil/up", b"payload", 1, 2),
        packets.subscribe(3, [(down, 1), ("#", 0)]),
        packets_server.unsubscribe(4, [down]),
        packets.puback(5),
        packets.PINGREQ,
        packets_server.connack(True, 0),
        packets_server.suback(6, [0]),
        packets.DISCONNECT,
    ]


def mutated(seed: int, up: str, down: str) -> bytes:
    """A few packets, some bytes of them changed, cut out or put in, by the seed."""
    dice = random.Random(seed)
    data = bytearray(b"".join(dice.choices(said(up, down), k=dice.randint(1, 6))))
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(data))
        kind = dice.randrange(3)
        if kind == 0:
            data[place] = dice.randrange(256)
        elif kind == 1:
            data.insert(place, dice.randrange(256))
        elif len(data) > 1:
            del data[place]
    return bytes(data)


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Door]:
    door = Door(max_waiting=10_000)
    yield door
    door.close()  # which demands that nothing reached the loop's exception handler


def throw(door: Door, data: bytes, logged_in: bool) -> None:
    with RawTracker(door.port, "aase") as victim:
        if logged_in:
            victim.log_in()
        try:
            victim.write(data)
            victim.write(packets.DISCONNECT)
        except ConnectionError:
            pass  # closed already
        victim.socket.settimeout(0.5)
        try:
            victim.closed()
        except (TimeoutError, packets.PacketError):
            pass  # it waits for the rest of a packet
    while not door.taken.all.empty():
        incoming = door.taken.all.get()
        incoming.confirm()


quick = settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@quick
@given(data=st.binary(min_size=1, max_size=200), logged_in=st.booleans())
def test_random_bytes_never_disturb_a_neighbour(fuzzed, data, logged_in):
    throw(fuzzed, data, logged_in)
    with RawTracker(fuzzed.port, "bodil") as neighbour:
        assert neighbour.log_in()[1] == packets.ACCEPTED
        assert fuzzed.serves(neighbour)


@pytest.mark.parametrize("seed", range(0, 200, 40))
def test_mutated_packets_never_disturb_a_neighbour(fuzzed, seed):
    with RawTracker(fuzzed.port, "bodil") as neighbour:
        assert neighbour.log_in()[1] == packets.ACCEPTED
        for number in range(seed, seed + 40):
            data = mutated(number, "trygg/v1/nord/aase/up", "trygg/v1/nord/aase/down")
            throw(fuzzed, data, number % 4 > 0)
            assert fuzzed.serves(neighbour)


# -- real clients --------------------------------------------------------------------------


def test_mosquittos_own_clients_publish_and_listen(door):
    login = ["-h", "127.0.0.1", "-p", str(door.port), "-u", "aase", "-P", "secret", "-i", "aase"]
    door.taken.confirming = True
    subprocess.run(
        [program("mosquitto_pub"), *login, "-q", "1", "-t", "trygg/v1/nord/aase/up", "-m", "hei"],
        check=True,
        timeout=30,
    )
    assert door.taken.next().payload == b"hei"
    listener = subprocess.Popen(
        [program("mosquitto_sub"), *login, "-q", "1", "-t", "trygg/v1/nord/aase/down", "-C", "1"],
        stdout=subprocess.PIPE,
    )
    until(lambda: door.send("aase", b"order"), "the subscription")
    assert listener.communicate(timeout=30)[0] == b"order\n"


def test_paho_publishes_many_and_hears_an_order(door):
    door.taken.confirming = True
    heard = []
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="aase")
    client.username_pw_set("aase", "secret")
    client.on_message = lambda _client, _data, message: heard.append(message.payload)
    client.on_connect = lambda *_: client.subscribe("trygg/v1/nord/aase/down", 1)
    client.connect("127.0.0.1", door.port)
    client.loop_start()
    try:
        infos = [client.publish("trygg/v1/nord/aase/up", b"%d" % n, 1) for n in range(500)]
        for info in infos:
            info.wait_for_publish(30)
        assert door.taken.payloads(500) == [b"%d" % number for number in range(500)]
        until(lambda: door.send("aase", b"order"), "the subscription")
        until(lambda: heard == [b"order"], "the order")
    finally:
        client.disconnect()
        client.loop_stop()
