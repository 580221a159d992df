"""Log: one line for a person, and the last lines kept."""

from tracker import log


class StillClock:
    """A clock that stands where the test puts it."""

    def __init__(self, utc_s=0, ticks=0):
        self.utc_s = utc_s
        self.ticks = ticks

    def utc(self):
        return self.utc_s

    def ticks_ms(self):
        return self.ticks


def test_known_utc_is_written_as_a_calendar_time():
    assert log.utc_text(0) == "2020-01-01T00:00:00Z"
    assert log.utc_text(5097600) == "2020-02-29T00:00:00Z"
    assert log.utc_text(5184000) == "2020-03-01T00:00:00Z"
    assert log.utc_text(217323303) == "2026-11-20T07:35:03Z"
    assert log.utc_text((1 << 30) - 1) == "2054-01-09T13:37:03Z"


def test_a_line_says_time_level_and_text():
    written = []
    clock = StillClock(utc_s=59)
    lines = log.Log(clock, written.append)
    lines.warning("link closed")
    assert written == ["2020-01-01T00:00:59Z warning link closed"]
    assert lines.lines() == written


def test_before_the_clock_is_known_a_line_says_the_ticks():
    written = []
    log.Log(StillClock(ticks=1234), written.append).info("boot 1")
    assert written == ["+1234ms info boot 1"]


def test_only_the_last_lines_are_kept():
    lines = log.Log(StillClock(utc_s=1), lambda line: None)
    for number in range(log.KEPT_LINES + 5):
        lines.error("line %d" % number)
    kept = lines.lines()
    assert len(kept) == log.KEPT_LINES
    assert kept[0].endswith("line 5")
    assert kept[-1].endswith("line %d" % (log.KEPT_LINES + 4))
