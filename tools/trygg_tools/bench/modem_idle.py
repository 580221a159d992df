"""What a modem with nothing to do allocates: it is polled 50 times a second, and should be nothing.

Under MicroPython, on the firmware with its constants in place as the chip has it (the linker's
`fold`; with names, so that a state can be brought about here), POLLS polls of the Publisher and
its `wait_ms`: connected in eDRX with the line asleep, and in PSM.
"""

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tracker.modem import modem, service
from trygg_tools.bench.report import BenchError
from trygg_tools.firmware_image import firmware_folder
from trygg_tools.linker import MAIN, PUBLIC, read
from trygg_tools.linker.constants import fold
from trygg_tools.linker.source import find_imports

MICROPYTHON = Path(sys.executable).with_name("micropython")
HEAP = "heapsize=1m"
STATES = (modem.UP, modem.SLEEPING, service.READY, service.CLOSED)

SCRIPT = """
import gc, sys
sys.path[:] = [sys.argv[1]]
UP, SLEEPING, READY, CLOSED = [int(number) for number in sys.argv[4:]]
from tracker.modem.wiring import publisher
class Quiet:
    stay = True
    link = power = flash = clock = None
    def read(self): return b""
    def write(self, data): return len(data)
    def baud(self, rate): pass
    def rail(self, name, on): return True
    def sense(self, name): return -1
    def utc(self): return 0
    def urgent(self): return False
parts = Quiet()
parts.link = parts.power = parts.flash = parts.clock = Quiet()
config = {"device": "kari", "password": b"a password", "tls": None,
          "modem": {"dialect": sys.argv[2], "ways": [sys.argv[3]], "apn": "iot"}}
client = publisher(parts, config, "kari", "trygg/v1/lier/kari/down", 60)
client.owner = Quiet()
over, way, link = client.modem, client._client, client._link
def idle(state, ready):
    for _ in range(3):
        client.poll(1000, 1)
        client.wait_ms(1000)
    gc.collect()
    gc.disable()
    start = gc.mem_alloc()
    for _ in range(1000):
        client.poll(1000, 1)
        client.wait_ms(1000)
    used = gc.mem_alloc() - start
    gc.enable()
    assert (over.state, client.state) == (state, ready), (over.state, client.state)
    print(used)
over.state, over.mode, over._wanted = UP, 2, 2
over._dozes = over.reach = True
client._goal = ("gateway", 1883, None)
client.state = way.state = READY
if link is not None:
    link._state, link._goal = 2, client._goal
idle(UP, READY)
client.state = way.state = CLOSED
client._goal = None
if link is not None:
    link._state, link._goal, link._stands = 0, None, False
over._dozes = client.owner.stay = False
over.state, over.mode, over._wanted = SLEEPING, 1, 1
idle(SLEEPING, CLOSED)
"""


@cache
def _folded() -> dict[str, str]:
    """The firmware's files with their constants in place."""
    sources = read(firmware_folder())
    for source in sources.values():
        find_imports(source, sources)
    fold(sources, MAIN, PUBLIC)
    return {name: source.text for name, source in sources.items()}


def idle_bytes(dialect: str, way: str) -> int:
    """Bytes that a thousand polls allocate in each of the two states; BenchError."""
    with tempfile.TemporaryDirectory(prefix="trygg-idle-") as folder:
        for name, text in _folded().items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        ran = subprocess.run(  # noqa: S603 - our own script
            [MICROPYTHON, "-X", HEAP, "-c", SCRIPT, folder, dialect, way, *map(str, STATES)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if ran.returncode:
        raise BenchError(f"{dialect} over {way}: {ran.stderr or ran.stdout}")
    return sum(int(word) for word in ran.stdout.split())
