"""What modems do in the field, one fault of each kind: a call for help still arrives, once."""

import pytest

from hil.bench import Bench
from hil.centre import until
from hil.test_fence import armed
from hil.test_orders import health_now
from trygg_wire import layouts

LATEST_S = 60.0
SOON_S = 50.0  # a modem that nobody helps rests for 75 s at this speed
FAULTS = {
    "restarts by itself": "fault reboot on=*",
    "hears and says nothing until it is switched off": "fault hang until=key on=*",
    "loses the link to the broker": "fault link_lost on=*",
    "publishes and hears no acknowledgement": "fault puback_lost",
    "says ERROR to a publish that arrived": "fault publish_error",
}


@pytest.mark.bench(modem="sim7080", settings=("fix_floor_s=5",), speed=4, behind_s=1200)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_call_for_help_arrives_once_by_a_modem_that(bench: Bench, fault: str) -> None:
    bench.needs("modem", "button")
    armed(bench)
    bench.modem.scene.do(fault)
    bench.press_button(3000)
    with bench.step("button to the webhook"):
        told = bench.expect(r"alarm (\d+)/(\d+): sos", LATEST_S)
        until(lambda: bench.centre.received("no.trygg.alarm.sos"), "the call", LATEST_S)
    calls = [one for one in bench.centre.records(layouts.ALARM) if one["what"] == layouts.SOS]
    assert [(one["boot"], one["seq"]) for one in calls] == [(int(told[1]), int(told[2]))]
    assert bench.centre.doubled() == []
    with bench.step("and it goes on"):
        health_now(bench, SOON_S)
