"""The console's page as an operator sees it, for tests: every look waits until it is so."""

from contextlib import suppress

from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.by import By

from gateway.console_rig import until


class Screen:
    """The page as an operator sees it; every look waits until it is so, or fails by its name."""

    def __init__(self, driver):
        self.driver = driver

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css):
        return until(lambda: next(iter(self.all(css)), None), f"{css} is on the page")

    def text(self, css):
        return self._steadily(lambda: next((node.text for node in self.all(css)), ""))

    def says(self, css, words):
        until(lambda: self._calm(lambda: words in self.text(css)), f"{css} says {words!r}")

    def gone(self, css):
        until(lambda: self._calm(lambda: not self.shown(css)), f"{css} is not shown")

    def shown(self, css):
        return self._steadily(lambda: [node for node in self.all(css) if node.is_displayed()])

    def click(self, css):
        def clicked():
            nodes = [node for node in self.shown(css) if node.is_enabled()]
            if nodes:
                nodes[0].click()
            return bool(nodes)

        until(lambda: self._calm(clicked), f"{css} can be clicked")

    def write(self, css, words):
        until(lambda: self.shown(css), f"{css} is shown")[0].send_keys(words)

    def loads(self, console):
        self.driver.get(console.url)
        self.says("#contact-word", "Live")

    def complaints(self):
        """What the browser's console says of errors: scripts refused, files not found."""
        return [e["message"] for e in self.driver.get_log("browser") if e["level"] == "SEVERE"]

    def _steadily(self, look):
        for _ in range(5):
            with suppress(StaleElementReferenceException):  # it went while it was looked at
                return look()
        return look()

    def _calm(self, look):
        try:
            return look()
        except WebDriverException:  # the element went while it was looked at: look again
            return False
