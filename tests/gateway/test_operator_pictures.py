"""What docs/operator.md shows in pictures is what the real gateway and page say to such records.

The silence, for which the pictures wait 40 s, is test_nursing_home_whole.py's and
test_console_in_browser.py's.
"""

from gateway.browser import browser, size  # noqa: F401 (fixture)
from gateway.console_rig import until
from gateway.console_screen import Screen
from gateway.operator_pictures import CARDS, card_of, night, opens, staged


def says(screen, begins, words):
    until(lambda: words in card_of(screen, begins).text, f"{begins}: {words}")


def test_left_cannot_tell_private_old_and_no_contact_are_told_apart(tmp_path, browser):  # noqa: F811
    size(browser, 1400, 1200)
    screen = Screen(browser)
    with staged(tmp_path) as (gateway, town):
        opens(screen, gateway, town)
        screen.says(".map-label.private", "inside, position not shared")
        until(lambda: len(screen.all("path.fence-shaded")) == 1, "one fence is shaded")
        night(town)
        until(lambda: len(screen.all(CARDS)) == 2, "two alarms")
        says(screen, "Left Solbakken", "Position 4 s old")
        says(screen, "Cannot tell if inside", "Position 1 h 30 min old")
        says(screen, "Left Solbakken", "Called: Ingrid Bakke. Next: Pål Aas at")
        screen.says("[data-device='nord-19']", "No alarm time can be stated")
        until(lambda: len(screen.all("path.dot.old")) == 1, "an old position is a hollow dot")
        gateway.kill()
        screen.says("#banner", "No contact with the gateway since ")
