"""The gateway is gone for hours: all is kept and comes once, in its order, the alarm first."""

import pytest

from hil.bench import Bench
from hil.centre import until
from hil.rig import FENCE
from hil.test_fence import armed
from trygg_wire import layouts

HOURS_S = 7200  # virtual, its sleeps skipped
MINUTES_S = 600  # on a real bench
WIDE = {**FENCE, "radius_m": 1500}
QUIET = ("v_max_dm_s=20", "fix_floor_s=20", "report_inside_s=300")
OUT_M = 1700.0
LEFT = "no.trygg.alarm.left"
SILENT_S = 60  # longer than one attempt lasts, so that there is a second
LATEST_S = 90.0
ON_THE_WAY = 3


@pytest.mark.bench(fences=(WIDE,), settings=QUIET, behind_s=HOURS_S + 900, speed=6)
def test_what_hours_without_a_gateway_kept_comes_whole_once_and_the_alarm_first(
    bench: Bench,
) -> None:
    armed(bench)
    bench.hurries(HOURS_S)
    bench.expect(r"wake 4, firmware \S+, 0 records wait", 600)  # all acknowledged
    bench.centre.end()
    before = bench.centre.identities()
    outage_s = HOURS_S if bench.rig.kind == "virtual" else MINUTES_S
    with bench.step("hours without a gateway"):
        bench.lives_through(outage_s)
    bench.wearer.stands(bench.north(OUT_M))
    bench.hurries(900)
    with bench.step("out of the fence, and nobody hears"):
        told = bench.expect(r"alarm (\d+)/(\d+): left, fence 1", LATEST_S)
    boot, seq = int(told[1]), int(told[2])
    with bench.step("until newer records than the alarm wait, too"):
        bench.lives_through(layouts.LATE_S + 30)
    first = max(known for of, known in before if of == boot) + 1
    assert seq - first >= outage_s // 900, "too little was kept to show anything"
    bench.centre.start()
    wanted = {(boot, number) for number in range(first, seq + 1)}
    with bench.step("all of it at the gateway and the webhook"):
        until(lambda: wanted <= set(ids(bench)), "every record at the webhook", LATEST_S)
    kept = bench.centre.identities()[len(before) :]
    assert kept[0] == (boot, seq), "the alarm did not come first"
    assert len(kept) == len(set(kept))
    assert wanted <= set(kept)
    assert bench.centre.doubled() == []
    late = [event for event in bench.centre.arrived() if event["data"].get("seq", 0) >= first]
    # each lane has its own way to the sink: of another one a record may be on it already
    assert LEFT in [event["type"] for event in late[:ON_THE_WAY]], "the alarm waited for others"
    # what a live record has overtaken on the tracker is marked; all else rises within its lane
    backlog = [event for event in late if event["lane"] == "backlog"]
    assert len(backlog) > 3
    order = [event["sequence"] for event in backlog if not event["data"].get("overtaken")]
    assert order == sorted(order)


def ids(bench: Bench) -> list[tuple[int, int]]:
    """(boot, seq) of the events at the webhook, in their order."""
    return [(event["data"]["boot"], event["data"]["seq"]) for event in bench.centre.arrived()
            if "seq" in event["data"]]  # fmt: skip


@pytest.mark.bench(settings=("fix_floor_s=5",), speed=4, behind_s=1200)
def test_an_exit_without_a_radio_is_told_when_the_radio_is_back(bench: Bench) -> None:
    bench.needs("link")
    armed(bench)
    bench.link(False)
    bench.wearer.walks(bench.north(300.0), 15.0)
    told = bench.expect(r"alarm (\d+)/(\d+): left, fence 1", LATEST_S)
    bench.lives_through(SILENT_S)
    assert bench.centre.records(layouts.ALARM) == []
    bench.link(True)
    with bench.step("radio back to the alarm at the webhook"):
        until(lambda: bench.centre.received(LEFT), "the alarm at the webhook", LATEST_S)
    (record,) = [one for one in bench.centre.records(layouts.ALARM) if one["what"] == layouts.LEFT]
    assert (record["boot"], record["seq"]) == (int(told[1]), int(told[2]))
