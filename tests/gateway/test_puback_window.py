"""PUBACKs leave in the order in which the PUBLISHes came, however they were confirmed."""

from hypothesis import given
from hypothesis import strategies as st

from trygg_gateway.puback_window import Window


def packet_ids(count: int) -> list[bytes]:
    return [number.to_bytes(2, "big") for number in range(1, count + 1)]


def filled(count: int) -> Window:
    window = Window()
    assert [window.take(packet_id) for packet_id in packet_ids(count)] == list(range(count))
    return window


def acknowledged(window: Window) -> list[bytes]:
    """The packet ids of the PUBACKs that are due."""
    due, count = window.due()
    assert len(due) == 4 * count
    assert due[0::4] == b"\x40" * count
    assert due[1::4] == b"\x02" * count
    return [due[at : at + 2] for at in range(2, len(due), 4)]


@given(st.integers(1, 40).flatmap(lambda count: st.permutations(range(count))))
def test_whatever_the_order_of_confirms_acknowledgements_keep_the_order_of_arrival(order):
    window = filled(len(order))
    confirmed: set[int] = set()
    seen: list[bytes] = []
    for number in order:
        window.confirm(number)
        confirmed.add(number)
        seen += acknowledged(window)
        turn = next((n for n in range(len(order)) if n not in confirmed), len(order))
        assert seen == packet_ids(turn)
        assert len(window) == len(order) - turn


def test_what_was_never_taken_or_confirmed_before_changes_nothing():
    window = filled(3)
    for number in (0, 0, -1, 3, 99):
        window.confirm(number)
    assert acknowledged(window) == packet_ids(1)
    window.confirm(2)
    window.confirm(2)
    window.confirm(1)
    assert acknowledged(window) == packet_ids(3)[1:]
    window.confirm(3)
    assert window.take(b"\x00\x09") == 3
    assert acknowledged(window) == []


def test_a_publish_of_quality_0_takes_its_turn_and_has_no_acknowledgement():
    window = Window()
    for packet_id in (b"\0\1", b"", b"\0\2"):
        window.take(packet_id)
    for number in (1, 2, 0):
        window.confirm(number)
    assert acknowledged(window) == [b"\0\1", b"\0\2"]


def test_a_packet_id_used_twice_is_acknowledged_twice():
    window = Window()
    numbers = [window.take(b"\0\7"), window.take(b"\0\7")]
    window.confirm(numbers[1])
    assert acknowledged(window) == []
    window.confirm(numbers[0])
    assert acknowledged(window) == [b"\0\7", b"\0\7"]
