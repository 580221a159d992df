"""NMEA that a modem streams into its command port goes to the parser; the answers stay whole."""

from modem_host import Host
from tracker.modem import a7670
from tracker.modem.at import OK, At
from tracker.nmea import Receiver
from trygg_tools.modem_sim.board_end import ModemUart
from trygg_tools.rig.clock import Clock

LAT, LON = 59.79, 10.24


def test_a_stream_of_nmea_gives_fixes_and_every_question_between_its_answer():
    host = Host("a7670")
    host.boot()
    host.scene.do(f"sky open {LAT} {LON}")
    host.ask("AT+CGNSSPWR=1")
    host.wait(120_000)
    assert host.ask("AT+CGNSSTST=1")[-1] == "OK"
    clock = Clock()
    clock.now_ms = host.now_ms
    line, receiver = At(ModemUart(host.modem, clock), a7670.TABLE), Receiver()
    fixes, answers = [], 0
    end_ms = clock.now_ms + 30_000
    while clock.now_ms < end_ms:
        clock.advance(20)
        line.poll(clock.now_ms)
        receiver.feed(line.nmea(), clock.now_ms)
        fix = receiver.take()
        fixes += [] if fix is None else [fix]
        if line.ended() == OK:
            assert [one[:5] for one in line.lines] == [b"+CSQ:"]
            answers += 1
        line.begin(b"AT+CSQ", clock.now_ms, b"+CSQ:")
    assert answers > 300
    assert line.timeouts == line.strange == line.garbage == 0
    assert len(fixes) >= 25
    near = 1000  # 1e-6 degrees
    assert all(abs(one.lat_e6 - round(LAT * 1e6)) < near for one in fixes)
    assert all(abs(one.lon_e6 - round(LON * 1e6)) < near for one in fixes)
    assert receiver.counters.bad == 0
