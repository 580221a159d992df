"""A virtual board that others use as if it lay on their bench: its ports, and a word for its power.

    python -m hil.served_board serve FOLDER          until it is ended; says {"console": ..., ...}
    python -m hil.served_board do FOLDER power on    power off | button 300 | link off

Ports are FOLDER/console, FOLDER/gps and FOLDER/modem. So the bench for a real board (real_rig.py)
is run in every test run, with `do` as its --power-command.
"""

import json
import signal
import socket
import sys
import threading
from pathlib import Path

from trygg_tools.rig.board import VirtualBoard

NAME = "hands.sock"
ANSWER_S = 20


def serve(folder: Path) -> None:
    """A blank board, off, and somebody who does what is asked of them."""
    folder.mkdir(parents=True, exist_ok=True)
    board = VirtualBoard(folder, folder, None)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: ended.set())
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(folder / NAME))
        door.listen()
        door.settimeout(0.1)
        print(json.dumps({"console": str(board.console_link), "gps": str(board.gps_link)}))
        sys.stdout.flush()
        while not ended.is_set():
            _answer(door, board)
    board.stop()


def _answer(door: socket.socket, board: VirtualBoard) -> None:
    try:
        asker, _ = door.accept()
    except TimeoutError:
        return
    with asker:
        what, _, word = asker.recv(100).decode().partition(" ")
        {"power": _power, "button": _button, "link": _link}[what](board, word)
        asker.sendall(b"done")


def _power(board: VirtualBoard, word: str) -> None:
    (board.power_on if word == "on" else board.power_cut)()


def _button(board: VirtualBoard, word: str) -> None:
    board.press_button(int(word))


def _link(board: VirtualBoard, word: str) -> None:
    board.set_coverage(word == "on")


def do(folder: Path, words: list[str]) -> int:
    """Ask, and wait until it is done; the exit code."""
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(ANSWER_S)
        door.connect(str(folder / NAME))
        door.sendall(" ".join(words).encode())
        return 0 if door.recv(10) == b"done" else 1


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Path(sys.argv[2]))
    else:
        sys.exit(do(Path(sys.argv[2]), sys.argv[3:]))
