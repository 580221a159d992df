"""The interpreter looks for garbage rarely in a gateway, and still looks."""

import subprocess
import sys

LOOK = """
import gc, weakref
from trygg_gateway.garbage import YOUNG, collect_rarely
collect_rarely()
assert gc.isenabled() and gc.get_threshold()[0] == YOUNG and gc.get_freeze_count() > 1_000
class Cycle:
    def __init__(self): self.me = self
gone = weakref.ref(Cycle())
held = [[] for _ in range(YOUNG - 1_000)]
assert gone() is not None
held += [[] for _ in range(2_000)]
assert gone() is None
"""


def test_cycles_are_found_once_so_many_objects_came() -> None:
    subprocess.run([sys.executable, "-c", LOOK], check=True, timeout=60)
