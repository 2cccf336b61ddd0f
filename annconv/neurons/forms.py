"""The forms in which a neuron may be written, each brought into one: text.

ANNarchy takes strings, dictionaries, lists, and objects (`Parameter`, `Variable`, distributions).
Objects are known by their attributes, so that ANNarchy's own serve and need not be installed. A
parameter of a string is local unless flagged, one of a dictionary is the population's unless its
locality says otherwise; a variable is local in either form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any

from annconv.errors import EquationError

DISTRIBUTION_ATTRIBUTES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Uniform": ("min", "max"),
        "Normal": ("mu", "sigma"),
        "LogNormal": ("mu", "sigma"),
        "Exponential": ("Lambda",),
        "Gamma": ("alpha", "beta"),
        "DiscreteUniform": ("min", "max"),
        "Binomial": ("n", "p"),
    }
)
"""Attributes of ANNarchy's distribution objects, in the order of the arguments in a text."""

_TYPES: Mapping[object, str] = MappingProxyType({float: "float", int: "int", bool: "bool"})
_SETTINGS = ("init", "min", "max")


class FormReader:
    """Brings the arguments of one neuron into text.

    Args:
        neuron: Its name, for messages.
    Raises:
        EquationError: The name, or later another argument, has a form that is not known.
    """

    def __init__(self, neuron: object) -> None:
        self._neuron = str(neuron)
        if not isinstance(neuron, str):
            raise self._refused("name", "text", neuron)

    def nothing(self, part: str, value: object, hint: str) -> None:
        """Refuse an argument of ANNarchy's that has no meaning here."""
        if value is not None:
            raise EquationError(
                "not supported", neuron=self._neuron, part=part, hint=f"Received {value!r}; {hint}."
            )

    def parameters(self, value: object) -> str:
        """Parameters: text, or a mapping of names to numbers, distributions or `Parameter`s."""
        if isinstance(value, str):
            return value
        if not isinstance(value, Mapping):
            raise self._refused("parameters", "text or a dict", value)
        return "\n".join(self._parameter(name, entry) for name, entry in value.items())

    def equations(self, part: str, value: object) -> str:
        """Equations: text, a `Variable`, or a list of both."""
        if isinstance(value, str):
            return value
        if hasattr(value, "equation"):
            return self._variable(part, value)
        if not isinstance(value, list | tuple):
            raise self._refused(part, "text, a Variable or a list of them", value)
        lines: list[str] = []
        for entry in value:
            if isinstance(entry, list | tuple):
                raise self._refused(part, "text or a Variable", entry)
            lines.append(self.equations(part, entry))
        return "\n".join(lines)

    def text(self, part: str, value: object) -> str | None:
        """Text or None."""
        if value is None or isinstance(value, str):
            return value
        raise self._refused(part, "text", value)

    def period(self, value: object) -> str | None:
        """A refractory period: a number of ms, or a name."""
        if value is None or isinstance(value, str):
            return value
        return self._number("refractory", "the refractory period", value)

    def constants(self, values: object, texts: Iterable[str | None]) -> str:
        """Those of `extra_values` that the texts read, as parameters of the population.

        Args:
            values: Names to numbers, or to objects with a `value` such as ANNarchy's `Constant`.
            texts: Everything that may read them.
        """
        if values is None:
            return ""
        if not isinstance(values, Mapping):
            raise self._refused("extra_values", "a dict of numbers", values)
        words = {word for text in texts if text for word in re.findall(r"[A-Za-z_]\w*", text)}
        return "\n".join(
            f"{name} = {self._number('extra_values', name, getattr(entry, 'value', entry))}"
            " : population"
            for name, entry in values.items()
            if name in words
        )

    def _parameter(self, name: object, entry: object) -> str:
        """One entry of a dictionary of parameters."""
        if not isinstance(name, str):
            raise self._refused("parameters", "names that are text", name)
        locality, type_ = getattr(entry, "locality", "global"), getattr(entry, "type", "float")
        flags = self._flags("parameters", name, locality, type_)
        plain = entry if isinstance(entry, Real) else getattr(entry, "value", entry)
        if type(plain).__name__ in DISTRIBUTION_ATTRIBUTES:
            value = self._distribution(name, plain)
        else:
            value = self._number("parameters", name, plain)
        return f"{name} = {value}" + (f" : {', '.join(flags)}" if flags else "")

    def _variable(self, part: str, variable: Any) -> str:
        """A `Variable` as a line of text."""
        equation = variable.equation
        if not isinstance(equation, str):
            raise self._refused(part, "the equation of a Variable as text", equation)
        name = f"the Variable {equation.split('=')[0].strip()!r}"
        flags = []
        for setting in _SETTINGS:
            value = getattr(variable, setting, None)
            if isinstance(value, str):
                flags.append(f"{setting} = {value}")
            elif value is not None:
                flags.append(f"{setting} = {self._number(part, f'{setting} of {name}', value)}")
        locality, type_ = getattr(variable, "locality", "local"), getattr(variable, "type", "float")
        flags += self._flags(part, name, locality, type_)
        method = getattr(variable, "method", None)
        if method is not None:
            flags.append(str(method))
        return equation + (f" : {', '.join(flags)}" if flags else "")

    def _flags(self, part: str, name: str, locality: object, type_: object) -> list[str]:
        """Flags for the locality and the type of an object."""
        if locality not in ("local", "global"):
            raise self._refused(part, f"locality 'local' or 'global' of {name}", locality)
        word = _TYPES.get(type_) if isinstance(type_, type) else type_
        if word not in _TYPES.values():
            raise self._refused(part, f"type float, int or bool of {name}", type_)
        flags = ["population"] if locality == "global" else []
        return flags if word == "float" else [*flags, str(word)]

    def _distribution(self, name: str, value: Any) -> str:
        """A distribution object as a call."""
        kind = type(value).__name__
        attributes = DISTRIBUTION_ATTRIBUTES[kind]
        for limit in {"min", "max"} - set(attributes):
            if getattr(value, limit, None) is not None:
                raise EquationError(
                    f"the distribution of {name!r} has a {limit}, which is not supported",
                    neuron=self._neuron,
                    part="parameters",
                    hint="Leave it out, or give the population an array of values.",
                )
        arguments = (self._number("parameters", name, getattr(value, key)) for key in attributes)
        return f"{kind}({', '.join(arguments)})"

    def _number(self, part: str, name: str, value: object) -> str:
        """A number as text that reads back."""
        if isinstance(value, Integral):
            return str(int(value))
        if isinstance(value, Real):
            return repr(float(value))
        raise self._refused(part, f"a number for {name}", value)

    def _refused(self, part: str, expected: str, value: object) -> EquationError:
        shown = repr(value) if isinstance(value, str | int | float) else type(value).__name__
        return EquationError(
            f"expected {expected}, received {shown}", neuron=self._neuron, part=part
        )
