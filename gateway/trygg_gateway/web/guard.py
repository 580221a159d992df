"""What stands before every request: Host, session, Origin, and the headers of every answer.

- A wrong Host is refused (421): a foreign page that rebinds its name to 127.0.0.1 gets nothing.
- Without a password only this machine is answered (403), whatever the server was bound to.
- With a password, everything but the login page needs a session (401; a page: 303 to /login).
- A request that changes something must come from this console's own page (403) and be JSON (415),
  which a form on another site cannot send.
- No answer may be framed, sniffed, or run a script that is not a file of this console.

Refusals are JSON: `{"error": "<a sentence>"}`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trygg_gateway.web.auth import Sessions

COOKIE = "trygg_console"
OPEN_PATHS = ("/login", "/api/login", "/healthz")
LOCAL_PATHS = ("/metrics",)
_TILE_HOST = re.compile(r"https?://(\{s\}\.)?[A-Za-z0-9.-]+(:[0-9]+)?(?=/)")


class Guard:
    """ASGI middleware: refuses what may not pass, dresses every answer in its headers."""

    def __init__(
        self, app: ASGIApp, *, hosts: Iterable[str], sessions: Sessions | None, tiles: str | None
    ) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._sessions = sessions
        self._headers = safe_headers(tiles)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer = self._refusal(scope) or self._app
        # the console's own files may be kept but are asked for anew; answers are never kept
        keep = "no-cache" if scope["path"].startswith("/static/") else "no-store"
        await answer(scope, receive, _dressed(send, {"cache-control": keep, **self._headers}))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._knows_host(headers.get("host", "")):
            return _refuse(421, "This console does not answer to that host name.")
        return self._no_entry(scope, headers) or _foreign_change(scope, headers)

    def _knows_host(self, host: str) -> bool:
        host = host.lower()
        return host in self._hosts or host_name(host) in self._hosts

    def _no_entry(self, scope: Scope, headers: Headers) -> Response | None:
        path = scope["path"]
        if self._sessions is None:
            if is_this_machine(scope):
                return None
            return _refuse(403, "This console has no password, so it answers its own machine only.")
        if path in OPEN_PATHS or path.startswith("/static/"):
            return None
        if path in LOCAL_PATHS and is_this_machine(scope):
            return None
        if self._sessions.holds(session_token(headers)):
            return None
        if path.startswith("/api/") or path in LOCAL_PATHS:
            return _refuse(401, "Log in first.")
        return RedirectResponse("/login", 303)


def host_name(host: str) -> str:
    """The Host header without its port: `[::1]:8080` is `[::1]`."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def is_this_machine(scope: Scope) -> bool:
    """Whether the request's other end is a loopback address."""
    client = scope.get("client")
    try:
        return client is not None and ip_address(client[0]).is_loopback
    except ValueError:
        return False


def session_token(headers: Headers) -> str:
    """The session cookie's value; "" when there is none or the header is damaged."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return cookie.value if cookie else ""


def safe_headers(tiles: str | None) -> dict[str, str]:
    """The headers of every answer; map tiles' host may serve images, nothing else may."""
    images = "'self' data:" + (f" {tile_source(tiles)}" if tiles else "")
    policy = (
        f"default-src 'self'; img-src {images}; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )
    return {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        # tile hosts are told where the question comes from, never which page
        "referrer-policy": "strict-origin-when-cross-origin" if tiles else "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }


def tile_source(tiles: str) -> str:
    """A tiles URL as a CSP source: `https://{s}.tile.example/{z}/..` is `https://*.tile.example`."""
    if tiles.startswith("/"):
        return "'self'"
    found = _TILE_HOST.match(tiles)
    if found is None:
        raise ValueError(f"console tiles: wanted http(s)://host/.. or a path, got {tiles!r}")
    return found[0].replace("{s}", "*")


def _foreign_change(scope: Scope, headers: Headers) -> Response | None:
    if scope["method"] in ("GET", "HEAD"):
        return None
    # only host and port: behind a proxy that speaks TLS the schemes differ
    if urlsplit(headers.get("origin", "")).netloc.lower() != headers.get("host", "").lower():
        return _refuse(403, "A change must come from this console's own page (header Origin).")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return _refuse(415, "A change must be sent as application/json.")
    return None


def _refuse(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status)


def _dressed(send: Send, headers: dict[str, str]) -> Callable[[Message], Awaitable[None]]:
    async def send_dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer = MutableHeaders(scope=message)
            answer.update(headers)
        await send(message)

    return send_dressed
