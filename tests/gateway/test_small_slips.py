"""What a person does next, as the pages tell it, and what is said where that cannot go well."""

import pytest
from typer.testing import CliRunner

from trygg_gateway.cli import app


@pytest.fixture
def folder(tmp_path):
    """A gateway as `init` makes it, on its own port."""
    assert command("init", tmp_path / "nord").exit_code == 0
    return tmp_path / "nord"


def command(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def mosquitto(folder, *words):
    config = ("--config", folder / "gateway.toml")
    done = command("mosquitto-config", folder / "mosquitto", "--host", "localhost", *words, *config)
    assert done.exit_code == 0, done.output
    return done


def test_two_on_one_port_is_said_before_the_second_cannot_start(folder):
    said = mosquitto(folder).stderr
    assert "listener.port is 8883, too" in said
    assert "--port" in said
    assert "listener.port" not in mosquitto(folder, "--port", 8884).stderr


def test_without_a_door_of_its_own_the_port_is_mosquittos(folder):
    text = (folder / "gateway.toml").read_text()
    text = text.replace("enabled = true", "enabled = false", 1)
    text = text.replace(
        '# url = "mqtts://broker.example:8883"', 'url = "mqtts://localhost:8883"', 1
    )
    (folder / "gateway.toml").write_text(text)
    done = mosquitto(folder)
    assert "listener.port" not in done.stderr
    assert "The broker is not running: it reads them when it starts" in done.stdout
