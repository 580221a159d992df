"""The campaign of modem faults: that it sees what it is to see, and a fair sample of it."""

import json
from pathlib import Path

import pytest

from tracker.modem.service import ModemMqtt
from trygg_tools.modem_faults import pages, plan
from trygg_tools.modem_faults.__main__ import campaign, command_of, kept, publish, summary
from trygg_tools.modem_faults.figures import figures, form_of, tables, verdict
from trygg_tools.modem_faults.journey import Journey
from trygg_tools.modem_faults.overheard import Overheard
from trygg_tools.modem_faults.trial import FELL, PUBLISHING, STUCK, Case, Outcome, Trial, outcome_of
from trygg_tools.modem_sim.fault_table import ROWS
from trygg_tools.rig.clock import Clock
from trygg_wire import codec

ROOT = Path(__file__).parents[2]
FRAME = bytes.fromhex("1101050bebc2ed00a8c3420000000bea010001038444c00112a8800b00b4ea6b")
RUNS_LEAST = 5000  # behind the page
OF_FRAME = tuple(codec.peek(FRAME)[1:3])
SAMPLE = [
    ("sim7080", "mqtt", "reboot nth=40"),
    ("sim7080", "socket", "link_lost nth=90"),
    ("sim7000", "mqtt", "publish_error nth=3"),
    ("sim7600", "mqtt", "lost_answer nth=60"),
    ("sim7600", "socket", "off nth=80"),
    ("a7670", "gnss", "nmea_in_answer nth=30"),
    ("bg95", "mqtt", "hang until=rail nth=50"),
    ("bg95", "gnss", "gnss_refused nth=1"),
]


class Line:
    """A modem's end of the line, by hand."""

    def __init__(self):
        self.coming = b""

    def read(self):
        data, self.coming = self.coming, b""
        return data

    def write(self, data):
        return len(data)

    def wait_ms(self):
        return 7


def heard(*talk):
    """An Overheard to which that was said: ">" by the driver, "<" by the modem."""
    line, clock = Line(), Clock()
    ears = Overheard(line, clock)
    for direction, data in talk:
        if direction == "+":
            clock.advance(data)
        elif direction == ">":
            ears.write(data)
        else:
            line.coming = data
            assert ears.read() == data
    return ears


def smpub(*, then=b"\r\nOK\r\n"):
    command = b'AT+SMPUB="up",%d,1,0\r' % len(FRAME)
    return [(">", command), ("<", b"\r\n> "), (">", FRAME), ("<", then)]


@pytest.mark.parametrize("case", SAMPLE, ids=" ".join)
def test_a_tracker_is_back_after_a_fault_and_nothing_is_lost_or_said_twice(case):
    dialect, way, words = case
    outcome = outcome_of(Case(dialect, way, words, 7))
    assert outcome.struck_ms >= 0
    assert not outcome.bad, outcome
    assert outcome.state == PUBLISHING
    assert 0 <= outcome.back_ms <= 120_000, outcome.back_ms
    assert outcome.alarm_ms >= 0


def test_every_fault_of_the_simulator_is_in_the_plan_and_has_places_to_strike():
    tried = {form.split()[0] for form in plan.FORMS} | {"quirk"}
    assert tried == {row.name for row in ROWS}
    steps = plan.steps_of("sim7080", "mqtt", "reboot")
    commands = [text for stage, text in plan.places("sim7080", "mqtt") if stage == "heard"]
    assert steps == [f"reboot nth={nth}" for nth in range(1, len(commands) + 1)]
    assert any(text.startswith("+SMPUB") for text in commands)
    publishes = plan.steps_of("sim7080", "mqtt", "puback_lost")
    assert 0 < len(publishes) < len(steps)


def test_the_same_seed_chooses_the_same_runs_and_each_start_is_a_fair_sample(monkeypatch):
    monkeypatch.setattr(plan, "DIALECTS", ("sim7080",))
    monkeypatch.setattr(plan, "WAYS", ("mqtt",))
    cases = plan.chosen(120, seed=5)
    assert cases == plan.chosen(120, seed=5) != plan.chosen(120, seed=6)
    forms = [form_of(case.words) for case in cases]
    every = {form for _, _, form in plan.everything()}
    assert set(forms[: len(every)]) == every, "no fault twice before each has been once"
    whole = plan.chosen(0, seed=5)
    assert (
        len(whole)
        == len({case.words for case in whole})
        == sum(len(steps) for steps in plan.everything().values())
    )


def test_a_second_publish_of_what_the_modem_confirmed_is_seen():
    once = heard(*smpub())
    assert once.confirmed == {OF_FRAME: 0}
    assert once.doubled == []
    assert heard(*smpub(), *smpub()).doubled == [OF_FRAME]
    late = heard(*smpub(), ("+", 120_000), *smpub())
    assert late.doubled == [], "what no ack covers goes again on purpose"


def test_what_ended_in_an_error_or_without_a_word_may_go_again():
    for then in (b"\r\nERROR\r\n", b"\r\nDST: 1\r\n", b""):
        talk = heard(*smpub(then=then), (">", b"AT+SMDISC\r"), ("<", b"\r\nOK\r\n"), *smpub())
        assert talk.doubled == [], then
        assert talk.published == 2


def test_the_families_confirm_each_in_their_own_words():
    family = [
        (">", b"AT+CMQTTPAYLOAD=0,%d\r" % len(FRAME)), ("<", b"\r\n> "), (">", FRAME),
        ("<", b"\r\nOK\r\n"), (">", b"AT+CMQTTPUB=0,1,60\r"), ("<", b"\r\nOK\r\n"),
    ]  # fmt: skip
    assert heard(*family).confirmed == {}
    assert heard(*family, ("<", b"\r\n+CMQTTPUB: 0,6\r\n")).confirmed == {}
    said = heard(*family, ("<", b"\r\n+CMQTTPUB"), ("<", b": 0,0\r\n"))
    assert said.confirmed == {OF_FRAME: 0}
    quectel = [(">", b'AT+QMTPUBEX=0,7,1,0,"up",9\r'), ("<", b"\r\n> "), (">", FRAME)]
    assert heard(*quectel, ("<", b"\r\nOK\r\n")).confirmed == {}
    assert heard(*quectel, ("<", b"\r\n+QMTPUB: 0,7,2\r\n")).confirmed == {}
    assert heard(*quectel, ("<", b"\r\n+QMTPUBEX: 0,7,0\r\n")).confirmed == {OF_FRAME: 0}


def test_a_tracker_that_never_comes_back_and_a_record_that_is_gone_are_seen(monkeypatch):
    monkeypatch.setattr("trygg_tools.modem_faults.trial.CAP_S", 60)
    trial = Trial(Case("sim7080", "mqtt", "", 1))
    trial.journey.tracker.gateway.loses = lambda word: word == "publish"
    outcome = trial.run()
    assert outcome.state == STUCK
    assert outcome.bad

    trial = Trial(Case("sim7080", "mqtt", "", 1))
    outbox_s = 150
    trial.journey.tracker.at(outbox_s, lambda: trial.journey.made.update({(1, 999): 0}))
    outcome = trial.run()
    assert outcome.lost == [(1, 999)]
    assert outcome.bad


def test_a_tracker_that_is_called_again_at_once_for_ever_is_seen(monkeypatch):
    monkeypatch.setattr("trygg_tools.modem_faults.trial.STEPS_MOST", 5_000)  # five seconds
    monkeypatch.setattr("tracker.modem.modem.Modem.wait_ms", lambda _self, _now, _now_s: 0)
    outcome = outcome_of(Case("sim7080", "mqtt", "", 1))
    assert outcome.state == STUCK
    assert outcome.seconds < 60, "and nobody waits for it"


def test_a_driver_that_takes_each_word_of_the_modem_for_none_is_seen(monkeypatch):
    after = ModemMqtt._after

    def doubting(self, well, now):
        self.unsure += 1
        after(self, well, now)

    honest, doubter = Journey("sim7080", "mqtt"), Journey("sim7080", "mqtt")
    honest.tracker.gateway.acking = doubter.tracker.gateway.acking = False
    honest.tracker.run(40)
    assert honest.overheard.confirmed
    assert honest.overheard.doubled == []
    monkeypatch.setattr(ModemMqtt, "_after", doubting)
    doubter.tracker.run(40)
    assert doubter.overheard.doubled


def test_a_fault_of_the_firmware_is_an_outcome_that_names_its_place(monkeypatch):
    monkeypatch.setattr(Journey, "waiting", lambda _self: {}["no such key"])
    outcome = outcome_of(Case("sim7080", "mqtt", "", 1))
    assert outcome.state == FELL
    assert outcome.bad
    assert "KeyError" in outcome.why
    assert "test_modem_faults.py" in outcome.why


def made_outcome(words, dialect="bg95", back_ms=2000, **others):
    case = Case(dialect, "mqtt", words, 3)
    return Outcome(case, struck_ms=9, ended_ms=9, back_ms=back_ms, alarm_ms=5000,
                   state=PUBLISHING, steps=[0] * 5 + [2, 0, 0], helped=[0] * 5 + [1, 0, 0],
                   **others)  # fmt: skip


def test_figures_and_tables_say_mean_and_worst_of_each_fault():
    rows = [made_outcome("reboot nth=1"), made_outcome("reboot nth=2", back_ms=6000),
            made_outcome("hang until=key nth=2", dialect="sim7080")]  # fmt: skip
    numbers = figures(rows)
    assert numbers["faults"]["reboot"]["bg95"] == {
        "runs": 2, "mean_s": 4.0, "worst_s": 6.0, "alarm_worst_s": 5.0, "safe": 0,
    }  # fmt: skip
    table = tables(numbers)["faults"].splitlines()
    assert table[2].startswith("| `hang until=key` | 1 | 2.0 / 2.0 | - |")
    assert "| 4.0 / 6.0 |" in table[3]
    assert {"step": "power key", "tried": 6, "helped": 3} in numbers["ladder"]
    assert summary(rows)["states"] == {PUBLISHING: 3}
    assert summary([*rows, made_outcome("off nth=1", lost=[(1, 2)])])["bad"] == [
        "bg95 mqtt off nth=1 3 90"
    ]


def test_an_interrupted_campaign_goes_on_where_it_was(tmp_path):
    keep = tmp_path / "kept.jsonl"
    cases = [Case("bg95", "mqtt", f"urc_in_answer nth={nth}", nth) for nth in (1, 2)]
    first = campaign(cases[:1], 1, keep)
    assert kept(keep, set(cases)) == first
    both = campaign(cases, 1, keep)
    assert [one.case for one in both] == cases
    assert len(keep.read_text("utf-8").splitlines()) == 2


def test_the_page_has_the_tables_of_the_figures(tmp_path):
    page = tmp_path / "modems.md"
    begin, end = pages.BEGIN.format(name="faults"), pages.END.format(name="faults")
    page.write_text(f"before\n{begin}\nold\n{end}\nafter\n", "utf-8")
    numbers = figures([made_outcome("reboot nth=1")])
    line = summary([made_outcome("reboot nth=1")])
    publish({**line, "command": "this one"}, numbers, tmp_path)
    text = page.read_text("utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert tables(numbers)["faults"] in text
    assert json.loads((tmp_path / "modem_faults.json").read_text("utf-8"))["faults"]


def test_the_page_of_the_docs_is_what_its_figures_say():
    numbers = json.loads((ROOT / "docs" / "modem_faults.json").read_text("utf-8"))
    page = (ROOT / "docs" / "modems.md").read_text("utf-8")
    for name, table in {"verdict": verdict(numbers), **tables(numbers)}.items():
        assert (
            f"{pages.BEGIN.format(name=name)}\n\n{table}\n\n{pages.END.format(name=name)}" in page
        )
    assert numbers["runs"] >= RUNS_LEAST
    assert numbers["bad"] == []
    assert numbers["command"] in page
    for row in ROWS:
        assert any(form.split()[0] == row.name for form in numbers["faults"]), row.name


def test_the_command_says_what_gives_the_same_again():
    class Asked:
        runs, seed, only = 12, 3, "bg95"

    assert command_of(Asked) == "python -m trygg_tools.modem_faults --runs 12 --seed 3 --only bg95"
