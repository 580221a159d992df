"""What the gateway's own door counts, and what it bears: every bound in one place.

docs/doors.md has the same as a table for operators.
"""

from dataclasses import dataclass

COUNTERS = (
    "connections",  # connections opened, TLS done
    "logins",  # CONNECTs accepted
    "logins_certificate",  # those of them by a certificate, without a password
    "refused_auth",  # unknown tracker, wrong password or certificate, client id not the username
    "refused_guessing",  # logins not looked at, after too many wrong passwords
    "refused_full",  # no place: too many trackers, or too many logging in
    "refused_descriptors",  # times that the system had no descriptor or memory for a connection
    "refused_version",  # CONNECTs of MQTT 3.1 or 5
    "accept_paused",  # times that nobody was accepted for a moment: a flood, or much to check
    "handshakes_failed",  # connections whose TLS did not come about, or not in time
    "check_failed",  # the credential could not be checked: an error on our side
    "auth_timeouts",  # no CONNECT in time
    "takeovers",  # a tracker logged in again while its old connection stood
    "keepalive_closed",  # silent for 1.5 times its keepalive
    "oversize",  # closed for a packet larger than allowed
    "malformed",  # closed for what is not MQTT 3.1.1
    "qos2_refused",  # closed for a PUBLISH of quality of service 2
    "slow_closed",  # closed for not reading what we write: too many bytes, or for too long
    "unfinished_closed",  # closed for a packet that was begun and not ended in time
    "wrong_topic",  # publishes on a topic not the tracker's own
    "rate_paused",  # times that a connection was read no further for its rate
    "window_paused",  # times that it was for its unconfirmed publishes
    "deliver_failed",  # closed because deliver raised: an error on our side
    "publishes",  # publishes handed to deliver
    "pubacks",  # acknowledgements written
    "stale_confirms",  # confirms for a connection that is gone
    "subscribe_refused",  # filters refused: not the tracker's own down topic
    "down_sent",  # messages down handed to a connection
    "down_acked",  # acknowledgements of messages down
    "down_refused",  # messages down for a tracker not here, not subscribed, or full
)


@dataclass(frozen=True)
class Limits:
    """What one connection, and all of them together, may ask of the gateway."""

    max_packet: int = 16_384  # bytes, header and body
    max_connections: int = 10_000  # trackers logged in
    max_waiting: int = 500  # strangers: connections not yet logged in, in their handshake or after
    waiting_per_address: int = 250  # of one address; many trackers may stand behind one
    accept_per_s: int = 2_000  # connections accepted in the long run; the rest waits in the system
    work_waiting: int = 100  # handshakes and logins of ours to do; until then nobody is accepted
    auth_seconds: float = 10.0  # from the connection to its CONNECT, TLS included
    check_seconds: float = 60.0  # for our own check of the credential
    keepalive_s: float = 3_600.0  # longest keepalive granted, and that of one who asks for none
    packet_seconds: float = 60.0  # from the first byte of a packet to its last
    inflight: int = 256  # unconfirmed publishes of one connection
    rate_per_s: int = 200  # publishes of one connection in the long run; 0 = no limit
    burst: int = 2_000  # publishes of one connection at once
    write_high: int = 65_536  # bytes waiting for a client that does not read
    write_seconds: float = 30.0  # for which something may wait without a moment of nothing
    line_seconds: int = 180  # for which what we sent may stay without TCP's acknowledgement
    down_window: int = 32  # unacknowledged messages down to one connection

    @property
    def descriptors(self) -> int:
        """Open files that all this may take, with some for the gateway itself."""
        return self.max_connections + self.max_waiting + 200
