"""The line of an AT engine among a modem's other voices: sentences, lines that nobody asked for."""

from firmware.test_at import CSQ, Talk
from tracker.modem import at


def test_a_line_on_which_sentences_never_pause_is_trusted_again():
    talk = Talk()
    talk.ask(CSQ)
    talk.after(5000)
    assert talk.ended() is not None
    assert not talk.at.ready()
    for _ in range(at.SETTLE_MOST_MS // 200 + 5):
        talk.after(200)
        talk.hear(b"$GPGGA,,,,,,0,,,,,,,,*66\r\n")
        if talk.port.went.endswith(b"?\r"):
            name = talk.port.went.split(b"AT")[-1][:-2]
            talk.port.went += b"."
            talk.hear(name + b": 1\r\nOK\r\n")
    assert talk.at.ready()


def test_an_unsolicited_line_of_the_table_is_no_answer_where_any_line_is_one():
    talk = Talk()
    talk.ask({"text": b"AT+CGMR", "prefix": at.ANY})
    answer = talk.hear(b"\r\n+CEREG: 1\r\n\r\nRevision:1951B17SIM7080\r\n\r\nOK\r\n")
    assert answer.lines == [b"Revision:1951B17SIM7080"]
    assert [name for name, _line, _data in talk.events()]
