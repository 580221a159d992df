"""The settings: defaults, every mistake told so that it can be mended, files looked at."""

import re
from pathlib import Path

import pytest

from trygg_gateway.config import Config, ConfigError, load, parse
from trygg_gateway.config_check import findings
from trygg_gateway.config_duty import OnCall, Person
from trygg_gateway.config_sinks import EXAMPLES
from trygg_gateway.config_toml import default_toml
from trygg_gateway.init_folder import make_folder
from trygg_gateway.web.auth import ConsolePassword

FILE = Path("/srv/trygg/gateway.toml")


def mistakes(text):
    with pytest.raises(ConfigError) as caught:
        parse(text, FILE)
    return str(caught.value).splitlines()


def mistake(text):
    (line,) = mistakes(text)
    return line


# -- defaults --------------------------------------------------------------------------


def test_the_printed_default_parses_to_the_defaults():
    assert parse(default_toml(), FILE) == parse("", FILE)


def test_every_setting_stands_in_the_printed_default_with_its_meaning():
    text = default_toml()
    for name, field in Config.model_fields.items():
        if not isinstance(field.annotation, type):
            continue  # a table of tables, below
        part = text.split(f"[{name}]\n")[1].split("\n[")[0]
        for key, setting in field.annotation.model_fields.items():
            assert setting.description, f"{name}.{key} does not say what it is"
            assert f"# {key}: {setting.description}\n" in part
            assert re.search(rf"^(# )?{key} = ", part, re.MULTILINE), f"{name}.{key}"


def test_every_setting_of_a_table_of_tables_stands_in_the_printed_default():
    text = default_toml()
    sinks = {f"sinks.{name}": section for name, section in EXAMPLES.items()}
    tables = {**sinks, "people.ingrid": Person, "on_call.nights": OnCall}
    for name, section in tables.items():
        part = text.split(f"# [{name}]\n")[1].split("\n\n")[0]
        for key in section.model_fields:
            assert re.search(rf"^# (# )?{key} = ", part, re.MULTILINE), f"{name}.{key}"


def test_what_is_commented_out_is_right_when_it_is_not():
    text = re.sub(r"^# (# )?(?=[a-z_]+ = |\[)", "", default_toml(), flags=re.MULTILINE)
    config = parse(text, FILE)
    assert set(config.sinks) == set(EXAMPLES)
    assert config.people["ingrid"].sinks == ["archive"]
    assert config.on_call["nights"].people == ["ingrid"]
    assert config.broker.url == "mqtts://broker.example:8883"
    assert config.listener.cert == Path("/srv/trygg/tls/server.crt")


def test_an_empty_file_is_a_gateway_on_loopback():
    config = parse("", FILE)
    assert config.listener.enabled
    assert config.listener.host == config.console.host == "127.0.0.1"
    assert config.sinks == {}


def test_paths_are_taken_from_the_files_own_folder(tmp_path):
    (tmp_path / "gateway.toml").write_text('[gateway]\ndata = "my/journal"\n')
    assert load(tmp_path / "gateway.toml").gateway.data == tmp_path / "my/journal"
    assert parse("", FILE).gateway.data == Path("/srv/trygg/data")
    assert parse('[gateway]\ndata = "/var/lib/trygg"', FILE).gateway.data == Path("/var/lib/trygg")


# -- mistakes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[listner]\n", ["listner is not a setting", "Did you mean listener?"]),
        ('[gateway]\nnam = "x"', ["gateway.nam is not", "Did you mean gateway.name?"]),
        ("[journal]\nzzz = 1", ["journal.zzz", "commit_rows, commit_ms", "Remove it"]),
        ("[listener]\nport = 99999", ["listener.port = 99999", "65535 or less", "default, 1883"]),
        ('[listener]\nport = "1883"', ["listener.port = '1883'", "a whole number"]),
        ('[listener]\ntls = "yes"', ["listener.tls = 'yes'", "true or false"]),
        ("[gateway]\nname = 'Æsir'", ["gateway.name = 'Æsir'", "a-z0-9"]),
        ("[gateway]\ndata = 3", ["gateway.data = 3", "a path in quotes"]),
        ('[broker]\nversion = "4"', ["broker.version", "'3.1.1' or '5'"]),
        ('[log]\nlevel = "loud"', ["log.level = 'loud'", "'debug'"]),
        ("listener = 3", ["listener = 3", "a table"]),
        ("[sinks.a]\ntype = 'ftp'", ["sinks.a.type", "one of http, file, mqtt, postgres"]),
        ("[sinks.a]\npath = 'x'", ["sinks.a.type", "one of http, file, mqtt, postgres"]),
        ("[sinks.a]\ntype = 'file'", ["sinks.a.path is missing", "the file, appended to"]),
        ("[sinks.a]\ntype = 'file'\npath = 'x'\nlane = []", ["Did you mean sinks.a.lanes?"]),
        ("[sinks.a]\ntype = 'file'\npath = 'x'\nlanes = []", ["sinks.a.lanes", "at least one"]),
        ("[sinks.a]\ntype = 'file'\npath = 'x'\nlanes = ['al']", ["sinks.a.lanes.0 = 'al'"]),
        ("[sinks.'A b']\ntype = 'file'\npath = 'x'", ["sinks.A b", "Rename the table"]),
        ("a =\nb = 1", ["not TOML", "line 1"]),
        ("[listener]\nenabled = false", ["no front door", "broker.url"]),
    ],
)
def test_a_mistake_names_file_key_value_and_what_was_wanted(text, parts):
    line = mistake(text)
    assert line.startswith(f"{FILE}: ")
    for part in parts:
        assert part in line


def test_all_mistakes_are_told_at_once():
    said = mistakes("[listener]\nport = -1\nmax_packet = 1\n[gateway]\nnom = 'x'")
    assert len(said) == 3


def test_a_secret_written_as_a_value_is_not_repeated():
    (line,) = mistakes("[console]\npassword = 'sommer2026'")
    assert "sommer2026" not in line
    assert "Did you mean console.password_hash_file?" in line


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        ('[listener]\nhost = "0.0.0.0"', "unprotected = true"),
        ('[broker]\nurl = "mqtt://broker.example"', "mqtts://"),
        ('[console]\nhost = "0.0.0.0"', "trygg gateway password"),
        ('[console]\nhost = "0.0.0.0"\npassword_hash_file = "x"', "hosts ="),
        ("[listener]\ntls = true", "trygg gateway init"),
        ('[sinks.a]\ntype="http"\nurl="http://centre.example/x"\nsecret_file="s"', "https://"),
    ],
)
def test_what_would_show_whereabouts_to_a_network_is_refused_with_a_way_out(text, way_out):
    assert way_out in mistake(text)


@pytest.mark.parametrize(
    "text",
    [
        '[listener]\nhost = "10.1.0.5"\nunprotected = true',
        '[broker]\nurl = "mqtt://broker.example"\nunprotected = true',
        '[broker]\nurl = "mqtt://127.0.0.1:1884"',
        '[console]\nhost = "10.1.0.5"\npassword_hash_file = "secrets/console"',
        '[sinks.a]\ntype="http"\nurl="http://localhost:9/x"\nsecret_file="s"',
    ],
)
def test_a_link_on_loopback_or_known_to_be_protected_is_allowed(text):
    parse(text, FILE)


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path):
    with pytest.raises(ConfigError, match="trygg gateway init"):
        load(tmp_path / "gateway.toml")


def test_a_file_that_is_not_text_is_told_so(tmp_path):
    (tmp_path / "gateway.toml").write_bytes(b"\xff\xfe[gateway]")
    with pytest.raises(ConfigError, match="UTF-8"):
        load(tmp_path / "gateway.toml")


# -- what the settings speak of --------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    make_folder(tmp_path / "nord", "nord", ["localhost", "127.0.0.1"])
    return tmp_path / "nord"


def found(folder, text):
    (folder / "gateway.toml").write_text(text)
    return [str(one) for one in findings(load(folder / "gateway.toml"))]


HOOK = '[sinks.centre]\ntype = "http"\nurl = "https://centre.example/x"\n'


def test_a_new_folder_is_fit(folder):
    assert findings(load(folder / "gateway.toml")) == []


def test_a_secret_that_others_can_read_is_warned_of(folder):
    (folder / "secrets/webhook").chmod(0o644)
    (line,) = found(folder, HOOK + 'secret_file = "secrets/webhook"')
    assert line.startswith("warning: sinks.centre.secret_file")
    assert "chmod 600" in line


def test_a_secret_that_is_not_there_is_an_error(folder):
    (line,) = found(folder, HOOK + 'secret_file = "secrets/nowhere"')
    assert line.startswith("error: sinks.centre.secret_file")
    assert "No such file" in line


def test_a_secret_of_another_kind_is_an_error_that_does_not_show_it(folder):
    (folder / "secrets/webhook").write_text("hunter2\n")
    (line,) = found(folder, HOOK + 'secret_file = "secrets/webhook"')
    assert line.startswith("error:")
    assert "hunter2" not in line


def test_a_key_that_does_not_fit_its_certificate_is_an_error(folder, tmp_path):
    make_folder(tmp_path / "sor", "sor", ["localhost"])
    (folder / "tls/server.key").write_bytes((tmp_path / "sor/tls/server.key").read_bytes())
    (line,) = [str(one) for one in findings(load(folder / "gateway.toml"))]
    assert line.startswith("error: listener.cert")
    assert "trygg gateway renew" in line


def test_a_data_folder_open_to_others_is_warned_of(folder):
    (folder / "data").chmod(0o755)
    assert "chmod 700" in str(findings(load(folder / "gateway.toml"))[0])


def test_a_data_folder_that_is_a_file_is_an_error(folder):
    (line,) = found(folder, '[gateway]\ndata = "gateway.toml/data"')
    assert line.startswith("error: gateway.data")


def test_a_console_password_file_must_hold_one(folder):
    text = '[console]\nhost = "10.1.0.5"\npassword_hash_file = "secrets/console"'
    file = folder / "secrets/console"
    file.touch(mode=0o600)
    assert any(line.startswith("error: console.password_hash_file") for line in found(folder, text))
    file.write_text(ConsolePassword.of("fjord og fjell").text())
    (line,) = found(folder, text)
    assert "in the clear" in line


def test_a_broker_ca_that_is_no_certificate_is_an_error(folder):
    text = '[broker]\nurl = "mqtts://broker.example"\nca = "gateway.toml"'
    (line,) = found(folder, text)
    assert line.startswith("error: broker.ca")


# -- who is called ---------------------------------------------------------------------


def about_calls(tmp_path, text):
    """The findings about calls in settings whose sinks are files."""
    (tmp_path / "gateway.toml").write_text(text)
    found = findings(load(tmp_path / "gateway.toml"))
    return [str(one) for one in found if one.setting.startswith(("alarms", "sinks", "people"))]


STANDBY = "[sinks.sms]\ntype = 'file'\npath = 'x'\nstandby = true\n"
INGRID = "[people.ingrid]\nname = 'Ingrid'\nsinks = ['sms']\n"


def test_a_first_channel_that_would_never_get_an_alarm_is_an_error(tmp_path):
    (line,) = about_calls(tmp_path, STANDBY + "[alarms]\nchannels = ['sms']\n")
    assert line.startswith("error: alarms.channels")


def test_a_standby_sink_to_which_nothing_goes_and_a_person_never_called_are_warnings(tmp_path):
    (line,) = about_calls(tmp_path, STANDBY)
    assert line.startswith("warning: sinks.sms.standby")
    (line,) = about_calls(tmp_path, STANDBY + INGRID)
    assert line.startswith("warning: people.ingrid")
    assert about_calls(tmp_path, STANDBY + INGRID + "[on_call.a]\npeople = ['ingrid']\n") == []
