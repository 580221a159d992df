"""Debian's Chromium, headless, for the console's browser tests."""

import shutil
import tempfile
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",
    "--lang=en-GB",
)
SCREENSHOTS = Path(__file__).parents[2] / "screenshots"


def open_browser(profile, width=1366, height=768, dark=False):
    """A fresh browser whose page is exactly width by height; the caller quits it."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=Service(shutil.which("chromedriver")))
    size(driver, width, height)
    colours(driver, "dark" if dark else "light")
    return driver


def size(driver, width, height):
    """Give the page these CSS pixels."""
    values = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", values)


def colours(driver, scheme):
    """Make the page prefer "light" or "dark"."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def picture(driver, name):
    """Leave a screenshot in screenshots/, for people."""
    SCREENSHOTS.mkdir(exist_ok=True)
    driver.save_screenshot(str(SCREENSHOTS / f"{name}.png"))


@pytest.fixture
def browser():
    """A browser with an empty profile; without Debian's Chromium the test fails."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.fail("Chromium is not installed: apt-get install chromium chromium-driver")
    profile = tempfile.mkdtemp(prefix="trygg-chromium-")
    driver = open_browser(profile)
    try:
        yield driver
    finally:
        driver.quit()
        shutil.rmtree(profile, ignore_errors=True)
