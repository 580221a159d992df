"""SKiDL's opinion of the netlist: its electrical rule check over what wearable.net says.

    python hardware/wearable/second_opinion.py [NETLIST]      1: something that is not explained

It reads the file that is committed and nothing of what made it, so it judges the writing of the
netlist too. SKiDL (MIT) knows drivers, conflicts and forgotten pins; voltages, pulls, serial lines
and back feed it does not know: those rules are trygg_tools.schematic's. It is a program that is
called, and no part of the wheel, since SKiDL imports InSpice, which is GPL. The parts come from the
netlist itself, so no KiCad library is needed (100 MB, and five of our chips are not in Debian's).
"""

import io
import logging
import os
import re
import sys
import tempfile
import tomllib
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TYPES = {
    "input": "INPUT",
    "output": "OUTPUT",
    "bidirectional": "BIDIR",
    "open_collector": "OPENCOLL",
    "power_in": "PWRIN",
    "power_out": "PWROUT",
    "passive": "PASSIVE",
    "no_connect": "NOCONNECT",
}


class Heard(logging.Handler):
    """Keeps what SKiDL says."""

    def __init__(self) -> None:
        """Nothing heard yet."""
        super().__init__(logging.WARNING)
        self.said: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a warning or an error."""
        self.said.append((record.levelname, record.getMessage()))


def rows(tree: Any, name: str) -> list[Any]:
    """The children of an S-expression that begin with `name`."""
    return [child for child in tree if isinstance(child, list) and child[:1] == [name]]


def word(tree: Any, *path: str) -> str:
    """The word at the end of the path of names."""
    for name in path:
        tree = rows(tree, name)[0]
    return str(tree[1])


def build(tree: Any) -> None:
    """The netlist's parts and nets in SKiDL's own circuit."""
    import skidl

    joined, kinds = read_nets(tree), read_kinds(tree)
    nets: dict[str, Any] = {}
    for row in rows(rows(tree, "components")[0], "comp"):
        ref, kind = word(row, "ref"), word(row, "libsource", "part")
        pins = []
        for number, name, usual in kinds[kind]:
            does = joined.get((ref, number), ("", usual))[1]
            func = getattr(skidl.Pin.types, TYPES[does])
            pins.append(skidl.Pin(num=number, name=name, func=func))
        part = skidl.Part(tool=skidl.SKIDL, name=kind, ref=ref, pins=pins, footprint="-:-")
        for number, _, usual in kinds[kind]:
            net = joined.get((ref, number), ("", ""))[0]
            if net:
                nets.setdefault(net, None)
                nets[net] = nets[net] or skidl.Net(net)
                nets[net] += part[number]
            elif usual not in ("no_connect", "power_in"):
                part[number].do_erc = False  # left open on purpose: our own rules ask about it


def read_nets(tree: Any) -> dict[tuple[str, str], tuple[str, str]]:
    """(reference, pin) -> (net, what the pin does there)."""
    found = {}
    for net in rows(rows(tree, "nets")[0], "net"):
        for node in rows(net, "node"):
            at = word(node, "ref"), word(node, "pin")
            found[at] = word(net, "name"), word(node, "pintype")
    return found


def read_kinds(tree: Any) -> dict[str, list[tuple[str, str, str]]]:
    """Kind -> its pins: number, name, what it usually does."""
    return {
        word(row, "part"): [
            (word(pin, "num"), word(pin, "name"), word(pin, "type"))
            for pin in rows(rows(row, "pins")[0], "pin")
        ]
        for row in rows(rows(tree, "libparts")[0], "libpart")
    }


def opinion(netlist: Path) -> list[tuple[str, str]]:
    """What SKiDL says of the netlist: (WARNING or ERROR, its words)."""
    tree, heard = _parsed(netlist), Heard()
    # it writes its logs where it stands, and tells the console which of KiCad's folders it misses
    with tempfile.TemporaryDirectory() as folder, redirect_stderr(io.StringIO()):
        os.chdir(folder)
        import skidl

        logging.getLogger("ERC_Logger").addHandler(heard)
        build(tree)
        skidl.ERC()
        os.chdir("/")
    return heard.said


def _parsed(netlist: Path) -> Any:
    from simp_sexp import Sexp

    return Sexp(netlist.read_text("utf-8"))


def main(arguments: list[str]) -> int:
    """0 when every word of SKiDL's is explained and every explanation is still needed."""
    netlist = Path(arguments[0]).resolve() if arguments else HERE / "wearable.net"
    says = tomllib.loads((HERE / "wearable.toml").read_text("utf-8"))
    explained: dict[str, str] = says["explained_to_skidl"]
    said = opinion(netlist)
    new = [
        f"{level}: {text}"
        for level, text in said
        if level == "ERROR" or not any(re.search(words, text) for words in explained)
    ]
    stale = [words for words in explained if not any(re.search(words, text) for _, text in said)]
    for line in new + [f"no longer said, take it out of wearable.toml: {words}" for words in stale]:
        print(line, file=sys.stderr)
    print(f"SKiDL: {len(new)} faults, {len(said) - len(new)} warnings explained")
    return 1 if new or stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
