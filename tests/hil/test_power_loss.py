"""The power goes while the wearer is outside and nobody hears: no alarm is lost or said twice."""

import pytest

from hil.bench import Bench
from hil.centre import until
from hil.test_fence import armed
from trygg_wire import layouts

LATEST_S = 60.0
LEFT = "no.trygg.alarm.left"
OFTEN = ("fix_floor_s=5", "alarm_report_s=10")
CUTS = ((1, 0), (2, 7), (3, 100), (5, 13))  # in the n-th flash write from now, after so many bytes


@pytest.mark.bench(settings=OFTEN)
def test_an_alarm_that_waited_when_the_power_went_is_delivered_once(bench: Bench) -> None:
    bench.needs("power")
    boot, seq = left_unheard(bench)
    bench.power_off()
    bench.centre.start()
    bench.power_on()
    bench.expect(rf"boot {boot + 1}, cause [12], wake 0.*, [1-9]\d* records wait", LATEST_S)
    with bench.step("power to the alarm at the webhook"):
        until(lambda: bench.centre.received(LEFT), "the alarm at the webhook", LATEST_S)
    alarms = left_records(bench)
    assert (alarms[0]["boot"], alarms[0]["seq"]) == (boot, seq)
    everything_once(bench)


@pytest.mark.bench(settings=OFTEN)
def test_power_that_goes_inside_of_flash_writes_loses_no_alarm(bench: Bench) -> None:
    bench.needs("power", "torn flash")
    boot, seq = left_unheard(bench)
    for write, byte in CUTS:
        since = len(bench.board.events)
        bench.board.kill_at_flash_write(write, byte)
        with bench.step(f"power cut in write {write} after {byte} bytes"):
            bench.board.wait_event("power_cut", LATEST_S, since)
        bench.power_on()
        bench.expect(r"boot \d+, cause 1, wake 0, firmware \S+, [1-9]\d* records wait", LATEST_S)
    bench.centre.start()
    with bench.step("gateway back to the alarm at the webhook"):
        until(lambda: bench.centre.received(LEFT), "the alarm at the webhook", LATEST_S)
    assert (boot, seq) in [(one["boot"], one["seq"]) for one in left_records(bench)]
    everything_once(bench)


def left_unheard(bench: Bench) -> tuple[int, int]:
    """The wearer has left, the gateway is gone: the alarm's (boot, seq)."""
    armed(bench)
    bench.centre.end()
    bench.wearer.walks(bench.north(300.0), 15.0)
    told = bench.expect(r"alarm (\d+)/(\d+): left, fence 1", LATEST_S)
    return int(told[1]), int(told[2])


def left_records(bench: Bench) -> list[dict]:
    """The exits that the gateway has committed."""
    return [one for one in bench.centre.records(layouts.ALARM) if one["what"] == layouts.LEFT]


def everything_once(bench: Bench) -> None:
    """No identity is there twice, at the gateway or behind it."""
    kept = bench.centre.identities()
    assert len(kept) == len(set(kept))
    assert bench.centre.doubled() == []
