"""What a session at the gateway's own door asks of its connection, with TLS or without."""

from typing import Any, Protocol

from trygg_gateway.guesses import neighbourhood


class Line(Protocol):
    """asyncio's transport, or TLS before one (listener_tls.py)."""

    def write(self, data: bytes) -> None:
        """Send that."""

    def close(self) -> None:
        """Close when all is written."""

    def abort(self) -> None:
        """Close at once."""

    def pause_reading(self) -> None:
        """Read nothing more for now."""

    def resume_reading(self) -> None:
        """Read on."""

    def get_write_buffer_size(self) -> int:
        """Bytes that wait for the other end to read."""

    def set_write_buffer_limits(self, high: int) -> None:
        """More than that waiting is told by `pause_writing`."""

    def get_extra_info(self, name: str) -> Any:
        """What is known of the connection."""


def address_of(transport: Any) -> str:
    """Where a connection comes from, as guesses and crowds are counted."""
    peer = transport.get_extra_info("peername")
    return neighbourhood(str(peer[0])) if peer else ""
