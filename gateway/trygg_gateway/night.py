"""What needs somebody now, worst first: one sentence each, with what to do. Pure.

For whoever is woken at night and types `trygg gateway status`: nothing that is well is in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from trygg_gateway.watched import long_words

Json = dict[str, Any]

LIFE_S: Final = 60  # the sign of life comes every 10 s
UNTAKEN_S: Final = 60  # for a test; an alarm needs somebody from its first second
BEHIND_S: Final = {"alarm": 60, "live": 900, "backlog": 86_400}


def attention(said: Mapping[str, Any], now_s: int) -> list[str]:
    """What the status (cli/status.py) says that is not well."""
    return [
        *_gateway(said),
        *_alarms(said["alarms"], now_s),
        *_silent(said["silent"]),
        *_sinks(said["sinks"]),
        *_rest(said),
        *_tests(said["alarms"], now_s),
    ]


def _gateway(said: Mapping[str, Any]) -> Iterator[str]:
    if said["running"] is None:
        yield (
            "The gateway is not running: no tracker is heard, and each keeps what it says."
            " systemctl start trygg-gateway, or: trygg gateway run"
        )
    elif said["sign_of_life_s"] is not None and said["sign_of_life_s"] > LIFE_S:
        yield (
            f"The gateway gave its last sign of life {long_words(said['sign_of_life_s'])} ago: it"
            " hangs, its disk takes nothing, or a door is lost. journalctl -u trygg-gateway"
        )


def _alarms(alarms: Sequence[Json], now_s: int) -> Iterator[str]:
    for one in alarms:
        if one["test"]:
            continue
        age_s = now_s - one["raised_s"]
        about = f"Alarm {one['id']}, {one['name']}, {one['what']}, {long_words(age_s)} old"
        if one["form"] == "alarm" and one["state"] == "raised":
            sent = ", ".join(one["delivered"]) or "NOBODY"
            yield (
                f"{about}: nobody has taken it; confirmed by {sent}."
                f" trygg gateway alarms take {one['id']}"
            )
        elif one["form"] != "alarm":
            yield f"{about}. trygg gateway alarms show {one['id']}"


def _tests(alarms: Sequence[Json], now_s: int) -> Iterator[str]:
    for one in alarms:
        age_s = now_s - one["raised_s"]
        if one["test"] and one["state"] == "raised" and age_s > UNTAKEN_S:
            sent = ", ".join(one["delivered"]) or "NOBODY"
            yield (
                f"A test, no alarm: {one['id']}, {one['name']}, {long_words(age_s)} old; confirmed"
                f" by {sent}. trygg gateway alarms close {one['id']} --cause test"
            )


def _silent(silent: Sequence[Json]) -> Iterator[str]:
    for one in silent:
        heard = clock_words(one["silent_s"])
        yield f"{one['name']} has been silent for {heard}; battery then: {one['battery']}"


def clock_words(seconds: int | None) -> str:
    """A length of time, or that it is unknown."""
    return "ever" if seconds is None else long_words(seconds)


def _sinks(sinks: Sequence[Json]) -> Iterator[str]:
    for one in sinks:
        name = one["sink"]
        if one["state"] == "paused":
            yield (
                f"Sink {name} is paused by {one['paused_by']}, {one['behind']} records wait."
                f" trygg gateway sinks resume {name}"
            )
        elif one["state"] != "well":
            yield f"Sink {name} is in trouble: {one['trouble']}. trygg gateway sinks test {name}"
        for lane in one["lanes"]:
            if lane["waits_s"] > BEHIND_S[lane["lane"]]:
                yield (
                    f"Sink {name} has not taken {lane['records']} records of lane {lane['lane']},"
                    f" the oldest for {long_words(lane['waits_s'])}"
                )


def _rest(said: Mapping[str, Any]) -> Iterator[str]:
    if said["disk_free_mb"] < said["disk_wanted_mb"]:
        yield f"{said['disk_free_mb']} MB of disk are left. trygg gateway doctor"
    for one in said["rollouts"]:
        if one["state"] == "halted":
            yield (
                f"Roll-out {one['id']} has halted: {one['why']}. trygg gateway rollout show"
                f" {one['id']}"
            )
    for one in said["mendings"]:
        yield f"The journal was {one['what']}: {one['why']}. What it was is in {one['file']}"
    reload = said["reload"]
    if reload is not None and not reload["done"]:
        yield f"The last reload was refused, older settings are in force: {reload['why']}"
    if reload is not None and reload["restart"]:
        yield f"Settings wait for a restart: {', '.join(reload['restart'])}"
