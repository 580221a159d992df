"""A call that could never arrive is said when the settings are looked at, and not in the night."""

import pytest

from trygg_gateway.config import parse
from trygg_gateway.config_check import findings

SINK = '[sinks.phone]\ntype = "file"\npath = "data/phone.jsonl"\n'
KARI = '[people.kari]\nname = "Kari"\nsinks = ["phone"]\n'


def said(tmp_path, text):
    (tmp_path / "data").mkdir(mode=0o700, exist_ok=True)
    found = findings(parse(text, tmp_path / "gateway.toml"))
    return [str(one) for one in found if one.setting.startswith(("alarms", "people", "on_call"))]


def rows(*rows):
    return "".join(
        f'[on_call.row{at}]\npeople = ["kari"]\nwhen = "{when}"\ngroups = {groups}\n'
        for at, (when, groups) in enumerate(rows)
    )


def test_who_is_reached_by_a_sink_without_alarms_is_reached_by_nothing(tmp_path):
    calm = SINK + 'lanes = ["live", "backlog"]\n'
    (line,) = said(tmp_path, calm + KARI + rows(("", [])))
    assert line.startswith("error: people.kari.sinks: sinks.phone.lanes has no alarm")
    (line,) = said(tmp_path, calm + '[alarms]\nchannels = ["phone"]\n')
    assert line.startswith("error: alarms.channels: sinks.phone.lanes has no alarm")
    assert said(tmp_path, SINK + KARI + rows(("", []))) == []


def test_on_standby_it_gets_what_is_addressed_to_it_whatever_its_lanes(tmp_path):
    standby = SINK + 'lanes = ["live"]\nstandby = true\n'
    assert said(tmp_path, standby + KARI + rows(("", []))) == []


@pytest.mark.parametrize(
    ("calendar", "hours"),
    [
        ([("mon-fri 07:00-15:00", [])], "every group from mon 00:00 to mon 07:00"),
        ([("mon-fri 00:00-24:00", [])], "every group from sat 00:00 to mon 00:00"),
        ([("daily 07:00-22:00", []), ("daily 22:00-06:59", [])], "every group from mon 06:59 to"),
        ([("", ["nord"]), ("daily 07:00-15:00", ["sor"])], "group sor from mon 00:00 to mon 07:00"),
        ([("", ["nord"]), ("daily 00:00-12:00", [])], "other groups from mon 12:00 to tue 00:00"),
    ],
)
def test_hours_in_which_nobody_is_on_call_are_named(tmp_path, calendar, hours):
    (line,) = said(tmp_path, SINK + KARI + rows(*calendar))
    assert line.startswith(f"warning: on_call: nobody is on call for {hours}")


@pytest.mark.parametrize(
    "calendar",
    [
        [("", [])],
        [("mon-fri 07:00-15:00", []), ("", [])],
        [("daily 07:00-22:00", []), ("daily 22:00-07:00", [])],
        [("mon-fri 00:00-24:00; sat,sun 00:00-24:00", ["nord"])],
        [("mon-sat 07:00-15:00; sun 07:00-15:00", []), ("daily 15:00-07:00", ["nord", "sor"]),
         ("daily 15:00-07:00", [])],
    ],
)  # fmt: skip
def test_a_calendar_without_a_hole_is_fit(tmp_path, calendar):
    assert said(tmp_path, SINK + KARI + rows(*calendar)) == []
