"""What the doctor says of brokers: real ones, asked, and their configurations, read."""

import getpass
import json

import pytest
from typer.testing import CliRunner

from gateway.mosquitto import Mosquitto, free_port
from gateway.mosquitto_setup import Running
from trygg_gateway.cli import app
from trygg_gateway.doctor import mosquitto_conf, mqtt_probe
from trygg_gateway.doctor.mqtt_probe import tracker_probe
from trygg_gateway.mosquitto.texts import Place, configuration

PROBES = (tracker_probe("astrid", "fjord", "nord"), tracker_probe("bjorn", "fjell", "nord"))
USERS = {"astrid": "fjord", "bjorn": "fjell", "other": "x"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(mqtt_probe, "LISTEN_S", 0.2)


@pytest.fixture
def _patient(_quick, monkeypatch):
    """For who wants to hear something, from a broker that may have to wait for its turn."""
    monkeypatch.setattr(mqtt_probe, "LISTEN_S", 2.0)


def look(broker, probes=PROBES):
    return list(mqtt_probe.look(broker.url.replace("localhost", "127.0.0.1"), None, probes))


def whats(found, level):
    return [one.what for one in found if one.level == level]


@pytest.mark.usefixtures("_patient")
def test_a_broker_that_lets_anybody_in_is_an_error(tmp_path):
    with Mosquitto(tmp_path) as broker:
        found = look(broker)
    assert whats(found, "error") == [
        "it lets anybody in without a password",
        "astrid reads what is not its own (1 messages)",
        "astrid writes to bjorn",
    ]


@pytest.mark.usefixtures("_patient")
def test_a_broker_without_rights_lets_one_tracker_read_another(tmp_path):
    with Mosquitto(tmp_path, users=USERS) as broker:
        found = look(broker)
    assert whats(found, "good") == [
        "nobody gets in without a password", "it keeps a session over a reconnect",
    ]  # fmt: skip
    assert len(whats(found, "error")) == 2


def test_a_broker_with_rights_by_user_is_well(tmp_path):
    acl = tmp_path / "acl"
    acl.write_text(
        "pattern write trygg/v1/+/%u/up\npattern read trygg/v1/+/%u/down\n", encoding="utf-8"
    )
    acl.chmod(0o600)
    with Mosquitto(tmp_path, f"acl_file {acl}", users=USERS) as broker:
        found = look(broker)
        alone = look(broker, None)
    assert [one.level for one in found] == ["good"] * 4, found
    assert [one.level for one in alone] == ["good", "note"]


def test_a_probe_that_is_refused_is_said(tmp_path):
    with Mosquitto(tmp_path, users={"astrid": "other", "bjorn": "fjell"}) as broker:
        found = look(broker)
    assert any("refuses astrid" in what for what in whats(found, "error"))


def test_no_broker_at_all_is_an_error():
    found = list(mqtt_probe.look(f"mqtt://127.0.0.1:{free_port()}", None, PROBES))
    assert [one.level for one in found] == ["error"]


def test_what_the_command_sets_up_has_nothing_wrong(tmp_path):
    place = Place(tmp_path, 8883, cert=tmp_path / "c", key=tmp_path / "k")
    (tmp_path / "mosquitto.conf").write_text(configuration(place))
    (tmp_path / "conf.d").mkdir()
    found = list(mosquitto_conf.look(mosquitto_conf.read(tmp_path / "mosquitto.conf")))
    assert [one.level for one in found] == ["good"], found


WELL = {
    "persistence": "true", "autosave_interval": "1", "max_queued_messages": "0",
    "max_inflight_messages": "1000", "allow_anonymous": "false", "acl_file": "/x",
    "listener": "8883", "certfile": "/x", "use_username_as_clientid": "true",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "level", "word"),
    [
        ({"persistence": "false"}, "error", "persistence is off"),
        ({"persistence": None}, "error", "persistence is off"),
        ({"autosave_interval": None}, "warning", "every 1800 s"),
        ({"autosave_interval": "0"}, "warning", "only at its end"),
        ({"autosave_on_changes": "true", "autosave_interval": "100"}, "note", "100 changes"),
        ({"persistent_client_expiration": "1d"}, "warning", "sessions end after 1d"),
        ({"max_queued_messages": None}, "error", "keeps 1,000 messages"),
        ({"max_queued_messages": "100"}, "error", "keeps 100 messages"),
        ({"queue_qos0_messages": "true"}, "note", "quality 0"),
        ({"max_inflight_messages": "20"}, "warning", "20 messages"),
        ({"max_packet_size": "2000"}, "error", "max_packet_size is 2000"),
        ({"allow_anonymous": "true"}, "error", "anybody may log in"),
        ({"acl_file": None}, "error", "no acl_file"),
        ({"certfile": None}, "error", "without TLS"),
        ({"use_username_as_clientid": None}, "warning", "call itself what it likes"),
    ],
)
def test_each_setting_that_loses_or_tells_is_found(change, level, word):
    conf = {key: value for key, value in (WELL | change).items() if value is not None}
    found = [one for one in mosquitto_conf.look(conf) if one.level != "good"]
    assert [one.level for one in found] == [level], found
    assert word in found[0].what
    assert found[0].why


def test_settings_of_include_dir_come_last_and_comments_are_none(tmp_path):
    more = tmp_path / "conf.d"
    more.mkdir()
    (more / "a.conf").write_text("persistence true\n")
    (more / "b.txt").write_text("persistence false\n")
    (tmp_path / "mosquitto.conf").write_text(
        f"# persistence false\npersistence false\n  log_type all\ninclude_dir {more}\n"
    )
    assert mosquitto_conf.read(tmp_path / "mosquitto.conf") == {
        "persistence": "true", "log_type": "all",
    }  # fmt: skip


def test_the_command_looks_at_a_broker_it_set_up(tmp_path):
    broker = Running(tmp_path).start()
    try:
        done = CliRunner().invoke(app, ["doctor", "--config", str(tmp_path / "gateway.toml"),
                                        "--all", "--json"])  # fmt: skip
    finally:
        broker.stop()
    found = [one for one in json.loads(done.stdout)
             if one["part"] in ("broker", "mosquitto.conf", "mosquitto")]  # fmt: skip
    assert [one["level"] for one in found] == ["good"] * 6, found
    assert getpass.getuser() not in json.dumps(found)


def test_users_that_are_not_the_trackers_are_named(tmp_path):
    broker = Running(tmp_path)
    users = tmp_path / "mosquitto/users"
    lines = [line for line in users.read_text().splitlines() if not line.startswith("bjorn:")]
    users.write_text("\n".join([*lines, "eve:$7$101$x$y"]) + "\n")
    done = CliRunner().invoke(app, ["doctor", "--config", str(tmp_path / "gateway.toml"), "--json"])
    (found,) = [one for one in json.loads(done.stdout) if one["part"] == "mosquitto"]
    assert found["level"] == "error"
    assert found["what"].endswith("the trackers: bjorn, eve")
    broker.stop()
