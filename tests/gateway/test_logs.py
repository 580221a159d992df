"""No coordinate and no secret reaches a line of the log."""

import io
import json
import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from told_places import places_told
from trygg_gateway.logs import redact, start_logging

PRIVATE = [
    "lat",
    "lon",
    "lat_e6",
    "lon_e6",
    "latitude",
    "longitude",
    "position",
    "positions",
    "last_position",
    "payload",
    "password",
    "password_hash",
    "order_key",
    "key",
    "secret",
    "webhook_secret",
    "token",
    "evidence",
    "fixes",
    "coordinates",
    "LAT",
    "Password",
    "body",
    "authorization",
]
KEPT = [
    "latency_ms",
    "late_by_s",
    "longest",
    "platform",
    "keyboard",
    "device",
    "boot",
    "seq",
    "reason",
    "flat",
    "fixed_by",
]


@pytest.fixture
def lines():
    out = io.StringIO()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    start_logging("json", "debug", out)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("key", PRIVATE)
def test_a_key_that_names_a_place_or_a_secret_is_dropped(lines, key):
    structlog.get_logger("x").info("said", **{key: "59.913868", "device": "astrid"})
    (said,) = lines()
    assert key not in said
    assert said["device"] == "astrid"
    assert not places_told(json.dumps(said), 59.913868)


@pytest.mark.parametrize("key", KEPT)
def test_a_key_that_only_looks_like_one_is_kept(lines, key):
    structlog.get_logger("x").info("said", **{key: 12})
    assert lines()[0][key] == 12


def test_what_is_nested_is_looked_through(lines):
    structlog.get_logger("x").info("said", facts={"seen": [{"lat": 59.9, "sats": 7}], "n": 1})
    assert lines()[0]["facts"] == {"seen": [{"sats": 7}], "n": 1}


def test_coordinates_and_secrets_in_texts_are_taken_out(lines):
    text = "at 59.913868,10.752245 with whsec_c2VjcmV0IQ== after 0.25 s on 10.0.0.1"
    structlog.get_logger("x").info(text)
    said = lines()[0]["event"]
    assert "59.9" not in said
    assert "10.75" not in said
    assert "c2Vj" not in said
    assert "0.25 s on 10.0.0.1" in said


def test_a_traceback_is_cleaned_too(lines):
    try:
        raise ValueError("no fence at 59.913868, 10.752245")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    (said,) = lines()
    assert "ValueError" in said["exception"]
    assert "59.91" not in said["exception"]


def test_lines_of_libraries_pass_the_same_gate(lines):
    logging.getLogger("some.library").warning("got %s", "lat 59.913868", extra={"payload": "x"})
    (said,) = lines()
    assert "59.9" not in said["event"]
    assert "payload" not in said
    assert said["level"] == "warning"


def test_bytes_are_told_by_their_number(lines):
    structlog.get_logger("x").info("said", frame=b"\x11\x22\x33")
    assert lines()[0]["frame"] == "(3 bytes)"


def test_a_line_for_people_is_clean_too():
    out = io.StringIO()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    start_logging("console", "info", out)
    structlog.get_logger("x").info("said", lat_e6=59913868, device="astrid")
    structlog.get_logger("x").debug("not said")
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
    assert "astrid" in out.getvalue()
    assert "59913868" not in out.getvalue()
    assert "not said" not in out.getvalue()


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_no_pair_of_degrees_survives_in_a_text(lon, lat):
    text = f"{lat:.6f},{lon:.6f}"
    said = redact(None, "", {"event": text})["event"]
    assert f"{lat:.6f}" not in said
    assert f"{lon:.6f}" not in said
