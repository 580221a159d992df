"""The receiver's set-up: frames as makers' descriptions and recorded dialogues have them, answers
in pieces of any size among sentences, and what becomes of messages that nobody answers."""

from binascii import unhexlify

from nmea_sentences import epoch, gsv, sentence
from tracker import receiver_pmtk as pmtk
from tracker import receiver_ubx as ubx
from tracker.receiver_rows import KINDS, kind_of
from tracker.receiver_setup import ANSWER_MS, REFUSED, TAKEN, TRIES, Setup

# frames that u-blox's descriptions print or that owners of receivers have recorded
RECORDED_UBX = (
    "B5620600010002 0923",  # CFG-PRT asked for
    "B562060108 00F008000100000000 0860",  # CFG-MSG: ZDA on UART 1
    "B56206080600E80301000100 0139",  # CFG-RATE: 1 Hz
    "B562061102000800 2191",  # CFG-RXM: continuous
    "B56206090D0000000000FFFF0000000000001731BF",  # CFG-CFG: save all
    "B5620241080000000000020000004D3B",  # RXM-PMREQ: backup
    "B562068A0A000101000001002130C800B68B",  # CFG-VALSET: five a second, RAM
    "B562063E2C0000002005000810000000010101010300000001010308100001000101050003000000010106080E000000"
    "0101FC01",  # CFG-GNSS: BeiDou only
    "B562050102000601 0F38",  # ACK-ACK to CFG-MSG
    "B562050002000601 0E33",  # ACK-NAK to CFG-MSG
)
RECORDED_PMTK = (
    b"$PMTK000*32", b"$PMTK220,500*2B", b"$PMTK220,100*2F", b"$PMTK101*32", b"$PMTK225,0*2B",
    b"$PMTK161,0*28", b"$PMTK869,1,1*35", b"$PMTK251,9600*17", b"$PMTK313,1*2E",
    b"$PMTK001,604,3*32", b"$PMTK001,0,3*30", b"$PMTK001,869,3*37", b"$PMTK353,1,0,0,0*36",
    b"$PMTK314,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0*29",
)  # fmt: skip
ACK_RATE = unhexlify("b5620501020006 08163f".replace(" ", ""))
NAK_GNSS = unhexlify("b562050002000 63e4b70".replace(" ", ""))


def ack(message, good=True):
    """What a receiver of the language of `message` says to it."""
    if message[:4] == b"PMTK":
        return sentence("PMTK001,%s,%d" % (message[4:7].decode(), 3 if good else 1))
    return ubx.frame(b"\x05" + (b"\x01" if good else b"\x00") + message[:2])


def messages(kind):
    return [message for _, message in kind_of(kind).rows]


def test_frames_have_the_sums_of_recorded_ones():
    for text in RECORDED_UBX:
        recorded = unhexlify(text.replace(" ", ""))
        message = recorded[2:4] + recorded[6:-2]
        assert ubx.frame(message) == recorded, text
    for recorded in RECORDED_PMTK:
        assert pmtk.frame(recorded[1:-3]) == recorded + b"\r\n", recorded


def test_the_rows_are_well_formed():
    for kind in KINDS:
        for name, message in kind_of(kind).rows:
            assert name and 4 <= len(message) <= 100, (kind, name)
    lengths = {
        0x08: 6,
        0x01: 3,
        0x24: 36,
        0x11: 2,
        0x3E: 60,
        0x09: 13,
    }  # the descriptions' payloads
    for message in messages("u-blox-m8"):
        assert message[0] == 6 and len(message) - 2 == lengths[message[1]]
    for message in messages("u-blox-m10"):
        assert message[:6] == b"\x06\x8a\x00\x03\x00\x00"
        at = 6
        while at < len(message):  # a key's bits 28 to 30 say how long its value is
            at += 4 + (1, 1, 1, 2)[message[at + 3] >> 4 & 7] if message[at + 3] >> 4 & 7 < 4 else 99
        assert at == len(message)


def test_an_answer_is_found_among_sentences_and_in_pieces_of_any_size():
    cases = (
        (ubx, messages("u-blox-m8")[0], ACK_RATE, TAKEN),
        (ubx, messages("u-blox-m8")[7], NAK_GNSS, REFUSED),
        (pmtk, b"PMTK220,1000", b"$PMTK001,220,3*30\r\n", TAKEN),
        (pmtk, b"PMTK220,1000", sentence("PMTK001,220,3,1000"), TAKEN),
        (pmtk, b"PMTK353,1,1,0,0,0", sentence("PMTK001,353,1"), REFUSED),
    )
    for language, message, answer, wanted in cases:
        stream = epoch(0) + answer + epoch(1)
        for size in (1, 2, 7, 40, 500):
            verdicts, tail = [], b""
            for at in range(0, len(stream), size):
                verdict, tail = language.answer(message, tail + stream[at : at + size])
                verdicts.append(verdict)
            assert [verdict for verdict in verdicts if verdict] == [wanted], (message, size)


def test_an_answer_that_is_damaged_or_for_another_message_is_none():
    rate = messages("u-blox-m8")[0]
    for at in range(len(ACK_RATE)):
        for bit in range(8):
            damaged = ACK_RATE[:at] + bytes((ACK_RATE[at] ^ 1 << bit,)) + ACK_RATE[at + 1 :]
            assert ubx.answer(rate, damaged + bytes(12))[0] == 0
    assert ubx.answer(messages("u-blox-m8")[1], ACK_RATE)[0] == 0
    good = b"$PMTK001,220,3*30\r\n"
    for at in range(len(good) - 2):
        for bit in range(8):
            damaged = good[:at] + bytes((good[at] ^ 1 << bit,)) + good[at + 1 :]
            assert pmtk.answer(b"PMTK220,1000", damaged)[0] == 0, damaged
    assert pmtk.answer(b"PMTK225,0", good)[0] == 0


def test_noise_never_makes_an_answer_or_grows_what_is_kept():
    seed = 99
    for language in (ubx, pmtk):
        tail = b""
        for _ in range(300):
            noise = bytearray()
            for _ in range(40):
                seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
                noise += (
                    b"\xb5",
                    b"b",
                    b"\x05",
                    b"$PMTK001,",
                    b"220",
                    b",",
                    b"*",
                    bytes((seed >> 8 & 255,)),
                )[seed >> 20 & 7]
            verdict, tail = language.answer(b"\x06\x08", tail + bytes(noise))
            assert verdict == 0
            assert len(tail) <= 48


def talk(setup, hears, start=0, late_ms=40):
    """Run a set-up beside a receiver that says GSV: `hears(message)` is its answer; all written."""
    written, waiting = [], [(200, gsv())]
    setup.switch_on(start)
    for ms in range(0, 60000, 20):
        data = b"".join([answer for at, answer in waiting if at <= ms])
        waiting = [(at, answer) for at, answer in waiting if at > ms]
        out = setup.poll((start + ms) & (1 << 30) - 1, data)
        if out:
            written.append((ms, out))
            waiting.append((ms + late_ms, hears(out)))
        if setup.done or setup.failed:
            break
    return written


def test_every_message_of_every_kind_is_said_in_turn_and_taken():
    for kind in KINDS:
        rows = messages(kind)
        frames = {kind_of(kind).language.frame(message): message for message in rows}
        setup = Setup(kind_of(kind))
        written = talk(setup, lambda out: epoch(3) + ack(frames[out]))
        assert [frames[out] for _, out in written] == rows
        assert setup.done and not setup.failed
        assert (setup.taken, setup.refused, setup.unanswered, setup.given_up) == (
            len(rows),
            0,
            0,
            0,
        )
        assert not rows or written[0][0] == 200
        assert not rows or written[-1][0] < 600, "an answer is followed at once"


def test_a_message_without_an_answer_is_said_again_and_then_the_next():
    rows = messages("u-blox-m10")
    frames = {ubx.frame(message): message for message in rows}
    heard = []

    def hears(out):
        heard.append(frames[out])
        return b"" if frames[out] == rows[2] or len(heard) == 2 else ack(frames[out])

    setup = Setup(kind_of("u-blox-m10"))
    written = talk(setup, hears)
    assert [frames[out] for _, out in written] == rows[:1] + rows[1:2] * 2 + rows[
        2:3
    ] * TRIES + rows[3:]
    assert setup.done and (setup.taken, setup.unanswered, setup.given_up) == (4, 1, 0)


def test_a_receiver_that_never_answers_is_given_up_until_it_is_switched_on_again():
    setup = Setup(kind_of("quectel-l76"))
    for switched_on in (1, 2):
        written = talk(setup, lambda out: epoch(0))
        assert [now for now, _ in written] == [200 + ANSWER_MS * tries for tries in range(TRIES)]
        assert setup.failed and not setup.done
        assert (setup.taken, setup.unanswered, setup.given_up) == (0, switched_on, switched_on)
        assert setup.poll(99000, ack(messages("quectel-l76")[0])) == b""


def test_a_refused_message_is_counted_and_the_next_is_said():
    rows = messages("quectel-l76")
    frames = {pmtk.frame(message): message for message in rows}
    setup = Setup(kind_of("quectel-l76"))
    talk(setup, lambda out: ack(frames[out], good=b"353" not in out))
    assert setup.done and (setup.taken, setup.refused) == (len(rows) - 1, 1)


def test_the_deadlines_pass_the_wrap_of_the_ticks():
    setup = Setup(kind_of("u-blox-m8"))
    written = talk(setup, lambda out: b"", start=(1 << 30) - 500)
    assert [ms for ms, _ in written] == [200, 200 + ANSWER_MS, 200 + 2 * ANSWER_MS]
    assert setup.failed


def test_a_receiver_that_has_kept_what_it_was_told_is_left_in_peace():
    for size in (1, 3, 1000):
        setup = Setup(kind_of("u-blox-m8"))
        setup.switch_on(0)
        stream = epoch(0) + epoch(1)
        for at in range(0, len(stream), size):
            assert not setup.done or at > len(stream) // 2
            assert setup.poll(at, stream[at : at + size]) == b""
        assert setup.done and not setup.failed
        assert setup.poll(9000, gsv()) == b""


def test_a_receiver_that_says_gsv_has_forgotten_however_the_bytes_come():
    for size in (1, 3, 1000):
        setup = Setup(kind_of("quectel-l76"))
        setup.switch_on(0)
        stream = epoch(0) + gsv()
        said = [setup.poll(0, stream[at : at + size]) for at in range(0, len(stream), size)]
        assert [out for out in said if out] == [b"$PMTK220,1000*1F\r\n"]


def test_before_the_supply_goes_a_receiver_is_told_to_rest_and_nothing_more_is_said():
    assert Setup(kind_of("u-blox-m8")).switch_off() == unhexlify("b5620241080000000000020000004d3b")
    assert Setup(kind_of("quectel-l76")).switch_off() == b"$PMTK161,0*28\r\n"
    setup = Setup(kind_of("u-blox-m8"))
    setup.switch_on(0)
    setup.switch_off()
    assert setup.poll(5000, gsv()) == b""


def test_a_receiver_of_no_known_kind_is_told_nothing():
    for name in ("none", None, "u-blox-m7"):
        setup = Setup(kind_of(name))
        setup.switch_on(0)
        assert setup.done and setup.poll(9000, gsv()) == b"" and setup.switch_off() == b""
