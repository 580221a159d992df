"""Log in and out: a wrong password costs time, a right one gives a cookie no script can read."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from trygg_gateway.web.asked import words_of
from trygg_gateway.web.auth import SESSION_S, Brake, ConsolePassword, Sessions
from trygg_gateway.web.guard import COOKIE, session_token

MAX_WAITING = 8


class Login:
    """The two handlers. One password is checked at a time, in a thread; few may queue for it."""

    def __init__(self, password: ConsolePassword, sessions: Sessions) -> None:
        self._password = password
        self._sessions = sessions
        self._brake = Brake()
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def enter(self, request: Request) -> Response:
        """POST {password}: 200 with the cookie, 401 wrong, 429 too many tries."""
        (guess,) = await words_of(request, "password")
        address = request.client.host if request.client else ""
        if self._waiting >= MAX_WAITING:
            return _slow_down(5)
        self._waiting += 1
        try:
            async with self._turn:
                return await self._check(request, guess, address)
        finally:
            self._waiting -= 1

    async def leave(self, request: Request) -> Response:
        """POST {}: the session ends here and in the browser."""
        self._sessions.end(session_token(request.headers))
        answer = JSONResponse({"ok": True})
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return answer

    async def _check(self, request: Request, guess: str, address: str) -> Response:
        wait_s = self._brake.wait_s(address)
        if wait_s:
            return _slow_down(wait_s)
        if not await run_in_threadpool(self._password.matches, guess):
            self._brake.failed(address)
            return JSONResponse({"error": "That is not the password."}, 401)
        self._brake.passed(address)
        answer = JSONResponse({"ok": True})
        answer.set_cookie(
            COOKIE,
            self._sessions.open(),
            max_age=SESSION_S,
            path="/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer


def _slow_down(wait_s: int) -> Response:
    sentence = f"Too many wrong passwords; try again in {wait_s} s."
    return JSONResponse({"error": sentence}, 429, {"retry-after": str(wait_s)})
