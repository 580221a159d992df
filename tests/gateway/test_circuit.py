"""The circuit of a sink: closed, open after failures in a row, half open while it is probed."""

from hypothesis import given
from hypothesis import strategies as st

from trygg_gateway.circuit import CLOSED, HALF_OPEN, OPEN, OPEN_AFTER, Circuit


def broken():
    circuit = Circuit()
    for _ in range(OPEN_AFTER):
        circuit.failed("the receiver answered 500")
    return circuit


def test_it_opens_after_failures_in_a_row_and_says_why():
    circuit = Circuit()
    for _ in range(OPEN_AFTER - 1):
        circuit.failed("busy")
    assert (circuit.state, circuit.opened) == (CLOSED, 0)
    circuit.failed("gone")
    assert (circuit.state, circuit.opened, circuit.trouble) == (OPEN, 1, "gone")


def test_a_probe_makes_it_half_open_and_its_end_decides():
    circuit = broken()
    circuit.begin()
    assert circuit.state == HALF_OPEN
    circuit.failed("still gone")
    circuit.end()
    assert (circuit.state, circuit.opened) == (OPEN, 1)
    circuit.begin()
    assert circuit.worked()
    circuit.end()
    assert (circuit.state, circuit.failures, circuit.trouble) == (CLOSED, 0, "")


def test_only_what_closes_it_is_told_as_news():
    circuit = Circuit()
    circuit.failed("busy")
    assert not circuit.worked()
    assert circuit.passed == 1


def test_what_the_peer_asked_for_is_kept_until_then_whoever_gets_through():
    circuit = Circuit()
    circuit.asked(50.0)
    circuit.asked(20.0)
    circuit.worked()
    assert circuit.left_alone_s(45.0) == 5.0
    assert circuit.left_alone_s(51.0) == 0.0


@given(st.lists(st.booleans()))
def test_it_is_open_exactly_after_so_many_failures_in_a_row(tries):
    circuit, row = Circuit(), 0
    for worked in tries:
        if worked:
            circuit.worked()
            row = 0
        else:
            circuit.failed("no")
            row += 1
        assert circuit.is_closed == (row < OPEN_AFTER)
