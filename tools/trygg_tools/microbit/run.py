"""`python -m trygg_tools.microbit.run` (make microbit): the core's pieces on a micro:bit in qemu.

One JSON line a piece: how many questions, how many answers were those of the firmware's modules
here, and how much of the board's heap was free with all of the piece loaded. Ends with 1 when an
answer differs or a piece does not fit.
"""

import json
import shutil
import sys
from typing import Any

from trygg_tools.microbit.board import FIRMWARE, QEMU, Board, BoardError
from trygg_tools.microbit.pieces import Piece, pieces
from trygg_tools.microbit.shrink import chunks


def missing() -> str:
    """What must be installed first, or nothing."""
    if shutil.which(QEMU) and FIRMWARE.exists():
        return ""
    return "wanted Debian's qemu-system-arm and firmware-microbit-micropython: run ./.ci/microbit"


def expected(piece: Piece) -> list[str]:
    """The answers of the firmware's own module."""
    names = {**vars(piece.module), **piece.also}
    if piece.helper:
        exec(piece.helper, names)  # noqa: S102  our own text, in pieces.py
    return [repr(eval(question, names)) for question in piece.questions]  # noqa: S307


def ask(board: Board, piece: Piece) -> tuple[list[str], int]:
    """Load a piece on a fresh board; its answers, and the bytes of heap that it left free."""
    board.forget()
    board.run("import gc")
    for name, source in chunks(piece.module, piece.wanted, piece.without):
        try:
            board.run("gc.collect()")
            board.run(source)
        except BoardError as error:
            raise BoardError(f"{piece.name}: {name} does not load: {error}") from None
    if piece.helper:
        board.run(piece.helper)
    free = int(board.run("gc.collect()\nprint(gc.mem_free())"))
    return [board.run(f"gc.collect()\nprint({question})") for question in piece.questions], free


def compare(board: Board, piece: Piece) -> dict[str, Any]:
    """Ask both sides; figures, `different` the first question whose answers differ."""
    wanted = expected(piece)
    given, free = ask(board, piece)
    pairs = zip(piece.questions, wanted, given, strict=True)
    wrong = [(question[:200], here, there) for question, here, there in pairs if here != there]
    figures: dict[str, Any] = {"microbit": piece.name, "questions": len(wanted)}
    figures |= {"same": len(wanted) - len(wrong), "heap_free": free}
    return figures | ({"different": wrong[0]} if wrong else {})


def main() -> None:
    """Run all pieces."""
    if missing():
        sys.exit(missing())
    failed = False
    with Board() as board:
        print(json.dumps({"microbit": board.banner.split(";")[0]}))
        for piece in pieces():
            try:
                figures = compare(board, piece)
            except BoardError as error:
                figures = {"microbit": piece.name, "error": str(error)}
            failed = failed or "error" in figures or "different" in figures
            print(json.dumps(figures), flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
