"""What the settings of every sink have in common: where it begins, what its word is worth."""

from pathlib import Path

import pytest

from trygg_gateway.config import ConfigError, parse
from trygg_gateway.config_check import findings
from trygg_gateway.outlets import outlets

FILE = Path("/srv/trygg/gateway.toml")
ARCHIVE = '[sinks.archive]\ntype = "file"\npath = "events.jsonl"\n'
MQTT = '[sinks.broker]\ntype = "mqtt"\nurl = "mqtt://127.0.0.1:1884"\n'


@pytest.mark.parametrize(
    ("begin", "ms"),
    [("start", 0), ("now", None), ("1970-01-02T00:00:00+00:00", 86_400_000),
     ("1970-01-02T01:00:00+01:00", 86_400_000)],
)  # fmt: skip
def test_a_new_sink_begins_where_the_settings_say(begin, ms):
    (outlet,) = outlets(parse(f'{ARCHIVE}begin = "{begin}"', FILE))
    assert outlet.begin_ms == ms


def test_without_a_word_it_begins_with_everything():
    assert outlets(parse(ARCHIVE, FILE))[0].begin_ms == 0


@pytest.mark.parametrize("begin", ["", "yesterday", "2026-11-20", "2026-11-20T00:00:00"])
def test_a_begin_that_is_no_moment_says_what_was_wanted(begin):
    with pytest.raises(ConfigError, match=r'wanted "start", "now" or a time with its zone'):
        parse(f'{ARCHIVE}begin = "{begin}"', FILE)


def test_a_first_channel_that_never_keeps_an_alarm_is_warned_of(tmp_path):
    text = MQTT + ARCHIVE + "[alarms]\nchannels = ['{}', '{}']\n"
    about = lambda *channels: [  # noqa: E731
        one.text
        for one in findings(parse(text.format(*channels), tmp_path / "gateway.toml"))
        if one.setting == "alarms.channels"
    ]
    (warning,) = about("broker", "archive")
    assert "never means that it keeps an alarm" in warning
    assert about("archive", "broker") == []
