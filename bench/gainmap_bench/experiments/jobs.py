"""Work in parts: on all cores, with a progress bar."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Generic, NamedTuple, TypeVar

import click

R = TypeVar("R")

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Job(NamedTuple, Generic[R]):
    """A part of the work: its name, and a function without arguments that another process can be given."""

    name: str
    work: Callable[[], R]


def run(jobs: Sequence[Job[R]], processes: int) -> list[R]:
    """The results of jobs in their order. What one raises is raised here; those not begun are then given up.

    Args:
        jobs: On which the functions' memory is theirs alone; neighbours are begun at the same time.
        processes: To work in; with 1, it is done in this one.
    """
    with progress(len(jobs)) as done:
        if min(processes, len(jobs)) <= 1:
            results = []
            for job in jobs:
                results.append(job.work())
                done(job.name)
            return results
        # Forks of a process that has used torch's threads hang.
        with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
            names = {pool.submit(job.work): job.name for job in jobs}
            try:
                for future in as_completed(names):
                    future.result()
                    done(names[future])
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
            return [future.result() for future in names]


@contextmanager
def progress(length: int) -> Iterator[Callable[[str], None]]:
    """What to tell the end of each of `length` parts: a bar on a terminal, else lines."""
    if not sys.stderr.isatty():
        yield lambda part: click.echo(part, err=True)
        return
    with click.progressbar(
        length=length, file=sys.stderr, show_pos=True, show_eta=True, item_show_func=lambda part: part
    ) as bar:
        yield lambda part: bar.update(1, part)
