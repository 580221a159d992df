"""The console's live events and its server: everybody is told, nobody is left over."""

import json
import signal
import socket
import threading

import pytest

from gateway.console_rig import (
    FakeViews,
    Served,
    alarm,
    client,
    served,
    small_town,
    until,
)
from trygg_gateway.web.app import create_app
from trygg_gateway.web.server import ConsoleError


@pytest.fixture
def views():
    return FakeViews(small_town(), [alarm(7, "berit-01", "Berit Sørensen")])


@pytest.fixture
def console(views):
    with served(views, name="Solbakken") as running:
        yield running


def events(response):
    """The events of a live stream as (name, data)."""
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def test_a_change_is_told_to_every_open_page(console, views):
    with (
        client(console) as one,
        client(console) as two,
        one.stream("GET", "/api/live") as first,
        two.stream("GET", "/api/live") as second,
    ):
        streams = [events(first), events(second)]
        assert [next(s)[0] for s in streams] == ["hello", "hello"]
        until(lambda: views.listeners, "the console listens")
        views.tell("alarms")
        for stream in streams:
            name, data = next(stream)
            assert (name, data["names"]) == ("changed", ["alarms"])


def test_a_burst_of_changes_is_told_in_few_words(console, views):
    with client(console) as asking, asking.stream("GET", "/api/live") as response:
        stream = events(response)
        assert next(stream)[0] == "hello"
        until(lambda: views.listeners, "the console listens")
        views.tell(*["trackers"] * 500, *["alarms"] * 500)
        told = []
        while "alarms" not in told:
            told += next(stream)[1].get("names", [])
        assert len(told) <= 4


def test_pages_that_leave_are_forgotten(console, views):
    live = console.app.state.live
    with client(console) as asking:
        for _ in range(5):
            with asking.stream("GET", "/api/live") as response:
                assert next(events(response))[0] == "hello"
        until(lambda: live.pages == 0, "no page is left over")
    assert len(views.listeners) == 1, "one listener serves all pages"


def test_stopping_ends_open_streams_and_leaves_no_listener(views):
    with served(views) as console, client(console) as asking:
        with asking.stream("GET", "/api/live") as response:
            stream = events(response)
            assert next(stream)[0] == "hello"
            until(lambda: views.listeners, "the console listens")
            console.stop()  # asserts that it ends
            assert [name for name, _ in stream if name != "beat"] == []
        assert views.listeners == set()
        console.start()


def test_a_listener_that_breaks_ends_the_streams_so_that_pages_ask_again(console, views):
    with client(console) as asking:
        with asking.stream("GET", "/api/live") as response:
            stream = events(response)
            next(stream)
            queue = until(lambda: list(views.listeners), "the console listens")[0]
            console._loop.call_soon_threadsafe(queue.put_nowait, None)
            assert [name for name, _ in stream if name != "beat"] == []
        with asking.stream("GET", "/api/live") as response:
            stream = events(response)
            assert next(stream)[0] == "hello"
            until(lambda: views.listeners, "the console listens again")
            views.tell("trackers")
            assert next(stream)[1]["names"] == ["trackers"]


# ---- the server


def test_a_port_that_is_taken_is_an_error_that_says_what_to_do(views):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]

        def app():
            return create_app(views, metrics=None, password=None, tiles=None, allowed_hosts=[])

        with pytest.raises(ConsoleError, match=f"cannot listen on 127.0.0.1 port {port}"):
            Served(app, port)


def test_the_console_leaves_the_process_signals_alone(views):
    before = signal.getsignal(signal.SIGTERM)
    with served(views):
        assert signal.getsignal(signal.SIGTERM) is before
    assert threading.active_count() < 50
