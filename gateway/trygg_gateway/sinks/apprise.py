"""The Apprise sink: a short message to a person by e-mail, SMS or chat (message_words.py).

One table is one Apprise URL, since a message that reached one of two services could neither be
called delivered nor tried again. The URL holds a password or token as often as not, so it is in a
file. Apprise says yes or no: yes is ACCEPTED, for a mail server's 250 or an SMS service's 200 is no
word of anybody's telephone. No is always Later; its words are told unless they repeat a part of the
URL. A message that comes twice has the same `Ref`.

Apprise works in threads and cannot be interrupted: what has not answered in time counts as Later,
and may arrive all the same.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import get_ident

import apprise

from trygg_gateway.about import Lookup
from trygg_gateway.config_section import is_loopback
from trygg_gateway.config_sinks_people import AppriseSink as Settings
from trygg_gateway.delivery import Delivery
from trygg_gateway.own_records import GATEWAY
from trygg_gateway.sinks.message_words import Style, Words, words_of
from trygg_gateway.sinks.port import Answer, Later
from trygg_gateway.sinks.secret_file import read_line


class AppriseSink:
    """Messages to whoever is behind one Apprise URL."""

    batch = 20
    alarm_batch = 1
    confirms = Answer.ACCEPTED

    def __init__(
        self,
        settings: Settings,
        about: Lookup,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._settings = settings
        self._about = about
        self._now_ms = now_ms
        self._style = Style(settings.console_url or "", settings.coordinates)
        self._service: apprise.NotifyBase | None = None
        self._secrets: tuple[str, ...] = ()
        self._threads: ThreadPoolExecutor | None = None
        self.counters = {"sent": 0, "nothing_to_say": 0}

    async def start(self) -> None:
        """Read the URL; Later if it is none, or if it would send in the clear."""
        self._service = await asyncio.to_thread(service_of, self._settings)
        self._secrets = parts_of(read_line(self._settings.url_file) or "")
        self._threads = self._threads or ThreadPoolExecutor(4, "apprise")

    async def stop(self) -> None:
        """Let go of the threads, without waiting for what does not answer."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None

    async def deliver(self, entries: Sequence[Delivery]) -> Answer:
        """Send those that have words, one after the other."""
        for confirmed, entry in enumerate(entries):
            words = await self._words(entry)
            if words is None:
                self.counters["nothing_to_say"] += 1
                continue
            await self._send(words, confirmed)
            self.counters["sent"] += 1
        return Answer.ACCEPTED

    async def _words(self, entry: Delivery) -> Words | None:
        data = entry.data
        about = await asyncio.to_thread(self._about, data["device"])
        name = about.name if self._settings.names else data["device"]
        name = "the gateway" if name == GATEWAY else name
        number = data.get("fence_number")
        known = about.fence(number, data.get("fence_version")) or about.fence(number)
        numbered = f"fence {number}" if number else "the fence"
        fence = data.get("fence_name") or (known.name if known else numbered)
        return words_of(entry, name, fence, self._style, self._now_ms())

    async def _send(self, words: Words, confirmed: int) -> None:
        assert self._service is not None, "deliver before start"
        assert self._threads is not None, "deliver before start"
        send = partial(_notify, self._service, words)
        seconds = self._settings.timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                why = await asyncio.get_running_loop().run_in_executor(self._threads, send)
        except TimeoutError:
            raise Later(f"no answer in {seconds} s", confirmed=confirmed) from None
        if why is not None:
            hidden = any(part in why for part in self._secrets)
            said = "its words repeat the URL and are not told" if hidden else why
            service = self._service.service_name
            raise Later(f"{service} did not take it: {said}", confirmed=confirmed)


def _notify(service: apprise.NotifyBase, words: Words) -> str | None:
    """Send it; None if the service took it, else why not. In a thread."""
    heard = _Heard()
    log = logging.getLogger("apprise")
    log.propagate = False  # what it says may hold the message
    log.addHandler(heard)
    try:
        taken = service.notify(title=words.title, body=words.body, body_format="text")
    except Exception as error:  # noqa: BLE001 - plugins of 130 services; it is the peer's trouble
        return type(error).__name__
    finally:
        log.removeHandler(heard)
    return None if taken else "; ".join(heard.lines) or "it gave no reason"


class _Heard(logging.Handler):
    """The warnings of the thread that made it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._thread_id = get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep its first line; the rest may quote an answer."""
        if record.thread == self._thread_id:
            self.lines.append(record.getMessage().splitlines()[0].rstrip(". "))


def service_of(settings: Settings) -> apprise.NotifyBase:
    """The service behind the URL in the file. Later, never quoting the file."""
    url = read_line(settings.url_file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its plugins import what Python 3.13 drops
        service = apprise.Apprise.instantiate(url) if url else None
    if service is None:
        raise Later(
            f"{settings.url_file} holds no Apprise URL that can be used: one line, as in"
            " mailtos://user:password@mail.example?to=night@kommune.example"
        )
    clear = bool(service.protocol) and not service.secure
    if clear and not (settings.unprotected or is_loopback(str(service.host or ""))):
        secure = service.secure_protocol
        raise Later(
            f"{settings.url_file} holds a URL without TLS. Use {secure}://, or set unprotected ="
            " true if the link is protected in another way"
        )
    service.request_rate_per_sec = 0  # else it makes an alarm wait for seconds after another
    service.socket_connect_timeout = service.socket_read_timeout = settings.timeout_seconds
    return service


def parts_of(url: str) -> tuple[str, ...]:
    """What may be secret in a URL: every longer word but its scheme."""
    words = re.split(r"[/:@?&=,]+", url)[1:]
    return tuple(word for word in words if len(word) > 5)


def url_fault(settings: Settings) -> str | None:
    """Why the URL cannot be used, for `trygg gateway check`."""
    try:
        service_of(settings)
    except Later as error:
        return error.reason
    return None
