"""The keepers of the journal as the settings want them: the guard of the disk and the upkeep."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from trygg_gateway import forgetting
from trygg_gateway.config import Config
from trygg_gateway.disk_guard import DiskGuard, room_to_start
from trygg_gateway.journal import Journal, Limits
from trygg_gateway.upkeep import Upkeep
from trygg_gateway.values import LANES, READER, Run


def open_journal(path: Path, config: Config) -> Journal:
    """The gateway's journal, on a full disk with the room of its reserve. Raises JournalError."""
    section = config.journal
    room_to_start(path, section.reserve_mb << 20)
    return Journal.open(path, Limits(section.commit_rows, section.commit_ms, section.queue_rows))


def forget_again(journal: Journal, config: Config) -> None:
    """Whom a journal from before does not know to be forgotten is asked for again, before any
    tracker is let in."""
    down = forgetting.written_down(config.gateway.data)
    if down:
        journal.write(lambda db: forgetting.ask_again(db, down)).result()
        journal.forgotten = journal.read(forgetting.dropped)


def make_guard(journal: Journal, config: Config) -> DiskGuard:
    """What stands between the doors and the journal; its reserve is taken from the disk."""
    section = config.journal
    guard = DiskGuard(journal.put, journal.path, section.max_mb << 20, section.reserve_mb << 20)
    guard.begin()
    journal.bound(section.max_mb << 20)
    return guard


def make_upkeep(
    journal: Journal,
    guard: DiskGuard,
    config: Config,
    now_ms: Callable[[], int],
    *,
    lanes: Callable[[], Mapping[str, Sequence[int]]],
    written: Callable[[Sequence[Run]], None],
    forgotten: Callable[[str], None],
) -> Upkeep:
    """The upkeep; `lanes()`: each sink's, as it is configured now."""
    return Upkeep(
        journal,
        guard,
        now_ms,
        days=config.retention.days,
        sinks=lambda: {**lanes(), READER: LANES},
        written=written,
        forgotten=forgotten,
    )
