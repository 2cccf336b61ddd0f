"""The cluster itself: whether it is there, fit for annconv, and how large."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from annconv.errors import AnnconvError, ClusterError, InputError

if TYPE_CHECKING:
    from distributed import Client

PACKAGE = "annconv"
RUNNING = "running"
SIZE_KNOWN = 2.0
"""Seconds for which the number of workers is taken as known."""


@contextmanager
def importing_dask() -> Iterator[None]:
    """Around imports of Dask: says what to install where it is missing.

    Raises:
        AnnconvError: An import failed.
    """
    try:
        yield
    except ImportError as error:
        raise AnnconvError(
            f"A run on a cluster needs Dask, and importing it failed ({error}). Instead: "
            'pip install "annconv[dask]".'
        ) from error


@contextmanager
def connect(address: str, timeout: float = 10.0) -> Iterator[Client]:
    """A client of a scheduler, closed at the end.

    Args:
        address: Of the scheduler, as tcp://host:8786.
        timeout: Seconds to wait for its answer.
    Raises:
        ClusterError: Nothing answers there.
        AnnconvError: Dask is missing.
    """
    with importing_dask():
        from distributed import Client

    class Closing(Client):  # type: ignore[misc]
        """Closes itself where it cannot begin.

        It would else be closed by whatever thread collects garbage, which may be the one that this
        waits for.
        """

        def __init__(self) -> None:
            try:
                super().__init__(address, timeout=timeout, set_as_default=False)
            except BaseException:
                self.close()
                raise

    try:
        client = Closing()
    except (OSError, ValueError, TypeError) as error:  # unreachable, or no address at all
        raise ClusterError(
            f"no Dask scheduler can be reached at {address!r} ({_first_line(error)})",
            instead="give the address that `dask scheduler` prints, as tcp://host:8786",
        ) from error
    with client:
        yield client


def check_client(client: Any) -> None:
    """Refuse what cannot be asked to run batches.

    Args:
        client: What the user gave.
    Raises:
        InputError: It is no client, or one for coroutines.
        ClusterError: It is closed, or annconv is missing or another one in the cluster.
        AnnconvError: Dask is missing.
    """
    with importing_dask():
        from distributed import Client
    wanted = "a distributed.Client"
    if not isinstance(client, Client):
        raise InputError("client", expected=wanted, received=type(client).__name__)
    if client.asynchronous:
        raise InputError(
            "client", expected=f"{wanted} that waits", received="one made with asynchronous=True"
        )
    if client.status != RUNNING:
        raise ClusterError(
            f"the client is {client.status}", instead="make a new distributed.Client"
        )
    with lost_connection():
        told = client.get_versions(packages=[PACKAGE])
    own = _version(told["client"])
    places = {"the scheduler": told["scheduler"]}
    places |= {f"worker {address}": found for address, found in told["workers"].items()}
    others = {place: _version(found) for place, found in places.items()}
    faults = [f"{place} has {_named(other)}" for place, other in others.items() if other != own]
    if faults:
        listed = ", ".join(faults[:3]) + (f" and {len(faults) - 3} more" if faults[3:] else "")
        raise ClusterError(
            f"this process has {_named(own)}, {listed}",
            instead="install one version of annconv here, beside the scheduler and on all workers",
        )


@contextmanager
def lost_connection() -> Iterator[None]:
    """Around questions to the scheduler: one error where nobody answers.

    Raises:
        ClusterError: The connection is lost.
    """
    try:
        yield
    except OSError as error:
        raise ClusterError(
            f"the scheduler does not answer any more ({_first_line(error)})",
            instead="look at the scheduler's log, and run again once it is back",
        ) from error


class Watch:
    """How large a cluster is, and whether anybody is there to work."""

    def __init__(self, client: Client, patience: float) -> None:
        """Begin to watch.

        Args:
            client: Of the cluster.
            patience: Seconds for which it may be without workers, or out of reach.
        """
        self._client = client
        self._patience = patience
        self._asked = self._well = time.monotonic()
        self._threads = self._ask()

    def threads(self) -> int:
        """Threads of all workers together, asked for now and then."""
        if time.monotonic() - self._asked > SIZE_KNOWN:
            self._threads = self._ask()
        return self._threads

    def check(self) -> None:
        """Called where nothing happened for a while.

        Raises:
            ClusterError: There is no worker, or no scheduler, and patience is over.
        """
        if self._client.status == "closed":
            raise ClusterError(
                "the connection to the scheduler is closed",
                instead="see that it runs, and make a new distributed.Client",
            )
        connected = self._client.status == RUNNING
        if connected:
            self._threads = self._ask()
        if connected and self._threads:
            self._well = time.monotonic()
        elif time.monotonic() - self._well > self._patience:
            missing = "no worker in the cluster" if connected else "no connection to the scheduler"
            raise ClusterError(
                f"there was {missing} for {self._patience:g} s",
                instead="start workers, or wait longer for them with `patience`",
            )

    def _ask(self) -> int:
        self._asked = time.monotonic()
        with lost_connection():
            return sum(self._client.nthreads().values())


def _version(told: Any) -> str | None:
    """Annconv's version in what one process tells of its packages."""
    packages = told.get("packages", {}) if isinstance(told, dict) else {}
    found = packages.get(PACKAGE)
    return None if found is None else str(found)


def _named(version: str | None) -> str:
    return "no annconv" if version is None else f"annconv {version}"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
