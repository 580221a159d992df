"""A sign of life only while journal, doors and loop work; and the unit that waits for it."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.gateway_process import GatewayProcess
from trygg_gateway.broker import Broker
from trygg_gateway.cli import app
from trygg_gateway.journal import Journal
from trygg_gateway.listener import Listener
from trygg_gateway.ports import free_port
from trygg_gateway.systemd_notify import notify, reloading, watchdog_s
from trygg_gateway.unit_file import Unit, text
from trygg_gateway.watchdog import Watchdog


class Door:
    def __init__(self, alive=True):
        self.alive = alive


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


def told(journal, **doors):
    signs = []
    dog = Watchdog(journal, doors, 60, lambda sign: signs.append(sign) or True)
    return dog, signs


def test_a_sign_while_all_is_alive(journal):
    dog, signs = told(journal, listener=Door())
    assert dog.look() == []
    assert signs == ["WATCHDOG=1"]
    assert dog.counters == {"signs": 1, "held_back": 0}


def test_no_sign_while_a_door_is_dead(journal):
    door = Door(alive=False)
    dog, signs = told(journal, listener=Door(), broker=door)
    assert dog.look() == ["broker"]
    assert signs == []
    door.alive = True
    dog._asked.result(10)
    assert dog.look() == []
    assert dog.counters == {"signs": 1, "held_back": 1}


def test_no_sign_while_the_journals_writer_hangs(journal):
    dog, signs = told(journal)
    hangs, go = threading.Event(), threading.Event()

    def hang(_db):
        hangs.set()
        go.wait(10)

    journal.write(lambda _db: None).result()
    done = journal.write(hang)
    assert hangs.wait(10)
    assert dog.look() == [], "asked now, and not late yet"
    assert dog.look() == ["journal"], "it has not turned since"
    go.set()
    done.result(10)
    dog._asked.result(10)
    assert dog.look() == []
    assert signs == ["WATCHDOG=1"] * 2


def test_a_disk_that_refuses_is_no_reason_for_a_restart():
    class Refused:
        counters = {"commits": 3, "disk_errors": 0}  # noqa: RUF012 - it counts

        def write(self, _act):
            from concurrent.futures import Future

            return Future()  # never done: the disk is full

    journal = Refused()
    dog, signs = told(journal)
    for _ in range(4):
        assert dog.look() == []
        journal.counters["disk_errors"] += 1
    assert len(signs) == 4
    dog.look()
    assert dog.look() == ["journal"], "and now it does not even try"


def test_a_door_is_alive_while_it_listens():
    async def live():
        async def nobody(_user, _password):
            return None

        door = Listener(host="127.0.0.1", port=0, deliver=print, check=nobody)
        said = [door.alive]
        await door.start()
        said.append(door.alive)
        await door.stop()
        return [*said, door.alive]

    assert asyncio.run(live()) == [False, True, False]


def test_a_broker_that_is_away_leaves_its_door_alive():
    async def live():
        door = Broker(url=f"mqtt://127.0.0.1:{free_port()}", deliver=print)
        said = [door.alive]
        await door.start()
        said.append(door.alive)
        await door.stop()
        return [*said, door.alive]

    assert asyncio.run(live()) == [False, True, False]


def test_a_journal_that_has_stopped_gets_no_sign(tmp_path):
    journal = Journal.open(tmp_path / "journal.sqlite")
    journal.close()
    dog, _ = told(journal)
    dog.look()
    assert dog.look() == ["journal"]


def test_the_sign_comes_a_third_of_the_time_apart(journal):
    signs = []

    async def watch():
        now = asyncio.get_running_loop().time
        dog = Watchdog(journal, {}, 0.06, lambda sign: signs.append((sign, now())) or True)
        task = asyncio.create_task(dog.run())
        while len(signs) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        task.cancel()

    asyncio.run(asyncio.wait_for(watch(), 10))
    assert {sign for sign, _ in signs} == {"WATCHDOG=1"}
    assert all(b - a >= 0.019 for (_, a), (_, b) in pairwise(signs))


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told_over_its_socket(tmp_path, abstract):
    place = f"\0trygg-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(place)
        assert notify("READY=1", {"NOTIFY_SOCKET": place.replace("\0", "@")})
        assert systemd.recv(100) == b"READY=1"


def test_without_systemd_nothing_is_told_and_nothing_is_raised(tmp_path):
    assert not notify("READY=1", {})
    assert not notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "none")})
    assert "MONOTONIC_USEC=" in reloading()


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_time_is_systemds_and_of_this_process(environment, wanted):
    assert watchdog_s(environment) == wanted


def test_a_gateway_tells_systemd_of_its_whole_life(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "1500000")
        with GatewayProcess(tmp_path / "nord") as gateway:
            heard = [systemd.recv(500).decode() for _ in range(3)]
            assert sum(line.startswith("READY=1\nSTATUS=ready: gateway") for line in heard) == 1
            assert heard.count("WATCHDOG=1") == 2
            gateway.process.send_signal(signal.SIGHUP)
            while not (line := systemd.recv(500).decode()).startswith("RELOADING=1"):
                assert line == "WATCHDOG=1"
            while not (line := systemd.recv(500).decode()).startswith("READY=1"):
                assert line == "WATCHDOG=1"
            assert "settings taken over" in line
            assert gateway.end() == 0
        while (line := systemd.recv(500).decode()) != "STOPPING=1":
            assert line == "WATCHDOG=1"


# -- the unit --------------------------------------------------------------------------------


def unit(tmp_path, **values):
    program = tmp_path / "trygg"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    wanted = {"program": program, "config": Path("/srv/trygg/gateway.toml"),
              "writable": [Path("/srv/trygg/data")], "user": "daemon", "group": "daemon",
              "title": "nord"}  # fmt: skip
    return text(Unit(**(wanted | values)))


def _analyze(*words):
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is not installed: apt-get install systemd"
    return subprocess.run([program, *words], capture_output=True, text=True, check=False)


def test_systemd_takes_the_unit_as_it_is(tmp_path):
    file = tmp_path / "trygg-gateway.service"
    file.write_text(unit(tmp_path))
    done = _analyze("verify", str(file))
    about = [line for line in done.stderr.splitlines() if "trygg-gateway" in line]
    assert about == []
    assert done.returncode == 0


def test_the_unit_leaves_little_open(tmp_path):
    file = tmp_path / "trygg-gateway.service"
    file.write_text(unit(tmp_path))
    done = _analyze("security", "--offline=true", str(file))
    (level,) = re.findall(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert float(level) <= 2.0, done.stdout


def test_it_may_write_to_its_own_folders_and_no_others(tmp_path):
    made = unit(tmp_path, writable=[Path("/srv/trygg/data"), Path("/mnt/disk"), Path("/srv/out")])
    assert "ReadWritePaths=/srv/trygg /mnt/disk /srv/out\n" in made
    assert "ProtectSystem=strict" in made


def test_a_program_in_a_home_can_be_read_there(tmp_path):
    assert "ProtectHome=true" in unit(tmp_path, program=Path("/usr/local/bin/trygg"))
    home = Path("/home/ola/.local/bin/trygg")
    assert "ProtectHome=read-only" in unit(tmp_path, program=home)


def test_a_path_that_systemd_would_split_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot hold"):
        unit(tmp_path, config=Path("/srv/my trygg/gateway.toml"))


def test_the_command_writes_it_and_says_what_is_next(tmp_path):
    run = CliRunner().invoke
    run(app, ["init", str(tmp_path / "nord"), "--loopback"])
    settings = ["--config", str(tmp_path / "nord/gateway.toml")]
    to = tmp_path / "trygg-gateway.service"
    done = run(app, ["install-unit", "--to", str(to), *settings])
    assert done.exit_code == 0, done.output
    assert "systemctl enable --now trygg-gateway.service" in done.stdout
    made = to.read_text()
    assert f"--config {tmp_path}/nord/gateway.toml\n" in made
    for line in ("Type=notify", "WatchdogSec=60", "Restart=always", "ExecReload="):
        assert line in made
    printed = run(app, ["install-unit", "--to", "-", *settings])
    assert printed.stdout == made
    refused = run(app, ["install-unit", "--to", str(to), "--user", "no-such-user", *settings])
    assert refused.exit_code == 1
    assert "adduser" in refused.output
