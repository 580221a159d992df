"""A modem that falls silent while the network is told what is wanted of it now."""

import pytest

from trygg_tools.modem_faults.trial import Case, outcome_of


@pytest.mark.parametrize(
    "case",
    [
        Case("bg95", "mqtt", "silence seconds=60 nth=76", 793),
        Case("bg95", "socket", "silence seconds=60 nth=76", 793),
        Case("a7670", "mqtt", "silence seconds=1200 nth=65", 489),
        Case("sim7000", "mqtt", "off nth=80", 758),
    ],
)
def test_it_is_brought_back_and_every_record_goes(case):
    outcome = outcome_of(case)
    assert outcome.state == "publishing"
    assert outcome.struck_ms > 0
    assert outcome.lost == []
    assert outcome.back_ms < 120000
