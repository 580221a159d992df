"""The http sink: one POST an event, CloudEvents 1.0 as JSON, signed after Standard Webhooks 1.0.

What an answer means is in http_line.py: 202 is accepted, any other 2xx stored.

At least once: after a crash, or an answer that was lost, an event comes again. The receiver knows
it by `webhook-id`, which is the event's id (identity of the record, no "." in it) on every try.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from standardwebhooks import Webhook

from trygg_gateway.delivery import Delivery
from trygg_gateway.sinks.http_line import HttpLine, judged
from trygg_gateway.sinks.port import Answer, Later


class HttpSink:
    """A webhook at `url`; its secret is read from a file at start and never shown."""

    batch = 100
    alarm_batch = 1
    confirms = Answer.STORED

    def __init__(
        self,
        url: str,
        secret_file: Path,
        *,
        timeout_s: float = 15.0,
        ca: Path | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._secret_file = secret_file
        self._now = now
        self._webhook: Webhook | None = None
        self._line = HttpLine(url, timeout_s=timeout_s, ca=ca, now=now)
        self.counters: dict[str, int] = {}

    async def start(self) -> None:
        """Read the secret and the CA; Later if either cannot be read or is not one."""
        self._webhook = read_secret(self._secret_file)
        await self._line.start()

    async def stop(self) -> None:
        """Close the connections."""
        await self._line.stop()

    async def deliver(self, entries: Sequence[Delivery]) -> Answer:
        """Post the entries one after the other; an answer belongs to exactly one of them."""
        answers = [await self._post(entry, at) for at, entry in enumerate(entries)]
        return Answer.ACCEPTED if Answer.ACCEPTED in answers else Answer.STORED

    async def _post(self, entry: Delivery, confirmed: int) -> Answer:
        headers, body = self._signed(entry)
        return judged(await self._line.post(body, headers, confirmed), confirmed)

    def _signed(self, entry: Delivery) -> tuple[dict[str, str], bytes]:
        """Headers and body; the signature covers id, the time of this try, and the body."""
        assert self._webhook is not None, "deliver before start"
        body, now = entry.json, self._now()
        headers = {
            "content-type": "application/cloudevents+json",
            "webhook-id": entry.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(entry.id, now, body.decode()),
        }
        return headers, body


def read_secret(path: Path) -> Webhook:
    """The signer of a file that holds one `whsec_...` line. Later, never quoting the file."""
    try:
        text = path.read_text("ascii").strip()
        if not text.startswith("whsec_"):
            raise ValueError
        return Webhook(text)
    except OSError as error:
        raise Later(f"the secret file {path} cannot be read: {error.strerror}") from None
    except Exception:  # noqa: BLE001 - the library raises its own kinds; none may show the secret
        raise Later(f"the secret file {path} does not hold one line whsec_<base64>") from None
