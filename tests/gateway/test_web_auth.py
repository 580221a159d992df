"""The console's password, its sessions and the brake on guessing, on the test's own clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trygg_gateway.web import auth
from trygg_gateway.web.auth import Brake, ConsolePassword, PasswordFormatError, Sessions


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def test_a_password_is_known_again_from_its_line_of_text():
    password = ConsolePassword.of("rømmegrøt")
    again = ConsolePassword.from_text(password.text() + "\n")
    assert again == password
    assert again.matches("rømmegrøt")
    assert not again.matches("rommegrot")
    assert "rømmegrøt" not in password.text()


def test_the_same_password_never_gives_the_same_line():
    assert ConsolePassword.of("x").text() != ConsolePassword.of("x").text()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        "scrypt$16384$8$1$AAAA",
        "bcrypt$16384$8$1$AAAA$AAAA",
        "scrypt$x$8$1$AAAA$AAAA",
        "scrypt$16384$8$1$****$AAAA",
        "scrypt$16384$8$1$AAAA$AAAA",
        "scrypt$1073741824$8$1$AAAA$" + "A" * 43 + "=",
        "scrypt$16384$8$1$$" + "A" * 43 + "=",
        "scrypt$-2$8$1$AAAA$" + "A" * 43 + "=",
        "scrypt$1000$8$1$AAAA$" + "A" * 43 + "=",
    ],
)
def test_a_line_that_is_no_password_hash_is_refused(text):
    with pytest.raises(PasswordFormatError):
        ConsolePassword.from_text(text)


@given(st.text())
def test_any_text_is_a_password_hash_or_refused(text):
    with pytest.raises(PasswordFormatError):
        ConsolePassword.from_text("scrypt$" + text)


def test_a_session_ends_after_twelve_hours():
    clock = Clock()
    sessions = Sessions(clock)
    token = sessions.open()
    clock.now += auth.SESSION_S - 1
    assert sessions.holds(token)
    clock.now += 1
    assert not sessions.holds(token)


def test_a_session_that_was_ended_or_never_opened_is_none():
    sessions = Sessions(Clock())
    token = sessions.open()
    assert not sessions.holds(token + "x")
    assert not sessions.holds("")
    sessions.end(token)
    sessions.end(token)
    assert not sessions.holds(token)


def test_too_many_sessions_forget_the_oldest():
    sessions = Sessions(Clock())
    first, *rest = [sessions.open() for _ in range(auth.MAX_SESSIONS + 1)]
    assert not sessions.holds(first)
    assert all(sessions.holds(token) for token in rest)


def test_the_brake_lets_five_failures_pass_and_then_one_in_thirty_seconds():
    clock = Clock()
    brake = Brake(clock)
    for _ in range(auth.FREE_FAILURES):
        assert brake.wait_s("10.0.0.1") == 0
        brake.failed("10.0.0.1")
    assert brake.wait_s("10.0.0.1") == 30
    assert brake.wait_s("10.0.0.2") == 0, "another address is not slowed"
    clock.now += 29.5
    assert brake.wait_s("10.0.0.1") == 1
    clock.now += 0.5
    assert brake.wait_s("10.0.0.1") == 0
    brake.failed("10.0.0.1")
    assert brake.wait_s("10.0.0.1") == 30


def test_the_brake_forgets_after_a_success_and_after_a_quiet_quarter_of_an_hour():
    clock = Clock()
    brake = Brake(clock)
    for forget in (lambda: brake.passed("a"), lambda: setattr(clock, "now", clock.now + 901)):
        for _ in range(auth.FREE_FAILURES):
            brake.failed("a")
        assert brake.wait_s("a") == 30
        forget()
        brake.failed("a")
        assert brake.wait_s("a") == 0


def test_the_brake_remembers_a_bounded_number_of_addresses():
    brake = Brake(Clock())
    for i in range(auth.MAX_ADDRESSES + 100):
        brake.failed(str(i))
    assert len(brake._failures) == auth.MAX_ADDRESSES
