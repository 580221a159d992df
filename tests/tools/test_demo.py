"""The demo's own parts: what it counts, what it shows of a tracker's line, what it refuses."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.console_rig import until
from trygg_tools.cli import _add_rooms, app
from trygg_tools.demo import check
from trygg_tools.demo.ending import one_interrupt
from trygg_tools.demo.folder import Folder, Ports
from trygg_tools.demo.gateway_watch import GatewayWatch
from trygg_tools.demo.processes import DemoError, Process, run_command
from trygg_tools.demo.voice import readable

PORTS = Ports(18321, 18883, 18099)


def received(folder, *ids):
    lines = [json.dumps({"id": one, "type": "no.trygg.report"}) + "\n" for one in ids]
    path = folder / "received.jsonl"
    path.write_text("".join(lines))
    return path


# ---- what is missing, what is double


def test_a_gap_is_missing_and_an_id_twice_is_a_double(tmp_path):
    (boot,) = check.counted(received(tmp_path, "astrid:1:1", "astrid:1:3", "astrid:1:3"))
    assert boot.missing == [2]
    assert boot.doubles == [3]
    assert check.sentence([boot]) == "webhook: 2 records, 0 alarms, 1 missing, 1 double"


def test_each_boot_counts_from_one(tmp_path):
    boots = check.counted(received(tmp_path, "astrid:1:1", "astrid:2:1", "bjorn:1:1"))
    assert [(boot.device, boot.boot, boot.missing) for boot in boots] == [
        ("astrid", 1, []),
        ("astrid", 2, []),
        ("bjorn", 1, []),
    ]


def test_what_only_the_gateway_has_is_missing_at_the_webhook_even_at_the_end(tmp_path):
    (boot,) = check.counted(received(tmp_path, "astrid:1:1"), {("astrid", 1): 3})
    assert boot.missing == [2, 3]


def test_a_tracker_that_only_the_gateway_knows_is_counted_too(tmp_path):
    (boot,) = check.counted(received(tmp_path), {("astrid", 1): 1})
    assert (boot.device, boot.records, boot.missing) == ("astrid", 0, [1])


def test_a_line_that_is_being_written_is_not_read(tmp_path):
    path = received(tmp_path, "astrid:1:1")
    with path.open("a") as file:
        file.write('{"id": "astrid:1:2"')
    assert check.counted(path)[0].records == 1


@pytest.mark.parametrize(("ids", "code"), [(("a:1:1", "a:1:2"), 0), (("a:1:2",), 1), ((), 0)])
def test_demo_check_says_by_its_exit_code_whether_all_is_there(tmp_path, ids, code):
    received(tmp_path, *ids)
    config = Folder(tmp_path).config
    run_command("init", str(config.parent), "--name", "demo", "--host", "127.0.0.1")
    assert demo_check(tmp_path).exit_code == code


def test_demo_check_without_a_demo_says_what_to_do(tmp_path):
    done = demo_check(tmp_path / "none")
    assert done.exit_code == 2
    assert "start `trygg demo` first" in done.stderr


def demo_check(folder):
    if not app.registered_commands:
        _add_rooms()
    return CliRunner().invoke(app, ["demo-check", "--folder", str(folder)])


# ---- a tracker's line for people


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            "+33ms info boot 2, cause 1, wake 0, firmware 0.1.0, 5 records wait",
            "starts, boot 2, 5 records in its outbox",
        ),
        (
            "2026-11-22T02:46:00Z info boot 2, cause 4, wake 4, firmware 0.1.0, 0 records wait",
            "wakes, 0 records in its outbox",
        ),
        ("2026-11-22T02:41:06Z info order 1 answered 3, reason 0", "order 1 in force"),
        ("+9ms info order 1 answered 4, reason 2", "order 1 answered 4, reason 2"),
        (
            "2026-11-22T02:42:12Z warning alarm 1/5: left, fence 1, reason 1",
            "ALARM 1/5: left, fence 1",
        ),
        (
            "2026-11-22T02:42:12Z info wearer told: alarm 1/5 taken",
            "wearer told: alarm 1/5 taken",
        ),
        ("Traceback (most recent call last):", "Traceback (most recent call last):"),
    ],
)
def test_a_trackers_line_is_readable_and_a_strange_one_stays_whole(line, text):
    assert readable(line)[0] == text


# ---- what it refuses, what it sees


def test_fresh_never_removes_a_folder_that_the_demo_did_not_make(tmp_path):
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(DemoError, match="was not made by the demo"):
        Folder(tmp_path).clear()
    with pytest.raises(DemoError, match="holds other things"):
        Folder(tmp_path).make(PORTS)
    assert (tmp_path / "diary.txt").read_text() == "mine"


def test_a_gateway_that_was_killed_is_none_and_one_started_by_hand_is_seen(tmp_path):
    running = tmp_path / "running.json"
    watch = GatewayWatch(Process("the gateway", [], tmp_path / "log"), running)
    assert watch.look().pid == 0
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    running.write_text(json.dumps({"pid": ended.pid}))
    assert watch.look().pid == 0
    running.write_text(json.dumps({"pid": os.getpid()}))
    assert watch.look() == (os.getpid(), False)


def test_a_second_ctrl_c_does_not_tear_what_the_first_began():
    before = signal.getsignal(signal.SIGINT)
    with one_interrupt():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before


PARENT = """
import time
from pathlib import Path
from trygg_tools.demo.processes import Process

child = Process("the child", ["-c", "import time; print('it runs', flush=True); time.sleep(600)"],
                Path({log!r}))
child.start()
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
@pytest.mark.parametrize("at_once", [True, False])
def test_no_part_outlives_a_demo_that_is_killed(tmp_path, at_once):
    log = tmp_path / "log"
    script = PARENT.format(log=str(log))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        child = int(parent.stdout.readline())
        if not at_once:
            until(lambda: "it runs" in log.read_text(), "the child runs")
        parent.kill()
    until(lambda: not runs(child), "the child ends")


def runs(pid):
    """Whether that process lives; one that only waits to be reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_a_process_that_ends_at_its_start_is_told_with_the_end_of_its_log(tmp_path):
    process = Process("the gateway", ["-c", "print('no such file'); exit(3)"], tmp_path / "log")
    process.start()
    with pytest.raises(DemoError, match=re.escape("the gateway ended at its start:\n  no such")):
        process.wait_ready("http://127.0.0.1:9/")
    assert process.how_it_ended.startswith("exit code 3")
