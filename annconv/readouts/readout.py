"""Readout: how the output population's activity becomes a class, declared as three short texts."""

from __future__ import annotations

from dataclasses import dataclass

from annconv.errors import OptionError, nearest


@dataclass(frozen=True, slots=True)
class Readout:
    """A read-out.

    Attributes:
        name: Its name in `read_out=`.
        parameters: Names and values, for instance (("k", 5.0),).
        neuron: Library neuron of the output population, None for the hidden neuron.
        observes: What is kept of each output neuron: "count" (its spikes so far) or variables of
            it, such as "v".
        stop: Condition on one output neuron, checked after every step; the sample ends when it
            holds for any of them. None: the sample runs all its steps. It compares neurons by
            `max`, `second` (the largest but one), `min`, `mean`, `norm1`, `norm2` and `logsumexp`
            of what is observed: "count >= second(count) + k" ends where one leads by k spikes.
        score: Expression over `observes` and parameters; the output neuron with the highest score
            wins.
    """

    name: str
    score: str
    observes: tuple[str, ...]
    stop: str | None = None
    neuron: str | None = None
    parameters: tuple[tuple[str, float], ...] = ()

    def with_parameters(self, **values: float) -> Readout:
        """The same read-out with other values for its parameters.

        Raises:
            OptionError: It has no parameter of that name.
        """
        known = [name for name, _ in self.parameters]
        unknown = [name for name in values if name not in known]
        if unknown:
            raise OptionError(
                f"read-out {self.name!r}: no parameter {name!r}. "
                + (f"{nearest(name, known)}." if known else "It has none.")
                for name in unknown
            )
        parameters = tuple(
            (name, float(values.get(name, value))) for name, value in self.parameters
        )
        return Readout(self.name, self.score, self.observes, self.stop, self.neuron, parameters)
