"""Pictures of runs, by matplotlib; without it the text says how to get it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trygg_tools.simulate.fences import Area
from trygg_tools.simulate.run import Run, Scene


class NoMatplotlib(RuntimeError):
    """There is no matplotlib here."""


def check() -> None:
    """NoMatplotlib if there is none."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise NoMatplotlib(
            f"plots need matplotlib ({error}); install it with: pip install 'trygg[plots]'"
        ) from None


def canvas(columns: int, rows: int, width: float = 11.0, height: float = 7.0) -> Any:
    """(figure, axes) drawn into memory, never into a window."""
    check()
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    return pyplot.subplots(rows, columns, figsize=(width, height), layout="constrained")


def write(figure: Any, path: Path, said: Mapping[str, str] | None = None) -> None:
    """Save as PNG, with `said` as texts in it; the same figure gives the same bytes."""
    from matplotlib import pyplot

    figure.savefig(path, format="png", dpi=110, metadata={"Software": None, **(said or {})})
    pyplot.close(figure)


def comparison(scene: Scene, runs: list[Run], rows: list[dict[str, Any]], path: Path) -> None:
    """Four panels: the map, latency, charge, the battery's course."""
    figure, axes = canvas(2, 2)
    _map(axes[0][0], scene, runs[0])
    _latency(axes[0][1], rows)
    _charge(axes[1][0], rows)
    _course(axes[1][1], rows)
    figure.suptitle(f"{scene.track.name}, {rows[0]['days']} days, {scene.board.name}")
    write(figure, path)


def _map(axis: Any, scene: Scene, run: Run) -> None:
    until_s = scene.track.start_s + scene.length_s
    points = [point for point in scene.track.points if point.s <= until_s]
    axis.plot([p.longitude for p in points], [p.latitude for p in points], lw=0.6, label="truth")
    said = run.said[:: max(1, len(run.said) // 4000)]
    axis.plot([one[2] for one in said], [one[1] for one in said], ".", ms=1.5, label="said")
    for area in scene.areas:
        _draw(axis, area)
    axis.set_title("where the wearer was, and what the receiver said")
    axis.set_aspect(2.0 if abs(points[0].latitude) > 55 else 1.2)
    axis.tick_params(labelsize=6)
    axis.legend(fontsize=7)


def _draw(axis: Any, area: Area) -> None:
    import math

    from trygg_tools.route import moved

    corners = list(area.corners)
    if area.radius_m:
        turns = [math.radians(degrees) for degrees in range(0, 360, 5)]
        corners = [
            moved(*area.middle, area.radius_m * math.cos(turn), area.radius_m * math.sin(turn))
            for turn in turns
        ]
    corners.append(corners[0])
    axis.plot([c[1] for c in corners], [c[0] for c in corners], "k--", lw=0.8)


def _latency(axis: Any, rows: list[dict[str, Any]]) -> None:
    names = [row["policy"] for row in rows]
    for key, colour in (("worst", "tab:orange"), ("median", "tab:blue")):
        values = [(row["latency_s"]["from_line"] or {}).get(key, 0) for row in rows]
        axis.barh(names, values, color=colour, label=key)
    axis.invert_yaxis()
    axis.set_title("seconds from the line to the alarm")
    axis.legend(fontsize=7)


def _charge(axis: Any, rows: list[dict[str, Any]]) -> None:
    names = [row["policy"] for row in rows]
    left = [0.0] * len(rows)
    for activity in ("sleep", "awake", "receiver", "radio", "anchor"):
        values = [row["mah_a_day"][activity] for row in rows]
        axis.barh(names, values, left=left, label=activity)
        left = [before + value for before, value in zip(left, values, strict=True)]
    axis.invert_yaxis()
    axis.set_title("mAh a day")
    axis.legend(fontsize=7)


def _course(axis: Any, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        axis.plot(row["battery"]["percent_by_hour"], label=row["policy"])
    axis.set_title(f"battery of {rows[0]['battery']['mah']} mAh, percent by hour")
    axis.set_ylim(0, 100)
    axis.legend(fontsize=7)
