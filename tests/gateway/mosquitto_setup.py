"""A gateway's folder with the Mosquitto that it set up, running, and clients of it over TLS."""

import getpass
import json
import socket
import ssl
import subprocess
import time

from typer.testing import CliRunner

from gateway.mosquitto import free_port, program
from trygg_gateway.cli import app
from trygg_wire import packets

SECONDS = 30


def trygg(folder, *words):
    done = CliRunner().invoke(app, [*map(str, words), "--config", str(folder / "gateway.toml")])
    assert done.exit_code == 0, done.output
    return done.stdout


class Client:
    """One MQTT connection over TLS; `code` is the CONNACK's."""

    def __init__(self, broker, user, password, client_id="", clean=True):
        context = ssl.create_default_context(cafile=broker.folder / "mosquitto/ca.crt")
        line = socket.create_connection(("127.0.0.1", broker.port), SECONDS)
        self.line = context.wrap_socket(line, server_hostname="localhost")
        broker.lines.append(self.line)
        self._reader, self._got, self._id = packets.Reader(1 << 20), [], 0
        self._heard = []
        self.line.sendall(packets.connect(client_id or user, user, password.encode(), 60, clean))
        self.session, self.code = packets.read_connack(self._next(packets.CONNACK)[1])

    def _next(self, kind):
        while True:
            while not self._got:
                data = self.line.recv(4096)
                if not data:
                    raise ConnectionError("the broker closed")
                self._got = self._reader.feed(data)
            got = self._got.pop(0)
            if got[0] == packets.PUBLISH:
                self._keep(got)
            if got[0] == kind:
                return got[1], got[2]

    def listen(self, *filters):
        self.line.sendall(packets.subscribe(1, [(one, 1) for one in filters]))
        return packets.read_suback(self._next(packets.SUBACK)[1])[1]

    def say(self, topic, payload):
        """Publish, and wait until the broker has dealt with it."""
        self._id += 1
        self.line.sendall(packets.publish(topic, payload, 1, self._id, False))
        self._next(packets.PUBACK)

    def heard(self):
        """(topic, payload) of all that was sent to us before now."""
        self.line.sendall(packets.PINGREQ)
        while True:
            while not self._got:
                self._got = self._reader.feed(self.line.recv(4096))
            kind, flags, body = self._got.pop(0)
            if kind == packets.PINGRESP_TYPE:
                heard, self._heard = self._heard, []
                return heard
            if kind == packets.PUBLISH:
                self._keep((kind, flags, body))

    def _keep(self, packet):
        """Acknowledge a message and keep it until somebody asks what was heard."""
        topic, _, packet_id, payload, _, _ = packets.read_publish(*packet[1:])
        self.line.sendall(packets.puback(packet_id))
        self._heard.append((topic, payload))

    def gone(self):
        """Whether the broker closes on us."""
        try:
            while self.line.recv(4096):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def close(self):
        self.line.close()


class Running:
    """A gateway's folder with the Mosquitto it made, running."""

    def __init__(self, folder):
        self.folder, self.port, self.users, self.lines = folder, free_port(), {}, []
        done = CliRunner().invoke(app, ["init", str(folder), "--loopback"])
        assert done.exit_code == 0, done.output
        self.said = trygg(
            folder, "mosquitto-config", folder / "mosquitto", "--host", "localhost",
            "--port", self.port, "--bind", "127.0.0.1", "--user", getpass.getuser(), "--json",
        )  # fmt: skip
        settings = json.loads(self.said)["settings"]
        lines = ["[broker]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]
        (folder / "gateway.toml").write_text("[listener]\nenabled = false\n" + "\n".join(lines))
        for device in ("astrid", "bjorn"):
            self.add(device)
        self.process = None

    def add(self, device):
        out = self.folder / f"{device}.json"
        out.unlink(missing_ok=True)
        said = trygg(self.folder, "tracker", "add", device, "--group", "nord", "--out", out)
        self.users[device] = json.loads(out.read_text())
        return said

    def start(self):
        log = open(self.folder / "mosquitto.log", "ab")  # noqa: SIM115 - the broker's, to its end
        command = [program("mosquitto"), "-c", str(self.folder / "mosquitto/mosquitto.conf")]
        self.process = subprocess.Popen(command, stdout=log, stderr=log)
        log.close()
        until = time.monotonic() + SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                assert self.process.poll() is None, (self.folder / "mosquitto.log").read_text()
                assert time.monotonic() < until
                time.sleep(0.02)

    def close_lines(self):
        for line in self.lines:
            line.close()
        self.lines.clear()

    def stop(self):
        self.close_lines()
        if self.process is not None:
            self.process.terminate()
            self.process.wait(SECONDS)

    def as_tracker(self, device, **more):
        return Client(self, device, self.users[device]["password"], **more)

    def as_gateway(self, **more):
        password = (self.folder / "secrets/broker").read_text().strip()
        return Client(self, "_gateway", password, **more)
