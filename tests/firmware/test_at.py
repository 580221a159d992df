"""The AT line: what is an answer and what is not; nothing late or hostile is taken for one."""

from at_port import TABLE, Port
from tracker.modem import at, frames
from tracker.modem.at import ERROR, OK, RESTARTED, TIMEOUT, At

CSQ = {"text": b"AT+CSQ", "prefix": b"+CSQ:"}
CONNECT = {"text": b"AT+CMQTTCONNECT=0", "final": b"+CMQTTCONNECT:", "limit_ms": 60000}


def sends(text, payload, prompt=b">"):
    return {"text": text, "prompt": prompt, "payload": payload, "limit_ms": 10000}


class Answer:
    """How a command has ended."""

    def __init__(self, line, status):
        self.status, self.lines = status, line.lines
        self.final, self.error = line.final, line.error


class Talk:
    """A line, its port and a clock."""

    def __init__(self):
        self.port = Port()
        self.at = At(self.port, TABLE)
        self.now = (1 << 30) - 500  # the ticks wrap while we talk

    def after(self, ms):
        self.now = (self.now + ms) % (1 << 30)
        self.at.poll(self.now)

    def ask(self, command):
        assert self.at.begin(now=self.now, **command)
        self.at.poll(self.now)

    def hear(self, data):
        self.port.came += data
        self.at.poll(self.now)
        return self.ended()

    def ended(self):
        status = self.at.ended()
        return Answer(self.at, status) if status else None

    def events(self):
        events, self.at.events = self.at.events, []
        return events


def test_a_command_ends_with_ok_and_gives_its_lines():
    talk = Talk()
    talk.ask(CSQ)
    assert talk.port.went == b"AT+CSQ\r"
    answer = talk.hear(b"AT+CSQ\r\r\n+CSQ: 20,0\r\n\r\nOK\r\n")
    assert answer.status == OK
    assert answer.lines == [b"+CSQ: 20,0"]
    assert talk.at.ready()


def test_the_same_without_echo_one_byte_at_a_time():
    talk = Talk()
    talk.ask(CSQ)
    answer = None
    for byte in b"\r\n+CSQ: 20,0\r\n\r\nOK\r\n":
        answer = talk.hear(bytes([byte])) or answer
    assert answer.lines == [b"+CSQ: 20,0"]


def test_a_refusal_ends_the_command_and_is_kept():
    talk = Talk()
    talk.ask({"text": b"AT+CPIN?", "prefix": b"+CPIN:"})
    answer = talk.hear(b"\r\n+CME ERROR: SIM not inserted\r\n")
    assert answer.status == ERROR
    assert answer.error == b"+CME ERROR: SIM not inserted"


def test_an_unsolicited_line_in_the_middle_of_an_answer_is_an_event():
    talk = Talk()
    talk.ask(CSQ)
    answer = talk.hear(b'\r\n+CSQ: 20,0\r\n\r\n+CEREG: 1,"5B57"\r\n\r\nOK\r\n')
    assert answer.lines == [b"+CSQ: 20,0"]
    assert talk.events() == [(b"registered", b'+CEREG: 1,"5B57"', b"")]
    assert talk.events() == []


def test_a_final_line_may_come_before_or_after_ok():
    for said in (b"OK\r\n+CMQTTCONNECT: 0,0\r\n", b"+CMQTTCONNECT: 0,0\r\nOK\r\n"):
        talk = Talk()
        talk.ask(CONNECT)
        answer = talk.hear(said)
        assert (answer.status, answer.final) == (OK, b"+CMQTTCONNECT: 0,0")
        assert talk.at.ready()


def test_an_error_after_the_final_line_refuses_and_keeps_the_code():
    talk = Talk()
    talk.ask(CONNECT)
    answer = talk.hear(b"+CMQTTCONNECT: 0,32\r\nERROR\r\n")
    assert (answer.status, answer.final) == (ERROR, b"+CMQTTCONNECT: 0,32")


def test_a_final_line_whose_ok_never_comes_counts_and_leaves_the_line_in_doubt():
    talk = Talk()
    talk.ask(CONNECT)
    assert talk.hear(b"+CMQTTCONNECT: 0,0\r\n") is None
    talk.after(60000)
    assert talk.ended().status == OK
    assert not talk.at.ready()
    assert talk.at.timeouts == 0


def test_the_payload_follows_the_prompt_and_never_the_command():
    talk = Talk()
    payload = b'OK\r\nERROR\r\n> "'
    talk.ask(sends(b'AT+SMPUB="t",14,1,1', payload))
    assert payload not in talk.port.went
    talk.hear(b"\r\n> ")
    assert talk.port.went == b'AT+SMPUB="t",14,1,1\r' + payload
    assert talk.hear(b"\r\nOK\r\n").status == OK


def test_the_blank_behind_a_prompt_is_no_line():
    talk = Talk()
    talk.ask(sends(b'AT+SMPUB="a",2,1,0', b"AB"))
    talk.hear(b"\r\n>")
    assert talk.hear(b" \r\nOK\r\n").status == OK
    assert talk.at.strange == 0


def test_a_line_comes_between_prompt_and_payload():
    talk = Talk()
    talk.ask(sends(b"AT+CMQTTTOPIC=0,1", b"t"))
    talk.hear(b"\r\n+CMQTTCONNLOST: 0,3\r\n>")
    assert talk.port.went[-2:] == b"\rt"
    assert talk.events()[0][0] == b"lost"


def test_a_prompt_that_is_a_word_is_one_too():
    talk = Talk()
    talk.ask(sends(b'AT+CFSWFILE=3,"ca.crt",0,3,1000', b"abc", b"DOWNLOAD"))
    talk.hear(b"DOWNLOAD\r\n")
    assert talk.port.went[-3:] == b"abc"


def test_no_prompt_without_a_command_that_waits_for_one():
    talk = Talk()
    talk.ask(CSQ)
    answer = talk.hear(b"> +CSQ: 1,0\r\n+CSQ: 20,0\r\nOK\r\n")
    assert answer.lines == [b"+CSQ: 20,0"]
    assert talk.at.strange == 1


def test_counted_bytes_on_the_next_line_are_never_looked_at():
    talk = Talk()
    hostile = b'OK\r\n+CMQTTRXPAYLOAD: 0,4\r\n> "\r\nRDY\r\n'
    talk.ask(CSQ)
    said = b"+CMQTTRXPAYLOAD: 0,%d\r\n" % len(hostile) + hostile + b"\r\n+CSQ: 1,0\r\nOK\r\n"
    answer = talk.hear(said)
    assert answer.lines == [b"+CSQ: 1,0"]
    assert talk.events() == [(b"payload", b"+CMQTTRXPAYLOAD: 0,%d" % len(hostile), hostile)]


def test_counted_bytes_on_the_same_line_with_and_without_quotes():
    talk = Talk()
    assert talk.hear(b'+QMTRECV: 0,1,"t/v1",7,"a"\r\nOK\n"\r\n+CARECV: 3,O\r\n\r\nRDY\r\n') is None
    events = talk.events()
    assert events[0] == (b"received", b'+QMTRECV: 0,1,"t/v1",7', b'a"\r\nOK\n')
    assert events[1] == (b"data", b"+CARECV: 3", b"O\r\n")
    assert events[2][0] == b"restart"


def test_counted_bytes_of_the_command_under_way_are_its_answer():
    talk = Talk()
    talk.ask({"text": b"AT+CARECV=0,100", "prefix": b"+CARECV:"})
    answer = talk.hear(b"+CARECV: 4,OK\r\n\r\nOK\r\n")
    assert answer.lines == [b"+CARECV: 4", b"OK\r\n"]


def test_a_frame_that_is_cut_short_is_given_up_and_what_follows_is_heard():
    talk = Talk()
    talk.hear(b"+CMQTTRXPAYLOAD: 0,50\r\nshort\r\n+CEREG: 5\r\n")
    assert talk.events() == []
    talk.after(frames.COUNTED_MS)
    assert talk.at.frames.cut == 1
    assert (b"registered", b"+CEREG: 5", b"") in talk.events()


def test_nmea_on_the_same_port_is_handed_on_untouched():
    talk = Talk()
    talk.ask(CSQ)
    answer = talk.hear(b"+CSQ: 1,0\r\n$GPGGA,OK*00\r\nOK\r\n")
    assert answer.lines == [b"+CSQ: 1,0"]
    assert talk.at.nmea() == b"$GPGGA,OK*00\r\n"
    assert talk.at.nmea() == b""


def test_garbage_is_counted_and_hurts_nobody():
    talk = Talk()
    talk.ask(CSQ)
    answer = talk.hear(b"\xff\xfe\x00RD\xf0\r\n+CSQ: 1,0\r\nOK\r\n")
    assert answer.lines == [b"+CSQ: 1,0"]
    assert talk.at.garbage == 1


def test_a_silent_modem_is_given_up_at_its_command_s_own_time():
    talk = Talk()
    talk.ask(CSQ)
    talk.after(4999)
    assert talk.ended() is None
    talk.after(1)
    assert talk.ended().status == TIMEOUT
    assert not talk.at.begin(now=talk.now, **CSQ)


def test_a_late_ok_is_never_the_answer_of_the_next_command():
    talk = Talk()
    talk.ask(CONNECT)
    talk.after(60000)
    assert talk.ended().status == TIMEOUT
    talk.hear(b"OK\r\n+CMQTTCONNECT: 0,0\r\n")
    assert not talk.at.ready()
    talk.hear(b"+IPR: 115200\r\n\r\nOK\r\n")
    assert not talk.at.ready()
    talk.after(at.SETTLE_MS)
    assert talk.at.ready()
    talk.ask(CSQ)
    assert talk.hear(b"+CSQ: 9,0\r\nOK\r\n").lines == [b"+CSQ: 9,0"]


def test_answers_of_older_probes_do_not_end_the_doubt():
    talk = Talk()
    talk.ask(CSQ)
    talk.after(5000)
    talk.ended()
    for _ in range(4):
        talk.after(at.PROBE_MS)
    assert talk.port.went.count(b"AT+IPR?\r") == 2
    said = b"+IPR: 0\r\nOK\r\n+CMEE: 2\r\nOK\r\n+CFUN: 1\r\nOK\r\n+IPR: 0\r\nOK\r\n"
    talk.hear(said[:14])
    talk.after(at.SETTLE_MS - 1)
    talk.hear(said[14:])
    talk.after(at.SETTLE_MS - 1)
    assert not talk.at.ready()
    talk.after(1)
    assert talk.at.ready()


def test_a_modem_that_answers_no_probe_is_dead_until_it_is_revived():
    talk = Talk()
    talk.ask(CSQ)
    talk.after(5000)
    talk.ended()
    for _ in range(at.PROBES_MAX):
        talk.after(at.PROBE_MS)
        assert not talk.at.dead
    talk.after(at.PROBE_MS)
    assert talk.at.dead
    assert talk.at.wait_ms(talk.now) == at.NEVER_MS
    went = talk.port.went
    talk.after(60000)
    assert talk.port.went == went
    talk.at.revive(talk.now)
    talk.after(0)
    talk.hear(b"+IPR: 0\r\nOK\r\n")
    talk.after(at.SETTLE_MS)
    assert talk.at.ready()


def test_a_prompt_left_waiting_is_escaped_before_the_probe():
    talk = Talk()
    talk.ask(sends(b'AT+SMPUB="t",5,1,1', b"hello"))
    talk.after(10000)
    assert talk.ended().status == TIMEOUT
    assert b"\x1b" in talk.port.went
    assert b"hello" not in talk.port.went


def test_a_restart_ends_the_command_under_way():
    talk = Talk()
    talk.ask(CSQ)
    answer = talk.hear(b"\r\nRDY\r\n")
    assert answer.status == RESTARTED
    assert talk.events() == [(b"restart", b"RDY", b"")]
    assert talk.at.restarts == 1


def test_a_port_that_takes_little_gets_everything_in_order():
    talk = Talk()
    talk.port.room = 3
    talk.ask(CSQ)
    for _ in range(3):
        talk.after(1)
    assert talk.port.went == b"AT+CSQ\r"


def test_a_line_without_an_end_is_let_go():
    talk = Talk()
    talk.hear(b"x" * (frames.LINE_MAX + 1))
    assert talk.at.frames.cut == 1
    talk.ask(CSQ)
    assert talk.hear(b"\r\n+CSQ: 1,0\r\nOK\r\n").status == OK


def test_of_a_line_too_long_its_beginning_is_one_and_nothing_of_the_rest():
    """In pieces of 100 and whole: a message of a firmware's order comes so, and is no more."""
    for grain in (100, 1 << 20):
        talk = Talk()
        said = b'+SMSUB: "t","' + b"4F4B0D0A" * 1200 + b'"\r\n+CEREG: 1\r\n'
        for at_byte in range(0, len(said), grain):
            talk.hear(said[at_byte : at_byte + grain])
        names = [(name, line[:13]) for name, line, _ in talk.events()]
        assert names[-1][1] == b"+CEREG: 1"
        assert len(names) <= 2 and talk.at.garbage == 0
        assert talk.at.frames.cut == 1
        assert len(talk.at.frames._in) == 0


def test_counted_bytes_that_are_too_many_are_passed_over_whatever_they_hold():
    hostile = b"OK\r\nRDY\r\n> " * 400
    for grain in (100, 1 << 20):
        talk = Talk()
        said = b"+CMQTTRXPAYLOAD: 0,%d\r\n" % len(hostile) + hostile + b"\r\n+CEREG: 1\r\n"
        for at_byte in range(0, len(said), grain):
            talk.hear(said[at_byte : at_byte + grain])
        events = talk.events()
        assert [line[:16] for _, line, _ in events] == [b"+CMQTTRXPAYLOAD:", b"+CEREG: 1"]
        assert events[0][2] == b""
        assert (talk.at.restarts, talk.at.frames.cut) == (0, 1)


def test_too_many_counted_bytes_that_stop_coming_cost_nothing_said_later():
    talk = Talk()
    talk.hear(b"+CMQTTRXPAYLOAD: 0,9000\r\n" + b"x" * 500)
    talk.after(frames.COUNTED_MS + 1)
    talk.hear(b"\r\n+CEREG: 1\r\n")
    assert talk.events()[-1][1] == b"+CEREG: 1"


def test_a_count_that_is_no_number_is_an_ordinary_line():
    talk = Talk()
    talk.hear(b"+CMQTTRXPAYLOAD: 0,many\r\n+CEREG: 1\r\n+CARECV: x,y\r\n+CEREG: 2\r\n")
    assert [event[1] for event in talk.events()][0] == b"+CEREG: 1"
    assert talk.at.strange >= 1


def test_every_line_is_an_answer_to_those_who_ask_for_any():
    talk = Talk()
    talk.ask({"text": b"AT+CGMR", "prefix": at.ANY})
    answer = talk.hear(b"AT+CGMR\r\r\n1951B08SIM7080\r\n\r\nOK\r\n")
    assert answer.lines == [b"1951B08SIM7080"]


def test_events_that_nobody_takes_are_bounded_and_counted():
    talk = Talk()
    talk.hear(b"+CEREG: 1\r\n" * (at.KEPT_MAX + 5))
    assert len(talk.events()) == at.KEPT_MAX
    assert talk.at.lost == 5
