"""Work on a cluster: `DaskEngine`."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from gainmap_codec.batch.engines import Result, Work, for_new_processes
from gainmap_codec.batch.records import Job
from gainmap_codec.errors import MissingDependencyError, error_line
from gainmap_codec.pixels.strips import PROCESSORS

LOCAL = "local"
"""The address that stands for a cluster to be started on this machine."""

_IN_FLIGHT = 2000  # jobs that the scheduler knows of: more than most clusters do at once, and no million
_SECONDS_TO_START = 60
_ANY_PORT = "127.0.0.1:0"  # None is port 8787, and a warning where another cluster has it


class DaskEngine:
    """The workers of a Dask cluster.

    The scheduler gives what a lost worker had to others. A job that four workers died of it gives up.
    """

    def __init__(self, address: str, workers: int | None = None) -> None:
        """The scheduler's address; or "local", and how many workers are to be started."""
        self.address = address
        self.workers = workers or PROCESSORS

    def run(self, work: Work, jobs: Iterator[Job]) -> Generator[Result, None, None]:
        """See `Engine`.

        Raises:
            MissingDependencyError: distributed is not installed.
            ValueError: The address is none.
            OSError: No scheduler answers there, or it has no workers.
        """
        with self._client() as client:
            from distributed import as_completed

            done = as_completed()
            running: dict[str, Job] = {}

            def submit(some: Iterator[Job]) -> None:
                for job in some:
                    future = client.submit(work, job, pure=False)
                    running[future.key] = job
                    done.add(future)

            submit(islice(jobs, _IN_FLIGHT))
            for future in done:
                yield running.pop(future.key), _result_of(future)
                submit(islice(jobs, 1))

    @contextmanager
    def _client(self) -> Iterator[Any]:
        try:
            from distributed import Client, LocalCluster
        except ImportError as error:
            text = "cluster: Dask distributed is needed: pip install 'gainmap-codec[scale]'"
            raise MissingDependencyError(text) from error
        if self.address == LOCAL:
            with for_new_processes(threads=1):
                cluster = LocalCluster(n_workers=self.workers, threads_per_worker=1, dashboard_address=_ANY_PORT)
            with cluster, Client(cluster) as client:
                yield client
        else:
            with Client(self.address, timeout=_SECONDS_TO_START) as client:
                client.wait_for_workers(1, timeout=_SECONDS_TO_START)
                yield client


def _result_of(future: Any) -> Any:
    """What a job gave, or a line that says why it gave nothing: no worker of its own could run it."""
    from distributed.scheduler import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        return "the workers that had it died, one after another (killed for want of memory?)"
    except Exception as error:
        return f"the cluster could not do it: {error_line(error)}"
