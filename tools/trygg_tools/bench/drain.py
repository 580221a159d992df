"""A day of a thousand trackers behind a dead sink, drained while alarms go through.

The journal is filled with real frames, received over the last 24 hours, as an outage of a sink
leaves it: read and understood, nothing forwarded. Then the gateway runs as a process of its own,
its file sink dead (the folder is not there) and a tracker raising one alarm a second at its front
door. The clock starts when the folder is there again and stops when the last record is on the disk
under it; that the gateway notices it by itself is in the time. An alarm's time is from its publish
to its line in the file. Afterwards the file is read: every record once, each tracker's in order.
"""

import argparse
import json
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from trygg_gateway.gap_book import set_cursor as set_gaps_cursor
from trygg_gateway.init_folder import make_folder
from trygg_gateway.journal import Journal, set_cursor
from trygg_gateway.registry import Registry
from trygg_gateway.service import JOURNAL, RUNNING
from trygg_gateway.values import EPOCH, LANES, LIVE, READER, Parcel
from trygg_tools.bench import report
from trygg_tools.bench.alarming import Alarming
from trygg_tools.demo.processes import Process
from trygg_wire import codec, layouts

RECORDS, TRACKERS = 1_440_000, 1000
DAY_S = 86_400
START_S, DRAIN_S, AFTER_S = 60, 1200, 20
DEAD_S = 5  # alarms that find the sink dead
LOOK_S = 0.02
ALARM = "astrid"  # the tracker that raises them
_ID = re.compile(rb'"id":"([^:"]+):(\d+):(\d+)"')


class Filled(NamedTuple):
    """What stands in the journal before the gateway runs."""

    records: int
    password: str


def run(records: int = RECORDS, trackers: int = TRACKERS) -> dict[str, Any]:
    """The figures of one drain."""
    with tempfile.TemporaryDirectory(prefix="trygg-drain-") as name:
        folder = Path(name)
        make_folder(folder, "bench", ["127.0.0.1"], loopback_only=True)
        (folder / "gateway.toml").write_text(_SETTINGS, "utf-8")
        report.progress(f"  filling a journal with {records} records")
        filled = fill(folder / "data", records, trackers)
        return drain(folder, filled)


_SETTINGS = """\
[listener]
port = 0
[console]
enabled = false
[metrics]
enabled = false
[sinks.archive]
type = "file"
path = "out/events.jsonl"
"""


# -- the journal -----------------------------------------------------------------------


def fill(data: Path, records: int, trackers: int) -> Filled:
    """A day's records of each tracker, as if a gateway had received and understood them."""
    data.mkdir(mode=0o700, exist_ok=True)
    journal = Journal.visit(data / JOURNAL)
    try:
        password = Registry(journal, _now_ms).add(ALARM, "bench", ALARM).password
        each = records // trackers
        step_s = DAY_S / each
        begin_s = int(time.time()) - DAY_S
        for seq in range(1, each + 1):
            _put(journal, _minute(seq, int(begin_s + seq * step_s), trackers))
        journal.write(_understood).result()
    finally:
        journal.close()
    return Filled(each * trackers, password)


def _minute(seq: int, time_s: int, trackers: int) -> list[Any]:
    """The report number `seq` of every tracker, flat; a frame does not name its tracker."""
    frame, received_ms, rows = _frame(seq, time_s), time_s * 1000 + 900, list[Any]()
    for number in range(trackers):
        rows += (f"bench-{number}", 1, seq, layouts.REPORT, LIVE, time_s, received_ms, frame)
    return rows


def _put(journal: Journal, rows: list[Any]) -> None:
    parcel = Parcel(lambda token, count: None, 0, len(rows) // 8, others=rows)
    while not journal.put(parcel):
        time.sleep(0.01)


def _understood(db: Any) -> None:
    (top,) = db.execute("SELECT max(id) FROM records").fetchone()
    for lane in LANES:
        set_cursor(db, READER, lane, top)
    set_gaps_cursor(db, top)


def _frame(seq: int, time_s: int) -> bytes:
    fix = {"age_s": 2, "lat_e6": 59_913_000 + seq, "lon_e6": 10_752_000 + seq, "accuracy_dm": 80,
           "speed_dm_s": 14, "course_deg": 44}  # fmt: skip
    values: dict[str, object] = {
        name: [] if kind == "list" else 0 for name, kind, *_ in layouts.ROWS[layouts.REPORT]
    }
    values |= {"boot": 1, "seq": seq, "time_s": time_s - EPOCH, "fence_number": 1, "signal": 17,
               "fence_state": 1, "battery_mv": 3900, "battery_percent": 80, "fix_age_s": 2,
               "bound_s": 240, "next_report_by_s": 600, "fixes": [fix]}  # fmt: skip
    frame: bytes = codec.encode(layouts.REPORT, values)
    return frame


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


# -- the drain -------------------------------------------------------------------------


def drain(folder: Path, filled: Filled) -> dict[str, Any]:
    """Run the gateway, bring its sink back, and measure until everything is there."""
    out = folder / "out"
    out.write_text("no folder yet")
    process = Process(
        "the gateway",
        ["-m", "trygg_gateway", "run", "--config", str(folder / "gateway.toml")],
        folder / "gateway.log",
    )
    process.start()
    memory = Memory(process)
    try:
        port = _port(process, folder)
        with Alarming(port, "bench", ALARM, filled.password) as alarming:
            time.sleep(DEAD_S)
            out.unlink()
            out.mkdir()
            began = time.monotonic()
            report.progress("  the sink is back")
            seen = Seen(out / "events.jsonl", filled.records, process)
            seconds = seen.until_all(began)
            alarming.stop()
            seen.until_alarms(alarming.count)
    finally:
        memory.stop()
        process.stop()
    said = {"records": filled.records, "seconds": round(seconds, 2)}
    said["records_per_s"] = round(filled.records / seconds)
    return {
        **said,
        **_alarms(alarming, seen, began),
        **memory.figures(),
        **check(out / "events.jsonl"),
    }


def _port(process: Process, folder: Path) -> int:
    running, until = folder / "data" / RUNNING, time.monotonic() + START_S
    while time.monotonic() < until and process.alive:
        if running.exists():
            return int(json.loads(running.read_text("utf-8"))["listener"].rpartition(":")[2])
        time.sleep(0.05)
    said = (folder / "gateway.log").read_text("utf-8", "replace")[-2000:]
    raise report.BenchError(f"the gateway did not start in {START_S} s:\n{said}")


class Seen:
    """Follows the file: how many records stand in it, and when each alarm came."""

    def __init__(self, path: Path, records: int, process: Process) -> None:
        self.alarms: dict[int, float] = {}  # seq → when its line was seen
        self._path = path
        self._wanted = records
        self._process = process
        self._records = 0
        self._at = 0
        self._rest = b""

    def until_all(self, began: float) -> float:
        """Seconds from `began` until every record stands there."""
        told = time.monotonic()
        while self._records < self._wanted or not self.alarms:
            self._look()
            now = time.monotonic()
            if now - began > DRAIN_S or not self._process.alive:
                said = f"{self._records} of {self._wanted} records in {now - began:.0f} s"
                raise report.BenchError(f"the sink was not drained: {said}")
            if now - told > 10:
                told = now
                report.progress(f"  {self._records} records, {now - began:.0f} s")
        return time.monotonic() - began

    def until_alarms(self, count: int) -> None:
        """Wait for the last alarms."""
        until = time.monotonic() + AFTER_S
        while len(self.alarms) < count and time.monotonic() < until:
            self._look()

    def _look(self) -> None:
        """Read what was written since."""
        time.sleep(LOOK_S)
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._at)
            data = file.read()
        now = time.monotonic()
        self._at += len(data)
        whole, _, self._rest = (self._rest + data).rpartition(b"\n")
        lines = whole.count(b"\n") + bool(whole)
        for line in _of(ALARM, whole):
            lines -= 1
            self.alarms.setdefault(line, now)
        self._records += lines


def _of(device: str, text: bytes) -> Iterator[int]:
    """The numbers of a tracker's events in the lines."""
    mark = f'"id":"{device}:1:'.encode()
    at = text.find(mark)
    while at >= 0:
        end = text.index(b'"', at + len(mark))
        yield int(text[at + len(mark) : end])
        at = text.find(mark, end)


def _alarms(alarming: Alarming, seen: Seen, back: float) -> dict[str, Any]:
    """How long alarms took that were raised once the sink was back."""
    took = sorted(
        at - alarming.published[seq]
        for seq, at in seen.alarms.items()
        if alarming.published[seq] > back
    )
    if not took:
        raise report.BenchError("no alarm got through while the sink was drained")
    return {
        "alarms": len(took),
        "alarms_lost": alarming.count - len(seen.alarms),
        "alarm_median_s": round(statistics.median(took), 3),
        "alarm_p99_s": round(took[min(len(took) - 1, int(0.99 * len(took)))], 3),
        "alarm_max_s": round(took[-1], 3),
    }


class Memory:
    """The most that a process has resident, looked at ten times a second."""

    def __init__(self, process: Process) -> None:
        self._status = Path(f"/proc/{process.pid}/status")
        self._most_kb = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            try:
                text = self._status.read_text("ascii")
            except OSError:
                return
            found = re.search(r"VmRSS:\s+(\d+) kB", text)
            self._most_kb = max(self._most_kb, int(found[1]) if found else 0)

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def figures(self) -> dict[str, Any]:
        """In megabytes of 2^20 bytes."""
        return {"resident_mb_most": round(self._most_kb / 1024, 1)}


def check(path: Path) -> dict[str, Any]:
    """Read the file: how many records of the day are there twice, and how many out of order."""
    highest: dict[bytes, int] = {}
    once: dict[bytes, int] = {}
    wrong = 0
    with path.open("rb") as file:
        for line in file:
            found = _ID.search(line)
            if found is None:
                raise report.BenchError("the file holds a line that is no event")
            device, _, seq = found.groups()
            number = int(seq)
            if device.startswith(b"bench-"):
                wrong += number != highest.get(device, 0) + 1
            highest[device] = max(number, highest.get(device, 0))
            once[device] = once.get(device, 0) + 1
    days = {device: count for device, count in once.items() if device.startswith(b"bench-")}
    lost = sum(highest[device] - min(count, highest[device]) for device, count in days.items())
    doubles = sum(max(0, count - highest[device]) for device, count in days.items())
    return {"lost": lost, "doubles": doubles, "not_in_order": wrong}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--trackers", type=int, default=TRACKERS)
    report.say("drain", run(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
