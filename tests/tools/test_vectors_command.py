"""`trygg vectors`: one command from a field log to two files, and what it refuses."""

import errno
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import nmea_vectors
from trygg_tools.nmea_log import read_log
from trygg_tools.nmea_sentence import sentence
from trygg_tools.vectors import command, judge

ROOT = Path(__file__).parents[2]
PLACE = "5955.62000,N,01042.06000,E"
GIVEN = {
    "--name": "m10-tunnel",
    "--receiver": "u-blox M10",
    "--firmware": "SPG 5.10",
    "--date": "2026",
    "--note": "through a tunnel",
    "--licence": "MIT, as the rest of Trygg",
    "--recorded-by": "anonymous",
}


def log_of(*seconds, place=PLACE):
    lines = []
    for second in seconds:
        lines.append(sentence(f"GNRMC,1015{second:02d}.00,A,{place},3.11,45.2,140626,3.6,E,A"))
        lines.append(sentence(f"GNGGA,1015{second:02d}.00,{place},1,11,0.83,41.3,M,39.9,M,,"))
    return b"".join(lines)


@pytest.fixture
def field(tmp_path):
    """A log as it comes from the field, and an empty folder for what is made of it."""
    folder = tmp_path / "recorded"
    folder.mkdir()
    log = tmp_path / "field.log"
    log.write_bytes(b"AT+CGSN\r\n490154203237518\r\nOK\r\n" + log_of(*range(20)))
    return log, folder


def run(*arguments, answers=None):
    return CliRunner().invoke(command.app, [str(one) for one in arguments], input=answers)


def add(log, folder, *more, without=()):
    given = [word for pair in GIVEN.items() if pair[0] not in without for word in pair]
    return run("add", log, "--into", folder, *given, *more)


def refusal(done):
    assert done.exit_code == 1, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return " ".join(done.stderr.split())


def test_one_command_makes_a_log_and_its_expected_fixes(field):
    log, folder = field
    done = add(log, folder)
    assert done.exit_code == 0, done.output
    assert "3 pieces that are no sentence" in done.stdout
    assert "20 fixes expected (heard by pynmea2 20, pynmeagps 20, gpsdecode" in done.stdout
    header, lines = read_log(folder / "m10-tunnel.nmea")
    assert header["receiver"] == "u-blox M10"
    assert header["recorded-by"] == "anonymous"
    assert header["provenance"] == "a field log, added with `trygg vectors add`"
    assert "hemispheres stay" in header["moved"]
    assert len(lines) == 40
    assert b"490154203237518" not in (folder / "m10-tunnel.nmea").read_bytes()
    said = json.loads((folder / "m10-tunnel.json").read_text())
    assert len(said["fixes"]) == 20
    assert said["disagreements"] == []
    assert run("check", "--into", folder).stdout == "m10-tunnel: as expected\n"


def test_a_log_of_our_own_simulated_receiver_can_be_added(tmp_path):
    done = add(nmea_vectors.FOLDER / "indoors.nmea", tmp_path)
    assert done.exit_code == 0, done.output
    assert run("check", "m10-tunnel", "--into", tmp_path).exit_code == 0


def test_a_dry_run_says_the_same_and_writes_nothing(field):
    log, folder = field
    done = add(log, folder, "--dry-run")
    assert done.exit_code == 0, done.output
    assert f"would write {folder}/m10-tunnel.nmea" in done.stdout
    assert list(folder.iterdir()) == []


def test_a_machine_gets_one_json_value(field):
    log, folder = field
    said = json.loads(add(log, folder, "--json").stdout)
    assert said["written"] is True
    assert said["fixes"] == 20
    assert said["taken_away"]["pieces that are no sentence"] == 3
    assert said["tracker"] == {"adds_weeks": 0, "withholds": [], "because": ""}
    checked = run("check", "--into", folder, "--json")
    assert json.loads(checked.stdout) == {"m10-tunnel": []}


def test_a_part_is_taken_by_its_lines(field):
    log, folder = field
    assert add(log, folder, "--lines", "4-15").exit_code == 0
    assert len(read_log(folder / "m10-tunnel.nmea")[1]) == 12


def test_a_person_is_asked_for_what_was_not_given(field, monkeypatch):
    monkeypatch.setattr(command, "_somebody_is_there", lambda: True)
    log, folder = field
    given = [
        word for pair in GIVEN.items() if pair[0] not in ("--note", "--licence") for word in pair
    ]
    done = run("add", log, "--into", folder, *given, answers="rain, deep valley\nMIT\n")
    assert done.exit_code == 0, done.output
    assert "What happens in it" in done.stdout
    header, _ = read_log(folder / "m10-tunnel.nmea")
    assert (header["note"], header["licence"]) == ("rain, deep valley", "MIT")


def test_a_name_that_cannot_be_is_asked_for_again_and_no_answer_is_lost(field, monkeypatch):
    monkeypatch.setattr(command, "_somebody_is_there", lambda: True)
    log, folder = field
    given = [word for pair in GIVEN.items() if pair[0] != "--name" for word in pair]
    done = run("add", log, "--into", folder, *given, answers="My Log\nmy-log\n")
    assert done.exit_code == 0, done.output
    assert "wanted small letters" in done.output
    assert (folder / "my-log.json").exists()


def test_a_log_that_is_refused_is_refused_before_anything_is_asked(field, monkeypatch):
    monkeypatch.setattr(command, "_somebody_is_there", lambda: True)
    log, folder = field
    log.write_bytes(b"no receiver's log\n")
    assert "is it NMEA" in refusal(run("add", log, "--into", folder, answers=""))


def test_without_a_person_what_is_missing_is_named(field):
    log, folder = field
    done = add(log, folder, without=("--licence", "--recorded-by"))
    assert "needs --licence, --recorded-by" in refusal(done)


def test_a_header_of_several_lines_becomes_one(field):
    log, folder = field
    done = add(log, folder, "--note", "two\n$GNRMC,lines", without=("--note",))
    assert done.exit_code == 0, done.output
    assert read_log(folder / "m10-tunnel.nmea")[0]["note"] == "two $GNRMC,lines"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--name", "../etc"), "wanted small letters, digits and hyphens"),
        (("--name", "M10"), "wanted small letters, digits and hyphens"),
        (("--lines", "9"), "wanted the first and the last line"),
        (("--lines", "9-4"), "wanted the first and the last line"),
        (("--lines", "900-901"), "0 lines; wanted 1 to 400"),
        (("--into", "/nowhere/at/all"), "no such folder"),
        (("--explain", "date"), "wanted"),
        (("--explain", "date=pynmea2: why"), "date: explained, but nothing differs there"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_wanted(field, more, why):
    log, folder = field
    assert why in refusal(add(log, folder, *more))
    assert list(folder.iterdir()) == []


def test_what_is_there_is_not_overwritten(field):
    log, folder = field
    assert add(log, folder).exit_code == 0
    before = (folder / "m10-tunnel.nmea").read_bytes()
    assert "is there already" in refusal(add(log, folder))
    assert (folder / "m10-tunnel.nmea").read_bytes() == before


def test_both_files_are_written_or_none(field):
    log, folder = field
    (folder / "m10-tunnel.json").mkdir()
    assert "m10-tunnel.json" in refusal(add(log, folder))
    assert not (folder / "m10-tunnel.nmea").exists()


def test_a_disk_that_is_full_is_said_of_what_is_written_and_not_of_the_log(field, monkeypatch):
    log, folder = field

    def full(target, *_):
        target.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("trygg_tools.vectors.command.write_log", full)
    assert "m10-tunnel.nmea: cannot be written: No space left" in refusal(add(log, folder))
    assert list(folder.iterdir()) == []


def test_a_log_too_long_to_share_is_refused(field):
    log, folder = field
    log.write_bytes(log_of(*range(60)) * 4)
    assert "480 lines; wanted 1 to 400: take a part with --lines" in refusal(add(log, folder))


def test_a_log_that_is_not_there_is_refused(tmp_path):
    assert "cannot be read: No such file" in refusal(add(tmp_path / "none.log", tmp_path))


def test_a_binary_log_is_refused(field):
    log, folder = field
    log.write_bytes(b"\xb5b\x01\x07" * 50)
    assert "is it NMEA" in refusal(add(log, folder))
    assert list(folder.iterdir()) == []


def test_a_place_that_would_be_told_is_never_in_the_refusal(field):
    log, folder = field
    log.write_bytes(log_of(1, 2) + log_of(3, place="0155.62000,S,01042.06000,E"))
    said = refusal(add(log, folder)).replace(str(log), "")  # whose folder has a number
    assert "passes from N to S" in said
    assert "5955" not in said
    assert "0155" not in said


def test_what_the_parsers_do_not_agree_on_is_refused_until_it_is_explained(field):
    log, folder = field
    log.write_bytes(log_of(*range(20, 40)) + log_of(*range(10)))
    said = refusal(add(log, folder))
    assert "tracker: it withholds 3 of 30 (3 stale)" in said
    assert "--explain" in said
    assert list(folder.iterdir()) == []
    done = add(log, folder, "--explain", "tracker=the clock goes back")
    assert done.exit_code == 0, done.output
    header, _ = read_log(folder / "m10-tunnel.nmea")
    assert header["withheld"] == "the tracker gives 3 fewer: the clock goes back"


def test_without_the_second_parser_it_is_said_how_to_install_it(field, monkeypatch):
    import sys

    log, folder = field
    monkeypatch.setitem(sys.modules, "trygg_tools.vectors.judge", None)
    monkeypatch.delattr("trygg_tools.vectors.judge")
    assert "pip install '.[technician]'" in refusal(add(log, folder))


def test_the_logs_are_listed_for_people_machines_and_the_page(field):
    log, folder = field
    assert add(log, folder).exit_code == 0
    assert run("list", "--into", folder).stdout.startswith("m10-tunnel")
    (row,) = json.loads(run("list", "--into", folder, "--json").stdout)
    assert (row["receiver"], row["fixes"], row["differs"]) == ("u-blox M10", 20, [])
    table = run("list", "--into", folder, "--markdown").stdout.splitlines()
    assert table[-1] == "| `m10-tunnel` | u-blox M10 | 20 | through a tunnel |"


def test_the_page_has_the_table_of_the_logs_there_are():
    page = (ROOT / "docs" / "receiver-logs.md").read_text("utf-8")
    table = run("list", "--into", ROOT / command.FOLDER, "--markdown").stdout
    assert table.strip() in page


def test_a_check_of_nothing_is_an_error_and_a_difference_is_told(field, monkeypatch):
    log, folder = field
    assert "no recorded log there" in refusal(run("check", "--into", folder))
    assert add(log, folder).exit_code == 0
    expected = folder / "m10-tunnel.json"
    expected.write_text(expected.read_text().replace(", 11]", ", 12]", 1))
    done = run("check", "--into", folder)
    assert done.exit_code == 1
    assert "m10-tunnel: the parsers see other fixes: 1 differ, first number 0" in done.stdout
    monkeypatch.setattr(judge.by_gpsdecode, "PROGRAM", "no-such-gpsdecode")
    assert "Install Debian's gpsd-clients" in run("check", "--into", folder).stdout


def test_where_no_logs_are_none_are_listed_in_silence(tmp_path):
    assert "no recorded log there" in refusal(run("list", "--into", str(tmp_path)))
