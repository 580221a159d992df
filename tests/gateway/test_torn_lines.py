"""The end of a file of events after a crash: damage is found and blanked, nothing else is."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.records import deliveries
from trygg_gateway.sinks.file import FileSink
from trygg_gateway.sinks.torn_lines import OURS, damaged, read

WHOLE = [b'{"specversion":"1.0","id":"astrid:1:%d","source":"x"}' % seq for seq in range(1, 6)]
NOTE = "# Kjære leser: rotert av Bjørn".encode()
DAMAGE = st.sampled_from([bytes(700), b"\xff\x13 old \x80", OURS + b'"1.0","id":"astr', b"\x00"])


def blanked(text):
    """The lines that would be blanked, as they stand in the text."""
    return [text[line.at : line.at + line.size] for line in damaged(read(text))]


def test_ids_are_read_from_our_lines_only():
    text = b'{"id": "astrid:1:1"}\nnonsense\n[1]\n{"id": 5}\n\n{"x": 1}\n{"id": "astrid:1:2"}\n'
    assert [line.id for line in read(text) if line.id] == ["astrid:1:1", "astrid:1:2"]
    assert blanked(text) == []


def test_what_is_no_event_is_blanked_only_where_it_touches_damage():
    rest = b'":"live","data":{}}'  # of a line whose first block is not there
    lines = [WHOLE[0], NOTE, WHOLE[1], bytes(512), rest, WHOLE[2], rest, b""]
    assert blanked(b"\n".join(lines)) == [bytes(512), rest]


@settings(deadline=None)
@given(st.lists(st.sampled_from(WHOLE) | DAMAGE | st.just(NOTE), max_size=12))
def test_no_whole_event_is_ever_blanked_and_all_damage_is(lines):
    found = blanked(b"".join(line + b"\n" for line in lines))
    assert not set(found) & set(WHOLE)
    for line in lines:
        if line not in WHOLE and line != NOTE:
            assert line in found


@pytest.mark.parametrize("end", [b"", bytes(40), OURS + b'"1', b"\xff\xfe"])
def test_a_file_with_damage_is_mended_and_goes_on_with_every_event_once(tmp_path, end):
    file = tmp_path / "events.jsonl"
    deliver(file, deliveries(6))
    lines = file.read_bytes().splitlines(keepends=True)
    lines[3:5] = [lines[3][:100] + bytes(200) + b"\n", b"\x90" * 64 + lines[4][64:]]
    file.write_bytes(b"".join(lines) + end)
    sink = deliver(file, deliveries(6))
    left = [line for line in file.read_bytes().split(b"\n") if line.strip()]
    assert [json.loads(line)["id"] for line in left] == [
        f"astrid:1:{seq}" for seq in (1, 2, 3, 6, 4, 5)
    ]
    assert sink.counters["damaged_lines_blanked"] == 2
    assert sink.counters["torn_lines_cut"] == bool(end)
    before = file.read_bytes()
    again = deliver(file, deliveries(6))
    assert (file.read_bytes(), again.counters["damaged_lines_blanked"]) == (before, 0)


def deliver(file, entries):
    """A sink that starts, delivers and ends."""
    sink = FileSink(file)

    async def work():
        await sink.start()
        await sink.deliver(entries)
        await sink.stop()

    asyncio.run(work())
    return sink
