"""Batches on their way: so many at a time, results as they come, the rest cancelled at a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Event
from typing import TYPE_CHECKING, Any

from annconv.distributed.cluster import RUNNING, Watch, lost_connection
from annconv.distributed.sources import Batch
from annconv.errors import (
    AnnconvError,
    BatchError,
    BuildError,
    CacheError,
    ClusterError,
    OptionError,
    VerifyError,
)

if TYPE_CHECKING:
    from distributed import Client, Future

GLANCE = 2.0
"""Seconds without news after which the cluster is looked at."""
LOST = ("error", "cancelled", "lost")
"""States of a batch that was done, and is not any more."""
LARGE_GRAPH = "distributed.admin.large-graph-warning-threshold"
FAULTS_OF_ALL = (BuildError, CacheError, OptionError, VerifyError)
"""What a worker raises when it compiles: no batch is at fault."""


class Flight:
    """Batches that are scheduled; whatever is left of them at the end is cancelled."""

    def __init__(self, client: Client, watch: Watch, total: int) -> None:
        """Begin with none.

        Args:
            client: Of the cluster.
            watch: Tells how large it is.
            total: Samples of all batches, for messages.
        """
        self._client = client
        self._watch = watch
        self._total = total
        self._pending: dict[Any, tuple[Batch, Future]] = {}
        self._finished: SimpleQueue[Future] = SimpleQueue()

    def run(
        self,
        batches: Iterable[Batch],
        submit: Callable[[Batch], Future],
        most: Callable[[], int],
    ) -> Iterator[tuple[Batch, Any]]:
        """Schedule batches in order; each with its result, as they come.

        Args:
            batches: All of them.
            submit: Schedules one.
            most: How many may be scheduled at a time, asked again and again.
        Raises:
            BatchError: A batch failed.
            ClusterError: Workers or scheduler stayed away.
        """
        waiting = iter(batches)
        try:
            while True:
                for batch in islice(waiting, max(0, most() - len(self._pending))):
                    future = submit(batch)
                    self._pending[future.key] = (batch, future)
                    future.add_done_callback(self._finished.put)
                if not self._pending:
                    return
                yield from self._next()
        finally:
            left = [future for _, future in self._pending.values()]
            if left and self._client.status == RUNNING:
                self._client.cancel(left, force=True)
            self._pending.clear()

    def _next(self) -> list[tuple[Batch, Any]]:
        """The batches that are done, with their results: one, or more where they came meanwhile."""
        try:
            futures = [self._finished.get(timeout=GLANCE)]
        except Empty:
            self._watch.check()
            return []
        while not self._finished.empty():
            futures.append(self._finished.get())
        batches = [self._pending[future.key][0] for future in futures]
        results = self._gathered(futures)
        if results is None:
            pairs = zip(batches, futures, strict=True)
            results = [self._result(batch, future) for batch, future in pairs]
        for future in futures:
            del self._pending[future.key]
        return list(zip(batches, results, strict=True))

    def _gathered(self, futures: list[Future]) -> list[Any] | None:
        """Results of several batches in the time of one; None where not all can be had so."""
        try:
            gathered: list[Any] = self._client.sync(
                self._client.gather, futures, callback_timeout=GLANCE
            )
        except Exception:  # noqa: BLE001  (each is then asked by itself, and raises its own)
            return None
        return gathered

    def _result(self, batch: Batch, future: Future) -> Any:
        """What came of a batch; one whose worker ended before it told is waited for again."""
        while True:
            if future.status == "error":
                raise self._fault(batch, future.exception())
            if future.cancelled():
                raise ClusterError(
                    f"samples {batch.start} to {batch.stop - 1} were cancelled from outside",
                    instead="see whether the scheduler ended or was restarted, and run again",
                )
            with lost_connection():
                try:
                    return future.result(timeout=GLANCE)
                except TimeoutError:
                    self._watch.check()
                except Exception:
                    if future.status not in LOST:
                        raise

    def _fault(self, batch: Batch, error: BaseException) -> BaseException:
        """The error to raise for that of a batch."""
        from distributed.scheduler import KilledWorker

        if isinstance(error, FAULTS_OF_ALL):
            return error
        if isinstance(error, KilledWorker):
            last = getattr(error.last_worker, "address", error.last_worker)
            count = error.allowed_failures + 1
            why = (
                f"too many workers ended while they had it ({count}), the last was {last}. "
                "Instead: see the workers' logs; if memory ran out, use a smaller batch_size."
            )
        else:
            counted = isinstance(error, AnnconvError)
            where = ", which counts from the first of these" if counted else ""
            why = f"{type(error).__name__}{where}: {error}"
        fault = BatchError(batch.start, batch.stop, self._total, why)
        fault.__cause__ = error
        return fault


def spread(client: Client, watch: Watch, future: Future) -> None:
    """Wait for what all batches need, and copy it to all workers that are there.

    A worker passes it on to the next. Without that the first batches would queue where it is.

    Args:
        client: Of the cluster.
        watch: Of the cluster.
        future: Of what they need.
    Raises:
        ClusterError: Workers or scheduler stay away.
    """
    ready = Event()
    future.add_done_callback(lambda _: ready.set())
    while not ready.wait(GLANCE):
        watch.check()
    if future.status == "error":
        error = future.exception()
        raise ClusterError(
            f"the network cannot be sent to the workers ({type(error).__name__}: {error})",
            instead="see that the scheduler and the workers have this version of annconv and Dask",
        ) from error
    with lost_connection():
        client.replicate([future])


@contextmanager
def large_tasks() -> Iterator[None]:
    """Around the scheduling of a task that carries samples or weights, of which Dask would warn."""
    import dask

    with dask.config.set({LARGE_GRAPH: "1 TiB"}):
        yield
