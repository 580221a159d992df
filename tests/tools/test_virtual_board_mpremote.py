"""Stock mpremote against the virtual board's console."""

import subprocess
import sys
from pathlib import Path

MPREMOTE = Path(sys.executable).parent / "mpremote"
IDLE = "import time\nprint('begun')\nwhile True:\n    time.sleep_ms(100)"


def mpremote(board, *words):
    done = subprocess.run(
        [MPREMOTE, "connect", board.console_link, *words], capture_output=True, timeout=20
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().replace("\r\n", "\n")


def test_mpremote_runs_code_and_evaluates_on_a_busy_board(make_board):
    board = make_board(IDLE)
    board.start()
    board.wait_line("begun")
    assert mpremote(board, "exec", "print('hei', 1 + 1)") == "hei 2\n"
    assert mpremote(board, "eval", "__import__('machine').reset_cause()") == "5\n"


def test_mpremote_copies_files_both_ways_and_lists_them(make_board, tmp_path):
    board = make_board(IDLE)
    board.start()
    board.wait_line("begun")
    text = "fjord\n" * 2000
    (tmp_path / "long.txt").write_text(text)
    mpremote(board, "cp", str(tmp_path / "long.txt"), ":long.txt")
    assert "12000 long.txt" in mpremote(board, "fs", "ls")
    assert mpremote(board, "fs", "cat", ":long.txt") == text
    mpremote(board, "cp", ":long.txt", str(tmp_path / "back.txt"))
    assert (tmp_path / "back.txt").read_text() == text


def test_a_soft_reset_by_mpremote_does_not_run_main_and_a_hard_one_does(make_board):
    board = make_board(IDLE)
    board.start()
    board.wait_line("begun")
    mpremote(board, "soft-reset")
    assert mpremote(board, "resume", "exec", "print(3)") == "3\n"
    assert board.log.count("begun") == 1
    seen = len(board.log)
    mpremote(board, "reset")
    board.wait_line("begun", since=seen)
    assert board.wait_event("reset").detail == ("machine",)


def test_ctrl_d_at_the_prompt_runs_main_again(make_board):
    board = make_board("print('begun')")
    board.start()
    board.wait_line("Type")
    with board.console_link.open("r+b", buffering=0) as port:
        port.write(b"\x04")
        board.wait_line("MPY: soft reboot")
        seen = board.log.index("MPY: soft reboot")
        board.wait_line("begun", since=seen)
