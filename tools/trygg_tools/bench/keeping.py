"""What the journal's keeping costs an alarm: retention, forgetting and a backup beside it.

How long the check at a start takes, and how long an alarm waits for its commit (p50, p99, in
milliseconds) while nothing else is done, while a backup is made, while a person is forgotten and
while old records are deleted.
"""

import argparse
import asyncio
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trygg_gateway import forgetting
from trygg_gateway.disk_guard import DiskGuard
from trygg_gateway.gap_book import GapBook
from trygg_gateway.journal import Journal
from trygg_gateway.journal_backup import backup
from trygg_gateway.journal_check import look
from trygg_gateway.let_go import DAY_S
from trygg_gateway.logs import start_logging
from trygg_gateway.upkeep import Upkeep
from trygg_gateway.values import ALARM, LANES, LIVE, READER, Parcel, Run
from trygg_tools.bench import report

DEVICES = 200
NOW_S = 1_790_000_000
OLD_SHARE = 5  # of so many records one is older than its retention
PAYLOAD = bytes(range(48))


def run(records: int = 300_000) -> dict[str, Any]:
    """Fill a journal and measure."""
    start_logging("json", "error")  # to standard error; the figures are all that is on the other
    with tempfile.TemporaryDirectory(prefix="trygg-keeping-") as folder:
        path = Path(folder) / "journal.sqlite"
        _fill(path, records)
        begun = time.perf_counter()
        seen = look(path)
        figures: dict[str, Any] = {
            "records": records,
            "file_mb": path.stat().st_size >> 20,
            "check_s": round(time.perf_counter() - begun, 2),
            "whole": seen.to_the_end and not seen.trouble,
            "gap_fold_ns_a_run": _folding(),
        }
        journal = Journal.open(path)
        try:
            figures |= _measured(journal, Path(folder))
        finally:
            journal.close()
    return figures


def _fill(path: Path, records: int) -> None:
    journal = Journal.open(path)
    each = records // DEVICES
    for first in range(1, each + 1, 10):
        parcel = Parcel(lambda token, count: None, 0, 10 * DEVICES)
        for number in range(DEVICES):
            for seq in range(first, first + 10):
                age_s = (40 if seq <= each // OLD_SHARE else 1) * DAY_S
                made_s = NOW_S - age_s + seq
                device = f"tracker-{number:03}"
                row = (device, 1, seq, 1, LIVE, made_s, made_s * 1000, PAYLOAD)
                parcel.others.extend(row)
        while not journal.put(parcel):
            time.sleep(0.001)
    journal.close()
    report.progress(f"  {records} records on disk")


def _measured(journal: Journal, folder: Path) -> dict[str, Any]:
    newest = journal.query("SELECT max(id) FROM records")[0][0]
    for lane in LANES:
        journal.move_cursor(READER, lane, newest).result()
    guard = DiskGuard(journal.put, journal.path, 0, 1 << 20)
    upkeep = Upkeep(journal, guard, lambda: NOW_S * 1000, days=30, sinks=lambda: {READER: LANES})
    journal.write(lambda db: forgetting.ask(db, "tracker-007", "bench", NOW_S * 1000)).result()

    async def forget() -> None:
        while await upkeep.forget_some():  # noqa: ASYNC110 - as the upkeep itself does
            await asyncio.sleep(0.05)

    alarms = Alarms(journal)
    figures = {"alone": alarms.beside(lambda: time.sleep(3))}
    figures["backup"] = alarms.beside(
        lambda: backup(journal.path, folder / "copy", NOW_S * 1000).records
    )
    figures["forgetting"] = alarms.beside(lambda: asyncio.run(forget()))
    figures["retention"] = alarms.beside(lambda: asyncio.run(upkeep.lap()))
    counters = upkeep.counters
    return {f"beside_{name}": said for name, said in figures.items()} | {
        "deleted_by_age": counters["deleted_by_age"],
        "records_forgotten": counters["records_forgotten"],
    }


class Alarms:
    """One alarm after the other, each timed from `put` to its confirm."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._seq = 0

    def beside(self, work: Callable[[], Any]) -> dict[str, float]:
        """How long alarms waited while `work` was done in another thread."""
        done, waits = threading.Event(), list[float]()

        def worked() -> None:
            try:
                work()
            finally:
                done.set()

        begun = time.perf_counter()
        worker = threading.Thread(target=worked)
        worker.start()
        while not done.is_set():
            waits.append(self._one())
            time.sleep(0.005)
        worker.join()
        cuts = statistics.quantiles(waits, n=100) if len(waits) > 1 else [waits[0]] * 99
        return {
            "alarms": len(waits),
            "p50_ms": round(1000 * cuts[49], 1),
            "p99_ms": round(1000 * cuts[98], 1),
            "worst_ms": round(1000 * max(waits), 1),
            "seconds": round(time.perf_counter() - begun, 1),
        }

    def _one(self) -> float:
        self._seq += 1
        confirmed = threading.Event()
        parcel = Parcel(lambda token, count: confirmed.set(), 0, 1)
        row = ("alarmer", 1, self._seq, 2, ALARM, NOW_S, NOW_S * 1000, PAYLOAD)
        parcel.alarms.extend(row)
        begun = time.perf_counter()
        self._journal.put(parcel)
        confirmed.wait(30)
        return time.perf_counter() - begun


def _folding() -> int:
    """Nanoseconds that the gap book takes for a run of records that follows on."""
    book = GapBook()
    runs = [Run(f"tracker-{n}", 1, LIVE, at, at) for at in range(1, 201) for n in range(500)]
    begun = time.perf_counter()
    book.fold(runs, NOW_S * 1000)
    return round((time.perf_counter() - begun) / len(runs) * 1e9)


def parser() -> argparse.ArgumentParser:
    """The options of `trygg bench keeping`."""
    made = report.parser("keeping", __doc__, "--records 1500000")
    made.add_argument("--records", type=int, default=300_000)
    return made


def main() -> None:
    """The command line."""
    report.say("keeping", run(**vars(parser().parse_args())))


if __name__ == "__main__":
    main()
