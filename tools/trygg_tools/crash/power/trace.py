"""A program run under the tracer, and what it asked of the disk, operation by operation.

The tracer (tracer.c) is built by the machine's own C compiler when it is first needed: Debian's
gcc, which CI installs (.ci/peers). Without one a BuildError says so.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

OPEN, CLOSE, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, MKDIR, ACCEPT, SAID, LINK = range(1, 12)
NAMES: Final = ("", "open", "close", "write", "truncate", "sync", "rename", "unlink", "mkdir",
                "accept", "said", "link")  # fmt: skip
_HEAD: Final = struct.Struct("<6q")
_SOURCE: Final = Path(__file__).with_name("tracer.c")


class BuildError(Exception):
    """The tracer cannot be built; the text is what to do, or what the compiler said."""


class Operation(NamedTuple):
    """One thing done. `fd` is -1 where it was done to a path."""

    kind: int
    pid: int
    fd: int
    number: int  # offset of WRITE, size of TRUNCATE, 1 of an OPEN that emptied the file
    path: str
    data: (
        bytes  # written, said; the new path of RENAME and LINK; b"1" of an OPEN that made the file
    )


def built(folder: Path) -> Path:
    """The tracer as a shared object in `folder`, made there if it is not yet. Raises BuildError."""
    made = folder / "tracer.so"
    if made.exists():
        return made
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise BuildError("the tracer of power cuts needs a C compiler: apt-get install gcc")
    with tempfile.TemporaryDirectory(dir=folder) as own:
        new = Path(own) / "tracer.so"
        command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(new), str(_SOURCE), "-ldl"]
        command.append("-lpthread")
        done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 - our source
        if done.returncode:
            raise BuildError(f"{' '.join(command)}: {done.stderr[-1000:]}")
        new.replace(made)
    return made


def environment(tracer: Path, root: Path, trace: Path) -> Mapping[str, str]:
    """The environment of a program whose doings below `root` are to be written to `trace`."""
    ours = {"LD_PRELOAD": str(tracer), "TRYGG_TRACE": str(trace), "TRYGG_TRACE_ROOT": str(root)}
    return {**os.environ, **ours}


def operations(trace: Path) -> Iterator[Operation]:
    """What was done, in its order; an entry that a kill tore off is none."""
    data = trace.read_bytes()
    at = 0
    while at + _HEAD.size <= len(data):
        kind, pid, fd, number, path_size, size = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        if at + path_size + size > len(data):
            return
        path = data[at : at + path_size].decode("utf-8", "surrogateescape")
        at += path_size
        yield Operation(kind, pid, fd, number, path, data[at : at + size])
        at += size
