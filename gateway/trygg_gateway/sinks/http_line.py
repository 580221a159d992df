"""Requests to one HTTP server, each bounded as a whole, and what its answers mean.

    202                           accepted: it will be worked on, nothing is said of keeping it
    any other 2xx                 stored
    400, 410, 413, 422 and other  refused: this request, never
    401 403 404 405 407           later: the endpoint is set up wrong, no record is at fault; an
                                  alarm must not be set aside because a secret was being changed
    408 425 429, 3xx, 5xx,        later, after Retry-After if there is one; a redirect is not
    no answer, no connection      followed, since the body is somebody's whereabouts

Errors name the host, never the path or the query: those may hold a token or a place.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from trygg_gateway.sinks.port import Answer, Later, Refused

SETUP_WRONG = (401, 403, 404, 405, 407)
NOT_NOW = (408, 425, 429)


class Reply(NamedTuple):
    """The status of an answer, and the seconds that it asks to wait."""

    status: int
    asked_s: float | None


class HttpLine:
    """The server at `url`."""

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float,
        ca: Path | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._ca = ca
        self._now = now
        self._client: httpx.AsyncClient | None = None

    async def start(self, login: tuple[str, str] | None = None) -> None:
        """Be ready, with a name and password for Basic; Later if the CA cannot be read."""
        try:
            trust = ssl.create_default_context(cafile=self._ca)
        except OSError as error:
            raise Later(f"the CA {self._ca} cannot be read: {error}") from None
        await self.stop()
        self._client = httpx.AsyncClient(
            verify=trust,
            timeout=self._timeout_s,
            follow_redirects=False,
            trust_env=False,  # a proxy from the environment would read people's whereabouts
            auth=login,
            headers={"user-agent": "trygg-gateway"},
        )

    async def stop(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def post(
        self, body: bytes, headers: Mapping[str, str], confirmed: int, query: str = ""
    ) -> Reply:
        """The reply to a POST; Later, counting `confirmed`, if there is none in time."""
        assert self._client is not None, "deliver before start"
        url = f"{self._url}?{query}" if query else self._url
        try:
            # httpx's own time-out is for each read: an answer that trickles would never end
            async with asyncio.timeout(self._timeout_s):
                answer = await self._client.post(url, content=body, headers=headers)
        except TimeoutError:
            raise Later(f"no whole answer in {self._timeout_s} s", confirmed=confirmed) from None
        except httpx.HTTPError as error:
            said = f"{urlsplit(self._url).hostname}: {type(error).__name__}: {error or 'no words'}"
            raise Later(said, confirmed=confirmed) from None
        asked_s = retry_after_s(answer.headers.get("retry-after", ""), self._now())
        return Reply(answer.status_code, asked_s)


def judged(reply: Reply, confirmed: int) -> Answer:
    """What the reply is worth; raises Later or Refused, counting `confirmed`."""
    status = reply.status
    if 200 <= status < 300:
        return Answer.ACCEPTED if status == 202 else Answer.STORED  # RFC 9110, 15.3.3
    if 400 <= status < 500 and status not in NOT_NOW + SETUP_WRONG:
        raise Refused(f"the receiver answered {status}", confirmed)
    raise Later(f"the receiver answered {status}", reply.asked_s, confirmed)


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
