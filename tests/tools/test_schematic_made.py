"""What is made of the wearable's schematic is up to date: netlist, parts list, pictures."""

import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from planted_schematic import copy_into, plant
from trygg_tools.boards import activities_of
from trygg_tools.schematic.__main__ import MADE, made, main
from trygg_tools.schematic.bom import vishay, yageo
from trygg_tools.schematic.circuit import circuit_folder, ohms, read_circuit
from trygg_tools.schematic.rules import RULES
from trygg_tools.schematic.sheet_picture import sheet_names
from trygg_tools.schematic.supply_rules import peak_ma

FOLDER = circuit_folder()


@pytest.fixture(scope="module")
def circuit():
    return read_circuit(FOLDER)


@pytest.fixture
def bench(tmp_path):
    return copy_into(tmp_path)


def test_what_is_made_of_the_schematic_is_up_to_date(circuit):
    for name, text in made(circuit).items():
        assert (FOLDER / name).read_text("utf-8") == text, f"{name} is old: run make hardware"


def test_the_command_says_what_is_old_and_makes_it_again(bench, capsys):
    (bench / "bom.csv").write_text("old", "utf-8")
    assert main(["--check", "--folder", str(bench)]) == 1
    assert "bom.csv is not what the schematic says: run make hardware" in capsys.readouterr().err
    assert main(["--folder", str(bench)]) == 0
    assert main(["--check", "--folder", str(bench)]) == 0
    assert {path.name for path in bench.iterdir()} >= set(MADE)


def test_the_command_writes_nothing_of_a_schematic_with_a_fault(bench, capsys):
    plant(bench, "sheets/1-chip.txt", "3V3=V3V3", "3V3=VBAT")
    before = (bench / "wearable.net").read_text("utf-8")
    assert main(["--folder", str(bench)]) == 1
    assert "error: voltage: U1 3V3: it takes 3.0 to 3.6 V" in capsys.readouterr().err
    assert (bench / "wearable.net").read_text("utf-8") == before


def test_the_command_says_why_a_schematic_cannot_be_read(bench, capsys):
    plant(bench, "sheets/6-wearer.txt", "R74 r 270", "R73 r 270")
    assert main(["--folder", str(bench)]) == 1
    assert "6-wearer.txt" in capsys.readouterr().err


def skidl(netlist: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / "second_opinion.py"), str(netlist)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_skidl_finds_nothing_in_the_netlist_that_is_not_explained():
    heard = skidl(FOLDER / "wearable.net")
    assert heard.returncode == 0, heard.stderr
    assert heard.stdout == "SKiDL: 0 faults, 1 warnings explained\n"


@pytest.mark.parametrize(
    ("sheet", "old", "new", "words"),
    [
        ("5-receiver.txt", "2Y=GNSS_TXD_3V3", "2Y=MODEM_TXD_3V3", "OUTPUT connected to OUTPUT"),
        ("5-receiver.txt", "TXD=GNSS_TXD", "TXD=GNSS_RXD_3V3", "OUTPUT connected to OUTPUT"),
        (
            "5-receiver.txt",
            "V_IO=VGNSS VCC=VGNSS",
            "V_IO=VGNSS VCC=-",
            "Unconnected pin: POWER-IN pin 8/VCC",
        ),
        ("4-modem.txt", "1Y=MODEM_RXD 2A", "1Y=- 2A", "Only one pin"),
    ],
)
def test_skidl_finds_the_faults_that_it_knows_too(bench, sheet, old, new, words):
    plant(bench, f"sheets/{sheet}", old, new)
    (bench / "bad.net").write_text(made(read_circuit(bench))["wearable.net"], "utf-8")
    heard = skidl(bench / "bad.net")
    assert heard.returncode == 1
    assert words in heard.stderr


def test_every_line_of_the_parts_list_has_a_second_source_or_says_why_not(circuit):
    rows = list(csv.DictReader(io.StringIO(made(circuit)["bom.csv"])))
    assert sum(int(row["count"]) for row in rows) == len(circuit.parts)
    for row in rows:
        assert all(row[name] for name in ("part_number", "function", "pins_from")), row
        assert bool(row["second_source"]) != bool(row["why_no_second"]), row
        assert row["count"] == str(len(row["references"].split()))


@pytest.mark.parametrize(
    ("value", "by_yageo", "by_vishay", "is_ohm"),
    [("22", "22R", "22R0", 22), ("4k7", "4K7", "4K70", 4700), ("511k", "511K", "511K", 511_000),
     ("1M", "1M", "1M00", 1_000_000), ("270", "270R", "270R", 270)],
)  # fmt: skip
def test_a_resistors_value_is_written_as_its_makers_do(value, by_yageo, by_vishay, is_ohm):
    assert (yageo(value), vishay(value), ohms(value)) == (by_yageo, by_vishay, is_ohm)


def test_the_power_tree_has_every_rail_and_the_boards_own_figures(circuit):
    picture = made(circuit)["power_tree.svg"]
    for rail in circuit.rails:
        assert f">{rail} " in picture
    assert "receiver 11.3 mA (data sheet)" in picture
    drawn = sorted(activity for rail in circuit.rails.values() for activity in rail.draws)
    assert drawn == sorted(activities_of(circuit.board.energy))


def test_the_readme_counts_as_the_schematic_does(circuit):
    text = (FOLDER / "README.md").read_text("utf-8")
    assert f"has {len(RULES)} rules" in text
    assert f"the cell gives {peak_ma(circuit, circuit.rails['VBAT']) / 1000:.2f} A" in text
    for name in (*MADE, "sheets/*.txt", "parts.toml", "wearable.toml", "second_opinion.py"):
        assert f"`{name}`" in text


def test_the_readmes_sleep_currents_add_up(circuit):
    text = (FOLDER / "README.md").read_text("utf-8")
    table = text[text.index("| what | µA |") :].split("\n\n")[0]
    cells = [line.split("|")[2].strip(" *") for line in table.splitlines()[2:]]
    least = sum(float(cell.split(" to ")[0]) for cell in cells[:-1])
    most = sum(float(cell.split(" to ")[-1]) for cell in cells[:-1])
    assert cells[-1] == f"{least:.0f} to {most:.0f}"
    assert most < circuit.board.energy.sleep.ua


def test_every_part_is_drawn_once_on_its_sheet_with_all_its_nets(circuit):
    texts = made(circuit)
    for sheet in sheet_names(circuit):
        drawn = texts[f"sheets/{sheet}.svg"]
        words = re.findall(r">([^<>]+)<", drawn)
        for part in circuit.parts:
            times = sum(word == part.ref or word.startswith(f"{part.ref}  ") for word in words)
            assert times == (part.sheet == sheet), (part.ref, sheet)
            if part.sheet == sheet:
                for _, net in part.joined():
                    assert any(word == net or word.endswith(f" {net}") for word in words), net


def test_the_netlist_says_which_pins_each_net_joins(circuit):
    text = made(circuit)["wearable.net"]
    joined: dict[str, set[tuple[str, str]]] = {}
    for block in text[text.index("(nets") :].split("(net (code ")[1:]:
        net = re.findall(r'\(name "([^"]+)"\)', block)[0]
        nodes = re.findall(r'\(node \(ref "([^"]+)"\) \(pin "([^"]+)"\)', block)
        joined[net] = set(nodes)
    assert joined == {
        net: {(join.part.ref, join.pin.number) for join in joins}
        for net, joins in circuit.joins.items()
    }
    assert text.count("(") == text.count(")")


def test_a_gpio_is_in_the_netlist_what_the_firmware_does_with_it(circuit):
    at_the_chip = r'\(ref "U1"\) \(pin "\d+"\) \(pinfunction "(IO\d+)"\) \(pintype "(\w+)"\)'
    nodes = dict(re.findall(at_the_chip, made(circuit)["wearable.net"]))
    types = {"OUT": "output", "ADC": "passive", "BUS": "bidirectional"}
    for use in circuit.uses.values():
        clock = use.setting.endswith(".scl")  # the chip alone drives it
        wanted = "output" if clock else types.get(use.way.name, "input")
        assert nodes[f"IO{use.pin}"] == wanted, use.setting
