"""Every row of every dialect is said by the driver: what nothing names is no part of it."""

import ast
import re
from pathlib import Path

import pytest

from tracker.modem import wiring

FOLDER = Path(__file__).resolve().parents[3] / "firmware" / "tracker" / "modem"
DIALECTS = wiring.NAMES.split()
KINDS = ("CA", "CERT", "PSK")  # Security.by
PSK_ONLY = re.compile(r"_PSK$")


def said_by_the_driver() -> set[str]:
    """The names in the driver's texts; `%s` is a way of securing, or `_TLS`; `%d` a number."""
    names: set[str] = set()
    for file in FOLDER.glob("*.py"):
        if file.stem in DIALECTS:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
                text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
                names |= named(text)
    return names


def named(text: str) -> set[str]:
    """What a text of the driver can become."""
    found = set()
    for word in re.findall(r"[A-Z][A-Z_0-9]*(?:_?%[sd])?", text):
        head, mark, _ = word.partition("%")
        if not mark:
            found |= {word}
        elif word.endswith("%d"):
            found |= {f"{head}{number}" for number in range(1, 10)}
        else:
            found |= {head + kind for kind in KINDS} | {head, head + "_TLS"}
    return found


def headings(text: bytes) -> set[str]:
    return set(re.findall(r"(?:^|\n)\n?([A-Z][A-Z_0-9]+)\n", text.decode()))


@pytest.mark.parametrize("name", DIALECTS)
def test_every_procedure_of_a_dialect_is_said_by_the_driver(name: str) -> None:
    dialect, driver = wiring.find(name), said_by_the_driver()
    for heading in headings(dialect.TEXTS[0]):
        secured = heading.removesuffix("_TLS")
        assert heading in driver or secured in driver, f"{name}: nothing says {heading}"


@pytest.mark.parametrize("name", DIALECTS)
def test_what_the_driver_says_only_to_some_is_there_for_those_alone(name: str) -> None:
    """PSM where there is PSM; a step of AID only behind the one before."""
    dialect = wiring.find(name)
    own = headings(dialect.TEXTS[0])
    assert ("PSM_ON" in own) <= dialect.HAS_PSM
    whole = set().union(*(headings(text) for text in dialect.TEXTS))
    assert "AID_1" in whole
    assert ("AID_3" in whole) <= ("AID_2" in whole)
    assert not any(heading.startswith("AID_") for heading in own) or "AID_1" in own
    assert any(PSK_ONLY.search(heading) for heading in whole) == ("TLS_PSK" in whole)


def test_a_heading_that_nothing_names_would_be_seen() -> None:
    assert headings(b"\nSETUP\n! ATE0\n\nASK_CELL\n! AT+CPSI?\n") == {"SETUP", "ASK_CELL"}
    driver = said_by_the_driver()
    assert {"SETUP", "TLS_PSK", "SOCKET_CA", "SOCKET_SEND", "AID_1", "MQTT_STATE"} <= driver
    assert not {"ASK_CELL", "PSM_OFF", "WAKE"} & driver
