"""Network: the spiking network, populations of neurons and the projections between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from annconv.errors import EquationError, InputError
from annconv.ir.operators import chain_geometry
from annconv.ir.population import POPULATION, RATES, ROLES, Population
from annconv.ir.projection import PROJECTION, SPIKES, Projection
from annconv.ir.records import (
    REAL,
    TEXT,
    WHOLE,
    digest,
    encode,
    mapping,
    named_value,
    optional,
    record,
    several,
)
from annconv.ir.snn_file import (
    checked_path,
    read_file,
    read_structure,
    write_file,
    write_structure,
)
from annconv.ir.verify import Violation, run_rules
from annconv.neurons.equations import parse_neuron
from annconv.neurons.model import NeuronModel
from annconv.readouts.readout import Readout

MAX_SIZE = 2**31 - 1
"""Values that generated code can count."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Network:
    """A spiking network and how its activity is read.

    Attributes:
        name: The model's name.
        populations: In layer order; their position is their index in random streams.
        projections: In layer order.
        readout: How the output becomes a class.
        dt: Length of a step in ms.
        steps: Steps per sample unless a run says otherwise.
        input_scale: Factor from a sample's values to `rates`.
        class_names: Names of the classes, empty where unknown.
        options: The options of the conversion that made it, as text.
    """

    name: str
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    readout: Readout
    dt: float = 1.0
    steps: int = 1000
    input_scale: float = 1.0
    class_names: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", dict(sorted(self.options.items())))

    def __getitem__(self, name: str) -> Population:
        for population in self.populations:
            if population.name == name:
                return population
        raise InputError(
            f"network {self.name!r}", expected="the name of a population", received=repr(name)
        )

    def __repr__(self) -> str:
        return (
            f"<Network {self.name!r}: {len(self.populations)} populations, "
            f"{len(self.projections)} projections, read-out {self.readout.name}>"
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the populations in order."""
        return tuple(population.name for population in self.populations)

    @property
    def input(self) -> Population:
        """The population that receives the samples."""
        return next(entry for entry in self.populations if entry.role == "input")

    @property
    def output(self) -> Population:
        """The population that is read out."""
        return next(entry for entry in self.populations if entry.role == "output")

    def arriving(self, name: str) -> tuple[Projection, ...]:
        """Projections onto population `name`, in order."""
        return tuple(entry for entry in self.projections if entry.post == name)

    def verify(self) -> None:
        """Check every rule.

        Raises:
            VerifyError: Lists all violations.
        """
        run_rules(f"Network {self.name!r}", self, RULES)

    def save(self, path: str | Path) -> None:
        """Save to a `.snn` file; `annconv.load` reads it back.

        The file appears complete or not at all: a failed write leaves an older file as it was.
        Equal networks give equal files.

        Raises:
            InputError: `path` is not a path.
            VerifyError: The network breaks its own rules.
            ModelFileError: The path has another suffix or cannot be written.
        """
        checked = checked_path(path)
        self.verify()
        write_file(checked, self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> Network:
        """Read a `.snn` file; needs neither Keras nor TensorFlow, runs no code.

        Raises:
            InputError: `path` is not a path.
            ModelFileError: The file is missing, cut short, damaged, of a newer format or no `.snn`.
        """
        checked = checked_path(path)
        return cls.from_bytes(read_file(checked), checked)

    def to_bytes(self) -> bytes:
        """The content of a `.snn` file; the rules are not checked.

        Raises:
            InputError: A field holds a value of another type than it declares.
        """
        return write_structure(NETWORK, self)

    @classmethod
    def from_bytes(cls, content: bytes, path: str | Path = "a pickled network") -> Network:
        """The network in the content of a `.snn` file, checked against its digest and its rules.

        Args:
            content: All bytes of the file.
            path: Named in messages.
        Raises:
            ModelFileError: As `load`.
        """
        network: Network = read_structure(NETWORK, content, path)
        return network

    def digest(self) -> str:
        """SHA-256 that two networks share exactly if they are equal, as hexadecimal text.

        Raises:
            InputError: A field holds a value of another type than it declares.
        """
        return digest(*encode(NETWORK, self))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Network):
            return NotImplemented
        return self is other or self.digest() == other.digest()

    def __hash__(self) -> int:
        return hash(self.digest())

    def __reduce__(self) -> tuple[Callable[[bytes], Network], tuple[bytes]]:
        """Pickle as the content of a `.snn` file, so that arrays stay write-protected."""
        return (Network.from_bytes, (self.to_bytes(),))

    def __str__(self) -> str:
        parameters = "".join(f" {name}={value:g}" for name, value in self.readout.parameters)
        head = f"network {self.name}  dt={self.dt} ms  steps={self.steps}"
        head += f"  input x {self.input_scale:g}"
        lines = [head, *map(str, self.populations), *map(str, self.projections)]
        return "\n".join([*lines, f"read-out {self.readout.name}{parameters}"])


READOUT = record(
    Readout,
    name=TEXT,
    score=TEXT,
    observes=several(TEXT),
    stop=optional(TEXT),
    neuron=optional(TEXT),
    parameters=several(named_value(REAL)),
)
NETWORK = record(
    Network,
    name=TEXT,
    populations=several(POPULATION),
    projections=several(PROJECTION),
    readout=READOUT,
    dt=REAL,
    steps=WHOLE,
    input_scale=REAL,
    class_names=several(TEXT),
    options=mapping(TEXT),
)


def names_unique(network: Network) -> Iterator[Violation]:
    """No two populations and no two projections share a name."""
    for what, names in (
        ("population", network.names),
        ("projection", tuple(entry.name for entry in network.projections)),
    ):
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield Violation("names_unique", f"{what} {name}", "one", names.count(name))


def one_input_and_output(network: Network) -> Iterator[Violation]:
    """Exactly one population receives samples and exactly one is read out."""
    for role in ("input", "output"):
        received = [entry.name for entry in network.populations if entry.role == role]
        if len(received) != 1:
            yield Violation("one_input_and_output", role, "one population", received)


def ends_exist(network: Network) -> Iterator[Violation]:
    """A projection's pre and post are populations, pre standing before post."""
    order = {name: position for position, name in enumerate(network.names)}
    for entry in network.projections:
        for end in (entry.pre, entry.post):
            if end not in order:
                yield Violation("ends_exist", f"projection {entry.name}", "a population", end)
        if entry.pre in order and entry.post in order and order[entry.pre] >= order[entry.post]:
            expected = f"{entry.pre} before {entry.post}"
            yield Violation("ends_exist", f"projection {entry.name}", expected, "another order")


def shapes_agree(network: Network) -> Iterator[Violation]:
    """The operators of a projection map pre's geometry onto post's."""
    geometries = {entry.name: entry.geometry for entry in network.populations}
    for entry in network.projections:
        if entry.pre in geometries and entry.post in geometries:
            received = chain_geometry(entry.operators, geometries[entry.pre])
            if received != geometries[entry.post]:
                yield Violation(
                    "shapes_agree", f"projection {entry.name}", geometries[entry.post], received
                )


def geometries_positive(network: Network) -> Iterator[Violation]:
    """Geometries have at least one axis and no empty one."""
    for entry in network.populations:
        if not entry.geometry or min(entry.geometry) <= 0:
            yield Violation("geometries_positive", entry.name, "positive extents", entry.geometry)


def sizes_countable(network: Network) -> Iterator[Violation]:
    """Populations, and what stands between operators, have no more values than code can count."""
    expected = f"at most {MAX_SIZE} values"
    geometries = {entry.name: entry.geometry for entry in network.populations}
    for name, geometry in geometries.items():
        if math.prod(geometry) > MAX_SIZE:
            yield Violation("sizes_countable", name, expected, math.prod(geometry))
    for entry in network.projections:
        # The first and the last geometry are those of populations.
        for length in range(1, len(entry.operators)) if entry.pre in geometries else ():
            inside = chain_geometry(entry.operators[:length], geometries[entry.pre])
            if inside is not None and math.prod(inside) > MAX_SIZE:
                where = f"projection {entry.name}, operator {length - 1}"
                yield Violation("sizes_countable", where, expected, math.prod(inside))
                break


def roles_fit(network: Network) -> Iterator[Violation]:
    """Roles are known; junctions have no neuron and no parameters, all others have a neuron."""
    for entry in network.populations:
        if entry.role not in ROLES:
            yield Violation("roles_fit", entry.name, f"one of {ROLES}", entry.role)
        elif entry.role == "linear" and (entry.neuron is not None or entry.parameters):
            yield Violation("roles_fit", entry.name, "a junction without neuron", "a neuron")
        elif entry.role != "linear" and entry.neuron is None:
            yield Violation("roles_fit", entry.name, "a neuron", "none")


def equations_parse(network: Network) -> Iterator[Violation]:
    """Every neuron's equations are understood; the input's has the parameter `rates`."""
    for entry in network.populations:
        if entry.neuron is None:
            continue
        try:
            model = parse_neuron(entry.neuron)
        except EquationError as error:
            yield Violation("equations_parse", entry.name, "equations", error)
            continue
        if entry.role == "input" and model.parameter(RATES) is None:
            yield Violation("equations_parse", entry.name, "a parameter 'rates'", model.name)


def _parsed(network: Network) -> dict[str, NeuronModel]:
    """Models of all populations whose equations parse."""
    models: dict[str, NeuronModel] = {}
    for entry in network.populations:
        if entry.neuron is not None:
            try:
                models[entry.name] = parse_neuron(entry.neuron)
            except EquationError:  # reported by equations_parse
                continue
    return models


def parameters_fit(network: Network) -> Iterator[Violation]:
    """A population's parameters are its neuron's, and their values broadcast onto its geometry."""
    models = _parsed(network)
    for entry in network.populations:
        for name, value in entry.parameters.items() if entry.name in models else ():
            where = f"{entry.name}.{name}"
            parameter = models[entry.name].parameter(name)
            if parameter is None:
                yield Violation("parameters_fit", where, "a parameter of its neuron", name)
                continue
            try:
                fits = np.broadcast_shapes(value.shape, entry.geometry) == entry.geometry
            except ValueError:
                fits = False
            if not fits:
                yield Violation(
                    "parameters_fit", where, f"shape within {entry.geometry}", value.shape
                )


def channels_permuted(network: Network) -> Iterator[Violation]:
    """An order of channels holds each of them once."""
    for entry in network.populations:
        if entry.channels is None:
            continue
        count, own = entry.geometry[-1], entry.channels
        if len(own) != count or set(own) != set(range(len(own))):
            what = f"order of channels of population {entry.name}"
            yield Violation("channels_permuted", what, f"each of {count} once", own)


def transmitted_exists(network: Network) -> Iterator[Violation]:
    """What a projection transmits exists in pre, and post's neuron reads where it arrives."""
    models = _parsed(network)
    for entry in network.projections:
        pre, post = models.get(entry.pre), models.get(entry.post)
        where = f"projection {entry.name}"
        if pre is not None and entry.transmits != SPIKES and pre.variable(entry.transmits) is None:
            yield Violation(
                "transmitted_exists", where, f"a variable of {entry.pre}", entry.transmits
            )
        if post is not None and entry.target not in post.conductances:
            expected = f"{entry.post} to read one of {post.conductances}"
            yield Violation("transmitted_exists", where, expected, f"g_{entry.target}")


def delays_allowed(network: Network) -> Iterator[Violation]:
    """Projections from junctions have no delay, all others the same one, 0 or 1."""
    roles = {entry.name: entry.role for entry in network.populations}
    delays: set[int] = set()
    for entry in network.projections:
        allowed = (0,) if roles.get(entry.pre) == "linear" else (0, 1)
        if entry.delay not in allowed:
            yield Violation("delays_allowed", f"projection {entry.name}", allowed, entry.delay)
        elif roles.get(entry.pre) != "linear":
            delays.add(entry.delay)
    if len(delays) > 1:
        yield Violation("delays_allowed", "network", "one delay", sorted(delays))


def traces_fade(network: Network) -> Iterator[Violation]:
    """What a step leaves of a trace is finite and no more than there was."""
    for entry in network.projections:
        decay = entry.trace_decay
        if decay is not None and not -1.0 <= decay <= 1.0:
            yield Violation("traces_fade", f"projection {entry.name}", "-1 to 1", decay)


def values_finite(network: Network) -> Iterator[Violation]:
    """No weight and no parameter is NaN or infinite; dt and input scale are positive."""
    arrays = [
        (f"{entry.name}.{name}", value)
        for entry in network.populations
        for name, value in entry.parameters.items()
    ]
    arrays += [
        (f"projection {entry.name}", getattr(operator, name))
        for entry in network.projections
        for operator in entry.operators
        for name in ("kernel", "weights", "factors")
        if hasattr(operator, name)
    ]
    for where, array in arrays:
        if not np.isfinite(array).all():
            yield Violation("values_finite", where, "finite numbers", "NaN or infinity")
    for where, value in (("dt", network.dt), ("input_scale", network.input_scale)):
        if not (math.isfinite(value) and value > 0):
            yield Violation("values_finite", where, "a number above 0", value)


def readout_observes(network: Network) -> Iterator[Violation]:
    """What the read-out observes is "count" or a variable of the output's neuron."""
    models = _parsed(network)
    for entry in network.populations:
        if entry.role == "output" and entry.name in models:
            for name in network.readout.observes:
                if name != "count" and models[entry.name].variable(name) is None:
                    yield Violation(
                        "readout_observes", entry.name, "a variable of its neuron", name
                    )


RULES = (
    names_unique,
    one_input_and_output,
    ends_exist,
    geometries_positive,
    shapes_agree,
    sizes_countable,
    roles_fit,
    equations_parse,
    parameters_fit,
    channels_permuted,
    transmitted_exists,
    delays_allowed,
    traces_fade,
    values_finite,
    readout_observes,
)
