"""Drop what nobody reads: variables, and what serves them alone."""

from __future__ import annotations

from dataclasses import replace

from annconv.neurons.expressions import Expression, names
from annconv.neurons.model import Assign, NeuronModel, Ode, OdeSystem, Statement
from annconv.plan.kernels import Kernel, LayerKernel, OperatorKernel, UpdateKernel
from annconv.plan.plan import Plan


def liveness(plan: Plan) -> Plan:
    """Keep the variables on which spikes, other kernels or the read-out depend."""
    if any(isinstance(kernel, LayerKernel) for kernel in plan.kernels):
        return plan  # layers are made of live kernels
    read = {kernel.source for kernel in plan.kernels if isinstance(kernel, OperatorKernel)}
    read |= {buffer for _, buffer in plan.readout.variables}
    kernels = tuple(
        _pruned(kernel, read) if isinstance(kernel, UpdateKernel) else kernel
        for kernel in plan.kernels
    )
    before = {name for kernel in plan.kernels for name in _variable_arrays(kernel)}
    after = {name for kernel in kernels for name in _variable_arrays(kernel)}
    dropped = before - after
    return replace(
        plan,
        kernels=kernels,
        buffers=tuple(entry for entry in plan.buffers if entry.name not in dropped),
        packed=tuple(entry for entry in plan.packed if entry.name not in dropped),
    )


def _variable_arrays(kernel: Kernel) -> set[str]:
    """Buffers and packed arrays that serve a kernel's variables and parameters."""
    if not isinstance(kernel, UpdateKernel):
        return set()
    arrays = {entry.buffer for entry in kernel.variables}
    arrays |= {entry.initial for entry in kernel.variables if entry.initial is not None}
    return arrays | {entry.packed for entry in kernel.parameters}


def _pruned(kernel: UpdateKernel, read: set[str]) -> UpdateKernel:
    wanted = {entry.name for entry in kernel.variables if entry.buffer in read}
    model = _live_model(kernel.model, wanted)
    reads = model.reads()
    kept = {entry.name for entry in model.variables}
    return replace(
        kernel,
        model=model,
        variables=tuple(entry for entry in kernel.variables if entry.name in kept),
        parameters=tuple(entry for entry in kernel.parameters if entry.name in reads),
    )


def _live_model(model: NeuronModel, wanted: set[str]) -> NeuronModel:
    """The model without variables on which neither spikes nor the wanted variables depend."""
    live = set(wanted)
    for condition in (model.spike, model.unspike):
        live |= set() if condition is None else names(condition)
    needs = _dependencies(model)
    pending = list(live)
    while pending:
        for name in needs.get(pending.pop(), frozenset()) - live:
            live.add(name)
            pending.append(name)
    update = (_live_statement(statement, live) for statement in model.update)
    return replace(
        model,
        variables=tuple(entry for entry in model.variables if entry.name in live),
        update=tuple(statement for statement in update if statement is not None),
        reset=tuple(entry for entry in model.reset if entry.variable in live),
        unreset=tuple(entry for entry in model.unreset if entry.variable in live),
    )


def _dependencies(model: NeuronModel) -> dict[str, frozenset[str]]:
    """Variable -> every name that a statement which changes it reads."""
    needs: dict[str, frozenset[str]] = {}
    entries: list[Assign | Ode] = [*model.reset, *model.unreset]
    for statement in model.update:
        entries += statement.equations if isinstance(statement, OdeSystem) else (statement,)
    solved = {
        entry.variable: frozenset(other.variable for other in statement.of("implicit"))
        for statement in model.update
        if isinstance(statement, OdeSystem)
        for entry in statement.of("implicit")
    }
    for entry in entries:
        reads = frozenset().union(*(names(part) for part in _parts(entry)))
        if isinstance(entry, Ode):  # one system of equations stays whole, to the last bit
            reads |= solved.get(entry.variable, frozenset())
        needs[entry.variable] = needs.get(entry.variable, frozenset()) | reads
    return needs


def _parts(entry: Assign | Ode) -> list[Expression]:
    value = entry.gradient if isinstance(entry, Ode) else entry.value
    return [value, *(bound for bound in (entry.minimum, entry.maximum) if bound is not None)]


def _live_statement(statement: Statement, live: set[str]) -> Statement | None:
    """What is left of a statement, None where nothing is."""
    if isinstance(statement, OdeSystem):
        equations = tuple(entry for entry in statement.equations if entry.variable in live)
        return replace(statement, equations=equations) if equations else None
    return statement if statement.variable in live else None
