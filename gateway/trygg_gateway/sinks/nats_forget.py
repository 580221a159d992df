"""A person is forgotten in a stream: what was received of them before the word was said goes.

The record tells when it was received, not its place in the stream: lanes overtake each other, a
replay comes last, and a later wearer may have the name. So the messages are looked at one by one,
but for those that the stream got more than a day before the word: no clock is that wrong.

All of theirs before the first that stays go in one purge, the rest one at a time. What is published
meanwhile is not touched. Done twice it does no more, so it can be begun again after any error.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import orjson
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

RECEIVED: Final = "Trygg-Received"  # header: Unix milliseconds
CLOCKS_APART: Final = timedelta(days=1)  # ours and the server's, at the most


async def forget(stream: JetStreamContext, name: str, subject: str, said_ms: int) -> None:
    """Delete of `subject` in the stream `name` what was received until `said_ms`."""
    said = datetime.fromtimestamp(said_ms / 1000, UTC)
    at = await _first_since(stream, name, subject, said - CLOCKS_APART)
    stays: int | None = None
    apart: list[int] = []  # theirs, after one that stays
    while (message := await _next(stream, name, subject, at)) is not None:
        assert message.seq is not None
        at = message.seq + 1
        if _received_ms(message) > said_ms:
            stays = stays or message.seq
        elif stays is not None:
            apart.append(message.seq)
    before = stays or at
    if before > 1:  # below 1 is nothing, and to the server it would be everything
        await stream.purge_stream(name, seq=before, subject=subject)
    for seq in apart:
        await stream.delete_msg(name, seq)


async def _first_since(stream: JetStreamContext, name: str, subject: str, moment: datetime) -> int:
    """A sequence that parts those of `subject` that the stream got before the moment from the
    others; by halves, for a stream has its messages in the order of its own clock."""
    state = (await stream.stream_info(name)).state
    low, high = state.first_seq, state.last_seq + 1
    while low < high:
        middle = (low + high) // 2
        message = await _next(stream, name, subject, middle)
        if message is None or _time(message) >= moment:
            high = middle
        else:
            assert message.seq is not None
            low = message.seq + 1
    return max(low, 1)


async def _next(stream: JetStreamContext, name: str, subject: str, seq: int) -> RawStreamMsg | None:
    """The first message of the subject from that sequence on."""
    try:
        return await stream.get_msg(name, seq=seq, subject=subject, next=True)
    except NotFoundError:
        return None


def _received_ms(message: RawStreamMsg) -> int:
    """When the gateway received it: by the header, by the event (an older gateway's has no header),
    else when the stream got it."""
    try:
        return int((message.headers or {})[RECEIVED])
    except (KeyError, ValueError):
        pass
    try:
        received = datetime.fromisoformat(orjson.loads(message.data or b"")["data"]["received"])
    except (KeyError, TypeError, ValueError):
        received = _time(message)
    return int(received.timestamp() * 1000)


def _time(message: RawStreamMsg) -> datetime:
    assert message.time is not None
    return message.time
