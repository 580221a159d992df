"""A blank chip: the real esptool against a mock of the ROM's loader, and images judged first."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from journey.demo_process import quiet_ports
from trygg_tools.boards import board_file, read_board
from trygg_tools.flash import chip as chips
from trygg_tools.flash.errors import FlashError
from trygg_tools.flash.image import check_image, find_image
from trygg_tools.flash.session import Builder, Wish, flash

ESP32, S3 = 0, 9
MOCK = str(Path(sys.executable).with_name("esp32-mock-bootloader"))


@contextmanager
def mock_chip(kind: str) -> Iterator[str]:
    """The URL of a ROM loader of that kind, a process of its own."""
    (port,) = quiet_ports(1)
    with subprocess.Popen(
        [MOCK, "run", "--chip", kind, "--port", str(port)], stdout=subprocess.PIPE, bufsize=0
    ) as process:
        try:
            assert process.stdout is not None
            assert b"listening" in process.stdout.readline()
            yield f"socket://127.0.0.1:{port}"
        finally:
            process.kill()


def image(folder: Path, chip: int = S3, version: str = "v1.29.0", name: str = "image.bin") -> Path:
    """As esptool wants its head to be; what follows is the words that are looked for."""
    head = bytes([0xE9, 1, 2, 0x20]) + bytes(4) + bytes([0xEE, 0, 0, 0]) + bytes([chip, 0])
    words = f"MicroPython {version} on 2026-05-01; Generic ESP32S3 module".encode()
    path = folder / name
    path.write_bytes((head + bytes(10) + words).ljust(20_000, b"\x5a"))
    return path


def test_a_chip_is_asked_and_written_and_its_flash_checked(tmp_path):
    with mock_chip("esp32s3") as port:
        chip = chips.probe(port)
        assert (chip.name, chip.flash_mb) == ("esp32s3", 4)
        assert len(chip.mac) == 17
        percents: list[int] = []
        chips.write(port, chip, check_image(image(tmp_path)), percents.append)
    assert percents
    assert percents == sorted(percents)


def test_an_image_for_another_chip_is_refused_before_anything_is_written(tmp_path):
    with mock_chip("esp32") as port:
        chip = chips.probe(port)
        with pytest.raises(FlashError, match=r"for an esp32s3. Take the image for esp32"):
            chips.write(port, chip, check_image(image(tmp_path)))


def test_another_board_than_was_named_is_refused(tmp_path):
    board = read_board(board_file("esp32-bench"))
    with mock_chip("esp32") as port:
        wish = Wish(port, board, str(image(tmp_path)))
        with pytest.raises(FlashError, match=r"the chip is an esp32, .* has an esp32s3"):
            flash(wish, Builder(tmp_path), lambda *_: None)


def test_a_chip_the_firmware_does_not_run_on_is_named(tmp_path):
    with mock_chip("esp32c3") as port, pytest.raises(FlashError, match=r"got ESP32-C3"):
        chips.probe(port)


def test_a_port_without_a_chip_says_which_buttons_to_press():
    with pytest.raises(FlashError, match=r"no such port|no chip answers|esptool gave up"):
        chips.probe("/dev/ttyNONE7")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("A fatal error occurred: Failed to connect to ESP32: No serial data received.", "BOOT"),
        ("could not open port '/dev/ttyUSB0': [Errno 13] Permission denied", "dialout"),
        ("[Errno 16] Device or resource busy: '/dev/ttyUSB0'", "another program has it"),
        ("Brownout detector was triggered", "low voltage"),
        ("No module named esptool", "trygg[technician]"),
        ("A fatal error occurred: MD5 of file does not match", "MD5 of file"),
    ],
)
def test_what_esptool_says_is_told_as_a_technician_needs_it(said, wanted):
    assert wanted in str(chips._judged("COM3", said))


def test_an_image_says_its_chip_version_and_sum(tmp_path):
    found = check_image(image(tmp_path, ESP32))
    assert (found.chip, found.version, found.offset) == ("esp32", (1, 29, 0), 0x1000)
    assert found.sha256 == hashlib.sha256(found.path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("version", "sha256", "said"),
    [
        ("v1.20.0", "", "wanted 1.27 or newer"),
        ("v1.29.0", "00" * 32, "wanted sha256 0000"),
        ("nothing", "", "no MicroPython in it"),
    ],
)
def test_an_image_that_will_not_do_is_refused_with_the_reason(tmp_path, version, sha256, said):
    with pytest.raises(FlashError, match=said):
        check_image(image(tmp_path, version=version), sha256)


def test_a_sum_beside_the_image_is_looked_at(tmp_path):
    path = image(tmp_path)
    (tmp_path / "image.bin.sha256").write_text("11" * 32 + "  image.bin\n")
    with pytest.raises(FlashError, match=r"It is damaged or another"):
        check_image(path)


def test_a_file_that_is_no_image_is_said_so(tmp_path):
    (tmp_path / "x.bin").write_bytes(b"PK" * 4000)
    with pytest.raises(FlashError, match=r"got another kind of file"):
        check_image(tmp_path / "x.bin")


def test_a_version_is_found_in_mpflashs_cache_for_the_chip_that_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("MPFLASH_FIRMWARE", str(tmp_path))
    (tmp_path / "esp32").mkdir()
    image(tmp_path / "esp32", ESP32, name="ESP32_GENERIC-v1.29.0.bin")
    s3 = image(tmp_path / "esp32", S3, name="ESP32_GENERIC_S3-v1.29.0.bin")
    assert find_image("1.29.0", "esp32s3") == s3
    with pytest.raises(FlashError, match=r"mpflash download --version 1.28.0"):
        find_image("1.28.0", "esp32s3")


def test_of_a_cache_with_many_boards_the_generic_image_is_taken_and_none_by_chance(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("MPFLASH_FIRMWARE", str(tmp_path))
    other = image(tmp_path, ESP32, name="UM_TINYPICO-v1.29.0.bin")
    image(tmp_path, ESP32, name="ESP32_GENERIC-SPIRAM-v1.29.0.bin")
    image(tmp_path, ESP32, name="ESP32_GENERIC-v1.29.0-preview.12.bin")
    with pytest.raises(FlashError, match=r"for certain boards only.*UM_TINYPICO"):
        find_image("1.29.0", "esp32")
    assert find_image(str(other), "esp32") == other
    generic = image(tmp_path, ESP32, name="ESP32_GENERIC-v1.29.0.bin")
    assert find_image("v1.29.0", "esp32") == generic
    assert find_image("1.29.0", "esp32", "esp32-wroom-32") == generic
    assert find_image("1.29.0", "esp32", "esp32-wrover").name == "ESP32_GENERIC-SPIRAM-v1.29.0.bin"
    with pytest.raises(FlashError, match=r"no version as 1.29.0 either"):
        find_image("/none/x.bin", "esp32")
