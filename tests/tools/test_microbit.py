"""The core in pieces on a micro:bit: what is sent is the firmware's own code, and it agrees.

With Debian's emulator and firmware installed (`./.ci/microbit`) the board itself is asked; without
them the same sources are run here, which shows that they are whole.
"""

import pytest

from trygg_tools.microbit.board import Board, BoardError
from trygg_tools.microbit.pieces import Piece, pieces
from trygg_tools.microbit.run import compare, expected, missing
from trygg_tools.microbit.shrink import chunks

PIECES = {piece.name: piece for piece in pieces()}


def run_here(piece: Piece) -> list[str]:
    names: dict[str, object] = {}
    for _name, source in chunks(piece.module, piece.wanted, piece.without):
        exec(source, names)
    exec(piece.helper, names)
    return [repr(eval(question, names)) for question in piece.questions]


@pytest.mark.parametrize("name", PIECES)
def test_a_piece_is_whole_and_answers_as_its_module(name):
    assert run_here(PIECES[name]) == expected(PIECES[name])


@pytest.mark.parametrize("name", PIECES)
def test_what_is_sent_has_no_prose_and_no_names_of_numbers(name):
    for _name, source in chunks(PIECES[name].module, PIECES[name].wanted):
        assert '"""' not in source
        assert "ABSENT" not in source
        assert len(source) < 1500


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_the_board_with_floats_of_32_bits_answers_as_the_modules():
    with Board() as board:
        for piece in PIECES.values():
            figures = compare(board, piece)
            assert figures["same"] == figures["questions"] > 0, figures


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_the_boards_own_words_are_said_when_it_refuses():
    with Board() as board, pytest.raises(BoardError, match="NameError"):
        board.run("nothing_of_that_name")
