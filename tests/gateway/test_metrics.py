"""Figures in Prometheus' format, few and without anybody's whereabouts."""

import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from gateway.records import NOW_S
from trygg_gateway.metrics import Metrics
from trygg_gateway.ports import free_port

LANE = {"sink": "centre", "lane": "alarm", "delivered": 7, "tried_later": 2, "refused": 1,
        "undecodable": 0, "faults": 0, "held": 1, "witnesses": 0, "let_go": 4, "overtaken": 5,
        "waiting_s": 1.5, "failures": 3, "trouble": "at 59.91", "circuit": "open", "paused": True,
        "own": {"doubles_skipped": 6}}  # fmt: skip


def filled():
    metrics = Metrics()
    metrics.add_part("listener", lambda: {"publishes": 12, "refused auth": 3})
    metrics.add_gauge("orders_owed", "orders not settled", lambda: 4)
    metrics.add_lanes(lambda: [LANE, LANE | {"lane": "live", "delivered": 90}])
    metrics.observe_alarm("centre", 0.3)
    return metrics


def samples(metrics):
    text = metrics.text().decode()
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_counter_of_a_part_is_shown():
    found = samples(filled())
    assert found["trygg_listener_publishes_total",] == 12
    assert found["trygg_listener_refused_auth_total",] == 3
    assert found["trygg_orders_owed",] == 4


def test_each_sink_and_lane_has_its_own_figures():
    found = samples(filled())
    alarm = (("lane", "alarm"), ("sink", "centre"))
    assert found["trygg_sink_delivered_total", *alarm] == 7
    assert found["trygg_sink_delivered_total", ("lane", "live"), ("sink", "centre")] == 90
    assert found["trygg_sink_held_total", *alarm] == 1
    assert found["trygg_sink_waiting_seconds", *alarm] == 1.5
    assert found["trygg_sink_circuit", ("sink", "centre")] == 2
    assert found["trygg_sink_paused", ("sink", "centre")] == 1
    own = (("sink", "centre"), ("what", "doubles_skipped"))
    assert found["trygg_sink_own_total", *own] == 6
    assert found["trygg_sink_failures", *alarm] == 3


def test_alarm_deliveries_are_a_histogram():
    found = samples(filled())
    assert found["trygg_alarm_delivery_seconds_count", ("sink", "centre")] == 1
    assert found["trygg_alarm_delivery_seconds_bucket", ("le", "0.5"), ("sink", "centre")] == 1
    assert found["trygg_alarm_delivery_seconds_bucket", ("le", "0.25"), ("sink", "centre")] == 0


def test_labels_are_sinks_and_lanes_only():
    for family in text_string_to_metric_families(filled().text().decode()):
        for sample in family.samples:
            assert set(sample.labels) <= {"sink", "lane", "what", "le"}


def test_no_text_of_a_trouble_and_no_name_of_a_tracker_is_shown():
    text = filled().text().decode()
    assert "59.91" not in text
    assert "astrid" not in text
    assert str(NOW_S) not in text


def test_counters_are_read_when_asked_for():
    metrics, count = Metrics(), {"records": 1}
    metrics.add_part("journal", lambda: count)
    assert samples(metrics)["trygg_journal_records_total",] == 1
    count["records"] = 5
    assert samples(metrics)["trygg_journal_records_total",] == 5


def test_they_can_have_a_port_of_their_own():
    port = free_port()
    stop = filled().serve("127.0.0.1", port)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert b"trygg_listener_publishes_total 12.0" in answer.read()
    finally:
        stop()
