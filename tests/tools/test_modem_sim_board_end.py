"""The tracker's end of the simulated modem: port Uart, pins, bad cables; what a person is shown."""

from hypothesis import given
from hypothesis import strategies as st

from modem_host import Host
from told_places import places_told
from trygg_tools.modem_sim.board_end import Cable, ModemPins, ModemUart
from trygg_tools.modem_sim.shown import Shown, masked
from trygg_tools.rig.clock import Clock


def ends(cable=None, rxbuf=2048, wired=None):
    """A modem that is off, its clock, the UART and the pins."""
    host = Host()
    clock = Clock()
    uart = ModemUart(host.modem, clock, cable, rxbuf)
    pins = ModemPins(host.modem, clock, *([wired] if wired else []))
    return host, clock, uart, pins


def listen(clock, uart, ms):
    """Let time pass as a rig does: from one event to the next."""
    end_ms = clock.now_ms + ms
    data = b""
    while clock.now_ms < end_ms:
        wait_ms = uart.wait_ms()
        step_ms = end_ms - clock.now_ms if wait_ms < 0 else max(1, wait_ms)
        clock.advance(min(step_ms, end_ms - clock.now_ms))
        data += uart.read()
    return data


def started(**settings):
    host, clock, uart, pins = ends(**settings)
    assert pins.rail("modem_key", True)
    listen(clock, uart, 1100)
    pins.rail("modem_key", False)
    return host, clock, uart, pins, listen(clock, uart, 8000)


def test_the_rig_starts_a_modem_by_its_rails_and_senses_that_it_is_up():
    host, clock, uart, pins = ends()
    assert pins.sense("modem_status") == 0
    pins.rail("modem_key", True)
    assert listen(clock, uart, 1100) == b""
    pins.rail("modem_key", False)
    assert listen(clock, uart, 8000).startswith(b"\r\nRDY\r\n")
    assert pins.sense("modem_status") == 1
    pins.rail("modem", False)
    assert pins.sense("modem_status") == 0
    assert host.modem.power.starts == 1


def test_a_name_that_is_not_the_modems_is_somebody_elses():
    _, _, _, pins = ends()
    assert not pins.rail("gnss", True)
    assert pins.sense("gnss") == -1


def test_what_is_not_wired_does_nothing_and_senses_minus_one():
    host, clock, uart, pins = ends(wired=("modem",))
    assert pins.rail("modem_key", True)
    listen(clock, uart, 5000)
    assert host.modem.power.state == "off"
    assert pins.sense("modem_status") == -1


def test_dtr_high_lets_the_modem_sleep():
    _host, clock, uart, pins, _ = started()
    uart.write(b"ATE0;+CSCLK=1\r")
    assert listen(clock, uart, 100).endswith(b"OK\r\n")
    pins.rail("modem_dtr", True)
    listen(clock, uart, 6000)
    uart.write(b"AT\r")
    assert listen(clock, uart, 1000) == b""
    pins.rail("modem_dtr", False)
    listen(clock, uart, 100)
    uart.write(b"AT\r")
    assert listen(clock, uart, 1000) == b"\r\nOK\r\n"


def test_nothing_can_change_is_said_as_minus_one():
    _, _, uart, _ = ends()
    assert uart.wait_ms() == -1


def test_the_buffer_drops_what_nobody_reads_and_counts_it():
    _, clock, uart, _, _ = started(rxbuf=16)
    uart.write(b"AT+CPSI?;+CSQ;+CFUN?\r")
    clock.advance(2000)
    assert len(uart.read()) == 16
    assert uart.overruns() >= 1


def test_a_cable_of_one_byte_a_read_delivers_all():
    _, _, _, _, said = started(cable=Cable(piece=1))
    assert said.endswith(b"SMS Ready\r\n")


def test_a_late_cable_is_late():
    _, clock, uart, _, _ = started(cable=Cable(delay_ms=700))
    uart.write(b"ATE0\r")
    assert listen(clock, uart, 690) == b""
    assert listen(clock, uart, 100) == b"ATE0\r\r\nOK\r\n"


@given(data=st.binary(max_size=400), seed=st.integers(0, 99))
def test_a_lossy_cable_loses_and_harms_what_it_says(data, seed):
    cable = Cable(seed, lost_ppm=100000, harmed_ppm=50000)
    carried = cable.carry(data)
    assert len(carried) == len(data) - cable.lost
    assert cable.lost + cable.harmed <= len(data)
    assert Cable(seed, lost_ppm=100000, harmed_ppm=50000).carry(data) == carried
    assert Cable(seed).carry(data) == data


# -- what a person is shown ------------------------------------------------------------------


def test_passwords_keys_pins_and_coordinates_are_never_shown():
    for direction, line, shown in [
        (">", 'AT+SMCONF="PASSWORD","hemmelig"', 'AT+SMCONF="PASSWORD","***"'),
        (">", 'AT+CMQTTCONNECT=0,"tcp://h:1",60,0,"astrid","hemmelig"',
         'AT+CMQTTCONNECT=0,"tcp://h:1",60,0,"astrid","***"'),
        (">", 'AT+QMTCONN=0,"a","astrid","hemmelig"', 'AT+QMTCONN=0,"a","astrid","***"'),
        (">", "AT+CPIN=1234", 'AT+CPIN="***"'),
        (">", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "(32 bytes)"),
        ("<", "+CGNSINF: 1,1,20260503193537.000,59.790000,10.240000,23.4",
         "+CGNSINF: 1,1,20260503193537.000,***,***,23.4"),
        ("<", "+CGPSINFO: 3113.343286,N,12121.234064,E,250311,072809.3,44.1",
         "+CGPSINFO: ***,N,***,E,250311,072809.3,44.1"),
        ("<", "$GNRMC,072809.00,A,5947.40000,N,01014.40000,E", "$GNRMC,***"),
        ("<", '+SMSUB: "trygg/down","3132"', '+SMSUB: "trygg/down",(***)'),
        ("<", "+CARECV: 5,hello", "+CARECV: 5,(***)"),
        ("<", "\x00\xff\xfe", "(3 bytes)"),
        ("<", "OK", "OK"),
        ("<", "+CME ERROR: operation not allowed", "+CME ERROR: operation not allowed"),
    ]:  # fmt: skip
        assert masked(direction, line) == shown


def test_chunks_are_put_together_to_lines_with_their_time():
    lines = []
    shown = Shown(lines.append)
    shown(10, "<", b"\r\n+CS")
    shown(20, "<", b"Q: 20,0\r\n\r\nOK\r\n")
    shown(30, "<", b"\r\n> ")
    shown(40, "*", b"now off")
    assert [line.plain().split(None, 2)[1:] for line in lines] == [
        ["<", "+CSQ: 20,0"], ["<", "OK"], ["<", ">"], ["*", "now off"],
    ]  # fmt: skip
    assert lines[0].ms == 20
    assert lines[0].plain().startswith("     0.020 <")


def test_a_whole_day_of_publishing_shows_no_position_and_no_secret():
    host = Host()
    lines = []
    host.modem.traces.append(Shown(lines.append))
    host.boot()
    host.wait(15000)
    host.ask("AT+CGNSPWR=1")
    host.until(lambda: host.modem.gnss.fix() is not None)
    host.ask("AT+CGNSINF")
    host.ask('AT+SMCONF="PASSWORD","hemmelig"')
    fix = host.modem.gnss.fix()
    text = "\n".join(line.text for line in lines)
    assert "+CGNSINF: 1,1," in text
    assert "hemmelig" not in text
    assert not places_told(text, fix.lat_e6 / 1e6, fix.lon_e6 / 1e6)
