"""Each fault of the simulated modem, caused and seen; rules of where and when; determinism."""

import pytest

from modem_host import Host
from trygg_tools.modem_sim.fault_effects import BOGUS, FAR, HOSTILE
from trygg_tools.modem_sim.fault_file import FaultError, from_toml, from_words
from trygg_tools.modem_sim.fault_table import BEHAVIOURS, KINDS, ROWS
from trygg_tools.modem_sim.faults import Faults
from trygg_tools.modem_sim.scene import WordError


def cause(host, words):
    """Add a rule to a running modem."""
    host.scene.do(f"fault {words}")


def struck(host, name, times=1):
    assert host.modem.faults.happened[name] == times, host.modem.faults.happened


# -- 1 and 2 ---------------------------------------------------------------------------------


def test_a_line_in_the_middle_of_an_answer():
    host = Host().boot()
    cause(host, "urc_in_answer line=DST:_1")
    assert host.ask("AT+CSQ") == ["+CSQ: 21,0", "DST: 1", "OK"]
    assert host.ask("AT+CSQ") == ["+CSQ: 21,0", "OK"]


def test_a_line_between_prompt_and_payload():
    host = Host().connected()
    cause(host, "urc_at_prompt line=+CADATAIND:_0")
    host.send(b'AT+SMPUB="t",2,1,0\r')
    host.wait(500)
    assert host.lines() == [">", "+CADATAIND: 0"]
    host.send(b"hi")
    assert host.answer() == ["OK"]
    assert host.scene.broker.copies(b"hi") == 1


def test_ok_after_the_commands_own_line_and_error_after_it():
    host = Host().boot()
    cause(host, "late_ok times=1 on=+CNACT*")
    assert host.ask("AT+CNACT=0,1") == ["+APP PDP: 0,ACTIVE", "OK"]
    cause(host, "error_after_urc on=+CNACT* seconds=2")
    said = host.ask("AT+CNACT=0,0")
    assert said == ["+APP PDP: 0,DEACTIVE", "ERROR"]


# -- 3 ---------------------------------------------------------------------------------------


def test_silence_loses_what_is_asked_meanwhile():
    host = Host().boot()
    cause(host, "silence seconds=60 on=+CSQ")
    assert host.ask("AT+CSQ", 30000) == []
    assert host.ask("AT", 20000) == []
    host.wait(15000)
    assert host.ask("AT") == ["OK"]


def test_silence_with_later_answers_everything_afterwards():
    host = Host().boot()
    cause(host, "silence seconds=60 later=1 on=+CSQ")
    assert host.ask("AT+CSQ", 30000) == []
    assert host.ask("AT+CFUN?", 20000) == []
    host.wait(15000)
    assert host.lines() == ["+CSQ: 21,0", "OK", "+CFUN: 1", "OK"]


def test_a_late_answer_meets_the_next_command():
    host = Host().boot()
    cause(host, "late_answer seconds=30 on=+CMEE*")
    assert host.ask("AT+CMEE=2", 20000) == []
    host.send(b"AT+CSQ\r")
    host.wait(15000)
    assert host.lines() == ["OK", "+CSQ: 21,0", "OK"]


def test_a_slow_answer_is_an_error_after_minutes_and_nothing_was_done():
    host = Host().connected()
    cause(host, "slow_answer seconds=150 on=+SMPUB*")
    assert host.ask('AT+SMPUB="t",2,1,0', 149000) == []
    host.wait(2000)
    assert host.lines() == ["ERROR"]
    assert host.scene.broker.publishes == []


def test_a_stale_answer_comes_in_front_of_the_next():
    host = Host().online()
    cause(host, "stale_answer result=+CAOPEN:_0,2 on=+CAOPEN*")
    assert host.ask('AT+CAOPEN=0,0,"TCP","echo.example",7', 100000) == []
    assert host.ask("AT+CASTATE?") == ["+CAOPEN: 0,2", "OK"]


def test_a_lost_answer_never_comes_though_it_was_done():
    host = Host().boot()
    cause(host, "lost_answer on=+CFUN=4")
    assert host.ask("AT+CFUN=4", 60000) == []
    assert host.ask("AT+CFUN?") == ["+CFUN: 4", "OK"]


@pytest.mark.parametrize("until", ["key", "rail"])
def test_a_hang_ends_by_the_key_or_only_by_the_supply(until):
    host = Host().boot()
    cause(host, f"hang until={until} on=+CSQ")
    assert host.ask("AT+CSQ", 3600000) == []
    host.scene.do("power key")
    host.wait(5000)
    host.scene.do("power key")
    host.wait(8000)
    said = host.ask("AT", 2000)
    assert said == (["RDY", "+CFUN: 1", "+CPIN: READY", "SMS Ready", "AT", "OK"]
                    if until == "key" else [])  # fmt: skip
    host.modem.rail(False, host.now_ms)
    host.modem.rail(True, host.now_ms)
    host.scene.do("power key")
    host.wait(8000)
    assert host.ask("AT")[-2:] == ["AT", "OK"]


# -- 4 ---------------------------------------------------------------------------------------


def test_garbage_and_half_a_line_at_the_start():
    host = Host()
    cause(host, "garbage bytes=30")
    host.scene.do("power key")
    host.wait(3000)
    noise, _, rest = host.raw.partition(b"DY\r\n")
    assert len(noise) == 30
    assert set(noise) - set(range(32, 127))
    assert rest == b"\r\nRDY\r\n\r\n+CFUN: 1\r\n"


def test_rdy_can_be_missing():
    host = Host()
    cause(host, "no_rdy starts=1")
    host.scene.do("power key")
    host.wait(8000)
    assert host.lines() == ["+CPIN: READY", "SMS Ready"]


def test_the_modem_can_lose_its_rate():
    host = Host().boot()
    cause(host, "baud_lost rate=9600")
    assert "OK" not in host.ask("AT", 2000)
    host.modem.baud(9600, host.now_ms)
    host.lines()
    host.ask("AT", 1000)
    assert host.ask("AT") == ["OK"]


# -- 5 and 6 ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("how", "line"), [("far", FAR), ("accuracy", BOGUS)])
def test_the_receiver_lies(how, line):
    host = Host().boot()
    host.wait(15000)
    host.ask("AT+CGNSPWR=1")
    cause(host, f"false_fix how={how} seconds=100")
    assert host.ask("AT+CGNSINF")[0] == f"+CGNSINF: {line}"
    host.wait(100000)
    assert host.ask("AT+CGNSINF")[0] != f"+CGNSINF: {line}"


def test_gnss_is_refused_while_data_is_active_and_by_fault_also_without():
    host = Host().online()
    assert host.ask("AT+CGNSPWR=1") == ["ERROR"]
    host.ask("AT+CNACT=0,0")
    host.wait(1000)
    host.lines()
    cause(host, "gnss_refused")
    assert host.ask("AT+CGNSPWR=1") == ["ERROR"]
    assert host.ask("AT+CGNSPWR=1") == ["OK"]


def test_gnss_beside_data_takes_the_module_down():
    host = Host().online()
    cause(host, "gnss_crash")
    host.send(b"AT+CGNSPWR=1\r")
    host.wait(8000)
    assert host.lines() == ["RDY", "+CFUN: 1", "+CPIN: READY", "SMS Ready"]
    assert host.modem.power.unasked == 1


# -- 7 ---------------------------------------------------------------------------------------


def test_a_reboot_in_the_middle_of_a_publish():
    host = Host().connected()
    cause(host, "reboot on=+SMPUB* stage=prompt")
    host.send(b'AT+SMPUB="t",2,1,0\r')
    host.wait(1000)
    host.send(b"hi")
    host.wait(8000)
    assert host.lines() == ["RDY", "+CFUN: 1", "+CPIN: READY", "SMS Ready"]
    assert host.ask("AT+SMSTATE?")[-2] == "+SMSTATE: 0"
    assert host.scene.broker.publishes == []


def test_a_brown_out_warns_and_ends_and_the_supply_comes_back():
    host = Host().boot()
    cause(host, "brown_out seconds=60 on=+CSQ")
    assert host.ask("AT+CSQ") == ["UNDER-VOLTAGE WARNNING", "+CSQ: 21,0", "OK"]
    host.wait(5000)
    assert host.lines() == ["UNDER-VOLTAGE POWER DOWN"]
    host.scene.do("power key")
    host.wait(10000)
    assert host.modem.power.state == "off"  # there is not enough to start on
    host.wait(50000)
    host.scene.do("power key")
    host.wait(8000)
    assert host.lines()[0] == "RDY"


def test_off_psm_and_a_key_that_does_nothing():
    host = Host().boot()
    cause(host, "off on=+CSQ")
    assert host.ask("AT+CSQ", 3000) == []
    assert host.modem.power.state == "off"
    cause(host, "dead_key presses=2")
    for starts in (1, 1, 2):
        host.scene.do("power key")
        host.wait(8000)
        assert host.modem.power.starts == starts
    host.lines()
    cause(host, "psm on=+CFUN?")
    assert host.ask("AT+CFUN?")[-1] == "OK"
    assert host.modem.power.state == "psm"
    assert host.ask("AT", 3000) == []


# -- 8 ---------------------------------------------------------------------------------------


def test_an_acknowledgement_is_lost_and_the_broker_has_it():
    host = Host().connected()
    cause(host, "puback_lost")
    assert host.publish(b"one") == ["ERROR"]
    assert host.publish(b"two") == ["OK"]
    assert (host.scene.broker.copies(b"one"), host.scene.broker.copies(b"two")) == (1, 1)


def test_an_error_though_it_was_published():
    host = Host().connected()
    cause(host, "publish_error")
    assert host.publish(b"one") == ["ERROR"]
    assert host.scene.broker.copies(b"one") == 1


def test_the_modem_itself_publishes_twice():
    host = Host().connected()
    cause(host, "double_publish")
    assert host.publish(b"one") == ["OK"]
    host.wait(2000)
    assert host.scene.broker.copies(b"one") == 2


def test_a_publish_that_fails_reaches_nobody_and_the_link_is_lost():
    host = Host().connected()
    cause(host, "publish_fails code=6")
    assert host.publish(b"one")[-1] == "ERROR"
    host.wait(2000)
    assert host.ask("AT+SMSTATE?")[-2] == "+SMSTATE: 0"
    assert host.scene.broker.publishes == []


def test_a_session_can_be_lost():
    host = Host().connected()
    host.ask('AT+SMSUB="d",1')
    host.ask("AT+SMDISC")
    cause(host, "session_lost")
    host.wait(10)
    host.ask("AT+SMCONN")
    assert host.ask("AT+SMSTATE?")[0] == "+SMSTATE: 1"
    assert host.scene.broker.say("d", b"x") == 0


# -- 9 and 10 --------------------------------------------------------------------------------


def test_a_context_is_dropped_and_mqtt_with_it():
    host = Host().connected()
    cause(host, "pdp_drop on=+SMPUB*")
    assert "ERROR" in host.publish(b"x")
    assert host.ask("AT+SMSTATE?")[-2] == "+SMSTATE: 0"


def test_a_link_is_lost():
    host = Host().connected()
    cause(host, "link_lost on=+CSQ")
    host.ask("AT+CSQ")
    host.wait(3000)
    assert host.lines() == ["+SMSTATE: 0"]
    host.ask("AT+SMCONN")
    host.scene.do("quirk smstate_untold")
    cause(host, "link_lost on=+CSQ")
    host.ask("AT+CSQ")
    host.wait(3000)
    assert host.lines() == []
    assert host.ask("AT+SMSTATE?")[0] == "+SMSTATE: 0"


@pytest.mark.parametrize("name", ["coverage", "attach_fails"])
def test_hours_without_a_network_end(name):
    host = Host().online()
    cause(host, f"{name} seconds=172800 on=+CSQ")
    host.ask("AT+CSQ")
    host.wait(172700000)
    assert not host.modem.network.registered
    host.until(lambda: host.modem.network.registered, 170000)


def test_the_clock_can_be_unset_and_jump():
    host = Host().boot()
    host.ask('AT+CCLK="26/11/22,07:40:00+04"')
    cause(host, "clock_jump hours=-5 on=+CSQ")
    assert host.ask("AT+CSQ") == ["+CTZV: +04", "+CSQ: 21,0", "OK"]
    assert host.ask("AT+CCLK?")[0].startswith('+CCLK: "26/11/22,02:40:0')
    cause(host, "clock_unset seconds=60 on=+CSQ")
    host.ask("AT+CSQ")
    assert host.ask("AT+CCLK?")[0].startswith('+CCLK: "80/01/06,')


# -- 11 to 14 --------------------------------------------------------------------------------


@pytest.mark.parametrize("which", range(len(HOSTILE)))
def test_a_hostile_payload_comes_down_as_it_is_or_as_hex(which):
    host = Host().connected()
    cause(host, f"hostile_payload topic=d which={which} on=+CSQ")
    host.ask("AT+CSQ")
    host.wait(3000)
    assert host.raw == b'\r\n+SMSUB: "d","' + HOSTILE[which].hex().upper().encode() + b'"\r\n'
    host.raw = b""
    host.ask('AT+SMCONF="SUBHEX",0')
    cause(host, f"hostile_payload topic=d which={which} on=+CSQ")
    host.ask("AT+CSQ")
    host.wait(3000)
    assert HOSTILE[which] in host.raw


def test_a_frame_by_length_is_cut_short():
    host = Host().online()
    host.ask('AT+CAOPEN=0,0,"TCP","echo.example",7')
    host.scene.do("peer sends 616263646566")
    host.wait(2000)
    host.lines()
    cause(host, "cut_frame bytes=2 on=+CARECV*")
    host.send(b"AT+CARECV=0,6\r")
    host.wait(500)
    assert host.raw == b"\r\n+CARECV: 6,ab\r\nOK\r\n"


def test_nmea_comes_into_an_answer_and_between_everything():
    host = Host().boot()
    cause(host, "nmea_in_answer on=+CSQ")
    said = host.ask("AT+CSQ")
    assert said[0] == "+CSQ: 21,0"
    assert said[1].startswith("$GNRMC,")
    assert said[2] == "OK"
    cause(host, "nmea seconds=10 on=+CSQ")
    host.ask("AT+CSQ")
    host.wait(20000)
    assert len([line for line in host.lines() if line.startswith("$GNRMC,")]) == 9


def test_a_quirk_by_command_and_by_firmware():
    host = Host().online()
    cause(host, "quirk quirk=mqtt_never_connects")
    host.wait(10)
    host.ask('AT+SMCONF="URL","b",1883')
    assert host.ask("AT+SMCONN") == ["ERROR"]
    other = Host("sim7000", firmware="1351B05SIM7000C").online()
    other.ask('AT+SMCONF="URL","b",1883')
    assert other.ask("AT+SMCONN") == ["ERROR"]
    assert other.ask("AT+CGMR")[0] == "Revision:1351B05SIM7000C"


# -- rules -----------------------------------------------------------------------------------


def test_a_rule_strikes_at_the_nth_command_so_many_times():
    host = Host().boot()
    cause(host, "urc_in_answer on=+CSQ nth=3 times=2 line=X:_1")
    said = [host.ask("AT+CSQ") for _ in range(6)]
    assert ["X: 1" in one for one in said] == [False, False, True, True, False, False]
    struck(host, "urc_in_answer", 2)
    assert host.modem.faults.rules == []


def test_a_rule_strikes_at_a_time_and_every_so_often():
    host = Host().boot()
    cause(host, "urc_in_answer stage=time at_s=100 every_s=10 times=3 line=X:_1")
    host.wait(200000)
    assert host.lines().count("X: 1") == 3


def test_chance_is_the_seeds():
    def hits(seed):
        host = Host(faults=["urc_in_answer on=+CSQ chance=50 times=0 line=X:_1"], seed=seed).boot()
        return ["X: 1" in host.ask("AT+CSQ") for _ in range(40)]

    assert hits(3) == hits(3)
    assert hits(3) != hits(4)
    assert 8 < sum(hits(3)) < 32


def test_the_same_seed_and_dialogue_give_the_same_bytes():
    def life(seed):
        words = ["silence seconds=7 chance=20 times=0 on=+CSQ", "garbage bytes=9 times=0",
                 "nmea_in_answer chance=30 times=0"]  # fmt: skip
        host = Host(faults=words, seed=seed)
        heard = []
        host.modem.traces.append(lambda ms, way, data: heard.append((ms, way, data)))
        host.scene.do("power key")
        for line in ["ATE0", "AT+CSQ", "AT+CNACT=0,1", "AT+CSQ", "AT+CREBOOT", "AT+CSQ"] * 3:
            host.ask(line, 9000)
        return heard

    assert life(5) == life(5)
    assert life(5) != life(6)


@pytest.mark.parametrize("stage", ["heard", "line", "final", "after"])
@pytest.mark.parametrize("name", sorted(KINDS))
def test_any_fault_may_strike_at_any_stage_and_the_supply_mends_it(name, stage):
    host = Host().connected()
    host.scene.do(f"fault {name} stage={stage} on=+SMPUB*")
    host.publish(b"one")
    host.ask("AT", 3000)
    host.wait(6000)
    host.modem.faults.clear()
    host.scene.do("coverage on")
    host.scene.do("attach granted")
    host.scene.do("supply good")
    host.modem.rail(False, host.now_ms)
    host.modem.rail(True, host.now_ms)
    host.modem.kept["baud"] = 115200
    host.modem.quirks.clear()
    host.wait(1000)
    host.lines()
    host.connected()
    assert host.publish(b"two") == ["OK"]
    assert host.scene.broker.copies(b"two") == 1


# -- files -----------------------------------------------------------------------------------


def test_a_file_says_rules_with_the_rows_defaults():
    rules = from_toml(
        '[[fault]]\nname = "silence"\non = "+SMPUB*"\nnth = 3\nseconds = 90\n'
        '[[fault]]\nname = "coverage"\nat_s = 600\nseconds = 172800\n'
    )
    assert [(rule.kind.name, rule.on, rule.nth, rule.at_s) for rule in rules] == [
        ("silence", "+SMPUB*", 3, -1),
        ("coverage", "*", 1, 600),
    ]
    assert rules[0].values == {"seconds": 90, "later": 0}
    assert from_toml("") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[fault]]\n", "fault 1: name: wanted one of"),
        ('[[fault]]\nname = "silens"\n', "'silens'"),
        ('[[fault]]\nname = "silence"\nsekunder = 3\n', "fault 1: sekunder: wanted one of"),
        ('[[fault]]\nname = "silence"\nseconds = "3"\n', "fault 1: seconds: wanted a number"),
        ('[[fault]]\nname = "silence"\nseconds = 0\n', "wanted 1 to 31536000, got 0"),
        ('[[fault]]\nname = "hang"\nuntil = "noon"\n', "until: wanted key or rail, got 'noon'"),
        ('[[fault]]\nname = "hang"\nstage = "noon"\n', "stage: wanted one of boot"),
        ('[[fault]]\nname = "hang"\nnth = true\n', "nth: wanted a number"),
        ("fault = 3\n", "wanted [[fault]] tables"),
        ("[faults]\n", "faults: wanted only [[fault]] tables"),
        ("[[fault]\n", "wanted TOML"),
        ('[[fault]]\nname = "quirk"\nquirk = "odd"\n', "quirk: wanted auto_baud or"),
    ],
)
def test_an_error_in_a_file_names_the_key_the_value_and_what_was_wanted(text, said):
    with pytest.raises(FaultError) as error:
        from_toml(text)
    assert said in str(error.value)


@pytest.mark.parametrize("words", [
    "", "silence seconds", "silence seconds=x", "nonsense", "silence seconds=--5",
    "silence seconds=\N{SUPERSCRIPT TWO}",
])  # fmt: skip
def test_words_that_are_no_fault_are_refused(words):
    with pytest.raises(FaultError):
        from_words(words)


@pytest.mark.parametrize(
    "words",
    ["", "hurra", "power", "network", "network gone", "coverage off soon", "signal 20", "sky open",
     "broker says t xx", "peer", "quirk", "quirk none", "sky open north east", "__class__",
     "signal", "signal --5", "signal \N{SUPERSCRIPT TWO}", "coverage", "sky open inf inf",
     "coverage off \N{SUPERSCRIPT TWO}h", "sky open 91 10", "broker says", "broker says t",
     "broker says t 61*999999999999", "broker says t 61*-1", "broker refuses --5"],
)  # fmt: skip
def test_words_that_are_none_are_refused_and_change_nothing(words):
    host = Host().boot()
    with pytest.raises(WordError):
        host.scene.do(words)
    assert host.ask("AT") == ["OK"]


def test_every_behaviour_of_the_reference_has_its_rows():
    assert {row.behaviour for row in ROWS} == set(range(1, len(BEHAVIOURS) + 1))
    assert len(BEHAVIOURS) == 14


def test_every_row_is_caused_by_a_test_of_its_own():
    source = __import__("pathlib").Path(__file__).read_text("utf-8")
    for name in KINDS:
        assert (
            f'cause(host, "{name}' in source
            or f'cause(host, f"{name}' in source
            or (name in ("coverage", "attach_fails") and f'"{name}"' in source)
        ), name


def test_faults_can_be_taken_back():
    host = Host().boot()
    cause(host, "silence times=0 on=+CSQ")
    host.scene.do("faults off")
    assert host.ask("AT+CSQ") == ["+CSQ: 21,0", "OK"]
    assert Faults().happened == {}


@pytest.mark.parametrize("fault", ["hang until=rail", "silence", "silence later=1", "nmea"])
def test_what_goes_on_for_a_while_ends_when_the_faults_are_taken_back(fault):
    host = Host().boot()
    cause(host, fault)
    host.ask("AT+CSQ", 1500)
    host.scene.do("faults off")
    host.wait(1000)
    host.lines()
    assert host.ask("AT+CSQ", 1500) == ["+CSQ: 21,0", "OK"]
    host.wait(3000)
    assert host.lines() == []
