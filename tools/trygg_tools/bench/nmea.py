"""How fast the tracker reads its receiver, under real MicroPython and beside micropyGPS.

`python -m trygg_tools.bench.nmea` prints one JSON line. The epoch is RMC, GGA, 3 GSA, 8 GSV, VTG
and GLL of several talkers: 15 sentences, 981 bytes. They are fed a minute at a time and each must
give its fix. The best minute of three processes counts, because other programs can only slow it
down; a minute, because the collector's work is part of what a parser costs. The heap is 256 KiB of
64-bit objects, near what a chip leaves, and the collector runs when it wants to. Heap bytes are
what one epoch allocates. `plain` is the same without machine code.

micropyGPS is not shipped; a path to its micropyGPS.py, as argument or in TRYGG_MICROPYGPS, has it
measured with the same bytes in the same interpreter, and adds the ratios.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from trygg_tools.firmware_image import firmware_folder
from trygg_tools.nmea_sentence import sentence

MICROPYTHON = Path(sys.executable).parent / "micropython"
HEAP = "256k"  # 60 KB of it is test data
MINUTES = 9

# Runs under MicroPython. argv: which (fast, plain, peer), folder to import from; epochs on stdin.
SCRIPT = """
import gc, sys, time
which, folder = sys.argv[1], sys.argv[2]
sys.path.insert(0, folder)

def tracker(which):
    from tracker import nmea, nmea_plain
    if which == "plain":
        receiver = nmea.Receiver(nmea_plain.scan)
    else:
        assert nmea.scan is not nmea_plain.scan, "no machine code in this MicroPython"
        receiver = nmea.Receiver()
    def read(epochs):
        good = 0
        for epoch in epochs:
            receiver.feed(epoch, 0)
            if receiver.take():
                good += 1
        return good
    return read, str.encode

def peer():
    from micropyGPS import MicropyGPS
    gps = MicropyGPS()
    def read(epochs):
        update, good = gps.update, 0
        for epoch in epochs:
            for character in epoch:
                if update(character) == "GNRMC":
                    good += 1
        return good
    return read, str

def minute():
    return [form(sys.stdin.readline().replace(" ", "\\r\\n")) for _ in range(60)]

read, form = peer() if which == "peer" else tracker(which)
read(minute())
rates = []
for _ in range(7):
    epochs = minute()
    began = time.ticks_us()
    good = read(epochs)
    spent = time.ticks_diff(time.ticks_us(), began)
    assert good == 60, good
    rates.append(60000000 / spent)
epochs = minute()
first, last = epochs[:1], epochs[1:2]
read(first)
gc.collect()
gc.disable()
before = gc.mem_alloc()
read(last)
heap = gc.mem_alloc() - before
print(max(rates), heap)
"""


def epoch(second: int) -> list[bytes]:
    """Give the fifteen sentences about one second after 2026-11-22 09:15."""
    clock = f"09{15 + second // 60}{second % 60:02d}.00"
    place = f"5954.{76310 + 7 * second:05d},N,01044.{51210 + 9 * second:05d},E"
    sky = "{},08,02,14,041,28,05,46,178,39,12,62,251,44,13,21,102,31"
    views = [
        f"{talker}GSV,2," + sky.format(page)
        for talker in ("GP", "GL", "GA", "GB")
        for page in (1, 2)
    ]
    used = "GSA,A,3,02,05,12,13,15,18,20,25,29,,,,1.31,0.72,1.09"
    return [
        sentence(f"GNRMC,{clock},A,{place},1.234,245.70,221126,,,A"),
        sentence("GNVTG,245.70,T,,M,1.234,N,2.285,K,A"),
        sentence(f"GNGGA,{clock},{place},1,12,0.72,37.4,M,39.9,M,,"),
        *[sentence(talker + used) for talker in ("GP", "GL", "GA")],
        *map(sentence, views),
        sentence(f"GNGLL,{place},{clock},A,A"),
    ]


def epochs_text() -> str:
    """Give some minutes of epochs, one a line, sentences parted by a space."""
    all_seconds = range(60 * MINUTES)
    lines = (b" ".join(line.rstrip() for line in epoch(second)) for second in all_seconds)
    return b" \n".join(lines).decode() + " \n"


def measure(which: str, folder: Path) -> tuple[float, int]:
    """Give epochs a second and heap bytes an epoch of one parser."""
    command = [str(MICROPYTHON), "-X", f"heapsize={HEAP}", "-c", SCRIPT, which, str(folder)]
    done = subprocess.run(  # noqa: S603  our own interpreter and script
        command, input=epochs_text(), capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"measuring {which} under {MICROPYTHON}: {done.stderr or done.stdout}")
    rate, heap = done.stdout.split()
    return float(rate), int(heap)


def best(which: str, folder: Path) -> tuple[float, int]:
    """Give the best of three measurements, each in a process of its own."""
    return max(measure(which, folder) for _ in range(3))


def run(micropygps: Path | None = None) -> dict[str, Any]:
    """Measure; rates are epochs a second, heap is bytes an epoch."""
    named = os.environ.get("TRYGG_MICROPYGPS")
    peer = micropygps or (Path(named) if named else None)
    fast, fast_heap = best("fast", firmware_folder())
    plain, plain_heap = best("plain", firmware_folder())
    figures: dict[str, Any] = {
        "bench": "nmea",
        "epochs_per_s": round(fast),
        "heap_bytes_per_epoch": fast_heap,
        "plain_epochs_per_s": round(plain),
        "plain_heap_bytes_per_epoch": plain_heap,
        "sentences_per_epoch": len(epoch(0)),
        "bytes_per_epoch": len(b"".join(epoch(0))),
    }
    if peer:
        rate, heap = best("peer", peer.parent)
        figures |= {
            "micropygps_epochs_per_s": round(rate, 1),
            "micropygps_heap_bytes_per_epoch": heap,
            "ratio": round(fast / rate),
            "plain_ratio": round(plain / rate),
        }
    return figures


def machine() -> str:
    """Name the processor, the cores and the system."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor()
    return f"{name}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def main() -> None:
    """Print the figures with the command and the machine."""
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    command = " ".join(["python -m trygg_tools.bench.nmea", *sys.argv[1:]])
    print(json.dumps({**run(given), "command": command, "machine": machine()}))


if __name__ == "__main__":
    main()
