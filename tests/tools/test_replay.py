"""What is replayed is what the receiver said, when it said it, and harmed only as asked."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pynmea2
import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st
from typer import Typer
from typer.testing import CliRunner

from tracker.nmea import Receiver
from trygg_tools import walks
from trygg_tools.replay import alter, source
from trygg_tools.replay.command import command
from trygg_tools.replay.play import Player
from trygg_tools.replay.target import Patience, TargetError, open_target

ASTRID = walks.FOLDER / "astrid.nmea"
app = Typer()
app.command()(command)


class Ear:
    """A target that hears everything, with the moment."""

    name, dropped = "an ear", 0

    def __init__(self, clock):
        self.clock = clock
        self.heard: list[tuple[float, bytes]] = []
        self.pulses: list[tuple[float, bool]] = []

    def send(self, data):
        self.heard.append((self.clock.s, data))

    def pulse(self, on):
        self.pulses.append((self.clock.s, on))

    def close(self):
        pass


class Watch:
    """Time that passes only while somebody waits."""

    s = 100.0

    def now(self):
        return self.s

    def wait(self, seconds):
        self.s += seconds


def body_of(path: Path) -> bytes:
    return b"".join(
        line for line in path.read_bytes().splitlines(keepends=True) if not line.startswith(b"#")
    )


def played(entries, speed=1.0, **how):
    clock = Watch()
    ear = Ear(clock)
    done = Player(ear, clock, **how).play([entries], speed)
    return ear, done


def test_every_byte_of_a_log_comes_in_its_order_and_at_its_own_second():
    recording = source.read(ASTRID, 38400)
    ear, done = played(recording.entries)
    assert b"".join(line for _, line in ear.heard) == body_of(ASTRID)
    first = None
    for at, line in ear.heard:
        if b"RMC" in line:
            said = pynmea2.parse(line.decode()).timestamp
            seconds = said.hour * 3600 + said.minute * 60 + said.second
            first = seconds if first is None else first
            assert abs((at - 100.0) - (seconds - first)) < 0.2
    assert done.late == 0


def test_ten_times_as_fast_takes_a_tenth():
    entries = source.read(ASTRID, 38400).entries
    _, once = played(entries)
    _, fast = played(entries, 10)
    _, at_once = played(entries, 0)
    assert fast.seconds == pytest.approx(once.seconds / 10, rel=1e-6)
    assert at_once.seconds == 0


def test_a_line_that_came_late_makes_none_after_it_late():
    class Sleepy(Watch):
        def wait(self, seconds):
            self.s += seconds + (3.0 if 9 < self.s - 100 < 10 else 0)

    clock = Sleepy()
    ear = Ear(clock)
    entries = source.read(ASTRID, 38400).entries
    done = Player(ear, clock).play([entries], 1.0)
    assert done.late > 0
    assert ear.heard[-1][0] - 100 == pytest.approx(entries[-1][0] / 1000, abs=0.01)


def test_midnight_and_a_year_end_take_a_second_like_any_other():
    path = Path(__file__).parents[1] / "vectors" / "nmea" / "midnight.nmea"
    recording = source.read(path, 38400)
    assert 28_000 < recording.lasts_ms < 32_000
    assert recording.start_unix_ms == 1_798_761_590_000


def test_a_seek_begins_at_once_with_what_came_then(tmp_path):
    entries = alter.part(source.read(ASTRID, 38400).entries, 60_000, 70_000)
    assert 0 <= entries[0][0] < 1000
    assert b",090100.00," in entries[0][1]
    assert entries[-1][0] < 10_000


def test_todays_clock_is_in_every_sentence_and_one_burst_keeps_one_second():
    entries = source.read(ASTRID, 9600).entries[:40]
    told = [line for _, line in alter.at_time(entries, 1_900_000_000_000)]  # 2030-03-17 17:46:40
    rmc = [pynmea2.parse(line.decode()) for line in told if b"RMC" in line]
    gga = [pynmea2.parse(line.decode()) for line in told if b"GGA" in line]
    assert rmc[0].datetime.isoformat() == "2030-03-17T17:46:40+00:00"
    assert [one.timestamp for one in rmc] == [one.timestamp for one in gga]


@given(st.binary(max_size=90))
def test_a_repaired_sentence_is_read_and_a_broken_one_is_refused(junk):
    line = b"$GNRMC,090000.00,V,,,,,,,140626,,,N*00\r\n"
    assert pynmea2.parse(alter.repaired(line).decode(), check=True).status == "V"
    with pytest.raises(pynmea2.ChecksumError):
        pynmea2.parse(alter.broken(line).decode(), check=True)
    if b"$" not in junk:
        assert alter.repaired(junk) == junk


def test_harm_is_the_same_with_the_same_seed_and_as_large_as_asked():
    entries = source.read(ASTRID, 38400).entries
    harm = alter.Harm("break", 0.25, gap=0.1, jitter_ms=200, damage=0.0)
    once = list(alter.harmed(entries, harm, 7))
    assert once == list(alter.harmed(entries, harm, 7))
    assert once != list(alter.harmed(entries, harm, 8))
    times = [at for at, _ in once]
    assert times == sorted(times)
    missing = 1 - len({at // 1000 for at, line in once if b"RMC" in line}) / 656
    assert 0.05 < missing < 0.2
    wrong = 0
    for _, line in once:
        try:
            pynmea2.parse(line.decode(), check=True)
        except pynmea2.ChecksumError:
            wrong += 1
    assert 0.2 < wrong / len(once) < 0.3


def test_the_pulse_goes_up_at_every_whole_second_before_what_is_said_about_it():
    entries = alter.part(source.read(ASTRID, 38400).entries, 0, 5000)
    ear, _ = played(entries, pps=True)
    ups = [at - 100 for at, on in ear.pulses if on]
    downs = [at - 100 for at, on in ear.pulses if not on]
    assert ups == pytest.approx(range(5))
    assert downs == pytest.approx([second + 0.1 for second in range(5)])


def test_a_gpx_track_is_said_as_a_receiver_would(tmp_path):
    points = "".join(
        f'<trkpt lat="{59.927 + n * 1e-5:.6f}" lon="10.701"><time>2026-06-14T09:00:{n:02d}Z</time>'
        "</trkpt>"
        for n in range(0, 50, 10)
    )
    path = tmp_path / "trip.gpx"
    path.write_text(f'<?xml version="1.0"?><gpx><trk><trkseg>{points}</trkseg></trk></gpx>')
    recording = source.read(path, 9600)
    receiver = Receiver()
    fixes = []
    for number, (_, line) in enumerate(recording.entries):
        receiver.feed(line, number)
        fix = receiver.take()
        if fix is not None:
            fixes.append((fix.lat_e6, fix.lon_e6))
    assert len(fixes) >= 38
    assert all(abs(lat - 59_927_200) < 400 and abs(lon - 10_701_000) < 300 for lat, lon in fixes)


def test_a_log_with_stamps_keeps_its_stamps(tmp_path):
    path = tmp_path / "stamped.txt"
    path.write_bytes(
        b"1781427600.000 $GPGLL,5955.62,N,01042.06,E,090000,A*2B\r\n"
        b"1781427600.250 $GPGLL,5955.62,N,01042.06,E,090000,A*2B\r\n"
        b"2026-06-14T09:00:02+00:00 $GPGLL,5955.62,N,01042.06,E,090002,A*29\r\n"
    )
    recording = source.read(path, 9600)
    assert [at for at, _ in recording.entries] == [0, 250, 2000]
    assert recording.start_unix_ms == 1_781_427_600_000
    assert recording.entries[0][1].startswith(b"$GPGLL")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "wanted a log, a GPX track or --walk"),
        (["no-such.nmea", "pty"], "cannot be read"),
        (["pyproject.toml", "pty"], "wanted NMEA sentences with times"),
        (["astrid", "/dev/ttyNONE9"], "no such port"),
        (["astrid", "pty", "--from", "2:00:00"], "it lasts 65"),
        (["astrid", "pty", "--clock", "noon"], "wanted keep, now, rollover"),
        (["astrid", "pty", "--checksums", "mend"], "wanted keep, repair or break"),
        (["--walk", "59.9;10.7", "pty"], 'wanted "LAT,LON LAT,LON ..."'),
        (["astrid", "tcp://127.0.0.1:1"], "nobody listens there"),
        (["astrid", "tcp://127.0.0.1"], "wanted tcp://HOST:PORT"),
        (["astrid", "pty", "--from", "nan"], "wanted a time in the log"),
        (["astrid", "pty", "--to", "1e999"], "wanted a time in the log"),
        (["astrid", "pty", "--from", "-5"], "wanted a time in the log"),
        (["astrid", "pty", "--clock-off", "1e30"], "wanted a time from 1980 to 2079"),
        (["astrid", "pty", "--clock-off", "nan"], "wanted a time from 1980 to 2079"),
        (["astrid", "pty", "--clock", "9999-12-31T23:59:59"], "wanted a time from 1980 to 2079"),
        (["astrid", "pty", "--pps", "rts"], "pty has no such line"),
        (["--walk", "95,10 95,11", "pty"], "no nearer to a pole than 5 degrees"),
        (["--walk", "nan,10 59,11", "pty"], "no nearer to a pole than 5 degrees"),
        (["--walk", "59,10 -59,170", "pty"], "wanted at most 24"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_to_do(arguments, said):
    told = CliRunner().invoke(app, [*arguments, "-q", "--speed", "0"])
    assert told.exit_code == 1
    assert said in told.output


def test_a_look_says_what_is_in_it_and_sends_nothing():
    told = CliRunner().invoke(app, ["astrid", "--look", "--json"])
    said = json.loads(told.stdout)
    assert said["sentences"]["RMC"] == 655
    assert said["began"] == "2026-06-14T09:00:00+00:00"


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_pty_is_read_with_pyserial_byte_for_byte_and_ctrl_c_ends_it(tmp_path, end):
    link = tmp_path / "gps"
    arguments = ["replay", "astrid", f"pty:{link}", "--speed", "200", "--to", "60", "--loop", "0"]
    called = [sys.executable, "-m", "trygg_tools.cli", *arguments, "--json"]
    with subprocess.Popen(called, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert b"astrid.nmea to" in process.stderr.readline()
        try:
            with serial.Serial(str(link), timeout=10) as port:
                port.readline()  # perhaps half of one
                lines = [port.readline() for _ in range(50)]
            process.send_signal(end)
            out, _ = process.communicate(timeout=20)
        finally:
            process.kill()
    body = body_of(ASTRID)
    assert all(line in body for line in lines)
    assert json.loads(out)["lines"] > 50
    assert process.returncode == 0
    assert not link.exists()


def test_a_link_that_a_killed_replay_left_is_taken_over_and_no_other(tmp_path):
    link = tmp_path / "gps"
    link.symlink_to("/dev/pts/999999")
    target = open_target(f"pty:{link}", 9600)
    assert link.resolve().exists()
    target.close()
    assert not link.is_symlink()
    for there in ("/dev/null", str(tmp_path / "nothing")):
        link.unlink(missing_ok=True)
        link.symlink_to(there)
        with pytest.raises(TargetError, match="Name a path that is free"):
            open_target(f"pty:{link}", 9600)


def test_a_socket_hears_it_and_one_that_nobody_reads_holds_nothing_up():
    listening = open_target("tcp-listen://127.0.0.1:0", 9600)
    port = int(listening.name.rpartition(":")[2])
    listening.send(b"before anybody came\r\n")
    assert listening.dropped == 21
    with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
        while listening.dropped == 21:  # until the connection is there
            listening.send(b"$GPTXT*00\r\n")
            if listening.dropped > 21:
                listening.dropped = 21
            else:
                break
        assert peer.recv(11) == b"$GPTXT*00\r\n"
        before = listening.dropped
        for _ in range(3000):
            listening.send(b"x" * 4096)
        assert listening.dropped > before
    listening.close()


def test_as_fast_as_the_target_takes_it_loses_nothing_of_a_slow_reader():
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        called = [sys.executable, "-m", "trygg_tools.cli", "replay", "astrid", where]
        with subprocess.Popen(
            [*called, "--speed", "0", "--json", "-q"], stdout=subprocess.PIPE
        ) as process:
            peer, _ = server.accept()
            with peer:
                heard = b"".join(iter(lambda: peer.recv(700), b""))
            out, _ = process.communicate(timeout=20)
    assert heard == body_of(ASTRID)
    assert json.loads(out)["dropped_octets"] == 0


def test_who_is_waited_for_in_vain_is_waited_for_once():
    patience = Patience(0.05)
    asked: list[float] = []
    assert not patience.wait(lambda s: bool(asked.append(s)))
    first = len(asked)
    assert not patience.wait(lambda s: bool(asked.append(s)))
    assert len(asked) == first + 1, "not again"
    assert asked[-1] == 0.0
    assert patience.wait(lambda s: True)


def test_who_is_waited_for_may_be_given_up_at_any_time():
    patience = Patience(1e9)
    assert not patience.wait(lambda s: bool(patience.end()))


def test_it_is_ended_in_the_middle_of_a_long_gap():
    class Pressed(Watch):
        def wait(self, seconds):
            self.s += seconds
            if self.s > 105:
                player.stop()

    clock = Pressed()
    ear = Ear(clock)
    player = Player(ear, clock)
    player.play([[(0, b"$A*00\r\n"), (3_600_000, b"$B*00\r\n")]], 1.0)
    assert [line for _, line in ear.heard] == [b"$A*00\r\n"]
    assert clock.s < 106


def test_a_file_without_an_end_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(source, "OCTETS_MAX", 1 << 20)
    with pytest.raises(source.SourceError, match="more than 1 MB"):
        source.read(Path("/dev/zero"), 9600)


def test_a_track_with_a_wrong_year_is_refused_and_not_walked_for_hours(tmp_path):
    points = "".join(
        f'<trkpt lat="59.9" lon="10.7"><time>{year}-06-14T09:00:00Z</time></trkpt>'
        for year in (2024, 2026)
    )
    path = tmp_path / "trip.gpx"
    path.write_text(f"<gpx><trk><trkseg>{points}</trkseg></trk></gpx>")
    with pytest.raises(source.SourceError, match="17520 h, wanted at most 24"):
        source.read(path, 9600)


def test_a_pty_that_nobody_reads_drops_and_counts():
    target = open_target("pty", 9600)
    for _ in range(100):
        target.send(b"y" * 1000)
    assert target.dropped > 0
    with pytest.raises(TargetError, match="Name a path that is free"):
        open_target(f"pty:{os.devnull}", 9600)
    target.close()


def test_a_port_that_pyserial_knows_is_a_target_and_pulses():
    target = open_target("loop://", 115200, "rts")
    port = target._port
    target.pulse(True)
    assert port.rts is True
    target.pulse(False)
    assert port.rts is False
    target.send(b"$GPTXT*00\r\n")
    assert port.read(11) == b"$GPTXT*00\r\n"
    target.close()
