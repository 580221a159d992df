"""Publishes on their way to a broker: packed by our own code, as many as it takes at once.

paho's `publish` costs an object, a lock and a system call for each message, a fifth of a
millisecond; here a batch is one buffer. Bytes and answers go in and out, nothing is sent from here.

Several senders take turns, a message each, so an alarm never waits behind somebody's batch. No more
are unacknowledged than the broker's Receive Maximum (MQTT 5, 3.3.4) and WINDOW allow. Packet
identifiers are from FIRST_ID on; those below are paho's, for subscriptions.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from trygg_wire import packets

WINDOW = 100  # most unacknowledged publishes; fewer if the broker says so
LOST = -1  # in the place of a reason code: the connection ended before there was one
TOO_LARGE = 0x95  # MQTT 5, 2.4: packet too large
FIRST_ID, IDS = 32_768, 32_768
HEAD_MOST = 512  # bytes of a packet beside its payload, more than ours ever have


class Message(NamedTuple):
    """One publish; `content` is its MQTT 5 content type."""

    topic: str
    payload: bytes
    retain: bool = False
    content: str = "application/json"


class Sending:
    """Messages of one sender: `codes` has the broker's reason for each, None until there is one."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages
        self.codes: list[int | None] = [None] * len(messages)
        self.next = 0  # the first that was not packed
        self._left = len(messages)
        self._news = asyncio.Event()
        if not messages:
            self._news.set()

    def answer(self, at: int, code: int) -> None:
        """What became of the message at that place."""
        if self.codes[at] is None:
            self.codes[at] = code
            self._left -= 1
            self._news.set()

    async def more(self) -> bool:
        """Wait for further answers; False once every message has its own."""
        await self._news.wait()
        self._news.clear()
        return self._left > 0


class Outbound:
    """What one connection has to send. `data` are the bytes that the line has not taken yet."""

    def __init__(self, five: bool) -> None:
        self.data = bytearray()
        self.room = 0  # how many more may be unacknowledged; none before the broker's welcome
        self.most_bytes = 0  # of a packet, 0: as it likes
        self._five = five
        self._senders: deque[Sending] = deque()
        self._waiting: dict[int, tuple[Sending, int]] = {}  # packet identifier → whose, which
        self._id = 0
        self._heads: dict[str, bytes] = {}  # content type → properties

    def add(self, messages: Sequence[Message]) -> Sending:
        """Messages to be sent; `pack` them."""
        sending = Sending(messages)
        if messages:
            self._senders.append(sending)
        return sending

    def withdraw(self, sending: Sending) -> None:
        """Its sender waits no longer: what was not packed is not sent."""
        sending.next = len(sending.messages)

    def pack(self) -> None:
        """Put into `data` what there is room for."""
        while self._senders and self.room > 0:
            sending = self._senders.popleft()
            at = sending.next
            if at >= len(sending.messages):
                continue
            sending.next += 1
            self._senders.append(sending)
            message = sending.messages[at]
            if self.most_bytes and len(message.payload) + HEAD_MOST > self.most_bytes:
                sending.answer(at, TOO_LARGE)
                continue
            self.room -= 1
            packet_id = self._free_id()
            self._waiting[packet_id] = (sending, at)
            self.data += self._packet(message, packet_id)

    def acked(self, packet_id: int, code: int) -> None:
        """The broker's PUBACK."""
        found = self._waiting.pop(packet_id, None)
        if found is not None:
            self.room += 1
            found[0].answer(found[1], code)

    def lost(self) -> None:
        """The connection is no more: everybody who waits is told."""
        self.room = 0
        sendings = {id(one): one for one in self._senders}
        sendings |= {id(one): one for one, _ in self._waiting.values()}
        self._senders.clear()
        self._waiting.clear()
        for sending in sendings.values():
            for at in range(len(sending.codes)):
                sending.answer(at, LOST)

    def _free_id(self) -> int:
        while True:
            self._id = (self._id + 1) % IDS
            if FIRST_ID + self._id not in self._waiting:
                return FIRST_ID + self._id

    def _packet(self, message: Message, packet_id: int) -> bytes:
        """Quality of service 1; with MQTT 5 its content type, and that it is UTF-8 (3.3.2.3)."""
        body: bytes = packets.text16(packets.checked_topic(message.topic))
        body += packet_id.to_bytes(2, "big")
        if self._five:
            body += self._properties(message.content)
        packet: bytes = packets.join_packet(
            packets.PUBLISH, 2 | message.retain, body + message.payload
        )
        return packet

    def _properties(self, content: str) -> bytes:
        known = self._heads.get(content)
        if known is None:
            text = b"\x01\x01\x03" + packets.text16(content)
            known = self._heads[content] = bytes([len(text)]) + text
        return known
