"""What a request says, checked: numbers in range, words that are words, who asks.

Whatever does not fit is answered 400 (or 413, too long) with a sentence; nothing is guessed.
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_BODY = 4096
MAX_FENCES_BODY = 262_144  # sixteen of 64 corners take a fifth of it
LIMITS = {"who": 60, "cause": 200, "password": 500}


def whole_number(text: str, low: int, high: int, name: str) -> int:
    """The number in `text`, low <= number <= high; 400 else."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1
    if not low <= number <= high:
        raise HTTPException(400, f"{name} must be a whole number from {low} to {high}.")
    return number


def since_of(request: Request, default: int) -> int:
    """`?since=` as unix seconds."""
    text = request.query_params.get("since", str(default))
    return whole_number(text, 0, int(time.time()) + 86400, "since")


async def words_of(request: Request, *names: str) -> list[str]:
    """The named texts of the JSON body, trimmed; none may be empty, long or unprintable."""
    body = await _json_object(request)
    return [_words(body.get(name), name) for name in names]


async def fences_of(request: Request) -> tuple[str, list[dict[str, Any]]]:
    """Who orders, and the fences as people write them; whether they are fit is judged later."""
    body = await _json_object(request, MAX_FENCES_BODY)
    fences = body.get("fences")
    if not isinstance(fences, list) or not all(isinstance(one, dict) for one in fences):
        raise HTTPException(400, "fences must be a list of objects.")
    return _words(body.get("who"), "who"), fences


def who_asks(request: Request) -> str:
    """Who reads, for the log of reads: the name the page tells, and the address it came from."""
    told = unquote(request.headers.get("x-trygg-operator", ""))[:60].strip()
    name = told if told and told.isprintable() else "operator not named"
    return f"{name} ({request.client.host if request.client else 'address unknown'})"


async def _json_object(request: Request, longest: int = MAX_BODY) -> dict[str, Any]:
    raw = b""
    async for part in request.stream():
        raw += part
        if len(raw) > longest:
            raise HTTPException(413, f"The request is longer than {longest} bytes.")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise HTTPException(400, "The request is not JSON.") from None
    if not isinstance(body, dict):
        raise HTTPException(400, "The request must be a JSON object.")
    return body


def _words(value: object, name: str) -> str:
    longest = LIMITS[name]
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > longest or not text.isprintable():
        raise HTTPException(400, f"{name} must be 1 to {longest} printable characters.")
    return text
