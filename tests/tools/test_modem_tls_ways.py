"""A door that asks for the server's name and a client's certificate, by each dialect's ways."""

import pytest

from tools.test_simulated_modem import DIALECTS, Tracker
from trygg_tools.modem_sim.far_memory import Guard

CERT = b"-----BEGIN CERTIFICATE----- kari"
KEY = b"-----BEGIN PRIVATE KEY----- kari"


class Known(Tracker):
    """One with a certificate of its own."""

    def config(self):
        config = super().config()
        self.flash.files |= {"/kari.crt": CERT, "/kari.key": KEY}
        return config | {"modem": config["modem"] | {"cert": "/kari.crt", "key": "/kari.key"}}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("way", ["mqtt", "socket"])
def test_the_server_s_name_is_said_and_a_client_s_certificate_shown(dialect, way):
    guard = Guard(sni="gateway", wants_cert=True)
    tracker = Known(dialect, way=way, tls=True, guard=guard)
    tracker.run(400)
    assert tracker.gateway.arrivals[0][2] < 60_000, "by the way that was asked for, no other"
    stranger = Tracker(dialect, way=way, tls=True, guard=guard)
    stranger.run(400)
    assert not stranger.gateway.records
