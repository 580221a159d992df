"""What a part is: its families of commands and its figures, all data (sim7080.py and its likes).

Times are the data sheets' and hardware manuals'; where a figure is from memory the file says [K].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trygg_tools.modem_sim.family import Family


@dataclass(frozen=True)
class Firmware:
    """One firmware version and what it does differently: names that families ask for."""

    version: str
    quirks: frozenset[str] = frozenset()
    words: str = ""


@dataclass(frozen=True)
class Part:
    """A modem as its manuals describe it."""

    name: str
    maker: str
    model: str
    families: tuple[type[Family], ...]
    firmwares: tuple[Firmware, ...]
    words: str = ""

    # power and start, ms
    key_on_ms: int = 1000  # PWRKEY low at least so long switches on
    key_off_ms: int = 1200  # and off
    ready_ms: int = 1800  # from the key to the first byte on the UART
    status_ms: int = 1500  # from the key to STATUS high
    sim_ms: int = 600  # from RDY to the SIM's word
    sms_ms: int = 2500  # from RDY to the last URC of the start
    think_ms: int = 6  # from a command's CR to its first byte [K]
    off_ms: int = 1800  # from the word of leaving to STATUS low
    boot_lines: tuple[str, ...] = ("RDY", "+CFUN: 1")  # only at a fixed baud rate
    sim_lines: tuple[str, ...] = ("+CPIN: READY",)
    no_sim_lines: tuple[str, ...] = ("+CPIN: NOT INSERTED",)
    last_lines: tuple[str, ...] = ("SMS Ready",)
    rdy_with_auto_baud: bool = False
    baud: int = 115200  # saved with AT+IPR; 0 is auto-baud
    brown_out_mv: int = 2700
    low_mv: int = 3000
    leave_line: str = "NORMAL POWER DOWN"  # "" none
    low_line: str = "UNDER-VOLTAGE WARNNING"
    dead_line: str = "UNDER-VOLTAGE POWER DOWN"

    plain_errors: tuple[str, ...] = ()  # commands that know no +CME ERROR, by prefix

    # radio
    says_sim_with_cfun: bool = True  # SIMCom: +CPIN: NOT READY | READY with AT+CFUN=0|1
    has_psm: bool = True
    psm_after_reboot: bool = False  # CPSMS counts from the next start (SIM7000, SIM7070)
    shared_radio: bool = True  # GNSS and LTE use one receiver
    attach_ms: tuple[int, int] = (2000, 9000)  # good cover, from CFUN=1
    resume_ms: tuple[int, int] = (600, 2500)  # out of PSM, the cell still there
    rescan_ms: tuple[int, int] = (20000, 60000)  # between searches without cover
    rrc_ms: int = 10000  # how long the connection to the cell stays after the last byte
    pdp_ms: tuple[int, int] = (300, 1500)

    # GNSS, ms to the first fix
    hot_ms: int = 1000
    warm_ms: int = 26000
    cold_ms: int = 30000
    aided_ms: int = 12000  # with orbits from the network and the time, and nothing else [K]

    limits: Mapping[str, int] = field(default_factory=dict)

    def firmware(self, version: str | None) -> Firmware:
        """The firmware of that version, the first one when None; ValueError names the known."""
        if version is None:
            return self.firmwares[0]
        for firmware in self.firmwares:
            if firmware.version == version:
                return firmware
        known = ", ".join(firmware.version for firmware in self.firmwares)
        raise ValueError(f"firmware of {self.name}: wanted one of {known}, got {version!r}")
