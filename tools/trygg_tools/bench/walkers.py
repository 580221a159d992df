"""Some of the trackers of the `alarm` bench, in a process of their own.

    python -m trygg_tools.bench.walkers CONFIGS FOLDER --rounds 4 --spread 20

CONFIGS is a JSON list of trackers' configs. What happens is said in JSON lines: {"alarm": [...]}
with a walker's Sample, {"now": "resting"} when all have left `rounds` times. Then a line `gather`
on stdin is answered by {"now": "gathered"} and a line with a number of the monotonic clock is the
second at which all are outside; {"now": "resting"} again. It ends with its stdin.
"""

import argparse
import heapq
import json
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Any

from trygg_tools.bench.walker import Sample, Walker

LOOK_S = 0.05  # between two looks for a word on stdin


class Walkers:
    """All walkers of this process, each acting when it is due."""

    def __init__(self, configs: list[dict[str, Any]], folder: Path, rounds: int, spread_s: float):
        self._spread_s = spread_s
        self._walkers = [
            Walker(config, folder / config["device"], _alarmed, seed)
            for seed, config in enumerate(configs)
        ]
        for walker in self._walkers:
            walker.live(rounds, spread_s)
        self._told = "walking"
        self._words: queue.SimpleQueue[str] = queue.SimpleQueue()

    def run(self) -> None:
        """Walk until stdin ends."""
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            word = self._word()
            if word == "":
                return
            if word is not None:
                self._obey(word)
            self._act(time.monotonic() + LOOK_S)
            self._tell()

    def _listen(self) -> None:
        for line in sys.stdin:
            self._words.put(line.strip())
        self._words.put("")

    def _word(self) -> str | None:
        try:
            return self._words.get_nowait()
        except queue.Empty:
            return None

    def _obey(self, word: str) -> None:
        self._told = "walking"
        for walker in self._walkers:
            if word == "gather":
                walker.gather(self._spread_s / 4)
            else:
                walker.leave_at(float(word))

    def _act(self, until: float) -> None:
        """Let everyone act whose time comes before `until`."""
        due = [(walker.due, number) for number, walker in enumerate(self._walkers)]
        heapq.heapify(due)
        while due[0][0] < until:
            moment, number = due[0]
            time.sleep(max(0.0, moment - time.monotonic()))
            walker = self._walkers[number]
            walker.act()
            heapq.heapreplace(due, (walker.due, number))
        time.sleep(max(0.0, until - time.monotonic()))

    def _tell(self) -> None:
        """Say it when all rest, and when all wait for the sky."""
        now = self._told
        if all(walker.off for walker in self._walkers):
            now = "resting"
        elif all(walker.waiting for walker in self._walkers):
            now = "gathered"
        if now != self._told:
            self._told = now
            _say({"now": now})


def _alarmed(sample: Sample) -> None:
    _say({"alarm": sample})


def _say(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("configs", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--spread", type=float, required=True)
    asked = parser.parse_args()
    configs = json.loads(asked.configs.read_text("utf-8"))
    Walkers(configs, asked.folder, asked.rounds, asked.spread).run()


if __name__ == "__main__":
    main()
