"""One step of neighbouring ODEs as lines of C++, by any method of `annconv/neurons/methods.py`.

First come all changes, made of the old values; then the variables take them up, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from annconv.codegen.names import cpp_name, fresh_name
from annconv.codegen.statements import expression_text
from annconv.neurons.expressions import renamed
from annconv.neurons.methods import TOGETHER, implicit_matrix, left_over, slope_of, times_step
from annconv.neurons.model import Ode, OdeSystem

Names = Mapping[str, str]
"""Variable -> name of a temporary that belongs to it."""


def system_lines(
    system: OdeSystem, taken: set[str], bounds: Callable[[Ode], Sequence[str]]
) -> list[str]:
    """Lines of a system.

    Args:
        system: The ODEs.
        taken: C++ names that temporaries must not have; those of this system are added.
        bounds: Lines that keep a variable within its bounds.
    """
    writer = _SystemWriter(system, taken)
    lines = writer.lines
    for ode in system.equations:
        lines.append(f"{cpp_name(ode.variable)} += {writer.changes[ode.variable]};")
        lines += bounds(ode)
    return lines


class _SystemWriter:
    """Collects the lines before the variables change.

    Attributes:
        lines: They.
        changes: Variable -> text of its change.
    """

    def __init__(self, system: OdeSystem, taken: set[str]) -> None:
        self.lines: list[str] = []
        self.changes: dict[str, str] = {}
        self._taken = taken
        slopes = self._gradients(system.equations, {}, "d{}_dt")
        for ode in system.equations:
            if ode.method not in TOGETHER:
                self._alone(ode, slopes[ode.variable])
        self._implicit(system.of("implicit"), slopes)
        self._midpoint(system.of("midpoint"), slopes)
        self._runge_kutta(system.of("rk4"), slopes)

    def _name(self, pattern: str, variable: str) -> str:
        name = fresh_name(pattern.format(variable), self._taken)
        self._taken.add(name)
        return name

    def _gradients(self, odes: Sequence[Ode], places: Names, pattern: str) -> dict[str, str]:
        """Gradients as constants, with other names for variables; returns their names."""
        names = {ode.variable: self._name(pattern, ode.variable) for ode in odes}
        for ode in odes:
            text = expression_text(renamed(ode.gradient, places))
            self.lines.append(f"const real {names[ode.variable]} = {text};")
        return names

    def _moved(self, slopes: Names, step: str, pattern: str) -> dict[str, str]:
        """Variables `step` further as constants; returns their names."""
        names = {variable: self._name(pattern, variable) for variable in slopes}
        for variable, slope in slopes.items():
            self.lines.append(
                f"const real {names[variable]} = {cpp_name(variable)} + {step} * {slope};"
            )
        return names

    def _alone(self, ode: Ode, slope: str) -> None:
        """Methods that take each equation by itself."""
        change = f"dt * {slope}"
        if ode.method == "exponential":
            change += f" * annconv::growth({expression_text(times_step(slope_of(ode)))})"
        elif ode.method == "semiimplicit":
            change += f" / ({expression_text(left_over(slope_of(ode)))})"
        if ode.method != "explicit":
            name = self._name("{}_change", ode.variable)
            self.lines.append(f"const real {name} = {change};")
            change = name
        self.changes[ode.variable] = change

    def _implicit(self, odes: Sequence[Ode], slopes: Names) -> None:
        matrix = implicit_matrix(odes)
        if not odes or matrix is None:
            return
        array, count = self._name("{}_system", odes[0].variable), len(odes)
        rows = [
            ", ".join([*map(expression_text, row), f"dt * {slopes[ode.variable]}"])
            for ode, row in zip(odes, matrix, strict=True)
        ]
        listed = ", ".join(f"{{{row}}}" for row in rows)
        self.lines.append(f"real {array}[{count}][{count + 1}] = {{{listed}}};")
        self.lines.append(f"annconv::solve({array});")
        for row, ode in enumerate(odes):
            self.changes[ode.variable] = f"{array}[{row}][{count}]"

    def _midpoint(self, odes: Sequence[Ode], slopes: Names) -> None:
        own = {ode.variable: slopes[ode.variable] for ode in odes}
        middle = self._moved(own, "real(0.5) * dt", "{}_middle")
        for variable, slope in self._gradients(odes, middle, "d{}_dt_middle").items():
            self.changes[variable] = f"dt * {slope}"

    def _runge_kutta(self, odes: Sequence[Ode], slopes: Names) -> None:
        k1 = {ode.variable: slopes[ode.variable] for ode in odes}
        k2 = self._gradients(odes, self._moved(k1, "real(0.5) * dt", "{}_second"), "d{}_dt_second")
        k3 = self._gradients(odes, self._moved(k2, "real(0.5) * dt", "{}_third"), "d{}_dt_third")
        k4 = self._gradients(odes, self._moved(k3, "dt", "{}_fourth"), "d{}_dt_fourth")
        for name, first in k1.items():
            total = f"{first} + ({k2[name]} + {k2[name]}) + ({k3[name]} + {k3[name]}) + {k4[name]}"
            self.changes[name] = f"dt / real(6.0) * ({total})"
