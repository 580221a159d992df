"""New settings for a running gateway: all or none, and no tracker notices."""

import asyncio
import json
import os
import signal
import socket
import ssl
import threading
import time
from types import SimpleNamespace

import pytest

from gateway.gateway_process import GatewayProcess, until
from gateway.raw_tracker import RawTracker
from gateway.records import report
from gateway.whole_lines import events_in
from trygg_gateway.config import load, parse
from trygg_gateway.config_changes import changes
from trygg_gateway.init_folder import make_folder
from trygg_gateway.tls import issue_server
from trygg_wire import packets

FILE = '[sinks.archive]\ntype = "file"\npath = "{}"\n'
HTTP = '[sinks.centre]\ntype = "http"\nurl = "http://127.0.0.1:1/x"\nsecret_file = "{}"\n'


def differing(tmp_path, old, new):
    return changes(*(parse(text, tmp_path / "gateway.toml") for text in (old, new)))


def test_what_needs_no_restart_is_taken_over(tmp_path):
    people = '[people.ingrid]\nname = "Ingrid"\nsinks = ["archive"]\n'
    duty = '[on_call.all]\npeople = ["ingrid"]\n'
    old = FILE.format("a.jsonl") + people
    new = FILE.format("b.jsonl") + people + duty + (
        '[alarms]\nnext_person_seconds = [30]\n[log]\nlevel = "debug"\n'
        "[watch]\ngrace_seconds = 60\n"
    )  # fmt: skip
    found = differing(tmp_path, old, new)
    assert found.taken == [
        "log.level", "watch.grace_seconds", "alarms.next_person_seconds", "sinks.archive",
        "on_call.all",
    ]  # fmt: skip
    assert found.restart == []
    assert found.sinks == ["archive"]
    assert found.merged.log.level == "debug"


def test_what_needs_a_restart_is_named_and_stays(tmp_path):
    tls = '[listener]\ntls = true\ncert = "{}"\nkey = "k"\n'
    old = tls.format("a")
    new = tls.format("b") + 'port = 9999\n[watch]\nenabled = false\n[gateway]\nname = "sor"\n'
    found = differing(tmp_path, old, new)
    assert found.restart == ["gateway.name", "listener.port", "watch.enabled"]
    assert found.taken == ["listener.cert"]
    assert found.merged.listener.port == 1883
    assert found.merged.listener.cert.name == "b"
    assert found.merged.watch.enabled
    assert found.merged.gateway.name == "trygg"


def test_a_sink_that_is_gone_and_one_that_is_new_are_differences(tmp_path):
    found = differing(tmp_path, FILE.format("a"), FILE.format("a").replace("archive", "other"))
    assert found.sinks == ["archive", "other"]
    assert differing(tmp_path, FILE.format("a"), FILE.format("a")).sinks == []


# -- the whole gateway -----------------------------------------------------------------------


class Load(threading.Thread):
    """A tracker that says one record after the other until it is told to end."""

    def __init__(self, line):
        super().__init__(daemon=True)
        self.line, self.acked, self.trouble = line, 0, None
        self.end = threading.Event()

    def run(self):
        try:
            while not self.end.is_set():
                seq = self.acked + 1
                self.line.publish(report(1, seq, int(time.time())), seq % 60_000 + 1)
                while self.line.receive()[0] != packets.PUBACK:
                    pass
                self.acked = seq
        except (OSError, TypeError, AssertionError) as error:
            self.trouble = repr(error)


def ids(path):
    return [event["id"] for event in events_in(path)]


def test_under_load_nothing_is_lost_and_no_tracker_is_cut_off(tmp_path):
    nord = tmp_path / "nord"
    with GatewayProcess(nord, FILE.format("one.jsonl")) as gateway:
        loads = [Load(gateway.tracker(gateway.add(name))) for name in ("astrid", "bjorn", "sigrid")]
        for load in loads:
            load.start()
        until(lambda: all(load.acked > 50 for load in loads), "load")

        gateway.settings(FILE.format("two.jsonl") + FILE.format("all.jsonl").replace(
            "archive", "further"), log={"level": "warning"})  # fmt: skip
        done = gateway.command("reload", "--json")
        said = json.loads(done.stdout)
        assert (done.returncode, said["done"]) == (0, True), done
        assert said["taken"] == ["log.level", "sinks.archive", "sinks.further"]

        # a file that is not one, a sink that does not start: all stays as it was
        gateway.config.write_text("[sinks.archive]\ntype = 3\n")
        assert gateway.command("reload").returncode == 2
        os.kill(gateway.process.pid, signal.SIGHUP)
        until(lambda: "sinks.archive" in _outcome(nord)["why"], "refusal")
        gateway.settings(FILE.format("gateway.toml/no.jsonl"))
        done = gateway.command("reload")
        assert done.returncode == 2
        assert "sink archive does not start" in done.stderr
        assert "old settings go on" in done.stderr

        before = [load.acked for load in loads]
        until(lambda: all(load.acked > was + 50 for load, was in zip(loads, before)), "more load")
        for load in loads:
            load.end.set()
            load.join(10)
        assert [load.trouble for load in loads] == [None] * 3, "a connection was cut"
        wanted = {f"{load.line.device}:1:{seq}" for load in loads
                  for seq in range(1, load.acked + 1)}  # fmt: skip
        until(lambda: set(ids(nord / "all.jsonl")) >= wanted, "all at the further sink")
        until(lambda: {*ids(nord / "one.jsonl"), *ids(nord / "two.jsonl")} >= wanted, "all")
        for load in loads:
            load.line.close()
        twice = len(ids(nord / "one.jsonl")) + len(ids(nord / "two.jsonl")) - len(wanted)
        assert twice <= 2 * 200 * 3, "what was under way goes again, no more than that"
        assert len(ids(nord / "all.jsonl")) == len(wanted)
        status = json.loads(gateway.command("status", "--json").stdout)
        assert not status["reload"]["done"]
        assert gateway.end() == 0


def _outcome(folder):
    return json.loads((folder / "data/reload.json").read_text())


def test_a_new_certificate_is_shown_to_who_comes_and_who_is_there_stays(tmp_path):
    nord = tmp_path / "nord"
    gateway = GatewayProcess(nord)
    tls = nord / "tls"
    issue_server(tls, ["localhost", "127.0.0.1"])
    gateway.settings(
        listener={"port": 0, "tls": True, "cert": "tls/server.crt", "key": "tls/server.key"}
    )
    with gateway:
        context = ssl.create_default_context(cafile=tls / "ca.crt")
        credentials = gateway.add()
        line = RawTracker(gateway.ports["listener"], "astrid", "nord", tls=context)
        assert line.log_in(credentials["password"].encode()) == (False, 0)
        before = shown(gateway, context)
        assert gateway.command("renew").returncode == 0
        assert shown(gateway, context) == before
        assert gateway.command("reload").returncode == 0
        assert shown(gateway, context) != before
        line.publish(report(1, 1, int(time.time())))
        assert line.expect_puback() == 1
        line.close()

        (tls / "server.key").write_text("no key")
        done = gateway.command("reload")
        assert done.returncode == 2
        assert "server.key" in done.stderr
        assert shown(gateway, context)


def shown(gateway, context):
    """The certificate's serial number, as a client sees it."""
    plain = socket.create_connection(("127.0.0.1", gateway.ports["listener"]), 10)
    with context.wrap_socket(plain, server_hostname="localhost") as line:
        return line.getpeercert()["serialNumber"]


def test_nobody_running_is_said(tmp_path):
    gateway = GatewayProcess(tmp_path / "nord")
    done = gateway.command("reload")
    assert done.returncode == 1
    assert "No gateway is running" in done.stderr


@pytest.mark.parametrize("secret", ["secrets/webhook", "secrets/none"])
def test_a_file_that_check_refuses_is_refused_at_a_reload(tmp_path, secret):
    from trygg_gateway.config_check import demand_fit
    from trygg_gateway.config_errors import ConfigError

    make_folder(tmp_path / "nord", "nord", ["localhost"], loopback_only=True)
    config = parse(HTTP.format(secret), tmp_path / "nord/gateway.toml")
    if secret == "secrets/webhook":
        demand_fit(config)
    else:
        with pytest.raises(ConfigError, match="secrets/none"):
            demand_fit(config)


def test_the_upkeep_waits_for_the_sinks_that_the_forwarder_says_are_owed(tmp_path):
    from trygg_gateway.service import Service
    from trygg_gateway.values import LANES, READER

    make_folder(tmp_path / "nord", "nord", ["localhost"], loopback_only=True)
    (tmp_path / "nord/gateway.toml").write_text(FILE.format("a.jsonl"))

    async def look():
        service = Service(load(tmp_path / "nord/gateway.toml"))
        try:
            assert service.upkeep._sinks() == {"archive": sorted(LANES), READER: LANES}
            service.forwarder._list(service.forwarder.sinks, [_coming("further")])
            assert set(service.upkeep._sinks()) == {"archive", "further", READER}
        finally:
            await service.stop()

    asyncio.run(look())


def _coming(name):
    outlet = SimpleNamespace(name=name, lanes=[1])
    return SimpleNamespace(outlet=outlet)
