"""Results of a cluster are those of one machine; everything that can go wrong says what did."""

from __future__ import annotations

import os
import pickle
import signal
from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
from distributed import Client
from zoo import dense

from annconv import distributed
from annconv.converter.api import compile as compile_network
from annconv.distributed import sources
from annconv.distributed.worker import SharedNetwork
from annconv.errors import BatchError, BuildError, ClusterError, InputError, OptionError
from annconv.ir.network import Network
from annconv.neurons.library import CPN, IB, PSO
from annconv.neurons.neuron import Neuron

pytestmark = [pytest.mark.compiles, pytest.mark.usefixtures("quick_builds")]

COUNT = 61
NAMES = ("labels", "counts", "outputs", "stopped_at")


def network_of(encoding: Neuron = CPN) -> Network:
    """Six inputs, three classes; with this encoding."""
    plain = dense()
    image, *others = plain.populations
    return replace(plain, populations=(replace(image, neuron=encoding), *others))


def images(count: int = COUNT) -> np.ndarray:
    return np.random.default_rng(1).random((count, 6))


def assert_same(received, expected):
    for name in NAMES:
        np.testing.assert_array_equal(getattr(received, name), getattr(expected, name), name)


@pytest.fixture
def network() -> Network:
    return network_of()


class TestEquality:
    """With the same call on this machine alone."""

    @pytest.mark.parametrize("encoding", [CPN, PSO, IB], ids=lambda entry: entry.name)
    @pytest.mark.parametrize("size", [None, 1, 7, 60, 100])
    def test_any_batches(self, client, encoding, size):
        network = network_of(encoding)
        expected = compile_network(network).run(images(), seed=2**40 + 3)
        received = distributed.run(network, images(), client, seed=2**40 + 3, batch_size=size)
        assert_same(received, expected)
        assert len(np.unique(received.labels)) > 1
        assert received.labels.dtype == np.int64

    def test_seeds_and_samples_decide(self, client, network):
        """The batches draw numbers at all, and other ones for every sample."""
        same = np.repeat(images(1), 40, axis=0)
        first, second = (
            distributed.run(network, same, client, seed=seed, batch_size=5) for seed in (1, 2)
        )
        assert len(np.unique(first.counts, axis=0)) > 5
        assert (first.counts != second.counts).any()

    def test_predict_gives_the_labels(self, client, network):
        expected = compile_network(network).predict(images(), steps=9, seed=4)
        received = distributed.predict(network, images(), client, steps=9, seed=4, batch_size=9)
        np.testing.assert_array_equal(received, expected)

    def test_options_of_the_compilation(self, client, network):
        for options in (
            {"precision": "double", "optimize": 0},
            {"precision": "int16", "disable": "fold_scale"},
        ):
            expected = compile_network(network, threads=2, **options).run(images())
            received = distributed.run(network, images(), client, threads=2, **options)
            assert_same(received, expected)

    def test_a_compiled_network_and_a_file(self, client, network, tmp_path):
        compiled = compile_network(network, precision="double")
        expected = compiled.run(images())
        network.save(tmp_path / "dense.snn")
        assert_same(distributed.run(compiled, images(), client), expected)
        path = tmp_path / "dense.snn"
        assert_same(distributed.run(str(path), images(), client, precision="double"), expected)

    def test_frames(self, client, network):
        frames = np.random.default_rng(2).random((11, 4, 6))
        expected = compile_network(network).run(frames, steps=4, frames=True)
        received = distributed.run(network, frames, client, steps=4, frames=True, batch_size=3)
        assert_same(received, expected)

    def test_no_samples(self, client, network):
        assert distributed.predict(network, [], client).shape == (0,)
        result = distributed.run(network, np.zeros((0, 6)), client)
        assert (result.counts.shape, result.outputs.shape) == ((0, 3), (0, 3))


class TestSources:
    """Samples that do not lie in memory as one array."""

    @pytest.mark.parametrize("size", [None, 7])
    def test_dask_arrays_with_odd_chunks(self, client, network, size):
        expected = compile_network(network).run(images())
        array = da.from_array(images(), chunks=((20, 3, 37, 1), (4, 2)))
        assert_same(distributed.run(network, array, client, batch_size=size), expected)

    def test_dask_arrays_are_computed_by_workers(self, client, network):
        def pixels(block_info):
            assert os.getpid() != here
            return draw(block_info[None]["array-location"][0])

        def draw(rows):
            return np.random.default_rng(rows[0]).random((rows[1] - rows[0], 6))

        here = os.getpid()
        array = da.map_blocks(pixels, chunks=((5, 9), (6,)), dtype=float, meta=np.zeros((0, 0)))
        expected = compile_network(network).run(np.concatenate([draw((0, 5)), draw((5, 14))]))
        assert_same(distributed.run(network, array, client), expected)

    def test_mapped_files(self, client, network, tmp_path):
        np.save(tmp_path / "x.npy", images())
        expected = compile_network(network).run(images())
        mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
        for samples in (mapped, tmp_path / "x.npy", str(tmp_path / "x.npy")):
            assert_same(distributed.run(network, samples, client, batch_size=8), expected)

    def test_idx_pixels_are_divided_by_255(self, client, network, tmp_path):
        pixels = (images() * 255).astype(np.uint8)
        header = bytes([0, 0, 8, 2, 0, 0, 0, COUNT, 0, 0, 0, 6])
        (tmp_path / "x").write_bytes(header + pixels.tobytes())
        expected = compile_network(network).run(pixels.astype(np.float32) / np.float32(255))
        received = distributed.run(network, tmp_path / "x", client, batch_size=8)
        assert_same(received, expected)


def refused(kind, *arguments, **options) -> str:
    with pytest.raises(kind) as caught:
        distributed.predict(*arguments, **options)
    return str(caught.value)


class TestRefusals:
    """Before anything is scheduled."""

    @pytest.fixture
    def nobody(self):
        """A client that would not be asked."""
        return object()

    @pytest.mark.parametrize(
        "samples",
        [
            np.zeros((4, 5)), np.zeros(6), [["a"] * 6], np.zeros((2, 6), complex),
            np.where(np.arange(COUNT)[:, None] == 50, np.nan, images()),
            np.full((3, 6), 1e38, dtype=np.float32),
        ],
        ids=["size", "one", "text", "complex", "nan", "large"],
    )  # fmt: skip
    def test_samples_as_on_one_machine(self, nobody, network, samples):
        with pytest.raises(InputError) as caught:
            compile_network(network).predict(samples)
        assert refused(InputError, network, samples, nobody) == str(caught.value)

    def test_dask_arrays_and_files_by_their_shape(self, nobody, network, tmp_path):
        wrong = "samples: expected an array (N, 6) or any shape with 6 values per sample, received "
        assert refused(InputError, network, da.zeros((4, 5)), nobody) == f"{wrong}shape (4, 5)."
        np.save(tmp_path / "x.npy", np.zeros((4, 5)))
        path = tmp_path / "x.npy"
        assert refused(InputError, network, path, nobody) == f"{wrong}shape (4, 5)."
        text = refused(InputError, network, da.zeros((4, 6), dtype=complex), nobody)
        assert "received complex numbers (complex128)" in text

    def test_dask_arrays_of_unknown_shape(self, nobody, network):
        array = da.from_array(images(), chunks=10)
        assert refused(InputError, network, array[array[:, 0] > 0.5], nobody) == (
            "samples: expected a Dask array of known shape, received shape (nan, 6). "
            "Call x.compute_chunk_sizes() first."
        )

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"steps": 0}, "steps: expected a whole number from 1 to"),
            ({"seed": -1}, "seed: expected a whole number from 0 to"),
            ({"batch_size": 0}, "batch_size: expected a whole number from 1 to 2147483647"),
            ({"in_flight": 0}, "in_flight: expected a whole number from 1 to 2147483647"),
            ({"patience": 0}, "patience: expected a finite number above 0, received 0."),
            ({"precision": "half"}, "precision: unknown value 'half'."),
            ({"threads": 0}, "threads: expected a whole number from 1 to 4096"),
        ],
    )
    def test_options(self, nobody, network, options, told):
        assert refused(OptionError, network, images(), nobody, **options).startswith(told)

    def test_options_that_a_compiled_network_has(self, nobody, network):
        compiled = compile_network(network)
        assert refused(OptionError, compiled, images(), nobody, precision="double", optimize=1) == (
            "precision, optimize: expected none for a compiled network, which keeps its own. Give "
            "the network that it was compiled from, or compile it so."
        )

    def test_no_network(self, nobody):
        assert refused(InputError, 3, images(), nobody) == (
            "network: expected a Network, the path of a .snn file, or a compiled network, "
            "received int."
        )

    def test_no_client(self, nobody, network):
        text = refused(InputError, network, images(), nobody)
        assert text == "client: expected a distributed.Client, received object."

    def test_a_closed_client(self, cluster, network):
        with Client(cluster, set_as_default=False) as client:
            pass
        assert refused(ClusterError, network, images(), client) == (
            "the client is closed. Instead: make a new distributed.Client."
        )


class TestFaults:
    """While batches run."""

    def test_an_error_names_the_batch_and_cancels_the_rest(self, client, network):
        samples = images(200)
        samples[77, 3] = np.inf
        array = da.from_array(samples, chunks=(10, 6))
        with pytest.raises(BatchError) as caught:
            distributed.predict(network, array, client, in_flight=3)
        error = caught.value
        assert (error.start, error.stop, error.total) == (70, 80, 200)
        assert str(error) == (
            "samples 70 to 79 of 200: InputError, which counts from the first of these: samples: "
            "expected finite numbers, received 1 that are NaN or infinite, the first at index "
            "(7, 3). Clean or rescale the data."
        )
        assert isinstance(error.__cause__, InputError)
        assert vars(pickle.loads(pickle.dumps(error))) == vars(error)

    def test_an_error_of_another_kind(self, client, network):
        def failing(block):
            raise ValueError("no such picture")

        array = da.zeros((9, 6), chunks=(3, 6)).map_blocks(failing, meta=np.zeros((0, 0)))
        with pytest.raises(BatchError) as caught:
            distributed.predict(network, array, client, in_flight=1)
        assert str(caught.value) == "samples 0 to 2 of 9: ValueError: no such picture"

    def test_an_interrupt_cancels_the_rest(self, client, network, monkeypatch, tmp_path):
        def waiting(block, block_info=None):
            if block_info[0]["chunk-location"][0] > 0:
                with open(gate, "rb", buffering=0) as held:  # noqa: PTH123
                    held.read(1)
            return block

        def interrupted(*_):
            raise KeyboardInterrupt

        cancelled = []
        cancel = client.cancel

        def watched(futures, **options):
            cancelled.extend(future.key[1] for future in futures)
            cancel(futures, **options)

        gate = str(tmp_path / "gate")
        os.mkfifo(gate)
        opened = os.open(gate, os.O_RDWR)
        array = da.zeros((20, 6), chunks=(2, 6)).map_blocks(waiting, dtype=float)
        monkeypatch.setattr(distributed.api, "_put", interrupted)
        monkeypatch.setattr(client, "cancel", watched)
        with pytest.raises(KeyboardInterrupt) as caught:
            distributed.predict(network, array, client, in_flight=3)
        os.write(opened, bytes(10))  # lets those go that wait; who comes later finds no gate
        os.unlink(gate)  # noqa: PTH108
        os.close(opened)
        assert cancelled == [2, 4]
        assert caught.type is KeyboardInterrupt  # held until here, and with it what was called

    def test_nothing_is_left_behind(self, client, network):
        array = da.from_array(np.full((40, 6), np.nan), chunks=(4, 6))
        with pytest.raises(BatchError):
            distributed.predict(network, array, client)
        distributed.predict(network, images(), client)

        def left(dask_scheduler):
            return [str(key) for key in dask_scheduler.tasks if "annconv" in str(key)]

        # Futures are given up by messages that nobody answers: asked again until they are through.
        asked = (client.run_on_scheduler(left) for _ in range(1000))
        assert next((found for found in asked if not found), "some") == []

    def test_a_worker_that_ends_loses_nothing(self, client, network, tmp_path):
        def fatal_once(block, block_info=None):
            if block_info[0]["chunk-location"][0] == 5:
                try:
                    os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
                except FileExistsError:
                    return block
                os.kill(os.getpid(), signal.SIGKILL)
            return block

        flag = str(tmp_path / "ended")
        array = da.from_array(images(), chunks=(5, 6)).map_blocks(fatal_once, dtype=float)
        received = distributed.run(network, array, client, seed=3)
        assert os.path.exists(flag)  # noqa: PTH110
        assert_same(received, compile_network(network).run(images(), seed=3))

    def test_batches_of_arrays_survive_it_too(self, client, network, monkeypatch):
        workers = client.run(os.getpid)
        loads = []
        load = sources.ArraySource.load

        def watched(self, batch, client):
            loads.append(batch)
            if len(loads) == 5:
                os.kill(min(workers.values()), signal.SIGKILL)
            return load(self, batch, client)

        monkeypatch.setattr(sources.ArraySource, "load", watched)
        received = distributed.run(network, images(), client, batch_size=4)
        assert_same(received, compile_network(network).run(images()))
        assert len(loads) == len(set(loads)) == 16

    def test_a_batch_that_ends_every_worker(self, client, cluster, network, monkeypatch):
        def fatal(block, block_info=None):
            if block_info[0]["chunk-location"][0] == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return block

        monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)
        array = da.from_array(images(), chunks=(20, 6)).map_blocks(fatal, dtype=float)
        with pytest.raises(BatchError) as caught:
            distributed.predict(network, array, client, in_flight=1)
        text = str(caught.value)
        assert text.startswith(
            "samples 40 to 59 of 61: too many workers ended while they had it (1), the last was tcp://"
        )
        assert text.endswith(
            ". Instead: see the workers' logs; if memory ran out, use a smaller batch_size."
        )

    def test_what_does_not_compile_is_no_fault_of_a_batch(self, client, network, monkeypatch):
        def broken(self):
            raise BuildError("building", why="no compiler")

        def spoil(shared=SharedNetwork):
            shared.before, shared.compiled = shared.compiled, broken

        def mend(shared=SharedNetwork):
            shared.compiled = shared.before

        client.run(spoil)
        try:
            text = refused(BuildError, network, images(), client)
        finally:
            client.run(mend)
        assert text == "building failed (no compiler)."


class TestTraffic:
    """What travels, and how much of it at a time."""

    def test_a_bounded_number_of_batches_is_scheduled(self, client, network, monkeypatch):
        open_batches, most = set(), []
        load = sources.ArraySource.load
        put = distributed.api._put

        def watched_load(self, batch, client):
            open_batches.add(batch)
            most.append(len(open_batches))
            return load(self, batch, client)

        def watched_put(results, batch, result):
            open_batches.remove(batch)
            put(results, batch, result)

        monkeypatch.setattr(sources.ArraySource, "load", watched_load)
        monkeypatch.setattr(distributed.api, "_put", watched_put)
        for options, expected in (({}, 8), ({"in_flight": 3}, 3)):
            most.clear()
            distributed.predict(network, images(), client, batch_size=1, **options)
            assert (len(most), max(most)) == (COUNT, expected)

    def test_the_network_travels_and_is_compiled_once_for_a_worker(self, client, network):
        def count(shared=SharedNetwork):
            import threading

            shared.made, shared.compilations = [], []
            init, compiled = shared.__init__, shared.compiled

            def counted_init(self, *arguments):
                shared.made.append(threading.get_ident())
                init(self, *arguments)

            def counted_compiled(self):
                found = compiled(self)
                shared.compilations.append(id(found))
                return found

            shared.__init__, shared.compiled = counted_init, counted_compiled
            shared.before = (init, compiled)

        def told(shared=SharedNetwork):
            shared.__init__, shared.compiled = shared.before
            return len(shared.made), len(shared.compilations), len(set(shared.compilations))

        client.amm.stop()  # it would drop the copy of a worker that waits for no batch just now
        client.run(count)
        try:
            distributed.predict(network, images(), client, batch_size=1)
        finally:
            found = client.run(told)
            client.amm.start()
        assert sum(runs for _, runs, _ in found.values()) == COUNT
        assert all(made == 1 for made, _, _ in found.values())
        assert all(networks == min(runs, 1) for _, runs, networks in found.values())
