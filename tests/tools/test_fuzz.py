"""The fuzz campaign's short form, and that it finds what it looks for."""

import pytest

from micropython_wheel import needs_micropython
from trygg_tools.fuzz import campaign
from trygg_tools.fuzz.noise import Noise
from trygg_tools.fuzz.targets import Target, targets

PARSERS = {target.name: target for target in targets()}


@pytest.mark.parametrize("name", PARSERS)
def test_no_parser_raises_or_grows_whatever_comes(name):
    figures = campaign.fuzz(PARSERS[name], 60_000, seed=7)
    assert figures["pieces"] > 50


@needs_micropython
@pytest.mark.parametrize("reader", ["fast", "plain"])
def test_the_sentences_reader_stays_in_step_under_micropython(reader):
    figures = campaign.fuzz_on_micropython(reader, 300_000, seed=7)
    assert figures["sentences"] > figures["pieces"]
    assert figures["fixes"] > 0


def test_an_exception_that_is_not_stated_is_a_finding_with_its_piece():
    def take(piece):
        if b"\xff" in piece:
            raise IndexError("past the end")

    with pytest.raises(campaign.Finding, match=r"IndexError.*from [0-9a-f]*ff"):
        campaign.fuzz(Target("a bad parser", [bytes(30)], take), 50_000, seed=1)


def test_heap_that_grows_is_a_finding():
    kept = []
    target = Target("a parser that keeps all", [bytes(300)], kept.append)
    with pytest.raises(campaign.Finding, match="heap grown"):
        campaign.fuzz(target, 2_000_000, seed=1)


def test_the_same_seed_makes_the_same_bytes():
    samples = [b"$GNRMC,101530.00,A*00\r\n", b"$GNGGA*11"]
    one, other = Noise(5), Noise(5)
    pieces = [one.piece(samples) for _ in range(200)]
    assert pieces == [other.piece(samples) for _ in range(200)]
    assert len(set(pieces)) > 100
