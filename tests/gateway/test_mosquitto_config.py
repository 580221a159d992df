"""The Mosquitto that a command sets up, and the real one running on it."""

import getpass
import json
import os
import shutil
import socket
import ssl
import subprocess
import time

import pytest
from typer.testing import CliRunner

from gateway.gateway_process import run_gateway
from gateway.mosquitto import program
from gateway.mosquitto_setup import SECONDS, Client, Running, trygg
from gateway.records import report
from trygg_gateway.cli import app
from trygg_gateway.config import parse
from trygg_gateway.config_check import findings
from trygg_gateway.mosquitto.password_hash import broker_hash, fits
from trygg_wire import codec, layouts, topics


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    running = Running(tmp_path_factory.mktemp("nord"))
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(autouse=True)
def _lines_end_with_the_test(broker):
    yield
    broker.close_lines()


def up(device, group="nord"):
    return topics.up(group, device)


def down(device, group="nord"):
    return topics.down(group, device)


def test_a_hash_is_what_mosquitto_passwd_writes(tmp_path):
    users = tmp_path / "users"
    users.touch()
    subprocess.run(
        [program("mosquitto_passwd"), "-b", users, "astrid", "fjord og fjell"], check=True
    )
    kept = users.read_text().strip().partition(":")[2]
    assert fits(b"fjord og fjell", kept)
    assert not fits(b"fjord og fjelL", kept)
    assert broker_hash(b"fjord og fjell") != broker_hash(b"fjord og fjell"), "a salt of its own"
    assert not fits(b"x", "scrypt$1$2$3$4")


def test_nobody_gets_in_without_a_password_or_with_anothers(broker):
    context = ssl.create_default_context(cafile=broker.folder / "mosquitto/ca.crt")
    with context.wrap_socket(
        socket.create_connection(("127.0.0.1", broker.port), SECONDS), server_hostname="localhost"
    ) as line:
        line.sendall(bytes.fromhex("100e00044d51545404020 03c0002786d".replace(" ", "")))
        assert line.recv(64)[:2] == b"\x20\x02"
    assert Client(broker, "astrid", broker.users["bjorn"]["password"]).code in (4, 5)
    assert Client(broker, "eve", "guess").code in (4, 5)


def test_a_tracker_and_the_gateway_hear_each_other(broker):
    gateway, astrid = broker.as_gateway(), broker.as_tracker("astrid")
    assert gateway.listen("trygg/v1/+/+/up") == [1]
    assert astrid.listen(down("astrid")) == [1]
    astrid.say(up("astrid"), b"here")
    assert gateway.heard() == [(up("astrid"), b"here")]
    gateway.say(down("astrid"), b"ack")
    assert astrid.heard() == [(down("astrid"), b"ack")]


def test_a_tracker_reads_no_topic_of_another(broker):
    gateway, astrid = broker.as_gateway(), broker.as_tracker("astrid")
    astrid.listen("#", "trygg/v1/+/+/up", "trygg/v1/+/+/down", up("bjorn"), down("bjorn"), "$SYS/#")
    bjorn = broker.as_tracker("bjorn")
    bjorn.say(up("bjorn"), b"59.9, 10.7")
    gateway.say(down("bjorn"), b"an order")
    assert astrid.heard() == []
    gateway.say(down("astrid"), b"mine")
    assert {topic for topic, _ in astrid.heard()} == {down("astrid")}, "the probe can hear at all"


def test_a_tracker_writes_no_topic_of_another(broker):
    gateway, bjorn = broker.as_gateway(), broker.as_tracker("bjorn")
    gateway.listen("trygg/v1/+/+/up")
    bjorn.listen(down("bjorn"))
    for topic in (up("bjorn"), down("bjorn"), down("astrid"), up("astrid", "sor"), "trygg/v1/x"):
        broker.as_tracker("astrid").say(topic, b"forged")  # 2.0.11 closes at the second
    assert gateway.heard() == []
    assert bjorn.heard() == []


def test_a_tracker_cannot_take_the_gateways_session_by_its_client_id(broker):
    gateway = broker.as_gateway(client_id="trygg-gateway", clean=False)
    gateway.listen("trygg/v1/+/+/up")
    thief = broker.as_tracker("astrid", client_id="trygg-gateway", clean=False)
    assert thief.code == 0
    assert not thief.session
    assert gateway.heard() == [], "still there"
    wrong = Client(broker, "_gateway", "guess", client_id="trygg-gateway", clean=False)
    assert wrong.code in (4, 5)
    assert gateway.heard() == [], "a wrong password cuts nobody off"


def test_the_whole_gateway_works_behind_it_with_the_settings_that_were_printed(broker):
    settings = broker.folder / "gateway.toml"
    settings.write_text(settings.read_text() + "\n[console]\nport = 0\n")
    gateway = run_gateway(settings)
    try:
        astrid = broker.as_tracker("astrid")
        astrid.listen(down("astrid"))
        until, heard, frame = time.monotonic() + 3 * SECONDS, [], report(1, 1, int(time.time()))
        while not heard:  # said again until the gateway has it, as a tracker does
            astrid.say(up("astrid"), frame)
            heard = astrid.heard()
            assert time.monotonic() < until, "the gateway's own ack did not come down"
            time.sleep(0.1)
        kind, values = codec.decode(heard[0][1])
        assert (kind, values["boot"], values["upto"]) == (layouts.ACK, 1, 1)
        said = trygg(broker.folder, "audit", "--device", "astrid", "--from", "1h")
        assert "COMPLETE; 1 records" in said
        assert "broker:" not in trygg(broker.folder, "status").partition("trackers:")[0]
    finally:
        gateway.terminate()
        _, log = gateway.communicate(timeout=SECONDS)
    assert gateway.returncode == 0, log
    assert "not authorised" not in log
    assert "gives us no right" not in log


def test_who_is_added_gets_in_and_who_is_revoked_is_cut_off_at_once(broker):
    said = broker.add("sigrid")
    assert f"{len(broker.users)} trackers may log in" in said
    assert "was told to read them" in said
    sigrid = _until_in(broker, "sigrid")
    sigrid.listen(down("sigrid"))
    trygg(broker.folder, "tracker", "revoke", "sigrid")
    assert sigrid.gone()
    assert broker.as_tracker("sigrid").code in (4, 5)
    assert "sigrid" not in (broker.folder / "mosquitto/acl").read_text()


def _until_in(broker, device):
    """Mosquitto reads its files within a turn of its loop."""
    until = time.monotonic() + SECONDS
    while True:
        client = broker.as_tracker(device)
        if client.code == 0:
            return client
        assert time.monotonic() < until, f"{device} was not let in"
        time.sleep(0.05)


def test_a_rotated_password_is_the_only_one(broker):
    broker.add("ragnhild")
    _until_in(broker, "ragnhild")
    old = dict(broker.users["ragnhild"])
    out = broker.folder / "ragnhild-new.json"
    trygg(broker.folder, "tracker", "rotate", "ragnhild", "--out", out)
    broker.users["ragnhild"] = json.loads(out.read_text())
    _until_in(broker, "ragnhild")
    assert Client(broker, "ragnhild", old["password"]).code in (4, 5)


def test_what_waits_for_the_gateway_outlives_a_kill_two_seconds_later(tmp_path):
    broker = Running(tmp_path).start()
    try:
        gateway = broker.as_gateway(clean=False)
        gateway.listen("trygg/v1/+/+/up")
        gateway.close()
        astrid = broker.as_tracker("astrid")
        for number in range(300):
            astrid.say(up("astrid"), b"%d" % number)
        _until_saved(broker)
        broker.process.kill()
        broker.process.wait(SECONDS)
        broker.start()
        gateway = broker.as_gateway(clean=False)
        assert gateway.session
        got = []
        until = time.monotonic() + SECONDS
        while len(got) < 300:
            got += [payload for _, payload in gateway.heard()]
            assert time.monotonic() < until
        assert sorted(map(int, got)) == list(range(300))
    finally:
        broker.stop()


def _until_saved(broker):
    """Until the file of the broker's memory has the last message, which is what a second is for."""
    file = broker.folder / "mosquitto/data/mosquitto.db"
    until = time.monotonic() + SECONDS
    while not (file.exists() and b"299" in file.read_bytes()):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_secrets_are_nobody_elses_to_read(broker):
    for name in ("users", "acl", "server.key", "mosquitto.conf"):
        assert (broker.folder / "mosquitto" / name).stat().st_mode & 0o077 == 0, name
    assert (broker.folder / "secrets/broker").stat().st_mode & 0o077 == 0
    text = (broker.folder / "mosquitto/users").read_text()
    for credentials in broker.users.values():
        assert credentials["password"] not in text
        assert credentials["password"] not in broker.said


def test_making_it_again_keeps_users_and_certificate(broker):
    before = (broker.folder / "mosquitto/server.crt").read_bytes()
    again = trygg(
        broker.folder, "mosquitto-config", broker.folder / "mosquitto", "--host", "localhost",
        "--port", broker.port, "--bind", "127.0.0.1", "--user", getpass.getuser(),
    )  # fmt: skip
    assert (broker.folder / "mosquitto/server.crt").read_bytes() == before
    assert "trackers may log in" in again
    assert broker.as_tracker("astrid").code == 0


def test_a_folder_that_is_named_and_was_never_made_is_an_error(tmp_path):
    text = '[broker]\nurl = "mqtt://localhost:1"\nmosquitto = "nowhere"\n'
    found = findings(parse(text, tmp_path / "gateway.toml"))
    assert [one.setting for one in found if one.level == "error"] == ["broker.mosquitto"]


def test_made_by_root_it_is_all_the_settings_owners(tmp_path):
    """Root in CI; where the suite is not root there is nobody to give anything to."""
    home = tmp_path / "nord"
    done = CliRunner().invoke(app, ["init", str(home), "--loopback"])
    assert done.exit_code == 0
    owner = "daemon" if os.geteuid() == 0 else getpass.getuser()
    for path in (tmp_path, home, *home.rglob("*")):
        shutil.chown(path, owner)
    trygg(home, "mosquitto-config", home / "mosquitto", "--host", "localhost")
    made = [*(home / "mosquitto").rglob("*"), *(home / "secrets").glob("broker*")]
    ours = [path for path in made if path.name != "ca.crt"]
    assert len(ours) > 8
    assert {path.owner() for path in ours} == {owner}
    assert f"\nuser {owner}\n" in (home / "mosquitto/mosquitto.conf").read_text()
