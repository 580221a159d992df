"""What `status` says to whoever is woken at night."""

import json

from typer.testing import CliRunner

from trygg_gateway.cli import app
from trygg_gateway.night import attention

NOW_S = 1_790_000_000
WELL = {
    "running": {"pid": 1, "since_ms": 1}, "sign_of_life_s": 4, "alarms": [], "silent": [],
    "sinks": [], "disk_free_mb": 9000, "disk_wanted_mb": 1000, "rollouts": [], "mendings": [],
    "reload": None,
}  # fmt: skip
ALARM = {"id": 7, "device": "astrid", "name": "Astrid", "form": "alarm", "what": "left",
         "test": False, "state": "raised", "raised_s": NOW_S - 300, "delivered": [],
         "taken_by": None}  # fmt: skip
SINK = {"sink": "centre", "state": "well", "trouble": None, "paused_by": None, "behind": 3,
        "lanes": [{"lane": "alarm", "records": 0, "waits_s": 0}]}  # fmt: skip


def said(**changes):
    return attention(WELL | changes, NOW_S)


def test_when_all_is_well_nothing_is_said():
    assert said() == []
    assert said(sinks=[SINK]) == []


def test_a_gateway_that_is_not_there_or_hangs_comes_first():
    (first, *_) = said(running=None, alarms=[ALARM])
    assert "not running" in first
    (first,) = said(sign_of_life_s=400)
    assert "last sign of life 6 min ago" in first


def test_an_alarm_that_nobody_took_says_who_has_it():
    (line,) = said(alarms=[ALARM])
    assert line == (
        "Alarm 7, Astrid, left, 5 min old: nobody has taken it; confirmed by NOBODY."
        " trygg gateway alarms take 7"
    )
    (line,) = said(alarms=[ALARM | {"delivered": ["centre"]}])
    assert "confirmed by centre" in line
    assert said(alarms=[ALARM | {"state": "taken"}]) == []
    (line,) = said(alarms=[ALARM | {"raised_s": NOW_S}])
    assert line.startswith("Alarm 7, Astrid, left, 0 s old")
    (line,) = said(alarms=[ALARM | {"form": "warning", "what": "weak_link"}])
    assert "alarms show 7" in line


def test_a_test_is_said_to_be_one_and_after_whatever_is_none():
    test = ALARM | {"id": 8, "test": True, "delivered": ["centre"]}  # of a fence or by the button
    first, last = said(alarms=[test, ALARM], disk_free_mb=10)[::2]
    assert first.startswith("Alarm 7")
    assert last == (
        "A test, no alarm: 8, Astrid, 5 min old; confirmed by centre."
        " trygg gateway alarms close 8 --cause test"
    )
    assert said(alarms=[test | {"state": "taken"}, test | {"raised_s": NOW_S - 5}]) == []


def test_who_is_silent_is_named_with_the_battery():
    (line,) = said(silent=[{"name": "Astrid", "silent_s": 7300, "battery": "12 %"}])
    assert line == "Astrid has been silent for 2 h 1 min; battery then: 12 %"


def test_sinks_that_are_paused_in_trouble_or_behind():
    paused = SINK | {"state": "paused", "paused_by": "Kari"}
    trouble = SINK | {"state": "in trouble", "trouble": "no such host"}
    late = SINK | {"lanes": [{"lane": "alarm", "records": 2, "waits_s": 61},
                             {"lane": "live", "records": 9, "waits_s": 800}]}  # fmt: skip
    lines = said(sinks=[paused, trouble, late])
    assert len(lines) == 3
    assert "paused by Kari" in lines[0]
    assert "no such host" in lines[1]
    assert "lane alarm, the oldest for 61 s" in lines[2]


def test_disk_roll_outs_mendings_and_reloads():
    lines = said(
        disk_free_mb=10,
        rollouts=[{"id": 3, "state": "halted", "why": "1 failed"}, {"id": 4, "state": "running"}],
        mendings=[{"what": "salvaged", "why": "torn", "file": "x"}],
        reload={"done": False, "why": "not TOML", "restart": []},
    )
    assert [word in line for word, line in zip(
        ("10 MB", "Roll-out 3", "salvaged", "not TOML"), lines)] == [True] * 4  # fmt: skip
    (line,) = said(reload={"done": True, "why": "", "restart": ["listener.port"]})
    assert "listener.port" in line


def test_the_command_says_it_and_nobodys_whereabouts(tmp_path):
    run = CliRunner().invoke
    run(app, ["init", str(tmp_path / "nord"), "--loopback"])
    settings = ["--config", str(tmp_path / "nord/gateway.toml")]
    plain = run(app, ["status", *settings])
    assert plain.exit_code == 0, plain.output
    assert "! The gateway is not running" in plain.stdout
    whole = json.loads(run(app, ["status", "--json", *settings]).stdout)
    assert whole["attention"]
    assert "position" not in json.dumps(whole)
