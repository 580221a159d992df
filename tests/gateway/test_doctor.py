"""What the doctor says of a machine, a disk, a clock, files; of brokers see test_doctor_broker."""

import json
import re
import ssl
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trygg_gateway import journal_check
from trygg_gateway.cli import app
from trygg_gateway.doctor import clock, disk, files, journal_state, machine, sinks
from trygg_gateway.doctor.finding import error, exit_code, good, warning
from trygg_gateway.doctor.whole import examine
from trygg_gateway.journal import Journal
from trygg_gateway.ports import free_port
from trygg_gateway.tls import issue_server, make_ca

NOW_MS = 1_790_000_000_000
MOUNTS = """\
21 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 21 0:25 / /run rw,nosuid - tmpfs tmpfs rw
31 21 8:1 / /srv/with\\040space rw - ext4 /dev/sda1 rw,data=ordered
32 21 0:40 / /srv/nas rw - nfs4 nas:/trygg rw
33 21 179:2 / /srv/card rw - ext4 /dev/mmcblk0p2 rw,nobarrier
"""


def levels(found):
    return [one.level for one in found]


def said(found):
    return " | ".join(map(str, found))


def test_every_finding_that_is_not_well_says_why_and_what_to_do():
    every = [
        *clock.look(clock.Kernel(clock.TIME_ERROR, 0, 300), NOW_MS + 9000, NOW_MS - 1, NOW_MS),
        *disk.look(disk.mount_of(Path("/srv/card"), MOUNTS), disk.Block(card=True), [1e-5], 2000),
        *disk.look(disk.mount_of(Path("/run/x"), MOUNTS), disk.Block(), [], 2000),
        machine.open_files(10**9, None),
        machine.guard({"LoadState": "not-found"}),
    ]
    assert len(every) > 8
    for one in every:
        assert one.level != "good" or not one.why
        assert one.level in ("good", "note") or (one.why and one.todo), one


def test_the_exit_code_is_the_worst():
    assert exit_code([good("a", "b")]) == 0
    assert exit_code([good("a", "b"), warning("a", "b", "c", "d")]) == 1
    assert exit_code([warning("a", "b", "c", "d"), error("a", "b", "c", "d")]) == 2


def test_a_part_that_falls_over_is_a_finding_and_the_others_are_looked_at():
    def falls():
        raise ZeroDivisionError("of mine")

    told = []
    found = list(examine([("one", falls), ("two", lambda: [good("two", "well")])], told.append))
    assert levels(found) == ["error", "good"]
    assert "ZeroDivisionError" in found[0].what
    assert told == ["one", "two"]


# -- clock ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kernel", "level"),
    [
        (clock.Kernel(0, off_ms=3), "good"),
        (clock.Kernel(0, off_ms=900), "warning"),
        (clock.Kernel(clock.TIME_ERROR), "warning"),
        (clock.Kernel(clock.UNKNOWN), "note"),
    ],
)
def test_a_clock_that_nobody_steers_is_a_warning(kernel, level):
    assert levels(clock.look(kernel, 0, 0, NOW_MS)) == [level]


def test_a_record_of_the_future_says_that_the_clock_was_set_back():
    found = list(clock.look(clock.Kernel(0), NOW_MS + 60_000, 0, NOW_MS))
    assert found[-1].level == "error"
    assert "60 s in the future" in found[-1].what


def test_a_jump_is_told_for_a_week():
    def jumped(days):
        return levels(clock.look(clock.Kernel(0), 0, NOW_MS - days * clock.DAY_MS, NOW_MS))

    assert jumped(2) == ["good", "warning"]
    assert jumped(8) == ["good"]


def test_the_kernel_answers_here():
    assert clock.ask_kernel().state in range(6)


# -- disk ----------------------------------------------------------------------------------


def test_the_mount_is_the_deepest_that_holds_the_folder():
    assert disk.mount_of(Path("/srv/with space/data"), MOUNTS).device == "8:1"
    assert disk.mount_of(Path("/srv/nas2"), MOUNTS).kind == "ext4"
    assert disk.mount_of(Path("/srv/nas"), MOUNTS).kind == "nfs4"


@pytest.mark.parametrize(
    ("folder", "word"),
    [("/run/trygg", "memory, no disk"), ("/srv/nas/x", "network"), ("/srv/card", "nobarrier")],
)
def test_a_file_system_that_loses_what_was_synced_is_an_error(folder, word):
    found = list(disk.look(disk.mount_of(Path(folder), MOUNTS), disk.Block(), [0.005], 2000))
    assert "error" in levels(found)
    assert word in said(found)


@pytest.mark.parametrize(
    ("block", "sync_s", "believed"),
    [
        (disk.Block(rotates=True), 0.0005, False),
        (disk.Block(rotates=True), 0.009, True),
        (disk.Block(card=True), 0.0001, False),
        (disk.Block(card=True), 0.012, True),
        (disk.Block(rotates=False), 0.00001, False),
        (disk.Block(rotates=False), 0.0003, True),
    ],
)
def test_a_sync_faster_than_its_disk_can_be_is_not_believed(block, sync_s, believed):
    mount = disk.Mount("/", "ext4", (), "8:1")
    found = [one for one in disk.look(mount, block, [sync_s] * 9, 2000) if one.level == "warning"]
    assert bool(found) != believed, said(found)


def test_a_virtual_disks_word_is_the_hosts():
    mount = disk.Mount("/", "ext4", (), "254:0")
    found = list(disk.look(mount, disk.Block(rotates=True, virtual=True), [0.0001] * 9, 2000))
    assert levels(found) == ["good", "good", "note"]


def test_what_a_sync_costs_is_said_in_records_a_second():
    found = said(disk.look(disk.Mount("/", "ext4", (), ""), disk.Block(), [0.01] * 9, 2000))
    assert "at most 100 times a second" in found
    assert "76,923 records a second" in found, "2000 rows of 8 µs and a sync of 10 ms"
    slow = disk.look(disk.Mount("/", "ext4", (), ""), disk.Block(), [0.3] * 9, 2000)
    assert "warning" in levels(slow)


def test_syncs_are_measured_and_nothing_is_left_behind(tmp_path):
    took = disk.measure(tmp_path, 5)
    assert len(took) == 5
    assert min(took) > 0
    assert list(tmp_path.iterdir()) == []


def test_the_disk_of_a_part_is_the_whole_one(tmp_path):
    whole = tmp_path / "devices/mmcblk0"
    (whole / "mmcblk0p2").mkdir(parents=True)
    (whole / "queue").mkdir()
    (whole / "queue/rotational").write_text("0\n")
    (whole / "queue/write_cache").write_text("write back\n")
    (tmp_path / "179:2").symlink_to(whole / "mmcblk0p2")
    assert disk.block_of("179:2", tmp_path) == disk.Block(False, "write back", False, True)
    assert disk.block_of("0:40", tmp_path) == disk.Block()


def test_room_is_an_error_below_what_the_settings_want():
    wanted = 1 << 30
    assert disk.room(wanted - 1, 8 * wanted, wanted).level == "error"
    assert disk.room(wanted + 1, 8 * wanted, wanted).level == "warning"
    assert disk.room(4 * wanted, 8 * wanted, wanted).level == "good"


# -- files, certificates, machine, sinks, journal --------------------------------------------


def test_a_secret_that_others_can_read_is_an_error(tmp_path):
    secret, settings = tmp_path / "webhook", tmp_path / "gateway.toml"
    for path in (secret, settings):
        path.write_text("x")
    secret.chmod(0o600)
    settings.chmod(0o644)
    assert levels(files.modes([secret, tmp_path / "none"], [settings])) == ["good"]
    secret.chmod(0o640)
    settings.chmod(0o664)
    found = list(files.modes([secret], [settings]))
    assert levels(found) == ["error", "error"]
    assert f"chmod 600 {secret}" in found[0].todo


def test_a_certificate_near_its_end_is_said(tmp_path, monkeypatch):
    make_ca(tmp_path, "nord")
    issue_server(tmp_path, ["localhost"])
    cert = tmp_path / "server.crt"
    assert levels(files.ends([cert, tmp_path / "ca.crt"])) == ["good"]
    for days, level, words in ((40, "warning", "ends in 40"), (9, "error", "ends in 9"),
                               (-3, "error", "ended 3 days ago")):  # fmt: skip
        monkeypatch.setattr(files, "days_left", lambda _, days=days: days)
        (found,) = files.ends([cert])
        assert found.level == level
        assert words in found.what
    monkeypatch.undo()
    cert.write_text("no certificate")
    assert levels(files.ends([cert])) == ["error"]


def test_a_port_that_is_taken_is_an_error_unless_it_is_ours(tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        wanted = [machine.Wanted("127.0.0.1", port, "listener.port")]
        assert levels(machine.ports(wanted, running=False)) == ["error"]
        assert levels(machine.ports(wanted, running=True)) == ["good"]
    assert levels(machine.ports(wanted, running=False)) == ["good"]


def test_files_that_may_be_open_are_counted_against_the_trackers_allowed():
    import os

    assert machine.open_files(10, os.getpid()).level == "good"
    assert machine.open_files(10**9, os.getpid()).level == "error"
    assert machine.open_files(10**9, None).level == "error"


@pytest.mark.parametrize(
    ("properties", "level"),
    [
        ({}, "note"),
        ({"LoadState": "not-found"}, "warning"),
        ({"LoadState": "loaded", "UnitFileState": "disabled"}, "warning"),
        ({"LoadState": "loaded", "UnitFileState": "enabled", "WatchdogUSec": "0",
          "Restart": "always"}, "warning"),
        ({"LoadState": "loaded", "UnitFileState": "enabled", "WatchdogUSec": "1min",
          "Restart": "always"}, "good"),
    ],
)  # fmt: skip
def test_somebody_has_to_start_it_again(properties, level):
    assert machine.guard(properties).level == level


class Section:
    def __init__(self, **values):
        self.type = "any"
        self.__dict__.update(values)


def test_a_sink_is_reached_or_said_not_to_be(tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as peer:
        url = f"http://127.0.0.1:{peer.getsockname()[1]}/hook"
        assert levels(sinks.look("centre", Section(url=url))) == ["good"]
    gone = Section(url=f"http://127.0.0.1:{free_port()}/hook")
    assert levels(sinks.look("centre", gone)) == ["warning"]
    assert levels(sinks.look("archive", Section(path=tmp_path / "events.jsonl"))) == ["good"]
    assert levels(sinks.look("archive", Section(path=tmp_path / "no/events"))) == ["error"]
    assert levels(sinks.look("odd", Section())) == ["note"]


def test_a_gateway_whose_alarms_reach_only_the_page_is_warned_of():
    (found,) = sinks.reach({}, {})
    assert found.level == "warning"
    assert "only on the page" in found.why
    assert levels(sinks.reach({"centre": 1}, {})) == ["note"]
    assert levels(sinks.reach({"centre": 1}, {"nights": 1})) == []


def test_a_sinks_certificate_of_another_ca_is_an_error(tmp_path):
    import socket
    import threading

    make_ca(tmp_path, "nord")
    issue_server(tmp_path, ["localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            for _ in range(2):
                line, _ = server.accept()
                try:
                    context.wrap_socket(line, server_side=True).close()
                except OSError:
                    line.close()

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"https://localhost:{server.getsockname()[1]}/"
        assert levels(sinks.look("c", Section(url=url, ca=tmp_path / "ca.crt"))) == ["good"]
        (found,) = sinks.look("c", Section(url=url))
        thread.join()
    assert found.level == "error"
    assert "certificate does not hold" in found.what


def test_a_damaged_journal_is_an_error(tmp_path):
    journal = Journal.open(tmp_path / "journal.sqlite")
    for whole in (None, lambda: journal_check.whole(journal.path)):
        assert levels(journal_state.look(journal, whole)) == ["good"]
    journal.write(
        lambda db: db.execute(
            "INSERT INTO mendings (at_ms, what, why, file, told)"
            " VALUES (1, 'salvaged', 'torn', 'x', '')"
        )
    ).result()
    assert levels(journal_state.look(journal, None)) == ["good", "warning"]
    journal.close()

    class Damaged:
        def query(self, sql, values=()):
            if "mendings" in sql:
                return []
            return [("row 3 missing from index records_by_lane",)] if "check" in sql else [(0,)]

    for whole in (None, lambda: ["row 3 missing from index records_by_lane"]):
        (found,) = journal_state.look(Damaged(), whole)
        assert found.level == "error"
        assert "records_by_lane" in found.what


# -- the command -----------------------------------------------------------------------------


def test_the_command_says_it_in_lines_and_in_json_and_by_its_exit_code(tmp_path):
    run = CliRunner().invoke
    assert run(app, ["init", str(tmp_path / "nord"), "--loopback"]).exit_code == 0
    settings = tmp_path / "nord/gateway.toml"
    free = re.sub(r"(?m)^port = \d+", "port = 0", settings.read_text("utf-8"))
    settings.write_text(free, "utf-8")  # another gateway may run on this machine
    (tmp_path / "nord/secrets/webhook").chmod(0o644)
    done = run(app, ["doctor", "--config", str(settings), "--json"])
    found = json.loads(done.stdout)
    assert done.exit_code == 2
    assert found[0]["level"] == "error", "worst first"
    assert any("webhook can be read by others" in one["what"] for one in found)
    parts = {one["part"] for one in found}
    assert {"clock", "disk", "journal", "files", "certificates", "ports", "systemd"} <= parts
    plain = run(app, ["doctor", "--config", str(settings)])
    assert plain.exit_code == 2
    assert "ERROR files: " in plain.stdout
    assert "ok   " not in plain.stdout
    (tmp_path / "nord/secrets/webhook").chmod(0o600)
    assert run(app, ["doctor", "--config", str(settings)]).exit_code < 2
