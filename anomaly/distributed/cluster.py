"""A Dask cluster: connecting to it, and running one function on many parts of a table, some at a time."""

from __future__ import annotations

import asyncio
import itertools
import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as TimeoutErrorOfFutures
from contextlib import contextmanager
from typing import Any

from anomaly.errors import DataError

# A scheduler gives a task up after three workers have died with it, be it the cause or not.
_MOST_ATTEMPTS = 25
_SECONDS_TO_CONNECT = 15
_SECONDS_TO_WORKERS = 60
_SECONDS_BETWEEN_LOOKS = 2
# A new worker may have to wait in the queue of a cluster; one that is there takes its work at once.
_MOST_SECONDS_WITHOUT_WORKERS = 300
_MOST_SECONDS_IDLE = 30
_AHEAD = 2


class _LostJobError(Exception):
    """A job that no worker is at, although there are some."""


def dask_library() -> Any:
    """Return `distributed`; raise DataError if it is not installed."""
    try:
        import distributed
    except ImportError as error:
        raise DataError("a cluster needs Dask: pip install 'nnlite-anomaly[dask]'") from error
    return distributed


@contextmanager
def connected(cluster: Any) -> Iterator[Cluster]:
    """Connect to a cluster.

    Parameters
    ----------
    cluster : str, distributed.Client or None
        Address of a scheduler, a client, or None for the client that was made last.

    Raises
    ------
    DataError
        If Dask is not installed, the scheduler cannot be reached, it has no workers, or those lack this package.
    """
    library = dask_library()
    if isinstance(cluster, str):
        with _client(library, cluster) as client:
            yield Cluster(library, client)
        return
    try:
        client = library.default_client() if cluster is None else cluster
    except ValueError:
        raise DataError(
            "there is no cluster to work on: give the address of a scheduler or a client, or make a "
            "distributed.Client() before"
        ) from None
    yield Cluster(library, client)


def _client(library: Any, address: str) -> Any:
    try:
        return library.Client(address, timeout=_SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            f"cannot reach a scheduler at {address!r}: {' '.join(str(error).split())[:200] or type(error).__name__}; "
            "expected an address such as tcp://10.0.0.5:8786, which 'dask scheduler' prints"
        ) from error


class Cluster:
    """Workers that run a function on parts of a table.

    Parameters
    ----------
    library : module
        `distributed`.
    client : distributed.Client
        Client of the scheduler.
    """

    def __init__(self, library: Any, client: Any) -> None:
        self._library, self._client = library, client
        try:
            client.wait_for_workers(1, timeout=_SECONDS_TO_WORKERS)
        except self._library.TimeoutError:  # another class than the built-in one before Python 3.11
            raise DataError(
                f"the scheduler at {self._address!r} has no workers: start some, as by 'dask worker'"
            ) from None

    @property
    def _address(self) -> str:
        return str(self._client.scheduler.address)

    def hold(self, make: Callable[..., Any], *arguments: Any) -> Any:
        """Return a handle of an object that workers make, and make anew when one is lost; an argument of `run`."""
        return self._client.submit(make, *arguments, pure=False)

    def hold_copy(self, thing: Any) -> Any:
        """Return a handle of a copy of an object of this process, such as a detector; an argument of `run`.

        The bytes are this process's own, and go to workers that run what Dask sends them anyway.
        """
        return self.hold(pickle.loads, pickle.dumps(thing))

    def run(
        self, function: Callable[..., Any], parts: Iterable[Any], arguments: Callable[[], tuple[Any, ...]]
    ) -> Iterator[Any]:
        """Yield the result of a function for each part, in the order of the parts.

        Only some parts are worked on at a time, so that results do not pile up. The function must depend on its
        arguments alone: what a worker was at when it died is done anew by another one.

        Parameters
        ----------
        function : callable
            Takes a part, and the arguments.
        parts : iterable
            Parts; a `dask.delayed.Delayed` is computed on the worker.
        arguments : callable
            Returns the further arguments of the next part.

        Raises
        ------
        DataError
            If the scheduler is lost, or workers die over one part again and again.
        Exception
            What the function raises.
        """
        remaining, jobs = iter(parts), deque[tuple[Any, Callable[[], Any]]]()
        try:
            while True:
                for part in itertools.islice(remaining, max(0, self._most_jobs() - len(jobs))):
                    start = self._starter(function, part, arguments())
                    jobs.append((start(), start))
                if not jobs:
                    return
                yield self._result(*jobs[0])
                jobs.popleft()
        finally:
            for job, _ in jobs:
                job.cancel()

    def _most_jobs(self) -> int:
        return max(_AHEAD, _AHEAD * sum(self._client.nthreads().values()))

    def _starter(self, function: Callable[..., Any], part: Any, arguments: tuple[Any, ...]) -> Callable[[], Any]:
        """Return a function that gives a part to the workers, each time as a new task."""

        def start() -> Any:
            if not hasattr(part, "__dask_graph__"):
                return self._client.submit(function, part, *arguments, pure=False)
            from dask.delayed import delayed

            return self._client.compute(delayed(function, pure=False)(part, *arguments))

        return start

    def _result(self, job: Any, start: Callable[[], Any]) -> Any:
        for _ in range(_MOST_ATTEMPTS):
            try:
                return self._watched(job)
            except _LostJobError:
                job.cancel()
                job = start()
            except (self._library.KilledWorker, CancelledError, OSError) as error:
                if self._client.status != "running":
                    raise DataError(f"lost the scheduler at {self._address!r}") from error
                if isinstance(error, OSError) and not isinstance(error, self._library.comm.CommClosedError):
                    raise
                job = start()
        raise DataError(
            f"workers of the scheduler at {self._address!r} died {_MOST_ATTEMPTS} times over one part of the table: "
            "they may lack memory (dask worker --memory-limit), or the part may be too large; see their logs"
        )

    def _watched(self, job: Any) -> Any:
        """Return the result of a job, and look from time to time whether anybody is at it.

        Where workers die in quick succession, a job may be left to nobody, or all workers may be gone for good: to wait
        for its result would have no end.
        """
        alone, idle = Patience(_MOST_SECONDS_WITHOUT_WORKERS), Patience(_MOST_SECONDS_IDLE)
        # One wait that goes on between the looks: `job.result(timeout=...)` leaves tasks of Dask's behind each time,
        # which complain of an `AllExit` when the job is cancelled.
        result = asyncio.run_coroutine_threadsafe(self._gathered(job), self._client.loop.asyncio_loop)
        while True:
            try:
                return result.result(timeout=_SECONDS_BETWEEN_LOOKS)
            except TimeoutErrorOfFutures:
                if result.done():
                    # Just now, or it is an error of the function itself.
                    return result.result()
            workers = self._workers()
            if alone.is_over(not workers):
                raise DataError(
                    f"the scheduler at {self._address!r} has had no workers for {_MOST_SECONDS_WITHOUT_WORKERS} "
                    "seconds: they may have died one after the other; start some, as by 'dask worker', and see the logs"
                )
            if idle.is_over(bool(workers) and not any(workers.values())):
                raise _LostJobError

    async def _gathered(self, job: Any) -> Any:
        return await self._client.gather(job, asynchronous=True)

    def _workers(self) -> dict[str, Any]:
        """Return the tasks that each worker is at; without an answer of the scheduler, none."""
        try:
            return dict(self._client.processing())
        except (OSError, self._library.TimeoutError):
            return {}


class Patience:
    """How long something has been so, up to a limit.

    Parameters
    ----------
    most : float
        Seconds.

    Examples
    --------
    >>> patience = Patience(0.0)
    >>> patience.is_over(False), patience.is_over(True), patience.is_over(True)
    (False, False, True)
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._since: float | None = None

    def is_over(self, so: bool) -> bool:
        """Return whether it has been so for longer than the limit; False begins anew."""
        now = time.monotonic()
        if not so:
            self._since = None
            return False
        if self._since is None:
            self._since = now
            return False
        return now - self._since > self._most
