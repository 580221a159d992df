"""A board on a serial port, spoken to through mpremote: the one file that knows mpremote's library.

    with BoardLink.open("/dev/ttyUSB0") as board:
        board.run("print(1 + 1)")        # "2\n"
        board.put("/slot", b"196608")    # whole or not at all

Every failure is a FlashError whose text says what a technician does next. mpremote announces that
its API will change, so it is pinned, and tests/tools/test_flash.py holds this file against the
virtual board.
"""

from __future__ import annotations

import contextlib
import json
import struct
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

import serial
from mpremote import transport_serial
from mpremote.transport import TransportError

from trygg_tools.flash.errors import FlashError, of_the_board, of_the_port

SILENT_S = 15.0  # an erase of many blocks says nothing for seconds
PROMPT_S = 3.0  # for a program to be stopped; the next try has twice as long, up to
PROMPT_MOST_S = 10.0  # for a machine that is busy, and for a large file system
WAKE_S = 15.0  # for a board that sleeps to be reset
CHUNK = 1024
AT_ONCE = 4  # chunks in one word to the board

_HASHES = """
import binascii, hashlib, json
def _hash(path):
    total = hashlib.sha256()
    buffer = bytearray(1024)
    try:
        with open(path, "rb") as file:
            while True:
                count = file.readinto(buffer)
                if not count:
                    return binascii.hexlify(total.digest()).decode()
                total.update(memoryview(buffer)[:count])
    except OSError:
        return None
print(json.dumps([_hash(path) for path in %r]))
"""
_APPEND = """
import binascii
with open(%r, %r) as file:
    for part in %r:
        file.write(binascii.a2b_base64(part))
"""


# what mpremote and pyserial raise when a port goes away under them
GONE = (TransportError, serial.SerialException, OSError, TypeError, struct.error)


class BoardLink:
    """One board at its raw REPL; nothing of ours runs on it meanwhile."""

    def __init__(
        self, port: str, transport: transport_serial.SerialTransport, silent_s: float
    ) -> None:
        """Use `BoardLink.open`."""
        self.port = port
        self._transport = transport
        self._silent_s = silent_s

    @classmethod
    def open(cls, port: str, baud: int = 115_200, silent_s: float = SILENT_S) -> Self:
        """The board on `port`, its program stopped and its heap fresh.

        One that says nothing for `silent_s` in the middle of a word is given up. Raises FlashError:
        no port, no permission, in use, or nobody who speaks MicroPython.
        """
        try:
            transport = transport_serial.SerialTransport(port, baudrate=baud)
        except (TransportError, serial.SerialException, OSError) as error:
            raise of_the_port(port, error) from None
        board = cls(port, transport, silent_s)
        try:
            board._stop_program()
        except BaseException:
            board.close()
            raise
        return board

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the port go; the board stays where it is."""
        with contextlib.suppress(*GONE):
            self._transport.close()

    # -- what is asked of it -----------------------------------------------------------------

    def run(self, code: str) -> str:
        """What `code` prints on the board. Raises FlashError with its traceback's last line."""
        printed, failed = self._executed(code)
        if failed:
            said = failed.decode("utf-8", "replace").strip().splitlines()
            raise FlashError(
                f"{self.port}: the board refused: {said[-1] if said else 'no words'}."
                " Press its reset button and try again"
            )
        text: str = printed.decode("utf-8", "replace").replace("\r\n", "\n")
        return text

    def tell(self, code: str) -> Any:
        """The value that `code`, which prints JSON, gives."""
        said = self.run(code)
        try:
            return json.loads(said)
        except ValueError:
            raise FlashError(
                f"{self.port}: wanted an answer, got {said[:60]!r}. Press the board's reset button"
                " and try again; if it says so again, the cable or the supply is bad"
            ) from None

    def put(self, path: str, content: bytes) -> None:
        """The file whole under its name, or not at all: written beside it, compared, renamed."""
        new = path + ".new"
        parts = [b64encode(content[at : at + CHUNK]) for at in range(0, len(content), CHUNK)]
        for at in range(0, len(parts) or 1, AT_ONCE):
            self.run(_APPEND % (new, "ab" if at else "wb", parts[at : at + AT_ONCE]))
        wanted, (got,) = sha256(content).hexdigest(), self.hashes([new])
        if got != wanted:
            raise FlashError(
                f"{self.port}: {path} came damaged onto the board: wanted sha256 {wanted[:12]}, got"
                f" {(got or 'no file')[:12]}. Try again with a shorter cable"
            )
        self.run(f"import os\nos.rename({new!r}, {path!r})")

    def hashes(self, paths: Sequence[str]) -> list[str | None]:
        """The sha256 of each file in hex, None for one that is not there."""
        found: list[str | None] = self.tell(_HASHES % (list(paths),))
        return found

    def read(self, path: str) -> bytes | None:
        """A small file whole, None if there is none."""
        said = self.tell(
            "import binascii, json\n"
            f"try:\n with open({path!r}, 'rb') as file:\n  got = binascii.b2a_base64(file.read())\n"
            "except OSError:\n got = b''\n"
            "print(json.dumps(got.decode().strip() or '='))"
        )
        return None if said == "=" else b64decode(said)

    def restart(self) -> None:
        """Reset the chip; its program runs again. The link is of no use any more."""
        self.leave("import machine\nmachine.reset()")

    def leave(self, code: str) -> None:
        """Run `code`, of which no answer is waited for, and let the port go."""
        with contextlib.suppress(*GONE):
            self._transport.exec_raw_no_follow(code)
            time.sleep(0.1)
        self.close()

    # -- inside ------------------------------------------------------------------------------

    def _executed(self, code: str) -> tuple[bytes, bytes]:
        """(what it printed, its traceback). Raises FlashError.

        mpremote waits for ever in some places: the port is closed under it, which ends that.
        """
        heard = bytearray()
        watchdog = threading.Timer(2 * self._silent_s, self._transport.serial.close)
        watchdog.start()
        try:
            _, failed = self._transport.exec_raw(code, self._silent_s, heard.extend)
        except GONE as error:
            if b"rownout" in heard:
                raise _low_voltage(self.port) from None
            raise of_the_board(self.port, error) from None
        finally:
            watchdog.cancel()
        return bytes(heard).removesuffix(b"\x04"), failed

    def _stop_program(self) -> None:
        """To the raw REPL, through Ctrl-C and a soft reset that runs no main.py.

        A tracker sleeps most of the time and hears nothing then: it is reset by the port's RTS
        line where the board has that, else a person does it within WAKE_S. One that says something
        is there, and only slow: it gets longer to come to its prompt each time.
        """
        until, prompt_s = time.monotonic() + WAKE_S, PROMPT_S
        while True:
            _heard.text = ""
            try:
                self._transport.enter_raw_repl(timeout_overall=prompt_s)
                return
            except TransportError:
                if _heard.text:
                    prompt_s = min(2 * prompt_s, PROMPT_MOST_S)
                if time.monotonic() > until:
                    raise _nobody(self.port, _heard.text) from None
                self._reset_by_rts()
            except GONE as error:
                raise of_the_board(self.port, error) from None

    def _reset_by_rts(self) -> None:
        """The two transistors of a development board: RTS holds EN low, DTR would hold BOOT."""
        with contextlib.suppress(serial.SerialException, OSError):  # a pty has no such lines
            self._transport.serial.dtr = False
            self._transport.serial.rts = True
            time.sleep(0.1)
            self._transport.serial.rts = False


class _Heard(threading.local):
    """What a board said in place of its prompt, in this thread."""

    text = ""


_heard = _Heard()


def _note(said: object = b"") -> None:
    _heard.text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


vars(transport_serial)["print"] = _note  # mpremote prints what it could not read


def _nobody(port: str, heard: str) -> FlashError:
    """What a port that answers no MicroPython most likely is."""
    if "rownout" in heard:
        return _low_voltage(port)
    if "waiting for download" in heard:
        return FlashError(
            f"{port}: the chip waits for a flash tool. Let go of its BOOT button and press reset;"
            " if it says so again, give --micropython IMAGE"
        )
    return FlashError(
        f"{port}: no MicroPython answers. A tracker that sleeps hears nothing: say the same again"
        " and press its reset button meanwhile. A blank board wants `trygg flash --micropython`"
    )


def _low_voltage(port: str) -> FlashError:
    return FlashError(
        f"{port}: the board resets for low voltage (brown-out). Charge its battery or use a"
        " shorter USB cable on a port of the computer itself, not of a hub"
    )
