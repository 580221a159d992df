"""Who the console answers: hosts, origins, other machines, and the password."""

import asyncio

import httpx
import pytest

from gateway.console_rig import (
    FakeViews,
    alarm,
    client,
    served,
    small_town,
)
from trygg_gateway.web.app import create_app
from trygg_gateway.web.auth import ConsolePassword
from trygg_gateway.web.server import must_have_password


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
