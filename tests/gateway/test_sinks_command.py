"""`trygg gateway sinks` and `quarantine`: beside a running gateway, and without one."""

import json

import pytest

from gateway.gateway_process import GatewayProcess, packets_until, until
from gateway.parcels import put_one
from gateway.records import alarm, entry, report
from gateway.whole_lines import events_in
from trygg_gateway import quarantine
from trygg_gateway.cli.moments import moment_ms
from trygg_gateway.journal import Journal
from trygg_gateway.registry import Registry
from trygg_gateway.service import JOURNAL
from trygg_gateway.values import ALARM, LIVE, Refused, Stray
from trygg_wire import packets, topics

FILE = '[sinks.archive]\ntype = "file"\npath = "events.jsonl"\n'


@pytest.fixture
def gateway(tmp_path):
    """A gateway of one file sink that does not run."""
    gateway = GatewayProcess(tmp_path / "nord", FILE)
    (gateway.folder / "data").mkdir(exist_ok=True)
    return gateway


@pytest.fixture
def journal(gateway):
    journal = Journal.visit(gateway.folder / "data" / JOURNAL)
    yield journal
    journal.close()


def filled(journal):
    for seq in range(1, 4):
        put_one(journal, entry(report(1, seq), received_ms=1000 * seq, lane=LIVE))
    journal.write(lambda db: None).result()


def told(gateway, *words):
    """What the command prints with --json."""
    done = gateway.command(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def events(gateway):
    return events_in(gateway.folder / "events.jsonl")


# -- without a gateway -----------------------------------------------------------------


def test_the_list_says_what_each_sink_owes_and_since_when(gateway, journal):
    filled(journal)
    (one,) = told(gateway, "sinks", "list")
    assert (one["sink"], one["type"], one["state"], one["behind"]) == ("archive", "file", "well", 3)
    assert one["waits_s"] > 0
    assert "archive" in gateway.command("sinks", "list").stdout


def test_one_that_is_paused_is_shown_so_with_who_and_when(gateway):
    assert gateway.command("sinks", "pause", "archive", "--who", "Ingrid").returncode == 0
    shown = gateway.command("sinks", "show", "archive").stdout
    assert "archive, file: paused" in shown
    assert "paused by Ingrid since 20" in shown
    again = gateway.command("sinks", "pause", "archive")
    assert (again.returncode, "paused already" in again.stderr) == (1, True)
    assert gateway.command("sinks", "resume", "archive").returncode == 0
    assert told(gateway, "sinks", "show", "archive")["state"] == "well"


def test_a_name_that_no_sink_has_is_told_with_those_there_are(gateway):
    done = gateway.command("sinks", "show", "archiv")
    assert done.returncode == 1
    assert "The sinks are: archive." in done.stderr


def test_a_dry_run_says_what_would_go_and_sends_nothing(gateway, journal):
    filled(journal)
    words = ("sinks", "replay", "archive", "--from", "1970-01-01T00:00:02+00:00", "--to", "now")
    found = told(gateway, *words, "--dry-run")
    assert (found["records"], found["first"], found["last"]) == (2, "astrid:1:2", "astrid:1:3")
    assert "would send 2 events" in gateway.command(*words, "--dry-run").stdout
    assert told(gateway, "sinks", "show", "archive")["replays"] == []
    assert events(gateway) == []


def test_a_replay_is_kept_until_a_gateway_runs_and_can_be_stopped(gateway, journal):
    filled(journal)
    done = gateway.command("sinks", "replay", "archive", "--from", "2d", "--device", "astrid")
    assert "begins when the gateway runs" in done.stdout
    (one,) = told(gateway, "sinks", "show", "archive")["replays"]
    assert (one["device"], one["state"], one["percent"]) == ("astrid", "waiting", 0)
    assert "replay 1 by" in gateway.command("sinks", "show", "archive").stdout
    assert gateway.command("sinks", "stop-replay", 1).returncode == 0
    assert gateway.command("sinks", "stop-replay", 1).returncode == 1


def test_a_window_that_ends_before_it_begins_is_refused(gateway):
    done = gateway.command("sinks", "replay", "archive", "--from", "1h", "--to", "2h")
    assert (done.returncode, "is not before" in done.stderr) == (1, True)


def test_skipping_says_how_many_and_wants_a_yes(gateway, journal):
    filled(journal)
    skip = ("sinks", "skip", "archive", "--lane", "live")
    asked = gateway.command(*skip)
    assert asked.returncode == 1
    assert "archive owes 3 records of lane live" in asked.stderr
    assert gateway.command(*skip, "--yes", "--who", "Ingrid").returncode == 0
    shown = told(gateway, "sinks", "show", "archive")
    assert shown["behind"] == 0
    assert (shown["skipped"][0]["records"], shown["skipped"][0]["who"]) == (3, "Ingrid")
    assert gateway.command("sinks", "skip", "archive", "--lane", "alarms", "--yes").returncode == 1


def test_a_sink_can_be_tested_without_a_gateway(gateway):
    done = gateway.command("sinks", "test", "archive", "--who", "Ingrid")
    assert done.returncode == 0, done.stderr
    assert "archive: stored after" in done.stdout
    (event,) = events(gateway)
    assert (event["type"], event["subject"]) == ("no.trygg.gateway.test", "_gateway")


def test_a_test_that_fails_says_why_and_ends_with_1(gateway):
    (gateway.folder / "events.jsonl").mkdir()
    done = gateway.command("sinks", "test", "archive")
    assert done.returncode == 1
    assert "events.jsonl" in done.stderr


@pytest.mark.parametrize(
    ("text", "before_ms"),
    [("now", 0), ("90s", 90_000), ("30min", 1_800_000), ("6 h", 21_600_000), ("2d", 172_800_000)],
)
def test_a_time_may_be_how_long_ago(text, before_ms):
    assert moment_ms(text, 10**12) == 10**12 - before_ms


@pytest.mark.parametrize("text", ["yesterday", "", "6x", "2026-13-40", "-5h", "99999999999d"])
def test_what_is_no_time_is_told_what_was_wanted(text):
    with pytest.raises(Refused, match="wanted 2026-11-20"):
        moment_ms(text, 10**12)


def test_a_time_with_a_zone_is_that_moment():
    assert moment_ms("1970-01-02T00:00:00+00:00", 0) == 86_400_000


# -- quarantine without a gateway ------------------------------------------------------

UNKNOWN = Stray(topics.up("nord", "birk"), report(1, 7), "nobody registered birk", 5000)


def registered(journal, device):
    Registry(journal, lambda: 1).add(device, "nord", device)


def put_aside(journal, *strays):
    journal.write(lambda db: quarantine.set_aside(db, strays)).result()


def left(journal):
    return [topic for (topic,) in journal.query("SELECT topic FROM quarantine ORDER BY id")]


def records(journal):
    return journal.query("SELECT device, boot, seq, lane FROM records ORDER BY id")


def test_what_nobody_had_registered_is_taken_once_somebody_did(gateway, journal):
    put_aside(journal, UNKNOWN)
    (said,) = told(gateway, "quarantine", "replay", "--all")
    assert (said["result"], said["why"]) == ("still", "nobody registered birk")
    assert left(journal) == [UNKNOWN.topic]
    registered(journal, "birk")
    assert told(gateway, "quarantine", "replay", "--all", "--dry-run")[0]["result"] == "taken"
    assert left(journal) == [UNKNOWN.topic]
    assert told(gateway, "quarantine", "replay", 1)[0]["result"] == "taken"
    assert (records(journal), left(journal)) == ([("birk", 1, 7, 2)], [])


def test_the_same_bytes_twice_are_one_record(gateway, journal):
    registered(journal, "birk")
    put_aside(journal, UNKNOWN, UNKNOWN)
    told(gateway, "quarantine", "replay", "--all")
    put_aside(journal, UNKNOWN)
    told(gateway, "quarantine", "replay", "--all")
    assert len(records(journal)) == 1
    assert left(journal) == []


def test_a_record_that_can_be_decoded_now_goes_to_the_end_of_the_journal(gateway, journal):
    filled(journal)
    row = journal.rows_after(0, LIVE, 9)[2]  # the newest: its number must not come again
    put_aside(journal, Stray("astrid:1:3", row.payload, "kind 1: byte 9 is wrong", 3000))
    assert told(gateway, "quarantine", "replay", "--tracker", "astrid")[0]["result"] == "taken"
    found = journal.query("SELECT id, seq FROM records ORDER BY id")
    assert found == [(1, 1), (2, 2), (4, 3)]


def test_a_record_that_still_cannot_be_decoded_stays(gateway, journal):
    put_aside(journal, Stray("astrid:1:3", b"\x11nonsense", "wrong CRC", 3000))
    assert told(gateway, "quarantine", "replay", "--reason", "CRC")[0]["result"] == "still"
    assert left(journal) == ["astrid:1:3"]


def test_what_a_sink_refused_is_replayed_to_that_sink(gateway, journal):
    filled(journal)
    put_aside(journal, Stray("astrid:1:2", report(1, 2), "refused by sink archive: 422", 9000))
    assert told(gateway, "quarantine", "replay", "--all")[0]["result"] == "sent again"
    (one,) = told(gateway, "sinks", "show", "archive")["replays"]
    assert (one["device"], one["from_ms"], one["to_ms"]) == ("astrid", 2000, 2001)
    assert left(journal) == []


def test_a_clash_is_a_record_already_and_only_leaves_the_table(gateway, journal):
    reason = "identity of another record, other bytes: kept as astrid:536870913:5"
    put_aside(journal, Stray("astrid:1:1", report(1, 1), reason, 9000))
    assert told(gateway, "quarantine", "replay", "--all")[0]["result"] == "kept already"
    assert (records(journal), left(journal)) == ([], [])


def test_strays_are_chosen_by_number_reason_tracker_and_window(gateway, journal):
    put_aside(
        journal,
        UNKNOWN,
        Stray("nord/elsewhere", b"x", "not a topic that a tracker publishes on", 1000),
        Stray("astrid:1:3", b"y", "wrong CRC", 9000),
    )
    ids = lambda *words: [  # noqa: E731
        one["id"] for one in told(gateway, "quarantine", "replay", *words, "--dry-run")
    ]
    assert ids("--all") == [1, 2, 3]
    assert ids(2, 3) == [2, 3]
    assert ids("--tracker", "birk") == [1]
    assert ids("--reason", "not a topic") == [2]
    assert ids("--from", "1970-01-01T00:00:08+00:00") == [3]
    assert ids("--to", "1970-01-01T00:00:02+00:00") == [2]
    assert gateway.command("quarantine", "replay").returncode == 1
    assert gateway.command("quarantine", "drop", 1, 2).returncode == 1
    assert gateway.command("quarantine", "drop", 1, 2, "--yes").stdout == "2 dropped\n"
    assert left(journal) == ["astrid:1:3"]


# -- beside a running gateway ----------------------------------------------------------


def test_a_running_gateway_does_what_it_is_asked_within_seconds(tmp_path):
    with GatewayProcess(tmp_path / "nord", FILE) as gateway:
        line = gateway.tracker(gateway.add("astrid"))
        line.write(packets.publish(topics.up("nord", "astrid"), alarm(1, 1), 1, 9))
        packets_until(line, 0, {9})
        line.close()
        until(lambda: len(events(gateway)) == 1)
        assert "archive: stored after" in gateway.command("sinks", "test", "archive").stdout
        gateway.command("sinks", "replay", "archive", "--from", "1h")
        until(lambda: [one["data"].get("replayed") for one in events(gateway)][2:] == [True])
        journal = Journal.visit(gateway.folder / "data" / JOURNAL)
        try:
            put_aside(journal, UNKNOWN)
            gateway.add("birk")
            assert told(gateway, "quarantine", "replay", "--all")[0]["result"] == "taken"
            until(lambda: "birk:1:7" in [one["id"] for one in events(gateway)])
            assert left(journal) == []
            assert journal.cursor("archive", ALARM) == 1
        finally:
            journal.close()
