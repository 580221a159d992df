"""The receiver's and the network's models: what they say is what the tables promise."""

import math
import statistics

import pytest

from tracker.nmea import Receiver as Parser
from trygg_tools.rig.clock import Clock
from trygg_tools.rig.link import OPENING
from trygg_tools.rig.power import Power
from trygg_tools.route import METRES_PER_DEGREE
from trygg_tools.simulate.radio import PIECE, TLS_HANDSHAKE, Network, Radio
from trygg_tools.simulate.receiver import EPHEMERIS_GOOD_S, Receiver
from trygg_tools.simulate.surroundings import BRICK, CONCRETE, NOTHING, OPEN, STREET, WOODEN
from trygg_tools.simulate.track import Point, Track

HOME = (59.927, 10.701)
START_S = 203_900_000


def receiver_under(sky, seed=1, accuracy_m=0.0):
    clock, power = Clock(START_S), Power()
    track = Track("still", [Point(START_S, *HOME, sky, accuracy_m)])
    return Receiver(clock, power, track, seed), clock, power


def switch(receiver, power, on):
    power.rail("gnss", on)
    receiver.switched(on)


def search(receiver, clock, power, most_s=200):
    """Seconds to a fix, None for none; the receiver stays on."""
    switch(receiver, power, True)
    for second in range(most_s):
        clock.advance(1000)
        receiver.read()
        if receiver.found:
            return second + 1
    return None


def rest(receiver, clock, power, seconds):
    switch(receiver, power, False)
    clock.advance(seconds * 1000)


def test_a_cold_start_takes_half_a_minute_and_a_hot_one_seconds():
    cold, hot = [], []
    for seed in range(40):
        receiver, clock, power = receiver_under(OPEN, seed)
        cold.append(search(receiver, clock, power))
        rest(receiver, clock, power, 600)
        hot.append(search(receiver, clock, power))
    assert 28 < statistics.median(cold) < 42
    assert 1 <= statistics.median(hot) <= 3
    assert max(hot) < 8


def test_ephemerides_grow_old_and_the_start_is_warm_again():
    receiver, clock, power = receiver_under(OPEN)
    search(receiver, clock, power)
    rest(receiver, clock, power, EPHEMERIS_GOOD_S + 60)
    assert search(receiver, clock, power) > 12


def test_deep_in_concrete_no_download_comes_through_and_a_first_fix_never():
    receiver, clock, power = receiver_under(CONCRETE)
    assert search(receiver, clock, power, 900) is None
    receiver, clock, power = receiver_under(NOTHING)
    assert search(receiver, clock, power, 900) is None


def test_nothing_is_said_without_power():
    receiver, clock, power = receiver_under(OPEN)
    clock.advance(5000)
    assert receiver.read() == b""
    assert receiver.next_ms() == -1
    switch(receiver, power, True)
    clock.advance(1000)
    assert receiver.read().count(b"\r\n") == 3
    assert 0 < receiver.next_ms() <= 1000


def fixes_under(sky, seconds=4000, seed=3):
    """Fixes by the tracker's own parser, the receiver on all the time."""
    receiver, clock, power = receiver_under(sky, seed)
    receiver._ephemeris_s = START_S + 10**6
    receiver.__class__._read_data, kept = (lambda *_: None), receiver.__class__._read_data
    parser, found = Parser(), []
    try:
        receiver._ephemeris_s = START_S
        switch(receiver, power, True)
        for _ in range(seconds):
            clock.advance(1000)
            parser.feed(receiver.read(), clock.ticks_ms())
            fix = parser.take()
            if fix:
                found.append(fix)
    finally:
        receiver.__class__._read_data = kept
    return found


def errors_m(fixes):
    narrowing = math.cos(math.radians(HOME[0]))
    for fix in fixes:
        north = (fix.lat_e6 / 1e6 - HOME[0]) * METRES_PER_DEGREE
        east = (fix.lon_e6 / 1e6 - HOME[1]) * METRES_PER_DEGREE * narrowing
        yield math.hypot(north, east)


@pytest.mark.parametrize("sky", [OPEN, STREET, WOODEN, BRICK])
def test_the_errors_under_each_sky_are_those_of_its_row(sky):
    fixes = fixes_under(sky)
    assert len(fixes) > 2000
    middle = statistics.median(errors_m(fixes))
    assert 0.7 * 1.18 * sky.error_m < middle < 1.5 * 1.18 * sky.error_m + 0.5  # of a Rayleigh


def test_the_claim_is_smaller_than_the_error_where_the_row_says_that_it_lies():
    fixes = fixes_under(BRICK)
    claimed = statistics.median(fix.accuracy_dm / 10 for fix in fixes)
    assert 0.35 < claimed / (1.5 * BRICK.error_m) < 0.95


def test_the_first_fixes_deep_indoors_are_worse_and_come_home():
    firsts, lasts = [], []
    for seed in range(60):
        receiver, clock, power = receiver_under(CONCRETE, seed)
        receiver._ephemeris_s = START_S
        took = search(receiver, clock, power, 120)
        if took is None:
            continue
        here = receiver._track.at(0)
        first = receiver._errors(clock.world_s(), here)
        receiver._since_fix_s = 60
        last = receiver._errors(clock.world_s(), here)
        firsts.append(math.hypot(*first[:2]))
        lasts.append(math.hypot(*last[:2]))
    assert len(firsts) > 10
    assert statistics.median(firsts) > 1.5 * statistics.median(lasts)


def test_a_recorded_fix_is_said_as_it_was():
    receiver, clock, power = receiver_under(OPEN, accuracy_m=7.0)
    receiver._ephemeris_s = START_S
    parser = Parser()
    switch(receiver, power, True)
    found = []
    for _ in range(12):
        clock.advance(1000)
        parser.feed(receiver.read(), clock.ticks_ms())
        found.append(parser.take())
    fix = [one for one in found if one][-1]
    assert (fix.lat_e6, fix.lon_e6) == (59927000, 10701000)
    assert 65 <= fix.accuracy_dm <= 75


# -- the network ---------------------------------------------------------------------------


def radio(network, seed=1):
    clock = Clock(START_S)
    accepted = []
    return Radio(clock, accepted.append, network, seed), clock, accepted


def test_connecting_takes_its_time_and_costs_a_handshake():
    link, clock, accepted = radio(Network(connect_s=4, outages_a_day=0))
    link.open("gateway", 8883, None)
    assert link.state() == OPENING
    ready_ms = link.coming_ms()[0]
    assert 1000 < ready_ms < 16000
    clock.advance(ready_ms)
    assert link.state() != OPENING
    assert (link.bytes_up, link.bytes_down) == TLS_HANDSHAKE
    assert link.send(b"12345") == 5
    assert link.bytes_up == TLS_HANDSHAKE[0] + 5 + PIECE
    assert len(accepted) == 1


def test_outages_come_as_often_as_stated_and_end_the_connection():
    link, clock, _ = radio(Network(outages_a_day=24, outage_s=600))
    away = 0
    for _ in range(5 * 144):
        away += link.out_of_reach()
        clock.advance(600_000)
    assert 0.1 < away / (5 * 144) < 0.24
    while link.out_of_reach():
        clock.advance(60_000)
    link.open("gateway", 8883, None)
    while not link.out_of_reach():
        clock.advance(60_000)
    assert link.state() == 0
    with pytest.raises(OSError, match="no coverage"):
        link.open("gateway", 8883, None)
    assert link.refusals == 1
