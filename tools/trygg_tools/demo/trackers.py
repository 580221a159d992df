"""The demo's trackers: the firmware on virtual boards, or simulated where those cannot be had."""

import base64
import json
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from trygg_tools.boards import board_file, config_sections, read_board
from trygg_tools.demo.folder import Wearer
from trygg_tools.demo.mortal import mortal
from trygg_tools.demo.processes import end
from trygg_tools.firmware_image import firmware_folder
from trygg_tools.rig.board import VirtualBoard, micropython_folder
from trygg_tools.rig.board.board_modem import BoardModem
from trygg_tools.rig.live import epochs

CA = "/ca.der"
CA_FOR_A_MODEM = "/ca.pem"  # modems read no DER
EPOCH_UNIX_S = 1577836800  # 2020
WIFI, MODEM = "wifi", "modem"
Say = Callable[[str, str], None]  # (device, line)


class Tracker(Protocol):
    """What the demo asks of a tracker."""

    def start(self) -> None:
        """Switch it on and let its wearer walk."""

    def stop(self) -> None:
        """Switch it off for good."""


def board_can_run() -> bool:
    """Whether this machine has the virtual board's interpreter."""
    return micropython_folder() is not None


class BoardTracker:
    """The firmware, byte for byte what would be flashed, on a virtual board: over Wi-Fi, or over a
    simulated modem whose MQTT and sockets are real."""

    def __init__(self, wearer: Wearer, say: Say, link: str = WIFI) -> None:
        said = json.loads(wearer.credentials.read_text("utf-8"))
        self._ca = base64.b64decode(said.pop("ca_der"))
        self._wearer = wearer
        self._modem = None
        if link == MODEM:
            start_s = int(time.time()) - EPOCH_UNIX_S
            self._modem = BoardModem("sim7080", real=True, start_s=start_s)
        config = board_config(said, link)
        self._board = VirtualBoard(wearer.folder, firmware_folder(), config, modem=self._modem)
        self._board.on_line(lambda line: say(wearer.device, line))
        self._ended = threading.Event()
        self._walking = threading.Thread(target=self._walk, daemon=True)

    def start(self) -> None:
        """Flash, switch on, walk."""
        files = {CA: self._ca, CA_FOR_A_MODEM: ssl.DER_cert_to_PEM_cert(self._ca).encode()}
        self._board.flash_firmware(files)
        self._board.start()
        self._walking.start()

    def stop(self) -> None:
        """Switch it off for good."""
        self._ended.set()
        self._board.stop()

    def link(self) -> str:
        """What its modem is doing, in a word or two; "" without one."""
        return "" if self._modem is None else self._modem.state()

    def _walk(self) -> None:
        began = time.monotonic()
        for at_ms, data in epochs(self._wearer.walk, time.time_ns() // 1_000_000):
            if self._ended.wait(max(0.0, began + at_ms / 1000 - time.monotonic())):
                return
            self._board.feed_gps(data)


class SimulatedTracker:
    """The same core on CPython, in a process of its own."""

    def __init__(self, wearer: Wearer, say: Say) -> None:
        said = json.loads(wearer.credentials.read_text("utf-8"))
        wearer.folder.mkdir(parents=True, exist_ok=True)
        ca = wearer.folder / "ca.der"
        ca.write_bytes(base64.b64decode(said.pop("ca_der")))
        self._config = wearer.folder / "config.json"
        self._config.write_text(json.dumps({**said, "tls": str(ca)}), "utf-8")
        self._wearer = wearer
        self._say = say
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start its process; its lines go to console.log and to the demo."""
        wearer = self._wearer
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            mortal([
                "-m", "trygg_tools.rig.live", "--config", str(self._config),
                "--folder", str(wearer.folder / "flash"), "--walk", str(wearer.walk),
            ]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._listen, daemon=True).start()

    def stop(self) -> None:
        """End its process."""
        if self._process is not None:
            end(self._process)

    def _listen(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        with (self._wearer.folder / "console.log").open("a", encoding="utf-8") as log:
            for line in self._process.stdout:
                log.write(line)
                log.flush()
                self._say(self._wearer.device, line.rstrip("\n"))


def board_config(credentials: dict[str, Any], link: str = WIFI) -> dict[str, Any]:
    """A board's /config.json: the credentials, and what the bench board's file says, after which
    the virtual board is wired."""
    if link == MODEM:
        sections = config_sections(read_board(board_file("esp32-modem-bench")))
        return {**credentials, "tls": CA_FOR_A_MODEM if credentials["tls"] else None, **sections}
    return {
        **credentials,
        "tls": CA if credentials["tls"] else None,
        "wifi": {"ssid": "trygg", "password": ""},
        **config_sections(read_board(board_file("esp32-bench"))),
    }
