"""The bell wakes a reader once, and never leaves a note lying."""

import select
import threading
import time

import pytest

from trygg_gateway.bell import Bell


@pytest.fixture
def bell():
    bell = Bell()
    bell.open()
    yield bell
    bell.close()


def rings(bell):
    """What a reader's poll() hears now."""
    poll = select.poll()
    poll.register(bell.ear, select.POLLIN)
    return poll.poll(0)


def test_a_reader_that_waits_is_woken(bell):
    bell.asleep = True
    ringer = threading.Thread(target=bell.ring_if_asleep)
    began = time.monotonic()
    ringer.start()
    bell.wait(20)
    ringer.join()
    assert time.monotonic() - began < 10
    assert not bell.asleep
    assert not rings(bell)


def test_a_reader_at_work_is_not_rung_for(bell):
    bell.ring_if_asleep()
    assert not rings(bell)


def test_one_who_sleeps_is_rung_for_once_and_it_rings_until_heard(bell):
    bell.asleep = True
    bell.ring_if_asleep()
    bell.ring_if_asleep()
    bell.awake([])  # its poll() had returned for something else just before
    heard = rings(bell)
    assert heard
    bell.awake(heard)
    assert not rings(bell)


def test_a_bell_that_is_not_open_yet_keeps_no_ring():
    bell = Bell()
    bell.ring()
    bell.close()  # nothing to let go
    bell.open()
    assert not rings(bell)
    bell.ring()
    assert rings(bell)
    bell.close()


def test_a_bell_that_is_closed_has_let_both_ends_go_and_rings_for_nobody(bell):
    ear = bell.ear.dup()
    bell.close()
    assert bell.ear.fileno() == bell._hammer.fileno() == -1
    assert ear.recv(1) == b""  # the other end is gone
    bell.ring()
    bell.close()
    assert ear.recv(1) == b""
    ear.close()
