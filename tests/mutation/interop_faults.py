"""Faults in what hands a network over to other simulators."""

from __future__ import annotations

from fault import Fault

_ANNARCHY = "annconv/interop/annarchy"

INTEROP_FAULTS = (
    Fault(
        "interop-even-centre", f"{_ANNARCHY}/connections.py",
        "return (extent - 1) // 2", "return extent // 2",
        "filters of even extent are moved by one cell",
    ),
    Fault(
        "interop-padding-in-front", f"{_ANNARCHY}/connections.py",
        "[cell * stride - before + _centre(span)", "[cell * stride + _centre(span)",
        "rows of zeros in front are forgotten",
    ),
    Fault(
        "interop-groups", f"{_ANNARCHY}/connections.py",
        "first = output // (outputs // groups) * inside", "first = output % groups * inside",
        "filters read another group",
    ),
    Fault(
        "interop-cut-mean", f"{_ANNARCHY}/connections.py",
        "return isinstance(pool, MaxPool) or not any(after for _, after in pool.padding)",
        "return True",
        "means of cut windows count cells outside",
    ),
    Fault(
        "interop-spikes-pooled", f"{_ANNARCHY}/connections.py",
        "native = entry.transmits != SPIKES and len(pre)", "native = len(pre)",
        "convolutions and pooling read a variable called spikes",
    ),
    Fault(
        "interop-right-operand", f"{_ANNARCHY}/expressions.py",
        "_level(right) < max(own + 1, least)", "_level(right) < max(own, least)",
        "a - (b - c) loses its brackets",
    ),
    Fault(
        "interop-logic", f"{_ANNARCHY}/expressions.py",
        "least = _TIGHTEST if operator in _OTHER_LOGIC else own", "least = own",
        "comparisons beside 'and' lose their brackets",
    ),
    Fault(
        "interop-opposite", f"{_ANNARCHY}/expressions.py",
        "return Binary(_OTHER_LOGIC[operator], opposite(left), opposite(right))",
        "return Binary(operator, opposite(left), opposite(right))",
        "not (a and b) is not a and not b",
    ),
    Fault(
        "interop-remainder", f"{_ANNARCHY}/expressions.py",
        "parts = _terms(expression) if ode else _factors(expression)",
        "parts = _factors(expression)",
        "remainders stand in ODEs that SymPy multiplies out",
    ),
    Fault(
        "interop-method", f"{_ANNARCHY}/neurons.py",
        "flags += [] if _is_explicit(entry) else [entry.method]", "flags += []",
        "all ODEs are integrated by explicit Euler",
    ),
    Fault(
        "interop-own-values", f"{_ANNARCHY}/neurons.py",
        "if parameter.local or own else", "if parameter.local else",
        "values of each neuron are set on one number",
    ),
    Fault(
        "interop-neighbours", f"{_ANNARCHY}/neuron_faults.py",
        "if entry not in local and entry.variable in before:",
        "if entry in local and entry.variable in before:",
        "variables of the population may stand behind what reads them",
    ),
    Fault(
        "interop-random-start", f"{_ANNARCHY}/translation.py",
        "elif entry.name in population.parameters or entry.start is not None:",
        "elif entry.name in population.parameters:",
        "one random number for the population is 0",
    ),
    Fault(
        "interop-stop", f"{_ANNARCHY}/translation.py",
        'stop = stop_condition(network.readout) if population.role == "output" else None\n    text',
        "stop = None\n    text",
        "simulate_until has no end",
    ),
    Fault(
        "interop-delay", f"{_ANNARCHY}/translation.py",
        'if entry.delay == 0 and network[entry.pre].role != "linear":', "if False:",
        "spikes that cross at once arrive a step later",
    ),
    Fault(
        "interop-target", f"{_ANNARCHY}/building.py",
        '"target": call.target', '"target": "exc"',
        "inhibition excites",
    ),
)  # fmt: skip
