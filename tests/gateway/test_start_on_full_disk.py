"""A restart on a full disk: an alarm is heard, and nobody is told to move the journal away."""

import asyncio
import json
import os
import shutil
import subprocess

import pytest

from gateway.gateway_process import GatewayProcess
from gateway.raw_tracker import RawTracker
from gateway.records import NOW_MS, alarm
from gateway.test_disk_guard import disk as disk
from gateway.test_disk_guard import fill_up
from trygg_gateway import disk_guard, running_file
from trygg_gateway.config import Config
from trygg_gateway.disk_guard import room_to_start
from trygg_gateway.journal import Journal
from trygg_gateway.journal_file import JournalError

RESERVE_MB = 32
DISK_MB = RESERVE_MB + 12


@pytest.fixture
def stopped(disk):
    """A gateway that was stopped, with its reserve, and a tracker; its disk is full since."""
    subprocess.run([shutil.which("mount"), "-o", f"remount,size={DISK_MB}m", str(disk)], check=True)
    gateway = GatewayProcess(disk / "g", journal={"reserve_mb": RESERVE_MB})
    with gateway:
        credentials = gateway.add()
    assert (disk / "g/data/journal.sqlite.reserve").stat().st_size == RESERVE_MB << 20
    fill_up(disk / "somebody-elses-file")
    return gateway, credentials


def test_it_starts_on_the_reserve_and_takes_an_alarm(stopped, disk):
    gateway, credentials = stopped
    said = gateway.command("status").stderr
    assert "its disk is full. Make room there" in said
    assert "leave it where it is" in said
    with gateway, RawTracker(gateway.ports["listener"], "astrid") as line:
        assert line.log_in(credentials["password"].encode()) == (False, 0)
        line.publish(alarm(1, 1), 7)
        assert line.expect_puback() == 7
        assert json.loads(gateway.command("alarms", "list", "--json").stdout)[0]["what"] == "left"
    assert "the disk is too full to start" in gateway.log


def test_a_visitor_of_a_journal_on_a_full_disk_is_told_to_make_room(stopped, disk):
    with pytest.raises(JournalError, match="its disk is full"):
        Journal.visit(disk / "g/data/journal.sqlite")


@pytest.mark.parametrize(("free_mb", "given"), [(7, True), (9, False)])
def test_the_reserve_is_given_where_a_running_gateway_would_give_it(
    tmp_path, monkeypatch, free_mb, given
):
    journal, reserve = tmp_path / "journal.sqlite", tmp_path / "journal.sqlite.reserve"
    room_to_start(journal, RESERVE_MB << 20)  # without one nothing is done
    reserve.write_bytes(b"\0")
    real = os.statvfs(tmp_path)
    fields = [*real[:1], 1, *real[2:4], free_mb << 20, *real[5:]]
    monkeypatch.setattr(disk_guard.os, "statvfs", lambda path: os.statvfs_result(fields))
    room_to_start(journal, RESERVE_MB << 20)
    assert reserve.exists() == (not given)


def test_where_it_is_reached_is_written_as_soon_as_the_disk_takes_it(tmp_path, monkeypatch):
    config = Config(gateway={"data": tmp_path / "data"})  # which is not there yet
    monkeypatch.setattr(running_file, "AGAIN_S", 0.01)

    async def life():
        keeping = asyncio.create_task(running_file.keep(config, {"console": "http://x"}, NOW_MS))
        async with asyncio.timeout(20):
            await asyncio.sleep(0)
            assert not (tmp_path / "data").exists()
            (tmp_path / "data").mkdir()
            while not (tmp_path / "data/running.json").exists():  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.01)
        said = json.loads((tmp_path / "data/running.json").read_text())
        assert said == {"pid": os.getpid(), "since_ms": NOW_MS, "console": "http://x"}
        assert not keeping.done()
        keeping.cancel()

    asyncio.run(life())
