"""The console in Debian's Chromium: an operator's night, clicked through.

Every wait is for a condition with a deadline. Screenshots are left in screenshots/ for people.
"""

import threading
import time

import pytest
from selenium.webdriver.common.keys import Keys

from gateway.browser import browser, colours, picture, size  # noqa: F401 (fixture)
from gateway.console_rig import (
    HOME,
    FakeViews,
    alarm,
    circle,
    position,
    served,
    small_town,
    tracker,
    until,
    walk_of,
)
from gateway.console_screen import Screen
from trygg_gateway.web.auth import ConsolePassword

BERIT = "berit-01"
MATCHES = "return document.activeElement.matches(arguments[0])"


@pytest.fixture
def screen(browser):  # noqa: F811
    return Screen(browser)


@pytest.fixture
def views():
    rows = small_town()
    rows[0].update(status="fine", status_text="", fence_state="inside")
    rows[0]["position"] = position(HOME[0] + 0.0004, HOME[1] + 0.0003)
    return FakeViews(rows)


@pytest.fixture
def console(views):
    with served(views, name="Solbakken omsorgssenter") as running:
        yield running


def berit_leaves(views, id_=7, **changes):
    """The gateway has just folded an alarm of Berit's tracker."""
    berit = small_town()[0]
    views.rows = [berit, *[row for row in views.rows if row["device"] != BERIT]]
    views.tracks[BERIT] = walk_of(berit)
    views.alarm_rows = [alarm(id_, BERIT, berit["name"], **changes), *views.alarm_rows]
    views.tell("alarms", "trackers")


def card(id_=7):
    return f"[data-alarm='{id_}']"


# ---- the story


def test_an_operators_night_from_a_walk_to_a_closed_alarm(screen, console, views):
    screen.loads(console)
    screen.says("#no-alarms", "No open alarm")
    picture(screen.driver, "console-1-calm")
    screen.driver.execute_script("window.sameLoad = true")

    berit_leaves(views)
    screen.says(card(), "Left Solbakken")
    screen.says(card(), "Position 2 s old, ± 8 m")
    screen.says(f"{card()} [data-truth=stored]", "by the gateway")
    screen.says(f"{card()} [data-truth=delivered]", "to nobody yet")
    screen.says(f"{card()} [data-truth=taken]", "by nobody yet")
    until(lambda: "(1 ALARM)" in screen.driver.title, "the title flashes the count")
    assert "New alarm. Berit Sørensen: Left Solbakken." in screen.driver.execute_script(
        "return document.getElementById('announce').textContent"
    )
    until(lambda: screen.all("path.track"), "the track is drawn")
    picture(screen.driver, "console-2-alarm")

    views.alarm_rows[0]["delivered"] = ["webhook"]
    views.tell("alarms")
    screen.says(f"{card()} [data-truth=delivered]", "to webhook")
    screen.says(f"{card()} [data-truth=taken]", "by nobody yet")

    screen.click(f"{card()} .take")
    screen.write("#name", "Ingrid Bakke")
    picture(screen.driver, "console-3-who")
    screen.write("#name", Keys.ENTER)
    screen.says(f"{card()} [data-truth=taken]", "by Ingrid Bakke")
    assert views.alarm_rows[0]["taken_by"] == "Ingrid Bakke"
    screen.gone(f"{card()} .take")
    screen.says("#operator", "On duty: Ingrid Bakke")

    screen.click(f"{card()} details summary")
    screen.says(f"{card()} .timeline", "Taken by Ingrid Bakke")
    picture(screen.driver, "console-4-taken")

    screen.click(f"{card()} .close")
    screen.click("input[value='Fetched home']")
    picture(screen.driver, "console-5-close")
    screen.click("#ask-cause .primary")
    screen.gone(f"#open-alarms {card()}")
    assert views.alarm_rows[0]["closed_cause"] == "Fetched home"
    until(lambda: screen.driver.title == "Trygg console", "the title is calm again")
    screen.click("#closed-alarms > summary")
    screen.says(f"#closed-list {card()}", "Closed as: Fetched home")
    assert screen.driver.execute_script("return window.sameLoad"), "the page was reloaded"
    assert screen.complaints() == []


def test_on_the_way_at_the_person_the_next_person_and_open_again(screen, console, views):
    called = [{"who": "Ingrid", "at_ms": time.time_ns() // 1_000_000}]
    soon = {"who": "Pål", "at_ms": time.time_ns() // 1_000_000 + 60_000}
    berit_leaves(views, called=called, next_call=soon, form="alarm")
    screen.loads(console)
    screen.says(f"{card()} .next-call", "Called: Ingrid. Next: Pål at")
    screen.click(f"{card()} .pass")
    screen.write("#name", "Ingrid" + Keys.ENTER)
    screen.says(f"{card()} .next-call", "Called: Ingrid, Pål.")
    screen.click(f"{card()} .go")
    screen.says(f"{card()} .chip", "On the way")
    screen.says(f"{card()} [data-truth=taken]", "by Ingrid")
    screen.gone(f"{card()} .go")
    screen.click(f"{card()} .there")
    screen.says(f"{card()} .chip", "At the person")
    screen.click(f"{card()} .close")
    screen.click("input[value='Fetched home']")
    screen.click("#ask-cause .primary")
    screen.click("#closed-alarms > summary")
    screen.click(f"{card()} .reopen")
    screen.write("#why-text", "Hun gikk igjen" + Keys.ENTER)
    screen.says(f"#open-alarms {card()} .chip", "Not taken")
    events = [line["event"] for line in views.alarm_rows[0]["timeline"]][2:]
    assert events == ["passed_on", "on_the_way", "at_the_person", "closed", "reopened"]
    assert screen.complaints() == []


def test_a_silence_says_what_to_do_and_a_warning_waits_below_it(screen, console, views):
    words = {"reason": "", "fence_number": None, "fence_name": None, "position": None}
    silent = alarm(8, "odd-02", "Odd", what="silent", form="alarm", text="silent: due 4 min ago",
                   todo="See to the wearer now: the battery was at 12 %.", **words)  # fmt: skip
    warning = alarm(9, BERIT, "Berit", what="weak_link", form="warning", text="2 records missing",
                    todo="See where the wearer is.", **words)  # fmt: skip
    views.alarm_rows = [warning, silent]
    screen.loads(console)
    screen.says(f"{card(8)} .what", "Silent: no report as promised")
    screen.says(f"{card(8)} .todo", "the battery was at 12 %")
    screen.says(f"{card(9)} .what", "Gets through badly")
    screen.says("#alarm-tally", "1 not taken · 0 taken · 1 warnings")
    cards = [node.get_attribute("data-alarm") for node in screen.all("#open-alarms > li")]
    assert cards == ["8", "9"]
    until(lambda: "(1 ALARM)" in screen.driver.title, "a warning is not counted")
    screen.gone(f"{card(9)} .go")
    picture(screen.driver, "console-silence-and-warning")


def test_the_name_is_asked_once_and_kept_for_the_tab(screen, console, views):
    berit_leaves(views)
    screen.loads(console)
    screen.click(f"{card()} .take")
    screen.write("#name", "Pål" + Keys.ENTER)
    screen.says(f"{card()} [data-truth=taken]", "by Pål")
    berit_leaves(views, 8)
    screen.click(f"{card(8)} .take")
    screen.says(f"{card(8)} [data-truth=taken]", "by Pål")
    screen.driver.refresh()
    screen.says("#operator", "On duty: Pål")
    until(lambda: any("Pål" in who for who, _ in views.reads), "reads carry the name")


def test_a_cancelled_question_changes_nothing(screen, console, views):
    berit_leaves(views)
    screen.loads(console)
    screen.click(f"{card()} .take")
    screen.write("#name", Keys.ESCAPE)
    screen.gone("#ask-name")
    screen.click(f"{card()} .close")
    screen.write("#name", "Pål" + Keys.ENTER)
    screen.click("#ask-cause [data-cancel]")
    screen.gone("#ask-cause")
    assert views.alarm_rows[0]["state"] == "raised"


def test_another_cause_needs_words(screen, console, views):
    berit_leaves(views)
    screen.loads(console)
    screen.click(f"{card()} .close")
    screen.write("#name", "Pål" + Keys.ENTER)
    screen.click("#ask-cause .primary")
    assert views.alarm_rows[0]["state"] == "raised", "no cause chosen"
    screen.click("input[value='Other']")
    screen.click("#ask-cause .primary")
    assert views.alarm_rows[0]["state"] == "raised", "no words written"
    screen.write("#cause-text", "Var hos naboen" + Keys.ENTER)
    screen.gone("#ask-cause")
    until(lambda: views.alarm_rows[0]["state"] == "closed", "the alarm is closed")
    assert views.alarm_rows[0]["closed_cause"] == "Other: Var hos naboen"


def test_a_refusal_stands_in_the_card_in_the_gateways_words(screen, console, views):
    berit_leaves(views)
    screen.loads(console)
    screen.one(card())
    views.alarm_rows[0].update(state="taken", taken_by="Åshild")  # nobody told the page yet
    screen.click(f"{card()} .take")
    screen.write("#name", "Pål" + Keys.ENTER)
    screen.says(f"{card()} .wrong", "Alarm 7 was already taken by Åshild.")


# ---- what is known, and what is not


def test_the_list_is_worst_first_and_every_state_has_its_word(screen, console, views):
    berit_leaves(views)
    screen.loads(console)
    screen.one(f"[data-device='{BERIT}'][data-status=alarm]")
    words = [node.text for node in screen.all("#tracker-list .status-word")]
    assert words == ["Alarm", "Silent", "Late", "Low battery", "Fine", "Not heard yet"]
    shapes = {node.get_attribute("innerHTML") for node in screen.all(".tracker .status-icon")}
    assert len(shapes) == 6
    screen.says("[data-device='odd-02']", "No alarm time while it is silent")
    screen.says("[data-device='tove-06']", "No alarm time can be stated")
    screen.says("[data-device='odd-02']", "27 min overdue")
    screen.says("[data-device='kare-05']", "Alarm within 45 s of crossing")
    screen.says("[data-device='tove-06']", "Last contact never")
    assert "charging" in screen.one("[data-device='kare-05'] .battery").get_attribute("textContent")


def test_who_shares_no_position_has_a_shaded_fence_and_no_dot(screen, console, views):
    garden = circle(1, "Hagen", *HOME, 80, private=True)
    away = position(HOME[0] + 0.01, HOME[1])
    # a position that should not be there must not be drawn either
    kari = tracker("kari-09", "Kari Aas", position_withheld=True, position=away, fences=[garden])
    views.rows = [kari]
    screen.loads(console)
    screen.says(".map-label.private", "inside, position not shared")
    assert len(screen.all("path.fence-shaded")) == 1
    assert screen.all("path.dot") == []
    assert screen.all("path.accuracy") == []
    screen.says("[data-device='kari-09']", "Inside, position not shared")
    screen.click("#all-tracks")
    screen.click("[data-device='kari-09'] .pick")
    screen.says("[data-device='kari-09'] .more", "not shared while inside")
    assert screen.all("path.track") == []
    kari.update(position_withheld=False, status="alarm", fence_state="outside")
    views.tell("trackers")
    until(lambda: screen.all("path.dot.status-alarm"), "outside, the position is shown")
    assert screen.all("path.fence-shaded") == []


def test_who_was_inside_when_last_heard_is_not_said_to_be_inside(screen, console, views):
    heard_s = int(time.time()) - 11_000
    garden = circle(1, "Hagen", *HOME, 80, private=True)
    hidden = {"position_withheld": True, "last_contact_s": heard_s, "fences": [garden]}
    views.rows = [tracker("kari-09", "Kari Aas", status="silent", **hidden)]
    screen.loads(console)
    screen.says(".map-label.private", "last known inside")
    screen.says(".map-label.private", "3 h 3 min ago")
    screen.says("[data-device='kari-09'] .fence-word", "Last known: inside, position not shared")
    assert len(screen.all("path.fence-stale")) == 1
    picture(screen.driver, "console-silent-inside")


def test_a_silent_gateway_is_said_with_its_time_and_ages_go_on(screen, console, views):
    screen.loads(console)
    console.stop()
    screen.says("#banner", "No contact with the gateway since ")
    screen.says("#contact-word", "No contact")
    picture(screen.driver, "console-6-no-contact")
    age = screen.text("[data-device='kare-05'] .contact-age")
    until(lambda: screen.text("[data-device='kare-05'] .contact-age") != age, "ages tick")
    berit_leaves(views)
    console.start()
    screen.says(card(), "Left Solbakken")
    screen.gone("#banner")
    screen.says("#contact-word", "Live")


def test_a_line_that_is_open_but_dead_is_said_too(screen, console, views):
    console.app.state.live._beat_s = 0.4
    screen.loads(console)
    go_on = threading.Event()
    console._loop.call_soon_threadsafe(go_on.wait)  # the gateway hangs: no word, no end
    try:
        screen.says("#banner", "No contact with the gateway since ")
    finally:
        go_on.set()
    screen.gone("#banner")


def test_a_gateway_that_cannot_read_its_journal_is_said(screen, console, views):
    screen.loads(console)
    views.broken = OSError("disk")
    views.tell("trackers")
    screen.says("#banner", "What is shown may be old: The gateway failed while answering")
    views.broken = None
    screen.gone("#banner")


def test_a_hostile_name_is_text_and_nothing_else(screen, console, views):
    name = '<img src=x onerror="window.taken=1"><b>Ola</b>\'"&amp;'
    fence = circle(1, name, *HOME, 80, private=True)
    views.rows = [
        tracker("ola-1", name, position=position(*HOME), fences=[fence], status_text=name),
        tracker("ola-2", name, position_withheld=True, fences=[fence]),
    ]
    hostile = {"fence_name": name, "taken_by": name, "delivered": [name], "state": "taken"}
    event = {"at_ms": 1, "event": name, "who": name, "text": name}
    views.alarm_rows = [alarm(1, "ola-1", name, reason=name, timeline=[event], **hostile)]
    views.set_aside = [
        {"id": 1, "topic": name, "size": 1, "payload_hex": "00", "reason": name, "received_ms": 1}
    ]
    views.figures = {name: {name: name}}
    screen.loads(console)
    screen.says("[data-device='ola-1'] .name", name)
    screen.click("[data-device='ola-1'] .pick")
    screen.says(".map-label.private", name)
    screen.says(card(1), name)
    screen.click("button[data-view=health]")
    screen.says("#aside", name)
    assert screen.all("b, img[src='x']") == []
    assert screen.driver.execute_script("return window.taken") is None
    assert screen.complaints() == []


def test_health_shows_what_was_set_aside_and_the_counters(screen, console, views):
    stray = {"id": 3, "topic": "trygg/v1/solbakken/ukjent-99/up", "size": 44}
    reason = "no tracker of that name is registered"
    views.set_aside = [
        {**stray, "payload_hex": "10" * 44, "reason": reason, "received_ms": time.time() * 1000}
    ]
    views.figures = {"ingest": {"records_committed": 12345, "frames_refused": 1}}
    screen.loads(console)
    screen.click("button[data-view=health]")
    screen.says("#aside", reason)
    screen.says("#counters", "12,345")
    picture(screen.driver, "console-7-health")
    screen.click("button[data-view=watch]")
    until(lambda: screen.shown("#map"), "the map is back")


# ---- for everybody, everywhere


def test_the_page_fits_a_laptop_and_a_phone_in_light_and_dark(screen, console, views):
    berit_leaves(views)
    screen.loads(console)
    screen.one(card())
    for width, height, name in [(1366, 768, "laptop"), (1000, 700, "tablet"), (360, 740, "phone")]:
        size(screen.driver, width, height)
        for scheme in ("light", "dark"):
            colours(screen.driver, scheme)
            until(lambda: screen.shown(f"{card()} .take"), f"Take is shown at {width} px")
            wide = screen.driver.execute_script("return document.documentElement.scrollWidth")
            assert wide <= width, f"{name} scrolls sideways"
            picture(screen.driver, f"console-8-{name}-{scheme}")
    for pane, css in [("map", "#map"), ("trackers", "#tracker-list"), ("alarms", card())]:
        screen.click(f"button[data-pane={pane}]")
        until(lambda css=css: screen.shown(css), f"{pane} is shown")
        picture(screen.driver, f"console-9-phone-{pane}")


def test_an_alarm_can_be_taken_and_closed_with_the_keyboard_alone(screen, console, views):
    berit_leaves(views)
    screen.loads(console)
    screen.one(card())

    def press(*keys):
        for key in keys:
            screen.driver.switch_to.active_element.send_keys(key)

    def tab_to(css):
        for _ in range(60):
            press(Keys.TAB)
            if screen.driver.execute_script(MATCHES, css):
                return
        raise AssertionError(f"the keyboard does not reach {css}")

    tab_to(f"{card()} .take")
    press(Keys.ENTER)
    until(lambda: screen.shown("#ask-name"), "the question is shown")
    press("Ingrid", Keys.ENTER)
    screen.says(f"{card()} [data-truth=taken]", "by Ingrid")
    tab_to(f"{card()} .close")
    press(Keys.ENTER)
    until(lambda: screen.shown("#ask-cause"), "the question is shown")
    press(Keys.SPACE, Keys.ARROW_DOWN, Keys.ENTER)
    until(lambda: views.alarm_rows[0]["state"] == "closed", "the alarm is closed")
    assert views.alarm_rows[0]["closed_cause"] == "Fetched home"


def test_what_the_operator_opened_or_focused_stays_so_when_news_come(screen, console, views):
    berit_leaves(views)
    screen.loads(console)
    screen.click(f"{card()} details summary")
    screen.click("[data-device='kare-05'] .pick")
    berit_leaves(views, 8)
    screen.one(card(8))
    assert screen.one(f"{card()} details").get_attribute("open") is not None
    assert screen.one("[data-device='kare-05'] .pick").get_attribute("aria-expanded") == "true"
    focused = screen.driver.execute_script(
        "return document.activeElement.closest('[data-device]')?.dataset.device"
    )
    assert focused == "kare-05"


def test_without_tiles_the_map_is_a_grid_with_its_scale(screen, console, views):
    screen.loads(console)
    screen.says("#map-note", "Grid ")
    until(lambda: screen.all(".leaflet-tile-container canvas"), "the grid is drawn")
    assert " m" in screen.text(".leaflet-control-scale-line")


def test_tiles_that_cannot_be_had_leave_the_grid_and_say_so(screen, views):
    tiles = "/static/no-such-tiles/{z}/{x}/{y}.png"
    with served(views, tiles=tiles, tiles_credit="<i>Kartverket</i>") as running:
        screen.loads(running)
        screen.says("#map-note", "The map pictures cannot be fetched. Grid ")
        until(lambda: screen.all(".leaflet-tile-container canvas"), "the grid is drawn")


def test_the_sound_is_off_until_it_is_turned_on(screen, console, views):
    screen.loads(console)
    button = screen.one("#sound")
    assert (button.text, button.get_attribute("aria-pressed")) == ("Sound off", "false")
    button.click()
    assert (button.text, button.get_attribute("aria-pressed")) == ("Sound on", "true")


def test_a_locked_console_asks_for_its_password_first(screen, views):
    password = ConsolePassword.of("fjordgløtt")
    with served(views, password=password) as running:
        screen.driver.get(running.url)
        screen.write("#password", "feil" + Keys.ENTER)
        screen.says("#wrong", "That is not the password.")
        picture(screen.driver, "console-login")
        screen.driver.refresh()
        screen.write("#password", "fjordgløtt" + Keys.ENTER)
        screen.says("#contact-word", "Live")
        screen.click("#logout")
        until(lambda: screen.shown("#password"), "the login page is back")
        screen.driver.get(running.url)
        until(lambda: screen.shown("#password"), "the session has ended")


def test_a_gateway_that_starts_anew_asks_for_its_password_again(screen, views):
    with served(views, password=ConsolePassword.of("fjordgløtt")) as running:
        screen.driver.get(running.url)
        screen.write("#password", "fjordgløtt" + Keys.ENTER)
        screen.says("#contact-word", "Live")
        running.stop()
        screen.says("#banner", "No contact with the gateway since ")
        running.start()
        until(lambda: screen.shown("#password"), "the login page is there")
