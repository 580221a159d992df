"""What every dialect has to have, so that the driver needs to know none of them.

# heap: 512k  (all dialects at once, from source; a tracker loads one, compiled)
"""

from tracker.modem import at, wiring
from tracker.modem.steps import beginning, find

PROCEDURES = (
    "SETUP ATTACH PIN SET_BAUD ASK SET_TIME DETACH RADIO_OFF RADIO_ON REBOOT POWER_OFF "
    "CERT_UPLOAD TLS TLS_CA TLS_CERT SOCKET_BEGIN SOCKET_OPEN SOCKET_SEND SOCKET_RECEIVE "
    "SOCKET_CLOSE MQTT_BEGIN MQTT_PLAIN MQTT_WILL MQTT_CONNECT MQTT_SUBSCRIBE MQTT_PUBLISH "
    "MQTT_STATE MQTT_END EDRX_ON EDRX_OFF SLEEP GNSS_ON ASK_FIX GNSS_OFF AID_1 "
    "SOCKET_BEGIN_TLS SOCKET_OPEN_TLS SOCKET_SEND_TLS SOCKET_RECEIVE_TLS SOCKET_CLOSE_TLS "
    "MQTT_PLAIN_TLS"
)
SOME_HAVE = "PSM_ON TLS_PSK SOCKET_CA SOCKET_CERT SOCKET_PSK AID_2 AID_USE"
NUMBERS = "KEY_ON_MS KEY_OFF_MS START_MS PAYLOAD_MAX SEND_MAX RECEIVE_MAX AID_S"
VALUES = (
    "apn bands iotopmode host port device password keepalive topic topicsize size content id file "
    "ca cert key psk tau active act cycle pin clock will willsize willtopic willtopicsize time"
)


def _rows(dialect):
    """(procedure, row) of all, the dialect's own before those it shares."""
    for name in PROCEDURES.split() + SOME_HAVE.split():
        text, at_row = find(dialect.TEXTS, name.encode())
        assert text or name in SOME_HAVE.split(), (dialect.NAME, name)
        if not text:
            continue
        while True:
            row = text[at_row : text.find(b"\n", at_row)]
            if not row:
                break
            yield name, row
            at_row += len(row) + 1


def _each():
    for name in wiring.NAMES.split():
        yield wiring.find(name)


def test_each_dialect_is_found_by_its_name_and_no_other():
    for name in wiring.NAMES.split():
        assert wiring.find(name).NAME == name
    try:
        wiring.find("sim800")
        assert False
    except ValueError as error:
        assert "sim7080" in str(error)


def test_each_dialect_has_every_procedure_and_every_number():
    for dialect in _each():
        assert len(list(_rows(dialect))) > 60
        for name in NUMBERS.split():
            assert isinstance(getattr(dialect, name), int)
        assert dialect.BAUDS.split()[0] == "115200"
        assert dialect.GNSS_SHARED in (True, False)
        assert dialect.HAS_PSM in (True, False)
        assert dialect.AID_ON in (True, False)


def test_each_row_is_a_rule_a_time_a_command_and_marks():
    for dialect in _each():
        for name, row in _rows(dialect):
            parts = row.split(b" | ")
            head, blank, command = parts[0].partition(b" ")
            assert head[:1] in b"!?~", (dialect.NAME, name, row)
            assert not head[1:] or 1 <= int(head[1:]) <= 180, row
            assert blank and command[:2] == b"AT" and b"\r" not in command, row
            for part in parts[1:]:
                mark, blank, rest = part.partition(b" ")
                assert blank and rest, row
                assert mark in (b"=", b":") or mark[-1:] == b">", row


def test_each_step_is_filled_from_values_that_the_driver_has():
    for dialect in _each():
        for name, row in _rows(dialect):
            for prompt in (b"| > ", b"DOWNLOAD> ", b"CONNECT> "):
                row = row.replace(prompt, b"")
            for part in row.split(b"<")[1:]:
                assert part.split(b">")[0].decode() in VALUES.split(), (dialect.NAME, row)


def test_each_line_that_ends_a_command_is_no_stranger_when_it_comes_late():
    for dialect in _each():
        for name, row in _rows(dialect):
            for part in row.split(b" | ")[1:]:
                if part[:2] == b": ":
                    begins = beginning(part[2:])
                    assert b"\n" + begins in dialect.TABLE, (dialect.NAME, part)


def test_of_two_rows_that_begin_alike_the_longer_comes_first():
    for dialect in _each():
        prefixes = [row.split(b"|")[0] for row in dialect.TABLE.split(b"\n") if row]
        for place, prefix in enumerate(prefixes):
            for later in prefixes[place + 1 :]:
                assert not later.startswith(prefix), (dialect.NAME, prefix, later)


def test_a_payload_is_announced_with_its_length():
    for dialect in _each():
        for name, row in _rows(dialect):
            for payload in (b"topic", b"content", b"will", b"willtopic"):
                if b"> <" + payload + b">" in row:
                    size = {b"content": b"<size>"}.get(payload, b"<" + payload + b"size>")
                    assert size in row.split(b" | ")[0], row


def test_a_kept_session_is_asked_for_by_each():
    wanted = {
        "sim7080": b'"CLEANSS",0', "sim7000": b'"CLEANSS",0', "sim7600": b"<keepalive>,0,",
        "a7670": b"<keepalive>,0,",
        "bg95": b'"session",0,0',
    }  # fmt: skip
    for dialect in _each():
        assert any([wanted[dialect.NAME] in row for name, row in _rows(dialect) if "MQTT" in name])


def test_psm_goes_off_before_it_goes_on_where_there_is_psm():
    for dialect in _each():
        rows = [row for name, row in _rows(dialect) if name == "PSM_ON"]
        if dialect.HAS_PSM:
            assert rows[0] == b"! AT+CPSMS=0"
            assert rows[-1].startswith(b"! AT+CPSMS=1")


def _messages(name, said):
    dialect = wiring.find(name)

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
    pieces = []
    found = [dialect.message(event, pieces) for event in line.events]
    return [one for one in found if one is not None]


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
    said["sim7000"], said["a7670"] = said["sim7080"], said["sim7600"]
    for name in wiring.NAMES.split():
        assert _messages(name, said[name]) == [(topic, HOSTILE)], name


def test_a_damaged_message_is_none():
    assert _messages("sim7080", b'+SMSUB: "t","0G"\r\n') == [False]
    assert _messages("sim7080", b"+SMSUB: nonsense\r\n") == [False]
    assert _messages("bg95", b'+QMTRECV: 0,1,"t","no length"\r\n') == [False]
    cut = b"+CMQTTRXSTART: 0,1,5\r\n+CMQTTRXTOPIC: 0,1\r\nt\r\n+CMQTTRXPAYLOAD: 0,4\r\nfour\r\n"
    assert _messages("sim7600", cut + b"+CMQTTRXEND: 0\r\n") == [False]


def test_an_empty_message_is_one():
    said = b"+CMQTTRXSTART: 0,1,0\r\n+CMQTTRXTOPIC: 0,1\r\nt\r\n+CMQTTRXEND: 0\r\n"
    assert _messages("sim7600", said) == [(b"t", b"")]
