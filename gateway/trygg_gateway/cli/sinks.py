"""The sinks: how they stand, pause and resume, replay, skip, test."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

import typer

from trygg_gateway import sink_book, sink_standing
from trygg_gateway.cli.moments import moment_ms
from trygg_gateway.cli.opened import (
    DEFAULT,
    AsJson,
    ConfigFile,
    Who,
    clock,
    journal_of,
    loaded,
    now_ms,
    print_json,
    print_table,
    running,
    whoami,
)
from trygg_gateway.config import Config
from trygg_gateway.config_sink import SinkSection
from trygg_gateway.config_sinks import kind_of
from trygg_gateway.journal import Journal
from trygg_gateway.outlets import lanes_of
from trygg_gateway.own_delivery import Address
from trygg_gateway.own_records import GATEWAY
from trygg_gateway.replay_rows import Plan, Window, plan
from trygg_gateway.sink_makers import sink_of
from trygg_gateway.sink_testing import TEST_S, tested
from trygg_gateway.sinks.port import Later
from trygg_gateway.values import LANE_NAMES, Refused

app = typer.Typer(
    help="Sinks: list, show, test, pause, resume, replay, stop-replay, skip.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="The sink's name, as in [sinks.NAME].")]
LOOK_S = 0.2
_KNOWN = """
    SELECT 1 FROM trackers WHERE device = ? UNION ALL SELECT 1 FROM records WHERE device = ? LIMIT 1
"""


@app.command("list")
def list_(config_file: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """List the sinks: well, paused or in trouble, and how many records each still owes.

    Example: `trygg gateway sinks list`
    """
    config = loaded(config_file)
    with journal_of(config_file) as journal:
        rows = [_standing(journal, name, section) for name, section in config.sinks.items()]
    if as_json:
        print_json(rows)
        return
    columns = ["sink", "type", "state", "behind", "waits_s", "trouble"]
    print_table(rows, columns, "no sinks: see [sinks] of `trygg gateway config`")


def _standing(journal: Journal, name: str, section: SinkSection) -> dict[str, Any]:
    kind, lanes = kind_of(type(section)), lanes_of(section)
    return journal.read(lambda db: sink_standing.standing(db, name, kind, lanes, now_ms()))


@app.command()
def show(name: Name, config_file: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Show one sink: its lanes, what is wrong, who paused it, its replays and what was skipped.

    Example: `trygg gateway sinks show centre`
    """
    config = loaded(config_file)
    with journal_of(config_file) as journal:
        section = _section(config, name)
        said = journal.read(
            lambda db: sink_standing.whole(
                db, name, kind_of(type(section)), lanes_of(section), now_ms()
            )
        )
    if as_json:
        print_json(said)
        return
    trouble = f": {said['trouble']}" if said["trouble"] else ""
    typer.echo(f"{name}, {said['type']}: {said['state']}{trouble}")
    if said["paused_ms"]:
        since = clock(said["paused_ms"] / 1000)
        typer.echo(f"paused by {said['paused_by']} since {since}, alarms too")
    print_table(said["lanes"], ["lane", "records", "waits_s"], "no lanes")
    for one in said["replays"]:
        typer.echo(_replay_line(one))
    for one in said["skipped"]:
        at = clock(one["at_ms"] / 1000)
        typer.echo(f"skipped: {one['records']} records of lane {one['lane']} by {one['who']}, {at}")


@app.command("test")
def send_test(
    name: Name, who: Who = "", config_file: ConfigFile = DEFAULT, as_json: AsJson = False
) -> None:
    """Send a test event, about no person and no alarm, and say what the other end said.

    A running gateway sends it, as it sends alarms; without one this command does. Exit code 1: it
    did not get through.

    Example: `trygg gateway sinks test centre`
    """
    config = loaded(config_file)
    with journal_of(config_file) as journal:
        section = _section(config, name)
        if running(config) is not None:
            worked, said = _tested_by_the_gateway(journal, name, whoami(who))
        else:
            worked, said = asyncio.run(_tested_here(section, config.gateway.name, whoami(who)))
    if as_json:
        print_json({"sink": name, "worked": worked, "answer": said})
    else:
        typer.echo(f"{name}: {said}", err=not worked)
    if not worked:
        raise typer.Exit(1)


def _tested_by_the_gateway(journal: Journal, name: str, who: str) -> tuple[bool, str]:
    id_ = journal.write(lambda db: sink_book.ask_test(db, name, who, now_ms())).result()
    until = time.monotonic() + TEST_S + 10
    while time.monotonic() < until:
        answer = journal.read(lambda db: sink_book.answer_of(db, id_))
        if answer is not None:
            return answer
        time.sleep(LOOK_S)
    return False, f"the running gateway has not said anything in {TEST_S + 10} s"


async def _tested_here(section: SinkSection, gateway: str, who: str) -> tuple[bool, str]:
    sink = sink_of(section)
    try:
        await sink.start()
        return await tested(sink, gateway, who, now_ms())
    except Later as error:
        return False, f"it cannot start: {error.reason}"
    finally:
        await sink.stop()


@app.command()
def pause(name: Name, who: Who = "", config_file: ConfigFile = DEFAULT) -> None:
    """Send nothing to it, alarms neither, until it is resumed; over restarts too.

    What comes meanwhile is owed. Alarms go on to the next of alarms.channels after its wait.

    Example: `trygg gateway sinks pause archive --who Ingrid`
    """
    config = loaded(config_file)
    with journal_of(config_file) as journal:
        _section(config, name)
        journal.write(lambda db: sink_book.pause(db, name, whoami(who), now_ms())).result()
    typer.echo(f"{name}: paused, alarms too. `trygg gateway sinks resume {name}` ends it")


@app.command()
def resume(name: Name, config_file: ConfigFile = DEFAULT) -> None:
    """Go on where it was paused.

    Example: `trygg gateway sinks resume archive`
    """
    config = loaded(config_file)
    with journal_of(config_file) as journal:
        _section(config, name)
        journal.write(lambda db: sink_book.resume(db, name)).result()
    typer.echo(f"{name}: goes on")


@app.command()
def replay(
    name: Name,
    from_: Annotated[str, typer.Option("--from", help="Received from: 2026-11-20T14:00, 6h.")],
    to: Annotated[str, typer.Option("--to", help="Received before: a time, or now.")] = "now",
    device: Annotated[str, typer.Option("--device", help="Of this tracker only.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go.")] = False,
    who: Who = "",
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Send once more what was received in a window, each event marked `replayed`.

    It goes beside live records and does not hold them, and goes on after a restart. A receiver
    knows what it has by the event's id.

    Example: `trygg gateway sinks replay archive --from 6h --dry-run`
    """
    config = loaded(config_file)
    with journal_of(config_file) as journal:
        section = _section(config, name)
        window = Window(device, moment_ms(from_, now_ms()), moment_ms(to, now_ms()))
        if window.from_ms >= window.to_ms:
            raise Refused(f"--from {from_} is not before --to {to}.")
        if device and device != GATEWAY and not journal.query(_KNOWN, (device, device)):
            raise Refused(f"{device} is not registered, and nothing of it is held.")
        if dry_run:
            _tell_plan(_plan(journal, config, name, section, window), window, as_json)
            return
        id_ = journal.write(
            lambda db: sink_book.ask_replay(db, name, window, whoami(who), now_ms())
        ).result()
    if as_json:
        print_json({"replay": id_, "sink": name, **window._asdict()})
        return
    typer.echo(f"replay {id_}: {name}, {_words(window)}")
    when = "is under way" if running(config) is not None else "begins when the gateway runs"
    typer.echo(f"it {when}; `trygg gateway sinks show {name}` says how far it is")


def _plan(
    journal: Journal, config: Config, name: str, section: SinkSection, window: Window
) -> Plan:
    address = Address(name, section.standby, section.warnings)

    def progress(records: int) -> None:
        if records % 50_000 < 1000 and records > 1000:
            typer.echo(f"  {records} records so far", err=True)

    return plan(journal.query, window, lanes_of(section), config.gateway.name, address, progress)


def _tell_plan(found: Plan, window: Window, as_json: bool) -> None:
    if as_json:
        print_json({**window._asdict(), **found._asdict()})
        return
    typer.echo(f"would send {found.records} events, {found.bytes / 1e6:.1f} MB: {_words(window)}")
    if found.records:
        lanes = ", ".join(f"{count} {lane}" for lane, count in found.lanes.items())
        typer.echo(f"by lane: {lanes}")
        typer.echo(f"first {found.first}, received {clock(found.first_ms / 1000)}")
        typer.echo(f"last {found.last}, received {clock(found.last_ms / 1000)}")
    if found.undecodable:
        typer.echo(f"{found.undecodable} records cannot be decoded and would be passed")


def _words(window: Window) -> str:
    whose = window.device or "every tracker"
    return f"{whose}, {clock(window.from_ms / 1000)} to {clock(window.to_ms / 1000)}"


@app.command("stop-replay")
def stop_replay(
    id_: Annotated[int, typer.Argument(help="The replay's number, as `show` has it.")],
    config_file: ConfigFile = DEFAULT,
) -> None:
    """Stop a replay where it is.

    Example: `trygg gateway sinks stop-replay 3`
    """
    with journal_of(config_file) as journal:
        stopped = journal.write(
            lambda db: sink_book.end_replay(db, id_, sink_book.STOPPED, now_ms())
        ).result()
        if not stopped:
            raise Refused(f"Replay {id_} is not under way.")
    typer.echo(f"replay {id_}: stopped")


@app.command()
def skip(
    name: Name,
    lane: Annotated[str, typer.Option(help="alarm, live or backlog.")],
    before: Annotated[str, typer.Option(help="Only what was received before then.")] = "now",
    yes: Annotated[bool, typer.Option("--yes", help="Do it; else say how many there are.")] = False,
    who: Who = "",
    config_file: ConfigFile = DEFAULT,
) -> None:
    """Pass over what a sink still owes of one lane. It is kept who did; `replay` brings it back.

    Example: `trygg gateway sinks skip archive --lane backlog --before 2d --yes`
    """
    config = loaded(config_file)
    numbers = {title: number for number, title in LANE_NAMES.items()}
    with journal_of(config_file) as journal:
        _section(config, name)
        if lane not in numbers:
            raise Refused(f"--lane {lane}: wanted {', '.join(numbers)}.")
        until_ms = moment_ms(before, now_ms())
        last = "SELECT coalesce(max(id), 0) FROM records WHERE lane = ? AND received_ms < ?"
        (upto,) = journal.query(last, (numbers[lane], until_ms))[0]
        if not yes:
            count = "SELECT count(*) FROM records WHERE lane = ? AND id > ? AND id <= ?"
            at = journal.cursor(name, numbers[lane])
            (records,) = journal.query(count, (numbers[lane], at, upto))[0]
            raise Refused(
                f"{name} owes {records} records of lane {lane}. With --yes they are passed over."
            )
        records = journal.write(
            lambda db: sink_book.skip(db, name, numbers[lane], upto, whoami(who), now_ms())
        ).result()
    typer.echo(f"{name}: {records} records of lane {lane} are passed over")


def _section(config: Config, name: str) -> SinkSection:
    section = config.sinks.get(name)
    if section is None:
        known = ", ".join(config.sinks) or "there are none"
        raise Refused(f"No sink is named {name}. The sinks are: {known}.")
    return section


def _replay_line(one: dict[str, Any]) -> str:
    window = Window(one["device"], one["from_ms"], one["to_ms"])
    refused = f", {one['refused']} refused" if one["refused"] else ""
    return (
        f"replay {one['id']} by {one['asked_by']}: {_words(window)}: {one['state']},"
        f" {one['records']} records, {one['percent']} %{refused}"
    )
