"""A cluster that is not there, that goes, or that is not fit for annconv."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import numpy as np
import pytest
from distributed import Client, LocalCluster
from zoo import dense

from annconv import distributed
from annconv.distributed import cluster as clusters
from annconv.distributed.cluster import Watch, check_client
from annconv.distributed.scheduling import Flight, spread
from annconv.distributed.sources import Batch
from annconv.errors import AnnconvError, ClusterError, InputError

LISTED = "Instead: install one version of annconv here, beside the scheduler and on all workers."


@pytest.fixture
def nowhere() -> str:
    """An address at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def empty_cluster():
    """A scheduler without workers."""
    with LocalCluster(
        n_workers=0, processes=False, dashboard_address=":0", silence_logs=50
    ) as started:
        yield started


@pytest.mark.parametrize("address", [None, "nonsense://x", "tcp://host:port"])
def test_nobody_answers(nowhere, address):
    with (
        pytest.raises(ClusterError) as caught,
        distributed.connect(address or nowhere, timeout=0.2),
    ):
        raise AssertionError
    text = str(caught.value)
    assert text.startswith(f"no Dask scheduler can be reached at {address or nowhere!r} (")
    assert text.endswith(
        "Instead: give the address that `dask scheduler` prints, as tcp://host:8786."
    )
    assert "\n" not in text
    assert {client.status for client in Client._instances} <= {"closed"}


def test_a_connection_is_closed_at_the_end(cluster):
    with distributed.connect(cluster.scheduler_address) as client:
        check_client(client)
    assert client.status == "closed"


def test_dask_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    for use in (lambda: distributed.connect("x").__enter__(), lambda: check_client(None)):
        with pytest.raises(AnnconvError) as caught:
            use()
        text = str(caught.value)
        assert text.startswith("A run on a cluster needs Dask, and importing it failed (")
        assert text.endswith('Instead: pip install "annconv[dask]".')


def test_a_client_of_coroutines(client, monkeypatch):
    monkeypatch.setattr(Client, "asynchronous", True)
    with pytest.raises(InputError) as caught:
        check_client(client)
    assert str(caught.value) == (
        "client: expected a distributed.Client that waits, received one made with "
        "asynchronous=True."
    )


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda told, first: told["workers"][first]["packages"].pop("annconv"), "no annconv"),
        (lambda told, first: told["workers"].update({first: "UNKNOWN"}), "no annconv"),
        (
            lambda told, first: told["workers"][first]["packages"].update(annconv="9.9"),
            "annconv 9.9",
        ),
    ],
)
def test_another_annconv_on_a_worker(client, monkeypatch, spoil, told):
    answer = client.get_versions(packages=["annconv"])
    first = min(answer["workers"])
    own = answer["client"]["packages"]["annconv"]
    spoil(answer, first)
    monkeypatch.setattr(client, "get_versions", lambda **_: answer)
    with pytest.raises(ClusterError) as caught:
        distributed.predict(dense(), np.zeros((1, 6)), client)
    assert str(caught.value) == (
        f"this process has annconv {own}, worker {first} has {told}. {LISTED}"
    )


def test_annconv_is_missing_everywhere(client, monkeypatch):
    answer = client.get_versions(packages=["annconv"])
    others = {f"tcp://other:{port}": {"packages": {}} for port in range(5)}
    answer |= {"workers": others, "scheduler": {"packages": {}}}
    monkeypatch.setattr(client, "get_versions", lambda **_: answer)
    with pytest.raises(ClusterError) as caught:
        check_client(client)
    told = "the scheduler has no annconv, worker tcp://other:0 has no annconv, "
    assert told in str(caught.value)
    assert str(caught.value).endswith(f" has no annconv and 3 more. {LISTED}")


@pytest.mark.compiles
def test_no_worker_comes(empty_cluster):
    with (
        Client(empty_cluster, set_as_default=False) as client,
        pytest.raises(ClusterError) as caught,
    ):
        distributed.predict(dense(), np.zeros((1, 6)), client, patience=0.1)
    assert str(caught.value) == (
        "there was no worker in the cluster for 0.1 s. Instead: start workers, or wait longer for "
        "them with `patience`."
    )


class FakeClient(SimpleNamespace):
    """A client whose state a test sets."""

    def nthreads(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def watch(client, monkeypatch, patience=10.0):
    """A watch whose time stands still but where a test moves it."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(clusters.time, "monotonic", lambda: clock.now)
    return clock, Watch(client, patience)


def test_a_watch_counts_threads_now_and_then(monkeypatch):
    client = FakeClient(status="running", answer={"a": 2, "b": 3})
    clock, watched = watch(client, monkeypatch)
    client.answer = {"a": 2}
    assert watched.threads() == 5
    clock.now = 2.5
    assert watched.threads() == 2


def test_a_watch_loses_patience_only_where_nobody_works(monkeypatch):
    client = FakeClient(status="running", answer={"a": 2})
    clock, watched = watch(client, monkeypatch)
    for clock.now in (5.0, 50.0, 500.0):
        watched.check()
    client.answer = {}
    clock.now = 509.0
    watched.check()
    clock.now = 511.0
    with pytest.raises(ClusterError, match="^there was no worker in the cluster for 10 s"):
        watched.check()
    client.answer = {"a": 1}
    watched.check()
    client.status, clock.now = "connecting", 520.0
    watched.check()
    clock.now = 530.0
    with pytest.raises(ClusterError, match="^there was no connection to the scheduler for 10 s"):
        watched.check()
    client.status = "closed"
    with pytest.raises(ClusterError) as caught:
        watched.check()
    assert str(caught.value) == (
        "the connection to the scheduler is closed. Instead: see that it runs, and make a new "
        "distributed.Client."
    )


def test_a_scheduler_that_stops_to_answer(monkeypatch):
    client = FakeClient(status="running", answer=OSError("Timed out\nafter 30 s"))
    with pytest.raises(ClusterError) as caught:
        watch(client, monkeypatch)
    assert str(caught.value) == (
        "the scheduler does not answer any more (Timed out). Instead: look at the scheduler's log, "
        "and run again once it is back."
    )


def test_batches_that_somebody_cancels(client):
    watched = Watch(client, 60.0)
    futures = []

    def submit(batch):
        futures.append(client.submit(sum, [1], key=("batch", batch.start), workers=["nobody"]))
        client.cancel(futures)
        return futures[-1]

    with pytest.raises(ClusterError) as caught:
        list(Flight(client, watched, 9).run([Batch(0, 3)], submit, lambda: 1))
    assert str(caught.value) == (
        "samples 0 to 2 were cancelled from outside. Instead: see whether the scheduler ended or "
        "was restarted, and run again."
    )


def test_a_network_that_does_not_arrive(client):
    future = client.submit(divmod, 1, 0)
    with pytest.raises(ClusterError) as caught:
        spread(client, Watch(client, 60.0), future)
    assert str(caught.value).startswith(
        "the network cannot be sent to the workers (ZeroDivisionError: "
    )
    assert str(caught.value).endswith(
        "Instead: see that the scheduler and the workers have this version of annconv and Dask."
    )
