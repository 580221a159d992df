"""The gateway's own health: said once, over when it has long not been so."""

import pytest

from trygg_gateway import own_records
from trygg_gateway.gateway_health import CALM_S, Figures, GatewayHealth, Limits, Wait

WELL = Figures(waits=[Wait("centre", "alarm", 0.0, "")], commits_s=[0.01, 0.02])


def said(health, figures, at_s):
    found = health.judge(figures, at_s)
    return [("over " if one.over else "") + own_records.NAMES[one.what] for one in found]


@pytest.mark.parametrize(
    ("figures", "name"),
    [
        ({"waits": [Wait("centre", "alarm", 60.0, "refused by 10.0.0.9")]}, "sink_behind"),
        ({"waits": [Wait("centre", "live", 900.0, "")]}, "sink_behind"),
        ({"unconfirmed_s": 60.0}, "alarm_unconfirmed"),
        ({"commits_s": [0.1, 2.5, 2.5]}, "slow_disk"),
        ({"disk_free": (1 << 30) - 1}, "disk_filling"),
        ({"jump_s": -5.0}, "clock_jumped"),
        ({"behind_s": 60.0}, "reader_behind"),
        ({"deaf_s": 60.0, "deaf_why": "no connection to the broker"}, "deaf"),
    ],
)
def test_each_trouble_is_said_once_and_is_over_after_a_calm(figures, name):
    health = GatewayHealth(Limits())
    bad = WELL._replace(**figures)
    assert said(health, WELL, 0) == []
    assert said(health, bad, 10) == [name]
    assert said(health, bad, 20) == []
    assert said(health, WELL, 20 + CALM_S - 1) == []
    assert said(health, bad, 20 + CALM_S - 1) == [], "it comes and goes: still the same one"
    assert said(health, WELL, 20 + 2 * CALM_S) == ["over " + name]


@pytest.mark.parametrize(
    "figures",
    [{"waits": [Wait("centre", "alarm", 59.0, ""), Wait("archive", "backlog", 899.0, "")]},
     {"unconfirmed_s": 59.0}, {"commits_s": [2.5]}, {"commits_s": [2.5, 0.1]},
     {"jump_s": 4.9}, {"behind_s": 59.0}, {"deaf_s": 59.0}],
)  # fmt: skip
def test_what_passes_by_itself_is_not_said(figures):
    assert said(GatewayHealth(Limits()), WELL._replace(**figures), 0) == []


def test_what_was_said_before_a_restart_is_not_said_again():
    health = GatewayHealth(Limits())
    health.take_up([own_records.DISK_FILLING], 100)
    assert said(health, WELL._replace(disk_free=0), 110) == []
    assert said(health, WELL, 110 + CALM_S) == ["over disk_filling"]


def test_what_a_sink_says_about_itself_is_not_passed_on():
    bad = WELL._replace(waits=[Wait("centre", "alarm", 99.0, "POST https://x@10.0.0.9 failed")])
    (notice,) = GatewayHealth(Limits()).judge(bad, 0)
    assert notice.text == "centre has not confirmed alarm for 99 s"
