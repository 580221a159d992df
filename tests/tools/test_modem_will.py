"""The last will: each dialect's own MQTT leaves one with the broker, who says it of who is lost."""

import pytest

from tools.test_simulated_modem import DIALECTS, Tracker
from trygg_tools.modem_sim.far_memory import ANY
from trygg_tools.rig.modem_side import PLAIN

WILL = ("trygg/v1/lier/kari/gone", "gone")


class Willing(Tracker):
    """One that has a will, before a broker and no gateway."""

    def config(self):
        config = super().config()
        return config | {"modem": config["modem"] | {"will": list(WILL)}}


def wills(broker):
    return [(one.topic, one.payload.decode()) for one in broker.publishes if one.will]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_broker_says_the_will_of_a_tracker_whose_modem_is_out_of_cover(dialect):
    tracker = Willing(dialect)
    scene = tracker.side.scene
    scene.net.listeners.pop((ANY, PLAIN))
    scene.broker.listen(scene.net, ANY, PLAIN)
    tracker.run(40)
    assert scene.broker.publishes
    assert wills(scene.broker) == []
    scene.do("network lost")
    tracker.run(400)
    assert wills(scene.broker) == [WILL]
