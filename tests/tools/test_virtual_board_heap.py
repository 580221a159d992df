"""What the firmware has: the heap of an ESP32, and three boards that leave the machine idle."""

import time

from trygg_tools.rig.board.virtual_board import HEAP_KB

REPORT = "import gc\ngc.collect()\nprint('free', gc.mem_free())"


def test_the_firmware_gets_at_most_160_kb_of_heap_and_hardly_less(make_board):
    assert HEAP_KB == 160
    board = make_board(REPORT)
    board.start()
    free = int(board.wait_line("free").split()[1])
    assert 158 * 1024 <= free <= 160 * 1024
    assert 158 * 1024 <= board.heap_left <= 160 * 1024


def test_a_smaller_heap_can_be_asked_for(make_board):
    board = make_board(REPORT, heap_kb=100)
    board.start()
    free = int(board.wait_line("free").split()[1])
    assert 90 * 1024 <= free <= 100 * 1024


def test_more_than_the_heap_is_a_memory_error(make_board):
    board = make_board("try:\n    bytearray(160 * 1024)\nexcept MemoryError:\n    print('full')")
    board.start()
    board.wait_line("full")


def test_waiting_boards_use_little_of_the_machine(make_board):
    idle = "import time\nprint('begun')\nwhile True:\n    time.sleep_ms(50)"
    boards = [make_board(idle) for _ in range(3)]
    for board in boards:
        board.start()
    for board in boards:
        board.wait_line("begun")
    began, cpu = time.monotonic(), time.process_time()
    boards[0].run_for(2)
    assert (time.process_time() - cpu) / (time.monotonic() - began) < 0.15
