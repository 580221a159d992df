"""What the gateway says: structured lines on standard error, never a coordinate or a secret.

Every line of ours (structlog) and of the libraries (logging) passes `redact` last before it is
written. It drops keys that name a place or a secret, at any depth, and takes what looks like a
coordinate or a webhook secret out of texts, tracebacks included. Dropping by name is the rule,
searching texts the net under it.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal, TextIO

import structlog

Form = Literal["console", "json"]

_DROPPED = re.compile(
    r"(^|_)(lat|lon|lng|latitude|longitude|position|positions|coordinate|coordinates|fix|fixes"
    r"|evidence|payload|body|password|passwd|secret|key|token|credential|credentials|authorization"
    r"|signature)(_e\d|_hash|_hex)?s?$",
    re.IGNORECASE,
)
_SECRET = re.compile(r"whs(ec|k)_[A-Za-z0-9+/=_-]+")
_DEGREES = re.compile(r"(?<![\d.:])-?\d{1,3}\.\d{4,}(?![\d.])")
_NOISY = ("httpx", "httpcore", "uvicorn", "asyncio")


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """The event without places and secrets (a structlog processor)."""
    return {key: _clean(value) for key, value in event.items() if not _DROPPED.search(key)}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _DEGREES.sub("(degrees dropped)", _SECRET.sub("(secret dropped)", value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"({len(value)} bytes)"
    if isinstance(value, Mapping):
        return redact(None, "", {str(key): one for key, one in value.items()})
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean(one) for one in value]
    if isinstance(value, (bool, int, type(None))):
        return value
    return _clean(str(value))


def start_logging(form: Form, level: str, out: TextIO = sys.stderr) -> None:
    """Send every log line of this process to `out` as `form`, from `level` upwards."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(_formatter(form, shared, out))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _formatter(form: Form, shared: list[Any], out: TextIO) -> logging.Formatter:
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if form == "console":
        renderer = structlog.dev.ConsoleRenderer(
            colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, renderer],
    )
