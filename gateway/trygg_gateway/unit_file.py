"""The gateway's systemd unit: started again whenever it ends or hangs, and kept in a small room.

What it may not do, it cannot do: no other user's files, no devices, no new privileges, no kernel's
settings, no writing but to its own folder, no network but IP. See systemd.exec(5). `systemd-analyze
security --offline=true` gives it a figure; a test holds it to that.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

NAME: Final = "trygg-gateway.service"
WATCHDOG_S: Final = 60

_TEXT: Final = """\
# Made by `trygg gateway install-unit`. For what you want otherwise: systemctl edit {name}
[Unit]
Description=Trygg gateway {title}
Documentation=https://github.com/trygg/trygg
After=network-online.target time-sync.target mosquitto.service
Wants=network-online.target time-sync.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStartPre={program} gateway check --config {config}
ExecStart={program} gateway run --config {config}
ExecReload={program} gateway reload --config {config}
WorkingDirectory={folder}
User={user}
Group={group}
UMask=0077

# Started again whenever it ends, and when it gives no sign of life.
Restart=always
RestartSec=2
WatchdogSec={watchdog}
WatchdogSignal=SIGABRT
TimeoutStartSec=300
TimeoutStopSec=90
OOMScoreAdjust=-500
LimitNOFILE=65536
LimitCORE=0

# It writes to its own folder and to nothing else.
ProtectSystem=strict
ReadWritePaths={writable}
ProtectHome={home}
PrivateTmp=true
PrivateDevices=true
DevicePolicy=closed

# No way to more rights.
NoNewPrivileges=true
CapabilityBoundingSet=
AmbientCapabilities=
RestrictSUIDSGID=true
PrivateUsers=true
RemoveIPC=true
KeyringMode=private

# No hand on the machine.
ProtectKernelTunables=true
ProtectKernelModules=true
ProtectKernelLogs=true
ProtectControlGroups=true
ProtectClock=true
ProtectHostname=true
ProtectProc=invisible
ProcSubset=pid
LockPersonality=true
MemoryDenyWriteExecute=true
RestrictRealtime=true
RestrictNamespaces=true
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


class Unit(NamedTuple):
    """What the unit is made for."""

    program: Path  # `trygg`, whole path
    config: Path
    writable: Sequence[Path]  # folders beside the settings' own: the data, files of sinks
    user: str
    group: str
    title: str


def text(unit: Unit) -> str:
    """The unit's file. Raises ValueError: a path that systemd would read as several words."""
    for path in (unit.program, unit.config, *unit.writable):
        if set(str(path)) & set(" \t\n%\"'\\"):
            raise ValueError(f"{path} has characters that a unit cannot hold")
    folder = unit.config.parent
    writable = [folder, *(path for path in unit.writable if not path.is_relative_to(folder))]
    in_home = any(str(path).startswith(("/home/", "/root/")) for path in (unit.program, *writable))
    return _TEXT.format(
        name=NAME,
        title=unit.title,
        program=unit.program,
        config=unit.config,
        folder=folder,
        user=unit.user,
        group=unit.group,
        watchdog=WATCHDOG_S,
        writable=" ".join(map(str, writable)),
        home="read-only" if in_home else "true",
    )
