"""One order for many trackers: few first, and no further when it goes wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trygg_gateway import order_book, orders, rollout_book, rollouts
from trygg_gateway.journal import Journal
from trygg_gateway.order_book import OrderBook
from trygg_gateway.registry import Registry
from trygg_gateway.rollouts import Member, Plan, next_step, waves_of
from trygg_gateway.values import Refused
from trygg_wire import layouts

NOW_MS = 1_790_000_000_000
BODY = orders.settings_body({3: 60})
NAMES = [f"tracker-{number:02}" for number in range(12)]


class Fleet:
    """Twelve trackers in a journal, a roll-out over them, and what they answer."""

    def __init__(self, journal):
        self.journal, self.now_ms = journal, NOW_MS
        registry = Registry(journal, lambda: NOW_MS)
        for name in NAMES:
            registry.add(name, "nord", name)

    def start(self, waves="1,25%,rest", names=NAMES, **plan):
        parts = waves_of(waves, names)
        return self.act(
            rollout_book.start, "oftener", layouts.SETTINGS, {"body": BODY.hex()},
            Plan(**plan).checked(), parts, "Kari", self.now_ms,
        )  # fmt: skip

    def act(self, step, *words):
        return self.journal.write(lambda db: step(db, *words)).result()

    def look(self):
        return self.act(rollout_book.look, self.now_ms)

    def owed(self):
        rows = self.journal.query(
            "SELECT device FROM orders WHERE state IN ('queued', 'sent', 'received') ORDER BY id"
        )
        return [device for (device,) in rows]

    def answer(self, device, result=layouts.APPLIED, reason=0):
        rows = self.journal.query(
            "SELECT id, version FROM orders WHERE device = ? ORDER BY id DESC LIMIT 1", (device,)
        )
        values = {"order_id": rows[0][0], "order_version": rows[0][1], "result": result,
                  "reason": reason}  # fmt: skip
        self.act(order_book.answered, device, values, self.now_ms)

    def answer_all(self):
        for device in self.owed():
            self.answer(device)

    def shown(self, rollout_id):
        return self.journal.read(lambda db: rollout_book.shown(db, rollout_id, self.now_ms))

    def state(self, rollout_id):
        one = self.shown(rollout_id)
        return one["state"], one["why"]


@pytest.fixture
def fleet(tmp_path):
    journal = Journal.open(tmp_path / "journal.db")
    yield Fleet(journal)
    journal.close()


def test_waves_are_one_then_a_share_then_the_rest():
    assert [len(wave) for wave in waves_of("1,10%,rest", NAMES)] == [1, 2, 9]
    assert [len(wave) for wave in waves_of("5", NAMES)] == [5, 7], "nobody is forgotten"
    assert waves_of("50, rest", NAMES[:2]) == [NAMES[:2]]


@pytest.mark.parametrize("text", ["", "0", "1,,rest", "101%", "all", "-1", "1;2"])
def test_waves_that_are_none_are_refused(text):
    with pytest.raises(Refused, match="as in 1,10%,rest"):
        waves_of(text, NAMES)


@given(
    st.lists(st.sampled_from(["1", "3", "10%", "50%", "100%", "rest"]), min_size=1, max_size=5),
    st.integers(0, 60),
)
def test_every_tracker_is_in_exactly_one_wave_and_none_is_empty(parts, count):
    devices = [str(number) for number in range(count)]
    waves = waves_of(",".join(parts), devices)
    assert [device for wave in waves for device in wave] == devices
    assert all(waves)


def test_a_wave_begins_when_the_one_before_has_applied(fleet):
    id_ = fleet.start()
    fleet.look()
    assert fleet.owed() == NAMES[:1]
    fleet.look()
    assert fleet.owed() == NAMES[:1], "not before it is applied"
    fleet.answer(NAMES[0], layouts.RECEIVED)
    fleet.look()
    assert fleet.owed() == NAMES[:1], "received is not applied"
    fleet.answer_all()
    fleet.look()
    assert fleet.owed() == NAMES[1:4]
    for name in NAMES[1:3]:
        fleet.answer(name)
    fleet.look()
    assert fleet.owed() == NAMES[3:4]
    fleet.answer_all()
    fleet.look()
    fleet.answer_all()
    fleet.look()
    assert fleet.state(id_) == ("done", "12 applied")
    assert fleet.owed() == []


def test_a_share_and_a_time_are_enough_where_they_are_stated(fleet):
    fleet.start("4,rest", share=75, after_s=1800)
    fleet.look()
    for name in NAMES[:3]:
        fleet.answer(name)
    fleet.look()
    assert fleet.owed() == NAMES[3:4], "the time has not passed"
    fleet.now_ms += 1_800_000
    fleet.look()
    assert fleet.owed() == NAMES[3:]


def test_it_halts_at_the_first_refusal_and_takes_back_what_is_owed(fleet):
    id_ = fleet.start("3,rest")
    fleet.look()
    fleet.answer(NAMES[0])
    fleet.answer(NAMES[1], layouts.REFUSED, layouts.BAD_BODY)
    moved = fleet.look()
    state, why = fleet.state(id_)
    assert state == "halted"
    assert why == f"1 failed, 0 allowed: {NAMES[1]} refused it"
    assert moved.halted == [(id_, why)]
    assert fleet.owed() == []
    fleet.look()
    assert fleet.owed() == [], "and it stays so"
    stands = {row["device"]: row["stands"] for row in fleet.shown(id_)["trackers"]}
    assert [stands[name] for name in NAMES[:4]] == ["applied", "refused", "waiting", "waiting"]


def test_what_was_withdrawn_is_sent_no_more_and_a_late_answer_still_counts(fleet):
    id_ = fleet.start("2,rest")
    fleet.look()
    book = OrderBook(fleet.journal, lambda: fleet.now_ms)
    assert book.due(NAMES[1])
    fleet.answer(NAMES[0], layouts.REFUSED, layouts.BAD_BODY)
    fleet.look()
    book.reload()
    assert not book.due(NAMES[1])
    fleet.answer(NAMES[1])
    assert fleet.shown(id_)["waves"][0]["applied"] == 1


def test_silence_is_failure_after_the_time_stated_and_not_before(fleet):
    id_ = fleet.start("2,rest", silence_s=3600)
    fleet.look()
    fleet.answer(NAMES[0])
    fleet.now_ms += 3_600_000
    fleet.look()
    assert fleet.state(id_)[0] == "running"
    fleet.now_ms += 1
    fleet.look()
    assert fleet.state(id_) == (
        "halted", f"1 failed, 0 allowed: {NAMES[1]} has not answered for 60 min",
    )  # fmt: skip


def test_failures_that_are_allowed_hold_nothing_up(fleet):
    id_ = fleet.start("2,rest", failures=1)
    fleet.look()
    fleet.answer(NAMES[0])
    fleet.answer(NAMES[1], layouts.REFUSED, layouts.BAD_BODY)
    fleet.look()
    assert fleet.owed() == NAMES[2:]
    fleet.answer_all()
    fleet.look()
    assert fleet.state(id_) == ("done", "11 applied, 1 refused")


def test_an_order_that_expires_is_failure(fleet):
    id_ = fleet.start("1,rest", expires_s=600)
    fleet.look()
    fleet.now_ms += 601_000
    OrderBook(fleet.journal, lambda: fleet.now_ms).reload()
    fleet.look()
    assert fleet.state(id_) == ("halted", f"1 failed, 0 allowed: {NAMES[0]} let it expire")


def test_a_halted_one_goes_on_when_a_person_allows_more(fleet):
    id_ = fleet.start("3,rest")
    fleet.look()
    fleet.answer(NAMES[0], layouts.REFUSED, layouts.BAD_BODY)
    fleet.look()
    with pytest.raises(Refused, match=r"would halt again at once: 1 failed, 0 allowed"):
        fleet.act(rollout_book.resume, id_, "Kari", fleet.now_ms)
    fleet.act(rollout_book.resume, id_, "Kari", fleet.now_ms, 1)
    fleet.look()
    assert fleet.owed() == NAMES[1:3], "owed anew, and no further wave yet"
    fleet.answer_all()
    fleet.look()
    assert fleet.owed() == NAMES[3:]


def test_paused_it_begins_nothing_and_keeps_what_is_owed(fleet):
    id_ = fleet.start("1,rest")
    fleet.look()
    fleet.act(rollout_book.pause, id_, "Kari", fleet.now_ms)
    assert fleet.owed() == NAMES[:1]
    fleet.answer_all()
    fleet.look()
    assert fleet.owed() == []
    fleet.act(rollout_book.resume, id_, "Kari", fleet.now_ms)
    fleet.look()
    assert fleet.owed() == NAMES[1:]


def test_stopped_it_is_over_for_good(fleet):
    id_ = fleet.start("2,rest")
    fleet.look()
    assert fleet.act(rollout_book.stop, id_, "Kari", fleet.now_ms) == 2
    fleet.look()
    assert fleet.owed() == []
    for act in (rollout_book.resume, rollout_book.pause, rollout_book.stop):
        with pytest.raises(Refused, match="is stopped"):
            fleet.act(act, id_, "Kari", fleet.now_ms)


def test_who_is_revoked_or_ordered_something_newer_is_out_of_it_and_no_failure(fleet):
    fences = [{"number": 1, "name": "home", "keep": "in", "shape": "circle", "lat": 59.9,
               "lon": 10.7, "radius_m": 150}]  # fmt: skip
    content = {"fences": fences, "time_zone": ""}
    id_ = fleet.act(
        rollout_book.start, "home", layouts.FENCES, content, Plan(), [NAMES[:2], NAMES[2:3]],
        "Kari", fleet.now_ms,
    )  # fmt: skip
    fleet.look()
    fleet.act(order_book.queue_fences, NAMES[0], fences, 0, "Ola", fleet.now_ms)
    Registry(fleet.journal, lambda: NOW_MS).revoke(NAMES[1])
    fleet.look()
    assert [wave["out"] for wave in fleet.shown(id_)["waves"]] == [2, 0]
    assert NAMES[2] in fleet.owed(), "the next wave begins"
    fleet.answer(NAMES[2])
    fleet.look()
    assert fleet.state(id_) == ("done", "1 applied, 2 out")


def test_two_of_a_kind_do_not_run_over_the_same_tracker(fleet):
    id_ = fleet.start(names=NAMES[:4])
    with pytest.raises(Refused, match=f"{NAMES[3]} is in roll-out {id_}"):
        fleet.start(names=NAMES[3:])
    fleet.act(rollout_book.stop, id_, "Kari", fleet.now_ms)
    fleet.start(names=NAMES[3:])


def test_what_cannot_be_ordered_halts_it_and_not_the_gateway(fleet):
    fleet.act(order_book.queue_key, NAMES[1], "Ola", fleet.now_ms)
    id_ = fleet.act(
        rollout_book.start, "keys", layouts.KEY, {}, Plan(), [NAMES[:2]], "Kari", fleet.now_ms
    )
    fleet.look()
    state, why = fleet.state(id_)
    assert state == "halted"
    assert "is owed a new key already" in why


def test_it_goes_on_where_it_was_after_a_restart(tmp_path):
    journal = Journal.open(tmp_path / "journal.db")
    fleet = Fleet(journal)
    id_ = fleet.start("1,rest")
    fleet.look()
    fleet.answer_all()
    journal.close()
    journal = Journal.open(tmp_path / "journal.db")
    try:
        fleet.journal = journal
        fleet.look()
        fleet.look()
        assert fleet.owed() == NAMES[1:], "once, however often it is looked at"
        assert fleet.state(id_)[0] == "running"
    finally:
        journal.close()


RESULTS = ["queued", "sent", "received", "applied", "armed", "refused", "expired"]


@given(
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from(RESULTS)), min_size=1, max_size=30),
    st.integers(1, 100),
    st.integers(0, 3),
)
def test_nothing_begins_while_more_have_failed_than_are_allowed(trackers, share, failures):
    members = [
        Member(str(at), wave, state, NOW_MS) for at, (wave, state) in enumerate(trackers)
    ] + [Member("next", 5, "")]
    step = next_step(Plan(share, failures=failures), members, NOW_MS + 1)
    failed = sum(one.state in ("refused", "expired") for one in members)
    assert (step.state == rollouts.HALTED) == (failed > failures)
    if step.begin:
        last = max(one.wave for one in members[:-1])
        wave = [one.state for one in members if one.wave == last]
        good = sum(state in ("applied", "armed") for state in wave)
        bad = sum(state in ("refused", "expired") for state in wave)
        assert 100 * (good + (bad if failures else 0)) >= share * len(wave)


def test_the_plan_that_is_kept_is_json(fleet):
    id_ = fleet.start(failures=2)
    ((kept,),) = fleet.journal.query("SELECT plan FROM rollouts WHERE id = ?", (id_,))
    assert json.loads(kept)["failures"] == 2
