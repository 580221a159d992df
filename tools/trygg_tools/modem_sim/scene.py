"""A whole scene: a modem, its world, and a broker and a peer in memory; and words that change it.

    scene = Scene(PARTS["sim7080"], seed=7)
    scene.do("power key"); scene.do("network lost"); scene.do("fault silence seconds=60")

The words are those of tests/vectors/at/README.md and of `trygg modem do`; WORDS lists them. The
broker listens for any host at 1883 and, with TLS, at 8883; the peer at 7 and, with TLS, at 443.
"""

from __future__ import annotations

from collections.abc import Callable

from trygg_tools.modem_sim.far_memory import ANY, Far, Guard, MemoryNet
from trygg_tools.modem_sim.far_packets import PacketMqtt
from trygg_tools.modem_sim.fault_file import NUMBER, from_words
from trygg_tools.modem_sim.faults import Faults
from trygg_tools.modem_sim.memory_broker import MemoryBroker
from trygg_tools.modem_sim.modem import Modem
from trygg_tools.modem_sim.part import Part
from trygg_tools.modem_sim.quirk_table import QUIRKS
from trygg_tools.modem_sim.world import GOOD_MV, Place, World

BROKER, BROKER_TLS, PEER, PEER_TLS = 1883, 8883, 7, 443
PRESS_MS = 1500
OTHER_CA = b"-----BEGIN CERTIFICATE----- of somebody else"
NOT_AUTHORIZED = 5

WORDS = {
    "power key": "press PWRKEY for 1.5 s",
    "network lost [SECONDS]": "no cover, for ever or so long",
    "network back": "cover again",
    "coverage off [48h] | on": "the same, with a unit: s, m, h",
    "attach refused [SECONDS] | granted": "the network refuses to attach the modem",
    "pdp drop": "the network takes every context away",
    "signal RSRP": "received power in dBm, -140 to -44",
    "sky open LAT LON | closed": "where the receiver is; no satellites",
    "broker says TOPIC HEX": "somebody publishes; `-` is nothing",
    "broker closes | refuses [CODE] | accepts | down | up | forgets": "what a broker can do",
    "peer sends HEX | closes | refuses | accepts": "the far end of a raw socket",
    "tls refuses | accepts": "the far end's CA is another one",
    "clock unset": "1980, and nobody tells the time",
    "sim out | in": "the SIM card",
    "supply low | out | good": "the battery sags, is empty, is full",
    "dtr high | low": "the DTR line",
    "fault NAME key=value ...": "a row of `trygg modem faults`",
    "faults off": "no more faults; a hang, a silence and NMEA end, cover stays as it is",
    "quirk NAME": "a firmware's peculiarity",
}
BYTES_MOST = 100000  # of a message by words
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class WordError(ValueError):
    """Not one of the words; the text says which there are."""


def seconds_of(text: str) -> int:
    """`48h`, `90`, `10m` in seconds; WordError."""
    digits, unit = (text[:-1], text[-1]) if text[-1:] in UNITS else (text, "s")
    if not NUMBER.fullmatch(digits) or digits[0] == "-":
        raise WordError(f"wanted seconds, or a number with s, m, h or d, got {text!r}")
    return int(digits) * UNITS[unit]


def bytes_of(words: list[str]) -> bytes:
    """Hex with spaces between, `61*1500` repeated, `-` nothing; WordError."""
    out = b""
    for word in words:
        digits, _, times = word.partition("*")
        try:
            one = b"" if digits == "-" else bytes.fromhex(digits)
            count = int(times or 1)
        except ValueError:
            raise WordError(f"wanted bytes in hex, got {word!r}") from None
        if not 0 <= len(out) + len(one) * count <= BYTES_MOST or count < 0:
            raise WordError(f"wanted at most {BYTES_MOST} bytes, got {word!r}")
        out += one * count
    return out


def standing(lat: str, lon: str) -> Place:
    """Somebody who stands there; WordError."""
    try:
        lat_e6, lon_e6 = round(float(lat) * 1000000), round(float(lon) * 1000000)
    except (ValueError, OverflowError):
        raise WordError(f"sky: wanted degrees, got {lat!r} {lon!r}") from None
    if abs(lat_e6) > 90000000 or abs(lon_e6) > 180000000:
        raise WordError(f"sky: wanted -90 to 90 and -180 to 180 degrees, got {lat} {lon}")
    return lambda _second: (lat_e6, lon_e6, 0, 0, 124)


class Scene:
    """`modem`, `world`, `net`, `broker`; `peer_got` is what came on raw sockets."""

    def __init__(
        self,
        part: Part,
        seed: int = 0,
        faults: Faults | None = None,
        firmware: str | None = None,
        world: World | None = None,
    ) -> None:
        self.world = world or World()
        self.net = MemoryNet(self.world.schedule)
        self.broker = MemoryBroker(self.world.schedule)
        self.broker_guard, self.peer_guard = Guard(), Guard()
        self.peers: list[Far] = []
        self.peer_got = bytearray()
        self.in_memory = self.world.sockets is None
        self.world.sockets = self.world.sockets or self.net
        self.world.mqtt = self.world.mqtt or PacketMqtt(self.world.schedule, self.net)
        self.modem = Modem(part, self.world, faults, seed, firmware)
        self._broker_up(True)
        self._peer_up(True)

    # -- who listens -------------------------------------------------------------------------

    def _broker_up(self, up: bool) -> None:
        for port, guard in ((BROKER, None), (BROKER_TLS, self.broker_guard)):
            if up:
                self.broker.listen(self.net, ANY, port, guard)
            else:
                self.net.listeners.pop((ANY, port), None)

    def _peer_up(self, up: bool) -> None:
        for port, guard in ((PEER, None), (PEER_TLS, self.peer_guard)):
            if up:
                self.net.listen(ANY, port, self._peer_called, self._peer_heard, guard=guard)
            else:
                self.net.listeners.pop((ANY, port), None)

    def _peer_called(self, far: Far) -> None:
        self.peers = [*(one for one in self.peers if one.alive()), far]

    def _peer_heard(self, far: Far) -> None:
        self.peer_got += far.recv()

    # -- words -------------------------------------------------------------------------------

    def do(self, text: str) -> None:
        """One of WORDS; WordError or FaultError says what was wanted."""
        verb, *rest = text.split() or [""]
        action = getattr(self, f"_do_{verb}", None) if verb.isalpha() else None
        if action is None:
            known = ", ".join(sorted({word.split()[0] for word in WORDS}))
            raise WordError(f"wanted one of {known}, got {text!r}")
        if verb in ("broker", "peer", "tls") and not self.in_memory:
            raise WordError(f"{verb}: the one behind this modem is real; see fault link_lost")
        action(rest)

    def _pick(self, words: list[str], actions: dict[str, Callable[[], object]]) -> None:
        choice = words[0] if words else ""
        if choice not in actions:
            raise WordError(f"wanted {' or '.join(actions)}, got {choice!r}")
        actions[choice]()

    def _do_power(self, words: list[str]) -> None:
        schedule, power = self.world.schedule, self.modem.power

        def press() -> None:
            power.key(1)
            schedule.after(PRESS_MS, lambda: power.key(0))

        self._pick(words, {"key": press})

    def _do_network(self, words: list[str]) -> None:
        for_ms = seconds_of(words[1]) * 1000 if len(words) > 1 else 0
        self._pick(words, {
            "lost": lambda: self.world.cover(False, for_ms),
            "back": lambda: self.world.cover(True),
        })  # fmt: skip

    def _do_coverage(self, words: list[str]) -> None:
        choice = words[0] if words else ""
        if choice not in ("off", "on"):
            raise WordError(f"coverage: wanted off or on, got {choice!r}")
        self._do_network([{"off": "lost", "on": "back"}[choice], *words[1:]])

    def _do_attach(self, words: list[str]) -> None:
        for_ms = seconds_of(words[1]) * 1000 if len(words) > 1 else 0
        self._pick(words, {
            "refused": lambda: self.world.refuse(True, for_ms),
            "granted": lambda: self.world.refuse(False),
        })  # fmt: skip

    def _do_pdp(self, words: list[str]) -> None:
        self._pick(words, {"drop": self.modem.network.take_away})

    def _do_signal(self, words: list[str]) -> None:
        text = words[0] if words else ""
        if not NUMBER.fullmatch(text) or not -140 <= int(text) <= -44:
            raise WordError(f"signal: wanted -140 to -44 dBm, got {text!r}")
        self.world.cell.rsrp_dbm = int(text)

    def _do_sky(self, words: list[str]) -> None:
        if words[:1] == ["open"] and len(words) == 3:
            self.world.place = standing(words[1], words[2])
        elif words == ["closed"]:
            self.world.place = lambda _second: None
        else:
            raise WordError(f"sky: wanted open LAT LON or closed, got {' '.join(words)!r}")

    def _do_broker(self, words: list[str]) -> None:
        code = words[1] if len(words) == 2 and words[0] == "refuses" else str(NOT_AUTHORIZED)
        if not NUMBER.fullmatch(code) or not 1 <= int(code) <= 255:
            raise WordError(f"broker refuses: wanted 1 to 255, got {code!r}")
        self._pick(words, {
            "says": lambda: self._broker_says(words[1:]),
            "closes": self.broker.drop_all,
            "refuses": lambda: setattr(self.broker, "refuses", int(code)),
            "accepts": lambda: setattr(self.broker, "refuses", 0),
            "down": self._broker_down,
            "up": lambda: self._broker_up(True),
            "forgets": self.broker.forget_sessions,
        })  # fmt: skip

    def _do_peer(self, words: list[str]) -> None:
        self._pick(words, {
            "sends": lambda: self._peer_sends(bytes_of(words[1:])),
            "closes": self._peer_closes,
            "refuses": lambda: self._peer_up(False),
            "accepts": lambda: self._peer_up(True),
        })  # fmt: skip

    def _broker_says(self, words: list[str]) -> None:
        if len(words) < 2:
            raise WordError("broker: wanted says TOPIC HEX, and - for nothing")
        self.broker.say(words[0], bytes_of(words[1:]))

    def _broker_down(self) -> None:
        self._broker_up(False)
        self.broker.drop_all()

    def _peer_sends(self, data: bytes) -> None:
        for far in self.peers:
            far.send(data)

    def _peer_closes(self) -> None:
        for far in self.peers:
            far.close()

    def _do_tls(self, words: list[str]) -> None:
        def guard(ca: bytes) -> None:
            self.broker_guard = self.peer_guard = Guard(ca=ca)
            self._broker_up(True)
            self._peer_up(True)

        self._pick(words, {"refuses": lambda: guard(OTHER_CA), "accepts": lambda: guard(b"")})

    def _do_clock(self, words: list[str]) -> None:
        self._pick(words, {"unset": self._clock_unset})

    def _clock_unset(self) -> None:
        self.world.clock_given = False
        self.modem.clock.lose()

    def _do_sim(self, words: list[str]) -> None:
        self._pick(words, {
            "out": lambda: setattr(self.world, "sim", False),
            "in": lambda: setattr(self.world, "sim", True),
        })  # fmt: skip

    def _do_supply(self, words: list[str]) -> None:
        self._pick(words, {
            "low": lambda: self.world.supply(self.modem.part.low_mv),
            "out": lambda: self.world.supply(self.modem.part.brown_out_mv - 1),
            "good": lambda: self.world.supply(GOOD_MV),
        })  # fmt: skip

    def _do_dtr(self, words: list[str]) -> None:
        power = self.modem.power
        self._pick(words, {"high": lambda: power.dtr(1), "low": lambda: power.dtr(0)})

    def _do_fault(self, words: list[str]) -> None:
        self.modem.faults.add(self.modem, from_words(" ".join(words)))

    def _do_faults(self, words: list[str]) -> None:
        def off() -> None:
            self.modem.faults.clear()
            self.modem.mouth.speak()

        self._pick(words, {"off": off})

    def _do_quirk(self, words: list[str]) -> None:
        name = "".join(words[:1])
        if name not in QUIRKS:
            raise WordError(f"quirk: wanted one of {', '.join(QUIRKS)}, got {name!r}")
        self.modem.add_quirk(name)
