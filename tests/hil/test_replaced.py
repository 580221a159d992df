"""A board that becomes another wearer's tracker says nothing of the wearer before."""

import pytest

from hil.bench import Bench
from hil.centre import until
from hil.technician import GROUP, InProcess
from hil.test_fence import armed
from hil.test_help import HOLD_MS
from trygg_tools import boards
from trygg_tools.provision.inventory import Inventory
from trygg_tools.provision.session import Wish, provision
from trygg_wire import layouts

OTHER = "other-1"
HEARD_S = 60.0
KINDS = "SELECT kind FROM records WHERE device = ? ORDER BY id"


@pytest.mark.bench(settings=("sos_cancel_s=0",))
def test_the_next_wearers_tracker_says_nothing_of_the_wearer_before(bench: Bench) -> None:
    bench.needs("button", "link")
    armed(bench)
    bench.link(False)
    bench.press_button(HOLD_MS)
    bench.expect(r"alarm \d+/\d+: sos", HEARD_S)  # which waits on the board, with its place
    with bench.step("another tracker on the same board"), bench.port_free() as port:
        board = boards.read_board(boards.board_file(bench.rig.board_name))
        wish = Wish(port, OTHER, board, GROUP, network=bench.rig.network, replace=True)
        stock = Inventory(bench.centre.folder / "inventory.jsonl")
        provision(wish, InProcess(bench.centre), stock, lambda what, done, of: None)
    bench.link(True)
    with bench.step("the other tracker is heard"):
        kinds = until(lambda: bench.centre.rows(KINDS, OTHER), "its records", HEARD_S)
        said = bench.expect(r"boot (\d+), cause [12], wake 0, firmware \S+, (\d+) records wait")
    assert int(said[2]) == 0, "it has records of somebody else"
    assert (layouts.ALARM,) not in kinds, "a call for help under another's name"
    assert bench.centre.said("alarms", "list", "--all") == []
