"""Over a modem: the board switches it on, finds its network, and its orders are in force."""

import pytest

from hil.bench import Bench
from hil.centre import until
from hil.test_fence import OFTEN, ORDERED_S, results
from trygg_wire import layouts

COLD_S = 90.0  # a modem's start, its network, TLS


@pytest.mark.bench(modem="sim7080", settings=OFTEN)
def test_a_board_with_a_modem_reaches_the_gateway_through_it(bench: Bench) -> None:
    bench.needs("modem")
    with bench.step("power to fence in force, over the modem"):
        bench.power_on()
        until(lambda: layouts.ARMED in results(bench), "the fence in force", COLD_S)
    bench.centre.told("order", "send", bench.device, "report-now")
    with bench.step("report with the network's signal"):
        until(lambda: any(one["signal"] for one in reports(bench)), "a signal seen", ORDERED_S)


def reports(bench: Bench) -> list[dict]:
    """Its reports so far."""
    return bench.centre.records(layouts.REPORT)
