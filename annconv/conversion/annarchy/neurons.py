"""Which neurons and which read-out a conversion uses, from names or the user's own equations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from annconv.errors import OptionError, nearest
from annconv.ir.population import RATES
from annconv.neurons.equations import parse_neuron
from annconv.neurons.foreign import as_neuron
from annconv.neurons.library import ENCODINGS, HIDDEN, OUTPUTS, UNIT_STEP_ENCODINGS
from annconv.neurons.neuron import Neuron
from annconv.options import AnnarchyOptions
from annconv.readouts import READOUTS, Readout

THRESHOLD = "vt"
"""The parameter of a hidden neuron that is its threshold."""
MASK = "mask"
"""The trace of its spikes that convolutions and pooling layers read."""
INPUT_TARGET = "exc"
"""Target of all projections: neurons receive them as `g_exc`."""


@dataclass(frozen=True, slots=True)
class NeuronChoice:
    """The neurons of a network.

    Attributes:
        encoding: Of the input population.
        hidden: Of every population between.
        output: Of the last population.
        readout: How the last population is read.
    """

    encoding: Neuron
    hidden: Neuron
    output: Neuron
    readout: Readout


def choose_neurons(options: AnnarchyOptions, other_faults: Iterable[str] = ()) -> NeuronChoice:
    """The neurons and the read-out that the options name.

    Args:
        options: Of the conversion.
        other_faults: Faults of further options, reported together with those found here.
    Raises:
        OptionError: A name is unknown, a neuron lacks what it needs, or options contradict each
            other; all faults are listed.
        EquationError: The equations of a user's neuron are not understood.
    """
    faults: list[str] = []
    encoding = _neuron("input_encoding", options.input_encoding, ENCODINGS, faults)
    hidden = _neuron("hidden_neuron", options.hidden_neuron, HIDDEN, faults)
    readout = _readout(options, faults)
    if encoding is not None:
        faults += _encoding_faults(encoding, options.dt)
    if hidden is not None:
        faults += _hidden_faults(hidden)
    faults += other_faults
    if faults or encoding is None or hidden is None or readout is None:
        raise OptionError(faults)
    library = {**HIDDEN, **OUTPUTS}
    output = hidden if readout.neuron is None else library[readout.neuron]
    return NeuronChoice(encoding, hidden, output, readout)


def _neuron(
    field: str, value: object, library: Mapping[str, Neuron], faults: list[str]
) -> Neuron | None:
    """The neuron of that name, or the user's own."""
    if isinstance(value, str) and value in library:
        return library[value]
    if isinstance(value, str):
        faults.append(f"{field}: unknown value {value!r}. {nearest(value, library)}.")
        return None
    known = ", ".join(map(repr, library))
    try:
        neuron = as_neuron(value)
    except TypeError as error:
        faults.append(
            f"{field}: expected a neuron, or a class of neurons without arguments, received "
            f"{value!r}, which says: {error}. Pass a neuron of that class."
        )
        return None
    if neuron is None:
        faults.append(
            f"{field}: expected one of {known}, an annconv.Neuron or an ANNarchy.Neuron, received "
            f"{value!r}."
        )
    return neuron


def _readout(options: AnnarchyOptions, faults: list[str]) -> Readout | None:
    """The read-out of that name; the options of the same names fill in its parameters."""
    name = options.read_out
    if not isinstance(name, str) or name not in READOUTS:
        faults.append(f"read_out: unknown value {name!r}. {nearest(name, READOUTS)}.")
        return None
    readout: Readout = READOUTS[name]
    given = {parameter: getattr(options, parameter) for parameter, _ in readout.parameters}
    missing = [
        f"{parameter}: expected a number, received None. read_out={name!r} needs it: pass "
        f"{parameter}={value:g}, for instance."
        for parameter, value in readout.parameters
        if given[parameter] is None
    ]
    faults += missing
    return None if missing else readout.with_parameters(**given)


def _silence_faults(field: str, neuron: Neuron) -> list[str]:
    """A neuron that passes on neither spikes nor a value: every class would tie."""
    if neuron.spike is not None or neuron.emit is not None:
        return []
    fault = (
        f"{field}: neuron {neuron.name!r} never spikes: expected a condition of its spikes, "
        "received spike=None. Add spike='v > vt', for instance."
    )
    return [fault]


def _encoding_faults(encoding: Neuron, dt: float) -> list[str]:
    """Why a neuron cannot be the input's."""
    faults = _silence_faults("input_encoding", encoding)
    if parse_neuron(encoding).parameter(RATES) is None:
        faults.append(
            f"input_encoding: neuron {encoding.name!r} has no parameter {RATES!r}: expected it to "
            f"receive the sample. Add '{RATES} = 0.0' to its parameters."
        )
    counting = {ENCODINGS[name]: name for name in UNIT_STEP_ENCODINGS}
    if encoding in counting and dt != 1.0:
        name = counting[encoding]
        faults.append(
            f"dt: expected 1.0 with input_encoding={name!r}, whose thresholds follow the steps, "
            f"received {dt!r}. Use dt=1.0, or another encoding."
        )
    return faults


def _hidden_faults(hidden: Neuron) -> list[str]:
    """Why a neuron cannot stand behind the input."""
    faults = _silence_faults("hidden_neuron", hidden)
    model = parse_neuron(hidden)
    threshold = model.parameter(THRESHOLD)
    if model.variable(THRESHOLD) is not None:
        faults.append(
            f"hidden_neuron: neuron {hidden.name!r} writes its threshold {THRESHOLD!r}: expected a "
            f"parameter that stays. Add a variable of its own to it, as in 'v > {THRESHOLD} + w'."
        )
    elif threshold is None:
        faults.append(
            f"hidden_neuron: neuron {hidden.name!r} has no parameter {THRESHOLD!r}: expected its "
            f"threshold under this name. Add '{THRESHOLD} = 1.0 : population' to its parameters."
        )
    elif threshold.start is not None:
        faults.append(
            f"hidden_neuron: the threshold {THRESHOLD!r} of neuron {hidden.name!r} is random: "
            "expected a number, which every layer lowers. Add a random parameter to it instead, as "
            f"in 'v > {THRESHOLD} + noise'."
        )
    if INPUT_TARGET not in model.conductances:
        faults.append(
            f"hidden_neuron: neuron {hidden.name!r} does not read 'g_{INPUT_TARGET}': expected its "
            f"input under this name. Use it in an equation, as in 'dv/dt = g_{INPUT_TARGET}'."
        )
    return faults
