"""A taken port is told with the name of its holder."""

import os
import socket
import subprocess
import sys

import pytest

from trygg_gateway.ports import PortTaken, demand_free, free_port, holder

HOLD = (
    "import socket, sys; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen();"
    "print(s.getsockname()[1], flush=True); sys.stdin.read()"
)


@pytest.fixture
def stranger():
    """(port, pid) of another process that listens."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield int(process.stdout.readline()), process.pid
        process.stdin.close()


def test_the_holder_of_a_port_is_named(stranger):
    port, pid = stranger
    assert f"(pid {pid})" in holder(port)
    assert "python" in holder(port)


def test_the_sentence_names_port_holder_setting_and_what_to_do(stranger):
    port, pid = stranger
    with pytest.raises(PortTaken) as caught:
        demand_free("127.0.0.1", port, "listener.port")
    said = str(caught.value)
    for part in (str(port), f"pid {pid}", "listener.port", "another port"):
        assert part in said


def test_a_free_port_passes():
    demand_free("127.0.0.1", free_port(), "listener.port")
    demand_free("127.0.0.1", 0, "listener.port")


def test_a_port_that_is_only_connected_is_not_held(stranger):
    port, _ = stranger
    with socket.create_connection(("127.0.0.1", port)) as ours:
        assert holder(ours.getsockname()[1]) is None


def test_an_address_that_is_not_ours_is_told_as_that():
    with pytest.raises(PortTaken, match=r"192\.0\.2\.1"):
        demand_free("192.0.2.1", free_port(), "console.port")


def test_without_proc_the_answer_is_shorter(tmp_path):
    assert holder(1883, tmp_path) is None


def test_a_socket_of_a_process_not_ours_to_look_at_still_counts_as_held(tmp_path):
    (tmp_path / "net").mkdir()
    line = "0: 0100007F:075B 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 777 1"
    (tmp_path / "net" / "tcp").write_text(f"header\n {line}\n")
    assert holder(1883, tmp_path) == "a program of another user"
    (tmp_path / "42" / "fd").mkdir(parents=True)
    os.symlink("socket:[777]", tmp_path / "42" / "fd" / "3")
    (tmp_path / "42" / "cmdline").write_bytes(b"/usr/sbin/mosquitto\0-v\0")
    assert holder(1883, tmp_path) == "mosquitto (pid 42)"


def test_a_python_module_is_named_not_its_option(tmp_path):
    (tmp_path / "net").mkdir()
    line = "0: 0100007F:2081 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 778 1"
    (tmp_path / "net" / "tcp").write_text(f"header\n {line}\n")
    (tmp_path / "43" / "fd").mkdir(parents=True)
    os.symlink("socket:[778]", tmp_path / "43" / "fd" / "3")
    (tmp_path / "43" / "cmdline").write_bytes(b"/usr/bin/python3\0-m\0trygg_gateway\0run\0")
    assert holder(8321, tmp_path) == "python3 -m trygg_gateway (pid 43)"
