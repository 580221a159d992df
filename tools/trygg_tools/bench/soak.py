"""A day of a receiver's talk under real MicroPython: `python -m trygg_tools.bench.soak`, make soak.

86,400 epochs of 15 sentences (RMC, GGA, 3 GSA, 8 GSV, VTG, GLL), one a second over midnight and
over the wrap of the ticks, in the pieces that a UART at 9600 baud gives every 100 ms, into the NMEA
parser with 100 KB of heap (64-bit objects). Every second must give its fix at its place, and what
is in use after a collection must be at the end what it was after the first minute. One JSON line
for machine code and one for bytecode.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trygg_tools.firmware_image import firmware_folder
from trygg_tools.nmea_sentence import sentence

MICROPYTHON = Path(sys.executable).parent / "micropython"
HEAP = "100k"
DAY_S = 86_400
START_S = 43_000  # of the day: midnight comes in the middle

# argv: fast or plain, firmware's folder, seconds. Stdin: for each second a line of three numbers
# (bytes, latitude, longitude in 1e-6 degrees) and the bytes.
SCRIPT = """
import gc, sys
which, folder, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
sys.path.insert(0, folder)
from tracker import nmea, nmea_plain
assert nmea.scan is not nmea_plain.scan, "no machine code in this MicroPython"
receiver = nmea.Receiver(nmea_plain.scan if which == "plain" else nmea.scan)
read = sys.stdin.buffer
start = (1 << 30) - 3000000
most = 0

def second(number):
    size, lat, lon = [int(text) for text in read.readline().split()]
    ticks = start + 1000 * number & (1 << 30) - 1
    while size:
        piece = read.read(min(size, 96))
        size -= len(piece)
        receiver.feed(piece, ticks)
        ticks = ticks + 50 & (1 << 30) - 1
    receiver.feed(b"", ticks + 100 & (1 << 30) - 1)
    fix = receiver.take()
    assert fix and (fix.lat_e6, fix.lon_e6) == (lat, lon), (number, fix)
    return fix.time_s

def in_use():
    gc.collect()
    return gc.mem_alloc()

first_s = second(0)
for number in range(1, seconds):
    assert second(number) == first_s + number, number
    if number == 60:
        warm = in_use()
    if number % 1800 == 0:
        most = max(most, in_use())
said = receiver.counters
print(said.fixes, said.sentences, said.bad, said.refused, said.torn, warm, in_use(), most)
"""


def epoch(second: int) -> tuple[bytes, int, int]:
    """What is said about a second of the day, and where it is: a slow walk north-east and back."""
    of_day = (START_S + second) % DAY_S
    clock = f"{of_day // 3600:02d}{of_day // 60 % 60:02d}{of_day % 60:02d}.00"
    date = "221126" if second + START_S < DAY_S else "231126"
    step = min(second % 7200, 7200 - second % 7200)
    north, east = 5_476_310 + 60 * step, 4_451_210 + 90 * step  # 1e-5 minutes
    place = f"59{north // 100_000:02d}.{north % 100_000:05d},N,"
    place += f"010{east // 100_000:02d}.{east % 100_000:05d},E"
    snr = 20 + second % 25
    sky = f",08,02,14,041,{snr},05,46,178,39,12,62,251,{snr + 3},13,21,102,31"
    used = f"GSA,A,3,02,05,12,13,15,18,20,25,29,,,,1.31,0.{70 + second % 20},1.09"
    knots = f"{second % 5}.{second % 1000:03d}"
    bodies = [f"GNRMC,{clock},A,{place},{knots},245.70,{date},,,A"]
    bodies += [f"GNVTG,245.70,T,,M,{knots},N,2.285,K,A"]
    bodies += [f"GNGGA,{clock},{place},1,12,0.{70 + second % 20},37.4,M,39.9,M,,"]
    bodies += [talker + used for talker in ("GP", "GL", "GA")]
    bodies += [
        f"{talker}GSV,2,{page}{sky}" for talker in ("GP", "GL", "GA", "GB") for page in (1, 2)
    ]
    bodies += [f"GNGLL,{place},{clock},A,A"]
    lat, lon = ((units * 10 + 30) // 60 for units in (north, east))
    return b"".join(map(sentence, bodies)), 59_000_000 + lat, 10_000_000 + lon


def stream(seconds: int) -> Iterator[bytes]:
    """The script's input."""
    for second in range(seconds):
        said, lat, lon = epoch(second)
        yield b"%d %d %d\n" % (len(said), lat, lon) + said


def run(which: str, seconds: int = DAY_S) -> dict[str, Any]:
    """Soak one reader, `fast` or `plain`; RuntimeError with what was said when it does not hold."""
    command = [str(MICROPYTHON), "-X", f"heapsize={HEAP}", "-c", SCRIPT]
    command += [which, str(firmware_folder()), str(seconds)]
    with subprocess.Popen(  # noqa: S603  our own interpreter and script
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        try:
            for piece in stream(seconds):
                process.stdin.write(piece)
            process.stdin.close()
        except BrokenPipeError:
            pass  # it has ended; its words say why
        out, error = process.stdout.read(), process.stderr.read()
    if process.returncode:
        raise RuntimeError(f"soaking {which} under {MICROPYTHON}: {(error or out).decode()}")
    fixes, sentences, bad, refused, torn, warm, at_end, most = map(int, out.split())
    figures = {"bench": "soak", "reader": which, "seconds": seconds, "heap": HEAP, "fixes": fixes}
    figures |= {"sentences": sentences, "bad": bad, "refused": refused, "torn": torn}
    return figures | {
        "in_use_after_a_minute": warm, "in_use_at_end": at_end, "in_use_at_most": most
    }  # fmt: skip


def main() -> None:
    """Print the figures of both readers."""
    for which in ("fast", "plain"):
        figures = run(which)
        print(json.dumps(figures), flush=True)
        if figures["in_use_at_end"] > figures["in_use_after_a_minute"]:
            sys.exit("the heap has grown")


if __name__ == "__main__":
    main()
