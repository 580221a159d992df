"""Boot numbers: none comes twice, whatever becomes of the files that hold them."""

from tracker import boot_number
from tracker.boot_number import MOST, UNKNOWN
from trygg_tools.rig.flash import EIO, Flash
from trygg_tools.rig.power import PowerCut

FILES = ("/state/boot0.bin", "/state/boot1.bin")


def start(flash, floor=0, seen=0, noise=7):
    """A start: its number, in flash."""
    boot = boot_number.next_boot(flash, floor, seen, noise)
    boot_number.keep(flash, boot)
    return boot


def after(starts, floor=0):
    flash = Flash()
    for _ in range(starts):
        start(flash, floor)
    return flash


def test_a_new_board_counts_from_one_and_a_known_name_from_its_floor():
    flash = Flash()
    assert [start(flash) for _ in range(5)] == [1, 2, 3, 4, 5]
    flash = Flash()
    assert [start(flash, floor=40) for _ in range(3)] == [41, 42, 43]


def test_an_ordinary_start_writes_one_file():
    flash = after(4)
    writes = flash.writes
    start(flash)
    assert flash.writes == writes + 1


def test_without_a_floor_the_first_number_is_by_chance_and_takes_three_bytes():
    numbers = [start(Flash(), UNKNOWN, 0, noise) for noise in (0, 1, 77777, (1 << 30) - 1)]
    assert numbers[0] == (1 << 14) + 1
    assert len(set(numbers)) == 4
    for number in numbers:
        assert 1 << 14 < number < 1 << 21
    flash = Flash()
    first = start(flash, UNKNOWN, 0, 5)
    assert start(flash, UNKNOWN, 0, 99) == first + 1


def test_any_file_damaged_or_gone_after_any_start_no_number_comes_twice():
    for starts in range(1, 8):
        for file in FILES:
            for damage in (b"", b"\xff" * 8, b"\x01\x00\x00\x00\x00\x00\x00\x00", None):
                flash = after(starts)
                if file not in flash.files:
                    continue
                if damage is None:
                    del flash.files[file]
                else:
                    flash.files[file] = damage
                numbers = [start(flash) for _ in range(4)]
                if starts > 1:
                    assert numbers[0] in (starts + 1, starts + 2), (starts, file, damage)
                assert numbers[0] > starts or damage is None, (starts, file, damage)
                assert numbers == list(range(numbers[0], numbers[0] + 4))


def test_a_file_that_rots_after_every_start_lets_the_numbers_rise_on():
    for which in (0, 1):
        flash, last = after(2), 2
        for _ in range(50):
            if FILES[which] in flash.files:
                flash.files[FILES[which]] = b"rotten"
            number = start(flash)
            assert number > last
            last = number


def test_both_files_lost_and_a_flash_that_cannot_be_read_give_a_number_by_chance():
    flash = after(9)
    for file in FILES:
        flash.files[file] = b"\x00" * 8
    assert start(flash, floor=0, noise=1000) == (1 << 14) + 1001
    flash = after(9)
    flash.failing = EIO
    assert boot_number.next_boot(flash, 0, 0, 1000) == (1 << 14) + 1001


def test_the_number_is_beyond_what_waits_in_the_outbox_and_beyond_the_floor():
    assert start(Flash(), floor=3, seen=12) == 13
    assert start(after(5), floor=3, seen=4) == 6
    assert start(after(5), floor=30, seen=4) == 31


def test_after_a_leap_the_number_is_in_both_files():
    for file in FILES:
        flash = after(5)
        assert start(flash, floor=500) == 501
        flash.files[file] = b"rotten"
        assert start(flash) > 501


def test_the_last_number_there_is_ends_the_count_and_nothing_breaks():
    assert start(Flash(), floor=MOST + 5) == MOST


def test_a_cut_at_any_stroke_of_any_start_gives_no_number_twice_and_stops_no_start():
    def life(flash, used, starts, floor):
        for _ in range(starts):
            used.append(start(flash, floor, noise=len(used)))

    for floor in (0, 9):
        whole = Flash()
        life(whole, [], 4, floor)
        for cut_at in range(whole.strokes):
            for again in (3, 9, 10, 11, 500):
                flash, used = Flash(), []
                for strokes in (cut_at, again):
                    flash.cut_at = flash.strokes + strokes
                    try:
                        life(flash, used, 4, floor)
                    except PowerCut:
                        pass
                    flash.power_on()
                life(flash, used, 2, floor)
                assert len(set(used)) == len(used), (cut_at, again, used)
