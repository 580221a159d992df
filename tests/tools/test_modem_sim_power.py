"""The simulated modem's power and network: keys, starts, registration, PSM, eDRX, clock, GNSS."""

import pytest

from modem_host import Host
from trygg_tools.modem_sim.psm import EDRX_MS, T3324_S, T3412_S, timer_s


def off_host(part="sim7080"):
    return Host(part)


# -- PWRKEY, STATUS, rail --------------------------------------------------------------------


def test_a_short_press_does_nothing_and_a_long_one_starts():
    host = off_host()
    host.modem.key(1, 0)
    host.modem.key(0, 500)
    host.wait(10000)
    assert host.modem.status() == 0
    host.modem.key(1, host.now_ms)
    host.modem.key(0, host.now_ms + 1100)
    host.wait(10000)
    assert host.modem.status() == 1
    assert host.lines() == ["RDY", "+CFUN: 1", "+CPIN: READY", "SMS Ready"]


@pytest.mark.parametrize(("part", "ready_ms"), [("sim7080", 1800), ("sim7000", 4500)])
def test_the_uart_is_ready_when_the_data_sheet_says(part, ready_ms):
    host = off_host(part)
    host.modem.key(1, 0)
    host.wait(1000 + ready_ms - 10)
    assert host.raw == b""
    host.wait(40)
    assert host.raw.startswith(b"\r\nRDY")


def test_the_key_of_a_modem_that_is_on_switches_it_off():
    host = off_host()
    host.scene.do("power key")
    host.wait(10000)
    host.lines()
    host.scene.do("power key")
    host.wait(5000)
    assert host.lines() == ["NORMAL POWER DOWN"]
    assert host.modem.status() == 0


def test_a_key_held_for_thirteen_seconds_resets():
    host = Host().boot()
    host.modem.faults.dead_keys = 1  # the short hold would switch it off first
    host.modem.key(1, host.now_ms)
    host.wait(13000)
    host.modem.key(0, host.now_ms)
    host.wait(8000)
    assert host.lines()[:2] == ["RDY", "+CFUN: 1"]


def test_without_supply_it_is_off_and_only_what_is_saved_stays():
    host = Host().boot()
    host.ask('AT+CCLK="26/11/22,07:40:00+04"')
    assert host.ask("AT+IPR=9600") == ["OK"]
    host.modem.rail(False, host.now_ms)
    host.wait(1000)
    assert host.modem.status() == 0
    host.scene.do("power key")
    host.wait(5000)
    assert host.modem.status() == 0  # no supply, no start
    host.modem.rail(True, host.now_ms)
    host.modem.baud(9600, host.now_ms)
    host.scene.do("power key")
    host.wait(8000)
    host.lines()
    assert host.ask("AT+IPR?")[1] == "+IPR: 9600"
    assert host.ask("AT+CCLK?")[1].startswith('+CCLK: "80/01/06,')


def test_power_down_says_a_word_and_is_off():
    host = Host().boot()
    assert host.ask("AT+CPOWD=1") == ["NORMAL POWER DOWN"]
    host.wait(3000)
    assert host.modem.status() == 0
    assert host.ask("AT", 3000) == []


def test_with_the_slow_clock_and_dtr_high_the_uart_sleeps_and_dtr_low_wakes_it():
    host = Host().boot()
    assert host.ask("AT+CSCLK=1") == ["OK"]
    host.scene.do("dtr high")
    host.wait(6000)
    assert host.ask("AT", 2000) == []
    host.scene.do("dtr low")
    assert host.ask("AT", 30) == []  # the wake takes 50 ms
    host.wait(60)
    assert host.ask("AT") == ["OK"]


def test_dtr_that_rises_again_does_not_wake():
    host = Host().boot()
    host.ask("AT+CSCLK=1")
    host.scene.do("dtr high")
    host.wait(6000)
    host.scene.do("dtr low")
    host.wait(10)
    host.scene.do("dtr low")  # it is low already: the 50 ms count from the first time
    host.wait(45)
    assert host.ask("AT") == ["OK"]


# -- registration ----------------------------------------------------------------------------


def test_registration_comes_after_the_attach_time_and_is_reported():
    host = off_host()
    host.scene.do("power key")
    host.wait(3000)
    host.lines()
    host.ask("AT+CEREG=4")
    assert host.ask("AT+CEREG?")[1:] == ["+CEREG: 4,2", "OK"]
    host.until(lambda: host.modem.network.registered, 15000)
    host.wait(100)
    wanted = '+CEREG: 1,"5B57","195071B",7,,,"00000000","00000000"'
    assert [line for line in host.lines() if line.startswith("+CEREG")] == [wanted]


def test_a_lost_network_grants_nothing_any_more():
    host = psm_granted()
    host.scene.do("network lost")
    host.wait(300000)
    assert host.modem.power.state == "on"  # searching, not asleep
    assert host.modem.network.psm.granted is None


def test_without_cover_it_searches_and_finds_the_network_within_a_minute_of_its_return():
    host = Host().boot()
    host.scene.do("coverage off 48h")
    host.wait(6000)
    assert host.ask("AT+CEREG?") == ["+CEREG: 0,2", "OK"]
    assert host.ask("AT+CSQ") == ["+CSQ: 99,99", "OK"]
    assert host.ask("AT+CPSI?") == ["+CPSI: NO SERVICE,Online", "OK"]
    host.wait(48 * 3600 * 1000 - 10000)
    assert not host.modem.network.registered
    host.until(lambda: host.modem.network.registered, 61000)


def test_a_refused_attach_is_said_and_ends():
    host = Host().boot()
    host.scene.do("attach refused 2h")
    host.wait(60000)
    host.until(lambda: host.modem.network.stat == 3, 120000)
    assert host.ask("AT+CEREG?") == ["+CEREG: 0,3", "OK"]
    host.wait(7200000)
    assert host.modem.network.registered


def test_flight_mode_takes_the_network_away_and_gives_it_back():
    host = Host().online()
    assert host.ask("AT+CFUN=4") == ["+APP PDP: 0,DEACTIVE", "OK"]
    assert host.ask("AT+CEREG?") == ["+CEREG: 0,0", "OK"]
    assert host.ask("AT+CFUN=1") == ["OK"]
    host.until(lambda: host.modem.network.registered, 15000)


def test_attach_waits_for_the_network_or_gives_up():
    host = Host().boot()
    assert host.ask("AT+CGATT=0") == ["OK"]
    assert host.ask("AT+CGATT?") == ["+CGATT: 0", "OK"]
    assert host.ask("AT+CGATT=1") == ["OK"]
    host.ask("AT+CGATT=0")
    host.scene.do("network lost")
    began_ms = host.now_ms
    assert host.ask("AT+CGATT=1") == ["+CME ERROR: no network service"]
    assert 70000 < host.now_ms - began_ms < 80000


# -- PSM and eDRX ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bits", "units", "seconds"),
    [
        ("01000111", T3412_S, 70 * 3600),
        ("00100100", T3324_S, 240),
        ("00100010", T3412_S, 2 * 3600),
        ("00000011", T3324_S, 6),
        ("11100000", T3412_S, 0),
        ("0010", T3412_S, None),
        ("0010001x", T3412_S, None),
    ],
)
def test_the_timers_are_coded_as_the_manual_and_24_008_say(bits, units, seconds):
    assert timer_s(bits, units) == seconds


def psm_granted():
    """Registered, PSM granted with an active time of four minutes."""
    host = Host().boot()
    assert host.ask('AT+CPSMS=1,,,"00100010","00100100"') == ["OK"]
    host.wait(3000)
    assert host.modem.network.psm.granted is not None
    return host


def psm_host():
    host = Host().boot()
    host.ask("AT+CPSMSTATUS=1")
    host.ask("AT+CPSMS=0")
    assert host.ask('AT+CPSMS=1,,,"00100010","00000011"') == ["OK"]
    host.until(lambda: host.modem.power.state == "psm", 60000)
    host.wait(100)  # what was said last is still on the wire
    return host


def test_psm_begins_after_the_active_time_and_the_uart_is_dead():
    host = psm_host()
    assert host.lines() == ['+CPSMSTATUS: "ENTER PSM"']
    assert host.modem.status() == 0
    assert host.ask("AT", 10000) == []


def test_the_key_ends_psm_and_the_cell_is_found_again_soon():
    host = psm_host()
    began_ms = host.now_ms
    host.scene.do("power key")
    host.until(lambda: host.modem.network.registered, 10000)
    assert host.now_ms - began_ms < 6000
    assert '+CPSMSTATUS: "EXIT PSM"' in host.lines()


def test_t3412_wakes_it_by_itself_and_it_sleeps_again():
    host = psm_host()
    starts = host.modem.power.starts
    host.until(lambda: host.modem.power.starts > starts, 2 * 3600 * 1000 + 1000)
    host.until(lambda: host.modem.power.state == "psm", 120000)


def test_the_same_wish_again_tells_the_network_nothing():
    host = Host().boot()
    host.scene.world.psm_granted = False
    host.ask('AT+CPSMS=1,,,"00100010","00000011"')
    host.wait(30000)
    host.scene.world.psm_granted = True
    host.ask('AT+CPSMS=1,,,"00100010","00000011"')
    host.wait(120000)
    assert host.modem.power.state == "on"
    host.ask("AT+CPSMS=0")
    host.ask('AT+CPSMS=1,,,"00100010","00000011"')
    host.until(lambda: host.modem.power.state == "psm", 60000)


def test_on_the_sim7000_a_new_wish_counts_from_the_next_start():
    host = Host("sim7000").boot()
    host.ask('AT+CPSMS=1,,,"00100010","00000011"')
    host.wait(120000)
    assert host.modem.power.state == "on"
    host.ask("AT+CREBOOT")
    host.until(lambda: host.modem.power.state == "psm", 120000)


@pytest.mark.parametrize("call", ["1,1,,,", '1,,,"2","00000011"', "3", '1,,,"00100010","0000001"'])
def test_a_wrong_psm_wish_is_refused(call):
    assert Host().boot().ask(f"AT+CPSMS={call}")[-1].startswith("+CME ERROR")


def test_the_edrx_codes_are_the_manuals():
    assert EDRX_MS[0] == 5120
    assert EDRX_MS[2] == 20480
    assert EDRX_MS[5] == 81920
    assert EDRX_MS[15] == 10485760


def test_with_edrx_a_message_waits_for_the_paging_window():
    host = Host().connected()
    host.ask('AT+SMSUB="d",1')
    assert host.ask('AT+CEDRXS=1,4,"0101"') == ["OK"]
    host.wait(3000)
    assert host.ask("AT+CEDRXRDP") == ['+CEDRXRDP: 4,"0101","0101","0100"', "OK"]
    host.wait(15000)  # the connection to the cell is let go
    waited_ms = []
    for _ in range(4):
        host.scene.broker.say("d", b"order")
        began_ms = host.now_ms
        host.until(lambda: b"+SMSUB" in host.raw, 90000)
        waited_ms.append(host.now_ms - began_ms)
        host.lines()
        host.wait(37000)
    assert max(waited_ms) <= 82500
    assert max(waited_ms) > 20000
    host.publish(b"up")
    host.scene.broker.say("d", b"order")
    began_ms = host.now_ms
    host.until(lambda: b"+SMSUB" in host.raw, 90000)
    assert host.now_ms - began_ms < 1000  # connected: at once


def test_what_waits_for_the_paging_window_comes_as_soon_as_the_modem_itself_speaks():
    host = Host().connected()
    host.ask('AT+SMSUB="d",1')
    host.ask('AT+CEDRXS=1,4,"1101"')  # 2,621 s
    host.wait(30000)
    host.scene.broker.say("d", b"one")
    host.scene.broker.say("d", b"two")
    host.wait(60000)
    assert host.lines() == []
    said = host.publish(b"up")
    assert said == ['+SMSUB: "d","6F6E65"', '+SMSUB: "d","74776F"', "OK"]


# -- clock -----------------------------------------------------------------------------------


def test_the_clock_shows_1980_until_somebody_sets_it():
    host = Host().boot()
    assert host.ask("AT+CCLK?")[0].startswith('+CCLK: "80/01/06,00:00:')
    assert host.ask('AT+CCLK="26/11/22,07:40:00+04"') == ["OK"]
    host.wait(2000)
    assert host.ask("AT+CCLK?") == ['+CCLK: "26/11/22,07:40:02+04"', "OK"]
    assert host.ask('AT+CCLK="26/13/22,07:40:00+04"')[-1].startswith("+CME ERROR")


def test_clts_counts_from_the_next_start_and_the_network_says_the_time():
    host = Host().boot()
    assert host.ask("AT+CLTS=1") == ["OK"]
    host.wait(60000)
    assert host.ask("AT+CCLK?")[0].startswith('+CCLK: "80/01/06,')
    host.ask("AT+CREBOOT")
    host.wait(5000)
    host.until(lambda: host.modem.network.registered)
    host.wait(4000)
    assert any(line.startswith("*PSUTTZ: 2026,5,3,19,") for line in host.lines())
    assert host.modem.clock_s() == host.scene.world.second()


# -- GNSS ------------------------------------------------------------------------------------


def fix_time_ms(host):
    began_ms = host.now_ms
    assert host.ask("AT+CGNSPWR=1") == ["OK"]
    host.until(lambda: host.modem.gnss.fix() is not None, 120000)
    return host.now_ms - began_ms


def test_a_cold_start_takes_half_a_minute_and_a_hot_one_seconds():
    host = Host().boot()
    host.wait(15000)
    assert 30000 <= fix_time_ms(host) <= 40000
    host.ask("AT+CGNSPWR=0")
    assert fix_time_ms(host) <= 3000
    host.ask("AT+CGNSPWR=0")
    host.wait(5 * 3600 * 1000)
    assert 26000 <= fix_time_ms(host) <= 36000  # warm


def test_a_receiver_without_supply_starts_cold():
    host = Host().boot()
    host.wait(15000)
    fix_time_ms(host)
    host.modem.rail(False, host.now_ms)
    host.modem.rail(True, host.now_ms)
    host.boot()
    host.wait(15000)
    assert fix_time_ms(host) >= 30000


def test_with_assistance_a_cold_start_takes_less_than_half_the_time():
    host = Host().online()
    host.ask('AT+CCLK="26/05/03,20:30:00+04"')
    host.ask('AT+HTTPTOFS="http://iot2.xtracloud.net/xtra3gr_72h.bin","/customer/Xtra3.bin"')
    host.wait(5000)
    assert host.lines() == ["+HTTPTOFS: 200,14943"]
    assert host.ask("AT+CGNSCPY") == ["+CGNSCPY: 0", "OK"]
    host.ask("AT+CGNSXTRA=1")
    host.wait(500)
    assert host.lines() == ["+CGNSXTRA: 0"]
    host.ask("AT+CNACT=0,0")
    host.wait(15000)
    host.lines()
    assert 3000 < fix_time_ms(host) <= 16000


def test_gnss_waits_for_lte_to_let_go_of_the_radio_and_then_keeps_lte_from_it():
    host = Host().boot()
    host.modem.network.touch()
    host.ask("AT+CGNSPWR=1")
    host.wait(5000)
    assert not host.modem.gnss.has_radio
    assert host.modem.network.usable
    host.wait(15000)
    assert host.modem.gnss.has_radio
    assert not host.modem.network.usable
    host.ask("AT+CGNSPWR=0")
    assert host.modem.network.usable


def test_without_sky_there_is_no_fix():
    host = Host().boot()
    host.scene.do("sky closed")
    host.ask("AT+CGNSPWR=1")
    host.wait(600000)
    assert host.ask("AT+CGNSINF")[0].startswith("+CGNSINF: 1,,,0.000000,0.000000,")
