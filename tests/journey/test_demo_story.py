"""The first landing's story, as a newcomer lives it: `trygg demo`, Chromium, and a killed gateway.

The trackers are virtual boards with the real firmware where MicroPython has a wheel. Nothing here
is told to hurry: the walk takes the time it takes.
"""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime

import pytest
from selenium.webdriver.common.keys import Keys

from gateway.browser import browser, picture, size  # noqa: F401 (fixture)
from gateway.console_rig import until
from gateway.console_screen import Screen
from journey.demo_process import demo, environment, gateway_again

ALARM_S = 120  # the walk crosses after 43 s, the tracker looks every 20 s; the rest is patience
CARD = "#open-alarms [data-alarm]"


@pytest.mark.timeout(240)
def test_from_a_walk_to_an_alarm_through_a_killed_gateway(tmp_path, browser):  # noqa: F811
    size(browser, 1400, 850)
    screen = Screen(browser)
    with demo(tmp_path) as running:
        the_page_shows_three_trackers_and_no_dot_of_the_private_two(screen, running)
        the_alarm_appears_by_itself_and_at_the_webhook(screen, running)
        take_is_told_to_the_wearer(screen, running)
        os.kill(gateway_pid(running), signal.SIGKILL)
        screen.says("#banner", "No contact with the gateway")
        picture(browser, "demo-4-no-contact")
        until(lambda: "the gateway is gone" in running.said, "the demo says so too")
        records = count(running)["records"]
        again = running.printed(r"(\S+/trygg gateway run --config \S+)")
        with gateway_again(again, tmp_path / "again.log") as restarted:
            the_page_recovers(screen, running, restarted.pid)
            until(lambda: count(running)["records"] > records, "records come again", 90)
            until(lambda: count(running)["whole"], "nothing is missing, nothing double", 30)
            assert running.interrupt() == 0
            assert running.living() == set()
    assert "0 missing, 0 double" in running.said.splitlines()[-1]


@pytest.mark.timeout(180)
def test_without_virtual_boards_the_simulated_trackers_raise_the_same_alarm(tmp_path):
    with demo(tmp_path, "--simulated") as running:
        assert "simulated trackers on CPython" in running.said
        until(lambda: left_events(running), "Astrid's alarm is at the webhook", ALARM_S)
        assert running.interrupt() == 0
        assert running.living() == set()


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_a_demo_that_is_killed_leaves_nothing_running(tmp_path):
    with demo(tmp_path) as running:
        assert len(running.living()) > 3
        running.process.kill()
        running.process.wait()
        until(lambda: not running.living(), "every part has ended", 20)


# ---- the parts of the story


def the_page_shows_three_trackers_and_no_dot_of_the_private_two(screen, running):
    screen.driver.get(running.page)
    screen.says("#contact-word", "Live")
    screen.driver.execute_script("window.sameLoad = true")
    for device in ("astrid", "bjorn", "solveig"):
        until(lambda d=device: screen.all(f"[data-device='{d}'][data-status=fine]"), device)
    until(lambda: len(screen.all("path.fence-shaded")) == 2, "two fences are shaded")
    until(lambda: screen.text(".bound") in stated(running), "a bound that a tracker has stated")
    labels = " ".join(label.text for label in screen.all(".map-label.private"))
    assert "Bjorn" in labels
    assert "Astrid" in labels
    until(lambda: len(screen.all("path.dot")) == 1, "only Solveig shares her position inside")
    assert len(running.living()) >= 3, "the demo, the webhook's receiver, the gateway"
    picture(screen.driver, "demo-1-calm")


def stated(running):
    """What the page may say of the bounds in the reports that the webhook has."""
    bounds = {event["data"]["bound_s"] for event in events(running, "no.trygg.report")}
    return {f"Alarm within {bound} s of crossing" for bound in bounds}


def the_alarm_appears_by_itself_and_at_the_webhook(screen, running):
    until(lambda: screen.all(CARD), "an alarm is on the page", ALARM_S)
    seen_s = time.time()
    screen.says(CARD, "Left Frognerparken")
    screen.says(CARD, "Position ")
    screen.says(CARD, " s old, ± ")
    screen.says(f"{CARD} [data-truth=delivered]", "to webhook")
    assert screen.driver.execute_script("return window.sameLoad"), "the page was reloaded"
    (event,) = left_events(running)
    newest = event["data"]["evidence"][0]
    assert newest["distance_m"] > 0
    assert seen_s - datetime.fromisoformat(event["time"]).timestamp() < 45
    until(lambda: len(screen.all("path.dot")) == 2, "outside her fence Astrid has a dot")
    picture(screen.driver, "demo-2-alarm")


def take_is_told_to_the_wearer(screen, running):
    (event,) = left_events(running)
    _, boot, seq = event["id"].split(":")
    screen.click(f"{CARD} .take")
    screen.write("#name", "Ingrid Bakke" + Keys.ENTER)
    screen.says(f"{CARD} [data-truth=taken]", "by Ingrid Bakke")
    screen.says("[data-device='astrid']", "Has left the fence, taken")
    told = f"wearer told: alarm {boot}/{seq} taken"
    until(lambda: told in running.log_of("astrid"), told, 30)
    until(lambda: told in running.said, "the demo shows it")
    picture(screen.driver, "demo-3-taken")


def the_page_recovers(screen, running, pid):
    screen.says("#contact-word", "Live")
    screen.gone("#banner")
    screen.says("[data-device='astrid']", "Has left the fence, taken")
    assert gateway_pid(running) == pid
    until(lambda: f"the gateway is back (pid {pid})" in running.said, "the demo says so too")
    screen.says(f"{CARD} [data-truth=taken]", "by Ingrid Bakke")
    assert screen.driver.execute_script("return window.sameLoad"), "the page was reloaded"
    picture(screen.driver, "demo-5-back")


# ---- what the demo left in its folder


def gateway_pid(running):
    return json.loads((running.folder / "gateway/data/running.json").read_text())["pid"]


def events(running, kind):
    text = (running.folder / "received.jsonl").read_text("utf-8")
    lines = text[: text.rfind("\n") + 1].splitlines()
    return [event for event in map(json.loads, lines) if event["type"] == kind]


def left_events(running):
    return events(running, "no.trygg.alarm.left")


def count(running):
    """`trygg demo-check --json`, summed; whole: it found nothing missing and nothing double."""
    done = subprocess.run(
        [sys.executable, "-m", "trygg_tools.cli", "demo-check", "--json", "--folder",
         str(running.folder)],
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    boots = json.loads(done.stdout)
    whole = done.returncode == 0 and not any(boot["missing"] or boot["doubles"] for boot in boots)
    return {"records": sum(boot["records"] for boot in boots), "whole": whole}
