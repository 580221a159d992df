"""`trygg campaign`: the long runs behind docs/simulation.md, one JSON line each."""

import json
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

CAMPAIGNS = ("false-exits", "energy")
BEGIN, END = "<!-- {name}: written by `trygg campaign`, tested -->", "<!-- end of {name} -->"


Wearers = Annotated[int, typer.Option(help="Wearers for the false exits at the defaults.", min=1)]
Days = Annotated[int, typer.Option(help="Days of each of them.", min=1)]
CurveWearers = Annotated[int, typer.Option(help="Wearers for each point of the curve.", min=1)]
CurveDays = Annotated[int, typer.Option(help="Days of each of those.", min=1)]
Away = Annotated[int, typer.Option(help="Wearers with outings for the energy.", min=1)]
EnergyDays = Annotated[int, typer.Option(help="Days of each wearer for the energy.", min=1)]
Jobs = Annotated[int, typer.Option(help="Processes; 0: one a core.", min=0)]
Folder = Annotated[
    Path | None, typer.Option(help="Write JSON, picture and the page's tables into this folder.")
]


class Size(NamedTuple):
    """How much a campaign does."""

    wearers: int
    days: int
    curve_wearers: int
    curve_days: int
    energy_days: int
    away: int


def command(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Any of {', '.join(CAMPAIGNS)}; all by default.")
    ] = None,
    wearers: Wearers = 24,
    days: Days = 28,
    curve_wearers: CurveWearers = 3,
    curve_days: CurveDays = 28,
    energy_days: EnergyDays = 7,
    away: Away = 6,
    jobs: Jobs = 0,
    write: Folder = None,
) -> None:
    """Simulate wearer-years on all cores and print one JSON line a campaign.

    false-exits: how often an exit is said that was none, at the defaults and as a curve against
    the delay. energy: what a day costs on each board, beside a fixed interval with the same worst
    case. Half an hour of CPU in all; `make simulate` writes the results into docs/.

    Example: `trygg campaign energy --energy-days 1`
    """
    size = Size(wearers, days, curve_wearers, curve_days, energy_days, away)
    for name in names or CAMPAIGNS:
        if name not in CAMPAIGNS:
            wanted = ", ".join(CAMPAIGNS)
            typer.echo(f"trygg campaign: wanted one of {wanted}, got {name}", err=True)
            raise typer.Exit(2)
    for name in names or CAMPAIGNS:
        figures = _measure(name, size, jobs)
        said = _line(name, size, figures)
        typer.echo(said)
        if write is not None:
            publish(name, figures, said, write)


def _measure(name: str, size: Size, jobs: int) -> dict[str, Any]:
    from trygg_tools.simulate import days_on_battery, false_exits

    if name == "energy":
        return days_on_battery.campaign(size.energy_days, jobs, away=size.away)
    return false_exits.campaign(size.wearers, size.curve_wearers, size.days, size.curve_days, jobs)


def _line(name: str, size: Size, figures: dict[str, Any]) -> str:
    """The JSON line, with the command that gives the same again."""
    from trygg_tools.simulate import many

    if name == "energy":
        told = f"trygg campaign energy --energy-days {size.energy_days} --away {size.away}"
    else:
        told = (
            f"trygg campaign false-exits --wearers {size.wearers} --days {size.days}"
            f" --curve-wearers {size.curve_wearers} --curve-days {size.curve_days}"
        )
    return many.line(name, told, figures)


def publish(name: str, figures: dict[str, Any], said: str, folder: Path) -> None:
    """Write the JSON line, the picture, and the tables of the page simulation.md."""
    from trygg_tools.simulate import false_exits

    stem = name.replace("-", "_")
    text = json.dumps(json.loads(said), indent=1, ensure_ascii=False)
    (folder / f"{stem}.json").write_text(text + "\n", "utf-8")
    if name == "false-exits":
        false_exits.picture(figures, folder / f"{stem}.png")
    page = folder / "simulation.md"
    if page.is_file():
        page.write_text(with_tables(page.read_text("utf-8"), tables(name, figures)), "utf-8")


def tables(name: str, figures: dict[str, Any]) -> dict[str, str]:
    """The page's tables that a campaign gives, by the name of their place."""
    from trygg_tools.simulate import days_on_battery, false_exits

    if name == "energy":
        return {
            "energy": days_on_battery.table(figures),
            "energy-wearers": days_on_battery.wearers_table(figures),
            "energy-inputs": days_on_battery.inputs(),
        }
    return {"false-exits": false_exits.headline(figures), "curve": false_exits.table(figures)}


def with_tables(page: str, parts: dict[str, str]) -> str:
    """The page with the tables put between their marks."""
    for name, part in parts.items():
        begin, end = BEGIN.format(name=name), END.format(name=name)
        before, found, rest = page.partition(begin)
        if found and end in rest:
            page = f"{before}{begin}\n\n{part}\n\n{end}{rest.partition(end)[2]}"
    return page
