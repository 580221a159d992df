"""The NATS sink at a real nats-server: its stream, its doubles, and every way it says no."""

import asyncio
import json

import pytest
from nats.js.api import DiscardPolicy, StorageType, StreamConfig

from gateway.frozen import frozen
from gateway.nats_server import PASSWORD, NatsServer
from gateway.records import alarm, deliveries, forgotten, row
from gateway.sink_lives import life, made
from gateway.sink_peer import reports
from trygg_gateway.config import ConfigError, parse
from trygg_gateway.delivery import delivery
from trygg_gateway.init_folder import make_folder
from trygg_gateway.sinks.port import Answer, Later, Refused


@pytest.fixture
def server(tmp_path):
    with NatsServer(tmp_path) as server:
        yield server


def table(server, *lines, scheme="nats"):
    (server.folder / "password").write_text(PASSWORD)
    url = f'url = "{scheme}://127.0.0.1:{server.port}"'
    login = 'username = "trygg"', f'password_file = "{server.folder}/password"'
    return "\n".join(['type = "nats"', url, *login, "timeout_seconds = 5", *lines])


def stream_of(server, **values):
    wanted = StreamConfig(name="TRYGG", subjects=["trygg.events.>"], **values)
    server.do(lambda jetstream: jetstream.add_stream(wanted))


def test_an_event_is_kept_under_its_identity_on_a_subject_of_its_own(server):
    entries = [*reports(1), delivery(row(alarm(1, 2), id_=2), "nord")]
    assert life(made(table(server)), entries) == [Answer.STORED]
    first, second = server.kept()
    assert (first.subject, second.subject) == (
        "trygg.events.astrid.report",
        "trygg.events.astrid.alarm",
    )
    assert first.headers["Nats-Msg-Id"] == "astrid:1:1"
    assert first.headers["Content-Type"] == "application/cloudevents+json"
    assert json.loads(first.data) == {**entries[0].attributes, "data": entries[0].data}


def test_a_stream_that_we_make_is_in_files_and_knows_doubles_for_an_hour(server):
    sink = made(table(server))
    life(sink, reports(3))
    again = made(table(server))
    life(again, reports(5))
    assert again.counters["known_already"] == 3
    info = server.do(lambda jetstream: jetstream.stream_info("TRYGG"))
    assert info.config.duplicate_window == 3600
    assert info.config.storage == StorageType.FILE
    assert len(server.kept()) == 5


def test_a_stream_that_is_there_is_left_as_it_is(server):
    stream_of(server, storage=StorageType.MEMORY, duplicate_window=7)
    assert life(made(table(server)), reports(1)) == [Answer.ACCEPTED]  # memory is no storage
    info = server.do(lambda jetstream: jetstream.stream_info("TRYGG"))
    assert info.config.duplicate_window == 7


def test_when_a_person_is_forgotten_their_subjects_are_purged(server):
    life(made(table(server)), [*reports(3), *deliveries(1, device="bjarne")], [forgotten("astrid")])
    info = server.do(lambda jetstream: jetstream.stream_info("TRYGG", subjects_filter=">"))
    assert set(info.state.subjects) == {
        "trygg.events.bjarne.report",
        "trygg.events._gateway.gateway",
    }


# -- no --------------------------------------------------------------------------------


def test_what_is_larger_than_the_stream_takes_is_refused_and_the_rest_goes_on(server):
    stream_of(server, max_msg_size=4000)
    first, large, last = reports(3)
    large = large._replace(data={**large.data, "text": "å" * 4000})

    async def work():
        sink = made(table(server))
        await sink.start()
        with pytest.raises(Refused, match=r"message size exceeds maximum allowed \(10054\)") as no:
            await sink.deliver([first, large, last])
        assert no.value.confirmed == 1
        await sink.deliver([last])
        await sink.stop()

    asyncio.run(work())
    assert [message.headers["Nats-Msg-Id"] for message in server.kept()] == [first.id, last.id]


def test_what_is_larger_than_the_server_takes_is_refused(tmp_path):
    with (
        NatsServer(tmp_path, "max_payload: 900") as server,
        pytest.raises(Refused, match="larger than the server takes"),
    ):
        life(made(table(server)), reports(1))


def test_a_stream_that_is_full_is_later_and_says_how_many_it_took(server):
    stream_of(server, max_msgs=2, discard=DiscardPolicy.NEW)
    with pytest.raises(Later, match="maximum messages exceeded") as caught:
        life(made(table(server)), reports(5))
    assert caught.value.confirmed == 2


def test_a_stream_that_is_taken_away_is_later(server):
    async def work():
        sink = made(table(server))
        await sink.start()
        await asyncio.to_thread(server.do, lambda jetstream: jetstream.delete_stream("TRYGG"))
        with pytest.raises(Later, match="no stream listens there"):
            await sink.deliver(reports(1))
        await sink.stop()

    asyncio.run(work())


def test_a_wrong_password_is_later_and_is_not_shown(server):
    settings = table(server)
    (server.folder / "password").write_text("hunter2")
    with pytest.raises(Later, match=r"Authorization Violation|reset by peer") as caught:
        life(made(settings))
    assert "hunter2" not in str(caught.value)


def test_nobody_there_is_later_at_once_with_the_reason(server):
    settings = table(server)
    server.stop()
    with pytest.raises(Later, match=r"127\.0\.0\.1 port \d+: .*(refused|Connect call failed)"):
        life(made(settings))


def test_a_server_that_hangs_is_later_and_later_it_works(server):
    async def work():
        sink = made(table(server).replace("= 5", "= 1"))
        await sink.start()
        with frozen(server.pid), pytest.raises(Later, match="timeout"):
            await sink.deliver(reports(1))
        assert await sink.deliver(reports(1)) is Answer.STORED
        await sink.stop()

    asyncio.run(work())


# -- TLS and settings ------------------------------------------------------------------


def test_tls_to_a_server_with_a_ca_of_ours_and_to_no_other(tmp_path):
    make_folder(tmp_path / "nord", "nord", ["localhost", "127.0.0.1"])
    tls = tmp_path / "nord/tls"
    config = f'tls {{ cert_file: "{tls}/server.crt", key_file: "{tls}/server.key" }}'
    with NatsServer(tmp_path, config) as server:
        ours = table(server, f'ca = "{tls}/ca.crt"', scheme="tls")
        assert life(made(ours), reports(2)) == [Answer.STORED]
        with pytest.raises(Later, match="CERTIFICATE_VERIFY_FAILED"):
            life(made(table(server, scheme="tls")))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('url = "nats://nats.example"', "Use tls://"),
        ('url = "tls://n.example"\nsubject = "a.*"', "wanted a text like"),
        ('url = "tls://n.example"\nstream = "a.b"', "wanted a text like"),
    ],
)
def test_a_mistake_in_the_table_is_told(lines, said, tmp_path):
    with pytest.raises(ConfigError, match=said):
        parse(f'[sinks.peer]\ntype = "nats"\n{lines}', tmp_path / "gateway.toml")
