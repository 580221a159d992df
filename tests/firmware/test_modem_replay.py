"""The driver before every recorded dialogue of tests/vectors/at: what it says and understands.

What each dialogue has to give stands in tests/vectors/at/driver; what was sent by the dialogue's
broker and peer, and where its satellites see us, is taken from the dialogue itself.

# heap: 1024k  (all dialects and their dialogues, from source)
"""

from chat_text import FOLDER, WORDS, blocks, names, steps
from modem_replay import COUNTERS, DIALECTS
from modem_replay_service import Service

WHOLE, BYTES = 1 << 20, 1
BEHAVIOURS = 14


def _stated(block, word):
    return " ".join([rest for its, rest in block if its == word])


def _hold(name, block, grain, mute=-1):
    """Hold it, and compare all that was heard with what the block states."""
    replay = Service(name, block, grain, mute)
    replay.hold()
    replay.heard["events"] = [event[0].decode() for event in replay.events if event[0]]
    replay.heard["line"] = [
        "dead" if replay.line.dead else "" if replay.line.ready() else "doubted"
    ]
    replay.heard["nmea"] = [replay.line.nmea().decode().strip()]
    for word, came in replay.heard.items():
        assert " ".join(came) in _stated(block, word).split(" or "), (word, came)
    for word in COUNTERS:
        count = replay.line.frames.cut if word == "cut" else getattr(replay.line, word)
        assert str(count) == (_stated(block, word) or "0"), (word, count)
    _compare_messages(replay, _stated(block, "messages"))
    missing = len(replay.far.peer_sent) - len(replay.received)
    assert str(missing) == (_stated(block, "missing") or "0"), replay.received
    assert replay.far.peer_sent.startswith(replay.received), replay.received


def _compare_messages(replay, stated):
    """They are exactly what the dialogue's broker has sent, unless something else is stated."""
    pieces = []
    came = [replay.dialect.message(event, pieces) for event in replay.events]
    came = [one for one in came if one is not None]
    if stated:
        shown = ["damaged" if not one else "empty" if not one[1] else "whole" for one in came]
        assert (" ".join(shown) or "none") == stated, ("messages", came)
        assert came != replay.far.messages
    else:
        assert came == replay.far.messages, ("messages", came)


def _hold_all(dialect, grain):
    expected = blocks(dialect)
    for name in names():
        if DIALECTS[steps(name)[0]] == dialect:
            try:
                _hold(name, expected.pop(name, ()), grain)
            except AssertionError as error:
                raise AssertionError(name + ": " + repr(error.args))  # noqa: B904  (MicroPython)
    assert not expected, expected


def test_the_sim7080_s_and_sim7070_s_dialogues_whole_and_byte_by_byte():
    _hold_all("sim7080", WHOLE)
    _hold_all("sim7080", BYTES)


def test_the_sim7000_s_dialogues_whole_and_byte_by_byte():
    _hold_all("sim7000", WHOLE)
    _hold_all("sim7000", BYTES)


def test_the_sim7600_s_dialogues_whole_and_byte_by_byte():
    _hold_all("sim7600", WHOLE)
    _hold_all("sim7600", BYTES)


def test_the_a7670_s_and_sim7670_s_dialogues_whole_and_byte_by_byte():
    _hold_all("a7670", WHOLE)
    _hold_all("a7670", BYTES)


def test_the_bg95_s_and_bg96_s_dialogues_whole_and_byte_by_byte():
    _hold_all("bg95", WHOLE)
    _hold_all("bg95", BYTES)


def _files():
    return sorted(set(DIALECTS.values()))


def _notices(name, block):
    """Whether there is a line of the modem's that the driver misses when it is not said."""
    for place, step in enumerate(steps(name)[1]):
        if step[0][0] == "<" and _fails(name, block, place):
            return True
    return False


def test_in_each_dialogue_the_driver_misses_a_line_that_is_not_said():
    """No dialogue is held without a word of it being understood."""
    expected = {}
    for file in _files():
        expected.update(blocks(file))
    assert not [name for name in names() if not _notices(name, expected.get(name, []))]


def test_each_of_the_fourteen_behaviours_has_a_dialogue_whose_outcome_is_stated():
    shown = set()
    for file in _files():
        for name, block in blocks(file).items():
            for number in _stated(block, "behaviour").split():
                shown.add(int(number))
    assert shown == set(range(1, BEHAVIOURS + 1)), shown


def test_the_words_of_the_blocks_are_those_that_are_known():
    for file in _files():
        for name, block in blocks(file).items():
            for word, _rest in block:
                assert word in WORDS.split(), (name, word)


def _fails(name, block, mute=-1):
    try:
        _hold(name, block, WHOLE, mute)
    except (
        AssertionError,
        OSError,
        KeyError,
    ):  # of a socket that is not open; of a payload not said
        return True
    return False


def _without(block, place):
    return block[:place] + block[place + 1 :]


def test_a_block_that_states_something_else_fails():
    """Every line of every block counts (but for those that only tell its order or its values)."""
    idle = []
    for file in _files():
        for name, block in blocks(file).items():
            for place, (word, rest) in enumerate(block):
                if word not in ("behaviour", "with", "say") and not _fails(
                    name, _without(block, place)
                ):
                    idle.append((name, word, rest))
    assert not idle, idle


def test_a_driver_that_says_another_value_is_noticed():
    block = blocks("sim7080")["sim7080_edrx"]
    assert _fails("sim7080_edrx", [("with", "cycle=0011")] + block)
    block = blocks("sim7600")["sim7600_mqtt_publish"]
    assert _fails("sim7600_mqtt_publish", [("with", "topic=tr/astrid/dn")] + block)


def test_the_folder_is_the_one_that_the_simulator_is_held_to():
    assert FOLDER == "tests/vectors/at/"
    assert len(names()) > 180
