"""The disk under the journal: room, what kind of file system, how long a sync takes, does it lie.

A sync is measured where the journal is, on a file of its own: 4 KB written and `fdatasync`, as a
commit of SQLite does. What a record costs follows from it: a tracker with one record under way
waits for one sync, a full commit of the settings' `commit_rows` shares it.

Whether a disk only says that it has synced cannot be proven from here; only a power cut can. What
can be said: no disk with a platter syncs in less than a turn, no SD card in less than 0.2 ms, and
nothing at all in less than 20 µs. A virtual disk's word is that of the host.
"""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from trygg_gateway.doctor.finding import Finding, error, good, note, warning

PART = "disk"
SYNCS = 60
SLOW_S = 0.1
ROW_S = 8e-6  # what a row costs in a full commit beside the sync, measured by `trygg bench ingest`
NO_DISK = {"tmpfs", "ramfs", "devtmpfs"}
REMOTE = {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs", "fuse.glusterfs"}
WEAK = {"vfat", "exfat", "msdos", "ntfs", "ntfs3", "fuseblk"}


class Mount(NamedTuple):
    """A file system: where, what kind, its options, the block device under it ("" for none)."""

    at: str
    kind: str
    options: Sequence[str]
    device: str


class Block(NamedTuple):
    """What /sys says of the block device; `rotates` None: unknown."""

    rotates: bool | None = None
    write_cache: str = ""
    virtual: bool = False
    card: bool = False


def mount_of(folder: Path, table: str) -> Mount:
    """The mount that holds `folder`; `table` is the text of /proc/self/mountinfo (proc(5))."""
    found = Mount("/", "unknown", (), "")
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        fields, tail = before.split(), after.split()
        at = fields[4].replace("\\040", " ")
        if folder.is_relative_to(at) and len(at) >= len(found.at):
            options = [*fields[5].split(","), *tail[2].split(",")]
            found = Mount(at, tail[0], options, fields[2])
    return found


def block_of(device: str, sys: Path = Path("/sys/dev/block")) -> Block:
    """What the kernel says of a device "major:minor", or of the disk it is a part of."""
    try:
        place = (sys / device).resolve(strict=True)
    except OSError:
        return Block()
    queue = place / "queue" if (place / "queue").exists() else place.parent / "queue"
    rotates = _read(queue / "rotational")
    name = queue.parent.name
    return Block(
        rotates=None if rotates == "" else rotates == "1",
        write_cache=_read(queue / "write_cache"),
        virtual=name.startswith(("vd", "xvd", "loop", "nbd")) or "virtio" in str(place),
        card=name.startswith("mmcblk"),
    )


def measure(folder: Path, count: int = SYNCS) -> list[float]:
    """Seconds of each of `count` syncs in that folder. Raises OSError."""
    path = folder / f".doctor-{os.getpid()}"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        took = []
        for number in range(count):
            os.pwrite(fd, os.urandom(4096), 4096 * number)
            begun = time.perf_counter()
            os.fdatasync(fd)
            took.append(time.perf_counter() - begun)
        return took
    finally:
        os.close(fd)
        path.unlink()


def look(mount: Mount, block: Block, syncs_s: Sequence[float], rows: int) -> Iterator[Finding]:
    """What kind it is, what a sync costs with commits of `rows`, whether to believe it."""
    yield _kind(mount)
    options = {"barrier=0", "nobarrier", "data=writeback"} & set(mount.options)
    if options:
        yield error(
            PART, f"{mount.at} is mounted with {', '.join(sorted(options))}",
            "A power cut may take what was committed and acknowledged",
            "Mount it without",
        )  # fmt: skip
    if not syncs_s:
        return
    yield _speed(syncs_s, rows)
    yield _honest(mount, block, median(syncs_s))


def room(free: int, total: int, wanted: int) -> Finding:
    """Bytes that are free."""
    words = f"{free >> 20:,} MB of {total >> 20:,} are free"
    if free < wanted:
        return error(
            PART, words, "On a full one trackers are acknowledged no more, and keep what they say",
            "Make room, or keep less ([retention] in the settings)",
        )  # fmt: skip
    if free < 2 * wanted:
        return warning(PART, words, f"Below {wanted >> 20:,} MB it is an alarm", "Make room soon")
    return good(PART, words)


def _kind(mount: Mount) -> Finding:
    if mount.kind in NO_DISK:
        return error(
            PART, f"{mount.at} is {mount.kind}: memory, no disk",
            "Everything in the journal is lost with the power", "Set gateway.data to a disk",
        )  # fmt: skip
    if mount.kind in REMOTE:
        return error(
            PART, f"{mount.at} is {mount.kind}: a network's file system",
            "SQLite's log needs locks and shared memory, and a sync that is one; these have neither"
            " for certain", "Set gateway.data to a local disk",
        )  # fmt: skip
    if mount.kind in WEAK:
        return warning(
            PART, f"{mount.at} is {mount.kind}", "It has no journal of its own, so a power cut may"
            " take the folder with the file", "Use ext4, xfs, btrfs or zfs",
        )  # fmt: skip
    return good(PART, f"{mount.at} is {mount.kind}")


def _speed(syncs_s: Sequence[float], rows: int) -> Finding:
    middle, worst = median(syncs_s), max(syncs_s)
    full = rows / (middle + rows * ROW_S)
    words = (
        f"a sync takes {_ms(middle)}, {_ms(worst)} at worst: a tracker with one record under way is"
        f" acknowledged at most {1 / middle:,.0f} times a second, commits of {rows:,} take about"
        f" {full:,.0f} records a second"
    )
    if middle > SLOW_S:
        return warning(
            PART, words, "Each acknowledgement and each alarm waits for one",
            "Use a faster disk; an SD card at its end of life looks like this",
        )  # fmt: skip
    return good(PART, words)


def _honest(mount: Mount, block: Block, middle_s: float) -> Finding:
    lies = (
        middle_s < 20e-6
        or (block.rotates and not block.virtual and middle_s < 2e-3)
        or (block.card and middle_s < 2e-4)
    )
    if lies and mount.kind not in NO_DISK:
        return warning(
            PART, f"a sync of {_ms(middle_s)} is faster than this kind of disk can be",
            "It may say that it has written what is still in its memory, and a power cut takes it",
            "Turn its write cache off (hdparm -W 0), or give it power that lasts (battery, UPS)",
        )  # fmt: skip
    if block.virtual:
        return note(
            PART, "it is virtual: whether a sync reaches a disk is for the host to say",
            "The host's cache mode decides (cache=none or writethrough keeps the promise;"
            " unsafe does not)",
        )  # fmt: skip
    if block.write_cache == "write back":
        return note(
            PART, "it has a write cache and is told to empty it at each sync",
            "A disk that obeys keeps the promise; only a power cut can show one that does not",
        )  # fmt: skip
    return good(PART, "nothing says that its syncs are not real")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except OSError:
        return ""
