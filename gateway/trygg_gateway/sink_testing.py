"""The event that a person sends to see whether a sink's peer answers, and what it said."""

from __future__ import annotations

import asyncio
from typing import Final

from trygg_gateway.delivery import Delivery, attributes_of, rfc3339
from trygg_gateway.own_records import GATEWAY, OWN_BOOT, OWN_KIND
from trygg_gateway.sinks.port import Answer, Later, Refused, Sink
from trygg_gateway.values import ALARM, Row

TEST: Final = "test"  # the data's kind
TEST_S: Final = 60


def test_entry(gateway: str, who: str, now_ms: int) -> Delivery:
    """The entry: about the gateway and no person, and no alarm. Its number is the second."""
    now_s = now_ms // 1000
    row = Row(0, GATEWAY, OWN_BOOT, now_s, OWN_KIND, ALARM, now_s, now_ms, b"")
    attributes = attributes_of(row, gateway, "no.trygg.gateway.test", now_s)
    data = {
        "device": GATEWAY,
        "boot": row.boot,
        "seq": row.seq,
        "kind": TEST,
        "time": rfc3339(now_s),
        "received": rfc3339(now_s),
        "late": False,
        "late_by_s": 0,
        "what": TEST,
        "text": f"A test by {who}: this gateway reaches you. Nothing is to be done.",
    }
    return Delivery(0, attributes["id"], ALARM, False, now_ms, attributes, data, now_ms)


async def tested(sink: Sink, gateway: str, who: str, now_ms: int) -> tuple[bool, str]:
    """Send a test to a started sink: whether it worked, and what the peer said."""
    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(TEST_S):
            answer = await sink.deliver([test_entry(gateway, who, now_ms)])
    except (Later, Refused) as error:
        return False, f"{'not now' if isinstance(error, Later) else 'refused'}: {error.reason}"
    except TimeoutError:
        return False, f"no answer in {TEST_S} s"
    except Exception as error:  # noqa: BLE001 - a fault of ours; its text may hold anything
        return False, f"the sink fell over: {type(error).__name__}"
    took_ms = 1000 * (asyncio.get_running_loop().time() - began)
    meaning = {
        Answer.ACCEPTED: "it does not say that it keeps it",
        Answer.STORED: "it says that it keeps it",
        Answer.HANDLED: "it says that it has acted on it",
    }[answer]
    return True, f"{answer} after {took_ms:.0f} ms: {meaning}"
