"""Settings: rows with limits, all or nothing, and bytes that tell when they are damaged."""

from tracker.settings import ROWS, Settings
from tracker.settings_text import TEXTS, full_rows, table
from trygg_wire.layouts import OUT_OF_RANGE


def change(number, value):
    return {"number": number, "value": value}


def values(settings):
    return [getattr(settings, row[1]) for row in ROWS]


def refused(changes):
    settings = Settings()
    before = values(settings)
    assert settings.apply(5, changes) == OUT_OF_RANGE
    assert values(settings) == before
    assert settings.version == 0
    return True


def test_every_default_is_within_its_limits_and_fits_the_wire():
    for number, name, default, low, high, unit, what in full_rows():
        assert 1 <= number <= 255
        assert 0 <= low <= default <= high < 1 << 28
        assert unit
        assert name.replace("_", "").isalpha()
        assert what.endswith(".")


def test_the_texts_are_those_of_the_rows_and_in_their_order():
    assert [row[0] for row in TEXTS] == [row[0] for row in ROWS]


def test_numbers_and_names_are_used_once():
    assert len(set([row[0] for row in ROWS])) == len(ROWS)
    assert len(set([row[1] for row in ROWS])) == len(ROWS)


def test_a_name_ends_in_its_unit():
    for row in full_rows():
        unit = {"dm/s": "dm_s", "%": "percent", "0 or 1": "trusted"}.get(row[5], row[5])
        assert row[1].endswith("_" + unit), row[1]


def test_every_setting_can_be_set_to_both_its_limits():
    for number, name, _default, low, high in ROWS:
        if name in ("fix_floor_s", "fix_ceiling_s"):
            continue
        settings = Settings()
        assert settings.apply(1, [change(number, low)]) == 0
        assert getattr(settings, name) == low
        assert settings.apply(2, [change(number, high)]) == 0
        assert getattr(settings, name) == high
        assert settings.version == 2


def test_one_past_a_limit_is_refused_with_all_the_others():
    for number, _name, _default, low, high in ROWS:
        other = 9 if number != 9 else 10
        assert refused([change(other, 1200), change(number, low - 1)])
        assert refused([change(other, 1200), change(number, high + 1)])


def test_an_unknown_number_or_one_twice_is_refused():
    assert refused([change(255, 1)])
    assert refused([change(9, 1200), change(9, 1300)])


def test_a_floor_above_its_ceiling_is_refused_however_it_comes():
    assert refused([change(2, 600), change(3, 599)])
    assert refused([change(3, 30), change(2, 31)])
    settings = Settings()
    assert settings.apply(1, [change(3, 100)]) == 0
    assert settings.apply(2, [change(2, 101)]) == OUT_OF_RANGE
    assert settings.apply(2, [change(2, 100)]) == 0


def test_what_is_not_listed_stays():
    settings = Settings()
    settings.apply(1, [change(9, 1200)])
    settings.apply(2, [change(10, 120)])
    assert (settings.report_inside_s, settings.report_live_s) == (1200, 120)


def test_saved_bytes_bring_everything_back():
    settings = Settings()
    settings.apply(1 << 29, [change(row[0], row[4]) for row in ROWS])
    again = Settings()
    assert again.load(settings.save())
    assert values(again) == values(settings)
    assert again.version == 1 << 29


def test_damaged_bytes_are_said_and_change_nothing():
    settings = Settings()
    settings.apply(3, [change(9, 1200)])
    data = settings.save()
    before = values(Settings())
    for bad in damaged(data):
        again = Settings()
        assert not again.load(bad)
        assert values(again) == before
        assert again.version == 0


def damaged(data):
    """`data` cut at every length, longer by one, and with every bit flipped."""
    for length in range(len(data)):
        yield data[:length]
    yield data + b"\0"
    for i in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[i // 8] ^= 1 << i % 8
        yield bytes(flipped)


def test_a_value_from_another_firmware_goes_back_to_its_default():
    settings = Settings()
    settings.report_inside_s = 5  # below today's limit
    settings.report_live_s = 120
    again = Settings()
    assert again.load(settings.save())
    assert again.report_inside_s == 900
    assert again.report_live_s == 120


def test_the_table_has_a_line_for_each_row():
    lines = table().split("\n")
    assert len(lines) == len(ROWS) + 3
    assert lines[2].startswith("| 1 | `v_max_dm_s` | 20 | 5 | 400 | dm/s | ")


def test_settings_that_were_lost_stay_lost_until_an_order_gives_all_of_them():
    settings = Settings()
    settings.lost = True
    assert settings.apply(6, [change(12, 3600)]) == 0
    assert settings.lost
    again = Settings()
    assert again.load(settings.save())
    assert (again.lost, again.health_s, again.version) == (True, 3600, 6)
    assert again.apply(7, [change(row[0], row[2]) for row in ROWS]) == 0
    assert not again.lost
    last = Settings()
    assert last.load(again.save())
    assert not last.lost
