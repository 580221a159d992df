"""The soak's short form: some minutes of a receiver's talk in 100 KB, and nothing grows."""

import pytest

from micropython_wheel import needs_micropython
from trygg_tools.bench import soak


@needs_micropython
@pytest.mark.parametrize("reader", ["fast", "plain"])
def test_minutes_of_talk_give_every_fix_and_no_growth(reader):
    figures = soak.run(reader, 600)
    assert figures["fixes"] == 600
    assert figures["sentences"] == 15 * 600
    assert figures["bad"] == figures["refused"] == figures["torn"] == 0
    assert figures["in_use_at_end"] <= figures["in_use_after_a_minute"]


def test_the_day_goes_over_midnight_and_every_burst_has_fifteen_sentences():
    assert soak.START_S < soak.DAY_S < soak.START_S + soak.DAY_S
    for second in (0, soak.DAY_S - soak.START_S, soak.DAY_S - 1):
        said, lat, lon = soak.epoch(second)
        assert said.count(b"$") == said.count(b"\r\n") == 15
        assert 59_000_000 < lat < 60_000_000
        assert 10_000_000 < lon < 11_000_000


@needs_micropython
def test_a_wrong_place_is_said(monkeypatch):
    right = soak.epoch
    monkeypatch.setattr(soak, "epoch", lambda second: (*right(second)[:2], 1))
    with pytest.raises(RuntimeError, match="AssertionError"):
        soak.run("fast", 3)
