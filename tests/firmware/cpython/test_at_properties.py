"""The AT line under any cutting of its bytes and any payload."""

from hypothesis import given, settings
from hypothesis import strategies as st

from at_port import TABLE, Port
from tracker.modem import at
from tracker.modem.at import OK, At

PAYLOADS = st.one_of(
    st.binary(max_size=60),
    st.sampled_from((b"OK\r\n", b"\r\nERROR\r\n", b"> ", b'"\r\n+CMQTTRXEND: 0\r\n', b"RDY\r\n")),
)


def _cut(data, places):
    ends = [*sorted({place % (len(data) + 1) for place in places}), len(data)]
    begin = 0
    for end in ends:
        yield data[begin:end]
        begin = end


@settings(max_examples=300, deadline=None)
@given(
    payload=PAYLOADS,
    other=PAYLOADS,
    places=st.lists(st.integers(0, 1000), max_size=30),
    echo=st.booleans(),
)
def test_any_cutting_gives_the_same_answer_and_the_same_events(payload, other, places, echo):
    port = Port()
    line = At(port, TABLE)
    line.begin(b"AT+CARECV=0,99", 0, b"+CARECV:", limit_ms=9000)
    said = b"AT+CARECV=0,99\r" if echo else b""
    said += b"\r\n+CMQTTRXPAYLOAD: 0,%d\r\n" % len(other) + other
    said += b"\r\n+CARECV: %d," % len(payload) + payload + b"\r\n\r\nOK\r\n"
    said += b'+QMTRECV: 0,1,"t",%d,"' % len(other) + other + b'"\r\n+CEREG: 5\r\n'
    answers = []
    for piece in _cut(said, places):
        port.came += piece
        line.poll(1)
        answers.append(line.ended())
    assert [one for one in answers if one] == [OK]
    assert line.lines == [b"+CARECV: %d" % len(payload), payload]
    names = [(name, data) for name, _, data in line.events]
    assert names == [(b"payload", other), (b"received", other), (b"registered", b"")]
    assert line.strange == line.frames.cut == line.garbage == 0


@settings(max_examples=300, deadline=None)
@given(noise=st.lists(st.binary(max_size=80), max_size=40), steps=st.integers(1, 4000))
def test_no_bytes_stop_the_line_and_every_command_ends(noise, steps):
    port = Port()
    line = At(port, TABLE)
    now = 0
    ended = begun = 0
    for piece in noise:
        begun += line.begin(b"AT+CSQ", now, b"+CSQ:")
        port.came += piece
        now = (now + steps) % (1 << 30)
        line.poll(now)
        ended += bool(line.ended())
    for _ in range(40):
        now += at.PROBE_MS
        line.poll(now)
        ended += bool(line.ended())
    assert ended == begun
    assert line.dead or line.ready()
