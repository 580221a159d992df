"""A webhook receiver that does what a receiver should: check, keep once, then say yes.

POST /hook      checks the Standard Webhooks signature and its time (5 minutes either way), keeps
                the body as one JSON line unless its webhook-id is there already, answers 200.
                401: the signature does not fit; nothing is kept.
GET  /received  what came: {"received", "unique", "doubles", "refused"}; ?device= and ?type= (the
                beginning of a type) narrow it, ?ids=1 lists the ids in the order they came.
POST /faults    [{"fault": ..., "times": n, "retry_after": s}]: the next requests go wrong, in turn:
                500 | 429 (with Retry-After) | hang (no answer for 60 s) | 202 (kept, "accepted") |
                301 (redirect) | 410 | 422 (refused) | lost (kept, then 500, as if the answer had
                been lost on its way).
                An empty list ends the faults.

A restarted receiver reads its file back, so a double is a double over a restart too. Lines are
handed to the operating system before the answer, which outlives a kill -9 but not a power cut.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
import uvicorn
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MAX_BODY = 256 * 1024
HANG_S = 60
FAULTS = ("500", "429", "hang", "202", "301", "410", "422", "lost")


class Fault(NamedTuple):
    """One request that is to go wrong."""

    name: str
    retry_after_s: int


class Kept(NamedTuple):
    """What the summary is counted from."""

    device: str
    type: str


class Receiver:
    """The receiver's memory: what was kept, how often each id came, which faults are due."""

    def __init__(self, secret: str, out: Path) -> None:
        self._webhook = Webhook(secret)
        self._out = out
        self._kept: dict[str, Kept] = {}
        self._times: Counter[str] = Counter()
        self.refused = 0
        self.faults: deque[Fault] = deque()
        out.parent.mkdir(parents=True, exist_ok=True)
        out.touch(mode=0o600)
        self._read_back()
        self._file = out.open("ab", buffering=0)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    async def hook(self, request: Request) -> Response:
        """POST /hook."""
        body = await request.body()
        fault = self.faults.popleft() if self.faults else None
        if fault is not None and fault.name not in ("202", "lost"):
            return await _go_wrong(fault)
        if len(body) > MAX_BODY:
            return JSONResponse({"error": f"more than {MAX_BODY} bytes"}, 413)
        event = self._verified(body, dict(request.headers))
        if event is None:
            self.refused += 1
            return JSONResponse({"error": "the signature does not fit"}, 401)
        self._keep(request.headers["webhook-id"], event)
        if fault is not None and fault.name == "lost":
            return JSONResponse({"error": "kept, but the answer is lost"}, 500)
        return JSONResponse({"kept": True}, 202 if fault is not None else 200)

    async def received(self, request: Request) -> Response:
        """GET /received."""
        device = request.query_params.get("device")
        kind = request.query_params.get("type", "")
        ids = [
            key
            for key, kept in self._kept.items()
            if (device is None or kept.device == device) and kept.type.startswith(kind)
        ]
        times = sum(self._times[key] for key in ids)
        said: dict[str, Any] = {"received": times, "unique": len(ids), "doubles": times - len(ids)}
        said["refused"] = self.refused
        if request.query_params.get("ids") == "1":
            said["ids"] = ids
        return JSONResponse(said)

    async def set_faults(self, request: Request) -> Response:
        """POST /faults; 400 for a fault there is not, which changes nothing."""
        asked = await request.json()
        if any(one.get("fault") not in FAULTS for one in asked):
            return JSONResponse({"error": f"wanted faults of {', '.join(FAULTS)}"}, 400)
        self.faults.clear()
        for one in asked:
            fault = Fault(one["fault"], int(one.get("retry_after", 1)))
            self.faults.extend([fault] * int(one.get("times", 1)))
        return JSONResponse({"due": len(self.faults)})

    def _verified(self, body: bytes, headers: dict[str, str]) -> dict[str, Any] | None:
        """The event, or None if signature, time or JSON do not fit."""
        try:
            event = self._webhook.verify(body, headers)
        except (WebhookVerificationError, ValueError):
            return None
        return event if isinstance(event, dict) else None

    def _keep(self, key: str, event: dict[str, Any]) -> None:
        self._times[key] += 1
        if key in self._kept:
            return
        self._file.write(json.dumps(event, ensure_ascii=False).encode() + b"\n")
        self._kept[key] = _kept(event)

    def _read_back(self) -> None:
        """The ids of the lines there are; a torn last line is cut off: it got no answer."""
        data = self._out.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            with self._out.open("r+b") as file:
                file.truncate(whole)
        for text in data[:whole].splitlines():
            event = json.loads(text)
            self._kept[event["id"]] = _kept(event)
            self._times[event["id"]] += 1


def _kept(event: dict[str, Any]) -> Kept:
    return Kept(str(event.get("subject", "")), str(event.get("type", "")))


async def _go_wrong(fault: Fault) -> Response:
    if fault.name == "hang":
        await asyncio.sleep(HANG_S)
        return JSONResponse({"error": "too late"}, 503)
    headers = {"retry-after": str(fault.retry_after_s)} if fault.name == "429" else {}
    if fault.name == "301":
        headers = {"location": "/elsewhere"}
    return JSONResponse({"error": "a fault, as ordered"}, int(fault.name), headers)


def receiver_app(receiver: Receiver) -> Starlette:
    """The receiver as an ASGI application."""
    return Starlette(
        routes=[
            Route("/hook", receiver.hook, methods=["POST"]),
            Route("/received", receiver.received, methods=["GET"]),
            Route("/faults", receiver.set_faults, methods=["POST"]),
        ]
    )


def run_receiver(host: str, port: int, secret_file: Path, out: Path) -> None:
    """Serve until SIGINT or SIGTERM. Bodies go to `out`, one JSON line each."""
    receiver = Receiver(secret_file.read_text("ascii").strip(), out)
    try:
        uvicorn.run(
            receiver_app(receiver),
            host=host,
            port=port,
            log_level="warning",
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
    finally:
        receiver.close()


def command(
    secret_file: Annotated[Path, typer.Option(help="File with the shared secret (whsec_...).")],
    out: Annotated[Path, typer.Option(help="JSON lines are appended here.")] = Path(
        "webhook.jsonl"
    ),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8099,
) -> None:
    """Receive what a gateway's http sink sends, check it, keep it once.

    Example: `trygg webhook --secret-file my/secrets/webhook --out events.jsonl`, with
    `url = "http://127.0.0.1:8099/hook"` in the gateway's file.
    """
    typer.echo(f"receiving on http://{host}:{port}/hook, keeping in {out}")
    run_receiver(host, port, secret_file, out)
