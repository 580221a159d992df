"""The console over HTTP: what it answers, to whom, and what it refuses."""

import json
from hashlib import sha256

import pytest

from gateway.console_rig import (
    FakeViews,
    alarm,
    client,
    position,
    served,
    small_town,
    tracker,
)
from trygg_gateway.web.app import STATIC


@pytest.fixture
def views():
    return FakeViews(small_town(), [alarm(7, "berit-01", "Berit Sørensen")])


@pytest.fixture
def console(views):
    with served(views, name="Solbakken") as running:
        yield running


@pytest.fixture
def http(console):
    with client(console) as asking:
        yield asking


# ---- what it shows


def test_the_page_and_everything_it_names_are_served(http):
    page = http.get("/")
    assert page.status_code == 200
    assert "Trygg" in page.text
    for name in (path.relative_to(STATIC) for path in STATIC.rglob("*") if path.is_file()):
        assert http.get(f"/static/{name}").status_code == 200, name


def test_no_page_says_that_no_alarm_is_open_before_the_gateway_has_said_so(http):
    assert '<p class="empty" id="no-alarms" hidden>No open alarm' in http.get("/").text


def test_scripts_are_served_as_javascript_even_where_the_system_knows_no_types(http):
    assert "javascript" in http.get("/static/console.js").headers["content-type"]


def test_the_page_needs_nothing_from_elsewhere():
    for path in STATIC.rglob("*"):
        if path.suffix in {".html", ".js", ".css"} and "vendor" not in path.parts:
            text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
            assert "http://" not in text, path
            assert "https://" not in text, path


def test_the_vendored_leaflet_is_the_one_its_version_note_says():
    folder = STATIC / "vendor" / "leaflet"
    sums = [line.split("  ") for line in (folder / "VERSION").read_text().splitlines()[-3:]]
    assert {name for _, name in sums} == {"leaflet.js", "leaflet.css", "LICENSE"}
    for digest, name in sums:
        assert sha256((folder / name).read_bytes()).hexdigest() == digest, name


def test_trackers_come_in_the_order_of_the_views_with_the_gateways_clock(http, views):
    answer = http.get("/api/trackers").json()
    assert [t["device"] for t in answer["trackers"]] == [t["device"] for t in views.rows]
    assert answer["trackers"][4]["name"] == "Kåre Ødegård"
    assert answer["now_ms"] > 1_700_000_000_000


def test_every_position_shown_is_logged_as_read_with_the_name_of_the_reader(http, views):
    http.get("/api/trackers", headers={"x-trygg-operator": "P%C3%A5l%20Ness"})
    http.get("/api/alarms")
    http.get("/api/track/berit-01?since=1000")
    assert views.reads == [
        ("Pål Ness (127.0.0.1)", "last position of berit-01, odd-02, aase-03"),
        ("operator not named (127.0.0.1)", "position of alarm 7"),
        ("operator not named (127.0.0.1)", "track since 1000 of berit-01"),
    ]


def test_reading_where_no_position_is_shown_is_not_logged(http, views):
    views.rows = [tracker("kare-05", "Kåre Ødegård", position_withheld=True)]
    views.alarm_rows = [alarm(1, "kare-05", "Kåre", position=None)]
    http.get("/api/trackers")
    http.get("/api/alarms")
    assert views.reads == []


def test_a_read_that_cannot_be_logged_is_not_answered(http, views, monkeypatch):
    def fail(who, what):
        raise OSError("disk full")

    monkeypatch.setattr(views, "log_read", fail)
    answer = http.get("/api/trackers")
    assert answer.status_code == 500
    assert answer.json() == {"error": "The gateway failed while answering; its log says why."}


def test_a_track_starts_at_since(http, views):
    views.tracks["berit-01"] = [
        position(59.9, 10.7) | {"time_s": 100},
        position(59.9, 10.7) | {"time_s": 200},
    ]
    track = http.get("/api/track/berit-01?since=150").json()["track"]
    assert [p["time_s"] for p in track] == [200]


FENCE = {"number": 1, "name": "home", "keep": "in", "shape": "circle", "lat": 59.9, "lon": 10.7,
         "radius_m": 150}  # fmt: skip


def test_fences_are_ordered_with_the_name_of_who_drew_them(http, views):
    answer = http.post("/api/trackers/berit-01/fences", json={"who": "Ingrid", "fences": [FENCE]})
    assert answer.json()["order"] == 1
    assert views.ordered == [("berit-01", [FENCE], "Ingrid")]
    none = http.post("/api/trackers/berit-01/fences", json={"who": "Ingrid", "fences": []})
    assert none.status_code == 409
    assert "no fence" in none.json()["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"who": "Ingrid"}, 400),
        ({"who": "", "fences": [FENCE]}, 400),
        ({"who": "Ingrid", "fences": {}}, 400),
        ({"who": "Ingrid", "fences": ["home"]}, 400),
        ({"who": "Ingrid", "fences": [{"name": "x" * 300_000}]}, 413),
    ],
)
def test_what_is_no_set_of_fences_orders_nothing(http, views, body, status):
    assert http.post("/api/trackers/berit-01/fences", json=body).status_code == status
    assert views.ordered == []


def test_alarms_can_be_only_the_open_ones_and_no_more_than_asked_for(http, views):
    views.alarm_rows = [alarm(i, "b", "B", state="closed" if i % 2 else "raised") for i in range(9)]
    assert len(http.get("/api/alarms").json()["alarms"]) == 9
    assert len(http.get("/api/alarms?open=1").json()["alarms"]) == 5
    assert len(http.get("/api/alarms?limit=3").json()["alarms"]) == 3


@pytest.mark.parametrize(
    "path",
    [
        "/api/alarms?limit=0",
        "/api/alarms?limit=1001",
        "/api/alarms?limit=x",
        "/api/alarms?limit=²",
        "/api/track/b?since=-1",
        "/api/track/b?since=99999999999999999999",
        "/api/health?limit=501",
    ],
)
def test_a_number_out_of_its_range_is_refused_with_a_sentence(http, path):
    answer = http.get(path)
    assert answer.status_code == 400
    assert "must be a whole number from" in answer.json()["error"]


def test_health_shows_counters_and_only_the_beginning_of_what_was_set_aside(http, views):
    views.figures = {"ingest": {"committed": 3}}
    stray = {"id": 1, "topic": "trygg/v1/x/y/up", "size": 500, "payload_hex": "ab" * 500}
    views.set_aside = [{**stray, "reason": "CRC does not fit", "received_ms": 1}]
    health = http.get("/api/health").json()
    assert health["counters"] == {"ingest": {"committed": 3}}
    assert health["quarantine"][0]["reason"] == "CRC does not fit"
    assert health["quarantine"][0]["payload_hex"] == "ab" * 12


def test_metrics_are_served_when_there_are_some(views, http):
    assert http.get("/metrics").status_code == 404
    with served(views, metrics=lambda: b"trygg_records 3\n") as console, client(console) as asking:
        assert asking.get("/metrics").content == b"trygg_records 3\n"


def test_an_unknown_page_and_a_wrong_method_are_sentences(http):
    assert http.get("/nothing").json() == {"error": "There is no such page."}
    answer = http.get("/api/alarms/7/take")
    assert answer.status_code == 405
    assert answer.json() == {"error": "That cannot be done there."}


# ---- what an operator does


def test_an_operator_takes_an_alarm_and_closes_it_with_a_cause(http, views):
    taken = http.post("/api/alarms/7/take", json={"who": " Ingrid Bakke "})
    assert taken.json()["alarm"]["taken_by"] == "Ingrid Bakke"
    closed = http.post("/api/alarms/7/close", json={"who": "Ingrid", "cause": "Fetched home"})
    assert closed.json()["alarm"]["state"] == "closed"
    assert views.alarm_rows[0]["closed_cause"] == "Fetched home"


def test_what_the_gateway_refuses_is_told_in_its_own_sentence(http):
    http.post("/api/alarms/7/take", json={"who": "Ingrid"})
    again = http.post("/api/alarms/7/take", json={"who": "Pål"})
    assert again.status_code == 409
    assert again.json() == {"error": "Alarm 7 was already taken by Ingrid."}
    assert http.post("/api/alarms/99/take", json={"who": "Pål"}).status_code == 409


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The request is not JSON."),
        (b"{", "The request is not JSON."),
        (b"\xff", "The request is not JSON."),
        (b"[" * 3000, "The request is not JSON."),
        (b"[]", "The request must be a JSON object."),
        (b"{}", "who must be 1 to 60 printable characters."),
        (b'{"who": 3}', "who must be 1 to 60 printable characters."),
        (b'{"who": "   "}', "who must be 1 to 60 printable characters."),
        (b'{"who": "a\\nb"}', "who must be 1 to 60 printable characters."),
        (b'{"who": "\\ud800"}', "who must be 1 to 60 printable characters."),
        (json.dumps({"who": "x" * 61}).encode(), "who must be 1 to 60 printable characters."),
    ],
)
def test_a_take_that_does_not_say_who_is_refused(http, views, body, sentence):
    answer = http.post(
        "/api/alarms/7/take", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json() == {"error": sentence}
    assert views.alarm_rows[0]["state"] == "raised"


def test_a_body_longer_than_a_form_is_refused_before_it_is_read_whole(http):
    answer = http.post("/api/alarms/7/take", json={"who": "x" * 100_000})
    assert answer.status_code == 413
