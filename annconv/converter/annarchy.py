"""The drop-in replacement for `ANNarchy.extensions.ann_to_snn_conversion.ANNtoSNNConverter`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from annconv.conversion.neurons import choose_neurons
from annconv.converter.api import convert_model
from annconv.converter.handle import NetworkHandle
from annconv.errors import OptionError, UnavailableError, nearest
from annconv.frontend.description import describe
from annconv.ir.snn_file import save_network
from annconv.options import CompileOptions, ConvertOptions, RunOptions, duration_steps
from annconv.runtime.compiled import CompiledNetwork, compile_network

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
            input_encoding: "CPN", "poisson", "IB", "PSO", "phase", or a `Neuron`, annconv's or
                ANNarchy's.
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
            self._convert_options = ConvertOptions(
                input_encoding=input_encoding,
                hidden_neuron=hidden_neuron,
                read_out=read_out,
                **known,
            )
            choose_neurons(self._convert_options)  # unknown names are refused here, not at loading
        if faults:
            raise OptionError(faults)
        self._compiled: CompiledNetwork | None = None
        self._handle: NetworkHandle | None = None

    def load_keras_model(
        self,
        filename: Any,
        directory: str | Path | None = None,
        scale_factor: float | Sequence[float] | None = None,
        show_info: bool = True,
    ) -> NetworkHandle:
        """Convert and compile a model.

        Args:
            filename: Path of a `.keras` or `.h5` file, or a Keras model.
            directory: Folder that receives the saved network and its C++ sources; None: nothing is
                written.
            scale_factor: With `normalize="model"`: None (factors 2, 3, …), one factor, or one per
                Dense, Conv2D and pooling layer.
            show_info: Whether to print a description of the layers.
        Returns:
            A handle on the network.
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
            save_network(network, Path(directory) / "network.snn")
        if show_info:
            print(describe(graph))
        self._compiled, self._handle = compiled, NetworkHandle(network)
        return self._handle

    def get_annarchy_network(self) -> NetworkHandle | None:
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
        if self._compiled is None:
            raise UnavailableError(
                "predict: expected a loaded network, received none. Call load_keras_model first."
            )
        steps = duration_steps(
            duration_per_sample, self._compiled.network.dt, "duration_per_sample"
        )
        result = self._compiled.run(samples, steps=steps, seed=self._seed, progress=True)
        return result.tied_labels() if multiple else [int(label) for label in result.labels]


@contextmanager
def _collecting(faults: list[str]) -> Iterator[None]:
    """Add the faults of an OptionError to a list instead of raising it."""
    try:
        yield
    except OptionError as error:
        faults += error.faults
