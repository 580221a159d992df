"""How long one fence decision takes, under real MicroPython, scaled to an ESP32 at 80 MHz.

`python -m trygg_tools.bench.fence` prints one JSON line. The decision is FenceSet.judge with 16
polygons of 64 corners each, all round the wearer, who is some 30 m elsewhere at each fix, so that
nothing of the last decision is still true. `round` are regular polygons about their home, where
many edges are nearly the nearest; `jagged` have corners in and out. The median of 500 fixes, the
best of five runs, because other programs can only slow it down.

The scale. Programs of MicroPython's own tests/perf_bench (N=100 M=100) were run with this
interpreter on a machine where one turn of CALIBRATION took CALIBRATED_NS, and their scores divided
by those that MicroPython's author published for an ESP32 at 160 MHz (micropython commit 549448e8bb,
2021-10-16, GENERIC build, "diff of scores"); times two, because the clock is halved:
    program          here    ESP32 160 MHz   ratio   at 80 MHz   stands for
    bm_nqueens     370645          2372.87     156         312   bytecode
    bm_hexiom        5107            32.79     156         311
    misc_aes        51696           345.69     150         299
    misc_pystone   247321          1801.87     137         274
    bm_fannkuch      7802            69.31     113         225
    viper_call0     30151           273.17     110         221   machine code
    bm_pidigits     67778           664.40     102         204   large numbers
Bytecode is scaled by the worst of its five. All is corrected by how fast CALIBRATION runs here and
now. On the chip 31 bits are a small integer, here 63; so the LARGE_NUMBERS that a fix costs there
(counted by a test) are added at what one costs here beyond 63 bits. A collection of garbage is not
part of a decision.

A wake from deep sleep is a start: `ready_us` is what it takes to have the 16 fences again from the
file of their ready shapes (fence_ready.py, with every check), scaled as bytecode in `ready_ms`; the
file is in RAM here, so a chip adds what its flash takes to give `ready_bytes`. `computed_ms` is the
same from rows as an order's (that are made up meanwhile, not read from one), without that file.

`heap_left` is what is still allocated after a decision and a collection, beyond what was before;
`heap_used` what one takes meanwhile (64-bit objects; about half on the chip). `set_bytes` is the
heap that the 16 fences take.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from trygg_tools.bench import report
from trygg_tools.firmware_image import firmware_folder

MICROPYTHON = Path(sys.executable).parent / "micropython"
HEAP = "384k"
BYTECODE_SCALE, MACHINE_CODE_SCALE, LARGE_NUMBER_SCALE = 312, 221, 204
CALIBRATED_NS = 29.2
LARGE_NUMBERS = 93  # at most, by tests/firmware/cpython/test_geo_exact.py
LIMIT_MS = 20

# Runs under MicroPython. argv: the folder to import from, then the kind of fences.
SCRIPT = """
import gc, sys, time
sys.path.insert(0, sys.argv[1])
file = bytearray(12000)
view = memoryview(file)
from array import array
from tracker import fence_ready, shape
from tracker.geo import Place
from tracker.shape import measure
from tracker.fence import FenceSet
from tracker.fix import Fix
from tracker.settings import Settings
from tracker.shape_plain import measure as plain
assert shape.measure is not plain, "no machine code in this MicroPython"

LAT, LON, START_S = 59913900, 10745200, 217000000
SINES = []
north, east = 0, 1 << 20
for _ in range(64):
    SINES.append(north)
    north, east = north + (east * 6424 >> 16), east - ((north + (east * 6424 >> 16)) * 6424 >> 16)

def ring(number):
    points = []
    for i in range(64):
        metres = 200 + 40 * number
        if sys.argv[2] == "jagged":
            metres += 7 * (i * i % 11)
        points.append({
            "lat_e6": LAT + (SINES[i] * metres * 9 >> 20),
            "lon_e6": LON + (SINES[(i + 16) % 64] * metres * 18 >> 20),
        })
    return points

def rows():
    for number in range(1, 17):
        yield {"number": number, "keep": 0, "private": 0, "buffer_dm": 0, "radius_dm": 0,
               "shape": 1, "lat_e6": LAT, "lon_e6": LON, "rings": [{"points": ring(number)}],
               "schedule": []}

class Rows:  # gone through twice, never all at once
    def __iter__(self):
        return rows()

def fix(i):
    lat, lon = LAT + (SINES[7 * i % 64] * 270 >> 20), LON + (SINES[(11 * i + 9) % 64] * 540 >> 20)
    return Fix(START_S + 4 * i, lat, lon, 40, 10, 90, 8, 4000 * i)

gc.collect()
before = gc.mem_alloc()
fences = FenceSet(Settings())
began = time.ticks_us()
assert fences.replace(1, {"utc_offset_min": 0, "dst": 0, "fences": Rows()}) == 0
computed = time.ticks_diff(time.ticks_us(), began)
gc.collect()
set_bytes = gc.mem_alloc() - before
spent = [1 << 30] * 64  # of each place the best of all rounds
machine_code = [1 << 30] * 64
way = array("i", (0, 0))
shapes = [fence.shape.data for fence in fences.in_force()]
assert len(shapes) == 16, "not all fences are in force"
for i in range(64 * 15):
    one = fix(i)
    began = time.ticks_us()
    fences.judge(one)
    spent[i % 64] = min(spent[i % 64], time.ticks_diff(time.ticks_us(), began))
    place = Place(one.lat_e6, one.lon_e6)
    x, y, z = place.x_cm, place.y_cm, place.z_cm
    began = time.ticks_us()
    for data in shapes:
        measure(data, x, y, z, way)
    took = time.ticks_diff(time.ticks_us(), began)
    machine_code[i % 64] = min(machine_code[i % 64], took)
assert fences.refused == 0
spent.sort()
machine_code.sort()
fences.judge(fix(2000))
gc.collect()
gc.disable()
before = gc.mem_alloc()
fences.judge(fix(2001))
used = gc.mem_alloc() - before
gc.enable()
gc.collect()
left = gc.mem_alloc() - before

size = 0
for part in fence_ready.parts(fences, 77):
    file[size : size + len(part)] = part
    size += len(part)

class Flash:  # with one file
    def open(self, name, mode):
        self.at = 0
        return self

    def read(self, count):
        before, self.at = self.at, min(size, self.at + count)
        return bytes(view[before : self.at])

    def close(self):
        pass

def wake():
    gc.collect()
    again = FenceSet(Settings())
    began = time.ticks_us()
    assert fence_ready.restore(again, Flash, 77)
    spent = time.ticks_diff(time.ticks_us(), began)
    assert len(again.all()) == 16
    return spent

Flash = Flash()
fences.take(0, (0, 0), ())
ready = min([wake() for _ in range(9)])

def turns(number, other):
    total = 0
    began = time.ticks_us()
    for i in range(500):
        total = number * other >> 30
    return time.ticks_diff(time.ticks_us(), began)

def loop():
    total = 0
    began = time.ticks_us()
    for i in range(20000):
        total += i
    return time.ticks_diff(time.ticks_us(), began)

def best_turns(number, other):
    best = 1 << 30
    for _ in range(9):
        gc.collect()
        gc.disable()
        best = min(best, turns(number, other))
        gc.enable()
    return best

large = best_turns(1 << 45, 1 << 36) - best_turns(1 << 15, 1 << 15)
calibration = min([loop() for _ in range(5)])
# us of a thousand large numbers, a product and a shift each time; of ten thousand turns
print(spent[32], machine_code[32], used, left, set_bytes, large, calibration // 2,
      ready, size, computed)
"""
CALIBRATION = "for i in range(20000): total += i"


def measure(kind: str, folder: Path) -> dict[str, int]:
    """Figures of one run with `round` or `jagged` fences; ns, us and bytes as named."""
    command = [str(MICROPYTHON), "-X", f"heapsize={HEAP}", "-c", SCRIPT, str(folder), kind]
    done = subprocess.run(  # noqa: S603  our own interpreter and script
        command, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"measuring fences under {MICROPYTHON}: {done.stderr or done.stdout}")
    names = (
        "us",
        "machine_us",
        "heap_used",
        "heap_left",
        "set_bytes",
        "large_ns",
        "calibration_tenth_ns",
        "ready_us",
        "ready_bytes",
        "computed_us",
    )
    return dict(zip(names, map(int, done.stdout.split()), strict=True))


def scaled_ms(figures: dict[str, int]) -> float:
    """Milliseconds of a decision on an ESP32 at 80 MHz."""
    bytecode_us = figures["us"] - figures["machine_us"]
    scaled_us = (
        bytecode_us * BYTECODE_SCALE
        + figures["machine_us"] * MACHINE_CODE_SCALE
        + LARGE_NUMBERS * figures["large_ns"] / 1000 * LARGE_NUMBER_SCALE
    )
    return scaled_us * 10 * CALIBRATED_NS / figures["calibration_tenth_ns"] / 1000


def bytecode_ms(figures: dict[str, int], name: str) -> float:
    """The same of what is bytecode alone: the figure `name`, in us."""
    bytecode = {"us": figures[name], "machine_us": 0, "large_ns": 0}
    return scaled_ms(figures | bytecode)


def run(runs_each: int = 5) -> dict[str, Any]:
    """Measure both kinds, the best of some runs each; the worse kind is the figure."""
    runs = {
        kind: [measure(kind, firmware_folder()) for _ in range(runs_each)]
        for kind in ("round", "jagged")
    }
    best = {kind: min(figures, key=scaled_ms) for kind, figures in runs.items()}
    worst = max(best.values(), key=scaled_ms)
    return {
        "fences": 16,
        "corners_each": 64,
        "round_us": best["round"]["us"],
        "jagged_us": best["jagged"]["us"],
        "machine_code_us": worst["machine_us"],
        "large_number_ns": worst["large_ns"],
        "calibration_ns": worst["calibration_tenth_ns"] / 10,
        "esp32_80_mhz_ms": round(scaled_ms(worst), 1),
        "wanted_ms": LIMIT_MS,
        "heap_left": max(figures["heap_left"] for figures in best.values()),
        "heap_used": worst["heap_used"],
        "set_bytes": worst["set_bytes"],
        "ready_us": worst["ready_us"],
        "ready_bytes": worst["ready_bytes"],
        "ready_ms": round(bytecode_ms(worst, "ready_us"), 1),
        "computed_ms": round(bytecode_ms(worst, "computed_us")),
    }


def main() -> None:
    """Print the figures with the command and the machine."""
    command = "python -m trygg_tools.bench.fence"
    print(json.dumps({"bench": "fence", **run(), "command": command, "machine": report.machine()}))


if __name__ == "__main__":
    main()
