"""`make cuts`: every cut of every life on both media, a JSON line each; exit code 1 on a fault."""

import json
import sys
import time

from trygg_tools.power_cuts.verdict import LIVES, MEDIA, judge


def main() -> int:
    """Try them all; faults go to standard error."""
    faults = 0
    for life, story in LIVES.items():
        notes = story.recorded()
        for medium in MEDIA:
            began = time.monotonic()
            found = judge(life, medium, notes)
            faults += len(found.faults)
            said = found._asdict() | {"faults": len(found.faults)}
            print(json.dumps(said | {"seconds": round(time.monotonic() - began, 1)}), flush=True)
            for fault in found.faults[:20]:
                print(f"{life}, {medium}: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
