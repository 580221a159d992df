"""Modems: `at` is the line, a dialect says what one modem calls things, the driver speaks."""
