"""Registering trackers. Their secrets go to a file for the tracker, never to the screen."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

import typer

from trygg_gateway import order_book
from trygg_gateway.cli.mosquitto import follow
from trygg_gateway.cli.opened import (
    DEFAULT,
    AsJson,
    ConfigFile,
    Who,
    clock,
    journal_of,
    loaded,
    now_ms,
    print_json,
    print_table,
    running,
    tell_order,
    whoami,
)
from trygg_gateway.config import Config
from trygg_gateway.delivery import ACTIVITIES
from trygg_gateway.registry import Issued, Registry
from trygg_gateway.tls import (
    ClientCertificate,
    TlsError,
    der_of,
    hosts_of,
    issue_client,
    write_private,
)
from trygg_gateway.values import EPOCH, Refused

app = typer.Typer(
    help="Trackers that may speak: add, rotate, rotate-key, revoke, list, health, gaps, keep,"
    " forget.",
    no_args_is_help=True,
)

Device = Annotated[str, typer.Argument(help="The tracker's name: a-z, 0-9 and -.")]
Out = Annotated[
    Path, typer.Option(help="Where to write what the tracker needs (mode 0600, must be new).")
]
Certified = Annotated[
    bool,
    typer.Option(
        "--cert", help="A client certificate as well (needs listener.client_ca and its ca.key)."
    ),
]
Host = Annotated[
    str, typer.Option(help="Where the tracker finds the gateway.", show_default="the certificate's")
]


@app.command()
def add(
    device: Device,
    out: Out,
    group: Annotated[str, typer.Option(help="Who may see it: a municipality, a ward.")] = "home",
    name: Annotated[str, typer.Option(help="What people call it.", show_default="device")] = "",
    host: Host = "",
    cert: Certified = False,
    config_file: ConfigFile = DEFAULT,
) -> None:
    """Register a tracker and write its credentials to a file.

    With --cert it may show a certificate of its own at our front door instead of its password:
    `cert_der` and `key_der` in the file, base64.

    Example: `trygg gateway tracker add astrid --group nord --name "Astrid B." --out astrid.json`
    """
    config = loaded(config_file)
    with journal_of(config_file) as journal:
        _demand_new(out)
        address = _address(config)  # before anything is registered
        shown = _certificate(config, device) if cert else None
        registry = Registry(journal, now_ms)
        issued = registry.add(device, group, name)
        address = address._replace(host=host or address.host)
        _write(
            out, issued, address, journal.highest_boot(device), _certified(registry, device, shown)
        )
        follow(config, config_file, journal)


@app.command()
def rotate(
    device: Device,
    out: Out,
    host: Host = "",
    cert: Certified = False,
    config_file: ConfigFile = DEFAULT,
) -> None:
    """Give a tracker new secrets; the old ones are void, its certificate too.

    Example: `trygg gateway tracker rotate astrid --out astrid-new.json`
    """
    config = loaded(config_file)
    with journal_of(config_file) as journal:
        _demand_new(out)
        address = _address(config)  # before anything is registered
        shown = _certificate(config, device) if cert else None
        registry = Registry(journal, now_ms)
        issued = registry.rotate(device)
        address = address._replace(host=host or address.host)
        _write(
            out, issued, address, journal.highest_boot(device), _certified(registry, device, shown)
        )
        follow(config, config_file, journal)


@app.command("rotate-key")
def rotate_key(
    device: Device, who: Who = "", config_file: ConfigFile = DEFAULT, as_json: AsJson = False
) -> None:
    """Order a tracker to take a new key for its orders, over the air.

    Orders are signed with the old key until the tracker answers that it has the new one; what is
    owed then is signed anew. Its password stays. `rotate` gives both anew, by a file for a
    tracker at hand.

    Example: `trygg gateway tracker rotate-key astrid`
    """
    with journal_of(config_file) as journal:
        at_ms = now_ms()
        order_id = journal.write(
            lambda db: order_book.queue_key(db, device, whoami(who), at_ms)
        ).result()
    tell_order(order_id, device, "a new key, sent when it is heard", as_json)


@app.command()
def revoke(device: Device, config_file: ConfigFile = DEFAULT) -> None:
    """Let a tracker speak no more; what it said is kept.

    Example: `trygg gateway tracker revoke astrid`
    """
    config = loaded(config_file)
    with journal_of(config_file) as journal:
        Registry(journal, now_ms).revoke(device)
        typer.echo(f"{device}: revoked")
        follow(config, config_file, journal)


@app.command("list")
def list_(config_file: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """List the trackers, revoked ones too. No secrets.

    Example: `trygg gateway tracker list --json`
    """
    with journal_of(config_file) as journal:
        rows = [_shown(tracker._asdict()) for tracker in Registry(journal, now_ms).all()]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        row["added"] = clock(row["added_ms"] / 1000)
    columns = ["device", "group", "name", "added", "revoked"]
    print_table(rows, columns, "no trackers; `trygg gateway tracker add` registers one")


@app.command()
def health(device: Device, config_file: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Show what a tracker last said of itself: every counter of its newest health record.

    What each counts, and since when, stands in WIRE.md (firmware/trygg_wire). No position is in it.

    Example: `trygg gateway tracker health astrid`
    """
    with journal_of(config_file) as journal:
        found = journal.query("SELECT health FROM devices WHERE device = ?", (device,))
        if not found and device not in {one.device for one in Registry(journal, now_ms).all()}:
            raise Refused(f"{device} is not registered.")
    said = json.loads(found[0][0]) if found else {}
    if as_json:
        print_json(said)
        return
    rows = [{"figure": name, "value": value} for name, value in _figures(said)]
    print_table(rows, ["figure", "value"], f"{device} has not sent a health record yet")


def _figures(said: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """(name, value) of a health record in its own order, its time and charge for people."""
    for name, value in said.items():
        if name == "time_s":
            yield (
                "said",
                f"{value} s after a start" if said["time_is_uptime"] else clock(value + EPOCH),
            )
        elif name == "charge":
            yield from ((f"uah_{ACTIVITIES[one['activity']]}", one["uah"]) for one in value)
        elif name != "time_is_uptime":
            yield name, value


def _shown(tracker: dict[str, Any]) -> dict[str, Any]:
    return {name: tracker[name] for name in ("device", "group", "name", "added_ms", "revoked")}


def _demand_new(out: Path) -> None:
    if out.exists():
        raise Refused(f"{out} exists, and secrets are never overwritten. Name another file.")
    if not out.parent.is_dir():
        raise Refused(f"{out.parent} is no folder. Make it, or name another file.")


class Address(NamedTuple):
    """Where a tracker finds its front door, and the CA it trusts there."""

    host: str
    port: int
    tls: bool
    ca: Path | None


def _address(config: Config) -> Address:
    """Our own front door if there is one, else the broker. Raises Refused if no port is known."""
    listener, broker = config.listener, config.broker
    if not listener.enabled and broker.url is not None:
        url = urlsplit(broker.url)
        tls = url.scheme == "mqtts"
        return Address(url.hostname or "", url.port or (8883 if tls else 1883), tls, broker.ca)
    port = listener.port or _free_port(config)
    if not listener.tls or listener.cert is None:
        return Address(listener.host, port, False, None)
    return Address(hosts_of(listener.cert)[0], port, True, listener.cert.with_name("ca.crt"))


def _free_port(config: Config) -> int:
    """With listener.port = 0 only a running gateway knows where it listens."""
    said = running(config)
    if said is None or "listener" not in said:
        raise Refused("listener.port is 0: start the gateway first, or set listener.port.")
    return int(said["listener"].rpartition(":")[2])


def _certificate(config: Config, device: str) -> ClientCertificate:
    """One by the CA that our front door trusts. Raises Refused."""
    ca = config.listener.client_ca
    if not config.listener.tls or ca is None:
        raise Refused(
            "--cert needs listener.tls = true and listener.client_ca, the CA that trackers'"
            ' certificates are signed by. Set client_ca = "tls/ca.crt" and start the gateway anew.'
        )
    try:
        return issue_client(ca.parent, device)
    except TlsError as error:
        raise Refused(f"{error}. Its ca.key must be beside listener.client_ca.") from None


def _certified(registry: Registry, device: str, shown: ClientCertificate | None) -> dict[str, str]:
    """What the file has of a certificate that is the tracker's from now on."""
    if shown is None:
        return {}
    registry.certify(device, shown.sha256, shown.until_s)
    return {
        "cert_der": base64.b64encode(shown.cert_der).decode(),
        "key_der": base64.b64encode(shown.key_der).decode(),
    }


def _write(
    out: Path, issued: Issued, address: Address, boot_floor: int, certified: dict[str, str]
) -> None:
    """The keys are those of the tracker's own /config.json; `ca_der` is base64.

    `boot_floor`: a board that is flashed anew goes on beyond the boots that are known.
    """
    tracker = issued.tracker
    credentials: dict[str, Any] = {
        "device": tracker.device,
        "group": tracker.group,
        "host": address.host,
        "port": address.port,
        "tls": address.tls,
        "password": issued.password,
        "order_key": tracker.order_key.hex(),
        "boot_floor": boot_floor,
        **certified,
    }
    if address.ca is not None and address.ca.exists():
        credentials["ca_der"] = base64.b64encode(der_of(address.ca)).decode()
    write_private(out, json.dumps(credentials, indent=2).encode() + b"\n")
    typer.echo(f"{tracker.device}: registered in group {tracker.group}, credentials in {out}")
