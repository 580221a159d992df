"""The doors' fuzz campaign in short, seeded; that it finds what it looks for; what it has found."""

import pytest

import fuzz_doors
from gateway import door_fuzz

INPUTS = {"listener": 3_000, "inbound": 5_000, "ingest": 4_000, "reply": 5_000, "fences": 4_000}


@pytest.mark.parametrize("name", door_fuzz.TARGETS)
def test_nothing_that_comes_breaks_a_promise(name):
    for seed in door_fuzz.SEEDS[name]:
        door_fuzz.TARGETS[name](seed)
    assert fuzz_doors.throw(name, INPUTS[name], seed=7) == INPUTS[name]


def test_an_exception_that_nobody_stated_is_a_finding_with_its_input(monkeypatch):
    def target(data):
        if b"\xff" in data:
            raise IndexError("past the end")

    monkeypatch.setitem(door_fuzz.TARGETS, "reply", target)
    with pytest.raises(fuzz_doors.Finding, match=r"IndexError.*from [0-9a-f]*ff"):
        fuzz_doors.throw("reply", 100_000, seed=1)


def test_every_target_has_its_share_of_the_campaign():
    assert set(fuzz_doors.SHARE) == set(door_fuzz.TARGETS) == set(door_fuzz.SEEDS)
    assert sum(fuzz_doors.SHARE.values()) == 100


def test_the_seeds_go_all_the_way():
    """A listener's seed publishes and is acknowledged, an answer is understood: else the campaign
    would only ever look at the first line of defence."""
    before = dict(door_fuzz._door.listener.counters)
    door_fuzz.listener(bytes((15,)) + b"".join(door_fuzz.SAID[1:7]))
    after = door_fuzz._door.listener.counters
    assert after["pubacks"] - before["pubacks"] >= 4
    assert after["down_acked"] - before["down_acked"] >= 0
    assert after["subscribe_refused"] > before["subscribe_refused"]
