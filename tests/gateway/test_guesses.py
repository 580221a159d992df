"""Guessing is slowed by device and by address, and locks no tracker out where it is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trygg_gateway import guesses as guesses_module
from trygg_gateway.guesses import ADDRESS, DEVICE, KNOWN, LONGEST_S, Ban, Guesses, neighbourhood

HOME, ELSEWHERE = "192.0.2.7", "198.51.100.9"


def guess(guesses, times, device="astrid", address=ELSEWHERE, now=0.0):
    """So many wrong passwords, as fast as they are listened to; how many were."""
    listened = 0
    for _ in range(times):
        if not guesses.wait_s(device, address, now):
            guesses.wrong(device, address, now)
            listened += 1
    return listened


def test_a_device_is_guessed_at_so_often_at_once_and_then_once_in_a_while():
    guesses = Guesses()
    assert guess(guesses, 100) == DEVICE.free
    assert guesses.wait_s("astrid", ELSEWHERE, 0.0) == DEVICE.first_s
    assert guess(guesses, 100, now=DEVICE.first_s - 0.1) == 0
    assert guess(guesses, 100, now=DEVICE.first_s) == 1
    assert guess(guesses, 100, now=1e6) == DEVICE.free, "all is forgiven in time"


def test_each_ban_is_twice_as_long_as_the_one_before_up_to_the_longest():
    guesses, now, waits = Guesses(), 0.0, []
    guess(guesses, 100)
    for _ in range(8):
        waits.append(guesses.wait_s("astrid", ELSEWHERE, now))
        now += waits[-1]
        while not guesses.wait_s("astrid", ELSEWHERE, now):
            guesses.wrong("astrid", ELSEWHERE, now)  # as soon as somebody listens
    assert waits[:4] == [30.0, 60.0, 120.0, 240.0]
    assert waits[-1] == LONGEST_S


def test_a_ban_is_listed_and_can_be_lifted():
    guesses = Guesses()
    guess(guesses, 100)
    assert guesses.bans(1.0) == [Ban("astrid", "", DEVICE.free, DEVICE.first_s - 1)]
    guesses.lift("astrid", "")
    assert guesses.bans(1.0) == []
    assert guesses.wait_s("astrid", ELSEWHERE, 1.0) == 0
    guesses.lift("eve", "")  # who is not banned


def test_an_address_that_guesses_at_many_devices_is_slowed_as_a_whole():
    guesses = Guesses()
    listened = sum(guess(guesses, 3, device=f"tracker-{n}") for n in range(100))
    assert listened == ADDRESS.free
    assert guesses.wait_s("bodil", ELSEWHERE, 0.0) == ADDRESS.first_s
    assert guesses.wait_s("bodil", HOME, 0.0) == 0, "the others are not"


def test_a_tracker_gets_in_where_it_is_known_however_much_others_guess():
    guesses = Guesses()
    guesses.right("astrid", HOME)
    for now in range(0, 3600, 5):
        guess(guesses, 50, now=now)
        guess(guesses, 50, device="bodil", address=HOME, now=now)
        assert guesses.wait_s("astrid", HOME, now) == 0
    assert guesses.wait_s("astrid", ELSEWHERE, now) > 0, "who guesses has to wait"


def test_a_tracker_gets_in_from_a_new_address_however_much_others_guess_at_it():
    guesses = Guesses()
    for now in range(0, 3600, 5):
        guess(guesses, 50, now=now)
        assert guesses.wait_s("astrid", f"203.0.113.{now % 250}", now) == 0
    assert guess(guesses, 100, address="203.0.113.1", now=now) == 1, "one guess, and it waits"


def test_who_guesses_from_where_the_tracker_is_known_is_slowed_too():
    guesses = Guesses()
    guesses.right("astrid", HOME)
    assert guess(guesses, 100, address=HOME) == KNOWN.free
    assert guesses.wait_s("astrid", HOME, 0.0) == KNOWN.first_s
    guesses.right("astrid", HOME)
    assert guesses.wait_s("astrid", HOME, 0.0) == 0, "the right password forgives"


@given(st.lists(st.floats(0, 3000), min_size=1, max_size=300))
def test_nobody_waits_longer_than_the_longest(times):
    guesses = Guesses()
    guesses.right("bodil", HOME)
    for now in sorted(times):
        for device, address in (("astrid", ELSEWHERE), ("bodil", HOME)):
            guesses.wrong(device, address, now)  # all at once: nobody was asked before
            assert 0 <= guesses.wait_s(device, address, now) <= LONGEST_S


def test_memory_is_bounded_and_the_forgiven_go_first(monkeypatch):
    monkeypatch.setattr(guesses_module, "KEPT_MAX", 50)
    guesses = Guesses()
    guess(guesses, 20, device="astrid", address=HOME)
    for number in range(500):
        now = 1e4 + number
        guesses.wrong(f"tracker-{number}", f"198.51.100.{number}", now)
        guesses.right(f"tracker-{number}", HOME)
    assert len(guesses._blamed) <= 51
    assert len(guesses._known) <= 50


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("/run/socket", ""),
    ],
)
def test_an_address_is_one_of_ipv4_or_a_net_of_ipv6(host, address):
    assert neighbourhood(host) == address
