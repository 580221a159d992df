"""A Mosquitto's folder: made once, kept in step with the trackers, and told to read it again.

    mosquitto.conf   users   acl        replaced whole, each in one rename
    data/  conf.d/                      the broker's memory; the operator's own settings
    server.crt  server.key              of the gateway's CA; renewed with `--renew`
    mosquitto.pid                       written by the broker

The passwords of the gateway's user and of the two probes lie in the gateway's own `secrets/`. A
tracker's hash lies in the journal from when it was registered, so the folder can be made anew.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from trygg_gateway.mosquitto import texts
from trygg_gateway.mosquitto.password_hash import broker_hash
from trygg_gateway.mosquitto.texts import GATEWAY_USER, PROBE_USERS, Place
from trygg_gateway.tls import RENEW_DAYS, days_left, hosts_of, issue_server, write_private
from trygg_gateway.values import Refused, Tracker

Hashes = Iterable[tuple[str, str]]  # (device, Mosquitto's hash of its password)


class Written(NamedTuple):
    """What became of the files: who can log in, who cannot yet, whether the broker was told."""

    users: int
    without: Sequence[str]  # registered before hashes were kept: `tracker rotate` makes one
    told: str


def make(place: Place, tls: Path | None, hosts: Sequence[str], secret_folder: Path) -> Place:
    """The folder with everything but the trackers. `tls` is the gateway's, with its CA; None: none.

    Raises Refused: no such user, or the files cannot be given to it.
    """
    for part in (place.folder, place.folder / "data", place.folder / "conf.d"):
        part.mkdir(mode=0o750, parents=True, exist_ok=True)
        _give(part, place.user)
    if tls is not None:
        place = _certified(place, tls, hosts)
    _write(place.folder / "mosquitto.conf", texts.configuration(place), place.user)
    for name in (GATEWAY_USER, *PROBE_USERS):
        password_file(secret_folder, name)
    return place


def password_file(secret_folder: Path, name: str) -> Path:
    """The file with the password of one of our own users, made if there is none."""
    path = secret_folder / f"broker{'' if name == GATEWAY_USER else name}"
    if not path.exists():
        secret_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, secrets.token_urlsafe(24).encode() + b"\n")
        _give(path, owner_of(secret_folder.parent))  # root may have been asked to do this
    return path


def keep(folder: Path, secret_folder: Path, trackers: Sequence[Tracker], hashes: Hashes) -> Written:
    """Write users and rights as the trackers are now, and have the broker read them."""
    known = dict(hashes)
    may = texts.speaking(trackers)
    own = [
        (name, broker_hash(password_file(secret_folder, name).read_bytes().strip()))
        for name in (GATEWAY_USER, *PROBE_USERS)
    ]
    rows = [(one.device, known[one.device]) for one in may if known.get(one.device)]
    owner = owner_of(folder)
    _write(folder / "acl", texts.rights(may), owner)
    _write(folder / "users", texts.users(own + rows), owner)
    without = [one.device for one in may if not known.get(one.device)]
    return Written(len(rows), without, _tell(folder / "mosquitto.pid"))


def out_of_step(folder: Path, trackers: Sequence[Tracker], hashes: Hashes) -> list[str]:
    """Who may log in and should not, or the other way; by names. Raises OSError."""
    lines = (folder / "users").read_text("utf-8").splitlines()
    there = {line.partition(":")[0]: line.partition(":")[2] for line in lines}
    known = dict(hashes)
    wanted = {one.device: known.get(one.device, "") for one in texts.speaking(trackers)}
    strangers = there.keys() - wanted.keys() - {GATEWAY_USER, *PROBE_USERS}
    differing = {name for name, kept in wanted.items() if there.get(name, "") != kept}
    return sorted(strangers | differing)


def _certified(place: Place, tls: Path, hosts: Sequence[str]) -> Place:
    """Its own certificate from the gateway's CA: a new one if none fits, or at its end."""
    cert, key = place.folder / "server.crt", place.folder / "server.key"
    fresh = cert.exists() and hosts_of(cert) == list(hosts) and days_left(cert) > RENEW_DAYS
    if not fresh:
        issue_server(tls, list(hosts), into=place.folder)
    shutil.copyfile(tls / "ca.crt", place.folder / "ca.crt")
    for path in (cert, key):
        _give(path, place.user)
    return place._replace(cert=cert, key=key)


def _write(path: Path, text: str, user: str) -> None:
    """Replace a file whole, for its user's eyes only. Mosquitto reads as that user."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    write_private(new, text.encode())
    _give(new, user)
    new.replace(path)


def _give(path: Path, user: str) -> None:
    if not user:
        return
    try:
        entry = pwd.getpwnam(user)
        if os.stat(path).st_uid != entry.pw_uid:
            os.chown(path, entry.pw_uid, entry.pw_gid)
    except KeyError:
        raise Refused(f"There is no user {user} here. Install Mosquitto first.") from None
    except PermissionError:
        raise Refused(
            f"{path} cannot be given to {user}, as whom Mosquitto runs. Do this as root, or leave"
            " --user out and run Mosquitto as yourself."
        ) from None


def owner_of(folder: Path) -> str:
    """The name of the user whose it is."""
    return pwd.getpwuid(folder.stat().st_uid).pw_name


def _tell(pid_file: Path) -> str:
    """Have a running Mosquitto read its files again; in words what came of it."""
    try:
        pid = int(pid_file.read_text().strip())
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except (OSError, ValueError):
        return "is not running: it reads them when it starts"
    if name != "mosquitto":
        return "is not running: it reads them when it starts"
    try:
        os.kill(pid, signal.SIGHUP)
    except PermissionError:
        return f"is to be told: kill -HUP {pid}, as root"
    except ProcessLookupError:
        return "is not running: it reads them when it starts"
    return f"was told to read them (pid {pid})"
