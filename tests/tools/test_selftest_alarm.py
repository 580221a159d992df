"""A test alarm that no sink confirms is told with its reason, and with what to do."""

import subprocess
import sys

import pytest

from trygg_tools.provision.gateway_side import GatewaySide
from trygg_tools.selftest import alive
from trygg_tools.selftest import command as selftest_command

CENTRE = """
[sinks.centre]
type = "file"
path = "data/centre.jsonl"
lanes = {lanes}
"""


class Gateway:
    """Has one test alarm, and these sinks."""

    def __init__(self, sinks, accepted=(), raised=True):
        self.sinks, self.asked = sinks, 0
        said = {"id": 1, "device": "astrid-1", "test": True, "delivered": []}
        self.said = [said | {"accepted": list(accepted)}] if raised else []

    def alarms(self, device):
        self.asked += 1
        return self.said

    def sinks_for_alarms(self):
        return self.sinks


def told(gateway):
    found = alive.alarm_and_back(gateway, "astrid-1", set(), 0.6)
    assert (found.part, found.word) == ("test alarm", "failed")
    return found.text


def test_no_sink_at_all_is_said_at_once_with_how_to_set_one_up():
    gateway = Gateway([])
    said = told(gateway)
    assert "no sink is set up for alarms" in said
    assert "[sinks.centre] of gateway.toml" in said
    assert "trygg gateway reload" in said
    assert gateway.asked == 1, "nobody waits for a confirmation that cannot come"


def test_a_sink_that_is_there_is_told_by_its_trouble_or_by_what_it_does_not_say():
    well, ill = {"sink": "centre", "trouble": None}, {"sink": "sms", "trouble": "no answer in 15 s"}
    assert "no sink has confirmed it: `trygg gateway sinks list`" in told(Gateway([well]))
    assert "no sink has confirmed it (sms: no answer in 15 s)" in told(Gateway([well, ill]))
    assert "sms took it on but does not say that it keeps it" in told(Gateway([ill], ["sms"]))
    assert "the order did not arrive" in told(Gateway([], raised=False))


@pytest.mark.parametrize(
    ("lanes", "named"), [('["alarm"]', ["centre"]), ('["live"]', []), (None, [])]
)
def test_a_gateways_own_words_say_which_sinks_take_alarms(tmp_path, lanes, named):
    words = [sys.executable, "-m", "trygg_gateway", "init", str(tmp_path / "nord")]
    subprocess.run(words, check=True, capture_output=True)
    config = tmp_path / "nord" / "gateway.toml"
    if lanes:
        config.write_text(config.read_text("utf-8") + CENTRE.format(lanes=lanes), "utf-8")
    assert [one["sink"] for one in GatewaySide(config).sinks_for_alarms()] == named


def test_who_waits_for_a_board_that_sleeps_is_told_to_press_reset(monkeypatch, capsys):
    monkeypatch.setattr(selftest_command, "unit_on", _asleep)
    with pytest.raises(Asleep):
        selftest_command._tested("COM3", None, 0, False, False, 1, None, print)
    said = capsys.readouterr()
    assert ("press its reset button" in said.err, said.out) == (True, "")


class Asleep(Exception):
    """Nobody answers."""


def _asleep(port):
    raise Asleep
