"""A tracker's side of the line, byte by byte: sends what it is told, waits for what it expects.

To show that something was not sent, `silence()` asks for a PINGRESP and wants it to be the next
packet: what had been sent before would have come before. No test has to sleep and hope.
"""

import socket
import ssl

from trygg_wire import packets, topics

SECONDS = 30


class RawTracker:
    """One connection; `log_in` first, unless the test is about who does not."""

    def __init__(
        self,
        port: int,
        device: str = "aase",
        group: str = "nord",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.device = device
        self.up, self.down = topics.up(group, device), topics.down(group, device)
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self._reader = packets.Reader(1 << 24)
        self._got: list[tuple[int, int, bytes]] = []

    def __enter__(self) -> "RawTracker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Cut the line, as bad coverage does: no DISCONNECT."""
        self.socket.close()

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def log_in(
        self, password: bytes = b"secret", keepalive_s: int = 60, clean: bool = True
    ) -> tuple[bool, int]:
        """(session present, return code) of the CONNACK."""
        self.write(packets.connect(self.device, self.device, password, keepalive_s, clean))
        return packets.read_connack(self.expect(packets.CONNACK)[1])

    def publish(
        self,
        payload: bytes,
        packet_id: int = 1,
        *,
        topic: str = "",
        qos: int = 1,
        dup: bool = False,
    ) -> None:
        """PUBLISH on the own topic, or another; waits for nothing."""
        self.write(packets.publish(topic or self.up, payload, qos, packet_id, dup))

    def subscribe(self, *filters: str, qos: int = 1) -> list[int]:
        """The SUBACK's codes for the own down topic, or for other filters."""
        wanted = [(name, qos) for name in filters or (self.down,)]
        self.write(packets.subscribe(7, wanted))
        packet_id, codes = packets.read_suback(self.expect(packets.SUBACK)[1])
        assert packet_id == 7
        return codes

    def receive(self) -> tuple[int, int, bytes] | None:
        """The next packet as (type, flags, body); None when the other end has closed."""
        while not self._got:
            try:
                data = self.socket.recv(65_536)
            except ConnectionError:
                return None
            if not data:
                return None
            self._got = self._reader.feed(data)
        return self._got.pop(0)

    def expect(self, kind: int) -> tuple[int, bytes]:
        """(flags, body) of the next packet, which is of that type."""
        packet = self.receive()
        assert packet is not None, f"closed, wanted packet type {kind}"
        assert packet[0] == kind, f"wanted packet type {kind}, got {packet}"
        return packet[1], packet[2]

    def expect_puback(self) -> int:
        """The packet id of the next packet, a PUBACK."""
        return packets.read_puback(self.expect(packets.PUBACK)[1])

    def expect_message(self) -> tuple[str, bytes]:
        """(topic, payload) of the next packet, a PUBLISH, which is acknowledged."""
        topic, qos, packet_id, payload, _, _ = packets.read_publish(*self.expect(packets.PUBLISH))
        if qos:
            self.write(packets.puback(packet_id))
        return topic, payload

    def silence(self) -> None:
        """Nothing was sent to us so far that we have not received."""
        self.write(packets.PINGREQ)
        self.expect(packets.PINGRESP_TYPE)

    def closed(self) -> bool:
        """The other end closes; what it still says before is let pass."""
        while self.receive() is not None:
            pass
        return True
