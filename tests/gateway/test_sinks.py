"""Both sinks: one contract, then what is each one's own. Real HTTP, real files."""

import asyncio
import base64
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from gateway.receiver import SECRET, served
from gateway.records import deliveries
from trygg_gateway.lane_reading import marked
from trygg_gateway.sinks.file import FileSink
from trygg_gateway.sinks.http import HttpSink
from trygg_gateway.sinks.http_line import retry_after_s
from trygg_gateway.sinks.port import Answer, Later, Refused

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def secret_file(tmp_path):
    (tmp_path / "secret").write_text(SECRET + "\n")
    return tmp_path / "secret"


@pytest.fixture
def hook(tmp_path):
    with served(tmp_path / "received.jsonl") as receiver:
        yield receiver


def deliver(sink, *batches):
    """Start the sink, deliver the batches, stop it."""

    async def run():
        await sink.start()
        try:
            for batch in batches:
                await sink.deliver(batch)
        finally:
            await sink.stop()

    asyncio.run(run())


def ids(path):
    return [json.loads(text)["id"] for text in path.read_text().splitlines()]


# -- one contract for both -------------------------------------------------------------


@pytest.fixture(params=["http", "file"])
def port(request, tmp_path, secret_file):
    """(a maker of sinks on the same end, the file where events arrive)."""
    if request.param == "file":
        yield lambda: FileSink(tmp_path / "events.jsonl"), tmp_path / "events.jsonl"
        return
    with served(tmp_path / "received.jsonl") as hook:
        yield lambda: HttpSink(hook.url, secret_file), tmp_path / "received.jsonl"


def test_what_deliver_returns_for_has_arrived_in_order(port):
    make, out = port
    deliver(make(), deliveries(3), deliveries(2, first=4))
    assert ids(out) == [f"astrid:1:{seq}" for seq in range(1, 6)]


def test_an_event_arrives_whole(port):
    make, out = port
    (entry,) = deliveries(1)
    deliver(make(), [entry])
    event = json.loads(out.read_text())
    assert event.pop("data") == entry.data
    assert event == entry.attributes


def test_what_is_delivered_again_has_its_effect_once(port):
    make, out = port
    deliver(make(), deliveries(3))
    deliver(make(), deliveries(5))
    assert ids(out) == [f"astrid:1:{seq}" for seq in range(1, 6)]


def test_nothing_to_deliver_is_fine(port):
    make, out = port
    deliver(make(), [])
    assert ids(out) == []


def test_an_id_is_fit_to_be_a_webhook_id(port):
    assert all("." not in entry.id for entry in deliveries(3))


# -- http ------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["500", "429", "301"])
def test_a_receiver_in_trouble_is_asked_later(hook, secret_file, fault):
    hook.fail(fault)
    with pytest.raises(Later, match=fault):
        deliver(HttpSink(hook.url, secret_file), deliveries(1))
    assert hook.received()["unique"] == 0


@pytest.mark.parametrize("fault", ["410", "422"])
def test_what_a_receiver_will_never_take_is_refused(hook, secret_file, fault):
    hook.fail(fault)
    with pytest.raises(Refused, match=fault):
        deliver(HttpSink(hook.url, secret_file), deliveries(1))


@pytest.mark.parametrize(("fault", "answer"), [("202", Answer.ACCEPTED), (None, Answer.STORED)])
def test_an_answer_is_worth_what_http_says_of_it(hook, secret_file, fault, answer):
    async def work():
        sink = HttpSink(hook.url, secret_file)
        await sink.start()
        try:
            return await sink.deliver(deliveries(2))
        finally:
            await sink.stop()

    if fault:
        hook.fail(fault)
    assert asyncio.run(work()) == answer
    assert hook.received()["unique"] == 2


def test_a_receiver_may_say_when_to_come_back(hook, secret_file):
    hook.fail({"fault": "429", "retry_after": 7})
    with pytest.raises(Later) as caught:
        deliver(HttpSink(hook.url, secret_file), deliveries(1))
    assert caught.value.retry_after_s == 7


def test_the_front_of_a_batch_that_got_through_is_counted(hook, secret_file):
    hook.fail({"fault": "202", "times": 2}, "500")
    with pytest.raises(Later) as caught:
        deliver(HttpSink(hook.url, secret_file), deliveries(5))
    assert caught.value.confirmed == 2
    assert hook.received()["unique"] == 2


def test_a_receiver_that_does_not_answer_is_later(hook, secret_file):
    hook.fail("hang")
    with pytest.raises(Later, match=r"ReadTimeout|no whole answer"):
        deliver(HttpSink(hook.url, secret_file, timeout_s=0.2), deliveries(1))


def test_an_answer_that_trickles_without_end_is_later(secret_file):
    ended = threading.Event()

    def trickle(server):
        line, _ = server.accept()
        with line:
            line.recv(65536)
            line.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
            while not ended.wait(0.05):
                try:
                    line.sendall(b".")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        receiver = threading.Thread(target=trickle, args=(server,))
        receiver.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/hook"
        try:
            with pytest.raises(Later, match="no whole answer"):
                deliver(HttpSink(url, secret_file, timeout_s=0.5), deliveries(1))
        finally:
            ended.set()
            receiver.join()


def test_a_retry_after_that_no_calendar_has_is_no_wish():
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert retry_after_s("Mon, 01 Jan 2024 00:00:00 +99999999999999999", now) is None


def test_nobody_there_is_later(secret_file):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/hook"
        with pytest.raises(Later, match="ConnectError"):
            deliver(HttpSink(url, secret_file), deliveries(1))


def test_a_lost_answer_makes_a_double_that_the_receiver_knows(hook, secret_file):
    hook.fail("lost")
    for _ in range(2):
        try:
            deliver(HttpSink(hook.url, secret_file), deliveries(1))
        except Later:
            continue
    assert hook.received() == {"received": 2, "unique": 1, "doubles": 1, "refused": 0}


def test_a_signature_of_another_secret_is_an_endpoint_set_up_wrong(hook, tmp_path):
    other = "whsec_" + base64.b64encode(b"another secret of some length").decode()
    (tmp_path / "other").write_text(other)
    with pytest.raises(Later, match="401"):
        deliver(HttpSink(hook.url, tmp_path / "other"), deliveries(1))
    assert hook.received()["refused"] == 1


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_receiver_refuses_a_signature_of_another_time(hook, secret_file, minutes):
    wrong = lambda: datetime.now(UTC) + timedelta(minutes=minutes)  # noqa: E731
    with pytest.raises(Later, match="401"):
        deliver(HttpSink(hook.url, secret_file, now=wrong), deliveries(1))


def test_the_signature_covers_id_time_and_body(secret_file):
    sink = HttpSink("http://127.0.0.1:9/", secret_file)
    asyncio.run(sink.start())
    (entry,) = deliveries(1)
    headers, body = sink._signed(entry)
    asyncio.run(sink.stop())
    assert headers["content-type"] == "application/cloudevents+json"
    assert headers["webhook-id"] == entry.id
    Webhook(SECRET).verify(body, headers)
    for changed in ({"webhook-id": "astrid:1:2"}, {"webhook-timestamp": "1"}):
        with pytest.raises(Exception, match=r"signature|old"):
            Webhook(SECRET).verify(body, {**headers, **changed})


@pytest.mark.parametrize("content", [None, "", "hunter2", "whsec_", "whsec_!!!", b"\xff\xfe"])
def test_a_secret_that_is_none_is_later_and_never_shown(tmp_path, content):
    if content is not None:
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "secret").write_bytes(data)
    with pytest.raises(Later) as caught:
        deliver(HttpSink("http://127.0.0.1:9/", tmp_path / "secret"))
    assert "hunter2" not in str(caught.value)
    assert str(tmp_path / "secret") in str(caught.value)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0), (" 120 ", 120.0), ("0", 0.0), ("", None), ("soon", None), ("-3", None),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90.0), ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("9" * 40, 999999999.0),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(header, seconds):
    assert retry_after_s(header, NOW) == seconds


@given(st.text())
def test_no_retry_after_header_brings_the_sink_down(header):
    found = retry_after_s(header, NOW)
    assert found is None or found >= 0


# -- file ------------------------------------------------------------------------------


@pytest.fixture
def events(tmp_path):
    return tmp_path / "events.jsonl"


def test_a_line_torn_by_a_crash_is_cut_off_and_comes_again(events):
    deliver(FileSink(events), deliveries(3))
    whole = events.read_bytes()
    events.write_bytes(whole[:-40])
    sink = FileSink(events)
    deliver(sink, deliveries(1, first=3))
    assert events.read_bytes() == whole
    assert sink.counters["torn_lines_cut"] == 1


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000))
def test_a_file_cut_at_any_byte_ends_up_whole(events, at):
    whole = b"".join(entry.json + b"\n" for entry in deliveries(4))
    events.write_bytes(whole[: at % (len(whole) + 1)])
    deliver(FileSink(events), deliveries(4))
    assert events.read_bytes() == whole


def test_a_foreign_last_line_is_not_ours_to_cut(events):
    events.write_bytes(b"# notes of the night shift")
    deliver(FileSink(events), deliveries(1))
    assert events.read_bytes().startswith(b"# notes of the night shift\n{")


def test_only_the_end_of_a_long_file_is_read(events):
    deliver(FileSink(events), deliveries(50))
    sink = FileSink(events, tail=2000)
    deliver(sink, deliveries(1, first=50))
    assert sink.counters["doubles_skipped"] == 1
    assert len(ids(events)) == 50


def test_a_file_moved_away_is_begun_anew(events):
    sink = FileSink(events)

    async def run():
        await sink.start()
        await sink.deliver(deliveries(2))
        events.rename(events.with_suffix(".1"))
        await sink.deliver(deliveries(2, first=3))
        await sink.stop()

    asyncio.run(run())
    assert ids(events.with_suffix(".1")) == ["astrid:1:1", "astrid:1:2"]
    assert ids(events) == ["astrid:1:3", "astrid:1:4"]


def test_what_is_replayed_is_written_again_though_it_stands_there(events):
    deliver(FileSink(events), deliveries(2))
    again = [marked(entry, "replayed") for entry in deliveries(2)]
    deliver(FileSink(events), again)
    assert ids(events) == ["astrid:1:1", "astrid:1:2"] * 2


def test_the_file_is_nobody_elses_to_read(events):
    deliver(FileSink(events), deliveries(1))
    assert events.stat().st_mode & 0o777 == 0o600


def test_a_folder_where_no_file_can_be_is_later(tmp_path):
    (tmp_path / "here").write_text("a file")
    with pytest.raises(Later, match="here"):
        deliver(FileSink(tmp_path / "here" / "events.jsonl"), deliveries(1))


FULL = """
import asyncio, resource, signal, sys
from pathlib import Path
from gateway.records import deliveries
from trygg_gateway.sinks.file import FileSink
from trygg_gateway.sinks.port import Later

async def run(path):
    sink = FileSink(path)
    await sink.start()
    await sink.deliver(deliveries(2))
    size = path.stat().st_size
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 500, resource.RLIM_INFINITY))
    try:
        await sink.deliver(deliveries(4, first=3))
    except Later as error:
        print("later", path.stat().st_size == size)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await sink.deliver(deliveries(4, first=3))
    await sink.stop()

asyncio.run(run(Path(sys.argv[1])))
"""


def python(code, *arguments):
    """Another interpreter with this one's path."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_full_disk_leaves_no_half_batch_and_goes_on_when_there_is_room(events):
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    with python(FULL, events) as process:
        assert process.communicate()[0].split() == ["later", "True"]
    assert ids(events) == [f"astrid:1:{seq}" for seq in range(1, 7)]


ENDLESS = """
import asyncio, sys
from pathlib import Path
from gateway.records import deliveries
from trygg_gateway.sinks.file import FileSink

async def run(path):
    sink = FileSink(path)
    await sink.start()
    print("ready", flush=True)
    first = int(sys.argv[2])
    while True:
        await sink.deliver(deliveries(20, first))
        first += 20
        print(first, flush=True)

asyncio.run(run(Path(sys.argv[1])))
"""


def test_kill_minus_9_at_any_moment_neither_loses_nor_doubles(events):
    """The cursor is what the process printed: what was confirmed."""
    first = 1
    for round_ in range(4):
        with python(ENDLESS, events, first) as process:
            assert process.stdout.readline() == "ready\n"
            for _ in range(3 + round_):
                first = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().split()
        # the last confirmation may be lost with the process: the cursor is then one batch behind
        first = int(rest[-2]) if len(rest) > 1 else first
    deliver(FileSink(events), deliveries(20, first), deliveries(20, first + 20))
    found = ids(events)
    assert found == [f"astrid:1:{seq}" for seq in range(1, len(found) + 1)]
    assert len(found) >= first + 39
