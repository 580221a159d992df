"""Seeded faults in simulated time: whatever goes wrong, no record is lost and none is two."""

import random

import pytest

from tracker import recovery
from tracker.outbox import Outbox
from trygg_tools.rig.flash import ALL, EIO, NOTHING
from trygg_tools.rig.orders import circle, signed_order
from trygg_tools.rig.power import PowerCut
from trygg_tools.rig.tracker import ORDER_KEY, SimulatedTracker
from trygg_wire import codec, layouts

HOME = (59927000, 10701000)
START_S = 200000000


def wandering(seed):
    """Walks out of and into a circle of 200 m all day, seeded, sometimes without reception."""
    chance = random.Random(seed)
    turns = [(chance.randrange(900, 5400), chance.choice((0, 100, 450))) for _ in range(60)]
    dark = {chance.randrange(86400 // 300) for _ in range(20)}

    def place(world_s):
        at_s = world_s - 200000000
        if at_s // 300 in dark:
            return None
        metres = 0.0
        for lasts_s, goal in turns:
            way_s = int(abs(goal - metres) / 1.2)
            if at_s < way_s:
                metres += 1.2 * at_s * (1 if goal > metres else -1)
                break
            metres = goal
            at_s -= way_s
            if at_s < lasts_s:
                break
            at_s -= lasts_s
        return (HOME[0] + round(metres * 9), HOME[1], 12, 0, 30)

    return place


def noting_outbox():
    """(notebook, append): an Outbox.append that notes each frame and whether it is safe."""
    promised = {}
    whole = Outbox.append

    def append(outbox, lane, boot, seq, frame, now_s):
        safe = whole(outbox, lane, boot, seq, frame, now_s)
        assert (boot, seq) not in promised, "an identity was used twice"
        promised[(boot, seq)] = (frame, safe)
        return safe

    return promised, append


def settle(tracker, seconds=1800):
    """Good times again, long enough for everything to arrive."""
    tracker.at_step = lambda _step: None
    tracker.gateway.loses = lambda _what: False
    tracker.link.refusing = tracker.link.unreachable = tracker.link.stalled = False
    tracker.flash.failing = tracker.uart.failing = 0
    tracker.run(seconds)
    for _second in range(60):  # the newest record may be on its way
        if tracker.app is not None and not tracker.app.outbox.waiting():
            break
        tracker.run(1)


def check_nothing_lost(tracker, promised):
    """Every record that was safe is held by the gateway, as it was made."""
    for identity, (frame, safe) in promised.items():
        if safe:
            assert tracker.gateway.records.get(identity) == frame, identity
    assert tracker.gateway.conflicts == 0
    assert not set(tracker.gateway.records) - set(promised)


def fenced(place):
    """A tracker whose gateway owes it a private circle of 200 m around home."""
    tracker = SimulatedTracker(place)
    frame = signed_order(tracker.device, ORDER_KEY, 7, layouts.FENCES, circle(*HOME, 200))
    tracker.gateway.order(7, frame)
    return tracker


@pytest.fixture
def notebook(monkeypatch):
    """What the outbox promised, over all starts of the firmware."""
    promised, append = noting_outbox()
    monkeypatch.setattr(Outbox, "append", append)
    return promised


@pytest.mark.parametrize(("seed", "hours"), [(1, 24), (2, 5), (3, 5)])
def test_a_day_of_outages_and_losses_loses_nothing_and_doubles_nothing(notebook, seed, hours):
    tracker = fenced(wandering(seed))
    chance = random.Random(seed)

    def trouble(step):
        roll = chance.random()
        if roll < 0.004:
            tracker.link.drop()
        elif roll < 0.006:
            tracker.link.unreachable = not tracker.link.unreachable
        elif roll < 0.0065 and tracker.power.marks()[0] != recovery.START:
            # (three in a start are a poisoned memory, so a new boot: test_simulated_crashes.py)
            tracker.app = None
            tracker.bite()

    tracker.at_step = trouble
    tracker.gateway.loses = lambda _what: chance.random() < 0.1
    tracker.run(hours * 3600)
    settle(tracker)
    check_nothing_lost(tracker, notebook)
    assert len(notebook) > 6 * hours
    assert {boot for boot, _ in notebook} == {1}


@pytest.mark.parametrize("seed", [4, 5])
def test_power_cuts_at_any_step_lose_nothing_that_was_safe(notebook, seed):
    tracker = fenced(wandering(seed))
    chance = random.Random(seed)

    def trouble(_step):
        if chance.random() < 0.01:
            raise PowerCut

    tracker.at_step = trouble
    tracker.run(20000)
    settle(tracker)
    check_nothing_lost(tracker, notebook)
    assert len({boot for boot, _ in notebook}) > 10


def test_power_cuts_inside_flash_writes_lose_nothing_that_was_safe(notebook):
    """Each life ends after some more strokes of flash than the last: every place in a write."""
    tracker = fenced(wandering(6))
    tracker.off_ms = 500
    tracker.flash.tail = b"\xff\xff\xff"
    cuts = 0

    def next_cut():
        nonlocal cuts
        cuts += 1
        tracker.flash.cut_at = tracker.flash.strokes + cuts % 400

    original = tracker.flash.power_on

    def power_on():
        original()
        next_cut()

    tracker.flash.power_on = power_on
    next_cut()
    while cuts < 420:
        tracker.run(600)
    tracker.flash.power_on = original
    tracker.flash.cut_at = -1
    settle(tracker)
    check_nothing_lost(tracker, notebook)
    assert max(boot for boot, _ in notebook) > 100


def test_a_flash_that_fails_for_an_hour_stops_nobody(notebook):
    tracker = fenced(wandering(7))
    tracker.run(3600)
    tracker.flash.failing = EIO
    tracker.run(3600)
    settle(tracker, 30000)
    check_nothing_lost(tracker, notebook)
    held_in_ram = [identity for identity, (_, safe) in notebook.items() if not safe]
    assert held_in_ram
    arrived = [identity for identity in held_in_ram if identity in tracker.gateway.records]
    assert arrived
    healths = [codec.decode(frame) for frame in tracker.gateway.records.values()]
    last = [values for kind, values in healths if kind == layouts.HEALTH][-1]
    assert last["flash_errors"] > 0


def test_a_receiver_that_fails_is_begun_anew_and_the_rest_goes_on(notebook):
    tracker = fenced(wandering(8))
    tracker.run(600)
    tracker.uart.failing = EIO
    tracker.run(3600)
    assert any("receiver" in line for line in tracker.lines)
    before = len(tracker.gateway.records)
    settle(tracker, 3600)
    check_nothing_lost(tracker, notebook)
    assert len(tracker.gateway.records) > before


def test_a_cable_that_damages_bytes_makes_no_false_alarm(notebook):
    chance = random.Random(9)

    def bad_cable(data):
        damaged = bytearray(data)
        for _ in range(2):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        return bytes(damaged)

    tracker = fenced(lambda world_s: (*HOME, 0, 0, 30))
    tracker.uart.wrong = bad_cable
    tracker.run(12 * 3600)
    kinds = [frame[0] & 15 for frame, _ in notebook.values()]
    assert layouts.ALARM not in kinds
    settle(tracker)
    check_nothing_lost(tracker, notebook)


def test_a_shift_without_a_gateway_comes_late_but_comes(notebook):
    tracker = fenced(wandering(10))
    tracker.run(300)
    tracker.link.unreachable = True
    tracker.run(7 * 3600)
    assert len(notebook) - len(tracker.gateway.records) > 30
    settle(tracker, 3600)
    check_nothing_lost(tracker, notebook)
    alarms = [key for key, (frame, _) in notebook.items() if frame[0] & 15 == layouts.ALARM]
    order = [(boot, seq) for boot, seq, _ in tracker.gateway.arrivals]
    late = [identity for identity in order if identity in alarms]
    assert len(late) > 1
    first = order.index(late[0])
    assert order[first : first + len(late) - 1] == late[:-1]


def test_a_clock_that_a_damaged_fix_would_move_stays_where_it_is():
    tracker = fenced(lambda world_s: (*HOME, 0, 0, 30))
    tracker.run(3600)
    said = tracker.sky.said
    one = [True]

    def lying(world_s, on_for_s):
        if on_for_s >= tracker.sky.search_s and one:
            one.pop()
            return said(world_s + 86400 * 400, on_for_s)
        return said(world_s, on_for_s)

    tracker.sky.said = lying
    tracker.run(3600)
    assert not one
    assert tracker.clock.utc() == tracker.clock.world_s()


def test_a_clock_that_is_far_off_is_set_by_two_fixes():
    tracker = fenced(lambda world_s: (*HOME, 0, 0, 30))
    tracker.run(3600)
    tracker.clock.set_utc(tracker.clock.world_s() + 100000)
    tracker.run(1800)
    assert abs(tracker.clock.utc() - tracker.clock.world_s()) <= 2


# -- one name, two lives -----------------------------------------------------------------


def flashed_anew(tracker):
    """The board gets an empty flash under its old name, and power."""
    tracker.flash.files.clear()

    def cut(_step):
        tracker.at_step = lambda _step: None
        raise PowerCut

    tracker.at_step = cut
    tracker.run(5)


@pytest.mark.parametrize("offline_s", [0, 5400])
def test_a_board_flashed_anew_under_its_old_name_loses_nothing_of_either_life(notebook, offline_s):
    tracker = fenced(wandering(11))
    settle(tracker, 3 * 3600)
    first = dict(notebook)
    boots = max(boot for boot, _ in first)
    notebook.clear()
    tracker.link.unreachable = offline_s > 0
    flashed_anew(tracker)
    if offline_s:
        tracker.run(offline_s)
    settle(tracker, 3600)
    second = dict(notebook)
    assert set(first) & set(second), "numbers of the first life were used again"
    held = set(tracker.gateway.records.values())
    for life in (first, second):
        for identity, (frame, safe) in life.items():
            assert not safe or frame in held, identity
    assert (tracker.gateway.conflicts > 0) == (offline_s > 0), "online the first ack taught it"
    assert max(boot for boot, _ in second) > boots, "it has learned to go on beyond"
    conflicts = tracker.gateway.conflicts
    tracker.run(7200)
    assert tracker.gateway.conflicts == conflicts, "and clashes no more"


def test_with_the_floor_of_provisioning_no_number_of_the_first_life_comes_again(notebook):
    tracker = fenced(wandering(12))
    settle(tracker, 2 * 3600)
    config = tracker.config()
    config["boot_floor"] = max(boot for boot, _ in tracker.gateway.records)
    tracker.config = lambda: config
    flashed_anew(tracker)
    settle(tracker, 3600)
    check_nothing_lost(tracker, notebook)
    assert {boot for boot, _ in notebook} == {1, 2}


@pytest.mark.parametrize("which", ["boot0", "boot1", "both"])
def test_a_damaged_boot_file_gives_no_number_twice(notebook, which):
    tracker = fenced(wandering(13))
    chance = random.Random(which)
    for _ in range(6):
        tracker.run(chance.randrange(300, 1500))
        for name in ("boot0", "boot1") if which == "both" else (which,):
            file = f"/state/{name}.bin"
            data = bytearray(tracker.flash.files.get(file, b""))
            if data:
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
                tracker.flash.files[file] = bytes(data)
        tracker.at_step = cut_once(tracker)
    settle(tracker)
    check_nothing_lost(tracker, notebook)
    assert len({boot for boot, _ in notebook}) == 6


def cut_once(tracker):
    def cut(_step):
        tracker.at_step = lambda _step: None
        raise PowerCut

    return cut


# -- a flash that fails, and sleep -------------------------------------------------------


def test_an_alarm_that_flash_did_not_take_keeps_the_tracker_awake_until_it_is_safe(notebook):
    tracker = fenced(lambda world_s: (*HOME, 0, 0, 30))
    tracker.run(3600)
    tracker.link.unreachable = True
    tracker.flash.failing = EIO
    tracker.power.set_battery(3300)
    while not alarms_of(notebook):
        tracker.run(60)
        assert tracker.seconds() < 8000
    tracker.run(900)
    sleeps = tracker.power.sleeps
    tracker.run(1800)
    assert tracker.app.outbox.alarms_held()
    assert tracker.power.sleeps == sleeps
    tracker.flash.failing = 0
    tracker.run(60)
    tracker.run(1800)
    assert tracker.power.sleeps > sleeps
    settle(tracker)
    assert alarms_of(notebook) <= set(tracker.gateway.records)


def alarms_of(notebook):
    return {key for key, (frame, _) in notebook.items() if frame[0] & 15 == layouts.ALARM}


def test_what_only_ram_held_is_counted_when_a_sleep_takes_it(notebook):
    tracker = fenced(lambda world_s: (*HOME, 0, 0, 30))
    tracker.run(1800)
    tracker.link.unreachable = True
    deep_sleep = tracker.power.deep_sleep

    def well_at_a_start(*rest):
        tracker.flash.failing = 0  # else it stays awake for the alarm that its fences are lost
        deep_sleep(*rest)

    tracker.power.deep_sleep = well_at_a_start
    tracker.at_step = lambda _step: setattr(tracker.flash, "failing", EIO)
    tracker.run(3 * 3600)
    lost = [key for key, (_, safe) in notebook.items() if not safe]
    assert len(lost) > 3
    settle(tracker, 8 * 3600)
    missing = [key for key in notebook if key not in tracker.gateway.records]
    assert missing
    assert set(missing) <= set(lost)
    healths = [codec.decode(frame) for frame in tracker.gateway.records.values()]
    last = [values for kind, values in healths if kind == layouts.HEALTH][-1]
    assert last["records_dropped"] == len(missing)


FAIL_STEP = 29  # every so many of the calls of flash; tried with 1 after each change


def a_short_life(fail_at, done):
    """Six minutes with two orders, an exit, a restart and a cut; one call of flash fails."""
    tracker = fenced(leaving)
    tracker.flash.fail_at, tracker.flash.fail_done = fail_at, done
    settings = {"settings": [{"number": 1, "value": 30}]}
    frame = signed_order(tracker.device, ORDER_KEY, 8, layouts.SETTINGS, settings)
    tracker.run(60)
    tracker.gateway.order(8, frame)
    tracker.run(200)
    tracker.at_step = cut_once(tracker)
    tracker.run(60)
    tracker.bite()
    tracker.run(30)
    return tracker


def leaving(world_s):
    """At home for a minute, then 500 m to the north."""
    gone_dm = min(5000, max(0, world_s - START_S - 60) * 28)
    return (HOME[0] + gone_dm * 9 // 10, HOME[1], 14 if 0 < gone_dm < 5000 else 0, 0, 30)


@pytest.mark.parametrize("done", [NOTHING, ALL])
def test_any_one_call_of_flash_that_fails_loses_nothing_and_stops_nothing(notebook, done):
    calls = a_short_life(-1, done).flash.calls
    assert calls > 150
    for number in range(0, calls, FAIL_STEP):
        notebook.clear()
        tracker = a_short_life(number, done)
        tracker.flash.fail_at = -1
        settle(tracker, 100)
        check_nothing_lost(tracker, notebook)
        assert set(alarms_of(notebook)) <= set(tracker.gateway.records), number
        answers = {(one["order_id"], one["result"]) for one in tracker.gateway.answers}
        fences_refused = (7, layouts.REFUSED) in answers  # "no flash" is said, and can be read
        assert fences_refused or alarms_of(notebook), number
        assert not tracker.gateway.owed, (number, "an order is still owed")


# -- wear --------------------------------------------------------------------------------


def sectors_of(hours, place, online):
    """Flash sectors for so many hours after the first, by the flash's own count."""
    tracker = fenced(place)
    tracker.run(3600)
    tracker.link.unreachable = not online
    sectors = 0

    def between_starts():
        nonlocal sectors
        sectors += tracker.flash.sectors()
        began()

    began, tracker.flash.start = tracker.flash.start, between_starts
    tracker.run(hours * 3600)
    return sectors + tracker.flash.sectors(), tracker


def test_a_sleep_writes_no_sector_and_a_day_at_most_as_many_as_stated():
    """The figures of tracker/segments.py, by a quarter of a day and by two hours."""
    sectors, tracker = sectors_of(6, lambda world_s: (*HOME, 0, 0, 30), online=True)
    assert tracker.power.sleeps > 100
    assert sectors <= len(tracker.gateway.records) + 2
    assert 4 * sectors <= 150
    sectors, tracker = sectors_of(2, outside_for_good, online=True)
    assert len(tracker.gateway.records) > 140
    assert 12 * sectors <= 4000
    sectors, _ = sectors_of(2, wandering(15), online=False)
    assert 12 * sectors <= 4000


def outside_for_good(world_s):
    return (HOME[0] + (9000 if world_s > START_S + 3600 else 0), HOME[1], 0, 0, 30)
