"""Fences drawn on the page become one signed order, in Chromium and in the journal."""

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.ui import Select

from gateway.browser import browser, picture  # noqa: F401 (fixture)
from gateway.console_rig import HOME, FakeViews, position, served, small_town, until
from gateway.console_screen import Screen
from trygg_gateway import order_book
from trygg_gateway.journal import Journal
from trygg_gateway.registry import Registry
from trygg_gateway.values import Refused
from trygg_gateway.views import Views
from trygg_wire import codec, layouts

BERIT = "berit-01"
NOW_MS = 1_790_000_000_000


@pytest.fixture
def views():
    rows = small_town()[:1]
    rows[0].update(status="fine", status_text="", fence_state="inside", fences=[])
    rows[0]["position"] = position(*HOME)
    return FakeViews(rows)


@pytest.fixture
def screen(browser, views):  # noqa: F811
    with served(views, name="Solbakken") as console:
        screen = Screen(browser)
        browser.set_window_size(1400, 900)
        screen.loads(console)
        browser.execute_script("sessionStorage.setItem('trygg-operator', 'Ingrid')")
        screen.click(f"[data-device={BERIT}] .pick")
        screen.click(f"[data-device={BERIT}] .draw-fences")
        screen.says("#drawing-title", "Fences of Berit")
        yield screen


def click_map(screen, x, y):
    """A click so far from the map's middle."""
    ActionChains(screen.driver).move_to_element_with_offset(
        screen.one("#map"), x, y
    ).click().perform()


def refill(screen, css, text):
    field = screen.one(css)
    field.clear()
    field.send_keys(text)


def test_a_circle_and_corners_are_drawn_and_ordered_at_once(screen, views):
    screen.says("#drawing-hint", "Click the middle")
    refill(screen, "#drawing-radius", "200")
    click_map(screen, -150, 0)
    screen.says("#drawing-hint", "Add")
    screen.click("#drawing-add")
    screen.says("#drawing-list", "Keep in home, circle of 200 m")

    screen.click("#drawing input[value=polygon]")
    Select(screen.one("#drawing-keep")).select_by_value("out")
    screen.write("#drawing-name", "Vannet")
    for x, y in ((-200, -60), (-60, -60), (-60, 90), (-200, 150)):
        click_map(screen, x, y)
    screen.click("#drawing-undo")
    picture(screen.driver, "drawing")
    screen.click("#drawing-order")  # what is drawn and not added goes with it
    screen.gone("#drawing")
    ((device, fences, who),) = views.ordered
    assert (device, who) == (BERIT, "Ingrid")
    home, water = fences
    assert (home["number"], home["name"], home["keep"], home["private"]) == (1, "home", "in", True)
    assert (home["shape"], home["radius_m"]) == ("circle", 200)
    assert abs(home["lat"] - HOME[0]) < 0.05
    assert (water["number"], water["name"], water["keep"], water["private"]) == (
        2, "Vannet", "out", False,
    )  # fmt: skip
    assert len(water["rings"][0]) == 3
    assert screen.complaints() == []


def test_what_the_gateway_refuses_is_said_and_nothing_drawn_is_lost(screen, views):
    screen.click("#drawing-order")
    screen.says("#drawing-problem", "no fence")
    screen.click("#drawing-add")
    screen.says("#drawing-problem", "Click the middle")
    click_map(screen, -150, 0)
    screen.click("#drawing-add")
    screen.click("#drawing-list button")
    until(lambda: screen.text("#drawing-list") == "", "removed")
    screen.click("#drawing-cancel")
    screen.gone("#drawing")
    assert views.ordered == []


def test_what_was_drawn_is_one_signed_order_with_a_version(tmp_path):
    journal = Journal.open(tmp_path / "journal.sqlite")
    try:
        Registry(journal, lambda: NOW_MS).add("astrid", "nord", "Astrid")
        nudged = []
        views = Views(journal, lambda: NOW_MS, nudged.append)
        drawn = [{"number": 1, "name": "home", "keep": "in", "private": True, "shape": "circle",
                  "lat": 59.913868, "lon": 10.752245, "radius_m": 150}]  # fmt: skip
        said = views.set_fences("astrid", drawn, "Ingrid")
        assert nudged == ["astrid"]
        ((frame, kind, who),) = journal.query("SELECT frame, kind, ordered_by FROM orders")
        assert (kind, who) == (layouts.FENCES, "Ingrid")
        assert codec.decode(frame)[1]["order_id"] == said["order"]
        (shown,) = views.trackers()
        again = views.set_fences("astrid", shown["fences"], "Ingrid")
        assert again["order"] == said["order"] + 1, "what is shown can be ordered again"
        bodies = journal.query("SELECT body FROM orders ORDER BY id")
        assert bodies[0] == bodies[1]
        with pytest.raises(Refused, match="--none"):
            views.set_fences("astrid", [], "Ingrid")
        with pytest.raises(Refused):
            views.set_fences("astrid", [drawn[0] | {"radius_m": -1}], "Ingrid")
        assert order_book.OrderBook(journal, lambda: NOW_MS).due("astrid")
    finally:
        journal.close()
