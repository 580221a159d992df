"""What the gateway set aside because it could not be read, or because a sink will not take it."""

from __future__ import annotations

import time
from collections import Counter
from typing import Annotated

import typer

from trygg_gateway import quarantine_replay
from trygg_gateway.cli.moments import moment_ms
from trygg_gateway.cli.opened import (
    DEFAULT,
    AsJson,
    ConfigFile,
    clock,
    journal_of,
    loaded,
    now_ms,
    print_json,
    print_table,
    running,
    whoami,
)
from trygg_gateway.journal import Journal
from trygg_gateway.quarantine import ROWS_MAX
from trygg_gateway.quarantine_replay import Found, Which
from trygg_gateway.registry import Registry
from trygg_gateway.values import Refused
from trygg_gateway.views import Views

app = typer.Typer(help="What was set aside: list, show, replay, drop.", no_args_is_help=True)

WAIT_S, LOOK_S = 60, 0.2

Ids = Annotated[list[int] | None, typer.Argument(help="Their numbers, as listed.")]
Reason = Annotated[str, typer.Option(help="Those with this in their reason.")]
OfTracker = Annotated[str, typer.Option("--tracker", help="Those of this tracker.")]
From = Annotated[str, typer.Option("--from", help="Received from: 2026-11-20T14:00, 6h, ...")]
To = Annotated[str, typer.Option("--to", help="Received before: a time, or now.")]
All = Annotated[bool, typer.Option("--all", help="Everything that is set aside.")]


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(help="At most this many, newest first.")] = 50,
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """List what was set aside and why.

    Example: `trygg gateway quarantine list --limit 10`
    """
    with journal_of(config_file) as journal:
        rows = Views(journal, now_ms).quarantine(limit)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        row["received"] = clock(row["received_ms"] / 1000)
    print_table(rows, ["id", "received", "topic", "size", "reason"], "nothing was set aside")


@app.command()
def show(
    id_: Annotated[int, typer.Argument(help="Its number, as listed.")],
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = True,
) -> None:
    """Show one whole as JSON, its bytes as hex. `trygg wire` can say what they would mean.

    Example: `trygg gateway quarantine show 3`
    """
    with journal_of(config_file) as journal:
        rows = [row for row in Views(journal, now_ms).quarantine(ROWS_MAX) if row["id"] == id_]
        if not rows:
            raise Refused(f"Nothing with number {id_} is set aside.")
    print_json(rows[0])


@app.command()
def replay(
    ids: Ids = None,
    reason: Reason = "",
    tracker: OfTracker = "",
    from_: From = "",
    to: To = "now",
    everything: All = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen.")] = False,
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Put the same bytes through the gateway again, after a fix or once a tracker is registered.

    What is taken leaves the table; what is still unreadable stays. Doing it twice does no harm. A
    record that a sink refused is sent to that sink again.

    Example: `trygg gateway quarantine replay --reason "nobody registered" --dry-run`
    """
    config = loaded(config_file)
    with journal_of(config_file) as journal:
        found = _found(journal, ids, reason, tracker, (from_, to), everything)
        registry = Registry(journal, now_ms)
        verdicts = [
            (one, quarantine_replay.verdict(one.stray, registry, now_ms())) for one in found
        ]
        if not dry_run:
            if running(config) is not None:
                _by_the_gateway(journal, found)
            else:
                _here(journal, found, registry)
    rows = [
        {"id": one.id, "topic": one.stray.topic, "result": said.what, "why": said.why}
        for one, said in verdicts
    ]
    if as_json:
        print_json(rows)
        return
    print_table(rows, ["id", "topic", "result", "why"], "nothing that fits is set aside")
    count = Counter(row["result"] for row in rows)
    words = ", ".join(f"{number} {what}" for what, number in count.items())
    typer.echo(f"{'would be: ' if dry_run else ''}{words or 'nothing'}")


def _here(journal: Journal, found: list[Found], registry: Registry) -> None:
    """Without a gateway: whoever starts one finds it in the journal."""
    who = whoami("")
    journal.write(
        lambda db: quarantine_replay.replay(db, found, registry, who, now_ms(), journal.let_go)
    ).result()


def _by_the_gateway(journal: Journal, found: list[Found]) -> None:
    """The running gateway does it, so that what is taken is read and forwarded at once."""
    journal.write(lambda db: quarantine_replay.mark(db, found, now_ms())).result()
    ids, until = [one.id for one in found], time.monotonic() + WAIT_S
    while any(journal.read(lambda db: quarantine_replay.still_there(db, ids)).values()):
        if time.monotonic() > until:
            raise Refused(
                f"The running gateway has not replayed them in {WAIT_S} s; it will when it can."
                " Look at `trygg gateway status`"
            )
        time.sleep(LOOK_S)


@app.command()
def drop(
    ids: Ids = None,
    reason: Reason = "",
    tracker: OfTracker = "",
    from_: From = "",
    to: To = "now",
    everything: All = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; else say how many there are.")] = False,
    config_file: ConfigFile = DEFAULT,
) -> None:
    """Let what was set aside go for good.

    Example: `trygg gateway quarantine drop --reason "not a topic" --to 30d --yes`
    """
    with journal_of(config_file) as journal:
        found = _found(journal, ids, reason, tracker, (from_, to), everything)
        if not yes:
            raise Refused(f"{len(found)} are meant. With --yes they are dropped for good.")
        dropped = journal.write(lambda db: quarantine_replay.drop(db, found)).result()
    typer.echo(f"{dropped} dropped")


def _found(
    journal: Journal,
    ids: list[int] | None,
    reason: str,
    tracker: str,
    window: tuple[str, str],
    everything: bool,
) -> list[Found]:
    if not (ids or reason or tracker or window[0] or window[1] != "now" or everything):
        raise Refused("Say which: their numbers, --reason, --tracker, --from, --to, or --all.")
    from_ms = moment_ms(window[0], now_ms()) if window[0] else 0
    to_ms = moment_ms(window[1], now_ms()) + (window[1] == "now")
    which = Which(tuple(ids or ()), reason, tracker, from_ms, to_ms)
    return journal.read(lambda db: quarantine_replay.select(db, which))
