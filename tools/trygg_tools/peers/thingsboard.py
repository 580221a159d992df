"""thingsboard-gateway as a process: from one broker to a platform behind another broker.

It is installed into a virtual environment of its own, never into ours:

    python3 -m venv /opt/thingsboard && /opt/thingsboard/bin/pip install thingsboard-gateway

TRYGG_THINGSBOARD=/opt/thingsboard says where. It reads what trackers say as JSON on
`trackers/<device>/up`, keeps it in SQLite and writes packs of telemetry to `v1/gateway/telemetry`.
In both setups it has no limits of rate and no statistics:

    manual  as its manual's example: each field mapped with its type, a pack each 50 ms at most
    tuned   in its favour: payloads taken whole, dated when received, no pause between two packs

The platform that it talks to is thingsboard_platform.py.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Literal

UP = "trackers/{device}/up"  # where its trackers publish
TELEMETRY = "v1/gateway/telemetry"  # where it publishes: {device: [{"ts", "values"}, ...]}
FIELDS = ("seq", "time_s", "lat", "lon", "accuracy_m", "battery_percent")  # of what trackers say
Setup = Literal["manual", "tuned"]
VARIABLE = "TRYGG_THINGSBOARD"
_PROGRAM = Path("bin/thingsboard-gateway")


class NoPeer(RuntimeError):
    """thingsboard-gateway cannot be started; the text says what was wanted and how to get it."""


def place(told: str = "") -> Path:
    """Its virtual environment: `told`, else what the environment variable says. Raises NoPeer."""
    named = told or os.environ.get(VARIABLE, "")
    if not named:
        raise NoPeer(
            f"start thingsboard-gateway: wanted its virtual environment in {VARIABLE}, got nothing."
            " Make one: python3 -m venv VENV && VENV/bin/pip install thingsboard-gateway"
        )
    if not (Path(named) / _PROGRAM).exists():
        raise NoPeer(
            f"start thingsboard-gateway: wanted {_PROGRAM} in {named}, got none."
            f" Install it: {named}/bin/pip install thingsboard-gateway"
        )
    return Path(named)


def version(venv: Path) -> str:
    """The version installed in `venv`."""
    found = sorted(venv.glob("lib/python3*/site-packages/thingsboard_gateway-*.dist-info"))
    return found[-1].name.split("-")[1].removesuffix(".dist") if found else "unknown"


class ThingsBoardGateway:
    """One gateway with its settings, storage and logs in `folder`; killed at the context's end.

    After `kill` it can be started again on the same folder.
    """

    def __init__(
        self,
        venv: Path,
        folder: Path,
        *,
        source_port: int,
        platform_port: int,
        setup: Setup = "manual",
    ) -> None:
        """It reads from the broker on `source_port` and writes to the one on `platform_port`."""
        self._program = venv / _PROGRAM
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "data").mkdir(parents=True, exist_ok=True)
        (folder / "logs").mkdir(exist_ok=True)
        self._write("tb_gateway.json", _gateway(platform_port, 50 if setup == "manual" else 0))
        self._write("mqtt.json", _connector(source_port, _CONVERTERS[setup]))
        self._write("logs.json", _LOGS)

    def _write(self, name: str, settings: dict[str, Any]) -> None:
        (self._folder / name).write_text(json.dumps(settings, indent=1), "utf-8")

    def start(self) -> None:
        """Begin; that it is ready its platform says (`Platform.ready`)."""
        with (self._folder / "output.log").open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the peer in the venv that was named
                [self._program],
                cwd=self._folder,
                env={**os.environ, "TB_GW_CONFIG_DIR": str(self._folder)},
                stdout=output,
                stderr=output,
            )

    @property
    def pid(self) -> int:
        """Its process, while it runs."""
        assert self._process is not None, "not started"
        return self._process.pid

    def kill(self) -> None:
        """As a power cut ends it: SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> ThingsBoardGateway:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def _gateway(platform_port: int, pause_ms: int) -> dict[str, Any]:
    return {
        "thingsboard": {
            "host": "127.0.0.1",
            "port": platform_port,
            "remoteShell": False,
            "remoteConfiguration": False,
            "statistics": {"enable": False, "enableCustom": False},
            "minPackSendDelayMS": pause_ms,
            "security": {"accessToken": "peer"},
            "qos": 1,
            **dict.fromkeys(("rateLimits", "dpRateLimits", "messagesRateLimits"), "0:0,"),
            **dict.fromkeys(
                ("deviceMessagesRateLimits", "deviceRateLimits", "deviceDpRateLimits"), "0:0,"
            ),
        },
        "storage": {"type": "sqlite", "data_file_path": "./data/"},
        "connectors": [{"name": "trackers", "type": "mqtt", "configuration": "mqtt.json"}],
    }


_CONVERTERS: dict[str, dict[str, Any]] = {
    "manual": {
        "timeseries": [
            {"type": "double" if field in ("lat", "lon", "accuracy_m") else "integer",
             "key": field, "value": f"${{{field}}}"}
            for field in FIELDS
        ]
    },
    "tuned": {"useReceivedTs": True, "timeseries": ["*"]},
}  # fmt: skip


def _connector(source_port: int, converter: dict[str, Any]) -> dict[str, Any]:
    prefix, suffix = UP.split("{device}")
    return {
        "broker": {
            "host": "127.0.0.1",
            "port": source_port,
            "clientId": "thingsboard-gateway",
            "version": 5,
            "cleanSession": False,
            "cleanStart": False,
            "sessionExpiryInterval": 86400,
            "security": {"type": "anonymous"},
        },
        "mapping": [
            {
                "topicFilter": UP.format(device="+"),
                "subscriptionQos": 1,
                "converter": {
                    "type": "json",
                    "deviceInfo": {
                        "deviceNameExpressionSource": "topic",
                        "deviceNameExpression": f"(?<={prefix})(.*?)(?={suffix})",
                        "deviceProfileExpressionSource": "constant",
                        "deviceProfileExpression": "tracker",
                    },
                    **converter,
                },
            }
        ],
    }


_LOGS: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler", "level": "WARNING"}},
    "root": {"level": "WARNING", "handlers": ["console"]},
}
