"""Every kind of sink in the settings: shown, looked at before a start, and never in the clear."""

import re

import pytest

from trygg_gateway.config import ConfigError, parse
from trygg_gateway.config_check import findings
from trygg_gateway.config_sinks import EXAMPLES, kind_of
from trygg_gateway.config_toml import default_toml
from trygg_gateway.sink_makers import sink_of


def example(name):
    """A table of the printed default with its lines uncommented."""
    part = default_toml().split(f"# [sinks.{name}]\n")[1].split("\n\n")[0]
    lines = re.sub(r"^# (# )?", "", part, flags=re.MULTILINE)
    return f"[sinks.{name}]\n{lines}\n"


@pytest.fixture(params=EXAMPLES)
def name(request):
    return request.param


def test_the_printed_table_makes_a_sink(name, tmp_path):
    section = parse(example(name), tmp_path / "gateway.toml").sinks[name]
    assert section.type == kind_of(EXAMPLES[name])
    assert sink_of(section).batch >= 1


def test_what_a_sink_imports_is_found_missing_before_a_start(name, tmp_path, monkeypatch):
    needs = EXAMPLES[name].needs
    monkeypatch.setattr("importlib.util.find_spec", lambda module: None)
    found = findings(parse(example(name), tmp_path / "gateway.toml"))
    said = [str(one) for one in found if one.setting == f"sinks.{name}"]
    assert bool(needs) == any("which is not installed" in one for one in said)
    if needs:
        assert f"pip install 'trygg[{needs[1]}]'" in said[0]


def test_every_file_that_a_table_names_is_looked_at(name, tmp_path):
    found = {one.setting for one in findings(parse(example(name), tmp_path / "gateway.toml"))}
    for key in EXAMPLES[name].model_fields:
        if key.endswith("_file") or key == "ca":
            assert f"sinks.{name}.{key}" in found


def test_a_secret_that_others_may_read_is_warned_of(name, tmp_path):
    keys = [key for key in EXAMPLES[name].model_fields if key.endswith("_file")]
    config = parse(example(name), tmp_path / "gateway.toml")
    for key in keys:
        path = getattr(config.sinks[name], key)
        path.parent.mkdir(exist_ok=True)
        path.write_text("hunter2")
        path.chmod(0o644)
    said = [str(one) for one in findings(config)]
    for key in keys:
        assert any(f"sinks.{name}.{key}" in one and "chmod 600" in one for one in said)
    assert not any("hunter2" in one for one in said)


CLEAR = {"https": "http", "mqtts": "mqtt", "tls": "nats"}


def test_no_table_sends_in_the_clear_unless_it_says_so(name, tmp_path):
    scheme = re.search(r'^url = "(\w+)://', example(name), re.MULTILINE)
    if scheme is None or scheme[1] not in CLEAR:
        return  # a file, or a kind that looks at it when it starts
    clear = example(name).replace(f'url = "{scheme[1]}://', f'url = "{CLEAR[scheme[1]]}://')
    with pytest.raises(ConfigError, match="whereabouts in the clear"):
        parse(clear, tmp_path / "gateway.toml")
    protected = clear.replace("unprotected = false", "unprotected = true")
    assert parse(protected, tmp_path / "gateway.toml").sinks[name].unprotected
