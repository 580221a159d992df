"""`trygg gateway`: everything an operator does without the page. `app` is the command.

Commands that read or change trackers, alarms and orders work on the journal itself, whether a
gateway is running on it or not. A running one finds what was changed within two seconds.
"""

import typer

from trygg_gateway.cli import (
    alarms,
    audit,
    backup,
    bans,
    doctor,
    fence,
    monitoring,
    mosquitto,
    order,
    quarantine,
    reload,
    rollout,
    running,
    setup,
    sinks,
    status,
    tail,
    tracker,
    tracker_data,
    unit,
)

app = typer.Typer(
    name="gateway",
    help="Receive what trackers say, keep it, raise the alarm, send it on.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # a local may be somebody's whereabouts, or a secret
)

app.command("init")(setup.init)
app.command("run")(running.run)
app.command("reload")(reload.reload)
app.command("status")(status.status)
app.command("tail")(tail.tail)
app.command("config")(setup.config)
app.command("check")(setup.check)
app.command("doctor")(doctor.doctor)
app.command("audit")(audit.audit)
app.command("backup")(backup.backup)
app.command("backup-check")(backup.backup_check)
app.command("restore")(backup.restore)
app.command("monitoring")(monitoring.monitoring)
app.command("install-unit")(unit.install_unit)
app.command("password")(setup.password)
app.command("renew")(setup.renew)
app.command("mosquitto-config")(mosquitto.mosquitto_config)
app.add_typer(tracker.app, name="tracker")
app.add_typer(tracker.app, name="devices", hidden=True)  # the same by another word
tracker_data.add_to(tracker.app)
app.add_typer(fence.app, name="fence")
app.add_typer(order.app, name="order")
app.add_typer(order.app, name="orders", hidden=True)
app.add_typer(rollout.app, name="rollout")
app.add_typer(alarms.app, name="alarms")
app.add_typer(bans.app, name="bans")
app.add_typer(sinks.app, name="sinks")
app.add_typer(quarantine.app, name="quarantine")

__all__ = ["app"]
