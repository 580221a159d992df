"""What a failed test leaves so that anybody can see it fail again.

    pytest tests/hil --replay build/hil/.../reproduction.json

The file names the test, the seed, the commit and the options, and has every sentence the receiver
said, act by act with its time (wearer.py). Run again, the test makes the same calls and the
receiver says those sentences.
"""

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from hil.wearer import Act, Said

FILE = "reproduction.json"
HERE = Path(__file__).parent


class Reproduction(NamedTuple):
    """One failure."""

    test: str  # path below tests/hil::name
    seed: int
    commit: str
    bench: str  # the options of a real bench; "" for the virtual one
    failure: str
    acts: list[Act]


class NoReproduction(ValueError):
    """The file is none; the text says what was wanted."""


def commit() -> str:
    """The checkout's commit, with + if something is changed; "unknown" outside of one."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"],
        cwd=HERE, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return said.stdout.strip() or "unknown"


def write(folder: Path, found: Reproduction) -> str:
    """The file in `folder`; the command that runs it again."""
    path = folder / FILE
    command = f"pytest {_shown(HERE)} --replay {_shown(path)} {found.bench}".strip()
    said = {"again": command, **found._asdict(), "acts": [_act(one) for one in found.acts]}
    path.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return command


def read(path: Path) -> Reproduction:
    """The file's content. Raises NoReproduction."""
    try:
        said = json.loads(path.read_text("utf-8"))
        said.pop("again")
        acts = [Act(one["name"], [Said(*row) for row in one["said"]]) for one in said.pop("acts")]
        return Reproduction(**said, acts=acts)
    except OSError as error:
        raise NoReproduction(f"--replay {path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoReproduction(
            f"--replay {path}: wanted the {FILE} that a failed test left in its folder of"
            f" artefacts, got something else ({error!r})"
        ) from None


def nmea(acts: list[Act]) -> str:
    """All that was said as a log that `trygg replay` plays: a time before each sentence."""
    return "".join(
        f"{said.unix_s + place / 100:.2f} {line.rstrip()}\n"
        for act in acts
        for said in act.said
        for place, line in enumerate(said.lines)
    )


def _act(act: Act) -> dict[str, Any]:
    return {"name": act.name, "said": [list(one) for one in act.said]}


def _shown(path: Path) -> str:
    """As a person types it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
