"""`trygg campaign`: the long runs behind docs/simulation.md, one JSON line each."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

CAMPAIGNS = ("false-exits", "energy")
BEGIN, END = "<!-- {name}: written by `trygg campaign`, tested -->", "<!-- end of {name} -->"


def command(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Any of {', '.join(CAMPAIGNS)}; all by default.")
    ] = None,
    months: Annotated[int, typer.Option(help="Wearer-months for the false exits.", min=1)] = 24,
    curve_months: Annotated[int, typer.Option(help="Wearer-months for each point.", min=1)] = 4,
    days: Annotated[int, typer.Option(help="Days of each wearer for the energy.", min=1)] = 7,
    jobs: Annotated[int, typer.Option(help="Processes; 0: one a core.", min=0)] = 0,
    write: Annotated[
        Path | None,
        typer.Option(help="Write JSON, picture and the page's tables into this folder."),
    ] = None,
) -> None:
    """Simulate wearer-years on all cores and print one JSON line a campaign.

    false-exits: how often an exit is said that was none, at the defaults and as a curve against
    the delay. energy: what a day costs on each board, beside a fixed interval with the same worst
    case. An hour or two of CPU in all; `make simulate` writes the results into docs/.

    Example: `trygg campaign energy --days 1`
    """
    wanted = names or list(CAMPAIGNS)
    for name in wanted:
        if name not in CAMPAIGNS:
            typer.echo(
                f"trygg campaign: wanted one of {', '.join(CAMPAIGNS)}, got {name}", err=True
            )
            raise typer.Exit(2)
    for name in wanted:
        figures, said = _measure(name, months, curve_months, days, jobs)
        typer.echo(said)
        if write is not None:
            publish(name, figures, said, write)


def _measure(
    name: str, months: int, curve_months: int, days: int, jobs: int
) -> tuple[dict[str, Any], str]:
    from trygg_tools.simulate import days_on_battery, false_exits, many

    if name == "energy":
        figures = days_on_battery.campaign(days, jobs)
        return figures, many.line(name, f"trygg campaign energy --days {days}", figures)
    figures = false_exits.campaign(months, curve_months, jobs=jobs)
    told = f"trygg campaign false-exits --months {months} --curve-months {curve_months}"
    return figures, many.line(name, told, figures)


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
