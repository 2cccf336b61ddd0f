"""read, simplify, evaluate, convert, save, load, compile: from a trained model to one that runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annconv.errors import InputError
from annconv.ir.network import Network
from annconv.options import AnnarchyOptions, CompileOptions, RateOptions
from annconv.runtime.compiled import CompiledNetwork, compile_network

if TYPE_CHECKING:
    from annconv.ir.graph import Graph
    from annconv.reference.operators import Values
    from annconv.reference.samples import Samples


def read(model: Any) -> Graph:
    """Read what a trained Keras model computes, layer by layer, with its weights.

    Every model that can be read, also one that no preset converts. `print(graph)` shows one node a
    line; `evaluate` computes their values.

    Args:
        model: A Keras model (Sequential or functional), or the path of a `.keras` or `.h5` file. A
            file is checked completely before Keras sees it; nothing that it holds can run. It keeps
            only names of activation functions: one of your own called as one of Keras' is told
            apart in memory alone.
    Returns:
        The Graph: `nodes` with `name`, `layer`, `inputs`, `shape` (without the batch axis) and
        `origin`, in an order in which each stands behind those it reads; `outputs`, the names of
        the nodes whose values are the model's outputs.
    Raises:
        ModelFileError: The file is missing, damaged or unsafe.
        UnsupportedModelError: Layers cannot be read; all are listed.
        InputError: `model` is neither a path nor a Keras 3 model.
        AnnconvError: Keras is missing or older than 3.11.3.
    """
    from annconv.frontend import read_model

    return read_model(model).graph


def simplify(graph: Graph) -> Graph:
    """The same computation with fewer nodes and operations.

    Batch normalisation goes into the weights beside it, linear layers in a row become one where
    that takes fewer operations, and what changes nothing is left out; `docs/passes.md` lists all
    steps. What is folded is kept in double precision.

    Args:
        graph: What `read` returned.
    Returns:
        A Graph with outputs of the same names, equal but for rounding. A node that keeps its name
        keeps its values, so both graphs can be compared by `evaluate`; one that computes something
        else than before is called `NAME/simplified`. `origin` of a node lists all layers it came
        from. The given Graph itself where nothing can be simpler.
    Raises:
        InputError: `graph` is not a Graph.
    """
    from annconv.conversion.graph import simplify as simplified

    _check_graph(graph, "annconv.simplify")
    return simplified(graph)


def evaluate(graph: Graph, samples: Samples) -> dict[str, Values]:
    """The values of every node of a Graph, in NumPy and double precision.

    It equals what Keras computes but for rounding, and so tells whether a model was understood; it
    is slow and keeps every value.

    Args:
        graph: What `read` or `simplify` returned.
        samples: (N, *shape of the input), numbers of any type. For several inputs one such array
            each, in a list in the order of the model's inputs, or in a dict by their names.
    Returns:
        Name of the node -> (N, *shape of the node) float64. Those of the model's outputs are in
        `graph.outputs`.
    Raises:
        InputError: `graph` is not a Graph, or the samples do not have the shape of the input, are
            not one array for each input, or are no real numbers.
    """
    from annconv.reference.graph import run_graph

    _check_graph(graph, "annconv.evaluate")
    return run_graph(graph, samples)


def _check_graph(graph: Any, caller: str) -> None:
    from annconv.ir.graph import Graph

    if not isinstance(graph, Graph):
        raise InputError(
            caller, expected="a Graph, made by annconv.read", received=type(graph).__name__
        )


def convert(model: Any, *, preset: str = "annarchy", **options: Any) -> Network:
    """Convert a trained Keras model into a spiking network.

    `preset` says which network is made; the other options are those of the preset.

    "annarchy" makes the network that ANNarchy 5's converter builds, spike for spike, of a chain of
    layers without biases:

    - input_encoding: "CPN" (or "poisson"; the default), "IB", "IB-fused", "PSO", "phase", or a
      `Neuron` with `rates`, annconv's or ANNarchy's.
    - hidden_neuron: "IaF", or a `Neuron` with a threshold `vt` that reads `g_exc`.
    - read_out: "spike_count" (the default), "time_to_first_spike", "time_to_k_spikes" or
      "membrane_potential".
    - k: Spikes that end a sample; needed with "time_to_k_spikes".
    - normalize: None for raw weights, "model" for model-based normalisation (Diehl et al. 2015).
    - scale_factor: With normalisation: None (factors 2, 3, …), one number, or one per layer.
    - threshold_step: How much lower the threshold of each further layer in `model.layers` is (.05).
    - max_f: Factor from a sample's values to input rates (100).
    - dt: Length of a step in ms (1).
    - steps: Steps that `run` and `predict` take when not told otherwise (1000).
    - on_unsupported: "refuse", or "ignore" with a warning as the reference does.

    "rate" makes a network whose outputs become those of the model, the closer the more steps there
    are, of nearly any model (`docs/rate.md`):

    - calibration: (N, ...) samples as the model takes them, some hundred of those it was trained
      on; labels are not needed.
    - steps: Steps that the network is calibrated for, and that `run` and `predict` take when not
      told otherwise (32).
    - thresholds: How the value of a spike is chosen: "least_squares" (the default), "maximum" or
      "percentile".
    - potential_correction: Whether membrane potentials at the start make up for each channel's mean
      error (True).
    - progress: Whether to show a progress bar on stderr (False).

    Args:
        model: A Keras model (Sequential or functional), or the path of a `.keras` or `.h5` file.
        preset: "annarchy" or "rate".
        **options: As listed above.
    Returns:
        The spiking network.
    Raises:
        OptionError: Options are unknown or have values that are not allowed; all are listed.
        ModelFileError: The file is missing, damaged or unsafe.
        UnsupportedModelError: Layers cannot be converted; all are listed.
        InputError: Calibration samples do not fit the model.
        EquationError: A neuron's equations are not understood.
    """
    from annconv.conversion.presets import options_of

    made = options_of(preset, options)
    return convert_model(model, made, unused_faults(made))[1]


def unused_faults(options: AnnarchyOptions | RateOptions) -> list[str]:
    """Options that would have no effect; the drop-in class takes them, as the reference does."""
    if not isinstance(options, AnnarchyOptions):
        return []
    if options.scale_factor is None or options.normalize is not None:
        return []
    fault = (
        f"scale_factor: expected None with normalize=None, received {options.scale_factor!r}, which"
        " has an effect only with normalize='model'. Use that, or leave scale_factor out."
    )
    return [fault]


def convert_model(
    model: Any, options: AnnarchyOptions | RateOptions, faults: Iterable[str] = ()
) -> tuple[Graph, Network]:
    """The Graph of a model and the Network made of it; arguments and errors as `convert`.

    `faults` are those that the caller found in the options, raised with those found here.
    """
    # A saved network is loaded and run without these.
    from annconv.conversion.presets import convert_graph, preset_of
    from annconv.frontend import survey_model

    preset_of(options).check(options, faults)  # told before a model is read
    reading = survey_model(model, on_unsupported=options.on_unsupported)
    network = convert_graph(
        reading.graph, options, ignored=reading.ignored, problems=reading.problems
    )
    return reading.graph, network


def save(network: Network, path: str | Path) -> None:
    """Save a network to a `.snn` file.

    Args:
        network: What `convert` or `load` returned.
        path: Where to; an existing file is replaced, or kept if writing fails.
    Raises:
        InputError: `network` is not a Network.
        ModelFileError: The file cannot be written.
    """
    if not isinstance(network, Network):
        raise InputError(
            "annconv.save",
            expected="a Network, made by annconv.convert or annconv.load",
            received=type(network).__name__,
        )
    network.save(path)


def load(path: str | Path) -> Network:
    """Load a network from a `.snn` file; needs neither Keras nor TensorFlow.

    Raises:
        ModelFileError: The file is missing, damaged, or not a saved network.
    """
    return Network.load(path)


def compile(  # noqa: A001  (users write annconv.compile, like re.compile)
    network: Network,
    *,
    precision: str = "single",
    threads: int | None = None,
    optimize: int = 2,
    disable: Iterable[str] = (),
) -> CompiledNetwork:
    """Compile a network to machine code, or load what an earlier call compiled.

    Args:
        network: What `convert` or `load` returned.
        precision: "single" or "double", the type of state, weights and sums; "int16": single,
            with whole weights of 16 bits, whose sums are exact.
        threads: Threads over which samples are spread; None: all cores.
        optimize: How much is optimised: 0 runs the plain network, 1 and 2 more and more passes.
            Spikes stay the same but for rounding ties.
        disable: Names of passes that do not run.
    Raises:
        InputError: `network` is not a Network.
        OptionError: An option has a value that is not allowed.
        BuildError: The compiler is missing or fails.
        CacheError: The build cache cannot be used.
    """
    if not isinstance(network, Network):
        raise InputError(
            "annconv.compile",
            expected="a Network, made by annconv.convert or annconv.load",
            received=type(network).__name__,
        )
    passes = (disable,) if isinstance(disable, str) else tuple(disable)
    options = CompileOptions(
        precision=precision, threads=threads, optimize=optimize, disable=passes
    )
    return compile_network(network, options)
