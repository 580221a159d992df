"""The dialogues of tests/vectors/at are well formed, complete and say where they come from."""

import re

import pytest

from modem_chats import KINDS, VECTORS, as_recorded, chats, lesson, pattern, raw, read

PARTS = {"sim7080", "sim7070", "sim7000", "sim7600", "a7670", "sim7670", "bg95", "bg96"}
README = (VECTORS / "README.md").read_text()


def test_there_is_a_dialogue_of_every_part_about_everything():
    for part in ("sim7080", "sim7600", "bg95"):
        for topic in ("boot", "register", "mqtt", "publish", "receive", "lost", "tls", "socket"):
            found = [name for name in chats() if name.startswith(part) and topic in name]
            drop = [name for name in chats() if name.startswith(f"{part}_pdp_drop")]
            assert found or (topic == "lost" and drop) or topic == "receive", (part, topic)
        for topic in ("gnss", "clock", "power_down", "mqtt_refused"):
            assert any(name.startswith(f"{part}_{topic}") for name in chats()), (part, topic)
    assert {chat.part for chat in chats().values()} == PARTS
    assert len(chats()) >= 40


@pytest.mark.parametrize("name", sorted(chats()))
def test_a_dialogue_says_where_it_comes_from_and_is_well_formed(name):
    chat = chats()[name]
    assert name.startswith(f"{chat.part}_")
    assert re.search(r"V\d\.\d|github\.com/|Manual|Note", chat.source)
    assert len(chat.about) >= 8
    assert chat.steps
    assert all(before.part == chat.part for before in lesson(name))
    assert lesson(name)[0].after == ""
    for step in chat.steps:
        if step.mark in ("<", "<~"):
            assert pattern(step.text).fullmatch(as_recorded(step.text)), step.text
        elif step.mark in (">>", "<<"):
            assert raw(step.text)
        elif step.mark == "!":
            word = step.text.split()[0]
            assert f"`! {word}" in README or f"`{word}" in README, step.text


def test_a_line_that_is_none_is_refused_by_its_number():
    with pytest.raises(ValueError, match="line 2"):
        read("x", "> AT\nOK\n")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_field_lets_its_kind_in_and_nothing_else(kind):
    numbers = {"int": "-12", "hex": "5B57", "num": "-1.5", "ip": "10.0.0.1"}
    examples = numbers | {"text": 'a,"b"', "error": "ERROR"}
    line = f"+X: {{{kind}:{examples[kind]}}},end"
    assert pattern(line).fullmatch(as_recorded(line))
    assert (pattern(line).fullmatch("+X: ?,end") is not None) == (kind == "text")
