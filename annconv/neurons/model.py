"""NeuronModel: the equations of a neuron, parsed into statements.

The oracle and the code generator both follow them. A step of a neuron: run `update` in order; where
`spike` holds, emit +1 and run `reset` in order; where it does not and `unspike` holds, emit -1 and
run `unreset`; conductances return to zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from annconv.neurons.expressions import Draw, Expression, Statistic, names, nodes
from annconv.neurons.grammar import CONDUCTANCE, LAST_SPIKE, REFRACTORY_LEFT


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that the equations read and never write.

    Attributes:
        name: Its name.
        value: Its default.
        local: Whether each neuron may have its own; otherwise one for the population.
        type: "float", "int" or "bool".
        start: The distribution its values are drawn from, once; None: it starts with its default.
    """

    name: str
    value: float
    local: bool
    type: str = "float"
    start: Draw | None = None


@dataclass(frozen=True, slots=True)
class StateVariable:
    """A value that the equations or the reset write.

    Attributes:
        name: Its name.
        initial: Value at the start of a sample: a number or a parameter.
        local: Whether each neuron has its own value; otherwise all have the same.
        type: "float", "int" or "bool".
    """

    name: str
    initial: Expression
    local: bool = True
    type: str = "float"

    @property
    def internal(self) -> bool:
        """Whether annconv keeps it without being told to: the last spike, a refractory period."""
        return self.name in (LAST_SPIKE, REFRACTORY_LEFT)


@dataclass(frozen=True, slots=True)
class Assign:
    """`variable = value`, at once, then kept within the bounds (a number or a parameter each)."""

    variable: str
    value: Expression
    minimum: Expression | None = None
    maximum: Expression | None = None


@dataclass(frozen=True, slots=True)
class Ode:
    """A step of `dvariable/dt = gradient` by one of METHODS, then kept within the bounds."""

    variable: str
    gradient: Expression
    minimum: Expression | None = None
    maximum: Expression | None = None
    method: str = "explicit"


@dataclass(frozen=True, slots=True)
class OdeSystem:
    """Neighbouring ODEs: all gradients read the old values, then all variables change in order."""

    equations: tuple[Ode, ...]

    def of(self, method: str) -> tuple[Ode, ...]:
        """The equations that are integrated by a method."""
        return tuple(entry for entry in self.equations if entry.method == method)


Statement = Assign | OdeSystem


@dataclass(frozen=True, slots=True)
class NeuronModel:
    """A parsed neuron.

    Attributes:
        name: Its name, for messages.
        parameters: In the order written.
        variables: In the order written; a parameter that the reset writes is one of them.
        update: What happens in every step.
        spike: Condition (a truth value) of emitting +1; None: the neuron never spikes.
        reset: What a spike does.
        unspike: Condition of emitting -1, None if there is none.
        unreset: What a negative spike does.
        emit: Variable passed on as an analog value instead of spikes, None for spikes.
        conductances: Targets whose `g_<target>` the equations read, "exc" for instance.
        draws: Values of the random generator's counter that the neuron's draws take up in a step.
    """

    name: str
    parameters: tuple[Parameter, ...]
    variables: tuple[StateVariable, ...]
    update: tuple[Statement, ...]
    spike: Expression | None
    reset: tuple[Assign, ...]
    unspike: Expression | None = None
    unreset: tuple[Assign, ...] = ()
    emit: str | None = None
    conductances: tuple[str, ...] = ()
    draws: int = 0

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name, None if there is none."""
        return next((entry for entry in self.parameters if entry.name == name), None)

    def variable(self, name: str) -> StateVariable | None:
        """The variable of that name, None if there is none."""
        return next((entry for entry in self.variables if entry.name == name), None)

    def expressions(self) -> Iterator[Expression]:
        """Every expression of update, conditions and resets, in running order."""
        for statement in self.update:
            equations = statement.equations if isinstance(statement, OdeSystem) else (statement,)
            for entry in equations:
                yield entry.gradient if isinstance(entry, Ode) else entry.value
                yield from (bound for bound in (entry.minimum, entry.maximum) if bound is not None)
        yield from (condition for condition in (self.spike, self.unspike) if condition is not None)
        yield from (entry.value for entry in (*self.reset, *self.unreset))

    def draw_kinds(self) -> frozenset[str]:
        """The distributions it draws from in a step."""
        found = (node for expression in self.expressions() for node in nodes(expression))
        return frozenset(node.distribution for node in found if isinstance(node, Draw))

    def statistics(self) -> tuple[Statistic, ...]:
        """The population-wide numbers that it reads, each once."""
        found = (node for expression in self.expressions() for node in nodes(expression))
        return tuple(dict.fromkeys(node for node in found if isinstance(node, Statistic)))

    @property
    def is_plain(self) -> bool:
        """Whether it is nothing but real numbers that move by Euler steps and assignments.

        True where all variables are of type float and belong to no conductance, every ODE is
        integrated by explicit Euler, all random numbers are uniform, and neither a refractory
        period, nor the time of the last spike, nor a population-wide function takes part. Bounds,
        `unspike`, `emit`, parameters of any type, conditionals and all functions are plain.
        """
        lasting = {f"{CONDUCTANCE}{target}" for target in self.conductances}
        return (
            all(
                entry.type == "float" and not entry.internal and entry.name not in lasting
                for entry in self.variables
            )
            and self.draw_kinds() <= {"Uniform"}
            and not self.statistics()
            and all(
                len(statement.of("explicit")) == len(statement.equations)
                for statement in self.update
                if isinstance(statement, OdeSystem)
            )
        )

    def reads(self) -> frozenset[str]:
        """All names that update, conditions and resets read."""
        return frozenset().union(*(names(expression) for expression in self.expressions()))
