"""Every dialogue of tests/vectors/at is held with the simulated modem, from switched off on."""

import pytest

from modem_chats import chats, lesson
from modem_stage import Stage


@pytest.mark.parametrize("name", sorted(chats()))
def test_the_simulator_says_what_the_manual_or_the_log_says(name):
    stage = Stage(chats()[name].part)
    for chat in lesson(name):
        stage.hold(chat)
