"""Certificates at a reload: read once, before anything is touched; who comes then sees the new."""

import asyncio
import socket
import ssl

import pytest
from starlette.applications import Starlette

from trygg_gateway import reload as reloading
from trygg_gateway.config import load
from trygg_gateway.init_folder import make_folder
from trygg_gateway.reload import Parts, Reloader
from trygg_gateway.sink_tasks import NotStarted
from trygg_gateway.tls import issue_server
from trygg_gateway.web.server import ConsoleServer, greeting

SETTINGS = """
[listener]
port = 0
tls = true
cert = "tls/server.crt"
key = "tls/server.key"
[console]
port = 0
cert = "tls/server.crt"
key = "tls/server.key"
"""
SINK = '[sinks.archive]\ntype = "file"\npath = "a.jsonl"\n'


class Part:
    """Takes whatever it is given, and keeps the contexts."""

    def __init__(self):
        self.taken = []

    def take_tls(self, context):
        self.taken.append(context)

    def go_by(self, *_):
        pass

    about = None


class Sinks:
    """A forwarder; while it replaces, what `meanwhile` does happens on the disk."""

    def __init__(self, meanwhile):
        self.meanwhile = meanwhile

    async def replace(self, old, new):
        self.meanwhile()


@pytest.fixture
def nord(tmp_path):
    folder = tmp_path / "nord"
    make_folder(folder, "nord", ["localhost"], loopback_only=True)
    issue_server(folder / "tls", ["localhost", "127.0.0.1"])
    (folder / "gateway.toml").write_text(SETTINGS)
    return folder


def reloader(nord, meanwhile):
    config = load(nord / "gateway.toml")
    config.gateway.data.mkdir(exist_ok=True)
    (nord / "gateway.toml").write_text(SETTINGS + SINK)
    door, console = Part(), Part()
    parts = Parts(Sinks(meanwhile), Part(), Part(), None, door, console)
    return Reloader(config, nord / "gateway.toml", parts, lambda: 1), door, console


def test_a_pair_half_renewed_while_the_sinks_are_replaced_ends_nothing(nord):
    """A new key and the old certificate: two files, and nobody renews them at one time."""

    def meanwhile():
        was = (nord / "tls/server.crt").read_bytes()
        issue_server(nord / "tls", ["localhost"])
        (nord / "tls/server.crt").write_bytes(was)

    one, door, console = reloader(nord, meanwhile)
    outcome = asyncio.run(one.reload())
    assert (outcome.done, outcome.why) == (True, "")
    assert (len(door.taken), len(console.taken)) == (1, 1)
    with pytest.raises(OSError, match="mismatch"):
        greeting(nord / "tls/server.crt", nord / "tls/server.key")
    outcome = asyncio.run(one.reload())
    assert not outcome.done
    assert "server.key" in outcome.why
    assert len(door.taken) == 1


def test_a_sink_that_does_not_start_is_a_refusal_and_no_fault_of_ours(nord, monkeypatch):
    def meanwhile():
        raise NotStarted("sink archive does not start: no such host")

    said = []
    monkeypatch.setattr(reloading.log, "exception", lambda *_: said.append(1))
    one, door, _ = reloader(nord, meanwhile)
    outcome = asyncio.run(one.reload())
    assert (outcome.done, outcome.why) == (False, "sink archive does not start: no such host")
    assert (door.taken, said) == ([], [])


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_who_comes_to_the_console_sees_the_new_certificate(nord, name):
    """By its address as well, where a browser says no name."""
    tls = nord / "tls"
    pair = tls / "server.crt", tls / "server.key"

    class Live:
        async def close(self):
            pass

    async def work():
        app = Starlette()
        app.state.live = Live()
        server = ConsoleServer(app, "127.0.0.1", 0, cert=pair[0], key=pair[1])
        await server.start()
        shown = lambda: asyncio.to_thread(_shown, server.port, tls / "ca.crt", name)  # noqa: E731
        before = await shown()
        issue_server(tls, ["localhost", "127.0.0.1"])
        assert await shown() == before
        context = greeting(*pair)
        for file in pair:
            file.unlink()
        server.take_tls(context)
        after = await shown()
        assert after != before
        assert await shown() == after
        await server.stop()

    asyncio.run(asyncio.wait_for(work(), 30))


def _shown(port, ca, name):
    context = ssl.create_default_context(cafile=ca)
    plain = socket.create_connection(("127.0.0.1", port), 10)
    with context.wrap_socket(plain, server_hostname=name) as line:
        return line.getpeercert()["serialNumber"]
