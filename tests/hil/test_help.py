"""The wearer's button, held: an alarm at the webhook, and the wearer feels that it was sent."""

import pytest

from hil.bench import Bench
from hil.centre import until
from hil.test_fence import armed
from trygg_wire import layouts

HOLD_MS = 3000  # sos_hold_s is two
ALARM_S = 60.0
SOS = "no.trygg.alarm.sos"


@pytest.mark.bench(settings=("sos_cancel_s=0",))
def test_a_held_button_is_a_call_for_help_that_the_wearer_feels(bench: Bench) -> None:
    bench.needs("button", "felt")
    armed(bench)
    with bench.step("button to the webhook"):
        bench.press_button(HOLD_MS)
        bench.expect(r"alarm \d+/\d+: sos", ALARM_S)
        until(lambda: bench.centre.received(SOS) == 1, "the call at the webhook", ALARM_S)
    assert bench.felt("sent"), "nobody felt that the call was sent"
    assert bench.centre.records(layouts.ALARM)[-1]["what"] == layouts.SOS
