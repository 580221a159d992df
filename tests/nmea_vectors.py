"""The small logs in tests/vectors/nmea and how they are made again: `python tests/nmea_vectors.py`.

Each is one thing a receiver does. The places are far apart on purpose: all four hemispheres, the
180th meridian, the equator.
"""

from pathlib import Path

from trygg_tools.route import Route, Stop, Wear, generate, write_log

FOLDER = Path(__file__).parent / "vectors" / "nmea"
CALM = Wear(gap=0, damage=0)

# name, note, route, start (unix), seed
LOGS = (
    (
        "midnight",
        "a year ends in the middle: 2026-12-31 23:59:50 to 2027-01-01 00:00:20",
        Route("midnight", (Stop(58.969976, 5.733107, pause_s=30),), wear=CALM),
        1_798_761_590,
        11,
    ),
    (
        "damaged",
        "one line in ten is damaged, one second in twenty is missing",
        Route(
            "damaged",
            (Stop(65.012089, 25.465077), Stop(65.012900, 25.467100, 1.4, 20)),
            wear=Wear(gap=0.05, damage=0.1),
        ),
        1_781_427_600,
        12,
    ),
    (
        "indoors",
        "the fix gets worse, is lost for 25 s and comes back",
        Route(
            "indoors",
            (Stop(55.676098, 12.568337, pause_s=5), Stop(55.6762, 12.5685, 1.0, 25, indoors=True)),
            wear=CALM,
        ),
        1_781_427_600,
        13,
    ),
    (
        "meridian",
        "a walk eastward over the 180th meridian, south of the equator",
        Route("meridian", (Stop(-16.8, 179.9999), Stop(-16.8, 180.0001, 1.5, 5)), wear=CALM),
        1_781_427_600,
        14,
    ),
    (
        "equator",
        "a walk southward over the equator, west of Greenwich",
        Route("equator", (Stop(0.00012, -78.45), Stop(-0.00012, -78.4501, 1.5, 5)), wear=CALM),
        1_781_427_600,
        15,
    ),
)


def header(note: str, seed: int) -> dict[str, str]:
    """Give a log's header."""
    return {
        "receiver": "simulated multi-constellation receiver, 1 Hz, 38400 baud",
        "date": "2026-11-22",
        "note": note,
        "licence": "MIT, as the rest of Trygg",
        "provenance": f"self-made by trygg_tools.route, seed {seed} (tests/nmea_vectors.py)",
    }


def write(folder: Path) -> None:
    """Write every log into a folder."""
    for name, note, route, start_unix, seed in LOGS:
        lines = (line for _, line in generate(route, start_unix, seed))
        write_log(folder / f"{name}.nmea", header(note, seed), lines)


if __name__ == "__main__":
    write(FOLDER)
