"""Check the wearable's schematic and make what is made from it.

python -m trygg_tools.schematic            write netlist, parts list, pictures in hardware/wearable
python -m trygg_tools.schematic --check    write nothing; 1 when something is wrong or old
"""

import argparse
import sys
from pathlib import Path

from trygg_tools.boards import BoardError
from trygg_tools.schematic.bom import bom
from trygg_tools.schematic.circuit import Circuit, circuit_folder, read_circuit
from trygg_tools.schematic.netlist import netlist
from trygg_tools.schematic.parts import CircuitError
from trygg_tools.schematic.power_tree import picture, tree
from trygg_tools.schematic.rules import RULES, faults
from trygg_tools.schematic.sheet_picture import sheet_names, sheet_picture

MADE = ("wearable.net", "bom.csv", "power_tree.svg")


def made(circuit: Circuit) -> dict[str, str]:
    """The text of every file that is made from the schematic, by its name."""
    texts = (netlist(circuit), bom(circuit), picture(tree(circuit)))
    drawn = {f"sheets/{sheet}.svg": sheet_picture(circuit, sheet) for sheet in sheet_names(circuit)}
    return dict(zip(MADE, texts, strict=True)) | drawn


def main(arguments: list[str] | None = None) -> int:
    """0 when the schematic has no fault and its files are (now) those of the text; else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m trygg_tools.schematic",
        description="Check hardware/wearable's schematic; write netlist, parts list, pictures.",
        epilog="example: python -m trygg_tools.schematic --check",
    )
    parser.add_argument("--check", action="store_true", help="write nothing, only say what is old")
    parser.add_argument("--folder", type=Path, default=circuit_folder(), help="of the schematic")
    wanted = parser.parse_args(arguments)
    try:
        circuit = read_circuit(wanted.folder)
    except (CircuitError, BoardError) as refused:
        print(f"The schematic cannot be read: {refused}", file=sys.stderr)
        return 1
    return _judge(circuit) or _keep(circuit, wanted.folder, wanted.check)


def _judge(circuit: Circuit) -> int:
    wrong = faults(circuit)
    for fault in wrong:
        print(fault, file=sys.stderr)
    nets, kept = len(circuit.joins), len(circuit.explained)
    print(
        f"{len(circuit.parts)} parts, {nets} nets, {len(RULES)} rules:"
        f" {len(wrong)} faults, {kept} warnings explained"
    )
    return 1 if wrong else 0


def _keep(circuit: Circuit, folder: Path, check: bool) -> int:
    old = [name for name, text in made(circuit).items() if _there(folder / name) != text]
    if check:
        for name in old:
            print(f"{name} is not what the schematic says: run make hardware", file=sys.stderr)
        return 1 if old else 0
    for name in old:
        (folder / name).write_text(made(circuit)[name], "utf-8")
        print(f"written: {folder / name}")
    return 0


def _there(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
