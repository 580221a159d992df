"""The log of `make exits`: a run that was ended goes on where it was, and mixes nothing."""

from trygg_tools.exits import __main__ as command
from trygg_tools.exits.verdict import Outcome


def outcomes(first, count):
    return [
        Outcome(seed, "good sensor", stated_s=125, found_s=seed % 90, resets=seed % 3)
        for seed in range(first, first + count)
    ]


def test_what_was_noted_is_found_again_in_the_order_of_seeds(tmp_path):
    log = tmp_path / "exits.jsonl"
    assert command.logged(log, 500) == []
    command.note(log, outcomes(500, 7))
    command.note(log, outcomes(507, 3))
    assert command.logged(log, 500) == outcomes(500, 10)
    assert command.logged(log, 503) == outcomes(503, 7)
    assert command.logged(log, 499) == []


def test_a_line_that_was_cut_is_done_again_and_what_comes_after_it_counts(tmp_path):
    log = tmp_path / "exits.jsonl"
    command.note(log, outcomes(500, 5))
    log.write_bytes(log.read_bytes()[:-9])
    assert command.logged(log, 500) == outcomes(500, 4)
    command.note(log, outcomes(504, 3))
    assert command.logged(log, 500) == outcomes(500, 7)


def test_outcomes_of_other_code_do_not_count(tmp_path, monkeypatch):
    log = tmp_path / "exits.jsonl"
    command.note(log, outcomes(500, 5))
    monkeypatch.setattr(command, "code", lambda: "another")
    assert command.logged(log, 500) == []


def test_a_campaign_that_was_logged_is_not_run_again(tmp_path, monkeypatch):
    log = tmp_path / "exits.jsonl"
    command.note(log, outcomes(500, 20))
    monkeypatch.setattr(command, "outcome_of", None)
    assert command.campaign(20, 500, 1, log) == outcomes(500, 20)


def test_a_campaign_goes_on_after_its_log(tmp_path, monkeypatch, capsys):
    log = tmp_path / "exits.jsonl"
    command.note(log, outcomes(500, 20))
    monkeypatch.setattr(command, "PARCEL", 3)
    found = command.campaign(21, 500, 1, log)
    assert found[:20] == outcomes(500, 20)
    assert [one.seed for one in found[20:]] == [520, 521, 522]
    assert command.logged(log, 500) == found
    assert '"missed": 0' in capsys.readouterr().err
