"""The operators' console: pages, their JSON, and what an operator may do.

`create_app` puts the parts together; the handlers are thin: read the request, ask the views in a
thread, answer JSON. Every handler that shows positions writes that down first (`log_read`), so a
read that cannot be logged is not answered.

    GET  /                        the page            GET  /api/trackers        list, worst first
    GET  /login                   the login page      GET  /api/alarms?open=1   alarms with timeline
    POST /api/login  {password}   opens a session     GET  /api/track/{device}?since=  positions
    POST /api/logout {}           ends it             POST /api/alarms/{id}/take   {who}
    GET  /api/session             what the page needs POST /api/alarms/{id}/close  {who, cause}
    POST /api/alarms/{id}/on-the-way, /at-the-person, /pass-on {who}, /reopen {who, cause}
    GET  /api/live                Server-Sent Events  GET  /api/health          counters, set aside
    GET  /metrics                 Prometheus          GET  /healthz             the console answers

Errors are JSON: `{"error": "<a sentence>"}`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from trygg_gateway.values import Refused
from trygg_gateway.web.asked import fences_of, since_of, who_asks, whole_number, words_of
from trygg_gateway.web.auth import ConsolePassword, Sessions
from trygg_gateway.web.guard import Guard
from trygg_gateway.web.live import Live
from trygg_gateway.web.login import Login
from trygg_gateway.web.port import Json, Views

STATIC = Path(__file__).parent / "static"
MAX_ALARMS = 1000
STRAY_BYTES = 12
MAX_ID = 10**15 - 1
TRACK_DEFAULT_S = 2 * 3600
# an alarm's steps as their paths have them → the view's method
STEPS = {
    "take": "take",
    "on-the-way": "on_the_way",
    "at-the-person": "at_the_person",
    "pass-on": "pass_on",
}
STEPS_WITH_CAUSE = {"close": "close", "reopen": "reopen"}


def create_app(
    views: Views,
    *,
    metrics: Callable[[], bytes] | None,
    password: ConsolePassword | None,
    tiles: str | None,
    allowed_hosts: list[str],
    tiles_credit: str = "",
    name: str = "",
) -> Starlette:
    """The console as an ASGI application; `app.state.live.close()` ends its streams.

    `allowed_hosts` are Host headers answered, with or without port. `tiles` is a Leaflet tile URL
    or None for a plain grid. ValueError: `tiles` is neither an http(s) URL nor a path.
    """
    sessions = Sessions() if password is not None else None
    console = Console(views, {"name": name, "tiles": tiles, "tiles_credit": tiles_credit})
    live = Live(views)
    routes = [*_page_routes(), *_api_routes(console)]
    routes.append(Route("/api/live", live.answer, methods=["GET"]))
    if metrics is not None:
        routes.append(Route("/metrics", _metrics_route(metrics)))
    if password is not None and sessions is not None:
        login = Login(password, sessions)
        console.page["password"] = True
        routes.append(Route("/api/login", login.enter, methods=["POST"]))
        routes.append(Route("/api/logout", login.leave, methods=["POST"]))
    app = Starlette(
        routes=[*routes, Mount("/static", StaticFiles(directory=STATIC))],
        middleware=[Middleware(Guard, hosts=allowed_hosts, sessions=sessions, tiles=tiles)],
        exception_handlers={HTTPException: _explain, Refused: _refused, Exception: _failed},
    )
    app.state.live = live
    return app


class Console:
    """The JSON handlers over one gateway's views."""

    def __init__(self, views: Views, page: Json) -> None:
        self._views = views
        self.page: Json = {"password": False, **page}

    async def session(self, request: Request) -> Response:
        """What the page must know before it draws anything."""
        return _json(self.page)

    async def trackers(self, request: Request) -> Response:
        """Every tracker, worst first; the positions in it are logged as read."""
        rows = await run_in_threadpool(self._views.trackers)
        shown = [str(row["device"]) for row in rows if row["position"] is not None]
        await self._log(request, "last position of", shown)
        return _json({"trackers": rows})

    async def alarms(self, request: Request) -> Response:
        """The newest alarms; `?open=1` leaves out the closed ones, `?limit=` is at most 1000."""
        limit = whole_number(request.query_params.get("limit", "200"), 1, MAX_ALARMS, "limit")
        open_only = request.query_params.get("open", "0") == "1"
        rows = await run_in_threadpool(self._views.alarms, open_only, limit)
        shown = [str(row["id"]) for row in rows if row["position"] is not None]
        await self._log(request, "position of alarm", shown)
        return _json({"alarms": rows})

    async def track(self, request: Request) -> Response:
        """One tracker's positions since `?since=` (unix seconds; two hours when not said)."""
        device = str(request.path_params["device"])
        since = since_of(request, int(time.time()) - TRACK_DEFAULT_S)
        await self._log(request, f"track since {since} of", [device])
        return _json({"track": await run_in_threadpool(self._views.track, device, since)})

    async def step(self, request: Request) -> Response:
        """An operator's step with an alarm, `{"who": name}`: take, on-the-way ... (STEPS)."""
        (who,) = await words_of(request, "who")
        act = getattr(self._views, STEPS[request.path_params["step"]])
        return _json({"alarm": await run_in_threadpool(act, _alarm_id(request), who)})

    async def step_with_cause(self, request: Request) -> Response:
        """Close or reopen: `{"who": name, "cause": what it was, or why}`."""
        who, cause = await words_of(request, "who", "cause")
        act = getattr(self._views, STEPS_WITH_CAUSE[request.path_params["step"]])
        return _json({"alarm": await run_in_threadpool(act, _alarm_id(request), who, cause)})

    async def fences(self, request: Request) -> Response:
        """Order a tracker these fences and no others: `{"who": name, "fences": [...]}`."""
        who, fences = await fences_of(request)
        device = str(request.path_params["device"])
        return _json(await run_in_threadpool(self._views.set_fences, device, fences, who))

    async def health(self, request: Request) -> Response:
        """The gateway's counters and what it set aside unread."""
        limit = whole_number(request.query_params.get("limit", "50"), 1, 500, "limit")
        counters = await run_in_threadpool(self._views.counters)
        rows = await run_in_threadpool(self._views.quarantine, limit)
        return _json({"counters": counters, "quarantine": [_beginning(row) for row in rows]})

    async def _log(self, request: Request, what: str, names: list[str]) -> None:
        if names:
            read = f"{what} {', '.join(names)}"
            await run_in_threadpool(self._views.log_read, who_asks(request), read)


def _api_routes(console: Console) -> list[Route | Mount]:
    return [
        Route("/api/session", console.session),
        Route("/api/trackers", console.trackers),
        Route("/api/alarms", console.alarms),
        Route("/api/track/{device}", console.track),
        Route("/api/trackers/{device}/fences", console.fences, methods=["POST"]),
        *(_step_route(step, console.step) for step in STEPS),
        *(_step_route(step, console.step_with_cause) for step in STEPS_WITH_CAUSE),
        Route("/api/health", console.health),
    ]


def _step_route(step: str, handler: Callable[[Request], Any]) -> Route:
    async def answer(request: Request) -> Response:
        request.path_params["step"] = step
        response: Response = await handler(request)
        return response

    return Route(f"/api/alarms/{{id:int}}/{step}", answer, methods=["POST"])


def _page_routes() -> list[Route | Mount]:
    def page(name: str) -> Callable[[Request], Response]:
        return lambda request: FileResponse(STATIC / name)

    async def healthz(request: Request) -> Response:
        return JSONResponse({"ok": True})

    return [
        Route("/", page("index.html")),
        Route("/login", page("login.html")),
        Route("/favicon.ico", page("favicon.svg")),
        Route("/healthz", healthz),
    ]


def _metrics_route(metrics: Callable[[], bytes]) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        body = await run_in_threadpool(metrics)
        return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")

    return answer


def _alarm_id(request: Request) -> int:
    return whole_number(str(request.path_params["id"]), 1, MAX_ID, "The alarm's number")


def _beginning(stray: Json) -> Json:
    """A stray with its payload's first bytes only: enough to name it, too few for a position."""
    return {**stray, "payload_hex": str(stray.get("payload_hex", ""))[: 2 * STRAY_BYTES]}


def _json(values: Json) -> Response:
    """An answer with the gateway's clock, by which the page counts ages."""
    return JSONResponse({**values, "now_ms": time.time_ns() // 1_000_000})


async def _explain(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentence = {404: "There is no such page.", 405: "That cannot be done there."}
    detail = error.detail if isinstance(error, HTTPException) else ""
    plain = detail if detail.endswith(".") else sentence.get(status, f"{detail}.")
    return JSONResponse({"error": plain}, status)


async def _refused(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 409)


async def _failed(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "The gateway failed while answering; its log says why."}, 500)
