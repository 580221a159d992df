"""The virtual board's flash: torn at every write, it mounts, and closed files are whole."""

import pytest

from trygg_tools.rig.board.flash_image import BLOCK, FlashImage, PowerCut

KEEPER = """
import sys
sys.path.append("/rom/esp32")
from flash import Flash
flash = Flash()
def keep(name, data):
    with flash.open(name + ".new", "wb") as file:
        file.write(data)
    flash.rename(name + ".new", name)
whole = 0
for n in range(4):
    size = flash.size("/outbox/%d" % n)
    if size >= 0:
        with flash.open("/outbox/%d" % n, "rb") as file:
            assert file.read() == bytes([n]) * 300, n
        whole += 1
print("whole", whole)
for n in range(4):
    keep("/outbox/%d" % n, bytes([n]) * 300)
    print("closed", n)
print("done")
"""


def test_a_cut_in_every_write_of_a_scenario_leaves_closed_files_whole(make_board):
    board = make_board(KEEPER, mode="lockstep")
    cut_at, done = 0, False
    while not done:
        cut_at += 1
        board.flash_firmware(keep=False)
        board.kill_at_flash_write(cut_at, (cut_at * 37) % 64)
        done = not cut_and_check(board)
    assert cut_at > 15  # the scenario has that many writes at least


def cut_and_check(board):
    """One round; whether the cut came before the scenario was through."""
    lines, events = len(board.log), len(board.events)
    board.start()
    board.run_for(1)
    closed = sum(line.startswith("closed") for line in board.log[lines:])
    cut = any(event.kind == "power_cut" for event in board.events[events:])
    if not cut:
        assert closed == 4
        board.power_cut()
        board.kill_at_flash_write(1_000_000, 0)  # no more tearing
    lines = len(board.log)
    board.power_on()
    board.run_for(1)
    whole = int(board.wait_line("whole", since=lines).split()[1])
    board.wait_line("done", since=lines)
    assert whole in (closed, closed + 1)  # the rename may have come before its line
    board.power_cut()
    return cut


def test_sizes_space_and_missing_files_are_told(make_board):
    board = make_board(
        """
import sys
sys.path.append("/rom/esp32")
from flash import Flash
flash = Flash()
print("size", flash.size("/nothing"), flash.size("/state"), flash.size("/main.py") > 0)
free = flash.free()
with flash.open("/state/x", "wb") as file:
    file.write(bytes(9000))
print("free", free > 1500000, free - flash.free() >= 8192)
flash.remove("/state/x")
try:
    flash.remove("/state/x")
except OSError:
    print("gone", flash.size("/state/x"))
try:
    flash.open("/state/x", "rb")
except OSError as error:
    print("not there", error.errno)
"""
    )
    board.start()
    board.wait_line("size -1 -1 True")
    board.wait_line("free True True")
    board.wait_line("gone -1")
    board.wait_line("not there 2")


def test_flashing_again_keeps_the_boards_own_files_unless_told_otherwise(make_board):
    main = "import os\nprint('own' in os.listdir('/'))\nopen('/own', 'w').close()\nprint('ok')"
    board = make_board(main)
    for keep, expected in ((True, "False"), (True, "True"), (False, "False")):
        board.flash_firmware(keep=keep)
        seen = len(board.log)
        board.start()
        board.wait_line("ok", since=seen)
        board.power_cut()
        assert board.log[seen] == expected


def test_flash_bits_only_clear_until_an_erase(tmp_path):
    image = FlashImage(tmp_path / "flash.img")
    image.program(0, 10, b"\xf0\x0f")
    image.program(0, 10, b"\x3c\x3c")
    data = image.path.read_bytes()
    assert data[9:13] == b"\xff\x30\x0c\xff"
    image.erase(0)
    assert image.path.read_bytes()[:BLOCK] == b"\xff" * BLOCK
    assert image.operations == 3
    image.close()


def test_a_torn_write_keeps_its_first_bytes_and_cuts_the_power(tmp_path):
    image = FlashImage(tmp_path / "flash.img")
    image.tear(2, 3)
    image.program(1, 0, b"Tove")
    with pytest.raises(PowerCut):
        image.program(1, 4, b"Signe")
    assert image.path.read_bytes()[BLOCK : BLOCK + 10] == b"ToveSig\xff\xff\xff"
    image.program(1, 7, b"ne")  # torn once, not for ever
    image.close()
