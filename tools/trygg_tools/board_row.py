"""A row of boards worked on at once, a bar each: one that fails stops no other.

    jobs = [Job("/dev/ttyUSB0", {"port": "/dev/ttyUSB0"}, lambda on: flash(wish, builder, on))]
    results = all_at_once(jobs, (FlashError,), quiet=False)

Ctrl-C lets those that are under way come to their end and begins no other; what was done is told.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

AT_ONCE = min(8, 2 * (os.cpu_count() or 1))  # each has programs of its own beside it

Step = Callable[[str, int, int], None]  # what, done, of


class Job(NamedTuple):
    """One board: the name before its bar, what a failure is told with, and what is done."""

    name: str
    about: dict[str, Any]
    work: Callable[[Step], dict[str, Any]]


def all_at_once(
    jobs: Sequence[Job], failures: tuple[type[Exception], ...], *, quiet: bool
) -> list[dict[str, Any]]:
    """What each job gave, in their order; one that failed is its `about` with "error"."""
    columns = (TextColumn("{task.fields[name]}"), BarColumn(), TextColumn("{task.description}"))
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=quiet) as progress:
        threads = ThreadPoolExecutor(AT_ONCE)
        tasks = [progress.add_task("waiting", name=job.name, total=1) for job in jobs]
        under_way = [
            threads.submit(_worked, job, failures, progress, task)
            for job, task in zip(jobs, tasks, strict=True)
        ]
        try:
            wait(under_way)
        except KeyboardInterrupt:
            console.print("Ctrl-C: what is under way comes to its end, nothing else begins")
        threads.shutdown(wait=True, cancel_futures=True)
    return [_result(job, one) for job, one in zip(jobs, under_way, strict=True)]


def _worked(
    job: Job, failures: tuple[type[Exception], ...], progress: Progress, task: TaskID
) -> dict[str, Any]:
    def on(what: str, done: int, of: int) -> None:
        progress.update(task, description=what, completed=done, total=max(of, 1))

    try:
        said = job.work(on)
    except failures as error:
        progress.update(task, description="failed")
        return {**job.about, "error": str(error)}
    progress.update(task, description="done", completed=1, total=1)
    return said


def _result(job: Job, done: Future[dict[str, Any]]) -> dict[str, Any]:
    if done.cancelled():
        return {**job.about, "error": "not begun: it was ended before. Say the same again"}
    fault = done.exception()
    if fault is not None:  # ours; it must not take what was done to the others with it
        text = f"a fault of this tool, {type(fault).__name__}: {fault}. Please report it"
        return {**job.about, "error": text}
    return done.result()
