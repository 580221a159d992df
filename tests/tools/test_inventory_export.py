"""An export is whole or what was there stays, and takes no other file's place."""

import csv
import os

import pytest
from typer.testing import CliRunner

from trygg_tools.provision import inventory
from trygg_tools.provision.inventory import Inventory
from trygg_tools.provision.inventory_command import app


@pytest.fixture
def stock(tmp_path, monkeypatch):
    """An inventory in this folder, which knows one unit."""
    monkeypatch.chdir(tmp_path)
    stock = Inventory(tmp_path / "inventory.jsonl")
    stock.add("240ac480335f", "bought", note="strap, long")
    return stock


def export(to):
    done = CliRunner().invoke(app, ["export", str(to)])
    return done.exit_code, done.output


def units(path):
    with path.open(newline="") as file:
        return [row["unit"] for row in csv.DictReader(file)]


def test_an_export_takes_the_place_of_an_earlier_one_and_says_so(stock, tmp_path):
    assert export("units.csv") == (0, "units.csv: 1 units\n")
    stock.add("9411efcb56a8", "bought")
    assert export("units.csv") == (0, "units.csv: 2 units, in place of an earlier export\n")
    assert units(tmp_path / "units.csv") == ["240ac480335f", "9411efcb56a8"]
    assert sorted(os.listdir()) == ["inventory.jsonl", "units.csv"]


def test_no_other_file_is_replaced_least_of_all_the_inventory_itself(stock, tmp_path):
    (tmp_path / "delivery.csv").write_text("unit;board\na1;x\n")
    (tmp_path / "linked.csv").symlink_to("inventory.jsonl")
    (tmp_path / "folder").mkdir()
    before = stock.path.read_bytes()
    for there in ("inventory.jsonl", "delivery.csv", "linked.csv", "folder"):
        code, said = export(there)
        assert (code, "is no CSV that `export` wrote" in said) == (1, True), said
    assert stock.path.read_bytes() == before
    assert (tmp_path / "delivery.csv").read_text() == "unit;board\na1;x\n"
    assert (tmp_path / "linked.csv").is_symlink()


def test_a_disk_that_is_full_leaves_the_export_that_was_there(stock, tmp_path, monkeypatch):
    export("units.csv")
    before = (tmp_path / "units.csv").read_bytes()
    stock.add("9411efcb56a8", "bought")

    def full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(inventory.os, "fsync", full)
    code, said = export("units.csv")
    assert (code, "units.csv: cannot be written: No space left" in said) == (1, True)
    assert (tmp_path / "units.csv").read_bytes() == before
    assert sorted(os.listdir()) == ["inventory.jsonl", "units.csv"]
