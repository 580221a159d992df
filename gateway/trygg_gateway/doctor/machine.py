"""What the machine lets the gateway have: ports, open files, and somebody who starts it again."""

import resource
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from trygg_gateway.doctor.finding import Finding, error, good, note, warning
from trygg_gateway.ports import PortTaken, demand_free

FILES, PORTS, GUARD = "open files", "ports", "systemd"
SPARE_FILES = 200  # journal, sinks, console
UNIT = "trygg-gateway.service"


class Wanted(NamedTuple):
    """A port the settings want: host, number, and the setting's name."""

    host: str
    port: int
    setting: str


def ports(wanted: Sequence[Wanted], running: bool) -> Iterator[Finding]:
    """Whether they can be had. A running gateway has its own already."""
    if running:
        yield good(PORTS, "the running gateway has them")
        return
    taken = False
    for one in wanted:
        try:
            demand_free(one.host, one.port, one.setting)
        except PortTaken as failure:
            taken = True
            yield error(PORTS, str(failure), "The gateway would not start", "")
    if not taken:
        yield good(PORTS, "free: " + (", ".join(str(one.port) for one in wanted) or "none wanted"))


def open_files(connections: int, pid: int | None) -> Finding:
    """Whether every tracker allowed can have its connection; of the running gateway if there is."""
    limit = _limit_of(pid) if pid else resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    whose = "the running gateway" if pid else "a program started from here"
    needed = connections + SPARE_FILES
    if 0 <= limit < needed:
        return error(
            FILES, f"{whose} may open {limit:,}; {connections:,} trackers need {needed:,}",
            "Trackers beyond that are turned away", "LimitNOFILE= in the unit, or ulimit -n",
        )  # fmt: skip
    return good(FILES, f"{whose} may open {limit:,}, {needed:,} are needed")


def _limit_of(pid: int, proc: Path = Path("/proc")) -> int:
    """The soft limit of a process (proc(5), limits); -1 if it cannot be read or there is none."""
    try:
        lines = (proc / str(pid) / "limits").read_text("ascii").splitlines()
    except OSError:
        return -1
    (line,) = [one for one in lines if one.startswith("Max open files")]
    word = line.split()[3]
    return int(word) if word.isdigit() else -1


def unit_properties(unit: str = UNIT) -> Mapping[str, str]:
    """What systemd says of the unit; empty where there is no systemd to ask."""
    command = ["systemctl", "show", unit, "--property=LoadState,UnitFileState,WatchdogUSec,Restart"]
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            command, capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {key: value for key, _, value in pairs if key}


def guard(properties: Mapping[str, str]) -> Finding:
    """Whether somebody starts the gateway again, also when it hangs."""
    todo = "trygg gateway install-unit"
    if not properties:
        return note(GUARD, "cannot be asked here", "Something has to start the gateway again")
    if properties.get("LoadState") != "loaded":
        return warning(
            GUARD, f"there is no {UNIT}", "After a crash or a power cut nobody starts the gateway",
            todo,
        )  # fmt: skip
    if properties.get("UnitFileState") not in ("enabled", "enabled-runtime"):
        return warning(
            GUARD, f"{UNIT} is not enabled", "After a power cut nobody starts the gateway",
            f"systemctl enable {UNIT}",
        )  # fmt: skip
    watchdog = properties.get("WatchdogUSec", "0")
    if watchdog in ("0", "infinity") or properties.get("Restart") in ("no", None):
        return warning(
            GUARD, f"{UNIT} has no watchdog or no restart", "A gateway that hangs stays so", todo
        )
    return good(GUARD, f"{UNIT} starts it again, and after {watchdog} of silence")
