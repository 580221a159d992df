"""A simulated week of one tracker in at most twenty seconds."""

from trygg_tools.bench import week


def test_a_day_takes_at_most_its_share_of_the_week():
    figures = week.run(days=1)
    assert figures["wanted_s"] == 2.9
    # twice: what runs beside it on the same core's other half makes a processor's second shorter
    assert 0 < figures["cpu_s"] <= 2 * figures["wanted_s"]
    assert figures["cpu_s"] == max(figures["by_home_cpu_s"].values())
    assert figures["wall_s"] >= figures["cpu_s"] - 0.1
