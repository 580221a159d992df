"""The PostgreSQL sink at a real cluster: its tables, positions, and every way a server says no."""

import asyncio
import json
import time

import pytest

from gateway.postgres_cluster import PASSWORD, new_name, running
from gateway.records import (
    NOW_MS,
    NOW_S,
    alarm,
    answer,
    deliveries,
    forgotten,
    health,
    report,
    row,
)
from gateway.sink_lives import life, made, patiently
from gateway.sink_peer import reports
from trygg_gateway.config import ConfigError, parse
from trygg_gateway.config_check import findings
from trygg_gateway.delivery import delivery
from trygg_gateway.init_folder import make_folder
from trygg_gateway.lane_reading import marked
from trygg_gateway.sinks.port import Answer, Later, Refused


@pytest.fixture
def cluster():
    return running()


@pytest.fixture
def schema(cluster):
    name = new_name()
    yield name
    cluster.query(f"DROP SCHEMA IF EXISTS {name} CASCADE")


@pytest.fixture
def sink(cluster, schema, tmp_path):
    return lambda *lines: made(table(cluster, schema, tmp_path, *lines), tmp_path)


def table(cluster, schema, folder, *lines, database="trygg"):
    (folder / "password").write_text(PASSWORD)
    settings = 'type = "postgres"', f'url = "{cluster.url(database)}"', f'schema_name = "{schema}"'
    return "\n".join([*settings, f'password_file = "{folder}/password"', *lines])


def test_a_record_is_a_row_with_all_that_every_sink_gets(cluster, schema, sink):
    (entry,) = reports(1)
    assert life(sink(), [entry]) == [Answer.STORED]
    ((*identity, type_, kind, lane, at, data),) = cluster.query(
        f"SELECT device, boot, seq, type, kind, lane, extract(epoch FROM time), data::text"
        f" FROM {schema}.records"
    )
    assert identity == ["astrid", 1, 1]
    assert (type_, kind, lane, int(at)) == ("no.trygg.report", "report", "live", NOW_S + 1)
    assert json.loads(data) == entry.data


def test_positions_of_reports_and_of_alarms_have_rows_of_their_own(cluster, schema, sink):
    entries = [*reports(1), delivery(row(alarm(1, 2), id_=2), "nord")]
    life(sink(), entries)
    found = cluster.query(f"SELECT seq, nth, kind, lat, lon FROM {schema}.positions ORDER BY 1, 2")
    assert found == [
        (1, 1, "report", 59.913868, 10.752245),
        (1, 2, "report", 59.913, 10.752245),
        (2, 1, "alarm", 59.913868, 10.752245),
    ]


def test_what_a_tracker_withholds_is_in_no_row(cluster, schema, sink):
    withheld = report(1, 1, coordinates_withheld=1, fixes=[])
    life(sink(), [delivery(row(withheld), "nord")])
    assert cluster.query(f"SELECT count(*) FROM {schema}.records") == [(1,)]
    assert cluster.query(f"SELECT count(*) FROM {schema}.positions") == [(0,)]


def test_every_kind_of_record_is_kept(cluster, schema, sink):
    frames = [report(1, 1), alarm(1, 2), health(1, 3), answer(1, 4)]
    no_clock = report(1, 5, time_is_uptime=1)
    entries = [delivery(row(frame, id_=n), "nord") for n, frame in enumerate([*frames, no_clock])]
    life(sink(), entries)
    kinds = cluster.query(f"SELECT kind, time IS NULL FROM {schema}.records ORDER BY seq")
    assert kinds == [("report", False), ("alarm", False), ("health", False), ("answer", False),
                     ("report", True)]  # fmt: skip


def test_a_double_changes_nothing(cluster, schema, sink):
    life(sink(), reports(3), reports(5))
    (before,) = cluster.query(f"SELECT max(kept), count(*) FROM {schema}.records")
    life(sink(), reports(5))
    assert cluster.query(f"SELECT max(kept), count(*) FROM {schema}.records") == [before]
    assert cluster.query(f"SELECT count(*) FROM {schema}.positions") == [(10,)]


def test_when_a_person_is_forgotten_their_rows_go_and_no_others(cluster, schema, sink):
    others = deliveries(2, device="bjarne")
    life(sink(), [*reports(3), *others], [forgotten("astrid")])
    rows = cluster.query(f"SELECT device, kind FROM {schema}.records ORDER BY 1, 2")
    assert rows == [("_gateway", "gateway"), ("bjarne", "report"), ("bjarne", "report")]
    assert cluster.query(f"SELECT DISTINCT device FROM {schema}.positions") == [("bjarne",)]


def test_a_word_heard_late_leaves_the_rows_of_who_has_the_name_now(cluster, schema, sink):
    said_ms = NOW_MS + 3_600_000
    anew = [received_at(said_ms + 1, seq) for seq in (10, 11)]
    old = [received_at(said_ms, 3), received_at(said_ms - 1, 4)]
    word = forgotten("astrid", said_ms=said_ms)
    life(sink(), [*reports(2), *anew], [word], old, [marked(word, "replayed")])
    rows = cluster.query(f"SELECT device, seq FROM {schema}.records ORDER BY 1, 2")
    assert rows == [("_gateway", 1), ("astrid", 10), ("astrid", 11)]
    found = cluster.query(f"SELECT DISTINCT seq FROM {schema}.positions ORDER BY 1")
    assert found == [(10,), (11,)]


def received_at(received_ms, seq):
    return delivery(row(report(2, seq), id_=seq, received_ms=received_ms), "nord")


def test_a_text_that_jsonb_cannot_hold_is_refused_and_the_rest_goes_on(cluster, schema, sink):
    first, bad, last = reports(3)
    bad = bad._replace(data={**bad.data, "text": "nul \0 in it"})

    async def work():
        made = sink()
        await made.start()
        with pytest.raises(Refused, match="SQLSTATE 22P05") as caught:
            await made.deliver([first, bad, last])
        assert caught.value.confirmed == 1
        await made.deliver([last])
        await made.stop()
        return made.counters

    assert asyncio.run(work())["batches_taken_apart"] == 1
    assert cluster.query(f"SELECT seq FROM {schema}.records ORDER BY 1") == [(1,), (3,)]


# -- schema ----------------------------------------------------------------------------


def test_two_gateways_that_start_at_once_make_the_tables_once(cluster, schema, sink):
    async def work():
        sinks = [sink() for _ in range(4)]
        await asyncio.gather(*(one.start() for one in sinks))
        for one in sinks:
            await one.stop()

    asyncio.run(work())
    assert cluster.query(f"SELECT version FROM {schema}.schema_version") == [(1,)]


def test_tables_of_a_newer_gateway_are_left_alone(cluster, schema, sink):
    life(sink())
    cluster.query(f"INSERT INTO {schema}.schema_version VALUES (99)")
    with pytest.raises(Later, match="made by a newer gateway"):
        life(sink())


def test_who_may_not_make_tables_is_told_so(cluster, schema, tmp_path):
    role = new_name()
    cluster.query(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    settings = table(cluster, schema, tmp_path).replace("//trygg@", f"//{role}@")
    with pytest.raises(Later, match="InsufficientPrivilege: permission denied for database trygg"):
        life(made(settings, tmp_path))
    cluster.query(f"DROP ROLE {role}")


def test_where_postgis_is_positions_are_places_too(cluster, tmp_path):
    database = new_name()
    cluster.query(f"CREATE DATABASE {database}")
    settings = table(cluster, "trygg", tmp_path, database=database)
    life(made(settings, tmp_path), reports(1))  # before it was there
    cluster.query("CREATE SCHEMA gis; CREATE EXTENSION postgis SCHEMA gis", database=database)
    life(made(settings, tmp_path), reports(3))
    found = cluster.query(
        "SELECT round(gis.ST_Distance(place, gis.ST_MakePoint(10.752245, 59.913868)::gis.geography)"
        " ::numeric, 1)::float FROM trygg.positions WHERE seq < 3 ORDER BY seq, nth",
        database=database,
    )
    assert found == [(0.0,), (96.7,), (0.0,), (96.7,)]
    cluster.query(f"DROP DATABASE {database}")


# -- no --------------------------------------------------------------------------------


def test_a_wrong_password_is_later_and_is_not_shown(cluster, schema, tmp_path):
    settings = table(cluster, schema, tmp_path)
    (tmp_path / "password").write_text("hunter2")
    with pytest.raises(Later, match="password authentication failed") as caught:
        life(made(settings, tmp_path))
    assert "hunter2" not in str(caught.value)


def test_a_table_that_is_gone_is_later(cluster, schema, sink):
    async def work():
        made = sink()
        await made.start()
        cluster.query(f"DROP TABLE {schema}.positions")
        with pytest.raises(Later, match="SQLSTATE 42P01, UndefinedTable"):
            await made.deliver(reports(1))
        await made.stop()

    asyncio.run(work())


def test_a_row_that_somebody_holds_locked_is_later_and_later_it_goes(cluster, schema, sink):
    async def work():
        made = sink("timeout_seconds = 1")
        await patiently(made.start)
        other = await made._connect()
        await other.execute(f"LOCK TABLE {schema}.records")
        before = time.monotonic()
        with pytest.raises(Later, match="no answer in 1 s"):
            await made.deliver(reports(1))
        assert time.monotonic() - before < 15
        await other.close()
        await patiently(made.deliver, reports(1))
        await made.stop()

    asyncio.run(work())
    assert cluster.query(f"SELECT count(*) FROM {schema}.records") == [(1,)]


def test_a_server_that_waits_for_no_disk_is_believed_no_more_than_that(cluster, schema, sink):
    made = sink()
    cluster.query("ALTER SYSTEM SET fsync = off")
    cluster.query("SELECT pg_reload_conf()")
    try:
        while cluster.query("SHOW fsync") != [("off",)]:
            time.sleep(0.01)
        assert life(made, reports(1)) == [Answer.ACCEPTED]
    finally:
        cluster.query("ALTER SYSTEM RESET fsync")
        cluster.query("SELECT pg_reload_conf()")
        while cluster.query("SHOW fsync") != [("on",)]:  # the next test's is the same server
            time.sleep(0.01)
    assert made.counters["fsync_off"] == 1


def test_our_commits_wait_for_the_disk_whatever_the_database_was_told(cluster, schema, sink):
    cluster.query("ALTER DATABASE trygg SET synchronous_commit = off")

    async def work():
        made = sink()
        await made.start()
        (connection,) = made._idle
        shown = await (await connection.execute("SHOW synchronous_commit")).fetchone()
        await made.stop()
        return shown

    assert asyncio.run(work()) == ("on",)
    cluster.query("ALTER DATABASE trygg RESET synchronous_commit")


def test_after_a_restart_of_the_server_one_try_finds_out_for_all_lanes(cluster, schema, sink):
    async def work():
        made = sink()
        await made.start()
        await asyncio.gather(*(made.deliver(reports(1, first=seq)) for seq in range(1, 5)))
        assert len(made._idle) > 1
        await asyncio.to_thread(cluster.stop)
        await asyncio.to_thread(cluster.start)
        with pytest.raises(Later, match=r"AdminShutdown|terminat|closed|reset by peer"):
            await made.deliver(reports(1, first=5))
        assert await made.deliver(reports(1, first=5)) is Answer.STORED
        await made.stop()

    asyncio.run(work())


def test_a_refusal_costs_no_connection(cluster, schema, sink):
    made = sink()
    (entry,) = reports(1)
    bad = entry._replace(data={**entry.data, "text": "\0"})
    with pytest.raises(Refused):
        life(made, [bad])
    assert made.counters["connections"] == 1


# -- TLS and settings ------------------------------------------------------------------


def test_off_loopback_the_server_must_be_who_it_says(cluster, schema, tmp_path):
    make_folder(tmp_path / "nord", "nord", ["localhost", "127.0.0.1"])
    for name in ("server.crt", "server.key"):
        cluster.file(name, (tmp_path / "nord/tls" / name).read_bytes())
        option = "ssl_cert_file" if name.endswith("crt") else "ssl_key_file"
        cluster.query(f"ALTER SYSTEM SET {option} = '{cluster.folder}/{name}'")
    cluster.query("ALTER SYSTEM SET ssl = on")
    cluster.query("SELECT pg_reload_conf()")
    try:
        ours = f'ca = "{tmp_path}/nord/tls/ca.crt"'
        settings = table(cluster, schema, tmp_path, ours)
        assert life(made(settings, tmp_path), reports(1)) == [Answer.STORED]
        make_folder(tmp_path / "sor", "sor", ["localhost"])
        with pytest.raises(Later, match="certificate verify failed"):
            life(made(settings.replace("/nord/", "/sor/"), tmp_path))
    finally:
        cluster.query("ALTER SYSTEM RESET ALL")
        cluster.query("SELECT pg_reload_conf()")


def test_without_a_ca_off_loopback_the_systems_is_asked_for(tmp_path):
    sink = made('type = "postgres"\nurl = "postgresql://trygg@db.example/trygg"', tmp_path)
    assert sink._tls() == ("verify-full", "system")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://trygg:hunter2@db.example/trygg", "name that: password_file"),
        ("postgresql://db.example", "wanted a text like"),
        ("postgresql://db.example/trygg?sslmode=disable", "wanted a text like"),
    ],
)
def test_a_mistake_in_the_table_is_told(url, said, tmp_path):
    with pytest.raises(ConfigError, match=said) as caught:
        parse(f'[sinks.peer]\ntype = "postgres"\nurl = "{url}"', tmp_path / "gateway.toml")
    assert "hunter2" not in str(caught.value)


def test_a_library_that_is_missing_is_named_with_its_extra(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    text = '[sinks.peer]\ntype = "postgres"\nurl = "postgresql://db.example/trygg"'
    found = [str(one) for one in findings(parse(text, tmp_path / "gateway.toml"))]
    assert any("sinks.peer: needs psycopg" in one and "trygg[postgres]" in one for one in found)


def test_a_thousand_records_of_history_are_quick(cluster, schema, sink):
    before = time.monotonic()
    life(sink(), deliveries(500), deliveries(500, first=501))
    assert time.monotonic() - before < 30
    assert cluster.query(f"SELECT count(*) FROM {schema}.records") == [(1000,)]
