"""The console over HTTP: what it answers, to whom, and what it refuses."""

import json
import socket
import threading
from hashlib import sha256

import httpx
import pytest

from gateway.console_rig import (
    FakeViews,
    alarm,
    client,
    position,
    served,
    small_town,
    tracker,
    until,
)
from trygg_gateway.web.app import STATIC, create_app
from trygg_gateway.web.auth import ConsolePassword
from trygg_gateway.web.server import ConsoleError, must_have_password


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


# ---- who may ask


def test_a_host_name_that_is_not_ours_is_refused(http):
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "127.0.0.1@evil"):
        answer = http.get("/api/trackers", headers={"host": host})
        assert answer.status_code == 421 if host else answer.status_code in (400, 421)


def test_a_host_may_be_allowed_with_or_without_its_port(views):
    with served(views, allowed_hosts=["Trygg.example", "[::1]:9"]) as console:
        for host, status in [
            ("trygg.example", 200),
            ("TRYGG.example:8443", 200),
            ("[::1]:9", 200),
            ("[::1]", 421),
            ("127.0.0.1", 421),
        ]:
            answer = httpx.get(f"{console.url}/healthz", headers={"host": host})
            assert answer.status_code == status, host


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://127.0.0.1", "http://127.0.0.1:1"]
)
def test_a_change_from_another_page_is_refused(console, views, origin):
    headers = {"origin": origin} if origin else {}
    answer = httpx.post(f"{console.url}/api/alarms/7/take", json={"who": "X"}, headers=headers)
    assert answer.status_code == 403
    assert views.alarm_rows[0]["state"] == "raised"


def test_a_change_that_a_plain_form_could_send_is_refused(http, views):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        headers = {"content-type": kind}
        answer = http.post("/api/alarms/7/take", content=b'{"who": "X"}', headers=headers)
        assert answer.status_code == 415
    assert views.alarm_rows[0]["state"] == "raised"


def test_every_answer_forbids_foreign_scripts_and_frames(http):
    for path in ("/", "/api/trackers", "/nothing", "/static/console.js", "/login"):
        headers = http.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'self'; img-src 'self' data:; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        kept = "no-cache" if path.startswith("/static/") else "no-store"
        assert headers["cache-control"] == kept
    assert "content-security-policy" in http.get("/", headers={"host": "evil"}).headers


def test_only_the_tiles_host_may_send_images(views):
    tiles = "https://{s}.tiles.example:8443/{z}/{x}/{y}.png"
    with served(views, tiles=tiles) as console, client(console) as asking:
        policy = asking.get("/").headers["content-security-policy"]
        assert "img-src 'self' data: https://*.tiles.example:8443;" in policy
        assert asking.get("/api/session").json()["tiles"] == tiles


@pytest.mark.parametrize(
    "tiles", ["ftp://x/", "javascript:alert(1)", "https://a b/", "https://a;b/"]
)
def test_tiles_that_are_no_plain_address_are_refused_at_the_start(views, tiles):
    app = create_app(views, metrics=None, password=None, tiles=tiles, allowed_hosts=[])
    with pytest.raises(ValueError, match="console tiles"):
        app.build_middleware_stack()


def test_without_a_password_another_machine_is_not_answered(views):
    app = create_app(views, metrics=None, password=None, tiles=None, allowed_hosts=["trygg"])
    for address, status in [("192.168.1.9", 403), ("127.0.0.1", 200), ("::1", 200), ("junk", 403)]:
        assert ask_as(app, address, "/healthz") == status, address


def test_an_address_that_others_reach_needs_a_password():
    assert must_have_password("0.0.0.0")
    assert must_have_password("::")
    assert must_have_password("192.168.1.4")
    assert must_have_password("trygg.example")
    assert not must_have_password("127.0.0.1")
    assert not must_have_password("::1")
    assert not must_have_password("localhost")


def ask_as(app, address, path):
    """The status of a GET from that address, without a network."""
    import asyncio

    async def ask():
        transport = httpx.ASGITransport(app, client=(address, 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://trygg") as asking:
            return (await asking.get(path)).status_code

    return asyncio.run(ask())


# ---- the password


PASSWORD = "blåbær og fløte"


@pytest.fixture(scope="module")
def hashed():
    return ConsolePassword.of(PASSWORD)


@pytest.fixture
def locked(views, hashed):
    with served(views, password=hashed, metrics=lambda: b"m 1\n") as running:
        yield running


def test_with_a_password_nothing_is_shown_before_the_login(locked, views):
    with client(locked) as asking:
        for path in ("/api/trackers", "/api/alarms", "/api/live", "/api/session", "/api/health"):
            assert asking.get(path).status_code == 401, path
        assert asking.post("/api/alarms/7/take", json={"who": "X"}).status_code == 401
        page = asking.get("/")
        assert (page.status_code, page.headers["location"]) == (303, "/login")
        assert asking.get("/login").status_code == 200
    assert views.reads == []
    assert views.alarm_rows[0]["state"] == "raised"


def test_the_right_password_opens_a_session_that_no_script_can_read(locked):
    with client(locked) as asking:
        answer = asking.post("/api/login", json={"password": PASSWORD})
        assert answer.status_code == 200
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert asking.get("/api/trackers").status_code == 200
        assert asking.get("/api/session").json()["password"] is True
        kept = dict(asking.cookies)
        assert asking.post("/api/logout", json={}).status_code == 200
        assert asking.get("/api/trackers", cookies=None).status_code == 401
    after = httpx.get(
        f"{locked.url}/api/trackers",
        headers={"cookie": "; ".join(f"{k}={v}" for k, v in kept.items())},
    )
    assert after.status_code == 401, "the session must end in the gateway too"


def test_a_made_up_or_damaged_cookie_is_no_session(locked):
    for cookie in ("trygg_console=", "trygg_console=x", 'trygg_console="\\777"', "=;=;", "\x7f"):
        answer = httpx.get(f"{locked.url}/api/trackers", headers={"cookie": cookie})
        assert answer.status_code == 401, cookie


def test_guessing_is_slowed_after_five_wrong_passwords_and_the_right_one_waits_too(locked):
    with client(locked) as asking:
        for _ in range(5):
            answer = asking.post("/api/login", json={"password": "feil"})
            assert answer.status_code == 401
            assert answer.json() == {"error": "That is not the password."}
        braked = asking.post("/api/login", json={"password": PASSWORD})
        assert braked.status_code == 429
        assert 0 < int(braked.headers["retry-after"]) <= 30


def test_metrics_are_open_to_this_machine_and_the_health_check_to_all(locked, views, hashed):
    assert httpx.get(f"{locked.url}/metrics").content == b"m 1\n"
    app = create_app(views, metrics=bytes, password=hashed, tiles=None, allowed_hosts=["trygg"])
    assert ask_as(app, "192.168.1.9", "/metrics") == 401
    assert ask_as(app, "192.168.1.9", "/healthz") == 200
    assert ask_as(app, "192.168.1.9", "/static/console.css") == 200


# ---- live


def events(response):
    """The events of a live stream as (name, data)."""
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def test_a_change_is_told_to_every_open_page(console, views):
    with (
        client(console) as one,
        client(console) as two,
        one.stream("GET", "/api/live") as first,
        two.stream("GET", "/api/live") as second,
    ):
        streams = [events(first), events(second)]
        assert [next(s)[0] for s in streams] == ["hello", "hello"]
        until(lambda: views.listeners, "the console listens")
        views.tell("alarms")
        for stream in streams:
            name, data = next(stream)
            assert (name, data["names"]) == ("changed", ["alarms"])


def test_a_burst_of_changes_is_told_in_few_words(console, views):
    with client(console) as asking, asking.stream("GET", "/api/live") as response:
        stream = events(response)
        assert next(stream)[0] == "hello"
        until(lambda: views.listeners, "the console listens")
        views.tell(*["trackers"] * 500, *["alarms"] * 500)
        told = []
        while "alarms" not in told:
            told += next(stream)[1].get("names", [])
        assert len(told) <= 4


def test_pages_that_leave_are_forgotten(console, views):
    live = console.app.state.live
    with client(console) as asking:
        for _ in range(5):
            with asking.stream("GET", "/api/live") as response:
                assert next(events(response))[0] == "hello"
        until(lambda: live.pages == 0, "no page is left over")
    assert len(views.listeners) == 1, "one listener serves all pages"


def test_stopping_ends_open_streams_and_leaves_no_listener(views):
    with served(views) as console, client(console) as asking:
        with asking.stream("GET", "/api/live") as response:
            stream = events(response)
            assert next(stream)[0] == "hello"
            until(lambda: views.listeners, "the console listens")
            console.stop()  # asserts that it ends
            assert [name for name, _ in stream if name != "beat"] == []
        assert views.listeners == set()
        console.start()


def test_a_listener_that_breaks_ends_the_streams_so_that_pages_ask_again(console, views):
    with client(console) as asking:
        with asking.stream("GET", "/api/live") as response:
            stream = events(response)
            next(stream)
            queue = until(lambda: list(views.listeners), "the console listens")[0]
            console._loop.call_soon_threadsafe(queue.put_nowait, None)
            assert [name for name, _ in stream if name != "beat"] == []
        with asking.stream("GET", "/api/live") as response:
            stream = events(response)
            assert next(stream)[0] == "hello"
            until(lambda: views.listeners, "the console listens again")
            views.tell("trackers")
            assert next(stream)[1]["names"] == ["trackers"]


# ---- the server


def test_a_port_that_is_taken_is_an_error_that_says_what_to_do(views):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        from gateway.console_rig import Served

        def app():
            return create_app(views, metrics=None, password=None, tiles=None, allowed_hosts=[])

        with pytest.raises(ConsoleError, match=f"cannot listen on 127.0.0.1 port {port}"):
            Served(app, port)


def test_the_console_leaves_the_process_signals_alone(views):
    import signal

    before = signal.getsignal(signal.SIGTERM)
    with served(views):
        assert signal.getsignal(signal.SIGTERM) is before
    assert threading.active_count() < 50
