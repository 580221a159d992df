"""Gateways that start in a tenth of a second: forked from a process that has imported everything.

    python -m trygg_tools.crash.nursery      one JSON line in, one JSON line out:
    {"run": ["run", "--config", FILE], "log": FILE}  →  {"pid": 123}
    {"wait": 123}                                    →  {"code": -9}    once it has ended
    {"cpu": true}                                    →  {"cpu_ms": 71}  of all that have ended

A thousand kills cost a thousand starts, and most of a start is imports. What is forked is the
command line itself, `trygg gateway ...`, in a process group of its own with its output in the log;
it shares nothing with its sisters but code. Nothing runs in this process that a fork could tear.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import resource
import subprocess
import sys
import traceback
from pathlib import Path
from typing import IO, NoReturn, Self

# what a gateway imports only once it runs
LATE = ("trygg_gateway.service", "uvicorn.protocols.http.auto", "uvicorn.protocols.websockets.auto",
        "uvicorn.lifespan.off", "httpcore", "anyio._backends._asyncio", "trygg_gateway.cli",
        "httpx", "cloudevents.http", "paho.mqtt.client")  # fmt: skip


class Nursery:
    """The process; leave it with `with`."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "trygg_tools.crash.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def start(self, log: Path, *words: str) -> int:
        """Start `trygg gateway words...`; its process id."""
        return self._ask({"run": words, "log": str(log)})["pid"]

    def wait(self, pid: int) -> int:
        """The exit code of one that was killed or asked to stop, once it has ended."""
        return self._ask({"wait": pid})["code"]

    def cpu_s(self) -> float:
        """Processor time of all gateways that were waited for."""
        return self._ask({"cpu": True})["cpu_ms"] / 1000

    def _ask(self, what: dict[str, object]) -> dict[str, int]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        answer: dict[str, int] = json.loads(self._process.stdout.readline())
        return answer


def main() -> None:
    """Fork what is asked for until stdin ends."""
    for name in LATE:
        importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            code = os.waitstatus_to_exitcode(os.waitpid(asked["wait"], 0)[1])
            print(json.dumps({"code": code}), flush=True)
        elif "cpu" in asked:
            spent = resource.getrusage(resource.RUSAGE_CHILDREN)
            said = {"cpu_ms": round(1000 * (spent.ru_utime + spent.ru_stime))}
            print(json.dumps(said), flush=True)
        else:
            pid = os.fork()
            if not pid:
                _become_gateway(asked["run"], asked["log"])
            print(json.dumps({"pid": pid}), flush=True)


def _become_gateway(words: list[str], log: str) -> NoReturn:
    code = 1
    try:
        os.setpgid(0, 0)
        with open(os.devnull, "rb") as nothing, open(log, "ab") as out:
            _redirect(nothing, out)
        random.seed()
        sys.stdin.close()
        from trygg_gateway.cli import app

        app(words)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - it is said in the log, and in the code
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _redirect(nothing: IO[bytes], out: IO[bytes]) -> None:
    os.dup2(nothing.fileno(), 0)
    os.dup2(out.fileno(), 1)
    os.dup2(out.fileno(), 2)


if __name__ == "__main__":
    main()
