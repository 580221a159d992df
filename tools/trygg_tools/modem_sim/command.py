"""`trygg modem`: run a simulated modem, list parts and faults, tell a running one what happens."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from trygg_tools.modem_sim import control
from trygg_tools.modem_sim.far_address import Address, MqttTo, SocketsTo, address_of
from trygg_tools.modem_sim.far_paho import PahoMqtt
from trygg_tools.modem_sim.far_real import RealSockets
from trygg_tools.modem_sim.fault_file import FaultError, from_toml
from trygg_tools.modem_sim.fault_table import BEHAVIOURS, ROWS, Kind
from trygg_tools.modem_sim.faults import Faults
from trygg_tools.modem_sim.part import Part
from trygg_tools.modem_sim.parts import PARTS
from trygg_tools.modem_sim.pty import PtyModem
from trygg_tools.modem_sim.scene import WORDS, Scene
from trygg_tools.modem_sim.shown import Line, Shown
from trygg_tools.modem_sim.world import World

app = typer.Typer(
    name="modem",
    help="A simulated LTE-M/LTE modem: the bytes of the real part, and what the field does to it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
RUN = Path("modem_run")

Folder = Annotated[Path, typer.Option(help="Where the pty's link and the control socket are.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def _stop(words: str) -> typer.Exit:
    typer.echo(f"trygg modem: {words}", err=True)
    return typer.Exit(1)


PartName = Annotated[str, typer.Option(help="A part of `trygg modem parts`.")]
BrokerUrl = Annotated[
    str, typer.Option(help="mqtt://host:port: where every connection goes. Without: where it asks.")
]
Alone = Annotated[
    bool, typer.Option("--alone", help="Nothing real: a broker and a peer in memory.")
]
FaultFile = Annotated[Path | None, typer.Option(help="A TOML file of [[fault]] tables.")]
Seed = Annotated[int, typer.Option(help="Another seed, other chances.")]
FirmwareName = Annotated[
    str | None, typer.Option(help="A firmware of `trygg modem parts`, with its quirks.")
]
Off = Annotated[
    bool, typer.Option("--off", help="Begin switched off: `trygg modem do 'power key'`.")
]
Times = Annotated[int, typer.Option(help="So many times faster than real time.", min=1, max=100)]
Seconds = Annotated[
    int, typer.Option(help="End by itself after so many of its seconds; 0 never.", min=0)
]


@app.command("run")
def run(
    part: PartName = "sim7080",
    broker: BrokerUrl = "",
    alone: Alone = False,
    faults: FaultFile = None,
    seed: Seed = 0,
    firmware: FirmwareName = None,
    off: Off = False,
    times: Times = 1,
    folder: Folder = RUN,
    as_json: AsJson = False,
    seconds: Seconds = 0,
) -> None:
    """Run a modem on a pty and show its dialogue, with times, without coordinates and secrets.

    Example: `trygg modem run --part sim7080 --broker mqtt://127.0.0.1:1883`, then
    `picocom modem_run/modem` or your driver, and from elsewhere
    `trygg modem do "coverage off 48h"` or `trygg modem do "fault silence on=+SMPUB* seconds=90"`.

    A fault file has tables like

        [[fault]]
        name = "silence"      # of `trygg modem faults`
        on = "+SMPUB*"        # which command
        nth = 3               # the third one
        seconds = 90
    """
    real = None if alone else (RealSockets, PahoMqtt)
    if alone and broker:
        raise _stop("wanted --alone or --broker, got both: alone, nothing real is reached")
    scene = _scene(_part(part), real is not None, broker, _faults(faults, seed), seed, firmware)
    modem = _on_a_pty(folder, scene, times)
    scene[0].modem.traces.append(Shown(lambda line: _show(line, as_json)))
    if not off:
        scene[0].do("power key")
    _say(as_json, path=str(modem.path), part=part, control=str(folder / control.NAME))
    _until_stopped(modem, seconds)


def _part(name: str) -> Part:
    if name not in PARTS:
        raise _stop(f"part: wanted one of {', '.join(PARTS)}, got {name!r}")
    return PARTS[name]


def _faults(path: Path | None, seed: int) -> Faults:
    if path is None:
        return Faults(seed=seed)
    try:
        return Faults(from_toml(path.read_text("utf-8")), seed)
    except (OSError, UnicodeDecodeError, FaultError) as error:
        raise _stop(f"{path}: {error}") from None


def _scene(
    part: Part, is_real: bool, broker: str, faults: Faults, seed: int, firmware: str | None
) -> tuple[Scene, tuple[RealSockets, PahoMqtt] | None]:
    world = World()
    real = None
    try:
        address = address_of(broker) if broker else None
        if is_real:
            real = (RealSockets(world.schedule), PahoMqtt())
            _connect(world, real, address)
        return Scene(part, seed, faults, firmware, world), real
    except ValueError as error:
        raise _stop(str(error)) from None


def _on_a_pty(
    folder: Path, scene: tuple[Scene, tuple[RealSockets, PahoMqtt] | None], times: int
) -> PtyModem:
    if control.runs(folder):
        raise _stop(f"a modem runs in {folder} already: end it, or say another --folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return PtyModem(scene[0], folder, scene[1], times)
    except OSError as error:
        raise _stop(f"no link and no socket in {folder}: {error}; say another --folder") from None


def _connect(world: World, real: tuple[RealSockets, PahoMqtt], address: Address | None) -> None:
    world.sockets = SocketsTo(real[0], address) if address else real[0]
    world.mqtt = MqttTo(real[1], address) if address else real[1]


def _show(line: Line, as_json: bool) -> None:
    if as_json:
        text = json.dumps({"ms": line.ms, "direction": line.direction, "line": line.text})
    else:
        text = line.plain()
    print(text, flush=True)


def _say(as_json: bool, path: str, part: str, control: str) -> None:
    if as_json:
        print(json.dumps({"pty": path, "part": part, "control": control}), flush=True)
    else:
        print(f"{part} on {path}; Ctrl-C ends it", flush=True)


def _until_stopped(modem: PtyModem, seconds: int) -> None:
    """Until Ctrl-C, SIGTERM or the time."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        while not seconds or modem.now_ms() < seconds * 1000:
            modem.turn()
    except KeyboardInterrupt:
        print("ended", file=sys.stderr)
    finally:
        modem.close()


# what it does not know as an option is a word: `signal -120`
@app.command("do", context_settings={"ignore_unknown_options": True})
def do(
    words: Annotated[list[str], typer.Argument(help="What is to happen, or `status`.")],
    folder: Folder = RUN,
    as_json: AsJson = False,
) -> None:
    """Do something to a running modem: `trygg modem do coverage off 48h`.

    Words are those of `trygg modem words`; `status` only asks.
    """
    try:
        answer = control.ask(folder, " ".join(words))
    except (OSError, ValueError) as error:
        raise _stop(f"nobody answers in {folder}: {error}; start one: trygg modem run") from None
    if as_json:
        typer.echo(json.dumps(answer))
    elif answer["ok"]:
        for key, value in answer.items():
            if key != "ok":
                typer.echo(f"{key:16} {value}")
    if not answer["ok"]:
        raise _stop(answer["error"])


@app.command("words")
def words(as_json: AsJson = False) -> None:
    """List what `trygg modem do` understands."""
    if as_json:
        typer.echo(json.dumps(WORDS, indent=2))
        return
    for word, meaning in WORDS.items():
        typer.echo(f"{word:52} {meaning}")


@app.command("parts")
def parts(as_json: AsJson = False) -> None:
    """List the parts, their firmwares and quirks."""
    if as_json:
        typer.echo(json.dumps({name: _part_data(part) for name, part in PARTS.items()}, indent=2))
        return
    for name, part in PARTS.items():
        typer.echo(f"{name:10} {part.words}")
        for firmware in part.firmwares:
            quirks = ", ".join(sorted(firmware.quirks))
            typer.echo(
                f"{'':10}   {firmware.version:20} {quirks and quirks + ': '}{firmware.words}"
            )


def _part_data(part: Part) -> dict[str, object]:
    return {
        "words": part.words,
        "model": part.model,
        "firmwares": {one.version: sorted(one.quirks) for one in part.firmwares},
        "commands": sorted({name for family in part.families for name in _commands(family)}),
    }


def _commands(family: type) -> set[str]:
    return {
        f"AT{name}"
        for method in vars(family).values()
        for name, _ in getattr(method, "answers", ())
    }


@app.command("faults")
def faults(as_json: AsJson = False) -> None:
    """List the faults: what each does, where it strikes by default, its values."""
    if as_json:
        typer.echo(json.dumps({row.name: _fault_data(row) for row in ROWS}, indent=2))
        return
    for number, behaviour in enumerate(BEHAVIOURS, 1):
        typer.echo(f"\n{number}. {behaviour}")
        for row in ROWS:
            if row.behaviour == number:
                values = " ".join(f"{key}={span.default}" for key, span in row.ranges.items())
                where = f"{row.stage} of {row.on}"
                typer.echo(f"   {row.name:18} {row.words} [{where}] {values}")


def _fault_data(row: Kind) -> dict[str, object]:
    return {
        "behaviour": row.behaviour,
        "words": row.words,
        "stage": row.stage,
        "on": row.on,
        "values": {key: span.default for key, span in row.ranges.items()},
    }
