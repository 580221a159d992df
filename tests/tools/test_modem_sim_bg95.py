"""BG95 and BG96 against their manuals' words, beyond the dialogues of tests/vectors/at."""

import pytest

from modem_stage import Stage
from trygg_tools.modem_sim.quectel_ssl import checksum

SUBSCRIBE = 'AT+QMTSUB=0,1,"tr/astrid/dn",1'


def publish(stage: Stage, payload: bytes, number: int = 7, ms: int = 5000) -> list[str]:
    """What is said to QMTPUBEX."""
    return stage.send(f'AT+QMTPUBEX=0,{number},1,0,"tr/astrid/up",{len(payload)}', payload, ms)


# -- QMT -------------------------------------------------------------------------------------


def test_settings_are_asked_as_they_were_set_and_refused_out_of_their_range():
    stage = Stage("bg95").after("bg95_start")
    assert stage.ask('AT+QMTCFG="timeout",0,5,3,1') == ["OK"]
    assert stage.ask('AT+QMTCFG="timeout",0') == ['+QMTCFG: "timeout",5,3,1', "OK"]
    assert stage.ask('AT+QMTCFG="keepalive",0,3601')[-1].endswith("ERROR")
    assert stage.ask('AT+QMTCFG="version",0,5')[-1].endswith("ERROR")
    assert stage.ask('AT+QMTCFG="farge",0,1')[-1].endswith("ERROR")
    assert stage.ask('AT+QMTCFG="version",6,4')[-1].endswith("ERROR")


def test_a_client_that_is_open_keeps_its_settings():
    stage = Stage("bg95").after("bg95_mqtt")
    assert stage.ask('AT+QMTCFG="version",0,3')[-1].endswith("ERROR")
    assert stage.ask('AT+QMTCFG="recv/mode",0,1,1') == ["OK"]


def test_a_session_that_nobody_asked_to_keep_is_clean():
    stage = Stage("bg95").after("bg95_pdp")
    stage.ask('AT+QMTOPEN=0,"broker.example",1883')
    stage.ask('AT+QMTCONN=0,"astrid"')
    assert stage.scene.broker.sessions["astrid"].clean
    kept = Stage("bg95").after("bg95_mqtt")  # there "session",0,0 was set
    assert not kept.scene.broker.sessions["astrid"].clean


def test_the_steps_of_a_connection_are_refused_out_of_their_order():
    stage = Stage("bg95").after("bg95_pdp")
    assert stage.ask('AT+QMTCONN=0,"astrid"') == ["ERROR"]
    assert stage.ask("AT+QMTDISC=0") == ["ERROR"]
    assert stage.ask("AT+QMTCLOSE=0") == ["ERROR"]
    assert stage.ask(SUBSCRIBE) == ["ERROR"]
    assert stage.ask("AT+QMTCONN?") == ["OK"]
    assert stage.ask('AT+QMTOPEN=0,"broker.example",1883') == ["OK", "+QMTOPEN: 0,0"]
    assert stage.ask("AT+QMTOPEN?") == ['+QMTOPEN: 0,"broker.example",1883', "OK"]
    assert stage.ask("AT+QMTCLOSE=0") == ["OK", "+QMTCLOSE: 0,0"]


def test_an_open_without_network_says_why():
    stage = Stage("bg95").after("bg95_start")
    stage.scene.do("network lost")
    stage.run(10_000)
    assert stage.ask('AT+QMTOPEN=0,"broker.example",1883') == ["OK", "+QMTOPEN: 0,3"]


def test_mqtt_brings_its_context_up_by_itself():
    stage = Stage("bg95").after("bg95_register")
    assert stage.ask('AT+QMTOPEN=0,"broker.example",1883', 10_000) == ["OK", "+QMTOPEN: 0,0"]
    assert stage.ask("AT+QIACT?")[0].startswith("+QIACT: 1,1,1,")


def test_a_payload_over_the_limit_is_refused_before_the_prompt():
    stage = Stage("bg95").after("bg95_mqtt")
    assert stage.ask('AT+QMTPUBEX=0,7,1,0,"tr/astrid/up",4097')[-1].endswith("ERROR")
    assert stage.ask('AT+QMTPUBEX=0,7,1,0,"tr/astrid/up"') == ["ERROR"]


def test_five_messages_wait_to_be_read_and_a_sixth_is_lost():
    stage = Stage("bg95").after("bg95_mqtt")
    stage.ask('AT+QMTCFG="recv/mode",0,1,1')
    stage.ask(SUBSCRIBE)
    for number in range(6):
        stage.scene.broker.say("tr/astrid/dn", b"%d" % number)
    assert stage.lines(5000) == [f"+QMTRECV: 0,{place}" for place in range(5)]
    assert stage.ask("AT+QMTRECV?") == ["+QMTRECV: 0,1,1,1,1,1", "OK"]
    assert stage.ask("AT+QMTRECV=0,2") == ['+QMTRECV: 0,1,"tr/astrid/dn",1,"2"', "OK"]
    assert stage.ask("AT+QMTRECV=0,2") == ["ERROR"]
    assert stage.ask("AT+QMTRECV?") == ["+QMTRECV: 0,1,1,0,1,1", "OK"]


def test_a_publish_that_fails_and_the_loss_of_its_link_are_both_said():
    stage = Stage("bg95").after("bg95_mqtt")
    stage.scene.do("fault publish_fails")
    said = publish(stage, b"hei", ms=10_000)
    assert said == ["OK", "+QMTPUB: 0,7,2", "+QMTSTAT: 0,1"]
    assert stage.ask("AT+QMTCONN?") == ["OK"]


def test_without_notice_the_repeats_of_a_publish_are_not_said():
    stage = Stage("bg95").after("bg95_mqtt")
    stage.ask('AT+QMTCFG="timeout",0,5,2,0')
    stage.scene.do("fault puback_lost")
    assert publish(stage, b"hei", ms=14_000) == ["OK"]
    assert stage.lines(2000) == ["+QMTPUB: 0,7,2"]


def test_the_will_is_let_go_when_the_supply_is_cut():
    stage = Stage("bg95").after("bg95_mqtt")
    stage.modem.rail(False, stage.now_ms)
    stage.run(240_000)
    wills = [(one.topic, one.payload) for one in stage.scene.broker.publishes if one.will]
    assert wills == [("tr/astrid/bor", b"bort")]


def test_an_order_reaches_a_modem_in_edrx_at_its_next_page_and_not_before():
    stage = Stage("bg95").after("bg95_mqtt")
    stage.ask(SUBSCRIBE)
    stage.ask('AT+CEDRXS=1,4,"0011"')  # 40.96 s
    stage.run(60_000)
    waits = []
    for _ in range(4):
        stage.scene.broker.say("tr/astrid/dn", b"hei")
        begun = stage.now_ms
        assert stage.run_until(lambda: b"+QMTRECV" in stage.heard, 60_000)
        waits.append(stage.now_ms - begun)
        stage.heard = b""
        stage.run(37_000)
    assert max(waits) <= 42_000
    assert max(waits) > 2000


def test_the_bg96_has_no_publish_by_length():
    stage = Stage("bg96").after("bg96_pdp")
    stage.ask('AT+QMTOPEN=0,"broker.example",1883')
    stage.ask('AT+QMTCONN=0,"astrid"')
    assert publish(stage, b"hei") == ["ERROR"]
    ended = stage.send('AT+QMTPUB=0,1,1,0,"tr/astrid/up"', b"hei\x1bda")
    assert ended[-1].endswith("ERROR")  # Esc gives it up


# -- contexts and sockets --------------------------------------------------------------------


def test_a_context_that_the_network_took_must_be_given_up_before_it_comes_back():
    stage = Stage("bg95").after("bg95_pdp")
    stage.scene.do("pdp drop")
    assert stage.lines(2000) == ['+QIURC: "pdpdeact",1']
    assert stage.ask("AT+QIACT=1") == ["ERROR"]
    assert stage.ask("AT+QIDEACT=1") == ["OK"]
    assert stage.ask("AT+QIACT=1") == ["OK"]
    assert stage.ask("AT+QIDEACT=1") == ["OK"]  # asked for: nothing is said of it


def test_a_socket_in_a_context_that_is_down_is_not_opened():
    stage = Stage("bg95").after("bg95_register")
    opened = stage.ask('AT+QIOPEN=1,0,"TCP","echo.example",7,0,0')
    assert opened == ["OK", "+QIOPEN: 0,561"]
    assert stage.ask("AT+QIGETERROR") == ["+QIGETERROR: 561,Open PDP context failed", "OK"]


def test_pushed_data_stands_behind_its_length():
    stage = Stage("bg95").after("bg95_pdp")
    stage.ask('AT+QIOPEN=1,0,"TCP","echo.example",7,0,1')
    stage.scene.do("peer sends 6865690D0A")
    stage.run(2000)
    assert stage.heard == b'\r\n+QIURC: "recv",0,5\r\nhei\r\n\r\n'


def test_what_was_announced_is_announced_again_only_when_it_was_read():
    stage = Stage("bg95").after("bg95_pdp")
    stage.ask('AT+QIOPEN=1,0,"TCP","echo.example",7,0,0')
    stage.scene.do("peer sends 61")
    stage.run(2000)
    stage.scene.do("peer sends 62")
    assert stage.lines(2000) == ['+QIURC: "recv",0']
    assert stage.ask("AT+QIRD=0,0") == ["+QIRD: 2,0,2", "OK"]
    assert stage.ask("AT+QIRD=0,1500") == ["+QIRD: 2", "ab", "OK"]
    stage.scene.do("peer sends 63")
    assert stage.lines(2000) == ['+QIURC: "recv",0']


def test_the_state_of_a_socket_is_asked():
    stage = Stage("bg95").after("bg95_pdp")
    stage.ask('AT+QIOPEN=1,0,"TCP","echo.example",7,0,0')
    assert stage.ask("AT+QISTATE=1,0")[0].startswith('+QISTATE: 0,"TCP","echo.example",7,')
    assert stage.ask("AT+QISEND=0,0") == ["+QISEND: 0,0,0", "OK"]
    assert stage.ask("AT+QISEND=0,1461")[-1].endswith("ERROR")


# -- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "value"), [(b"", 0), (b"\x01\x02", 0x102), (b"\x01\x02\x03", 0x202), (b"abab", 0)]
)
def test_the_checksum_is_the_exclusive_or_of_pairs(data, value):
    assert checksum(data) == value


def test_a_file_that_does_not_come_whole_ends_in_its_error():
    stage = Stage("bg95").after("bg95_start")
    stage.ask("AT+CMEE=1")
    assert stage.send('AT+QFUPL="ca.pem",10,5', b"12345", 4000) == []
    assert stage.lines(3000) == ["+CME ERROR: 421"]
    assert stage.ask('AT+QFDEL="ca.pem"') == ["+CME ERROR: 405"]
    assert stage.send('AT+QFUPL="ca.pem",2,5', b"ok")[-1] == "OK"
    assert stage.ask('AT+QFLST="*"') == ['+QFLST: "ca.pem",2', "OK"]


def test_the_date_of_a_certificate_counts_only_when_it_is_not_ignored():
    for ignored, result in (("1", 0), ("0", 5)):
        stage = Stage("bg95").after("bg95_pdp")
        stage.send('AT+QFUPL="ca.pem",2,5', b"ok")
        stage.ask('AT+QSSLCFG="seclevel",2,1')
        stage.ask('AT+QSSLCFG="cacert",2,"ca.pem"')
        stage.ask(f'AT+QSSLCFG="ignorelocaltime",2,{ignored}')
        stage.ask('AT+QMTCFG="ssl",0,1,2')
        said = stage.ask('AT+QMTOPEN=0,"broker.example",8883', 20_000)
        assert said == ["OK", f"+QMTOPEN: 0,{result}"]


# -- GNSS ------------------------------------------------------------------------------------


def test_the_three_ways_to_write_a_place():
    stage = Stage("bg95").after("bg95_register")
    stage.scene.do("sky open -33.856800 -70.500001")
    stage.ask("AT+QGPS=1")
    assert stage.run_until(lambda: stage.modem.gnss.fix() is not None, 120_000)
    places = [stage.ask(f"AT+QGPSLOC={mode}")[0].split(",")[1:3] for mode in range(3)]
    assert places == [
        ["3351.4080S", "07030.0000W"],
        ["3351.408000S", "07030.000060W"],
        ["-33.856800", "-70.500001"],
    ]


def test_errors_of_gnss_are_words_when_words_are_wished():
    stage = Stage("bg95").after("bg95_register")
    assert stage.ask("AT+QGPSLOC=2") == ["+CME ERROR: Session not active"]
    stage.ask("AT+CMEE=0")
    assert stage.ask("AT+QGPSLOC=2") == ["ERROR"]


def test_while_gnss_has_the_receiver_nothing_is_published():
    stage = Stage("bg95").after("bg95_mqtt")
    stage.run(60_000)
    stage.scene.do("sky closed")
    assert stage.ask("AT+QGPS=1", 5000) == ["OK"]
    assert publish(stage, b"hei", ms=15_000) == ["OK", "+QMTPUB: 0,7,1,1", "+QMTPUB: 0,7,1,2"]
    assert stage.ask("AT+QGPSEND", 3000)[0] in ("OK", "+QMTPUB: 0,7,1,3")
    stage.run(20_000)
    assert stage.scene.broker.copies(b"hei") == 1


def test_assisted_data_is_good_for_a_week_and_makes_a_start_short():
    stage = Stage("bg95").after("bg95_register")
    assert stage.ask("AT+QGPSXTRADATA?")[0].startswith("+QGPSXTRADATA: 0,")
    assert stage.ask('AT+QGPSXTRADATA="UFS:xtra2.bin"')[-1].startswith("+CME ERROR")
    stage = Stage("bg95").after("bg95_xtra")
    stage.ask("AT+QGPS=1")
    assert stage.run_until(lambda: stage.modem.gnss.fix() is not None, 16000)
    stage.ask("AT+QGPSEND")
    stage.run(8 * 86_400_000)
    assert stage.ask("AT+QGPSXTRADATA?")[0].startswith("+QGPSXTRADATA: 0,")


# -- the rest --------------------------------------------------------------------------------


def test_pwrkey_switches_off_with_the_parts_own_word():
    stage = Stage("bg95").after("bg95_start")
    stage.scene.do("power key")
    assert stage.lines(5000) == ["POWERED DOWN"]
    assert stage.modem.status() == 0


def test_psm_is_said_only_when_it_was_asked_for():
    stage = Stage("bg95").after("bg95_register")
    stage.ask('AT+CPSMS=1,,,"00100010","00000011"')
    assert stage.lines(120_000) == []
    assert stage.modem.asleep_in_psm()


def test_settings_that_nobody_knows_are_refused_and_known_ones_are_kept():
    stage = Stage("bg95").after("bg95_start")
    assert stage.ask('AT+QCFG="nwscanseq",020301') == ["OK"]
    assert stage.ask('AT+QCFG="nwscanseq"') == ['+QCFG: "nwscanseq",020301', "OK"]
    assert stage.ask('AT+QCFG="farge",1')[-1].endswith("ERROR")


def test_the_cell_is_told_in_the_parts_own_words():
    stage = Stage("bg95").after("bg95_register")
    assert stage.ask('AT+QENG="servingcell"')[0].startswith('+QENG: "servingcell","')
    assert stage.ask("AT+QLTS=1")[0].startswith('+QLTS: "2026/11/22,')


def test_a_connect_that_is_never_answered_is_sent_again_and_given_up():
    stage = Stage("bg95").after("bg95_pdp")
    stage.ask('AT+QMTCFG="timeout",0,5,2,1')
    stage.ask('AT+QMTOPEN=0,"broker.example",1883')
    stage.scene.broker.loses = lambda what: what == "connack"
    said = stage.ask('AT+QMTCONN=0,"astrid"', 20_000)
    assert said == ["OK", "+QMTCONN: 0,1,1", "+QMTCONN: 0,1,2", "+QMTCONN: 0,2"]
    stage.scene.broker.loses = lambda what: False
    assert stage.ask('AT+QMTOPEN=0,"broker.example",1883') == ["OK", "+QMTOPEN: 0,0"]
    assert stage.ask('AT+QMTCONN=0,"astrid"') == ["OK", "+QMTCONN: 0,0,0"]


def test_sockets_end_with_their_context():
    stage = Stage("bg95").after("bg95_pdp")
    stage.ask('AT+QIOPEN=1,0,"TCP","echo.example",7,0,0')
    stage.scene.do("pdp drop")
    stage.run(2000)
    stage.heard = b""
    assert stage.ask("AT+QIRD=0,10") == ["ERROR"]
    assert stage.ask("AT+QISEND=0,1") == ["ERROR"]


def test_bytes_for_a_socket_that_has_just_closed_are_said_to_have_failed():
    stage = Stage("bg95").after("bg95_pdp")
    stage.ask('AT+QIOPEN=1,0,"TCP","echo.example",7,0,0')
    assert [line.strip() for line in stage.ask("AT+QISEND=0,3", 100)] == [">"]
    stage.scene.do("peer closes")
    stage.run(2000)
    stage.modem.feed(b"hei", stage.now_ms)
    assert stage.lines(2000) == ["SEND FAIL", '+QIURC: "closed",0']


def test_a_modem_asleep_by_dtr_hears_nothing_and_is_woken_by_it():
    stage = Stage("bg95").after("bg95_start")
    assert stage.ask("AT+QSCLK=1") == ["OK"]
    stage.scene.do("dtr high")
    stage.run(10_000)
    assert stage.ask("AT") == []
    stage.scene.do("dtr low")
    stage.run(1000)
    assert stage.ask("AT+QSCLK?") == ["+QSCLK: 1", "OK"]


def test_the_radio_off_takes_registration_context_and_mqtt_with_it():
    stage = Stage("bg95").after("bg95_mqtt")
    said = stage.ask("AT+CFUN=4")
    assert said == ["+QMTSTAT: 0,1", '+QIURC: "pdpdeact",1', "OK"]
    assert stage.ask('AT+QENG="servingcell"') == ['+QENG: "servingcell","SEARCH"', "OK"]
    assert stage.ask("AT+QLTS=1") == ['+QLTS: ""', "OK"]


def test_a_loss_of_the_context_is_said_also_after_it_was_once_given_up_by_wish():
    stage = Stage("bg95").after("bg95_pdp")
    assert stage.ask("AT+QIDEACT=1") == ["OK"]
    assert stage.ask("AT+QIACT=1") == ["OK"]
    stage.scene.do("pdp drop")
    assert stage.lines(2000) == ['+QIURC: "pdpdeact",1']


def test_user_and_password_reach_the_broker():
    stage = Stage("bg95").after("bg95_pdp")
    stage.scene.broker.users = {"astrid": b"hemmelig"}
    stage.ask('AT+QMTOPEN=0,"broker.example",1883')
    said = stage.ask('AT+QMTCONN=0,"astrid","astrid","galt"')
    assert said[1] in ("+QMTCONN: 0,0,4", "+QMTCONN: 0,0,5")
    stage.ask('AT+QMTOPEN=0,"broker.example",1883')
    said = stage.ask('AT+QMTCONN=0,"astrid","astrid","hemmelig"')
    assert said == ["OK", "+QMTCONN: 0,0,0"]


def test_a_name_that_nobody_knows_is_told_by_each_familys_code():
    stage = Stage("bg95").after("bg95_pdp")
    stage.scene.net.listeners.clear()
    assert stage.ask('AT+QMTOPEN=0,"borte.example",1883') == ["OK", "+QMTOPEN: 0,4"]
    assert stage.ask('AT+QIOPEN=1,0,"TCP","borte.example",7,0,0') == ["OK", "+QIOPEN: 0,565"]


def test_sockets_of_another_context_stay_open():
    stage = Stage("bg95").after("bg95_pdp")
    assert stage.ask("AT+QIACT=2") == ["OK"]
    stage.ask('AT+QIOPEN=1,0,"TCP","echo.example",7,0,0')
    stage.ask('AT+QIOPEN=2,1,"TCP","echo.example",7,0,0')
    assert stage.ask("AT+QIDEACT=1") == ["OK"]
    assert stage.ask("AT+QIRD=0,0") == ["ERROR"]
    assert stage.ask("AT+QIRD=1,0") == ["+QIRD: 0,0,0", "OK"]


def test_pushed_tls_data_stands_behind_its_length_too():
    stage = Stage("bg95").after("bg95_pdp")
    assert stage.ask('AT+QSSLOPEN=1,1,4,"echo.example",443,1') == ["OK", "+QSSLOPEN: 4,0"]
    stage.scene.do("peer sends 6865690D0A")
    stage.run(2000)
    assert stage.heard == b'\r\n+QSSLURC: "recv",4,5\r\nhei\r\n\r\n'
    stage.heard = b""
    assert stage.ask("AT+QSSLSTATE")[0].startswith('+QSSLSTATE: 4,"SSLClient","echo.example",443,')


def test_the_name_of_a_context_and_one_sentence_of_the_receiver_can_be_asked():
    stage = Stage("bg95").after("bg95_pdp")
    assert stage.ask("AT+QICSGP=1") == ['+QICSGP: 1,"iot.example","","",0', "OK"]
    assert stage.ask("AT+QGPS=1") == ["OK"]
    assert stage.ask('AT+QGPSGNMEA="RMC"')[0].startswith("+QGPSGNMEA: $GNRMC,")


def test_a_part_without_a_word_about_its_supply_goes_off_without_one():
    stage = Stage("bg95").after("bg95_start")
    stage.scene.do("supply low")
    stage.run(1000)
    stage.scene.do("supply out")
    stage.run(5000)
    assert stage.heard == b""
    assert stage.modem.status() == 0
