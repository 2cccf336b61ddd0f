"""The drop-in replacement for `ANNarchy.extensions.ann_to_snn_conversion.ANNtoSNNConverter`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.conversion.annarchy.neurons import choose_neurons
from annconv.converter.api import convert_model
from annconv.durations import duration_steps
from annconv.errors import OptionError, UnavailableError, nearest
from annconv.frontend.description import describe
from annconv.ir.network import Network
from annconv.ir.samples import rates_of
from annconv.live.edits import edited_network
from annconv.live.engine import Engine
from annconv.live.monitor import Monitor
from annconv.live.network import LiveNetwork, output_monitor
from annconv.live.presenting import present
from annconv.neurons.neuron import Neuron
from annconv.options import AnnarchyOptions, CompileOptions, RunOptions
from annconv.printing import progress_bar, say
from annconv.readouts.labels import draw_labels, winners
from annconv.runtime.compiled import REAL, CompiledNetwork, compile_network

_KEYWORDS = (
    "k", "max_f", "precision", "threads", "seed", "dt", "normalize", "threshold_step",
    "on_unsupported",
)  # fmt: skip


class ANNtoSNNConverter:
    """Converts a trained Keras model into the spiking network that ANNarchy's converter builds.

    A script written for the reference runs with its import line changed. Where the reference is
    silently wrong or fails, this class is right or says what is wrong (`docs/semantics.md`).
    """

    def __init__(
        self,
        input_encoding: Any = "CPN",
        hidden_neuron: Any = "IaF",
        read_out: str = "spike_count",
        **options: Any,
    ) -> None:
        """Choose neurons, read-out and how the network is compiled.

        Args:
            input_encoding: "CPN", "poisson", "IB", "IB-fused", "PSO", "phase", or a
                `Neuron`, annconv's or ANNarchy's.
            hidden_neuron: "IaF" or a `Neuron`, annconv's or ANNarchy's.
            read_out: "spike_count", "time_to_first_spike", "time_to_k_spikes" or
                "membrane_potential".
            **options: `k` and `max_f` as in the reference; `precision` ("double" or "single"),
                `threads`, `seed`, `dt`, `normalize`, `threshold_step` and `on_unsupported` as in
                `annconv.convert` and `annconv.compile`.
        Raises:
            OptionError: Options are unknown or have values that are not allowed; all are listed.
            EquationError: A neuron's equations are not understood.
        """
        faults = [
            f"ANNtoSNNConverter: unknown option {name!r}. {nearest(name, _KEYWORDS)}."
            for name in options
            if name not in _KEYWORDS
        ]
        known = {name: value for name, value in options.items() if name in _KEYWORDS}
        seed = known.pop("seed", 0)
        compiling = {name: known.pop(name) for name in ("precision", "threads") if name in known}
        with _collecting(faults):
            self._compile_options = CompileOptions(**{"precision": "double", **compiling})
        with _collecting(faults):
            self._seed = RunOptions(steps=1, seed=seed).seed
        with _collecting(faults):
            self._convert_options = AnnarchyOptions(
                input_encoding=input_encoding,
                hidden_neuron=hidden_neuron,
                read_out=read_out,
                **known,
            )
            choose_neurons(self._convert_options)  # unknown names are refused here, not at loading
        if faults:
            raise OptionError(faults)
        self._compiled: CompiledNetwork | None = None
        self._handle: LiveNetwork | None = None

    def load_keras_model(
        self,
        filename: Any,
        directory: str | Path | None = None,
        scale_factor: float | Sequence[float] | None = None,
        show_info: bool = True,
    ) -> LiveNetwork:
        """Convert and compile a model for `predict`.

        Args:
            filename: Path of a `.keras` or `.h5` file, or a Keras model.
            directory: Folder that receives the saved network and its C++ sources; None: nothing is
                written.
            scale_factor: With `normalize="model"`: None (factors 2, 3, …), one factor, or one per
                Dense, Conv2D and pooling layer.
            show_info: Whether to print a description of the layers.
        Returns:
            The network, to be stepped, looked into and changed; what that needs is compiled when
            it is first used.
        Raises:
            ModelFileError: The file is missing, damaged or unsafe, or the folder cannot be written.
            UnsupportedModelError: Layers cannot be converted; all are listed.
            OptionError: The scale factors do not fit.
            BuildError: The compiler is missing or fails.
        """
        options = replace(self._convert_options, scale_factor=scale_factor)
        graph, network = convert_model(filename, options)
        compiled = compile_network(network, self._compile_options)
        if directory is not None:
            compiled.write_sources(directory)
            network.save(Path(directory) / "network.snn")
        if show_info:
            say(describe(graph))
        written = "" if directory is None else str(Path(directory).resolve())
        self._compiled = compiled
        self._handle = LiveNetwork(network, self._compile_options, self._seed, written)
        output_monitor(self._handle)
        return self._handle

    def get_annarchy_network(self) -> LiveNetwork | None:
        """The handle that `load_keras_model` returned, None before."""
        return self._handle

    def predict(
        self, samples: Any, duration_per_sample: float = 1000, multiple: bool = False
    ) -> list[Any]:
        """Classify samples, with a progress bar on stderr.

        Args:
            samples: (N, ...) numbers, each sample of any shape with as many values as the input.
            duration_per_sample: Simulated time per sample in ms.
            multiple: Whether to return every class that ties.
        Returns:
            N labels as int; with `multiple` N lists of np.int64, ascending.
        Raises:
            UnavailableError: No model is loaded.
            InputError: The samples are not finite numbers of the right shape.
            OptionError: The duration is not a number above 0, or too long.
        """
        if self._compiled is None or self._handle is None:
            raise UnavailableError(
                "predict: expected a loaded network, received none. Call load_keras_model first."
            )
        network = self._handle.engine.network
        steps = duration_steps(duration_per_sample, network.dt, "duration_per_sample")
        edited = edited_network(self._handle.engine)
        if edited is None:
            return self._present(self._handle.engine, samples, steps, multiple)
        if edited is not self._compiled.network:
            self._compiled = compile_network(edited, self._compile_options)
        result = self._compiled.run(samples, steps=steps, seed=self._seed, progress=True)
        if len(result):
            last = _rates(network, np.asarray(samples)[-1:], self._compile_options)
            self._handle.engine.defer(last[0], int(result.stopped_at[-1]), len(result) - 1)
        return result.tied_labels() if multiple else [int(label) for label in result.labels]

    def _present(self, engine: Engine, samples: Any, steps: int, multiple: bool) -> list[Any]:
        """Labels of a network with changes that only the live network holds."""
        rates = _rates(engine.network, samples, self._compile_options)
        if not len(rates):
            return []
        with progress_bar(len(rates), shown=True) as update:
            outputs = present(engine, rates, steps, update)
        if multiple:
            return [list(np.flatnonzero(row)) for row in winners(outputs)]
        return [int(label) for label in draw_labels(outputs, self._seed)]

    @property
    def _monitor(self) -> Monitor | None:
        """The reference's monitor of the output, None before loading."""
        return None if self._handle is None else self._handle.get_monitors()[0]

    @property
    def _snn_network(self) -> LiveNetwork | None:
        """The reference's name for the loaded network."""
        return self._handle

    @property
    def _max_f(self) -> float:
        """The reference's name for the input scale."""
        return self._convert_options.max_f

    @property
    def _read_out(self) -> str:
        """The reference's name for the read-out."""
        return self._convert_options.read_out

    @property
    def _k_param(self) -> int | None:
        """The reference's name for the spikes that end a sample."""
        return self._convert_options.k

    @property
    def _input_model(self) -> Neuron:
        """The reference's name for the encoding's neuron."""
        return choose_neurons(self._convert_options).encoding

    @_input_model.setter
    def _input_model(self, neuron: Any) -> None:
        options = replace(self._convert_options, input_encoding=neuron)
        choose_neurons(options)
        self._convert_options = options

    @property
    def _hidden_neuron_model(self) -> Neuron:
        """The reference's name for the hidden neuron."""
        return choose_neurons(self._convert_options).hidden


def _rates(network: Network, samples: Any, options: CompileOptions) -> NDArray[Any]:
    """(N, inputs) rates of samples, as the kernels read them."""
    kept_as = REAL[options.precision]
    return rates_of(samples, network.input.geometry, network.input_scale, kept_as)[:, 0]


@contextmanager
def _collecting(faults: list[str]) -> Iterator[None]:
    """Add the faults of an OptionError to a list instead of raising it."""
    try:
        yield
    except OptionError as error:
        faults += error.faults
