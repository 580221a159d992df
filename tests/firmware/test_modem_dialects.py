"""What every dialect has to have, so that the driver needs to know none of them.

# heap: 512k  (all dialects at once, from source; a tracker loads one, compiled)
"""

from tracker.modem import at, dialects
from tracker.modem.steps import MAY, MUST, UNTIL

PROCEDURES = (
    "SETUP", "ATTACH", "DETACH", "RADIO_OFF", "RADIO_ON", "REBOOT", "POWER_OFF", "ASK_TIME",
    "ASK_SIGNAL", "ASK_CELL", "ASK_VERSION", "CERT_UPLOAD", "MQTT_SUBSCRIBE", "MQTT_PUBLISH",
    "MQTT_STATE", "MQTT_DISCONNECT", "MQTT_END", "PSM_ON", "PSM_OFF", "EDRX_ON", "EDRX_OFF",
    "SLEEP", "WAKE", "GNSS_ON", "ASK_FIX", "GNSS_OFF", "AID",
)  # fmt: skip
MAKERS = ("socket_open", "socket_send", "socket_receive", "socket_close", "mqtt_connect")
NUMBERS = (
    "KEY_ON_MS", "KEY_OFF_MS", "START_MS", "GAP_MS", "PAYLOAD_MAX", "TOPIC_MAX", "SEND_MAX",
    "RECEIVE_MAX",
)  # fmt: skip
VALUES = (
    b"apn", b"bands", b"iotopmode", b"host", b"port", b"device", b"password", b"keepalive",
    b"topic", b"topicsize", b"size", b"content", b"id", b"file", b"ca", b"cert", b"key", b"psk",
    b"tau", b"active", b"act", b"cycle",
)  # fmt: skip


def _procedures(dialect):
    every = [getattr(dialect, name) for name in PROCEDURES]
    for name in MAKERS:
        for by in ("", "ca", "cert"):
            every.append(getattr(dialect, name)(by))
    return every


def _each():
    for name in dialects.NAMES:
        yield dialects.find(name)


def test_each_dialect_is_found_by_its_name_and_no_other():
    for name in dialects.NAMES:
        assert dialects.find(name).NAME == name
    assert dialects.find("sim800") is None


def test_each_dialect_has_every_procedure_and_every_number():
    for dialect in _each():
        for steps in _procedures(dialect):
            assert isinstance(steps, tuple)
        for name in NUMBERS:
            assert isinstance(getattr(dialect, name), int)
        assert dialect.BAUDS[0] == 115200
        assert dialect.GNSS_SHARED in (True, False)


def test_each_step_is_a_command_with_a_time_and_a_rule():
    for dialect in _each():
        for steps in _procedures(dialect):
            for step in steps:
                assert step.text[:2] == b"AT"
                assert b"\r" not in step.text
                assert 1000 <= step.limit_ms <= 180000, step.text
                assert step.rule in (MUST, MAY, UNTIL)
                assert bool(step.prompt) == bool(step.payload), step.text


def test_each_step_is_filled_from_values_that_the_driver_has():
    for dialect in _each():
        for steps in _procedures(dialect):
            for step in steps:
                for part in (step.text + step.payload).split(b"<")[1:]:
                    assert part.split(b">")[0] in VALUES, (dialect.NAME, step.text)


def test_each_line_that_ends_a_command_is_no_stranger_when_it_comes_late():
    for dialect in _each():
        known = [row[0] for row in dialect.TABLE]
        for steps in _procedures(dialect):
            for step in steps:
                if step.final:
                    fits = [
                        one for one in known if one[: len(step.final)] == step.final[: len(one)]
                    ]
                    assert (
                        fits
                        or b"QFUPL" in step.final
                        or b"HTTP" in step.final
                        or (b"XTRA" in step.final)
                    ), (dialect.NAME, step.final)


def test_a_payload_is_announced_with_its_length():
    for dialect in _each():
        for steps in _procedures(dialect):
            for step in steps:
                if step.payload == b"<topic>":
                    assert b"<topicsize>" in step.text
                elif step.payload:
                    assert b"<size>" in step.text, step.text


def test_a_kept_session_is_asked_for_by_each():
    wanted = {
        "sim7080": b'"CLEANSS",0', "sim7000": b'"CLEANSS",0', "sim7600": b"<keepalive>,0,",
        "bg95": b'"session",0,0',
    }  # fmt: skip
    for dialect in _each():
        texts = b" ".join([step.text for step in dialect.mqtt_connect("")])
        assert wanted[dialect.NAME] in texts


def test_psm_goes_off_before_it_goes_on_where_there_is_psm():
    for dialect in _each():
        texts = [step.text for step in dialect.PSM_ON]
        if dialect.NAME != "sim7600":
            assert texts.index(b"AT+CPSMS=0") == 0
            assert texts[-1][:10] == b"AT+CPSMS=1"


def _messages(name, said):
    dialect = dialects.find(name)

    class Port:
        def __init__(self):
            self.came = said

        def read(self):
            data, self.came = self.came, b""
            return data

        def write(self, data):
            return len(data)

    line = at.At(Port(), dialect.TABLE)
    line.poll(0)
    messages = dialect.Messages()
    return [
        found for found in [messages.take(event) for event in line.events()] if found is not None
    ]


HOSTILE = b'"\r\nOK\r\n> +SMSUB: "a","00"\r\nRDY\r\n'


def test_a_message_with_anything_in_it_comes_through_each():
    hexed = b"".join([b"%02X" % byte for byte in HOSTILE])
    topic = b"trygg/v1/lier/astrid/down"
    size, count = len(topic), len(HOSTILE)
    said = {
        "sim7080": b'+SMSUB: "' + topic + b'","' + hexed + b'"\r\n',
        "sim7600": b"+CMQTTRXSTART: 0,%d,%d\r\n+CMQTTRXTOPIC: 0,%d\r\n" % (size, count, size)
        + topic
        + b"\r\n+CMQTTRXPAYLOAD: 0,10\r\n" + HOSTILE[:10]
        + b"\r\n+CMQTTRXPAYLOAD: 0,%d\r\n" % (count - 10) + HOSTILE[10:]
        + b"\r\n+CMQTTRXEND: 0\r\n",
        "bg95": b'+QMTRECV: 0,7,"' + topic + b'",%d,"' % count + HOSTILE + b'"\r\n',
    }  # fmt: skip
    said["sim7000"] = said["sim7080"]
    for name in dialects.NAMES:
        assert _messages(name, said[name]) == [(topic, HOSTILE)], name


def test_a_damaged_message_is_none():
    assert _messages("sim7080", b'+SMSUB: "t","0G"\r\n') == [False]
    assert _messages("sim7080", b"+SMSUB: nonsense\r\n") == [False]
    cut = b"+CMQTTRXSTART: 0,1,5\r\n+CMQTTRXTOPIC: 0,1\r\nt\r\n+CMQTTRXPAYLOAD: 0,4\r\nfour\r\n"
    assert _messages("sim7600", cut + b"+CMQTTRXEND: 0\r\n") == [False]


def test_an_empty_message_is_one():
    said = b"+CMQTTRXSTART: 0,1,0\r\n+CMQTTRXTOPIC: 0,1\r\nt\r\n+CMQTTRXEND: 0\r\n"
    assert _messages("sim7600", said) == [(b"t", b"")]
