"""The SIM70x0's answers, command by command, against the words of the reference."""

import gc
import re
from pathlib import Path

import pytest

from modem_host import Host


def answers_to(host, line, *wanted):
    """Ask, and compare each line with a regular expression."""
    said = host.ask(line)
    assert len(said) == len(wanted), (line, said)
    for text, pattern in zip(said, wanted):
        assert re.fullmatch(pattern, text), (line, text, pattern)


ONLINE = [
    ("AT", "OK"),
    ("AT+CPIN?", r"\+CPIN: READY", "OK"),
    ("AT+CSQ", r"\+CSQ: 21,0", "OK"),
    ("AT+CCLK?", r'\+CCLK: "80/01/06,\d\d:\d\d:\d\d\+00"', "OK"),
    ("AT+CLTS=1", "OK"),
    ("AT+CEREG=4", "OK"),
    ("AT+CFUN?", r"\+CFUN: 1", "OK"),
    ("AT+CNMP=38", "OK"),
    ("AT+CNMP=5", r"\+CME ERROR: Incorrect parameters"),
    ("AT+CMNB=1", "OK"),
    ('AT+CNCFG=0,1,"iot.telenor"', "OK"),
    ("AT+CNACT?", r'\+CNACT: 0,1,"10\.[\d.]+"',
     *[rf'\+CNACT: {n},0,"0\.0\.0\.0"' for n in (1, 2, 3)], "OK"),
    ("AT+CPSI?", r"\+CPSI: LTE CAT-M1,Online,242-01,0x5B57,26543899,82,EUTRAN-BAND20,6300,3,3,"
     r"-9,-98,-70,8", "OK"),
    ('AT+CPSMS=1,,,"01000111","00100100"', "OK"),
    ("AT+CEDRXS?", "ERROR"),
    ('AT+CEDRXS=1,4,"0101"', "OK"),
    ("AT+CSCLK=1", "OK"),
    ("AT+CGNSPWR?", r"\+CGNSPWR: 0", "OK"),
    ("AT+CBC", r"\+CBC: 0,\d+,3900", "OK"),
    ("AT+CGMR", r"Revision:1951B17SIM7080", "OK"),
    ("AT+SMSTATE?", r"\+SMSTATE: 0", "OK"),
    ('AT+SMCONF="ASYNCMODE",1', "OK"),
    ("AT+CFSINIT", "OK"),
    ("AT+CFSINIT", "ERROR"),
    ("AT+CFSTERM", "OK"),
    ('AT+CSSLCFG="SSLVERSION",0,3', "OK"),
    ('AT+CSSLCFG="sslversion",0,6', "ERROR"),
    ('AT+CSSLCFG="IGNORERTCTIME",0,1', "OK"),
    ('AT+CSSLCFG="SNI",0,"gateway.example"', "OK"),
    ('AT+CSSLCFG="CIPHERSUITE",0,0,0xC02F', "OK"),
    ('AT+CSSLCFG="CONVERT",2,"nowhere.crt"', "ERROR"),
    ("AT+CASTATE?", "OK"),
    ("AT+CARECV=0,10", "ERROR"),
    ("AT+CAACK=0", "ERROR"),
    ("AT+CACFG=\"KEEPALIVE\",1,30,30,3", "OK"),
    ("AT+CAOPEN?", "OK"),
    ('AT+CASSLCFG=0,"SSL",1', "OK"),
    ('AT+CASSLCFG=0,"HURRA",1', "ERROR"),
    ("AT+CBANDCFG=\"CAT-M\",20", "OK"),
    ("AT+CCID", r"89\d{17}", "OK"),
    ("AT+ICCID", r"89\d{17}", "OK"),
    ("AT+CFSGFIS=3,\"a\"", "ERROR"),
    ("AT+CFSDFILE=3,\"a\"", "ERROR"),
    ("AT+CFSGFRS?", "ERROR"),
    ('AT+CGDCONT=1,"IP","iot"', "OK"),
    ("AT+CGDCONT?", r'\+CGDCONT: 1,"IP","iot","0\.0\.0\.0",0,0,0,0', "OK"),
    ("AT+CGMI", "SIMCOM_Ltd", "OK"),
    ("AT+CGMM", "SIMCOM_SIM7080", "OK"),
    ("AT+GMM", "SIMCOM_SIM7080", "OK"),
    ("AT+GMR", "Revision:1951B17SIM7080", "OK"),
    ("AT+CGSN", r"\d{15}", "OK"),
    ("AT+GSN", r"\d{15}", "OK"),
    ("AT+CIMI", r"001010\d{9}", "OK"),
    ("ATI", "SIMCOM_SIM7080 R1951B17SIM7080", "OK"),
    ("ATI0", "SIMCOM_SIM7080 R1951B17SIM7080", "OK"),
    ("AT+CGNAPN", r'\+CGNAPN: 1,"iot.telenor"', "OK"),
    ("AT+CGNSMOD=1,0,0,0,0", "OK"),
    ("AT+CGNSXTRA?", r"\+CGNSXTRA: 0", "OK"),
    ("AT+CGNSXTRA", r"\+CGNSXTRA: 0", "OK"),
    ("AT+CGPADDR=1", r"\+CGPADDR: 1,0\.0\.0\.0", "OK"),
    ("AT+CGPIO=0,48,1,1", "OK"),
    ("AT+CREG=1", "OK"),
    ("AT+CREG?", r"\+CREG: 1,1", "OK"),
    ("AT+CREG=4", r"\+CME ERROR: Incorrect parameters"),
    ("AT+CGREG=2", "OK"),
    ("AT+CGREG?", r'\+CGREG: 2,1,"5B57","195071B",7', "OK"),
    ("AT+CLTS?", r"\+CLTS: 1", "OK"),
    ("AT+CLTS=?", r'\+CLTS: "yy/MM/dd,hh:mm:ss\+/-zz"', "OK"),
    ("AT+CMEE=?", r"\+CMEE: \(0-2\)", "OK"),
    ("AT+CFUN=?", r"\+CFUN: \(0,1,4,5,6,7\),\(0,1\)", "OK"),
    ("AT+CNMP?", r"\+CNMP: 38", "OK"),
    ("AT+CMNB?", r"\+CMNB: 1", "OK"),
    ("AT+COPS?", r'\+COPS: 0,2,"24201",7', "OK"),
    ("AT+CPSMS?", r'\+CPSMS: 1,,,"01000111","00100100"', "OK"),
    ("AT+CEDRXS?", r'\+CEDRXS: 4,"0101"', "OK"),
    ("AT+CSCLK?", r"\+CSCLK: 1", "OK"),
    ("AT+CTZU=1", "OK"),
    ("AT+CTZU?", r"\+CTZU: 1", "OK"),
    ("AT+CTZR=1", "OK"),
    ("AT+SMCONF?", r'\+SMCONF: "CLIENTID",""', r'\+SMCONF: "URL","",', r'\+SMCONF: "KEEPTIME",60',
     r'\+SMCONF: "CLEANSS",0', *[rf'\+SMCONF: "{word}",\d' for word in
     ("QOS", "RETAIN", "SUBHEX", "ASYNCMODE", "PUBHEX")], "OK"),
    ('AT+SMUNSUB="t"', "ERROR"),
    *[(line, "OK") for line in ("ATZ", "ATZ0", "AT&W", "AT&W0", "AT&C1", "AT&D1", "ATQ0")],
    ("AT+IFC=0,0", "OK"),
    ("AT+ICF=3,3", "OK"),
    ("AT&F", "OK"),
    ("AT&F0", "AT&F0", "OK"),
]  # fmt: skip


def test_each_command_of_an_online_modem_answers_in_the_manuals_words():
    host = Host().online()
    host.wait(15000)
    host.ask("AT+CEREG=0")
    for line, *wanted in ONLINE:
        answers_to(host, line, *wanted)


def test_every_extended_command_of_the_sim7080_is_asked_in_some_test():
    texts = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_modem_sim_*.py")]
    texts.append((Path(__file__).parents[1] / "modem_host.py").read_text("utf-8"))
    source = "".join(texts)
    extended = [key for key in Host().modem.table if key[0].startswith("+")]
    assert len(extended) > 90
    for name, kind in extended:
        tail = {"run": r"[\"';\\\\]", "read": r"\?", "test": r"=\?", "set": "=|1|0"}[kind]
        assert re.search(rf"{re.escape(name)}({tail})", source), (name, kind)


@pytest.mark.parametrize(
    ("line", "needs_ms"),
    [("AT+CGNSCOLD", 30000), ("AT+CGNSWARM", 26000), ("AT+CGNSHOT", 1000)],
)
def test_a_start_can_be_asked_for(line, needs_ms):
    host = Host().boot()
    host.wait(15000)
    assert host.ask(line) == ["OK"]
    assert needs_ms <= host.modem.gnss.needs_ms <= needs_ms * 5 // 4


def test_the_operator_is_left_and_found_again():
    host = Host().boot()
    assert host.ask("AT+COPS=2") == ["OK"]
    assert host.ask("AT+COPS?") == ["+COPS: 0", "OK"]
    assert host.ask("AT+CGNAPN") == ['+CGNAPN: 0,""', "OK"]
    assert host.ask("AT+COPS=0") == ["OK"]
    host.until(lambda: host.modem.network.registered, 15000)


def test_ctzu_sets_the_clock_and_ctzr_tells_it_at_the_next_registration():
    host = Host().boot()
    host.ask("AT+CTZU=1")
    host.ask("AT+CTZR=1")
    host.ask("AT+COPS=2")
    host.ask("AT+COPS=0")
    host.until(lambda: host.modem.network.registered, 15000)
    host.wait(4000)
    assert host.lines() == ["+CTZV: +04"]
    assert host.modem.clock_s() == host.scene.world.second()


def test_a_file_has_a_size_and_can_be_deleted():
    host = Host().boot()
    upload(host, "a", b"four")
    host.ask("AT+CFSINIT")
    assert host.ask('AT+CFSGFIS=3,"a"') == ["+CFSGFIS: 4", "OK"]
    assert host.ask("AT+CFSGFRS?") == ["+CFSGFRS: 5999996", "OK"]
    assert host.ask('AT+CFSDFILE=3,"a"') == ["OK"]
    assert host.ask('AT+CFSGFIS=3,"a"') == ["ERROR"]


def test_an_open_socket_is_listed_and_counted():
    host = Host().online()
    opened(host)
    assert host.ask("AT+CAOPEN?") == ['+CAOPEN: 0,0,"TCP"', "OK"]
    assert host.ask("AT+CASTATE?") == ["+CASTATE: 0,1", "OK"]
    host.ask("AT+CASEND=0,3")
    host.send(b"abc")
    host.answer()
    assert host.ask("AT+CAACK=0") == ["+CAACK: 3,0", "OK"]
    assert opened(host) == ["ERROR"]  # it is open


def test_a_hundred_sockets_leave_nothing_behind():
    host = Host().online()
    for _ in range(100):
        assert opened(host) == ["+CAOPEN: 0,0", "OK"]
        assert host.ask("AT+CACLOSE=0") == ["OK"]
    gc.collect()
    assert len(host.modem.connections) <= 2  # the MQTT client, and perhaps the last socket


def test_a_socket_without_a_context_says_so():
    host = Host().boot()
    assert opened(host) == ["+CAOPEN: 0,21", "OK"]


def test_a_socket_over_tls_by_name_of_its_files():
    host = tls_host(ca=CA)
    upload(host, "ca.crt", CA)
    host.ask('AT+CSSLCFG="CONVERT",2,"ca.crt"')
    host.ask('AT+CCLK="26/11/22,07:40:00+04"')
    for line in ('AT+CASSLCFG=0,"SSL",1', 'AT+CASSLCFG=0,"CRINDEX",0'):
        assert host.ask(line) == ["OK"]
    assert host.ask('AT+CASSLCFG=0,"CACERT","no.crt"') == ["OK"]
    assert host.ask('AT+CAOPEN=0,0,"TCP","gateway.example",8883') == ["ERROR"]
    host.ask('AT+CASSLCFG=0,"CACERT","ca.crt"')
    assert host.ask('AT+CAOPEN=0,0,"TCP","gateway.example",8883') == ["+CAOPEN: 0,0", "OK"]


def test_a_firmware_without_mqtt_answers_error_to_each():
    host = Host("sim7000", firmware="1351B03SIM7000C").online()
    for line in ('AT+SMCONF="QOS",1', "AT+SMCONF?", "AT+SMCONN", "AT+SMDISC", "AT+SMSTATE?",
                 'AT+SMPUB="t",1,1,0', 'AT+SMSUB="t",1', 'AT+SMUNSUB="t"', "AT+SMPUBHEX=1",
                 'AT+SMSSL=0,"",""'):  # fmt: skip
        assert host.ask(line) == ["ERROR"]


SMCONF = [
    ("URL", '"host",1883', True),
    ("URL", "host,1883", True),
    ("URL", f'"{"h" * 246}",1883', True),
    ("URL", f'"{"h" * 247}",1883', False),
    ("URL", '"host",0', False),
    ("URL", '"host",65536', False),
    ("CLIENTID", f'"{"c" * 128}"', True),
    ("CLIENTID", f'"{"c" * 129}"', False),
    ("KEEPTIME", "65535", True),
    ("KEEPTIME", "65536", False),
    ("CLEANSS", "0", True),
    ("CLEANSS", "2", False),
    ("USERNAME", f'"{"u" * 256}"', True),
    ("USERNAME", f'"{"u" * 257}"', False),
    ("PASSWORD", f'"{"p" * 512}"', True),
    ("PASSWORD", f'"{"p" * 513}"', False),
    ("QOS", "1", True),
    ("QOS", "3", False),
    ("TOPIC", f'"{"t" * 128}"', True),
    ("TOPIC", f'"{"t" * 129}"', False),
    ("MESSAGE", f'"{"m" * 1024}"', True),
    ("MESSAGE", f'"{"m" * 1025}"', False),
    ("RETAIN", "1", True),
    ("SUBHEX", "1", True),
    ("HURRA", "1", False),
]


@pytest.mark.parametrize(("word", "value", "good"), SMCONF)
def test_smconf_keeps_to_the_notes_limits(word, value, good):
    host = Host().online()
    assert host.ask(f'AT+SMCONF="{word}",{value}') == ["OK" if good else "ERROR"]


@pytest.mark.parametrize(("part", "longest"), [("sim7080", 1024), ("sim7000", 512)])
def test_a_publish_longer_than_the_note_allows_is_refused_before_the_prompt(part, longest):
    host = Host(part).connected()
    assert host.publish(b"x" * longest) == ["OK"]
    assert host.publish(b"x" * (longest + 1)) == ["ERROR"]
    assert [len(one.payload) for one in host.scene.broker.publishes] == [longest]


def test_a_publish_by_hex_is_its_bytes():
    host = Host().connected()
    assert host.ask("AT+SMPUBHEX=1") == ["OK"]
    assert host.publish(b"00ff41") == ["OK"]
    assert host.publish(b"zz") == ["ERROR"]
    assert [one.payload for one in host.scene.broker.publishes] == [b"\x00\xffA"]


def test_what_comes_is_hex_with_subhex_and_itself_without():
    host = Host().connected()
    host.ask('AT+SMSUB="d",1')
    host.scene.broker.say("d", b"hello")
    host.wait(2000)
    assert host.lines() == ['+SMSUB: "d","68656C6C6F"']
    host.ask('AT+SMCONF="SUBHEX",0')
    host.scene.broker.say("d", b'a"\r\nOK\r\n')
    host.wait(2000)
    assert host.raw == b'\r\n+SMSUB: "d","a"\r\nOK\r\n"\r\n'


def test_a_kept_session_is_told_by_the_sim7080_and_not_by_the_sim7000():
    for part, told in (("sim7080", "+SMSTATE: 2"), ("sim7000", "+SMSTATE: 1")):
        host = Host(part).connected()
        assert host.ask("AT+SMSTATE?")[0] == "+SMSTATE: 1"
        host.ask('AT+SMSUB="d",1')
        host.ask("AT+SMDISC")
        host.scene.broker.say("d", b"\x07")
        assert host.ask("AT+SMCONN")[-1] == "OK"
        assert host.ask("AT+SMSTATE?")[-2] == told
        host.wait(2000)
        assert host.scene.broker.sessions["astrid"].inflight == {}  # it has come


def test_a_clean_session_forgets():
    host = Host().connected(keep=False)
    host.ask('AT+SMSUB="d",1')
    host.ask("AT+SMDISC")
    host.wait(2000)
    assert host.scene.broker.say("d", b"x") == 0
    host.ask("AT+SMCONN")
    assert host.ask("AT+SMSTATE?")[0] == "+SMSTATE: 1"


def test_the_will_is_let_go_when_the_modem_is_lost_and_not_when_it_leaves():
    for lost in (True, False):
        host = Host().online()
        for line in (
            'AT+SMCONF="URL","b",1883', 'AT+SMCONF="CLIENTID","astrid"',
            'AT+SMCONF="TOPIC","gone"', 'AT+SMCONF="MESSAGE","away"', "AT+SMCONN",
        ):  # fmt: skip
            assert host.ask(line) == ["OK"]
        if lost:
            host.modem.rail(False, host.now_ms)
        else:
            host.ask("AT+SMDISC")
        host.wait(120000)
        wills = [one.payload for one in host.scene.broker.publishes if one.will]
        assert wills == ([b"away"] if lost else [])


def test_a_wrong_password_is_an_error_without_a_reason():
    host = Host().online()
    host.scene.broker.users = {"astrid": b"hemmelig"}
    host.ask('AT+SMCONF="URL","b",1883')
    host.ask('AT+SMCONF="USERNAME","astrid"')
    host.ask('AT+SMCONF="PASSWORD","feil"')
    assert host.ask("AT+SMCONN") == ["ERROR"]
    host.ask('AT+SMCONF="PASSWORD","hemmelig"')
    assert host.ask("AT+SMCONN") == ["OK"]


def test_mqtt_without_a_context_or_a_connection_is_an_error():
    host = Host().boot()
    host.ask('AT+SMCONF="URL","b",1883')
    assert host.ask("AT+SMCONN") == ["ERROR"]
    assert host.publish(b"x") == ["ERROR"]
    assert host.ask('AT+SMSUB="d",1') == ["ERROR"]
    assert host.ask("AT+SMDISC") == ["ERROR"]


# -- TLS -------------------------------------------------------------------------------------

CA = b"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"


def upload(host, name, data):
    assert host.ask("AT+CFSINIT") == ["OK"]
    assert host.ask(f'AT+CFSWFILE=3,"{name}",0,{len(data)},5000') == ["DOWNLOAD"]
    host.send(data)
    assert host.answer() == ["OK"]
    assert host.ask("AT+CFSTERM") == ["OK"]


def tls_host(**guard):
    from trygg_tools.modem_sim.far_memory import Guard

    host = Host().online()
    host.scene.broker.listen(host.scene.net, "*", 8883, Guard(**guard))
    host.ask('AT+SMCONF="URL","gateway.example",8883')
    host.ask('AT+SMCONF="CLIENTID","astrid"')
    return host


def test_a_ca_that_was_uploaded_and_a_clock_that_is_set_connect():
    host = tls_host(ca=CA)
    upload(host, "ca.crt", CA)
    assert host.ask('AT+SMSSL=1,"ca.crt",""') == ["OK"]
    assert host.ask("AT+SMCONN") == ["ERROR"]  # nobody has made the file known
    assert host.ask('AT+CSSLCFG="CONVERT",2,"ca.crt"') == ["OK"]
    assert host.ask("AT+SMCONN") == ["ERROR"]  # it is 1980
    host.ask('AT+CCLK="26/11/22,07:40:00+04"')
    assert host.ask("AT+SMCONN") == ["OK"]


def test_the_time_can_be_ignored_and_another_ca_never():
    host = tls_host(ca=CA)
    upload(host, "ca.crt", CA)
    host.ask('AT+CSSLCFG="CONVERT",2,"ca.crt"')
    host.ask('AT+SMSSL=1,"ca.crt",""')
    host.ask('AT+CSSLCFG="IGNORERTCTIME",0,1')
    assert host.ask("AT+SMCONN") == ["OK"]
    host.ask("AT+SMDISC")
    host.scene.do("tls refuses")
    assert host.ask("AT+SMCONN") == ["ERROR"]


def test_files_outlive_the_power_and_contexts_do_not():
    host = tls_host(ca=CA)
    upload(host, "ca.crt", CA)
    host.ask('AT+CSSLCFG="CONVERT",2,"ca.crt"')
    host.ask('AT+CSSLCFG="IGNORERTCTIME",0,1')
    host.modem.rail(False, host.now_ms)
    host.modem.rail(True, host.now_ms)
    host.online()
    host.ask('AT+SMCONF="URL","gateway.example",8883')
    host.ask('AT+SMSSL=1,"ca.crt",""')
    assert host.ask("AT+SMCONN") == ["ERROR"]  # the time counts again
    host.ask('AT+CSSLCFG="IGNORERTCTIME",0,1')
    assert host.ask("AT+SMCONN") == ["OK"]


def test_a_client_certificate_and_a_psk_are_asked_for_and_given():
    host = tls_host(wants_cert=True)
    host.ask('AT+SMSSL=1,"",""')
    assert host.ask("AT+SMCONN") == ["ERROR"]
    upload(host, "my.crt", b"certificate")
    upload(host, "my.key", b"key")
    assert host.ask('AT+CSSLCFG="CONVERT",1,"my.crt","my.key"') == ["OK"]
    host.ask('AT+SMSSL=1,"","my.crt"')
    assert host.ask("AT+SMCONN") == ["OK"]

    host = tls_host(psk=("astrid", b"\x01\x02"))
    upload(host, "psk.txt", b"astrid:0102\n")
    assert host.ask('AT+CSSLCFG="CONVERT",3,"psk.txt"') == ["OK"]
    host.ask('AT+SMSSL=1,"","psk.txt"')
    assert host.ask("AT+SMCONN") == ["OK"]


@pytest.mark.parametrize(
    "call",
    ['3,"a",0,0,1000', '3,"a",0,10241,1000', '3,"a",0,5,99', '3,"a",0,5,10001', '4,"a",0,5,1000',
     f'3,"{"n" * 231}",0,5,1000'],
)  # fmt: skip
def test_a_file_outside_of_the_manuals_limits_is_refused(call):
    host = Host().boot()
    host.ask("AT+CFSINIT")
    assert host.ask(f"AT+CFSWFILE={call}") == ["ERROR"]


# -- sockets ---------------------------------------------------------------------------------


def opened(host):
    if host.modem.part.name == "sim7000":
        assert host.ask("AT+CACID=0") == ["OK"]
        return host.ask('AT+CAOPEN=0,"echo.example",7')
    return host.ask('AT+CAOPEN=0,0,"TCP","echo.example",7')


@pytest.mark.parametrize("part", ["sim7080", "sim7000"])
def test_a_socket_carries_any_bytes_both_ways_by_length(part):
    host = Host(part).online()
    assert opened(host) == ["+CAOPEN: 0,0", "OK"]
    data = b'\r\nOK\r\n"+CADATAIND: 0\x00\xff>'
    assert host.ask(f"AT+CASEND=0,{len(data)}") == [">"]
    host.send(data)
    assert host.answer() == ["OK"]
    host.wait(1000)
    assert host.lines() == (["+CASEND: 0,0,23"] if part == "sim7000" else [])
    assert bytes(host.scene.peer_got) == data
    host.scene.do(f"peer sends {data.hex()}")
    host.wait(2000)
    assert host.lines() == ["+CADATAIND: 0"]
    assert host.ask("AT+CARECV?") == ["+CARECV: 0,23", "OK"]
    host.send(b"AT+CARECV=0,20\rAT+CARECV=0,20\rAT+CARECV=0,20\r")
    host.wait(1000)
    wanted = [b"+CARECV: 20," + data[:20], b"+CARECV: 3," + data[20:], b"+CARECV: 0"]
    assert host.raw == b"".join(b"\r\n%s\r\n\r\nOK\r\n" % one for one in wanted)


def test_a_socket_says_why_it_does_not_open():
    host = Host().online()
    assert host.ask('AT+CAOPEN=0,0,"TCP","echo.example",9') == ["+CAOPEN: 0,23", "OK"]
    host.scene.net.listeners.clear()
    assert host.ask('AT+CAOPEN=0,0,"TCP","echo.example",7') == ["+CAOPEN: 0,20", "OK"]
    host.scene.net.down = True
    assert host.ask('AT+CAOPEN=0,0,"TCP","echo.example",7') == ["+CAOPEN: 0,21", "OK"]


def test_the_far_end_closing_is_told_and_what_was_not_read_is_gone():
    host = Host().online()
    opened(host)
    host.scene.do("peer sends 616263")
    host.wait(2000)
    host.scene.do("peer closes")
    host.wait(2000)
    assert host.lines() == ["+CADATAIND: 0", "+CASTATE: 0,0"]
    assert host.ask("AT+CARECV=0,10") == ["+CARECV: 0", "OK"]
    assert host.ask("AT+CASEND=0,3") == ["ERROR"]
    assert opened(host) == ["+CAOPEN: 0,0", "OK"]


def test_a_cid_that_sticks_must_be_closed_first():
    host = Host("sim7000").online()
    host.scene.do("quirk cid_sticks")
    opened(host)
    host.scene.do("peer closes")
    host.wait(2000)
    host.lines()
    assert opened(host) == ["+CAOPEN: 0,4", "OK"]
    assert host.ask("AT+CACLOSE=0") == ["OK"]
    assert opened(host) == ["+CAOPEN: 0,0", "OK"]


def test_data_is_announced_once_until_all_of_it_was_read():
    host = Host().online()
    opened(host)
    for _ in range(3):
        host.scene.do("peer sends 616263")
        host.wait(2000)
    assert host.lines() == ["+CADATAIND: 0"]
    host.ask("AT+CARECV=0,4")
    host.scene.do("peer sends 64")
    host.wait(2000)
    assert host.lines() == []
    host.ask("AT+CARECV=0,100")
    host.scene.do("peer sends 65")
    host.wait(2000)
    assert host.lines() == ["+CADATAIND: 0"]


def test_the_name_for_a_shared_server_is_sent_only_when_it_was_set():
    host = tls_host(sni="gateway.example")
    host.ask('AT+SMSSL=1,"",""')
    assert host.ask("AT+SMCONN") == ["ERROR"]
    host.ask('AT+CSSLCFG="SNI",0,"gateway.example"')
    assert host.ask("AT+SMCONN") == ["OK"]


def test_quality_two_is_refused():
    host = Host().connected()
    assert host.publish(b"x", qos=2) == ["ERROR"]
    assert host.ask('AT+SMSUB="d",2') == ["ERROR"]


def test_a_lost_context_closes_every_socket():
    host = Host().online()
    opened(host)
    host.scene.do("pdp drop")
    host.wait(1000)
    assert host.lines() == ["+APP PDP: 0,DEACTIVE", "+CASTATE: 0,0"]
    assert host.ask("AT+CASEND=0,3") == ["ERROR"]
    assert host.ask("AT+CASTATE?") == ["OK"]
    host.scene.do("peer sends 61")
    host.wait(1000)
    assert host.lines() == []


# -- GNSS ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("part", "fields"), [("sim7080", 18), ("sim7000", 21)])
def test_cgnsinf_has_the_manuals_number_of_fields_in_every_state(part, fields):
    host = Host(part).boot()
    host.wait(15000)
    off = host.ask("AT+CGNSINF")[0]
    host.ask("AT+CGNSPWR=1")
    searching = host.ask("AT+CGNSINF")[0]
    host.until(lambda: host.modem.gnss.fix() is not None, 60000)
    fixed = host.ask("AT+CGNSINF")[0]
    for line in (off, searching, fixed):
        assert line.count(",") == fields - 1, line
    values = fixed.removeprefix("+CGNSINF: ").split(",")
    assert values[:2] == ["1", "1"]
    assert values[3:5] == ["59.790000", "10.240000"]
    assert re.fullmatch(r"20260503\d{6}\.000", values[2])
    assert values[fields - 2] == "3.0"
    assert searching.split(",")[1] == ("0" if part == "sim7000" else "")


def test_a_position_in_the_south_and_west_has_its_signs():
    host = Host().boot()
    host.wait(15000)
    host.scene.do("sky open -0.000001 -70.500000")
    host.ask("AT+CGNSPWR=1")
    host.until(lambda: host.modem.gnss.fix() is not None, 60000)
    assert host.ask("AT+CGNSINF")[0].split(",")[3:5] == ["-0.000001", "-70.500000"]


def test_a_single_shot_says_one_line_and_ends():
    host = Host().boot()
    host.wait(15000)
    assert host.ask("AT+SGNSCMD=1,0") == ["OK"]
    host.wait(60000)
    lines = [line for line in host.lines() if line.startswith("+SGNSCMD: 2,")]
    assert len(lines) == 1
    assert lines[0].count(",") == 10
    assert host.ask("AT+CGNSPWR?") == ["+CGNSPWR: 0", "OK"]


def test_a_repeated_shot_goes_on_until_it_is_stopped():
    host = Host().boot()
    host.wait(15000)
    assert host.ask("AT+SGNSCMD=2,1000,0,1") == ["OK"]
    host.until(lambda: host.modem.gnss.fix() is not None, 60000)
    host.lines()
    host.wait(10000)
    assert len(host.lines()) in (9, 10)
    host.ask("AT+SGNSCMD=0")
    host.wait(5000)
    assert host.lines() == []


def test_ugnsinf_comes_every_n_seconds():
    host = Host("sim7000").boot()
    host.wait(15000)
    host.ask("AT+CGNSPWR=1")
    assert host.ask("AT+CGNSURC=5") == ["OK"]
    host.wait(20100)
    assert len([line for line in host.lines() if line.startswith("+UGNSINF: ")]) == 4
