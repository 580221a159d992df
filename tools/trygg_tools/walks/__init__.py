"""Three walks for the demo, self-made: where their fences are, and how the logs are made again.

`python -m trygg_tools.walks` writes the logs and walks.json beside this file; a test compares.
The names are invented, the places are real, nobody was followed. All three are within 2.5 km of
each other, so that one look at the map shows every fence.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trygg_tools.route import Route, Stop, generate, moved, write_log

FOLDER = Path(__file__).parent
START_UNIX = 1_781_427_600  # 2026-06-14 09:00:00 UTC

Place = tuple[float, float]
FROGNER: Place = (59.92700, 10.70100)  # Frognerparken, Oslo
URANIENBORG: Place = (59.92220, 10.72400)  # Uranienborgparken, Oslo
SKOYEN: Place = (59.92080, 10.68500)  # Skøyen, Oslo


@dataclass(frozen=True)
class Walk:
    """One wearer's walk and the fence that is agreed for them."""

    route: Route
    seed: int
    fence: dict[str, Any]
    private: bool
    note: str

    @property
    def file(self) -> str:
        """Name of the log beside this file."""
        return f"{self.route.name}.nmea"

    def row(self) -> dict[str, Any]:
        """Give the walk's row of walks.json."""
        named = {"name": self.route.name.title(), "file": self.file}
        return {**named, "fence": self.fence, "private": self.private}


def stop(middle: Place, north_m: float, east_m: float, speed: float, pause_s: int = 0) -> Stop:
    """Give a stop by its metres from the middle."""
    return Stop(*moved(*middle, north_m, east_m), speed_m_s=speed, pause_s=pause_s)


def fence(
    name: str, middle: Place, *, private: bool, buffer_m: int, **shape: Any
) -> dict[str, Any]:
    """Give a keep-in fence number 1, in degrees and metres; `shape` is radius_m or rings."""
    kind = "circle" if "radius_m" in shape else "polygon"
    head = {"number": 1, "name": name, "keep": "in", "private": private, "buffer_m": buffer_m}
    return {**head, "shape": kind, "lat": middle[0], "lon": middle[1], **shape}


def ring(middle: Place, corners_m: tuple[tuple[float, float], ...]) -> list[list[float]]:
    """Give corners as [lat, lon] by their metres north and east of the middle."""
    places = (moved(*middle, north, east) for north, east in corners_m)
    return [[round(latitude, 6), round(longitude, 6)] for latitude, longitude in places]


def astrid() -> Walk:
    """She waits, walks straight out of her fence, and is brought home on a bicycle."""
    stops = (
        stop(FROGNER, 81, 81, 1.0, 22),  # 115 m from the middle: 35 m from the boundary
        stop(FROGNER, 290, 300, 1.6),
        stop(FROGNER, 420, 470, 1.6),
        stop(FROGNER, 500, 560, 1.6, 25),  # 750 m from the middle: 600 m outside
        stop(FROGNER, 290, 300, 3.5),
        stop(FROGNER, 60, 60, 3.5, 30),
    )
    area = fence("Frognerparken", FROGNER, private=True, buffer_m=10, radius_m=150)
    note = "circle of 150 m, starts 115 m from its centre, crosses at about 43 s, clear at 52 s"
    return Walk(Route("astrid", stops), 1, area, True, note)


def bjorn() -> Walk:
    """He potters about in the park and never comes near its edge."""
    corners = ((140, -90), (150, 60), (60, 150), (-110, 130), (-150, 0), (-80, -130))
    stops = (
        stop(URANIENBORG, 0, 0, 1.0, 40),
        stop(URANIENBORG, 40, 25, 0.7, 45),
        stop(URANIENBORG, 70, -20, 0.8, 30),
        stop(URANIENBORG, 20, -55, 0.9, 60),
        stop(URANIENBORG, -40, -40, 0.8, 20),
        stop(URANIENBORG, -70, 20, 0.9, 50),
        stop(URANIENBORG, -10, 60, 0.7, 35),
        stop(URANIENBORG, 0, 0, 0.8, 20),
    )
    rings = [ring(URANIENBORG, corners)]
    area = fence("Uranienborgparken", URANIENBORG, private=True, buffer_m=10, rings=rings)
    note = "polygon of six corners, stays at least 40 m inside the whole time"
    return Walk(Route("bjorn", stops), 2, area, True, note)


def solveig() -> Walk:
    """She goes indoors for a minute, then close to her fence's edge, and turns back."""
    shop = stop(SKOYEN, 60, -120, 1.2, 60)
    stops = (
        stop(SKOYEN, 10, 10, 1.0, 20),
        Stop(shop.latitude, shop.longitude, 1.2, 60, indoors=True),
        stop(SKOYEN, 150, -60, 1.3, 10),
        stop(SKOYEN, 200, 210, 1.4, 15),  # 290 m from the middle: 10 m inside
        stop(SKOYEN, 60, 40, 1.2, 30),
    )
    area = fence("Skøyen", SKOYEN, private=False, buffer_m=10, radius_m=300)
    note = "circle of 300 m, no fix for a minute at about 3 min, up to 290 m from the centre"
    return Walk(Route("solveig", stops), 3, area, False, note)


WALKS = (astrid(), bjorn(), solveig())


def header(walk: Walk) -> dict[str, str]:
    """Give the header of a walk's log."""
    area = walk.fence
    shape = f"radius {area['radius_m']} m" if "radius_m" in area else f"rings {area['rings']}"
    return {
        "receiver": "simulated multi-constellation receiver, 1 Hz, 38400 baud",
        "date": "2026-06-14 (of the story; the log was made 2026-11-22)",
        "note": f"{walk.route.name.title()}: {walk.note}",
        "fence": f"{area['shape']}, centre {area['lat']:.5f} {area['lon']:.5f}, {shape}",
        "licence": "MIT, as the rest of Trygg",
        "provenance": f"self-made by trygg_tools.route, seed {walk.seed}",
    }


def write(folder: Path) -> None:
    """Write the three logs and walks.json into a folder."""
    for walk in WALKS:
        lines = (line for _, line in generate(walk.route, START_UNIX, walk.seed))
        write_log(folder / walk.file, header(walk), lines)
    rows = json.dumps([walk.row() for walk in WALKS], indent=2, ensure_ascii=False)
    (folder / "walks.json").write_text(rows + "\n", encoding="utf-8")


def rows() -> list[dict[str, Any]]:
    """Read walks.json: [{name, file, fence, private}]."""
    loaded: list[dict[str, Any]] = json.loads((FOLDER / "walks.json").read_text(encoding="utf-8"))
    return loaded
