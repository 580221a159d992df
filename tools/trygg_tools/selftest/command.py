"""`trygg selftest`: a provisioned board's parts, one after another, and then the whole of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from trygg_tools.flash.errors import FlashError
from trygg_tools.provision.gateway_side import GatewayRefused, GatewaySide
from trygg_tools.provision.inventory import Inventory, InventoryError
from trygg_tools.provision.session import unit_on
from trygg_tools.selftest import alive, parts, report
from trygg_tools.selftest.bench import Bench
from trygg_tools.selftest.modem_part import SILENT, modem
from trygg_tools.selftest.modem_receiver import modem_receiver
from trygg_tools.selftest.parts import Person
from trygg_tools.selftest.rails_part import rails
from trygg_tools.selftest.verdict import Verdict, not_asked

Failure = (FlashError, GatewayRefused, InventoryError, report.ReportError)


def command(
    port: Annotated[str, typer.Argument(help="The board's port: `trygg flash --list`.")],
    config: Annotated[
        Path | None,
        typer.Option("--config", help="The gateway's settings: test the way to it, too."),
    ] = None,
    sky_s: Annotated[
        float, typer.Option("--sky", help="Seconds to wait for a fix; 0 indoors.")
    ] = 0.0,
    hands: Annotated[
        bool, typer.Option(help="Ask the person at the bench to press, close, move and look.")
    ] = True,
    alarm: Annotated[
        bool, typer.Option(help="Send a test alarm to the centre and back (with --config).")
    ] = True,
    wait_s: Annotated[float, typer.Option("--wait", help="Seconds to be heard in.")] = 60.0,
    meter_ua: Annotated[
        int | None, typer.Option(help="The sleep current that a meter shows, µA.")
    ] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write the report there, too.")] = None,
    inventory: Annotated[
        Path | None,
        typer.Option(
            help="Note it there; none: inventory.jsonl beside --config, if one lies there."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value, for machines.")] = False,
) -> None:
    """Test every part of a provisioned board, then the tracker as it will be worn.

    Battery, rails, receiver (one inside the modem, too), modem (firmware, SIM, signal, network),
    button, strap, accelerometer, light, motor, RTC memory, deep sleep; with --config
    the gateway's commit and a test alarm that a sink confirms. Exit 1 if a part fails. The tracker
    runs again afterwards, after Ctrl-C, too.

    `trygg selftest /dev/ttyUSB0 --config gateway.toml --sky 60 --pdf astrid-1.pdf`
    """
    say: Callable[[str], None] = (lambda line: None) if as_json else typer.echo
    try:
        if pdf is not None:
            report.demand_drawable(pdf)
        stock = _stock(inventory, config)
        about, verdicts = _tested(port, config, sky_s, hands, alarm, wait_s, meter_ua, say)
        if pdf is not None:
            report.write_pdf(pdf, about, verdicts)
        if stock is not None:
            failed = [one.part for one in verdicts if one.word == "failed"]
            passed = report.passed(verdicts)
            stock.add(about["unit"], "tested", passed=passed, failed=failed)
    except Failure as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(report.as_json(about, verdicts)))
    else:
        typer.echo(f"{about['device']}: {'passed' if report.passed(verdicts) else 'FAILED'}")
    if not report.passed(verdicts):
        raise typer.Exit(1)


def _stock(named: Path | None, config: Path | None) -> Inventory | None:
    """The inventory that is named, or that lies beside the settings; it can be written to."""
    beside = config.with_name("inventory.jsonl") if config is not None else None
    if named is None and (beside is None or not beside.exists()):
        return None
    stock = Inventory(named or beside or Path())
    stock.demand_writable()
    return stock


def _tested(
    port: str, config: Path | None, sky_s: float, hands: bool, alarm: bool, wait_s: float,
    meter_ua: int | None, say: Callable[[str], None],
) -> tuple[dict[str, Any], list[Verdict]]:  # fmt: skip
    person = _person() if hands else None
    verdicts: list[Verdict] = []

    def note(found: Iterator[Verdict]) -> None:
        for one in found:
            verdicts.append(one)
            say(report.as_lines([one])[0])

    typer.echo(f"{port}: looking at the board; if it sleeps, press its reset button", err=True)
    about = {"unit": unit_on(port), "port": port, "at": datetime.now(UTC).isoformat("T", "seconds")}
    with Bench(port) as bench:
        about["device"] = bench.config["device"]
        note(_of_the_parts(bench, person, sky_s, meter_ua))
        if config is None:
            bench.link.restart()
            return about, verdicts
        gateway, device = GatewaySide(config), about["device"]
        before = alive.last_health(gateway, device)
        known = alive.order_alarm(gateway, device) if alarm else None
        bench.link.restart()
    typer.echo(f"{device} starts; if nothing comes in ten seconds, press reset", err=True)
    note(_of_the_whole(gateway, device, before, known, wait_s))
    return about, verdicts


def _person() -> Person | None:
    """Whoever sits at the keyboard, None if nobody does; what is asked is no part of the report."""
    if not sys.stdin.isatty():
        typer.echo("nobody at the keyboard: what takes hands is not asked (--no-hands)", err=True)
        return None
    return Person(
        lambda text: typer.echo(text, err=True), lambda question: typer.confirm(question, err=True)
    )


def _of_the_parts(
    bench: Bench, person: Person | None, sky_s: float, meter_ua: int | None
) -> Iterator[Verdict]:
    yield parts.battery(bench)
    yield rails(bench)
    of_the_modem = bench.config["gnss"].get("receiver") == "modem"
    if not of_the_modem:
        yield parts.receiver(bench, sky_s)
    found = modem(bench)
    yield found
    if of_the_modem and found.text != SILENT:
        yield modem_receiver(bench, sky_s)
    yield parts.button(bench, person)
    yield parts.strap(bench, person)
    yield parts.accelerometer(bench, person)
    yield from parts.light_and_motor(bench, person)
    yield parts.rtc_memory(bench)
    yield parts.deep_sleep(bench)
    yield _current(bench, meter_ua)


def _current(bench: Bench, meter_ua: int | None) -> Verdict:
    """A meter's figure beside the board file's."""
    stated = bench.config["energy"]["ua"][0]
    if meter_ua is None:
        return not_asked("sleep current", f"no meter; the board's file says {stated} µA")
    return parts.sleep_current(meter_ua, stated)


def _of_the_whole(
    gateway: GatewaySide, device: str, before: dict[str, Any], known: set[int] | None, wait_s: float
) -> Iterator[Verdict]:
    heard = alive.heard(gateway, device, before, wait_s)
    yield heard
    if known is not None and heard.word == "ok":
        yield alive.alarm_and_back(gateway, device, known, wait_s)
