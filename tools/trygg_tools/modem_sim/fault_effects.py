"""What each fault does to a modem; fault_table.py says which is which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trygg_tools.modem_sim.world import GOOD_MV
from trygg_tools.rig.sky import date_text, sentence, time_text

if TYPE_CHECKING:
    from trygg_tools.modem_sim.faults import Faults, Value
    from trygg_tools.modem_sim.modem import Modem

    Values = dict[str, Value]

FAR = "1,,,44.060004,20.920002,-37.592,,,1,,0.1,0.1,0.1,,,,155976.0,6000.0"
BOGUS = (
    "1,1,20261122074000.000,59.790000,10.240000,23.417,0.00,,0,,1.4,1.7,0.9,,3,,9999000.0,6144.0"
)
HOSTILE = (
    b'"\r\nOK\r\n+SMSUB: "',
    b"\r\n> \r\nERROR\r\n",
    b'+SMSUB: "trygg","00"\r\n',
    b"\r\nRDY\r\n\r\n+CFUN: 1\r\n",
    b"\x00\x1a\x1b\xff\xfe",
    b"\r\n+CMQTTRXEND: 0\r\n\r\n+CMQTTCONNLOST: 0,1\r\n",
    b"\r\n+QMTSTAT: 0,1\r\n",
    b'{"a":"\\"\r\nNORMAL POWER DOWN\r\n"}',
    b"",
    b"x" * 1500,
)


def _seconds_ms(values: Values) -> int:
    return int(values["seconds"]) * 1000


# -- 1, 2 and 3: answers ---------------------------------------------------------------------


def say_line(modem: Modem, _faults: Faults, values: Values) -> None:
    """An unsolicited line at this very place."""
    modem.mouth.line(str(values["line"]))


def late_ok(modem: Modem, _faults: Faults, values: Values) -> None:
    """The last line waits for the command's own unsolicited line."""
    modem.conversation.final_after_urc_ms = _seconds_ms(values)


def error_after_urc(modem: Modem, faults: Faults, values: Values) -> None:
    """As late_ok, and ERROR."""
    late_ok(modem, faults, values)
    modem.conversation.final_instead = "ERROR"


def error_now(modem: Modem, _faults: Faults, _values: Values) -> None:
    """ERROR in place of the last line."""
    modem.conversation.final_instead = "ERROR"


def silence(modem: Modem, faults: Faults, values: Values) -> None:
    """Mute, and deaf unless all is said later."""
    for_ms = _seconds_ms(values)
    later = bool(values["later"])
    modem.mouth.mute(for_ms, later)
    if not later:
        modem.conversation.give_up()
        faults.deaf_until_ms = modem.schedule.now_ms + for_ms


def late_answer(modem: Modem, _faults: Faults, values: Values) -> None:
    """The last line comes late."""
    modem.conversation.final_late_ms = _seconds_ms(values)


def slow_answer(modem: Modem, _faults: Faults, values: Values) -> None:
    """Nothing is done; the result comes late."""
    modem.conversation.skipped = True
    modem.conversation.final_instead = str(values["result"])
    modem.conversation.final_late_ms = _seconds_ms(values)


def stale_answer(modem: Modem, _faults: Faults, values: Values) -> None:
    """Nothing is done or said; the result comes with the next command."""
    modem.conversation.skipped = True
    modem.conversation.final_instead = ""
    modem.conversation.stale = str(values["result"])


def lost_answer(modem: Modem, _faults: Faults, _values: Values) -> None:
    """No last line."""
    modem.conversation.final_instead = ""


def refuse(modem: Modem, _faults: Faults, _values: Values) -> None:
    """Not done, ERROR."""
    modem.conversation.skipped = True
    modem.conversation.final_instead = "ERROR"


def hang(modem: Modem, faults: Faults, values: Values) -> None:
    """Deaf and mute until somebody acts."""
    faults.hangs_until = str(values["until"])
    modem.mouth.mute(1 << 50, said_later=False)
    modem.conversation.give_up()


# -- 4: the wire -----------------------------------------------------------------------------


def garbage(modem: Modem, faults: Faults, values: Values) -> None:
    """Bytes of another rate, then the end of a line."""
    count = int(values["bytes"])
    noise = bytes(faults.rng.choice(b"\x00\x80\xe0\xf8\xfc\xff\x1c\x9c\xb5") for _ in range(count))
    modem.mouth.out(noise + b"DY\r\n")


def no_rdy(_modem: Modem, faults: Faults, values: Values) -> None:
    """The next starts say nothing first."""
    faults.boots_without_rdy = int(values["starts"])


def baud_lost(modem: Modem, _faults: Faults, values: Values) -> None:
    """Another rate, saved."""
    modem.kept["baud"] = modem.wire.modem_baud = int(values["rate"])


# -- 5 and 6: GNSS ---------------------------------------------------------------------------


def false_fix(modem: Modem, faults: Faults, values: Values) -> None:
    """The receiver lies for a while."""
    faults.lie = FAR if values["how"] == "far" else BOGUS

    def truth() -> None:
        faults.lie = ""

    modem.schedule.after(_seconds_ms(values), truth)


# -- 7: power --------------------------------------------------------------------------------


def reboot(modem: Modem, _faults: Faults, _values: Values) -> None:
    """A start."""
    modem.power.crash()


def brown_out(modem: Modem, _faults: Faults, values: Values) -> None:
    """A warning, a second later off, and power again."""
    world, part = modem.world, modem.part
    world.supply(part.low_mv)
    modem.schedule.after(1000, lambda: world.supply(part.brown_out_mv - 1))
    modem.schedule.after(1000 + _seconds_ms(values), lambda: world.supply(GOOD_MV))


def off(modem: Modem, _faults: Faults, _values: Values) -> None:
    """Off."""
    modem.power.vanish()


def psm(modem: Modem, _faults: Faults, _values: Values) -> None:
    """PSM, at once."""
    modem.power.doze()


def dead_key(_modem: Modem, faults: Faults, values: Values) -> None:
    """PWRKEY does nothing."""
    faults.dead_keys = int(values["presses"])


# -- 8 and 9: MQTT and network ---------------------------------------------------------------


def puback_lost(_modem: Modem, faults: Faults, _values: Values) -> None:
    """The next acknowledgement is lost."""
    faults.acks_to_lose += 1


def publish_fails(_modem: Modem, faults: Faults, values: Values) -> None:
    """The next publish ends in a code."""
    faults.publish_code = int(values["code"])


def double_publish(_modem: Modem, faults: Faults, _values: Values) -> None:
    """The next publish goes out twice."""
    faults.copies_to_make += 1


def session_lost(_modem: Modem, faults: Faults, _values: Values) -> None:
    """The next connect meets no session."""
    faults.sessions_to_lose += 1


def pdp_drop(modem: Modem, _faults: Faults, _values: Values) -> None:
    """Every context."""
    modem.network.take_away()


def link_lost(modem: Modem, _faults: Faults, _values: Values) -> None:
    """Every connection."""
    for end in modem.connections:
        end.cut_off()


def coverage(modem: Modem, _faults: Faults, values: Values) -> None:
    """No cover."""
    modem.world.cover(False, _seconds_ms(values))


def attach_fails(modem: Modem, _faults: Faults, values: Values) -> None:
    """No attach."""
    modem.world.refuse(True, _seconds_ms(values))


# -- 10: the clock ---------------------------------------------------------------------------


def clock_unset(modem: Modem, _faults: Faults, values: Values) -> None:
    """1980, and nobody who tells the time."""
    modem.clock.lose()
    modem.world.clock_given = False

    def told() -> None:
        modem.world.clock_given = True
        modem.each_family(lambda family: family.on_network(modem.network.registered))

    modem.schedule.after(_seconds_ms(values), told)


def clock_jump(modem: Modem, _faults: Faults, values: Values) -> None:
    """Another time, and +CTZV."""
    zone = modem.world.zone
    modem.clock.set(modem.clock.second() + int(values["hours"]) * 3600, zone)
    modem.urc(f"+CTZV: {zone:+03d}")


# -- 11 to 14: bytes -------------------------------------------------------------------------


def hostile(modem: Modem, faults: Faults, values: Values) -> None:
    """A message that looks like the modem's own lines."""
    which = int(values["which"])
    payload = HOSTILE[which % len(HOSTILE)] if which >= 0 else faults.rng.choice(HOSTILE)
    for end in modem.connections:
        end.bring(str(values["topic"]), payload)


def cut_frame(modem: Modem, _faults: Faults, values: Values) -> None:
    """The next frame by length."""
    modem.mouth.cut_next = int(values["bytes"])


def _sentence(modem: Modem) -> bytes:
    second = modem.world.second()
    return sentence(f"GNRMC,{time_text(second)},V,,,,,,,{date_text(second)},,,N")


def nmea_once(modem: Modem, _faults: Faults, _values: Values) -> None:
    """One sentence, here."""
    modem.mouth.out(_sentence(modem))


def nmea(modem: Modem, faults: Faults, values: Values) -> None:
    """A sentence every second."""
    life = modem.power.starts
    faults.sentences_left = int(values["seconds"])

    def speak() -> None:
        left, awake = faults.sentences_left, not modem.asleep_in_psm()
        if left > 0 and life == modem.power.starts and awake:
            faults.sentences_left = left - 1
            modem.mouth.out(_sentence(modem))
            modem.schedule.after(1000, speak)

    speak()


def quirk(modem: Modem, _faults: Faults, values: Values) -> None:
    """From now on."""
    modem.add_quirk(str(values["quirk"]))
