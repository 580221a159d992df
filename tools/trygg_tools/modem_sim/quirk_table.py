"""Peculiarities of firmware versions: what each does, on which parts, and who saw it.

A part's `firmwares` (sim7080.py and its likes) say which version has which; `quirk NAME` in a scene
or on a running simulator switches one on whatever the version. docs/modem_quirks.md is this table.
"""

from __future__ import annotations

from typing import NamedTuple

LILYGO = "github.com/Xinyuan-LilyGO"


class Quirk(NamedTuple):
    """One row: families of parts, what is different, and the source."""

    parts: str
    words: str
    source: str


QUIRKS: dict[str, Quirk] = {
    "auto_baud": Quirk(
        "SIM70x0",
        "delivered with automatic baud rate: RDY and +CFUN never come",
        "AT manual V1.05, AT+IPR",
    ),
    "gnss_crash": Quirk(
        "SIM70x0",
        "GNSS started while data is active restarts the module",
        "github.com/wottreng/SIM7080G-NB-IoT-Cat-M-LTE-GPS/issues/2",
    ),
    "gnss_beside_data": Quirk(
        "SIM70x0",
        "GNSS may be started while data is active; LTE then waits",
        f"{LILYGO}/LilyGo-T-SIM7080G/issues/60",
    ),
    "no_mqtt": Quirk(
        "SIM7000",
        "the MQTT commands are missing: ERROR to each",
        "github.com/botletics/SIM7000-LTE-Shield/issues/318 and 76",
    ),
    "mqtt_never_connects": Quirk(
        "SIM70x0, SIM7600, A7670",
        "a connect is silent for minutes and fails",
        "github.com/botletics/SIM7000-LTE-Shield/issues/207 (1351B05SIM7000C)",
    ),
    "casend_untold": Quirk(
        "SIM7000",
        "CASEND says OK and never +CASEND, though the bytes went out",
        f"{LILYGO}/LilyGo-Modem-Series/issues/418 (1529B10SIM7000G)",
    ),
    "cid_sticks": Quirk(
        "SIM7000",
        "CAOPEN says 4 for a socket that the far end closed, until CACLOSE",
        "github.com/vshymanskyy/TinyGSM/issues/574",
    ),
    "smstate_untold": Quirk(
        "SIM70x0",
        "a lost MQTT connection is not told by +SMSTATE: 0; the next publish fails",
        "the MQTT note V1.03 has no such line; public drivers wait for it",
    ),
    "connect_blocks": Quirk(
        "A7670",
        "CMQTTCONNECT is silent until its result, then OK or ERROR",
        f"{LILYGO}/LilyGo-Modem-Series/issues/332 (A011B07A7670M7_F)",
    ),
    "tls_mqtt_fails": Quirk(
        "SIM7670",
        "MQTT with TLS never connects (B03V02)",
        f"{LILYGO}/LilyGo-Modem-Series/issues/183, 275 and 339 (2374B03SIM767XM5A_M)",
    ),
    "never_ready": Quirk(
        "A7670",
        "CGNSSPWR=1 works but READY! never comes",
        f"{LILYGO}/LilyGo-Modem-Series/issues/90 (A011B04A7670M7_F)",
    ),
    "decimal_degrees": Quirk(
        "A7670",
        "CGNSSINFO answers decimal degrees where the manual shows minutes",
        "A76XX AT manual, CGNSSINFO, which shows both",
    ),
    "antenna_gpio": Quirk(
        "SIM7670",
        "no satellites before CGDRT=4,1 and CGSETV=4,1 give the antenna its supply",
        f"{LILYGO}/LilyGo-Modem-Series/issues/477 (B04V01_241010)",
    ),
    "pubex_named": Quirk(
        "BG95",
        "a publish is confirmed as +QMTPUBEX, not +QMTPUB",
        'public drivers that wait for it (a code search for "+QMTPUBEX: 0,")',
    ),
}


def page() -> str:
    """docs/modem_quirks.md: the table, and which firmware of which part has what."""
    from trygg_tools.modem_sim.parts import PARTS

    lines = [
        "# Peculiarities of firmware versions",
        "",
        "Each can be switched on in the simulated modem: `trygg modem do quirk NAME`. This page is",
        "`quirk_table.py`'s; a test compares them.",
        "",
        "| quirk | parts | what is different | seen in |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{name}` | {row.parts} | {row.words} | {row.source} |" for name, row in _rows()]
    lines += ["", "| part | firmware | quirks |", "|---|---|---|"]
    for part in PARTS.values():
        for firmware in part.firmwares:
            quirks = ", ".join(f"`{name}`" for name in sorted(firmware.quirks))
            lines.append(f"| {part.name} | {firmware.version} | {quirks or 'none known'} |")
    return "\n".join(lines) + "\n"


def _rows() -> list[tuple[str, Quirk]]:
    return sorted(QUIRKS.items())
