"""What an alarm takes over each modem, and a driver of the board: within their budgets."""

import json
from pathlib import Path

import pytest

from trygg_tools.bench import modem
from trygg_tools.bench.modem_idle import idle_bytes
from trygg_tools.firmware_image import firmware_folder, rom_image
from trygg_tools.modem_faults import pages
from trygg_tools.modem_faults.plan import DIALECTS

ROOT = Path(__file__).parents[2]
HEAP_MOST, CODE_MOST = 32000, 32000  # bytes: of 64-bit objects, of ROM


@pytest.mark.parametrize("way", modem.WAYS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_alarm_is_at_the_gateway_within_the_budget_of_its_dialect(dialect, way):
    for name, taken in modem.times_of(dialect, way, seeds=2).items():
        budget_ms = modem.budget_ms(dialect, name.removesuffix("_ms"))
        assert 0 < taken["p50"] <= taken["max"] <= budget_ms, (name, taken)


def test_a_journey_that_loses_a_record_gives_no_figures(monkeypatch):
    monkeypatch.setattr("trygg_tools.rig.gateway.Gateway._keep", lambda _self, _frame: None)
    with pytest.raises(modem.BenchError, match=r"sim7080 over mqtt: .* did not arrive"):
        modem.journey_of("sim7080", "mqtt", 0)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_modem_with_nothing_to_do_allocates_nothing(dialect):
    assert idle_bytes(dialect, "mqtt") == 0
    assert idle_bytes(dialect, "socket") == 0


def test_the_page_of_the_docs_is_what_the_bench_said():
    figures = json.loads((ROOT / "docs" / "modem_bench.json").read_text("utf-8"))
    page = (ROOT / "docs" / "modems.md").read_text("utf-8")
    begin, end = pages.BEGIN.format(name="bench"), pages.END.format(name="bench")
    assert f"{begin}\n\n{modem.table(figures)}\n\n{end}" in page


def test_a_driver_fits_the_board_and_only_its_dialect_is_loaded(tmp_path):
    sizes = modem.code_sizes(tmp_path)
    image = tmp_path / "rom"
    image.write_bytes(rom_image(firmware_folder(), "x64"))
    for dialect, way in (("sim7080", "mqtt"), ("a7670", "socket")):
        driver = modem.driver_of(image, sizes, dialect, way)
        assert 10000 < driver["heap"] <= HEAP_MOST, driver
        assert 10000 < driver["mpy"] <= CODE_MOST, driver
        assert driver["heap_chip"] < driver["heap"]
