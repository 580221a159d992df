"""From an alarm's decision to the gateway over each modem, and what each driver takes of the board.

`python -m trygg_tools.bench.modem` prints one JSON line (`--write docs`: into the page, too). Times
are simulated: the whole firmware before a simulated modem, SEEDS journeys of
each dialect and way (trygg_tools/modem_faults/journey.py), in ms:
    asleep   a call for help, the modem in PSM (SIM7600 and A7670, which have none: off)
    edrx     a record made while an alarm is open and the modem sleeps between two pages
    cold     the first record of a start, tracker and modem without supply before
    order    from the gateway's word to the tracker's answer, while an alarm is open
    budget   what none of them may exceed; a test holds it (asleep in PSM: PSM_BUDGET_MS)
Of the driver: `heap` bytes that it takes beside the firmware on the wheel's 64-bit MicroPython,
`heap_chip` about what that is on the chip (`make bits32`), `mpy` bytes of its code in ROM, `idle`
bytes that a thousand polls allocate when there is nothing to do, connected and in PSM.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tracker.modem import wiring
from trygg_tools.bench import report
from trygg_tools.bench.modem_idle import idle_bytes
from trygg_tools.bench.report import BenchError
from trygg_tools.firmware_image import compiled, firmware_folder, linked_folder, rom_image
from trygg_tools.modem_faults import pages
from trygg_tools.modem_faults.journey import OVER_S, TAKEN_S, Journey
from trygg_tools.modem_faults.plan import DIALECTS
from trygg_wire import codec, layouts

WAYS = ("mqtt", "socket")
SEEDS = 5
BUDGET_MS = {"asleep": 20000, "edrx": 1000, "cold": 25000, "order": 21000}
PSM_BUDGET_MS = 8000  # asleep, of a dialect that is in PSM then
DOZES_S = 20  # after the alarm was told
CHIP_QUOTIENT = 176  # percent that 64-bit objects take of the chip's (make bits32)
MICROPYTHON = Path(sys.executable).with_name("micropython")
HEAP = "heapsize=1m"

# Runs under MicroPython. argv: the ROM image, the dialect, the way.
SCRIPT = """
import gc, sys, vfs
vfs.mount(vfs.VfsRom(memoryview(open(sys.argv[1], "rb").read())), "/rom")
sys.path[:] = ["/rom"]
class Chip:
    def __getattr__(self, name):
        return Chip()
for name in ("machine", "network", "esp32", "bluetooth"):
    sys.modules[name] = Chip()
import tracker.app
class Nothing:
    def read(self): return b""
    def write(self, data): return len(data)
    def baud(self, rate): pass
    def rail(self, name, on): return True
    def sense(self, name): return -1
    def utc(self): return 200000000
class Parts:
    link = power = flash = clock = Nothing()
parts = Parts()
config = {"device": "kari", "password": b"a password", "tls": None,
          "modem": {"dialect": sys.argv[2], "ways": [sys.argv[3]], "apn": "iot"}}
known = set(sys.modules)
gc.collect()
before = gc.mem_alloc()
from tracker.modem.wiring import publisher
client = publisher(parts, config, "kari", "trygg/v1/lier/kari/down", 60)
gc.collect()
heap = gc.mem_alloc() - before
print(heap)
print(",".join(sorted(set(sys.modules) - known)))
"""


def run() -> dict[str, Any]:
    """Times of each dialect and way, and what each driver takes."""
    figures: dict[str, Any] = {"budget_ms": BUDGET_MS}
    with tempfile.TemporaryDirectory(prefix="trygg-bench-modem-") as folder:
        sizes = code_sizes(Path(folder))
        image = Path(folder) / "rom"
        image.write_bytes(rom_image(firmware_folder(), "x64"))
        for dialect in DIALECTS:
            for way in WAYS:
                figures[f"{dialect} {way}"] = {
                    **times_of(dialect, way),
                    **driver_of(image, sizes, dialect, way),
                }
    return figures


def times_of(dialect: str, way: str, seeds: int = SEEDS) -> dict[str, dict[str, int]]:
    """{what: {p50, max}} in ms."""
    taken: dict[str, list[int]] = {name: [] for name in BUDGET_MS}
    for seed in range(seeds):
        for name, values in journey_of(dialect, way, seed).items():
            taken[name] += values
    return {
        f"{name}_ms": {"p50": round(statistics.median(values)), "max": max(values)}
        for name, values in taken.items()
    }


def journey_of(dialect: str, way: str, seed: int) -> dict[str, list[int]]:
    """What one journey took; BenchError if a record did not arrive."""
    journey = Journey(dialect, way, seed)
    journey.tracker.run(OVER_S)
    arrived, alarm = journey.arrived, journey.alarm
    missing = [one for one in journey.made if one not in arrived and one != max(journey.made)]
    if alarm not in arrived or missing:
        raise BenchError(f"{dialect} over {way}: {missing} of {len(journey.made)} did not arrive")
    quiet_ms = arrived[alarm] + DOZES_S * 1000
    waited = {one: arrived[one] - ms for one, ms in journey.made.items() if one in arrived}
    dozing = [one for one, ms in journey.made.items() if quiet_ms < ms < TAKEN_S * 1000]
    answers = [one for one in arrived if _is_answer(journey.tracker.gateway.records[one])]
    return {
        "asleep": [waited[alarm]],
        "edrx": [waited[one] for one in dozing],
        "cold": [waited[min(journey.made)]],
        "order": [arrived[min(answers)] - TAKEN_S * 1000],
    }


def _is_answer(frame: bytes) -> bool:
    return bool(codec.kind_of(frame) == layouts.ANSWER)


def code_sizes(folder: Path) -> dict[str, int]:
    """{module: bytes of its .mpy} of the linked firmware, as the chip gets it."""
    source = folder / "linked"
    source.mkdir()
    linked_folder(firmware_folder(), source)
    found = {}
    for path in source.rglob("*.py"):
        name = path.relative_to(source).as_posix()
        module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        found[module] = len(compiled(path, name, "xtensawin"))
    return found


def driver_of(image: Path, sizes: dict[str, int], dialect: str, way: str) -> dict[str, int]:
    """Heap and code of one dialect's driver."""
    ran = subprocess.run(  # noqa: S603 - our own script
        [MICROPYTHON, "-X", HEAP, "-c", SCRIPT, image, dialect, way],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode:
        raise BenchError(f"{dialect} over {way}: {ran.stderr or ran.stdout}")
    heap, modules = ran.stdout.split()
    return {
        "heap": int(heap),
        "heap_chip": int(heap) * 100 // CHIP_QUOTIENT,
        "mpy": sum(sizes[name] for name in modules.split(",")),
        "idle": idle_bytes(dialect, way),
    }


def budget_ms(dialect: str, name: str) -> int:
    """What it may take at most."""
    in_psm = name == "asleep" and wiring.find(dialect).HAS_PSM
    return PSM_BUDGET_MS if in_psm else BUDGET_MS[name]


def table(figures: dict[str, Any]) -> str:
    """The table of docs/modems.md."""
    head = ["dialect, way", *BUDGET_MS, "heap", "of the chip's", "code", "idle"]
    rows = [head, ["---"] * len(head)]
    for dialect in DIALECTS:
        for way in WAYS:
            its = figures[f"{dialect} {way}"]
            times = [its[f"{name}_ms"] for name in BUDGET_MS]
            row = [f"{dialect}, {way}", *(f"{one['p50']:,} / {one['max']:,}" for one in times)]
            row += [f"{its[name]:,}" for name in ("heap", "heap_chip", "mpy", "idle")]
            rows.append(row)
    most = [f"{figures['budget_ms'][name]:,}" for name in BUDGET_MS]
    most[0] += f", in PSM {PSM_BUDGET_MS:,}"
    rows.append(["budget", *most, "", "", "", "0"])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main() -> None:
    """The command; `--write FOLDER` puts the figures into its page, too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="this folder's modem_bench.json and modems.md")
    folder = parser.parse_args().write
    line = report.say("modem", run())
    if folder:
        text = json.dumps(line, indent=1, ensure_ascii=False)
        (folder / "modem_bench.json").write_text(text + "\n", "utf-8")
        page = folder / "modems.md"
        page.write_text(pages.with_parts(page.read_text("utf-8"), {"bench": table(line)}), "utf-8")


if __name__ == "__main__":
    main()
