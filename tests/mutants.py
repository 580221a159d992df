"""Faults planted in duty, doubt, fence, safe mode and journal; a test catches each: `make mutants`.

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
FIRST = ("test_duty.py", "test_doubt.py", "test_cannot_tell.py", "test_app.py", "test_search.py",
         "test_anchor.py", "test_fence.py", "test_recovery.py", "test_orders.py")  # fmt: skip
THEN = ("tests/firmware/cpython/test_bound.py", "tests/tools/test_resting.py",
        "tests/tools/test_closed_exits.py", "tests/tools/test_safe_mode.py")  # fmt: skip

TRACKER, GATEWAY = "firmware/tracker", "gateway/trygg_gateway"
JOURNAL = ("tests/gateway/test_journal_machine.py", "tests/gateway/test_torn_lines.py",
           "tests/journey/test_crash_score.py")  # fmt: skip

# what is wrong, file in gateway/trygg_gateway, the line's part, what stands there instead
OF_THE_JOURNAL = (
    ("a record is confirmed before the commit", "journal.py",
     '            self._db.execute("COMMIT")\n',
     '            self._confirm(batch.parcels)\n            batch.parcels.clear()\n'
     '            self._db.execute("COMMIT")\n'),
    ("a commit does not wait for the disk", "journal_file.py",
     "PRAGMA synchronous = FULL", "PRAGMA synchronous = OFF"),
    ("a commit is only written, and synced some day", "journal_file.py",
     "PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL"),
    ("who comes later under a number has it", "journal_rows.py",
     "INSERT OR IGNORE INTO records", "INSERT OR REPLACE INTO records"),
    ("a clash is let go", "journal_rows.py",
     "            for entry in _clashes(db, piece):\n", "            for entry in ():\n"),
    ("reports are inserted before the alarms that wait", "journal_rows.py",
     "alarms + others, known", "others + alarms, known"),
    ("alarms of a commit that the disk refused are forgotten", "journal.py",
     "        self._alarms.appendleft(batch.alarms)\n", ""),
    ("what the disk refused comes back in another order", "journal.py",
     "self._queue.extendleft(reversed(batch.parcels))", "self._queue.extendleft(batch.parcels)"),
    ("half of a write that failed stays", "journal.py",
     'self._db.execute("ROLLBACK TO act")', "pass"),
    ("the file sink confirms what is not on the disk", "sinks/file.py",
     "            view = view[os.write(fd, view) :]\n        os.fsync(fd)\n",
     "            view = view[os.write(fd, view) :]\n"),
    ("the name of the file sink's file is not on the disk", "sinks/file.py",
     "        _sync_folder(self._path.parent)\n", ""),
    ("damage between lines is left where it is", "sinks/torn_lines.py",
     "if any(one.is_damage for one in run):", "if not run:"),
)  # fmt: skip

# the same in firmware/tracker
MUTANTS = (
    ("the margin is ignored", "duty.py",
     "(accuracy_dm + self.settings.fix_margin_dm)", "accuracy_dm"),
    ("the accuracy is ignored in the way", "duty.py",
     "(accuracy_dm + self.settings.fix_margin_dm)", "self.settings.fix_margin_dm"),
    ("the time to fix is ignored", "duty.py",
     "way_s - way_s // DRIFT - self.time_to_fix_s", "way_s - way_s // DRIFT"),
    ("what a slow clock loses is not in the way", "duty.py",
     "way_s - way_s // DRIFT - self.time_to_fix_s", "way_s - self.time_to_fix_s"),
    ("what a slow clock loses is not in the bound", "duty.py",
     "        slack_s += (slack_s + DRIFT - 1) // DRIFT\n", ""),
    ("a pause of the night goes into the day", "duty.py",
     "min(self.settings.report_night_s, self.night)", "self.settings.report_night_s"),
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
     "return max(0, min(pause(self, at), at.change_s - at.change_s // DRIFT))",
     "return max(0, pause(self, at))"),
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
    ("a fence not left is forgotten while its wearer is followed", "duty_rows.py",
     "        pause_s = min(pause_s, max(way_s, duty.pause_slack_s(at)))\n", "        pass\n"),
    ("a long pause explains any jump", "doubt.py",
     "if jump_dm > REACH_S * settings.v_max_dm_s:", "if not walk_s:"),
    ("what nobody can have reached need not last", "doubt.py",
     "return min(FAR * settings.doubt_s, _NONE - 1)", "return settings.doubt_s"),
    ("a walk without reception tells nothing", "planner.py",
     "self._image.lost_s = 0 if self._left_dm() > 0 else self._image.lost_s or now_s",
     "self._image.lost_s = 0"),
    ("cannot tell is said all day without a sensor", "planner.py",
     "            return NEVER_S\n", "            pass\n"),
    ("a dead motion sensor vouches", "planner.py",
     "if self._motion.sensed() and (lives or image.lost_s):", "if self._motion.sensed():"),
    ("a walk that begins in a sleep is not counted", "motion.py",
     "self.walked_s += apart_s + self._slept_s", "self.walked_s += apart_s"),
    ("other fences leave the wearer as far inside as before", "planner.py",
     "if fences.gathered != self._gathered:", "if False:"),
    ("who has called is only followed", "planner.py",
     "image.listen_until_s > now_s + LINGER_S or at.alarm_open",
     "image.listen_until_s > now_s + LINGER_S"),
    ("who is followed is looked for before the gateway has the alarm", "planner.py",
     "just_left = just_left or self._core.outbox.alarms_waiting()", "pass"),
    ("a report does not go with the position", "app.py",
     "            image.next_report_s = now_s  # with each position\n", "            pass\n"),
    ("what hangs again after safe mode begins from nothing", "recovery.py",
     "self.crashes = SAFE_AFTER - 1\n", "self.crashes = self._left_out = 0\n"),
    ("what RTC memory holds ends start after start", "recovery.py",
     "return self.safe and self.crashed and self.last_stage == START", "return False"),
    ("nobody is told that no fence is looked at", "app.py",
     "self._alarm(Event(layouts.CANT_TELL, 0, layouts.NOT_WATCHED))", "pass"),
    ("a bound is stated by settings that are not the wearer's", "recorder.py",
     "if core.fences.version and not core.settings.lost else 0", "if core.fences.version else 0"),
    ("the answer that an alarm is closed comes before it is", "recorder.py",
     "        if not self._core.outbox.alarms_held():\n            self.remember()\n", ""),
    ("an alarm is closed once and never again", "orders.py",
     'if command and command["command"] != ALARM_CLOSED:', "if command:"),
)  # fmt: skip


def plant(copy, folder, file, right, wrong):
    """Change the line in the copy; give what stood there."""
    path = copy / folder / file
    text = path.read_text()
    if text.count(right) != 1:
        raise SystemExit(f"{file}: wanted once, found {text.count(right)} times: {right!r}")
    path.write_text(text.replace(right, wrong))
    return path, text


def killer(copy, rounds):
    """The name of a test that fails in the copy, "" when none does."""
    for tests in rounds:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
        paths = [str(copy / part) for part in ("firmware", "gateway", "tools")]
        environment = {
            **os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.pathsep.join(paths)
        }  # fmt: skip
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
        if done.returncode == 1:
            failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
            return failed[0].split("::")[1].split(" ")[0]
        if done.returncode:
            raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    return ""


def try_all(copy, folder, mutants, rounds):
    """Plant one after the other; how many live."""
    alive = 0
    if killer(copy, rounds):
        raise SystemExit("a test fails without any mutant")
    for what, *change in mutants:
        path, text = plant(copy, folder, *change)
        name = killer(copy, rounds)
        path.write_text(text)
        alive += not name
        print(f"{'caught' if name else 'LIVES '}  {what}: {name}", flush=True)
    return alive


def main():
    """Plant them all, or those of `journal` or `tracker` alone; 1 if any lives."""
    asked = sys.argv[1:] or ["tracker", "journal"]
    of_tracker = ([f"tests/firmware/{name}" for name in FIRST], *([name] for name in THEN))
    alive, count = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        ignored = shutil.ignore_patterns("__pycache__")
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, copy)
        if "tracker" in asked:
            alive += try_all(copy, TRACKER, MUTANTS, of_tracker)
            count += len(MUTANTS)
        if "journal" in asked:
            alive += try_all(copy, GATEWAY, OF_THE_JOURNAL, [[name] for name in JOURNAL])
            count += len(OF_THE_JOURNAL)
    print(f"{count - alive} of {count} caught")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
