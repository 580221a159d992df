"""The NATS sink at a real nats-server: its stream, its doubles, and every way it says no."""

import asyncio
import json
import time
from contextlib import suppress
from functools import partial

import pytest
from nats.js.api import DiscardPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from gateway.frozen import frozen
from gateway.nats_server import PASSWORD, NatsServer
from gateway.records import NOW_MS, alarm, deliveries, forgotten, report, row
from gateway.sink_lives import life, made, patiently
from gateway.sink_peer import reports
from trygg_gateway.config import ConfigError, parse
from trygg_gateway.delivery import delivery
from trygg_gateway.init_folder import make_folder
from trygg_gateway.lane_reading import marked
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


def received_at(received_ms, seq):
    return delivery(row(report(2, seq), id_=seq, received_ms=received_ms), "nord")


def left(server):
    """The sequences of the records of astrid that the stream has, in its order."""

    async def read(jetstream):
        found, at = [], 1
        with suppress(NotFoundError):
            while True:
                message = await jetstream.get_msg(
                    "TRYGG", seq=at, subject="trygg.events.astrid.>", next=True
                )
                found.append(json.loads(message.data)["data"]["seq"])
                at = message.seq + 1
        return found

    return server.do(read)


def test_a_word_heard_late_leaves_what_came_of_who_has_the_name_now(server):
    """Whatever the order in the stream: the new wearer's records overtook the old one's."""
    said_ms = NOW_MS + 3_600_000
    old, anew = partial(received_at, said_ms), partial(received_at, said_ms + 1)
    word = forgotten("astrid", said_ms=said_ms)
    life(made(table(server)), [old(1), anew(10), old(2), anew(11), old(3)])
    life(made(table(server)), [word])
    assert left(server) == [10, 11]
    life(made(table(server)), [old(4), anew(12)], [marked(word, "replayed")])
    assert left(server) == [10, 11, 12]


def test_a_word_heard_late_takes_nothing_when_all_is_of_who_has_the_name_now(server):
    said_ms = NOW_MS - 3_600_000
    life(made(table(server)), reports(3), [forgotten("astrid", said_ms=said_ms)])
    assert left(server) == [1, 2, 3]


def test_what_an_older_gateway_kept_goes_by_the_second_that_the_event_tells(server):
    def put(seq, received):
        event = json.dumps({"data": {"seq": seq, "received": received}}).encode()
        return lambda stream: stream.publish("trygg.events.astrid.report", event)

    stream_of(server)
    server.do(put(1, "2026-09-21T14:13:20Z"))
    server.do(put(2, "2026-09-21T14:13:21Z"))
    life(made(table(server)), [forgotten("astrid", said_ms=NOW_MS + 500)])
    assert left(server) == [2]


@pytest.mark.parametrize(("said_after_s", "stays"), [(-3600, [7]), (3600, []), (200_000, [])])
def test_what_tells_no_time_goes_by_when_the_stream_got_it(server, said_after_s, stays):
    stream_of(server)
    body = b'{"data": {"seq": 7}}'
    server.do(lambda stream: stream.publish("trygg.events.astrid.report", body))
    said_ms = int(1000 * (time.time() + said_after_s))
    life(made(table(server)), [forgotten("astrid", said_ms=said_ms)])
    assert left(server) == stays


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
    refused = r"Authorization Violation|reset by peer|[Bb]roken pipe|EOF"
    with pytest.raises(Later, match=refused) as caught:
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
        await patiently(sink.start)
        with frozen(server.pid), pytest.raises(Later, match="timeout"):
            await sink.deliver(reports(1))
        assert await patiently(sink.deliver, reports(1)) is Answer.STORED
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
