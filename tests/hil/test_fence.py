"""Out of the fence: an alarm at the webhook, confirmed back; taken, and the wearer is told."""

import pytest

from hil.bench import Bench
from hil.centre import until
from trygg_wire import layouts

OUT_M = 300.0
PACE_M_S = 15.0  # below speed_refused_dm_s, so that the way out takes seconds
ALARM_S = 60.0
OFTEN = ("report_inside_s=60",)
ORDERED_S = 150.0  # it listens for some seconds after a word; who is late is heard with a report
HURRIED_S = 60
TO_THE_EDGE_S = 5  # 40 m of fence, 5 m of buffer, the receiver's error: the bound counts from there
LEFT = "no.trygg.alarm.left"


@pytest.mark.bench(behind_s=HURRIED_S)
def test_an_exit_is_an_alarm_at_the_webhook_and_comes_back_confirmed(bench: Bench) -> None:
    armed(bench)
    with bench.step("crossing to the board's alarm"):
        bench.hurries(HURRIED_S)
        bench.wearer.walks(bench.north(OUT_M), PACE_M_S)
        left_s = bench.rig.utc()
        told = bench.expect(r"alarm (\d+)/(\d+): left, fence 1", ALARM_S)
    with bench.step("alarm to the webhook"):
        until(lambda: bench.centre.received(LEFT) == 1, "the alarm at the webhook", ALARM_S)
    took_s = bench.rig.utc() - left_s
    record = bench.centre.records(layouts.ALARM)[-1]
    assert (record["boot"], record["seq"]) == (int(told[1]), int(told[2]))
    assert (record["what"], record["fence_state"]) == (layouts.LEFT, layouts.OUTSIDE)
    assert took_s < record["bound_s"] + TO_THE_EDGE_S, "later than the tracker had stated"
    (alarm,) = bench.centre.alarms()
    with bench.step("the webhook's confirmation"):
        until(lambda: "delivered" in events(bench, alarm["id"]), "delivered", ALARM_S)
    with bench.step("taken by a human, told to the wearer"):
        bench.centre.told("alarms", "take", alarm["id"], "--who", "Ingrid")
        bench.expect(rf"wearer told: alarm {told[1].decode()}/{told[2].decode()} taken", ALARM_S)


@pytest.mark.bench(settings=OFTEN)
def test_who_stays_inside_raises_no_alarm(bench: Bench) -> None:
    armed(bench)
    bench.wearer.walks(bench.north(15.0), 1.5)
    with bench.step("a walk within the fence"):
        reports = len(bench.centre.records(layouts.REPORT))
        bench.centre.told("order", "send", bench.device, "report-now")
        until(lambda: len(bench.centre.records(layouts.REPORT)) > reports, "a report", ORDERED_S)
    assert bench.centre.alarms() == []
    assert bench.centre.received("no.trygg.alarm") == 0


def armed(bench: Bench) -> None:
    """On, and its orders in force."""
    with bench.step("power to fence in force"):
        bench.power_on()
        until(lambda: layouts.ARMED in results(bench), "the fence in force", ALARM_S)


def results(bench: Bench) -> list[int]:
    """What it answered to its orders."""
    return [answer["result"] for answer in bench.centre.records(layouts.ANSWER)]


def events(bench: Bench, alarm: int) -> set[str]:
    """What has happened in an alarm's timeline."""
    return {line["event"] for line in bench.centre.said("alarms", "show", alarm)["timeline"]}
