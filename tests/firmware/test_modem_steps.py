"""Procedures on the AT line: what is passed over, what is asked again, what ends them."""

from at_port import TABLE, Port
from tracker.modem import at
from tracker.modem.steps import DONE, FAILED, Steps, beginning, fill, find, matches, name_of


class Bench:
    """Steps on a line whose far end is the test."""

    def __init__(self):
        self.port = Port()
        self.at = at.At(self.port, TABLE)
        self.steps = Steps(self.at, ())
        self.now = 0

    def hear(self, data, ms=10):
        self.now += ms
        self.port.came += data
        self.at.poll(self.now)
        ended = self.steps.poll(self.now)
        ended = ended or self.steps.poll(self.now)  # the next command, if there is one
        self.at.poll(self.now)
        return ended

    def begin(self, rows, values=(), forgiving=False):
        self.steps = Steps(self.at, (b"\nP\n" + rows + b"\n\n",)) if rows else self.steps
        self.steps.begin("P", dict(values), self.now, forgiving)
        return self.hear(b"")


def test_steps_go_out_one_after_the_other_each_after_the_answer_of_the_one_before():
    bench = Bench()
    bench.begin(b"! AT+CMEE=2\n! AT+CSQ | = +CSQ:")
    assert bench.port.went == b"AT+CMEE=2\r"
    assert bench.hear(b"OK\r\n") == 0
    assert bench.port.went == b"AT+CMEE=2\rAT+CSQ\r"
    assert bench.hear(b"+CSQ: 20,0\r\nOK\r\n") == DONE
    assert bench.steps.said == {"AT+CSQ": [b"+CSQ: 20,0"]}


def test_a_refused_step_ends_the_procedure_and_names_the_command_without_what_may_be_secret():
    bench = Bench()
    bench.begin(b'! AT+SMCONF="PASSWORD","<password>"\n! AT', {"password": b"hemmelig"})
    assert bench.port.went == b'AT+SMCONF="PASSWORD","hemmelig"\r'
    assert bench.hear(b"ERROR\r\n") == FAILED
    assert bench.steps.failed == "AT+SMCONF"
    assert bench.steps.status == at.ERROR
    assert not bench.steps.busy()


def test_a_refusal_that_does_no_harm_is_passed_over_and_a_silence_is_not():
    bench = Bench()
    bench.begin(b"? AT+CMQTTSTART\n! AT")
    assert bench.hear(b"ERROR\r\n") == 0
    assert bench.hear(b"OK\r\n") == DONE
    bench.begin(b"? AT+CMQTTSTART\n! AT")
    assert bench.hear(b"", 5000) == FAILED
    assert bench.steps.status == at.TIMEOUT


def test_a_question_is_asked_again_each_second_until_its_answer_is_liked():
    bench = Bench()
    bench.begin(b"~60 AT+CEREG? | = +CEREG: 4,1")
    assert bench.hear(b"+CEREG: 4,2\r\nOK\r\n") == 0
    assert bench.hear(b"", 900) == 0
    assert bench.port.went.count(b"CEREG") == 1
    bench.hear(b"", 100)
    assert bench.port.went.count(b"CEREG") == 2
    assert bench.hear(b"+CEREG: 4,1\r\nOK\r\n") == DONE


def test_a_question_that_is_never_answered_as_liked_ends_when_its_time_is_up():
    bench = Bench()
    bench.begin(b"~60 AT+CEREG? | = +CEREG: 4,1")
    ended = 0
    while not ended:
        ended = bench.hear(b"+CEREG: 4,2\r\nOK\r\n", 500)
    assert ended == FAILED
    assert 60000 <= bench.now <= 62000


def test_an_answer_that_the_check_refuses_ends_the_procedure():
    bench = Bench()
    bench.begin(b"! AT+CEREG? | = +CEREG: 4,1")
    assert bench.hear(b"+CEREG: 4,3\r\nOK\r\n") == FAILED
    assert bench.steps.status == at.OK


def test_a_payload_is_filled_too():
    bench = Bench()
    bench.begin(b"! AT+CMQTTTOPIC=0,<size> | > <topic>", {"size": b"3", "topic": b"a/b"})
    bench.hear(b"\r\n>")
    assert bench.port.went == b"AT+CMQTTTOPIC=0,3\ra/b"


def test_a_restart_of_the_modem_ends_the_procedure():
    bench = Bench()
    bench.begin(b"~60 AT+CEREG? | = +CEREG: 4,1")
    assert bench.hear(b"RDY\r\n") == FAILED
    assert bench.steps.status == at.RESTARTED


def test_on_a_dead_line_a_procedure_fails_at_once():
    bench = Bench()
    bench.at.dead = True
    assert bench.begin(b"! AT") == FAILED
    assert bench.steps.failed == "AT"


def test_what_is_put_in_is_not_looked_at_again():
    values = {"a": b"<b>", "b": b"never"}
    assert fill(b'"<a>","<c>",<', values) == b'"<b>","<c>",<'
    assert fill(b"AT", values) == b"AT"


def test_a_command_s_name_ends_before_its_values():
    assert name_of(b'AT+SMCONF="URL","x"') == "AT+SMCONF"
    assert name_of(b"AT+CEREG?") == "AT+CEREG"
    assert name_of(b"ATE0") == "ATE0"


def test_stopping_begins_no_further_step():
    bench = Bench()
    bench.begin(b"! AT\n! AT+CSQ")
    bench.steps.stop()
    assert bench.hear(b"OK\r\n") == 0
    assert b"CSQ" not in bench.port.went
    assert bench.steps.wait_ms(bench.now) == at.NEVER_MS


def test_what_was_under_way_when_it_was_stopped_is_no_answer_of_the_next_procedure():
    bench = Bench()
    rows = b"! AT+CSQ | = +CSQ:\n\nQ\n! AT+CPIN? | = +CPIN:"
    bench.begin(rows)
    bench.steps.begin("Q", {}, bench.now)
    bench.hear(b"")
    assert bench.hear(b"+CSQ: 1,0\r\nOK\r\n") == 0
    assert bench.port.went == b"AT+CSQ\rAT+CPIN?\r"
    assert bench.hear(b"+CPIN: READY\r\nOK\r\n") == DONE
    assert bench.steps.said == {"AT+CPIN": [b"+CPIN: READY"]}


def test_procedures_follow_one_another_and_an_empty_one_is_nothing():
    bench = Bench()
    bench.begin(b"! AT\n\nEMPTY\n\nLAST\n! AT+CSQ")
    bench.hear(b"OK\r\n")
    bench.steps.begin("EMPTY LAST", {}, bench.now)
    bench.hear(b"")
    assert bench.port.went == b"AT\rAT+CSQ\r"
    bench.hear(b"OK\r\n")
    bench.steps.begin("EMPTY", {}, bench.now)
    assert bench.hear(b"") == DONE


def test_a_forgiving_procedure_passes_over_every_refusal():
    bench = Bench()
    bench.begin(b"! AT+CGATT=0\n! AT", forgiving=True)
    assert bench.hear(b"ERROR\r\n") == 0
    assert bench.hear(b"ERROR\r\n") == DONE


def test_the_first_text_that_has_a_procedure_counts_and_plain_serves_where_there_is_no_tls():
    own, other = b"\nB\n! AT+OWN\n\n", b"\nA\n! AT+A\n\nB\n! AT+B\n\n"
    assert find((own, other), b"B")[0] is own
    assert find((own, other), b"A_TLS") == find((own, other), b"A")
    assert find((own, other), b"C") == (b"", 0)


def test_a_pattern_says_how_a_line_begins_and_what_is_in_its_fields():
    assert beginning(b"+CEREG: *,1/5") == b"+CEREG:"
    assert beginning(b"+QMTPUB~: 0,*,0") == b"+QMTPUB"
    assert beginning(b"*") == b"*"
    assert matches(b"+CEREG: *,1/5", b'+CEREG: 4,5,"5B57"')
    assert not matches(b"+CEREG: *,1/5", b"+CEREG: 4,2")
    assert not matches(b"+CEREG: *,1/5", b"+CEREG: 1")
    assert matches(b"+QMTPUB~: 0,*,0", b"+QMTPUBEX: 0,7,0")
    assert matches(b"+CPIN: READY", b"+CPIN: READY")
    assert not matches(b"+CPIN: READY", b"+CPIN: SIM PIN")
    assert matches(b"+CSQ:", b"+CSQ:")
