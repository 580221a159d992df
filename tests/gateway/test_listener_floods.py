"""Who floods our own front door, or is slow at it: what that costs, and whom."""

import asyncio
import errno
import resource
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.door_rig import until
from gateway.gateway_process import GatewayProcess
from gateway.gateway_process import until as until_it
from gateway.listener_rig import Door
from gateway.raw_tracker import RawTracker
from trygg_gateway import descriptors, guesses, listener_book, listener_gate
from trygg_gateway.config_errors import ConfigError
from trygg_gateway.descriptors import raise_limit
from trygg_gateway.journal import ReadError
from trygg_gateway.listener import Limits, server_tls
from trygg_gateway.listener_book import ListenerBook
from trygg_gateway.listener_pace import Pace
from trygg_gateway.listener_patience import SILENT, UNFINISHED, UNREAD, Patience
from trygg_gateway.tls import issue_server, make_ca
from trygg_wire import packets, packets_server


@pytest.fixture
def doors() -> Iterator[list[Door]]:
    made: list[Door] = []
    yield made
    for door in made:
        door.close()


def a_door(doors: list[Door], **limits) -> Door:
    doors.append(Door(**limits))
    return doors[-1]


# -- slow readers and writers --------------------------------------------------------------


def test_a_packet_that_is_never_finished_ends_its_connection(doors):
    door = a_door(doors, packet_seconds=0.3)
    slow, other = door.tracker("aase"), door.tracker("bodil")
    whole = packets.publish(slow.up, b"x" * 100, 1, 1)
    slow.write(whole[:-1])
    assert slow.closed()
    assert door.counters["unfinished_closed"] == 1
    assert door.serves(other)


def test_what_is_begun_anew_with_every_packet_is_not_unfinished(doors):
    door = a_door(doors, packet_seconds=3.0)
    door.taken.confirming = True
    tracker = door.tracker()
    said = b"".join(packets.publish(tracker.up, b"x" * 50, 1, n) for n in range(1, 41))
    pieces = range(0, len(said), 64)  # always in the middle of a packet
    for at in pieces:
        tracker.write(said[at : at + 64])
        time.sleep(4.0 / len(pieces))  # all of them take longer than one may
    assert [tracker.expect_puback() for _ in range(40)] == list(range(1, 41))
    assert door.counters["unfinished_closed"] == 0


def test_one_who_leaves_a_little_unread_for_too_long_is_closed(doors):
    """Less than `write_high`, so that only time can tell."""
    door = a_door(doors, write_high=4_000_000, write_seconds=0.3)
    reads_not, other = door.stranger("aase"), door.tracker("bodil")
    reads_not.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    reads_not.log_in()
    reads_not.subscribe(qos=0)

    def flood() -> None:
        for _ in range(1_000):
            door.listener.send("nord", "aase", bytes(3_000))

    door.loop.call(flood)
    until(lambda: door.counters["slow_closed"] == 1, "the end of who does not read")
    assert door.serves(other)


def test_patience_says_what_was_not_done_in_time():
    limits = Limits(packet_seconds=10, write_seconds=5)
    patience = Patience(0.0, 100.0)
    assert patience.out(100.0, limits, unfinished=False, unread=0) == ""
    assert patience.out(100.1, limits, unfinished=False, unread=0) == SILENT
    patience.heard(100.0)
    patience.begun(100.0)
    assert patience.out(110.0, limits, unfinished=True, unread=7) == ""
    assert patience.out(110.1, limits, unfinished=True, unread=7) == UNFINISHED
    assert patience.out(115.0, limits, unfinished=False, unread=7) == ""
    assert patience.out(115.1, limits, unfinished=False, unread=7) == UNREAD
    assert patience.out(115.2, limits, unfinished=False, unread=0) == ""
    assert patience.out(120.0, limits, unfinished=False, unread=7) == "", "counted anew"


def test_pace_allows_a_burst_and_then_the_rate():
    pace = Pace(10, 5, 0.0)
    assert pace.allowed(0.0, 100) == 5
    pace.spent(5)
    assert pace.allowed(0.0, 100) == 0
    assert pace.allowed(0.2, 100) == 2
    assert pace.allowed(9.0, 100) == 5
    assert Pace(0, 0, 0.0).allowed(0.0, 7) == 7, "no rate, no limit"


# -- floods --------------------------------------------------------------------------------


def test_an_address_has_its_own_bound_of_strangers(doors):
    door = a_door(doors, max_waiting=100, waiting_per_address=5)
    crowd = [door.stranger(f"stranger-{number}") for number in range(9)]
    for line in crowd[:4]:
        assert line.closed(), "the oldest of its address"
    assert len(door.listener.strangers) == 5
    assert door.serves(door.tracker("aase"))


def test_more_connections_than_a_second_allows_wait_in_the_system(doors):
    door = a_door(doors, accept_per_s=20)
    began = time.monotonic()
    trackers = [door.stranger(f"tracker-{number}") for number in range(40)]
    for tracker in trackers:
        tracker.log_in()
    assert time.monotonic() - began >= 0.8, "40 connections, the first 20 at once"
    assert door.counters["accept_paused"] > 0
    assert door.counters["logins"] == 40


def test_while_logins_wait_for_us_nobody_new_is_accepted(doors):
    gate = asyncio.Event()

    async def check(device: str, _password: bytes) -> str | None:
        if device != "bodil":
            await gate.wait()
        return "nord"

    door = a_door(doors, check=check, work_waiting=3)
    slow = [door.stranger(f"slow-{number}") for number in range(3)]
    for line in slow:
        line.write(packets.connect(line.device, line.device, b"secret", 60, True))
    until(lambda: len(door.listener._checked) == 3, "three checks")
    late = door.stranger("bodil")
    late.write(packets.connect("bodil", "bodil", b"secret", 60, True))
    until(lambda: door.counters["accept_paused"] > 2, "the pause")
    assert door.counters["connections"] == 3
    door.loop.call(gate.set)
    assert packets.read_connack(late.expect(packets.CONNACK)[1])[1] == packets.ACCEPTED


def test_without_descriptors_the_others_are_served_and_it_is_tried_again(doors, monkeypatch):
    monkeypatch.setattr(listener_gate, "RETRY_S", 0.1)
    door = a_door(doors)
    tracker = door.tracker("aase")
    fail = [OSError(errno.EMFILE, "Too many open files")] * 2
    accept = socket.socket.accept

    def failing(line):
        if fail:
            raise fail.pop()
        return accept(line)

    monkeypatch.setattr(socket.socket, "accept", failing)
    late = door.stranger("bodil")
    assert door.serves(tracker)
    assert late.log_in()[1] == packets.ACCEPTED
    assert door.counters["refused_descriptors"] == 2


def test_what_nobody_acknowledges_ends_the_line_after_a_stated_time(doors):
    door = a_door(doors, line_seconds=77)
    door.tracker("aase")
    (session,) = door.listener._sessions.values()
    line = session._transport.get_extra_info("socket")
    assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 77_000
    assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0, "it would wake a tracker"


def test_handshakes_take_turns_with_those_who_are_logged_in(doors, tmp_path, monkeypatch):
    """Two hundred handshakes that have all begun: a tracker's record is confirmed among them."""
    make_ca(tmp_path, "nord")
    issue_server(tmp_path, ["localhost"])
    tls = server_tls(tmp_path / "server.crt", tmp_path / "server.key")
    door = a_door(doors, tls=tls, work_waiting=1_000)
    trusting = ssl.create_default_context(cafile=tmp_path / "ca.crt")
    tracker = door.stranger("aase", tls=trusting)
    tracker.log_in()
    hello = client_hello(trusting)
    done_before: list[int] = []
    shaken = [0]
    step = type(next(iter(door.listener._sessions.values()))._transport).shake

    def counted(line):
        shaken[0] += 1
        step(line)

    monkeypatch.setattr("trygg_gateway.listener_tls.TlsLine.shake", counted)
    monkeypatch.setattr("trygg_gateway.listener_tls.SLICE_S", 0.0)  # one step a turn
    door.taken.confirming = True
    deliver = door.listener.deliver
    door.listener.deliver = lambda incoming: (done_before.append(shaken[0]), deliver(incoming))
    crowd = [socket.create_connection(("127.0.0.1", door.port), 10) for _ in range(200)]
    until(lambda: len(door.listener.strangers) == 200, "all of them")
    door.loop.call(send_all, crowd, hello, tracker)
    assert tracker.expect_puback() == 1
    until(lambda: shaken[0] >= 200, "every handshake")
    assert done_before[0] < 100, "it did not wait for all of them"
    for line in crowd:
        line.close()


def send_all(crowd: list[socket.socket], hello: bytes, tracker: RawTracker) -> None:
    """In the door's own thread, so that it finds everything at once in its next turn."""
    for line in crowd:
        line.sendall(hello)
    tracker.publish(b"among them", 1)


def client_hello(context: ssl.SSLContext) -> bytes:
    near, far = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(near, far, server_hostname="localhost").do_handshake()
    return far.read()


def test_a_thousand_trackers_that_come_back_at_once_are_let_in_in_seconds(doors):
    door = a_door(doors, waiting_per_address=1_000, max_waiting=1_000)
    began = time.monotonic()
    lines = [door.stranger(f"tracker-{number}") for number in range(1_000)]
    for line in lines:
        line.write(packets.connect(line.device, line.device, b"secret", 60, True))
    for line in lines:
        assert packets.read_connack(line.expect(packets.CONNACK)[1])[1] == packets.ACCEPTED
    assert time.monotonic() - began < 45
    assert door.counters["logins"] == 1_000


# -- open files ----------------------------------------------------------------------------


def test_the_limit_of_open_files_is_raised_as_far_as_it_has_to_be(monkeypatch):
    limits = [(1_024, 20_000)]
    monkeypatch.setattr(resource, "getrlimit", lambda _what: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _what, both: limits.append(both))
    raise_limit(1_000, "a few")
    assert limits == [(1_024, 20_000)]
    raise_limit(10_700, "many")
    assert limits[-1] == (10_700, 20_000)


def test_more_open_files_than_allowed_are_an_error_that_names_ulimit(monkeypatch):
    monkeypatch.setattr(descriptors.resource, "getrlimit", lambda _what: (1_024, 4_096))
    with pytest.raises(ConfigError) as error:
        raise_limit(10_700, "listener.max_connections = 10000")
    for wanted in ("10700", "4096", "ulimit -Hn", "LimitNOFILE", "listener.max_connections"):
        assert wanted in str(error.value)


def test_check_says_so_before_a_start_does(tmp_path, monkeypatch):
    monkeypatch.setattr(descriptors.resource, "getrlimit", lambda _what: (1_024, 4_096))
    gateway = GatewayProcess(tmp_path / "nord", listener={"max_connections": 20_000})
    done = gateway.command("check")
    assert done.returncode == 2
    assert "listener.max_connections" in done.stdout + done.stderr
    assert "ulimit" in done.stdout + done.stderr


# -- what outlives a connection, and bans --------------------------------------------------


def test_a_kept_session_outlives_the_gateway(tmp_path: Path):
    with GatewayProcess(tmp_path / "nord") as gateway:
        said = gateway.add()
        password = str(said["password"]).encode()
        with RawTracker(gateway.ports["listener"], "astrid") as tracker:
            assert tracker.log_in(password, clean=False) == (False, packets.ACCEPTED)
            assert tracker.subscribe() == [1]
            until_it(lambda: sessions(gateway) == [("astrid", 1)], "the session on disk")
        gateway.kill()
        gateway.start()
        with RawTracker(gateway.ports["listener"], "astrid") as tracker:
            assert tracker.log_in(password, clean=False) == (True, packets.ACCEPTED)
            assert gateway.command("order", "send", "astrid", "report-now").returncode == 0
            assert tracker.expect_message()[0] == tracker.down, "without subscribing again"
            with RawTracker(gateway.ports["listener"], "astrid") as other:
                assert other.log_in(password, clean=True) == (False, packets.ACCEPTED)
                until_it(lambda: sessions(gateway) == [], "the session's end on disk")


def sessions(gateway: GatewayProcess) -> list[tuple[str, int]]:
    import sqlite3

    db = sqlite3.connect(f"file:{gateway.folder}/data/journal.sqlite?mode=ro", uri=True)
    try:
        return db.execute("SELECT device, qos FROM sessions").fetchall()
    finally:
        db.close()


def test_a_disk_that_refuses_to_be_read_costs_the_list_of_bans_and_nothing_else(monkeypatch):
    class Refusing:
        asked = 0

        def query(self, *_):
            self.asked += 1
            raise ReadError("disk I/O error")

    monkeypatch.setattr(listener_book, "EVERY_S", 0.0)
    journal = Refusing()
    book = ListenerBook(journal, lambda: 0)

    async def a_while() -> None:
        running = asyncio.create_task(book.run(guesses.Guesses()))
        async with asyncio.timeout(20):
            while journal.asked < 3 and not running.done():  # noqa: ASYNC110 - a plain counter
                await asyncio.sleep(0.001)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert running.cancelled(), "it goes on"

    asyncio.run(a_while())
    assert journal.asked >= 3


def test_a_ban_is_listed_and_lifted_by_a_command(tmp_path: Path):
    with GatewayProcess(tmp_path / "nord") as gateway:
        said = gateway.add()
        port = gateway.ports["listener"]
        for _ in range(guesses.DEVICE.free):
            with RawTracker(port, "astrid") as guesser:
                assert guesser.log_in(b"guess")[1] == packets_server.BAD_LOGIN
        with RawTracker(port, "astrid") as tracker:
            right = str(said["password"]).encode()
            assert tracker.log_in(right)[1] == packets_server.UNAVAILABLE
        listed = until_it(
            lambda: "astrid" in gateway.command("bans", "list").stdout and "listed", "the list"
        )
        assert listed
        done = gateway.command("bans", "lift", "astrid")
        assert (done.returncode, done.stdout) == (0, "astrid: 1 lifted\n")

        def let_in() -> bool:
            with RawTracker(port, "astrid") as tracker:
                return tracker.log_in(right)[1] == packets.ACCEPTED

        until_it(let_in, "the way in")
        assert "nobody is banned" in gateway.command("bans", "list").stdout
        assert gateway.command("bans", "lift", "eve").returncode == 1
