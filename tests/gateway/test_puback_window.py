"""PUBACKs leave in the order in which the PUBLISHes came, however they were confirmed."""

from hypothesis import given
from hypothesis import strategies as st

from trygg_gateway.puback_window import UNASKED, Window


def filled(count: int) -> Window:
    """A window with the publishes 0, 1 ..., whose packet ids are 1, 2 ..."""
    window = Window()
    for packet_id in range(1, count + 1):
        window.take(packet_id)
    assert window.taken == count
    return window


def acknowledged(window: Window) -> list[int]:
    """The packet ids of the PUBACKs that are due."""
    due, count = window.due()
    assert len(due) == 4 * count
    assert due[0::4] == b"\x40" * count
    assert due[1::4] == b"\x02" * count
    return [int.from_bytes(due[at : at + 2], "big") for at in range(2, len(due), 4)]


@st.composite
def pieces(draw: st.DrawFn) -> list[range]:
    """Publishes in pieces of some that follow each other, confirmed in any order."""
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=12))
    cut = [range(sum(sizes[:at]), sum(sizes[: at + 1])) for at in range(len(sizes))]
    return draw(st.permutations(cut))


@given(pieces())
def test_whatever_the_order_of_confirms_acknowledgements_keep_the_order_of_arrival(order):
    total = sum(map(len, order))
    window = filled(total)
    confirmed: set[int] = set()
    seen: list[int] = []
    for piece in order:
        window.confirm(piece[0], len(piece))
        confirmed.update(piece)
        seen += acknowledged(window)
        turn = next((n for n in range(total) if n not in confirmed), total)
        assert seen == list(range(1, turn + 1))
        assert len(window) == total - turn


@given(st.lists(st.tuples(st.integers(-3, 25), st.integers(0, 9)), max_size=15))
def test_confirms_that_overlap_or_reach_too_far_acknowledge_each_once(confirms):
    window, confirmed, seen = filled(20), set(), []
    for number, count in confirms:
        window.confirm(number, count)
        confirmed.update(range(number, number + count))
        seen += acknowledged(window)
        turn = next(n for n in range(21) if n not in confirmed or n == 20)
        assert seen == list(range(1, turn + 1))
    assert window.taken == 20


def test_a_publish_of_quality_0_takes_its_turn_and_has_no_acknowledgement():
    window = Window()
    for packet_id in (1, UNASKED, 2):
        window.take(packet_id)
    window.confirm(1, 2)
    window.confirm(0, 1)
    assert acknowledged(window) == [1, 2]


def test_a_packet_id_used_twice_is_acknowledged_twice():
    window = Window()
    for packet_id in (7, 7):
        window.take(packet_id)
    window.confirm(1, 1)
    assert acknowledged(window) == []
    window.confirm(0, 1)
    assert acknowledged(window) == [7, 7]
