"""A whole gateway, its power cut: what it had said to trackers, against what is left.

The real command runs under the tracer with light trackers on its own door, is killed once and
started again, and ends. Its promises are read from its own sockets, in the trace: an ack frame on
the down topic, and a PUBACK, which behind this door means committed. At every cut

- each record that was acknowledged is in the journal, once;
- each record that the file sink's cursor has passed is in the file;
- the journal is sound, and what the gateway wrote about itself (running.json) harms nobody.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

from trygg_gateway.config import load
from trygg_gateway.journal import Journal, JournalError
from trygg_gateway.sinks.torn_lines import read
from trygg_gateway.values import LANES
from trygg_tools.crash.outbox import Key
from trygg_tools.crash.power import trace
from trygg_tools.crash.power.judges import Broken
from trygg_tools.crash.power.trace import Operation
from trygg_tools.crash.stage import Stage
from trygg_tools.crash.verdict import is_own
from trygg_wire import codec, layouts, packets, topics

LIFE_S = 0.8
PACE_S = 0.04
SentAs = dict[str, dict[int, Key]]  # device → packet id → record


class Traced:
    """Starts gateways as processes of their own, under the tracer."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()

    def start(self, log: Path, *words: str) -> int:
        """Start `trygg gateway words...`; its process id."""
        command = [sys.executable, "-m", "trygg_gateway", *words]
        with log.open("ab") as out:
            process = subprocess.Popen(  # noqa: S603 - our own module
                command, env=self._environment, stdout=out, stderr=out
            )
        self._processes[process.pid] = process
        return process.pid

    def wait(self, pid: int) -> int:
        """The exit code of one that was killed or asked to stop."""
        return self._processes.pop(pid).wait()


class Played(NamedTuple):
    """What was before, what was done, and which record each packet of each tracker was."""

    root: str
    before: dict[str, bytes]
    operations: list[Operation]
    sent_as: SentAs


def record(seed: int, folder: Path) -> Played:
    """Play two lives of a gateway below `folder`."""
    noted = folder / "trace"
    root = folder / "stage"
    root.mkdir()
    environment = dict(trace.environment(trace.built(folder), root / "gateway", noted))
    with Traced(environment) as traced:
        return asyncio.run(_two_lives(random.Random(seed), root, noted, traced))  # noqa: S311


async def _two_lives(dice: random.Random, root: Path, noted: Path, traced: Traced) -> Played:
    stage = Stage(root, traced, "listener", dice, tls_share=0)  # what it says is read
    before = _files(root)
    try:
        await stage.start()
        stage.fleet.pace_s = PACE_S
        await asyncio.sleep(LIFE_S)
        assert stage.pid is not None
        stage.kill_gateway()
        stage.start_gateway()
        await stage.ready()
        await asyncio.sleep(LIFE_S)
    finally:
        code = await stage.stop()
    if code:
        raise RuntimeError(f"the gateway ended with {code}: {stage.log.read_text()[-2000:]}")
    sent_as = {one.device: one.outbox.sent_as for one in stage.fleet.trackers}
    return Played(str(root), before, list(trace.operations(noted)), sent_as)


def _files(root: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in root.rglob("*") if file.is_file()}


class Promises:
    """Reads what the gateway said; `kept` is every (device, boot, seq) acknowledged so far."""

    def __init__(self, operations: list[Operation], sent_as: SentAs) -> None:
        self.kept: set[tuple[str, int, int]] = set()
        self._sent_as = sent_as
        self._lines: dict[tuple[int, int], packets.Reader] = {}
        self._line_of = dict(_devices(operations))  # by where a connection began
        self._began: dict[tuple[int, int], int] = {}

    def take(self, at: int, operation: Operation) -> None:
        """An operation at that place of the trace was done."""
        key = operation.pid, operation.fd
        if operation.kind == trace.ACCEPT:
            self._lines[key] = packets.Reader(1 << 20)
            self._began[key] = at
        elif operation.kind == trace.SAID and key in self._lines:
            device = self._line_of.get(self._began[key])
            for kind, flags, body in self._lines[key].feed(operation.data):
                if device is not None:
                    self._said(device, kind, flags, body)

    def _said(self, device: str, kind: int, flags: int, body: bytes) -> None:
        if kind == packets.PUBACK:
            self.kept.add((device, *self._sent_as[device][packets.read_puback(body)]))
        elif kind == packets.PUBLISH:
            found, values = codec.decode(bytes(packets.read_publish(flags, body)[3]))
            if found == layouts.ACK:
                self.kept |= {(device, values["boot"], seq) for seq in _covered(values)}


def _covered(values: dict[str, Any]) -> set[int]:
    missing = {
        seq for gap in values["missing"] for seq in range(gap["first"], gap["first"] + gap["count"])
    }
    return set(range(1, values["upto"] + 1)) - missing


def _devices(operations: list[Operation]) -> Iterator[tuple[int, str]]:
    """(where a connection began, whose it was), by the topics that were said on it."""
    lines: dict[tuple[int, int], tuple[int, packets.Reader]] = {}
    for at, operation in enumerate(operations):
        key = operation.pid, operation.fd
        if operation.kind == trace.ACCEPT:
            lines[key] = at, packets.Reader(1 << 20)
        elif operation.kind == trace.SAID and key in lines:
            began, reader = lines[key]
            for kind, flags, body in reader.feed(operation.data):
                if kind == packets.PUBLISH:
                    yield began, topics.parse(packets.read_publish(flags, body)[0])[1]


def judge(folder: Path, kept: set[tuple[str, int, int]]) -> None:
    """Raise Broken if what was left in `folder` breaks a promise."""
    gateway = folder / "gateway"
    try:
        journal = Journal.open(gateway / "data/journal.sqlite")
    except JournalError as error:
        raise Broken(f"the journal does not open: {error}") from error
    try:
        held = set(journal.query("SELECT device, boot, seq FROM records"))
        if lost := sorted(kept - held):
            raise Broken(f"acknowledged and lost: {lost[:4]}, {len(lost)} in all")
        if (sound := journal.query("PRAGMA quick_check")) != [("ok",)]:
            raise Broken(f"the journal is damaged: {sound[:3]}")
        _demand_delivered(journal, gateway / "archive.jsonl")
    finally:
        journal.close()
    _demand_not_running(gateway)


def _demand_delivered(journal: Journal, archive: Path) -> None:
    """What the cursor has passed is in the file."""
    text = archive.read_bytes() if archive.exists() else b""
    ids = {line.id for line in read(text[: text.rfind(b"\n") + 1])}
    for lane in LANES:
        at = journal.cursor("archive", lane)
        rows = journal.query(
            "SELECT device || ':' || boot || ':' || seq FROM records WHERE lane = ? AND id <= ?",
            (lane, at),
        )
        if lost := [id_ for (id_,) in rows if id_ not in ids and not is_own(id_)]:
            raise Broken(f"passed by the cursor and not in the file: {lost[:4]}, {len(lost)}")


def _demand_not_running(gateway: Path) -> None:
    """Whatever is left of running.json, asking for it is no error."""
    from trygg_gateway.cli.opened import running

    try:
        running(load(gateway / "gateway.toml"))
    except Exception as error:  # any is a fault
        raise Broken(f"running.json: {type(error).__name__}: {error}") from error
