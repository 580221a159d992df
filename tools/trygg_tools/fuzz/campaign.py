"""`python -m trygg_tools.fuzz.campaign` (make fuzz): 10 million bytes into each of the parsers.

One JSON line a parser: bytes, pieces, seconds, and the heap that was left grown. The same seed
gives the same bytes. An exception that a parser does not state, a sentence that is not read behind
a harmed one, or more than GROWN_MAX bytes of growth ends the campaign with the piece that did it,
as hexadecimal digits. The NMEA parser is run twice under real MicroPython as well, in machine code
and in bytecode, with HEAP of heap.
"""

import argparse
import gc
import json
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

from trygg_tools.firmware_image import firmware_folder
from trygg_tools.fuzz.noise import Noise
from trygg_tools.fuzz.targets import Target, targets

MICROPYTHON = Path(sys.executable).parent / "micropython"
TOOLS = Path(__file__).parents[2]
HEAP = "512k"  # the good bytes take some
GROWN_MAX = 16_384  # what a thousand caches of CPython take at most; a leak takes megabytes
WATCHED = 20  # the last so-many-th of the bytes is watched for growth


# Runs under MicroPython. argv: fast or plain, bytes, seed, firmware's folder, tools' folder. Prints
# bytes, pieces, sentences, fixes, heap grown over the second half.
SCRIPT = """
import gc, sys
reader, wanted, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sys.path[:0] = sys.argv[4:6]
from tracker import nmea, nmea_plain
from trygg_tools.fuzz.noise import Noise
from trygg_tools.fuzz.sentences import GOOD, SAMPLES
assert nmea.scan is not nmea_plain.scan, "no machine code in this MicroPython"
receiver = nmea.Receiver(nmea_plain.scan if reader == "plain" else nmea.scan)
noise = Noise(seed)

def feed(wanted):
    fed = pieces = 0
    while fed < wanted:
        piece = noise.piece(SAMPLES)
        cut = noise.below(len(piece) + 1)
        receiver.feed(piece[:cut], fed)
        receiver.feed(piece[cut:], fed)
        before = receiver.counters.sentences
        receiver.feed(GOOD, fed)
        assert receiver.counters.sentences == before + 1, ("not in step after", piece)
        receiver.take()
        fed += len(piece) + len(GOOD)
        pieces += 1
    return fed, pieces

fed, pieces = feed(wanted // 2)
gc.collect()
before = gc.mem_alloc()
more, more_pieces = feed(wanted - fed)
gc.collect()
said = receiver.counters
print(fed + more, pieces + more_pieces, said.sentences, said.fixes, gc.mem_alloc() - before)
"""


class Finding(Exception):
    """A parser did what it must not; the text has the piece that made it."""


def feed(target: Target, noise: Noise, wanted: int) -> int:
    """Feed at least `wanted` bytes; the number of pieces."""
    pieces = fed = 0
    while fed < wanted:
        piece = noise.piece(target.samples)
        try:
            target.take(piece)
        except Exception as error:
            raise Finding(f"{target.name}: {error!r} from {piece.hex()}") from error
        fed += max(1, len(piece))
        pieces += 1
    return pieces


def grown(target: Target, noise: Noise, wanted: int) -> int:
    """Feed `wanted` bytes twice; the bytes of heap that the second half left behind."""
    tracemalloc.start()
    try:
        feed(target, noise, wanted)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        feed(target, noise, wanted)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def fuzz(target: Target, wanted: int, seed: int) -> dict[str, Any]:
    """Harm one parser's input; its figures, or Finding."""
    noise = Noise(seed)
    began = time.monotonic()
    watched = wanted // WATCHED // 2
    pieces = feed(target, noise, wanted - 2 * watched)
    left = grown(target, noise, watched)
    if left > GROWN_MAX:
        raise Finding(f"{target.name}: {left} bytes of heap grown over {watched} bytes of input")
    seconds = round(time.monotonic() - began, 1)
    found = {"fuzz": target.name, "bytes": wanted, "pieces": pieces, "seconds": seconds}
    return found | {"grown_bytes": left}


def fuzz_on_micropython(reader: str, wanted: int, seed: int) -> dict[str, Any]:
    """The NMEA parser under real MicroPython; its figures, or Finding."""
    command = [str(MICROPYTHON), "-X", f"heapsize={HEAP}", "-c", SCRIPT]
    command += [reader, str(wanted), str(seed), str(firmware_folder()), str(TOOLS)]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise Finding(f"nmea {reader} under MicroPython: {done.stderr or done.stdout}")
    fed, pieces, sentences, fixes, left = map(int, done.stdout.split())
    if left > 1024:
        raise Finding(f"nmea {reader} under MicroPython: {left} bytes of heap grown")
    found = {"fuzz": f"nmea {reader}, MicroPython", "bytes": fed, "pieces": pieces}
    found |= {"seconds": round(time.monotonic() - began, 1), "grown_bytes": left}
    return found | {"sentences": sentences, "fixes": fixes}


def main() -> None:
    """Run all of it, or the parsers whose name has `--only` in it."""
    parser = argparse.ArgumentParser(description="Harm the input of every parser of the tracker.")
    parser.add_argument("--bytes", type=int, default=10_000_000, help="into each parser")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--only", default="", help="parsers with this in their name")
    given = parser.parse_args()
    for reader in ("fast", "plain"):
        if given.only in f"nmea {reader}, MicroPython":
            print(json.dumps(fuzz_on_micropython(reader, given.bytes, given.seed)), flush=True)
    for target in targets():
        if given.only in target.name:
            print(json.dumps(fuzz(target, given.bytes, given.seed)), flush=True)


if __name__ == "__main__":
    main()
