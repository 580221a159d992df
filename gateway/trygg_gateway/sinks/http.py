"""The http sink: one POST an event, CloudEvents 1.0 as JSON, signed after Standard Webhooks 1.0.

Answers and what they mean here:

    202                           accepted: it will be worked on, nothing is said of keeping it
    any other 2xx                 stored
    400, 410, 413, 422 and other  refused: this event, never (it is set aside and shown)
    401 403 404 405 407           later: the endpoint is set up wrong, which is no event's fault; an
                                  alarm must not be set aside because a secret was being changed
    408 425 429, 3xx, 5xx,        later, after Retry-After if there is one; a redirect is not
    no answer, no connection      followed, since the body is somebody's whereabouts

At least once: after a crash, or an answer that was lost, an event comes again. The receiver knows
it by `webhook-id`, which is the event's id (identity of the record, no "." in it) on every try.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
from standardwebhooks import Webhook

from trygg_gateway.delivery import Delivery
from trygg_gateway.sinks.port import Answer, Later, Refused

SETUP_WRONG = (401, 403, 404, 405, 407)
NOT_NOW = (408, 425, 429)


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
        self._url = url
        self._secret_file = secret_file
        self._timeout_s = timeout_s
        self._ca = ca
        self._now = now
        self._webhook: Webhook | None = None
        self._client: httpx.AsyncClient | None = None
        self.counters: dict[str, int] = {}

    async def start(self) -> None:
        """Read the secret and the CA; Later if either cannot be read or is not one."""
        self._webhook = read_secret(self._secret_file)
        try:
            trust = ssl.create_default_context(cafile=self._ca)
        except OSError as error:
            raise Later(f"the CA {self._ca} cannot be read: {error}") from None
        self._client = httpx.AsyncClient(
            verify=trust,
            timeout=self._timeout_s,
            follow_redirects=False,
            trust_env=False,  # a proxy from the environment would read people's whereabouts
            headers={"user-agent": "trygg-gateway"},
        )

    async def stop(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def deliver(self, entries: Sequence[Delivery]) -> Answer:
        """Post the entries one after the other; an answer belongs to exactly one of them."""
        answers = [await self._post(entry, at) for at, entry in enumerate(entries)]
        return Answer.ACCEPTED if Answer.ACCEPTED in answers else Answer.STORED

    async def _post(self, entry: Delivery, confirmed: int) -> Answer:
        assert self._client is not None, "deliver before start"
        headers, body = self._signed(entry)
        try:
            # httpx's own time-out is for each read: an answer that trickles would never end
            async with asyncio.timeout(self._timeout_s):
                answer = await self._client.post(self._url, content=body, headers=headers)
        except TimeoutError:
            why = f"no whole answer in {self._timeout_s} s"
            raise Later(why, confirmed=confirmed) from None
        except httpx.HTTPError as error:
            said = str(error) or "no words"
            raise Later(f"{type(error).__name__}: {said}", confirmed=confirmed) from None
        return _judge(answer, self._now(), confirmed)

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


def _judge(answer: httpx.Response, now: datetime, confirmed: int) -> Answer:
    status = answer.status_code
    if 200 <= status < 300:
        return Answer.ACCEPTED if status == 202 else Answer.STORED  # RFC 9110, 15.3.3
    if 400 <= status < 500 and status not in NOT_NOW + SETUP_WRONG:
        raise Refused(f"the receiver answered {status}", confirmed)
    asked_s = retry_after_s(answer.headers.get("retry-after", ""), now)
    raise Later(f"the receiver answered {status}", asked_s, confirmed)


def retry_after_s(header: str, now: datetime) -> float | None:
    """Seconds a Retry-After header asks for, as a number or an HTTP date; None if neither."""
    header = header.strip()
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        at = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())
