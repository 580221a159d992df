"""Procedures on the AT line: what is passed over, what is asked again, what ends them."""

from at_port import TABLE, Port
from tracker.modem import at
from tracker.modem.steps import DONE, FAILED, Steps, fill, may, must, name_of, send, until


def _registered(answer):
    return answer.lines == [b"+CEREG: 4,1"]


class Bench:
    """Steps on a line whose far end is the test."""

    def __init__(self):
        self.port = Port()
        self.at = at.At(self.port, TABLE)
        self.steps = Steps(self.at)
        self.now = 0

    def hear(self, data, ms=10):
        self.now += ms
        self.port.came += data
        self.at.poll(self.now)
        ended = self.steps.poll(self.now)
        ended = ended or self.steps.poll(self.now)  # the next command, if there is one
        self.at.poll(self.now)
        return ended

    def begin(self, procedure, values=()):
        self.steps.begin(procedure, dict(values), self.now)
        return self.hear(b"")


def test_steps_go_out_one_after_the_other_each_after_the_answer_of_the_one_before():
    bench = Bench()
    bench.begin((must(b"AT+CMEE=2"), must(b"AT+CSQ", b"+CSQ:")))
    assert bench.port.went == b"AT+CMEE=2\r"
    assert bench.hear(b"OK\r\n") == 0
    assert bench.port.went == b"AT+CMEE=2\rAT+CSQ\r"
    assert bench.hear(b"+CSQ: 20,0\r\nOK\r\n") == DONE
    assert bench.steps.answers[1][0] == "AT+CSQ"
    assert bench.steps.answers[1][1].lines == [b"+CSQ: 20,0"]


def test_a_refused_step_ends_the_procedure_and_names_the_command_without_what_may_be_secret():
    bench = Bench()
    bench.begin(
        (must(b'AT+SMCONF="PASSWORD","<password>"'), must(b"AT")), {"password": b"hemmelig"}
    )
    assert bench.port.went == b'AT+SMCONF="PASSWORD","hemmelig"\r'
    assert bench.hear(b"ERROR\r\n") == FAILED
    assert bench.steps.failed == "AT+SMCONF"
    assert bench.steps.status == at.ERROR
    assert not bench.steps.busy


def test_a_refusal_that_does_no_harm_is_passed_over_and_a_silence_is_not():
    bench = Bench()
    bench.begin((may(b"AT+CMQTTSTART"), must(b"AT")))
    assert bench.hear(b"ERROR\r\n") == 0
    assert bench.hear(b"OK\r\n") == DONE
    bench.begin((may(b"AT+CMQTTSTART"), must(b"AT")))
    assert bench.hear(b"", 5000) == FAILED
    assert bench.steps.status == at.TIMEOUT


def test_a_question_is_asked_again_each_second_until_its_answer_is_liked():
    bench = Bench()
    bench.begin((until(b"AT+CEREG?", b"+CEREG:", _registered, 60000),))
    assert bench.hear(b"+CEREG: 4,2\r\nOK\r\n") == 0
    assert bench.hear(b"", 900) == 0
    assert bench.port.went.count(b"CEREG") == 1
    bench.hear(b"", 100)
    assert bench.port.went.count(b"CEREG") == 2
    assert bench.hear(b"+CEREG: 4,1\r\nOK\r\n") == DONE


def test_a_question_that_is_never_answered_as_liked_ends_when_its_time_is_up():
    bench = Bench()
    bench.begin((until(b"AT+CEREG?", b"+CEREG:", _registered, 60000),))
    ended = 0
    while not ended:
        ended = bench.hear(b"+CEREG: 4,2\r\nOK\r\n", 500)
    assert ended == FAILED
    assert 60000 <= bench.now <= 62000


def test_an_answer_that_the_check_refuses_ends_the_procedure():
    bench = Bench()
    bench.begin((must(b"AT+CEREG?", b"+CEREG:", check=_registered),))
    assert bench.hear(b"+CEREG: 4,3\r\nOK\r\n") == FAILED
    assert bench.steps.status == at.OK


def test_a_payload_is_filled_too():
    bench = Bench()
    bench.begin(
        (send(b"AT+CMQTTTOPIC=0,<size>", b"<topic>", 5000),), {"size": b"3", "topic": b"a/b"}
    )
    bench.hear(b"\r\n>")
    assert bench.port.went == b"AT+CMQTTTOPIC=0,3\ra/b"


def test_a_restart_of_the_modem_ends_the_procedure():
    bench = Bench()
    bench.begin((until(b"AT+CEREG?", b"+CEREG:", _registered, 60000),))
    assert bench.hear(b"RDY\r\n") == FAILED
    assert bench.steps.status == at.RESTARTED


def test_on_a_dead_line_a_procedure_fails_at_once():
    bench = Bench()
    bench.at.dead = True
    assert bench.begin((must(b"AT"),)) == FAILED
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
    bench.begin((must(b"AT"), must(b"AT+CSQ")))
    bench.steps.stop()
    assert bench.hear(b"OK\r\n") == 0
    assert b"CSQ" not in bench.port.went
    assert bench.steps.wait_ms(bench.now) == at.NEVER_MS


def test_what_was_under_way_when_it_was_stopped_is_no_answer_of_the_next_procedure():
    bench = Bench()
    bench.begin((must(b"AT+CSQ", b"+CSQ:"),))
    bench.begin((must(b"AT+CPIN?", b"+CPIN:"),))
    assert bench.hear(b"+CSQ: 1,0\r\nOK\r\n") == 0
    assert bench.port.went == b"AT+CSQ\rAT+CPIN?\r"
    assert bench.hear(b"+CPIN: READY\r\nOK\r\n") == DONE
    assert bench.steps.answers[0][1].lines == [b"+CPIN: READY"]
