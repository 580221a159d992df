"""The control socket of a running simulator: a line of words in, a line of JSON out.

A unix socket in the run's folder (mode 0600). `{"ok": true, ...}` or `{"ok": false, "error": ...}`;
`status` answers with the modem's state, everything else is a word of scene.py.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from trygg_tools.modem_sim.fault_file import FaultError
from trygg_tools.modem_sim.scene import Scene, WordError

NAME = "control"
LONGEST = 4096
ANSWER_S = 5


class Control:
    """The running side; `turn()` answers whoever has asked."""

    def __init__(self, folder: Path, scene: Scene) -> None:
        self._scene = scene
        self._path = folder / NAME
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.bind(str(self._path))
        except OSError:
            self._socket.close()
            raise
        self._path.chmod(0o600)
        self._socket.listen(4)
        self._socket.setblocking(False)
        self._askers: list[tuple[socket.socket, bytearray]] = []

    def files(self) -> list[int]:
        """The file numbers to wait for."""
        return [self._socket.fileno(), *(asker.fileno() for asker, _ in self._askers)]

    def turn(self) -> None:
        """Take new askers, answer whole lines."""
        try:
            asker, _ = self._socket.accept()
            asker.setblocking(False)
            self._askers.append((asker, bytearray()))
        except BlockingIOError:
            pass
        for asker, text in list(self._askers):
            if self._read(asker, text):
                self._askers.remove((asker, text))
                asker.close()

    def _read(self, asker: socket.socket, text: bytearray) -> bool:
        """True when that asker is done with."""
        try:
            data = asker.recv(LONGEST)
        except BlockingIOError:
            return False
        except OSError:
            return True
        text += data
        if b"\n" not in text and data and len(text) < LONGEST:
            return False
        answer = self.answer(bytes(text).split(b"\n")[0].decode("utf-8", "replace"))
        try:
            asker.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:  # who asked did not wait
            pass
        return True

    def answer(self, words: str) -> dict[str, Any]:
        """Do it, and say what came of it."""
        if words.strip() != "status":
            try:
                self._scene.do(words)
            except (WordError, FaultError) as error:
                return {"ok": False, "error": str(error)}
        return {"ok": True, **status(self._scene)}

    def close(self) -> None:
        """End."""
        for asker, _ in self._askers:
            asker.close()
        self._socket.close()
        self._path.unlink(missing_ok=True)


def status(scene: Scene) -> dict[str, Any]:
    """The modem's state; no coordinate in it."""
    modem = scene.modem
    return {
        "part": modem.part.name,
        "power": modem.power.state,
        "starts": modem.power.starts,
        "unasked_starts": modem.power.unasked,
        "registration": modem.network.stat,
        "pdp": sorted(modem.network.pdp),
        "gnss": modem.gnss.on,
        "covered": scene.world.covered,
        "faults_left": len(modem.faults.rules),
        "faults_happened": dict(modem.faults.happened),
    }


def runs(folder: Path) -> bool:
    """True when a simulator answers in that folder."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(ANSWER_S)
        try:
            line.connect(str(folder / NAME))
        except OSError:
            return False
    return True


def ask(folder: Path, words: str) -> dict[str, Any]:
    """Ask a running simulator; OSError when none runs in that folder."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(ANSWER_S)
        line.connect(str(folder / NAME))
        line.sendall(words.replace("\n", " ").encode() + b"\n")
        data = b""
        while not data.endswith(b"\n"):
            more = line.recv(LONGEST)
            if not more:
                break
            data += more
    answer: dict[str, Any] = json.loads(data)
    return answer
