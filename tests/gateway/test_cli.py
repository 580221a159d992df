"""The command line beside a running gateway and without one."""

import json
import re
import sqlite3
import time

import pytest
import typer
from typer.testing import CliRunner

from gateway.gateway_process import GatewayProcess, packets_until, until
from gateway.records import PLACE, alarm, report
from told_places import places_told
from trygg_gateway.cli import app
from trygg_gateway.config import load
from trygg_gateway.views import Views
from trygg_wire import codec, layouts

WHERE = PLACE["lat_e6"] / 1e6, PLACE["lon_e6"] / 1e6
HOME = {"number": 1, "name": "home", "keep": "in", "shape": "circle", "lat": 59.9139,
        "lon": 10.7522, "radius_m": 150}  # fmt: skip
GEOJSON = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"name": "home", "radius_m": 120},
            "geometry": {"type": "Point", "coordinates": [10.7522, 59.9139]},
        },
        {
            "type": "Feature",
            "properties": {"number": 5, "name": "the river", "keep": "out"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[10.76, 59.91], [10.77, 59.91], [10.77, 59.92], [10.76, 59.91]]],
            },
        },
    ],
}


def trygg(*words, **more):
    return CliRunner().invoke(app, [str(word) for word in words], **more)


@pytest.fixture
def folder(tmp_path):
    done = trygg("init", tmp_path / "nord", "--name", "nord", "--loopback")
    assert done.exit_code == 0, done.output
    return tmp_path / "nord"


@pytest.fixture
def on(folder):
    """Run a command on that folder's gateway; its output, parsed if it is JSON."""

    def run(*words, code=0, stdin=None):
        done = trygg(*words, "--config", folder / "gateway.toml", input=stdin)
        assert done.exit_code == code, done.output
        return json.loads(done.stdout) if "--json" in words else done.output

    return run


def commands(group, path=()):
    for name, command in group.commands.items():
        if command.hidden:  # another word for one that is shown
            continue
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


EVERY = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", EVERY)
def test_every_command_says_what_it_does_and_shows_an_example(name):
    said = EVERY[name].help
    assert len(said.splitlines()[0]) > 20
    if any(parameter.required for parameter in EVERY[name].params) or "config_file" in {
        parameter.name for parameter in EVERY[name].params
    }:
        assert f"trygg gateway {name}" in said or name == "renew"
    for parameter in EVERY[name].params:
        assert parameter.help, f"{name}: {parameter.name} has no help"


def test_the_printed_settings_can_be_used_as_they_are(tmp_path):
    (tmp_path / "gateway.toml").write_text(trygg("config").stdout)
    assert load(tmp_path / "gateway.toml").listener.port == 1883


def test_a_new_gateway_is_fit_and_private(folder, on):
    assert "fit" in on("check")
    assert on("check", "--json") == []
    for path in folder.rglob("*"):
        if path.is_dir() or path.suffix == ".key" or path.parent.name == "secrets":
            assert path.stat().st_mode & 0o077 == 0, path


def test_a_new_gateway_listens_with_tls_unless_told_otherwise(tmp_path):
    trygg("init", tmp_path / "sor", "--host", "trygg.example")
    config = load(tmp_path / "sor/gateway.toml")
    assert config.listener.tls
    assert config.listener.port == 8883


def test_init_never_overwrites(folder):
    before = (folder / "tls/ca.key").read_bytes()
    done = trygg("init", folder)
    assert done.exit_code == 1
    assert "nothing was changed" in done.output
    assert (folder / "tls/ca.key").read_bytes() == before


def test_an_init_that_was_interrupted_can_be_repeated(folder):
    key = (folder / "tls/ca.key").read_bytes()
    (folder / "gateway.toml").unlink()
    assert trygg("init", folder).exit_code == 0
    assert (folder / "tls/ca.key").read_bytes() == key


def test_renew_makes_another_certificate(tmp_path):
    trygg("init", tmp_path / "sor", "--host", "trygg.example")
    before = (tmp_path / "sor/tls/server.crt").read_bytes()
    assert trygg("renew", "--config", tmp_path / "sor/gateway.toml").exit_code == 0
    assert (tmp_path / "sor/tls/server.crt").read_bytes() != before


def test_the_consoles_password_is_kept_hashed(folder):
    file = folder / "secrets/console"
    done = trygg("password", file, input="fjord og fjell\nfjord og fjell\n")
    assert done.exit_code == 0, done.output
    assert "fjord" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert trygg("password", file, input="kort\nkort\n").exit_code == 1


def test_a_trackers_secrets_go_to_a_file_and_nowhere_else(folder, on):
    out = folder / "astrid.json"
    said = on("tracker", "add", "astrid", "--group", "nord", "--name", "Astrid B.", "--out", out)
    credentials = json.loads(out.read_text())
    assert out.stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(credentials["order_key"])) == 32
    assert (credentials["host"], credentials["port"]) == ("127.0.0.1", 1883)
    assert credentials["password"] not in said
    listed = on("tracker", "list", "--json")
    assert [(row["device"], row["name"], row["revoked"]) for row in listed] == [
        ("astrid", "Astrid B.", False)
    ]
    assert credentials["password"] not in json.dumps(listed)
    assert credentials["order_key"] not in json.dumps(listed)


def test_a_trackers_file_is_never_overwritten_and_nothing_is_registered_then(folder, on):
    out = folder / "astrid.json"
    out.write_text("mine")
    assert "never overwritten" in on("tracker", "add", "astrid", "--out", out, code=1)
    assert on("tracker", "list", "--json") == []


def test_a_name_that_no_topic_can_hold_is_refused(folder, on):
    said = on("tracker", "add", "Åse/1", "--out", folder / "x.json", code=1)
    assert "a-z, 0-9 and -" in said


def test_rotated_secrets_are_others(folder, on):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    on("tracker", "rotate", "astrid", "--out", folder / "2.json")
    first, second = (json.loads((folder / f"{n}.json").read_text()) for n in (1, 2))
    assert first["password"] != second["password"]
    assert first["order_key"] != second["order_key"]


def test_a_new_key_over_the_air_is_ordered_once(folder, on):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    said = on("tracker", "rotate-key", "astrid", "--who", "Ingrid", "--json")
    assert said == {"order": 1, "device": "astrid"}
    (order,) = on("order", "list", "--json")
    assert (order["kind"], order["ordered_by"], order["expires_s"]) == ("key", "Ingrid", None)
    assert "owed a new key already" in on("tracker", "rotate-key", "astrid", code=1)
    assert "not registered" in on("tracker", "rotate-key", "bjorn", code=1)


WIFI, BLE = "wifi:a4:2b:b0:c4:d5:01", "ble:C1-E2-F3-04-15-26"


def test_radios_of_the_home_are_ordered_by_their_addresses(folder, on):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    (folder / "radios.txt").write_text(f"{WIFI}\n\n {BLE}\n")
    on("order", "anchors", "astrid", folder / "radios.txt")
    on("order", "anchors", "astrid", "-", stdin=BLE)
    on("order", "anchors", "astrid", "--none")
    with sqlite3.connect(folder / "data" / "journal.sqlite") as db:
        bodies = [codec.decode_body(layouts.ANCHORS, body)["anchors"]
                  for (body,) in db.execute("SELECT body FROM orders ORDER BY id")]  # fmt: skip
    db.close()
    wifi = {"radio": layouts.WIFI, "id": bytes.fromhex("a42bb0c4d501")}
    ble = {"radio": layouts.BLE, "id": bytes.fromhex("c1e2f3041526")}
    assert bodies == [[wifi, ble], [ble], []]


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        ([], "", "one to four radios"),
        (["--none", "-"], WIFI, "one to four radios"),
        (["-"], "a4:2b:b0:c4:d5:01", "is no radio"),
        (["-"], "wifi:a4:2b:b0:c4:d5", "six bytes"),
        (["-"], "zigbee:a4:2b:b0:c4:d5:01", "is no radio"),
        (["-"], "wifi:a42bb0c4d501\n" * 5, "at most 4"),
        (["-"], "\n", "no radio in -"),
        ([WIFI], "", "seen by everybody"),
        (["/nowhere/radios.txt"], "", "/nowhere/radios.txt"),
    ],
)
def test_what_is_no_radio_is_refused_with_what_was_wanted(folder, on, words, stdin, said):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    assert said in on("order", "anchors", "astrid", *words, code=1, stdin=stdin)
    assert on("order", "list", "--json") == []


def test_a_revoked_tracker_is_listed_as_that(folder, on):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    on("tracker", "revoke", "astrid")
    assert on("tracker", "list", "--json")[0]["revoked"] is True
    assert "not registered" in on("tracker", "revoke", "bjorn", code=1)


def test_with_tls_a_tracker_gets_the_ca(tmp_path):
    trygg("init", tmp_path / "sor", "--host", "trygg.example")
    config, out = tmp_path / "sor/gateway.toml", tmp_path / "astrid.json"
    trygg("tracker", "add", "astrid", "--out", out, "--config", config)
    credentials = json.loads(out.read_text())
    assert credentials["tls"] is True
    assert credentials["host"] == "trygg.example"
    assert credentials["ca_der"]


def test_fences_become_a_signed_order(folder, on):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    (folder / "fences.json").write_text(json.dumps([HOME]))
    on("fence", "set", "astrid", folder / "fences.json", "--who", "Ingrid")
    (order,) = on("order", "list", "--json")
    assert (order["kind"], order["state"], order["ordered_by"]) == ("fences", "queued", "Ingrid")
    (fence,) = on("fence", "show", "astrid", "--json")
    assert (fence["name"], fence["radius_m"], fence["private"]) == ("home", 150.0, True)


def test_only_who_says_so_leaves_a_tracker_without_fences(folder, on):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    (folder / "fences.json").write_text(json.dumps([HOME]))
    for words in ((), (folder / "fences.json", "--none")):
        assert "say --none" in on("fence", "set", "astrid", *words, code=1)
    assert on("order", "list", "--json") == []
    on("fence", "set", "astrid", folder / "fences.json")
    on("fence", "set", "astrid", "--none")
    assert on("fence", "show", "astrid", "--json") == []


def test_how_a_drawing_program_paints_a_fence_is_passed_over(folder, on):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    (feature, _) = GEOJSON["features"]
    painted = feature | {"properties": feature["properties"] | {"stroke": "red", "fill": "blue"}}
    (folder / "painted.geojson").write_text(json.dumps(painted))
    on("fence", "set", "astrid", folder / "painted.geojson")
    assert on("fence", "show", "astrid", "--json")[0]["radius_m"] == 120


def test_geojson_is_taken_with_longitude_first(folder, on):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    (folder / "fences.geojson").write_text(json.dumps(GEOJSON))
    on("fence", "set", "astrid", folder / "fences.geojson")
    home, river = on("fence", "show", "astrid", "--json")
    assert (home["number"], home["lat"], home["lon"]) == (1, 59.9139, 10.7522)
    assert (river["number"], river["keep"], len(river["rings"][0])) == (5, "out", 3)
    assert river["rings"][0][0] == [59.91, 10.76]


def test_schedules_go_by_the_clock_that_the_file_or_the_command_names(folder, on):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    night = HOME | {"schedule": "daily 21:00-07:00"}
    file = folder / "fences.json"
    file.write_text(json.dumps([night]))
    assert "by whose clock" in on("fence", "set", "astrid", file, code=1)
    assert "no time zone" in on("fence", "set", "astrid", file, "--time-zone", "Oslo", code=1)
    on("fence", "set", "astrid", file, "--time-zone", "Europe/Oslo")
    file.write_text(json.dumps({"time_zone": "America/New_York", "fences": [night]}))
    assert on("fence", "set", "astrid", file, "--json") == {"order": 2, "device": "astrid"}
    with sqlite3.connect(folder / "data" / "journal.sqlite") as db:
        bodies = [codec.decode_body(layouts.FENCES, body)
                  for (body,) in db.execute("SELECT body FROM orders ORDER BY id")]  # fmt: skip
    db.close()
    assert [(one["utc_offset_min"], one["dst"]) for one in bodies] == [(60, 1), (-300, 2)]
    assert on("fence", "show", "astrid", "--json")[0]["schedule"] == "daily 21:00-07:00"


def test_the_example_of_fences_can_be_set_as_it_is_printed(folder, on):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    (folder / "example.geojson").write_text(trygg("fence", "example").stdout)
    on("fence", "set", "astrid", folder / "example.geojson")
    home, lake = on("fence", "show", "astrid", "--json")
    assert (home["schedule"], lake["schedule"]) == ("daily 21:00-07:00", None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("3", "wanted GeoJSON"),
        ("{}", "wanted a FeatureCollection"),
        ("[3]", "fence 1: wanted an object"),
        ('[{"shape": "circle"}]', "Fence 1"),
        ('[{"shape": "circle", "lat": 99, "lon": 10, "radius_m": 5}]', "wire"),
        ('{"type": "Feature", "geometry": {"type": "LineString", "coordinates": []}}', "no fence"),
        ('{"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}}', "radius_m"),
        ('{"type": "Feature", "geometry": null}', "feature 1"),
        ('[{"shape": "circle", "lat": 59, "lon": 10, "radius_m": 1e999}]', "Wanted number"),
        ('[{"shape": "circle", "lat": 1e999, "lon": 10, "radius_m": 5}]', "Wanted number"),
        ('[{"shape": "circle", "lat": 59, "lon": 10, "radius_m": 5, "private": "no"}]', "true or"),
        ('{"type": "Feature", "properties": [1], "geometry": {}}', "an object as properties"),
        ('{"type": "FeatureCollection", "features": []}', "fence set astrid --none"),
        ('[{"shape": "circle", "kep": "out"}]', "'kep'. Known are number, name, keep"),
        ('{"type": "Feature", "properties": {"stroke": "red", "kep": "out"}}', "'kep'. Known are"),
    ],
)
def test_a_file_of_no_fences_is_refused_with_what_was_wanted(folder, on, content, said):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    (folder / "fences.json").write_text(content)
    assert said in on("fence", "set", "astrid", folder / "fences.json", code=1)
    assert on("order", "list", "--json") == []


def test_settings_are_ordered_by_name_or_number(folder, on):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    on("order", "settings", "astrid", "v_max_dm_s=25", "2=30")
    assert on("order", "list", "--json")[0]["kind"] == "settings"


@pytest.mark.parametrize("value", ["v_max_dm_s=9999", "v_max_dm_s=fast", "speed=3", "v_max_dm_s"])
def test_a_setting_out_of_range_is_refused(folder, on, value):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    on("order", "settings", "astrid", value, code=1)
    assert on("order", "list", "--json") == []


@pytest.mark.parametrize("hours", ["-3", "nan", "inf", "500000"])
def test_an_order_owed_for_no_time_or_longer_than_the_wire_can_say_is_refused(folder, on, hours):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    said = on("order", "send", "astrid", "report-now", "--hours", hours, code=1)
    assert "--hours" in said
    assert on("order", "list", "--json") == []


def test_an_order_to_nobody_is_refused(on):
    assert "not registered" in on("order", "send", "bjorn", "report-now", code=1)


def test_rows_are_those_of_the_tracker():
    listed = json.loads(trygg("order", "rows", "--json").stdout)
    assert {"number", "name", "default", "low", "high", "unit", "what"} == set(listed[0])


def test_settings_that_are_wrong_end_a_command_with_a_sentence(folder):
    (folder / "gateway.toml").write_text("[listner]\n")
    done = trygg("status", "--config", folder / "gateway.toml")
    assert done.exit_code == 2
    assert "Did you mean listener?" in done.output


def test_who_is_on_call_is_said_before_it_is_needed(folder, on):
    assert "nobody is on call" in on("alarms", "on-call", "nord")
    config = folder / "gateway.toml"
    config.write_text(
        config.read_text()
        + '[sinks.sms]\ntype = "file"\npath = "data/sms"\nstandby = true\n'
        + '[people.ingrid]\nname = "Ingrid"\nsinks = ["sms"]\n'
        + '[on_call.always]\npeople = ["ingrid"]\n'
    )
    assert on("alarms", "on-call", "nord", "--json") == [{"name": "Ingrid", "sinks": ["sms"]}]


def test_a_journal_of_a_newer_schema_is_told_with_both_versions(folder, on):
    on("status")
    with sqlite3.connect(folder / "data/journal.sqlite") as db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    db.close()
    said = on("status", code=2)
    assert re.search(r"wanted schema \d+, got schema 99", said)


def test_tables_are_for_people(folder, on):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    assert "astrid" in on("tracker", "list")
    assert "not running" in on("status")
    assert on("alarms", "list").strip() == "no alarms"
    assert on("quarantine", "list").strip() == "nothing was set aside"
    assert on("order", "list").strip() == "no orders"
    assert "no fences" in on("fence", "show", "astrid")


def test_a_file_of_fences_may_begin_with_a_byte_order_mark_as_windows_writes_one(folder, on):
    on("tracker", "add", "astrid", "--out", folder / "1.json")
    (folder / "fences.json").write_text(json.dumps([HOME]), "utf-8-sig")
    assert "1 fences" in on("fence", "set", "astrid", folder / "fences.json")


def test_a_test_alarm_is_listed_as_a_test_and_of_no_fence(on, monkeypatch):
    row = {"id": 7, "device": "astrid", "name": "Astrid", "form": "alarm", "what": "test",
           "test": True, "state": "raised", "raised_s": 1_790_000_000, "fence_name": "Solbakken",
           "position": None, "delivered": ["centre"], "called": [], "taken_by": None,
           "text": "", "todo": "", "next_call": None, "timeline": []}  # fmt: skip
    monkeypatch.setattr(
        Views, "alarms", lambda self, **_: [dict(row), row | {"what": "left", "test": False}]
    )
    monkeypatch.setattr(Views, "alarm", lambda self, id_: dict(row))
    _, test, left = on("alarms", "list").splitlines()
    assert test.split()[:4] == ["7", "Astrid", "test", "test"]
    assert ("Solbakken" in test, "Solbakken" in left) == (False, True)
    assert left.split()[2] == "alarm"
    assert on("alarms", "show", 7).startswith("test alarm 7: Astrid")
    assert on("alarms", "list", "--json")[0]["fence_name"] == "Solbakken"


# -- beside a running gateway ----------------------------------------------------------


def orders_among(frames):
    return [values for kind, values in map(codec.decode, frames) if kind == layouts.ORDER]


def heard(line, packet_id, seq):
    """Publish one report and read what comes down with it, at least an ack."""
    line.publish(report(1, seq, time_s=int(time.time())), packet_id)
    return packets_until(line, 1, {packet_id})


def test_a_running_gateway_finds_what_the_command_line_changed(tmp_path):
    with GatewayProcess(tmp_path / "nord") as gateway:
        credentials = gateway.add()  # registered while it runs, logs in at once
        with gateway.tracker(credentials) as line:
            assert gateway.command("order", "send", "astrid", "test-alarm").returncode == 0
            frames, seq = [], 0
            end = time.monotonic() + 20
            while not orders_among(frames):
                assert time.monotonic() < end
                seq += 1
                frames += heard(line, seq, seq)
            (order,) = orders_among(frames)
            assert order["order_kind"] == layouts.COMMAND
            body = codec.decode_body(layouts.COMMAND, order["body"])
            assert body["command"] == layouts.TEST_ALARM


def test_an_alarm_is_listed_taken_and_closed(tmp_path):
    with GatewayProcess(tmp_path / "nord") as gateway, gateway.tracker(gateway.add()) as line:
        line.publish(alarm(1, 1, time_s=int(time.time())), 1)
        packets_until(line, 0, {1})
        listed = until(
            lambda: json.loads(gateway.command("alarms", "list", "--json").stdout), "alarm"
        )
        id_ = listed[0]["id"]
        assert listed[0]["position"]["lat"] == 59.913868
        assert not places_told(gateway.command("alarms", "list").stdout, *WHERE)
        gateway.command("alarms", "take", id_, "--who", "Ingrid")
        assert gateway.command("alarms", "take", id_, "--who", "Bjorn").returncode == 1
        for step in ("on-the-way", "at-the-person"):
            done = gateway.command("alarms", step, id_, "--who", "Ingrid")
            assert done.returncode == 0, done.stderr
        assert gateway.command("alarms", "on-the-way", id_, "--who", "Bjorn").returncode == 1
        assert gateway.command("alarms", "pass-on", id_, "--who", "Ingrid").returncode == 0
        assert gateway.command("alarms", "close", id_, "--cause", "home").returncode == 0
        assert gateway.command("alarms", "reopen", id_, "--cause", "no").returncode == 0
        shown = gateway.command("alarms", "show", id_).stdout
        assert not places_told(shown, *WHERE)
        for word in ("taken", "on_the_way", "at_the_person", "passed_on", "closed", "reopened"):
            assert word in shown, word
        assert json.loads(gateway.command("alarms", "show", id_, "--json").stdout)["position"]
        gateway.command("alarms", "take", id_, "--who", "Ingrid")
        done = gateway.command("alarms", "close", id_, "--cause", "at the shop", "--who", "Ingrid")
        assert done.returncode == 0
        assert json.loads(gateway.command("alarms", "list", "--json").stdout) == []
        (closed,) = json.loads(gateway.command("alarms", "list", "--all", "--json").stdout)
        assert (closed["taken_by"], closed["closed_cause"]) == ("Ingrid", "at the shop")
        status = json.loads(gateway.command("status", "--json").stdout)
        assert status["running"]["pid"] == gateway.process.pid
        assert status["open_alarms"] == 0
        assert {"device": "astrid", "boot": 1, "records": 1, "upto": 1} in status["held"]


def test_a_revoked_tracker_cannot_log_in_any_more(tmp_path):
    with GatewayProcess(tmp_path / "nord") as gateway:
        credentials = gateway.add()
        gateway.tracker(credentials).close()
        gateway.command("tracker", "revoke", "astrid")

        def refused():
            from gateway.raw_tracker import RawTracker

            with RawTracker(gateway.ports["listener"], "astrid") as line:
                return line.log_in(str(credentials["password"]).encode())[1] != 0

        until(refused, "refused")
