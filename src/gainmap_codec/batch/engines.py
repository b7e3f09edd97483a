"""Where the work is done: `Engine`, and `LocalEngine` for the processors of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.resource_tracker import ensure_running
from multiprocessing.synchronize import Event
from typing import Protocol

from gainmap_codec.batch.records import Job, PhotoRecord
from gainmap_codec.pixels.strips import PROCESSORS

Work = Callable[[Job], PhotoRecord]
Result = tuple[Job, PhotoRecord | str]

_THREADS = "OMP_NUM_THREADS"
_NONE_BEGINS = (
    "the worker processes ended before they began, with the errors above. Each imports the script that starts them, "
    'which has to call this under if __name__ == "__main__":'
)


class Engine(Protocol):
    """Something that has workers."""

    def run(self, work: Work, jobs: Iterator[Job]) -> Generator[Result, None, None]:
        """Do all jobs, and give what came of each as it is done; where nothing came, a line that says why.

        `work` and jobs are pickled. A worker that dies loses no other job. Closing the iterator ends all workers.

        Raises:
            OSError: No worker begins.
        """


class LocalEngine:
    """Processes of this machine, each with its share of the processors.

    Every process is an executor of its own, so that it is known whose photo killed it, and nobody else's is lost. They
    are spawned: a fork would copy the locks of threads that do not exist in it.
    """

    def __init__(self, processes: int | None = None) -> None:
        self.processes = processes or PROCESSORS

    def run(self, work: Work, jobs: Iterator[Job]) -> Generator[Result, None, None]:
        """See `Engine`."""
        lost = []
        begun = multiprocessing.get_context("spawn").Event()
        for job, record in self._run(work, jobs, self.processes, begun):
            if record is None:
                lost.append(job)
            else:
                yield job, record
        # Once more, with the machine's memory to itself: it may have been the others that took too much.
        for job, record in self._run(work, iter(lost), 1, begun):
            yield job, record or "its worker process died twice (killed for want of memory?)"

    def _run(
        self, work: Work, jobs: Iterator[Job], processes: int, begun: Event
    ) -> Generator[tuple[Job, PhotoRecord | None], None, None]:
        """Do all jobs; None where the process died. `begun` is set as soon as a process has imported what it needs."""
        context = multiprocessing.get_context("spawn")
        stop, alive = context.Pipe(duplex=False)
        running: dict[Future[PhotoRecord], tuple[ProcessPoolExecutor, Job]] = {}
        idle: list[ProcessPoolExecutor] = []

        def start(job: Job) -> None:
            while True:
                executor = idle.pop() if idle else ProcessPoolExecutor(1, context, _begin, (begun, stop))
                try:
                    with for_new_processes(max(1, PROCESSORS // processes)):
                        running[executor.submit(work, job)] = executor, job
                    return
                except BrokenProcessPool:  # it was killed while it had nothing to do
                    executor.shutdown()

        try:
            while True:
                while len(running) < processes and (job := next(jobs, None)) is not None:
                    start(job)
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    executor, job = running[future]
                    try:
                        record = future.result()
                        idle.append(executor)
                    except BrokenProcessPool:
                        executor.shutdown()
                        if not begun.is_set():
                            raise ChildProcessError(_NONE_BEGINS) from None
                        record = None
                    del running[future]
                    yield job, record
        finally:
            alive.close()
            for executor in (*idle, *(executor for executor, _ in running.values())):
                executor.shutdown(cancel_futures=True)
            stop.close()


@contextmanager
def for_new_processes(threads: int) -> Iterator[None]:
    """What processes that are started meanwhile inherit: how many threads to use, and deafness to Ctrl-C.

    Libraries read the number as they are loaded, which in a spawned process is before anything of ours could set it.
    Ctrl-C reaches all processes of a terminal: this one is to end the others.
    """
    before = os.environ.get(_THREADS)
    os.environ[_THREADS] = str(threads)
    masked = None
    if hasattr(signal, "pthread_sigmask"):
        ensure_running()  # would unblock it again, were this started by the first process
        masked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        if masked is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, masked)
        if before is None:
            del os.environ[_THREADS]
        else:
            os.environ[_THREADS] = before


def _begin(begun: Event, stop: Connection) -> None:
    """Say that this process has begun; it ends when the other end of the pipe is closed: by the parent or its death."""
    begun.set()

    def watch() -> None:
        stop.poll(None)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
