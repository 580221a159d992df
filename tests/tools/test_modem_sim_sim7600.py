"""SIM7600, A7670 and SIM7670 against their manuals, beyond the dialogues of tests/vectors/at."""

import pytest

from modem_stage import Stage
from trygg_tools.modem_sim.cmqtt_client import Answer
from trygg_tools.modem_sim.far import BAD_TLS, EXPIRED, NO_HOST, NO_ROUTE, OPEN, REFUSED

UP = b"tr/astrid/up"


def publish(stage: Stage, payload: bytes, ms: int = 5000) -> list[str]:
    """What is said to CMQTTPUB when topic and payload were given."""
    assert stage.send(f"AT+CMQTTTOPIC=0,{len(UP)}", UP) == ["OK"]
    assert stage.send(f"AT+CMQTTPAYLOAD=0,{len(payload)}", payload) == ["OK"]
    return stage.ask("AT+CMQTTPUB=0,1,60", ms)


# -- CMQTT -----------------------------------------------------------------------------------


def test_the_service_must_be_started_before_a_client_is_acquired():
    stage = Stage("sim7600").after("sim7600_net")
    assert stage.ask('AT+CMQTTACCQ=0,"astrid"') == ["+CMQTTACCQ: 0,9", "ERROR"]
    assert stage.ask("AT+CMQTTSTOP") == ["+CMQTTSTOP: 9", "ERROR"]


def test_a_client_is_acquired_once_and_the_service_stops_only_without_clients():
    stage = Stage("a7670").after("a7670_mqtt")
    assert stage.ask('AT+CMQTTACCQ=0,"solveig"') == ["+CMQTTACCQ: 0,19", "ERROR"]
    assert stage.ask("AT+CMQTTSTOP") == ["+CMQTTSTOP: 21", "ERROR"]
    assert stage.ask("AT+CMQTTREL=0") == ["+CMQTTREL: 0,21", "ERROR"]
    assert stage.ask("AT+CMQTTDISC=0,60") == ["OK", "+CMQTTDISC: 0,0"]
    assert stage.ask("AT+CMQTTREL=0") == ["OK"]
    assert stage.ask("AT+CMQTTSTOP") == ["OK", "+CMQTTSTOP: 0"]


def test_both_clients_of_the_service_have_their_own_connection():
    stage = Stage("sim7600").after("sim7600_mqtt")
    assert stage.ask('AT+CMQTTACCQ=1,"solveig"') == ["OK"]
    said = stage.ask('AT+CMQTTCONNECT=1,"tcp://broker.example:1883",60,1')
    assert said == ["OK", "+CMQTTCONNECT: 1,0"]
    assert stage.ask("AT+CMQTTDISC=1,60") == ["OK", "+CMQTTDISC: 1,0"]
    assert publish(stage, b"hei") == ["OK", "+CMQTTPUB: 0,0"]
    assert stage.ask("AT+CMQTTDISC=2,60") == ["+CMQTTDISC: 2,10", "ERROR"]


def test_what_is_not_connected_is_told_by_its_code():
    stage = Stage("sim7600").after("sim7600_mqtt")
    stage.ask("AT+CMQTTDISC=0,60")
    assert publish(stage, b"hei") == ["+CMQTTPUB: 0,11", "ERROR"]
    assert stage.ask("AT+CMQTTDISC=0,60") == ["+CMQTTDISC: 0,11", "ERROR"]


def test_a_publish_without_network_ends_in_the_time_out_that_was_asked_for():
    stage = Stage("sim7600").after("sim7600_mqtt")
    stage.modem.world.covered = False  # a cell edge: nothing goes, nobody has noticed
    stage.send(f"AT+CMQTTTOPIC=0,{len(UP)}", UP)
    stage.send("AT+CMQTTPAYLOAD=0,3", b"hei")
    assert stage.ask("AT+CMQTTPUB=0,1,20", 19_000) == ["OK"]
    assert stage.lines(2000) == ["+CMQTTPUB: 0,17"]


def test_a_second_publish_while_one_is_under_way_is_refused_as_busy():
    stage = Stage("sim7600").after("sim7600_mqtt")
    stage.scene.do("fault puback_lost")
    assert publish(stage, b"en") == ["OK"]
    assert publish(stage, b"to") == ["+CMQTTPUB: 0,14", "ERROR"]
    assert stage.lines(60_000) == ["+CMQTTPUB: 0,17"]


@pytest.mark.parametrize(
    ("why", "code"),
    [
        (OPEN, 0), (None, 17), (NO_HOST, 25), (NO_ROUTE, 3), (REFUSED, 3), (EXPIRED, 32),
        (BAD_TLS, 34), ("1", 27), ("2", 28), ("3", 29), ("4", 30), ("5", 31), ("lost", 1),
    ],
)  # fmt: skip
def test_each_way_a_connect_ends_has_its_result_code(why, code):
    assert Answer.of_connect(why) == code


def test_a_message_of_ten_kilobytes_goes_and_comes_whole():
    stage = Stage("a7670").after("a7670_mqtt")
    stage.send("AT+CMQTTSUB=0,12,1", b"tr/astrid/dn")
    payload = bytes(range(256)) * 40
    assert publish(stage, payload, 20_000) == ["OK", "+CMQTTPUB: 0,0"]
    assert stage.scene.broker.copies(payload) == 1
    stage.heard = b""
    stage.scene.broker.say("tr/astrid/dn", payload)
    stage.run(20_000)
    head, _, rest = stage.heard.partition(b"+CMQTTRXTOPIC: 0,12\r\ntr/astrid/dn\r\n")
    assert head == b"\r\n+CMQTTRXSTART: 0,12,10240\r\n\r\n"
    got = b""
    while rest.startswith(b"\r\n+CMQTTRXPAYLOAD: 0,"):
        line, _, rest = rest[2:].partition(b"\r\n")
        length = int(line.rpartition(b",")[2])
        got, rest = got + rest[:length], rest[length:].removeprefix(b"\r\n")
    assert got == payload
    assert rest == b"\r\n+CMQTTRXEND: 0\r\n"


def test_the_last_will_is_let_go_when_the_connection_is_cut():
    stage = Stage("sim7600").after("sim7600_mqtt")
    stage.modem.rail(False, stage.now_ms)
    stage.run(120_000)
    wills = [one for one in stage.scene.broker.publishes if one.will]
    assert [(one.topic, one.payload) for one in wills] == [("tr/astrid/bor", b"bort")]


def test_a_firmware_that_never_connects_says_so_after_two_minutes():
    stage = Stage("sim7600")
    stage.scene.do("quirk mqtt_never_connects")
    stage.after("sim7600_net")
    stage.ask("AT+CMQTTSTART")
    stage.ask('AT+CMQTTACCQ=0,"astrid"')
    connect = 'AT+CMQTTCONNECT=0,"tcp://broker.example:1883",60,1'
    assert stage.ask(connect, 110_000) == ["OK"]
    assert stage.lines(15_000) == ["+CMQTTCONNECT: 0,3"]


# -- files, TLS ------------------------------------------------------------------------------


def test_a_context_that_names_a_missing_file_is_refused_as_without_certificate():
    stage = Stage("sim7600").after("sim7600_net")
    stage.ask("AT+CMQTTSTART")
    stage.ask('AT+CMQTTACCQ=0,"astrid",1')
    assert stage.ask('AT+CSSLCFG="authmode",0,1') == ["OK"]
    assert stage.ask('AT+CSSLCFG="cacert",0,"borte.pem"') == ["OK"]
    said = stage.ask('AT+CMQTTCONNECT=0,"tcp://broker.example:8883",60,1')
    assert said == ["+CMQTTCONNECT: 0,33", "ERROR"]


def test_files_outlive_the_power_and_can_be_listed_and_deleted():
    stage = Stage("sim7600").after("sim7600_start")
    assert stage.send('AT+CCERTDOWN="a.pem",3', b"abc") == ["OK"]
    assert stage.send('AT+CCERTDOWN="b.pem",3', b"def") == ["OK"]
    stage.modem.rail(False, stage.now_ms)
    stage.run(1000)
    stage.modem.rail(True, stage.now_ms)
    stage.scene.do("power key")
    stage.run(20_000)
    stage.heard = b""
    stage.ask("ATE0")
    listed = ['+CCERTLIST: "a.pem"', '+CCERTLIST: "b.pem"', "OK"]
    assert stage.ask("AT+CCERTLIST") == listed
    assert stage.ask('AT+CCERTDELE="a.pem"') == ["OK"]
    assert stage.ask('AT+CCERTDELE="a.pem"')[-1].endswith("ERROR")
    assert stage.ask("AT+CCERTLIST") == listed[1:]


def test_a_file_longer_than_the_limit_is_refused_before_the_prompt():
    stage = Stage("a7670").after("a7670_start")
    assert ">" not in stage.ask('AT+CCERTDOWN="a.pem",10241')
    assert ">" not in stage.ask('AT+CCERTDOWN="a.pem",0')


# -- sockets ---------------------------------------------------------------------------------


def test_sockets_need_the_service_and_a_free_link():
    stage = Stage("sim7600").after("sim7600_register")
    opening = 'AT+CIPOPEN=0,"TCP","echo.example",7'
    assert stage.ask(opening) == ["+CIPOPEN: 0,2", "ERROR"]
    assert stage.ask("AT+CIPSEND=0,1") == ["+CIPERROR: 2", "ERROR"]
    stage.ask("AT+NETOPEN")
    assert stage.ask(opening) == ["OK", "+CIPOPEN: 0,0"]
    assert stage.ask(opening) == ["+CIPOPEN: 0,9", "ERROR"]
    assert stage.ask('AT+CIPOPEN=1,"UDP","echo.example",7') == ["+CIPOPEN: 1,3", "ERROR"]


def test_what_comes_is_pushed_by_length_unless_it_is_to_be_fetched():
    stage = Stage("a7670").after("a7670_net")
    assert stage.ask("AT+CIPRXGET?") == ["+CIPRXGET: 0", "OK"]
    stage.ask('AT+CIPOPEN=0,"TCP","echo.example",7')
    stage.scene.do("peer sends 6865690D0A")
    stage.run(2000)
    assert stage.heard == b"\r\n+IPD5\r\nhei\r\n\r\n"


def test_a_tls_socket_to_another_authority_is_not_opened():
    stage = Stage("sim7600").after("sim7600_tls")
    stage.scene.do("tls refuses")
    stage.ask("AT+CCHSTART")
    said = stage.ask('AT+CCHOPEN=0,"echo.example",443,2', 20_000)
    assert said[0] == "OK"
    assert said[1].startswith("+CCHOPEN: 0,")
    assert said[1] != "+CCHOPEN: 0,0"


def test_the_end_of_the_network_closes_tls_sockets_too():
    stage = Stage("sim7600").after("sim7600_net")
    stage.ask("AT+CCHSTART")
    stage.ask('AT+CCHOPEN=0,"echo.example",443,2', 20_000)
    stage.scene.do("pdp drop")
    assert "+CCH_PEER_CLOSED: 0" in stage.lines(2000)


# -- GNSS ------------------------------------------------------------------------------------


def test_gnss_of_the_a7670_answers_nothing_before_it_is_ready():
    stage = Stage("a7670").after("a7670_register")
    assert stage.ask("AT+CGNSSINFO")[-1].endswith("ERROR")
    assert stage.ask("AT+CGNSSPWR=1", 1000) == ["OK"]
    assert stage.ask("AT+CGNSSPWR?", 1000) == ["+CGNSSPWR: 0,0,1", "OK"]
    assert stage.lines(10_000) == ["+CGNSSPWR: READY!"]
    assert stage.ask("AT+CGNSSPWR?") == ["+CGNSSPWR: 1,0,1", "OK"]


def test_a_sim7670_sees_no_satellite_before_its_antenna_has_a_supply():
    stage = Stage("sim7670")
    stage.scene.do("power key")
    stage.run(20_000)
    stage.heard = b""
    stage.ask("ATE0")
    stage.ask("AT+CGNSSPWR=1", 20_000)
    stage.run(120_000)
    assert stage.ask("AT+CGNSSINFO") == ["+CGNSSINFO: ,,,,,,,,", "OK"]
    assert stage.ask("AT+CGSETV=4,1")[-1].endswith("ERROR")  # an input yet
    assert stage.ask("AT+CGDRT=4,1") == ["OK"]
    assert stage.ask("AT+CGSETV=4,1") == ["OK"]
    assert stage.ask("AT+CGNSSINFO")[0].startswith("+CGNSSINFO: 2,")


def test_south_and_west_are_letters_and_the_sim7600_counts_in_minutes():
    stage = Stage("sim7600").after("sim7600_register")
    stage.scene.do("sky open -33.856800 -70.500001")
    stage.ask("AT+CGPS=1,1")
    assert stage.run_until(lambda: stage.modem.gnss.fix() is not None, 120_000)
    info = stage.ask("AT+CGPSINFO")[0]
    assert info.startswith("+CGPSINFO: 3351.408000,S,07030.000060,W,")


def test_gnss_beside_data_is_no_trouble_for_a_part_with_two_receivers():
    stage = Stage("sim7600").after("sim7600_mqtt")
    assert stage.ask("AT+CGPS=1,1") == ["OK"]
    assert publish(stage, b"hei") == ["OK", "+CMQTTPUB: 0,0"]
    assert stage.ask("AT+CGPS=1,1")[-1].endswith("ERROR")  # it runs


def test_assisted_data_makes_the_next_start_short():
    stage = Stage("a7670").after("a7670_net")
    stage.ask("AT+CGNSSPWR=1", 12_000)
    assert stage.ask("AT+CAGPS") == ["OK", "+AGPS: success."]
    assert stage.run_until(lambda: stage.modem.gnss.fix() is not None, 16000)


def test_positions_and_nmea_come_unasked_until_they_are_stopped():
    stage = Stage("sim7600").after("sim7600_register")
    stage.scene.do("sky closed")
    stage.ask("AT+CGPS=1,1")
    assert stage.ask("AT+CGPSINFO=2", 1000) == ["OK"]
    assert stage.lines(10_000) == ["+CGPSINFO: ,,,,,,,,"] * 5
    stage.ask("AT+CGPSINFO=0")
    assert stage.lines(10_000) == []
    stage.ask("AT+CGPSINFOCFG=1,31")
    lines = stage.lines(3000)
    assert {line[:6] for line in lines} == {"$GNRMC", "$GNGGA"}
    stage.ask("AT+CGPSINFOCFG=0,31")
    assert stage.lines(3000) == []


def test_the_cell_is_told_and_so_is_that_there_is_none():
    stage = Stage("sim7600").after("sim7600_register")
    stage.scene.do("network lost")
    stage.run(10_000)
    assert stage.ask("AT+CPSI?") == ["+CPSI: NO SERVICE,Online", "OK"]
    stage.ask("AT+CFUN=0")
    assert stage.ask("AT+CPSI?") == ["+CPSI: NO SERVICE,Low Power Mode", "OK"]


def test_settings_of_the_network_are_saved_and_unknown_ones_refused():
    stage = Stage("a7670").after("a7670_start")
    assert stage.ask("AT+CNMP=38") == ["OK"]
    assert stage.ask("AT+CNMP?") == ["+CNMP: 38", "OK"]
    assert stage.ask("AT+CNMP=3")[-1].endswith("ERROR")
    assert stage.ask("AT+CBC") == ["+CBC: 3.900V", "OK"]
    assert "Model: A7670E-FASE" in stage.ask("AT+SIMCOMATI")


def test_a_connect_that_is_never_answered_ends_in_a_time_out():
    stage = Stage("sim7600").after("sim7600_net")
    stage.ask("AT+CMQTTSTART")
    stage.ask('AT+CMQTTACCQ=0,"astrid"')
    stage.scene.broker.loses = lambda what: what == "connack"
    connect = 'AT+CMQTTCONNECT=0,"tcp://broker.example:1883",60,1'
    said = stage.ask(connect, 130_000)
    assert said[0] == "OK"
    assert said[1].startswith("+CMQTTCONNECT: 0,")
    assert said[1] != "+CMQTTCONNECT: 0,0"
    stage.scene.broker.loses = lambda what: False
    assert stage.ask(connect) == ["OK", "+CMQTTCONNECT: 0,0"]


def test_user_and_password_reach_the_broker_and_a_wrong_one_is_told_by_its_code():
    stage = Stage("a7670").after("a7670_mqtt")
    stage.ask("AT+CMQTTDISC=0,60")
    stage.scene.broker.users = {"astrid": b"hemmelig"}
    connect = 'AT+CMQTTCONNECT=0,"tcp://broker.example:1883",60,1,"astrid","{}"'
    said = stage.ask(connect.format("galt"))
    assert said[0] == "OK"
    assert said[1] in ("+CMQTTCONNECT: 0,30", "+CMQTTCONNECT: 0,31")
    assert stage.ask(connect.format("hemmelig")) == ["OK", "+CMQTTCONNECT: 0,0"]


def test_a_name_that_nobody_knows_is_told_by_each_familys_code():
    stage = Stage("sim7600").after("sim7600_net")
    stage.ask("AT+CMQTTSTART")
    stage.ask('AT+CMQTTACCQ=0,"astrid"')
    stage.ask("AT+CCHSTART")
    stage.scene.net.listeners.clear()
    connect = 'AT+CMQTTCONNECT=0,"tcp://borte.example:1883",60,1'
    assert stage.ask(connect) == ["OK", "+CMQTTCONNECT: 0,25"]
    assert stage.ask('AT+CIPOPEN=0,"TCP","borte.example",7') == ["OK", "+CIPOPEN: 0,11"]
    assert stage.ask('AT+CCHOPEN=0,"borte.example",443,2') == ["OK", "+CCHOPEN: 0,3"]


def test_a_retained_publish_is_kept_by_the_broker_and_a_plain_one_is_not():
    stage = Stage("sim7600").after("sim7600_mqtt")
    assert publish(stage, b"plain") == ["OK", "+CMQTTPUB: 0,0"]
    assert stage.scene.broker.retained == {}
    stage.send("AT+CMQTTTOPIC=0,1", b"t")
    stage.send("AT+CMQTTPAYLOAD=0,1", b"x")
    assert stage.ask("AT+CMQTTPUB=0,1,60,1") == ["OK", "+CMQTTPUB: 0,0"]
    assert stage.scene.broker.retained == {"t": b"x"}


def test_a_plain_socket_can_be_had_from_the_tls_commands():
    stage = Stage("sim7600").after("sim7600_net")
    stage.ask("AT+CCHSTART")
    assert stage.ask('AT+CCHOPEN=1,"echo.example",7,1') == ["OK", "+CCHOPEN: 1,0"]
    assert stage.send("AT+CCHSEND=1,3", b"hei") == ["OK"]
    assert bytes(stage.scene.peer_got) == b"hei"


def test_what_is_left_unread_is_not_announced_again_until_it_was_read():
    stage = Stage("a7670").after("a7670_net")
    stage.ask("AT+CIPRXGET=1")
    stage.ask('AT+CIPOPEN=0,"TCP","echo.example",7')
    stage.scene.do("peer sends 6162")
    assert stage.lines(3000) == ["+CIPRXGET: 1,0"]
    assert stage.ask("AT+CIPRXGET=2,0,1") == ["+CIPRXGET: 2,0,1,1", "a", "OK"]
    stage.scene.do("peer sends 63")
    assert stage.lines(3000) == []
    assert stage.ask("AT+CIPRXGET=2,0,9") == ["+CIPRXGET: 2,0,2,0", "bc", "OK"]
    stage.scene.do("peer sends 64")
    assert stage.lines(3000) == ["+CIPRXGET: 1,0"]


@pytest.mark.parametrize(("length", "taken"), [(0, False), (1, True), (1024, True), (1025, False)])
def test_a_topic_has_1_to_1024_bytes(length, taken):
    stage = Stage("sim7600").after("sim7600_mqtt")
    said = stage.send(f"AT+CMQTTTOPIC=0,{length}", b"t" * length)
    assert said == (["OK"] if taken else ["+CMQTTTOPIC: 0,12", "ERROR"])
    sub = stage.send(f"AT+CMQTTSUBTOPIC=0,{length},1", b"t" * length)
    assert sub == (["OK"] if taken else ["+CMQTTSUBTOPIC: 0,12", "ERROR"])
