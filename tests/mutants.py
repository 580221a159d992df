"""Faults planted in duty and fence, each of which some test must catch: `make mutants`.

Each row changes one line in a temporary copy of the tree; the tests of FIRST, and after them those
of THEN, run there until one fails. A mutant that lives is a promise without a test. A row whose
line is not found any more is an error too: write it anew.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("firmware", "tools", "tests", "gateway")
FIRST = ("test_duty.py", "test_search.py", "test_anchor.py", "test_fence.py")
THEN = ("tests/firmware/cpython/test_bound.py", "tests/tools/test_resting.py")

# what is wrong, file in firmware/tracker, the line's part, what stands there instead
MUTANTS = (
    ("the margin is ignored", "duty.py",
     "(accuracy_dm + self.settings.fix_margin_dm)", "accuracy_dm"),
    ("the accuracy is ignored in the way", "duty.py",
     "(accuracy_dm + self.settings.fix_margin_dm)", "self.settings.fix_margin_dm"),
    ("the time to fix is ignored", "duty.py",
     "self.settings.v_max_dm_s) - self.time_to_fix_s", "self.settings.v_max_dm_s)"),
    ("the age of the fix is ignored", "duty_rows.py",
     "_ceiling_s(duty, at)) - at.age_s", "_ceiling_s(duty, at))"),
    ("the maximum age of motion is ignored", "duty.py",
     "return age_max_s\n", "return NEVER_S\n"),
    ("a rest goes past what was stated", "duty.py",
     "return min(age_max_s, max(reach_s, self.slack_s))", "return age_max_s"),
    ("a larger slack counts before the next fix", "duty.py",
     "        if self.stated_s >= self.slack_s:\n            return False\n", ""),
    ("a smaller slack does not count at once", "duty.py",
     "        self.slack_s = self.stated_s\n        return True", "        return True"),
    ("back-off goes past what was stated", "duty_rows.py",
     "min(duty.settings.fix_ceiling_s, pause_s, duty.slack_s)",
     "min(duty.settings.fix_ceiling_s, pause_s)"),
    ("a bound is stated while fixes fail", "duty.py",
     "nothing = self.failures or at.margin_cm is None", "nothing = at.margin_cm is None"),
    ("a low battery is not in the bound", "duty_rows.py",
     '("battery_low", "battery_low_fix_s", PAUSE)', '("confirming", "battery_low_fix_s", PAUSE)'),
    ("the anchor's range is ignored", "anchor.py",
     "margin_cm + 10 * (self._range_dm() + self._place_dm)", "margin_cm"),
    ("an anchor elsewhere is still believed", "anchor.py",
     "if self._place is not None and self._near(fix):", "if self._place is not None:"),
    ("a rest lasts although somebody has called", "duty.py",
     "return at.alarm_open or at.charging or at.confirming", "return at.charging or at.confirming"),
    ("a window of a schedule begins without a fix", "duty.py",
     "return max(0, min(pause(self, at), at.change_s))", "return max(0, pause(self, at))"),
    ("the receiver goes off while one fix may decide", "duty_rows.py",
     "return at.confirming or at.upkeep", "return at.upkeep"),
    ("a search is given up early while a bound is stated", "search.py",
     "duty.stated_s != NOTHING_S", "duty.stated_s == NOTHING_S"),
    ("the accuracy is ignored by the fence", "fence_rule.py",
     "if beyond_cm > accuracy_cm + buffer_cm:", "if beyond_cm > buffer_cm:"),
    ("one fix outside is enough", "fence_rule.py",
     "(False, False, False, True, False, True, True, True)",
     "(False, True, False, True, False, True, True, True)"),
    ("motion does not end a rest", "planner.py",
     "        if not self.resting():\n            return False\n", "        return False\n"),
)  # fmt: skip


def plant(copy, file, right, wrong):
    """Change the line in the copy; give what stood there."""
    path = copy / "firmware" / "tracker" / file
    text = path.read_text()
    if text.count(right) != 1:
        raise SystemExit(f"{file}: wanted once, found {text.count(right)} times: {right!r}")
    path.write_text(text.replace(right, wrong))
    return path, text


def killer(copy):
    """The name of a test that fails in the copy, "" when none does."""
    for tests in ([f"tests/firmware/{name}" for name in FIRST], *([name] for name in THEN)):
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
        if done.returncode == 1:
            failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
            return failed[0].split("::")[1].split(" ")[0]
        if done.returncode:
            raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    return ""


def main():
    """Plant one after the other; 1 if any lives."""
    alive = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        ignored = shutil.ignore_patterns("__pycache__")
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, copy)
        if killer(copy):
            raise SystemExit("a test fails without any mutant")
        for what, *change in MUTANTS:
            path, text = plant(copy, *change)
            name = killer(copy)
            path.write_text(text)
            alive += not name
            print(f"{'caught' if name else 'LIVES '}  {what}: {name}", flush=True)
    print(f"{len(MUTANTS) - alive} of {len(MUTANTS)} caught")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
