"""A neuron's text to its NeuronModel."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache

from annconv.distributions import DISTRIBUTIONS, WHOLE
from annconv.neurons.declarations import (
    Flags,
    Header,
    allow_flags,
    check_conductance,
    read_headers,
    read_number,
    read_setting,
    read_value,
    type_of,
)
from annconv.neurons.expressions import Cast, Draw, Expression, Function, Name, Number, names, nodes
from annconv.neurons.functions import read_functions
from annconv.neurons.grammar import CONDUCTANCE, FLAGS, GIVEN_NAMES, METHODS, REFRACTORY
from annconv.neurons.internal import with_last_spike, with_refractory_period
from annconv.neurons.methods import TOGETHER, method_fault
from annconv.neurons.model import (
    Assign,
    NeuronModel,
    Ode,
    OdeSystem,
    Parameter,
    Statement,
    StateVariable,
)
from annconv.neurons.neuron import Neuron
from annconv.neurons.parser import ExpressionParser, Scope, as_condition, as_real, unknown
from annconv.neurons.tokens import Source, Token, joined, tokenize

_TYPE_FLAGS = ("population", "int", "bool")


def parse_neuron(neuron: Neuron) -> NeuronModel:
    """The equations of a neuron as statements; the grammar is ANNarchy's.

    Args:
        neuron: Parameters, equations, conditions and resets as text.
    Raises:
        EquationError: They cannot be understood, or use what is not supported; the message shows
            the place in the text.
    """
    return _parse(neuron)


@dataclass(frozen=True, slots=True)
class _Declared:
    """What the left-hand sides of a neuron's text say.

    Attributes:
        parameters: All of them, those that are written included.
        equations: Statements of `equations`.
        resets: Statements of `reset` and `unreset`.
        written: Parameters that equations or resets write.
    """

    parameters: Mapping[str, Parameter]
    equations: Sequence[Header]
    resets: Mapping[str, Sequence[Header]]
    written: Collection[str]

    @property
    def constants(self) -> dict[str, Parameter]:
        """Parameters that nothing writes."""
        return {name: entry for name, entry in self.parameters.items() if name not in self.written}

    @property
    def variables(self) -> list[str]:
        """Names of the variables, in order."""
        found = [header.name for header in self.equations]
        return found + [name for name in self.written if name not in found]


@lru_cache(maxsize=1024)
def _parse(neuron: Neuron) -> NeuronModel:
    sources = {
        part: Source(neuron.name, part, getattr(neuron, part) or "")
        for part in (entry.name for entry in fields(neuron))
    }
    _check_parts(neuron, sources)
    declared = _declare(sources)
    constants = declared.constants
    scope = Scope(
        known=frozenset((*declared.parameters, *declared.variables, *GIVEN_NAMES)),
        shared=frozenset(name for name, entry in constants.items() if not entry.local),
        variables=frozenset(declared.variables),
        functions=_functions(sources["functions"], declared),
    )
    equations = [
        _equation(sources["equations"], header, declared, scope) for header in declared.equations
    ]
    update = _statements(equations)
    _check_methods(sources["equations"], equations, update)
    variables = _variables(equations, declared)
    _check_shared(sources["equations"], equations, variables, constants)
    spike = _condition(sources["spike"], neuron.spike, scope)
    reset = _reset(sources["reset"], declared.resets["reset"], variables, scope)
    unspike = _condition(sources["unspike"], neuron.unspike, scope)
    unreset = _reset(sources["unreset"], declared.resets["unreset"], variables, scope)
    model = NeuronModel(
        name=neuron.name,
        parameters=tuple(constants.values()),
        variables=tuple(variables.values()),
        update=update,
        spike=spike,
        reset=reset,
        unspike=unspike,
        unreset=unreset,
        emit=_emit(sources["emit"], neuron.emit, variables),
        conductances=(*scope.conductances, *_kept(variables)),
        draws=scope.draws,
    )
    if scope.last_spike:
        model = with_last_spike(model)
    if neuron.refractory is not None:
        model = _with_period(sources["refractory"], model)
    return model


def _kept(variables: Iterable[str]) -> list[str]:
    """Targets whose conductance has an equation of its own, so that it outlasts a step."""
    kept = (name for name in variables if name.startswith(CONDUCTANCE))
    return [name.removeprefix(CONDUCTANCE) for name in kept]


def _with_period(source: Source, model: NeuronModel) -> NeuronModel:
    """The neuron with the refractory period that its text names: a number of ms, or a name."""
    tokens = joined(source)
    known = [*(e.name for e in model.parameters), *(e.name for e in model.variables)]
    if len(tokens) == 2 and tokens[0].kind == "name":
        if tokens[0].text not in known:
            raise unknown(source, tokens[0], "parameter", known)
        return with_refractory_period(model, Name(tokens[0].text))
    period = read_number(source, tokens, "the refractory period")
    if period < 0:
        raise source.error("the refractory period is below 0", tokens[0])
    given = Parameter(REFRACTORY, period, local=True)
    model = replace(model, parameters=(*model.parameters, given))
    return with_refractory_period(model, Name(REFRACTORY))


def _functions(source: Source, declared: _Declared) -> dict[str, Function]:
    """Helper functions by name; none is called like a parameter or a variable."""
    functions = read_functions(source)
    for name in (*declared.parameters, *declared.variables):
        if name in functions:
            place = next(token for token in tokenize(source) if token.text == name)
            raise source.error(f"{name!r} is a parameter or variable as well", place)
    return functions


def _check_parts(neuron: Neuron, sources: Mapping[str, Source]) -> None:
    """A reset needs its condition, and -1 can only be emitted where +1 can."""
    start = Token("end", "", 1, 0)
    pairs = (
        ("reset", "spike"), ("unreset", "unspike"), ("unspike", "spike"), ("refractory", "spike"),
    )  # fmt: skip
    for part, condition in pairs:
        if getattr(neuron, part) is not None and getattr(neuron, condition) is None:
            raise sources[part].error(f"{part} without {condition}: add {condition}=", start)
    if neuron.refractory is not None and neuron.unspike is not None:
        what = "refractory does not say what a negative spike does: leave it or unspike out"
        raise sources["refractory"].error(what, start)


def _declare(sources: Mapping[str, Source]) -> _Declared:
    """All left-hand sides, checked against each other."""
    parameters = _parameters(sources["parameters"])
    equations = read_headers(sources["equations"])
    seen: set[str] = set()
    for header in equations:
        if header.name in seen:
            raise sources["equations"].error(
                f"{header.name!r} has two equations", header.target, hint="join them into one"
            )
        if header.name.startswith(CONDUCTANCE) and header.name in parameters:
            raise sources["equations"].error(
                f"{header.name!r} is a parameter, so it cannot take up what arrives",
                header.target,
                hint="drop the parameter and start the variable with the flag init=",
            )
        if header.ode and header.name in parameters:
            raise sources["equations"].error(
                f"{header.name!r} is a parameter, so it cannot have an ODE",
                header.target,
                hint="drop the parameter and start the variable with the flag init=",
            )
        seen.add(header.name)
    resets = {part: read_headers(sources[part]) for part in ("reset", "unreset")}
    for part, headers in resets.items():
        for header in headers:
            _check_reset_target(sources[part], header, parameters, seen)
    _check_random(sources, parameters, equations, resets)
    targets = {*seen, *(header.name for headers in resets.values() for header in headers)}
    written = [name for name in parameters if name in targets]
    return _Declared(parameters, equations, resets, written)


def _check_random(
    sources: Mapping[str, Source],
    parameters: Mapping[str, Parameter],
    equations: Sequence[Header],
    resets: Mapping[str, Sequence[Header]],
) -> None:
    """A random parameter is read, not written: a variable may start with its values."""
    for part, headers in (("equations", equations), *resets.items()):
        for header in headers:
            if header.name in parameters and parameters[header.name].start is not None:
                raise sources[part].error(
                    f"{header.name!r} is a random parameter, so it cannot be written",
                    header.target,
                    hint=f"write another variable that starts with it: init = {header.name}",
                )


def _check_reset_target(
    source: Source, header: Header, parameters: Mapping[str, Parameter], variables: set[str]
) -> None:
    if header.ode:
        raise source.error("an ODE cannot stand in a reset", header.target)
    if header.name.startswith(CONDUCTANCE) and header.name not in {*variables, *parameters}:
        raise source.error(
            f"{header.name} is empty after every step anyway",
            header.target,
            hint=f"leave it out, or let it last with an equation: d{header.name}/dt = …",
        )
    if header.name not in variables and header.name not in parameters:
        raise unknown(source, header.target, "variable", sorted({*variables, *parameters}))
    if header.name in parameters and not parameters[header.name].local:
        raise source.error(
            f"a spike of one neuron cannot write {header.name!r}, a parameter of the population",
            header.target,
            hint="drop its flag 'population'",
        )


def _parameters(source: Source) -> dict[str, Parameter]:
    """The parameters by name, in order."""
    found: dict[str, Parameter] = {}
    for header in read_headers(source):
        if header.ode or header.operator != "=":
            raise source.error("a parameter is written name = number", header.target)
        if header.name in ("g_exc", "g_inh"):
            raise source.error(
                f"{header.name} is what arrives, so it cannot be a parameter",
                header.target,
                hint="give the parameter another name",
            )
        if header.name in found:
            raise source.error(f"the parameter {header.name!r} stands twice", header.target)
        colon = next(
            (index for index, token in enumerate(header.tokens) if token.is_symbol(":")),
            len(header.tokens) - 1,
        )
        end = Token("end", "", header.tokens[colon].line, header.tokens[colon].column)
        written = (*header.tokens[:colon], end)
        random = written[0].text in DISTRIBUTIONS
        value = 0.0 if random else read_number(source, written, f"the parameter {header.name!r}")
        # The whole statement once more, for its flags and anything that is left over.
        start, flags = read_value(source, header, Scope(frozenset(), spiking=random))
        allow_flags(source, flags, _TYPE_FLAGS, "a parameter")
        named = any(token.text in ("True", "False") for token in written)
        type_ = "bool" if named and type_of(flags) == "float" else type_of(flags)
        _check_type(source, written[0], value, type_)
        draw = _random_start(source, header, start, type_) if random else None
        found[header.name] = Parameter(header.name, value, "population" not in flags, type_, draw)
    return found


def _random_start(source: Source, header: Header, value: Expression, type_: str) -> Draw:
    """The distribution of a random parameter, which must be all that stands there."""
    if not isinstance(value, Draw):
        what = "a random parameter is one distribution and nothing else"
        raise source.error(what, header.tokens[0], hint=f"{header.name} = Uniform(0, 1)")
    if type_ == "bool" or (type_ == "int" and value.distribution not in WHOLE):
        place = header.tokens[0]
        raise source.error(f"{value.distribution} gives no numbers of type {type_}", place)
    return value


def _check_type(source: Source, token: Token, value: float, type_: str) -> None:
    """A number of type int is whole, one of type bool is 0 or 1."""
    if type_ == "int" and not value.is_integer():
        raise source.error(f"{value!r} is not a whole number, as the flag 'int' says", token)
    if type_ == "bool" and value not in (0.0, 1.0):
        raise source.error(f"{value!r} is not True or False, as the flag 'bool' says", token)


@dataclass(frozen=True, slots=True)
class _Equation:
    """A statement of `equations`, understood."""

    header: Header
    statement: Assign | Ode
    variable: StateVariable


def _equation(source: Source, header: Header, declared: _Declared, scope: Scope) -> _Equation:
    value, flags = read_value(source, header, scope)
    allowed = FLAGS if header.ode else tuple(name for name in FLAGS if name not in METHODS)
    allow_flags(source, flags, allowed, "an assignment")
    variable = _state_variable(source, header, flags, declared)
    check_conductance(source, header, variable)
    if header.ode and variable.type != "float":
        raise source.error(
            f"{header.name!r} has an ODE, so it cannot be of type {variable.type}", header.target
        )
    minimum, maximum = (
        _setting(source, flags, name, variable, declared) for name in ("min", "max")
    )
    match minimum, maximum:
        case Number(low), Number(high) if low > high:
            raise source.error("min is above max", flags["min"].token)
    if header.ode:
        method = next((name for name in METHODS if name in flags), "explicit")
        ode = Ode(header.name, as_real(value), minimum, maximum, method)
        return _Equation(header, ode, variable)
    stored = _as_type(value, variable.type)
    return _Equation(header, Assign(header.name, stored, minimum, maximum), variable)


def _state_variable(
    source: Source, header: Header, flags: Flags, declared: _Declared
) -> StateVariable:
    """The variable that an equation declares; one that is a parameter as well starts as that."""
    local, type_ = "population" not in flags, type_of(flags)
    parameter = declared.parameters.get(header.name)
    if parameter is None:
        draft = StateVariable(header.name, Number(0.0), local, type_)
        start = _setting(source, flags, "init", draft, declared)
        return StateVariable(header.name, start or Number(0.0), local, type_)
    if "init" in flags:
        raise source.error(
            f"{header.name!r} is a parameter and starts with its value", flags["init"].token
        )
    if (not local and parameter.local) or type_ not in ("float", parameter.type):
        raise source.error(
            f"the flags differ from those of the parameter {header.name!r}", header.target
        )
    return StateVariable(header.name, Number(parameter.value), parameter.local, parameter.type)


def _setting(
    source: Source, flags: Flags, name: str, variable: StateVariable, declared: _Declared
) -> Expression | None:
    """Value of the flag `init`, `min` or `max`, None where it is not given."""
    if name not in flags:
        return None
    constants, token = declared.constants, flags[name].value[0]
    setting = read_setting(source, flags[name], constants, (*declared.variables, *GIVEN_NAMES))
    if isinstance(setting, Number):
        _check_type(source, token, setting.value, variable.type)
    elif isinstance(setting, Name):
        parameter = constants[setting.name]
        if variable.type not in ("float", parameter.type):
            raise source.error(
                f"{variable.name!r} is of type {variable.type}, {setting.name!r} of type "
                f"{parameter.type}",
                token,
            )
        if parameter.local and not variable.local:
            raise source.error(
                f"{variable.name!r} belongs to the population, so its {name} cannot be a "
                "local parameter",
                token,
                hint=f"flag {setting.name} as population",
            )
    return setting


def _as_type(value: Expression, type_: str) -> Expression:
    """The value as a variable of that type keeps it."""
    if type_ == "int":
        return Cast("int", as_real(value))
    if type_ == "bool":
        return Cast("real", as_condition(value))
    return as_real(value)


def _variables(equations: Sequence[_Equation], declared: _Declared) -> dict[str, StateVariable]:
    """All variables by name: those with an equation, then parameters that only a reset writes."""
    found = {entry.variable.name: entry.variable for entry in equations}
    for name in declared.written:
        if name not in found:
            parameter = declared.parameters[name]
            start = Number(parameter.value)
            found[name] = StateVariable(name, start, parameter.local, parameter.type)
    return found


def _check_shared(
    source: Source,
    equations: Sequence[_Equation],
    variables: Mapping[str, StateVariable],
    constants: Mapping[str, Parameter],
) -> None:
    """A variable of the population reads only what is the same for all neurons."""
    shared = {name for name, entry in variables.items() if not entry.local}
    shared |= {name for name, entry in constants.items() if not entry.local}
    shared |= set(GIVEN_NAMES)
    for entry in equations:
        if entry.variable.local:
            continue
        statement = entry.statement
        value = statement.gradient if isinstance(statement, Ode) else statement.value
        what = f"{entry.variable.name!r} belongs to the population, so it cannot "
        if any(isinstance(node, Draw) for node in nodes(value)):
            place = next(token for token in entry.header.tokens if token.text in DISTRIBUTIONS)
            raise source.error(f"{what}be random", place, hint="drop its flag 'population'")
        for token in entry.header.tokens:
            local = names(value, previous=False) - shared
            if token.kind == "name" and token.text in local:
                raise source.error(
                    f"{what}read {token.text!r}, which differs between neurons",
                    token,
                    hint="drop its flag 'population'",
                )


def _statements(equations: Sequence[_Equation]) -> tuple[Statement, ...]:
    """Assignments and systems of neighbouring ODEs."""
    found: list[Statement] = []
    for entry in equations:
        if isinstance(entry.statement, Assign):
            found.append(entry.statement)
        elif found and isinstance(found[-1], OdeSystem):
            found[-1] = OdeSystem((*found[-1].equations, entry.statement))
        else:
            found.append(OdeSystem((entry.statement,)))
    return tuple(found)


def _check_methods(
    source: Source, equations: Sequence[_Equation], update: Sequence[Statement]
) -> None:
    """Every ODE suits its method, and at most one method takes several equations together."""
    headers = {entry.header.name: entry.header for entry in equations}
    together = ""
    systems = (statement for statement in update if isinstance(statement, OdeSystem))
    for system, ode in ((entry, ode) for entry in systems for ode in entry.equations):
        header = headers[ode.variable]
        place = next((e for e in header.tokens if e.text == ode.method), header.target)
        fault = method_fault(system, ode)
        if fault is not None:
            raise source.error(fault, place, hint="midpoint and rk4 take any equation")
        if ode.method in TOGETHER and together not in ("", ode.method):
            what = f"the methods {together!r} and {ode.method!r} cannot be mixed in one neuron"
            raise source.error(what, place)
        together = ode.method if ode.method in TOGETHER else together


def _condition(source: Source, text: str | None, scope: Scope) -> Expression | None:
    if text is None:
        return None
    parser = ExpressionParser(source, joined(source), scope)
    condition = as_condition(parser.value())
    parser.finish()
    return condition


def _reset(
    source: Source, headers: Sequence[Header], variables: Mapping[str, StateVariable], scope: Scope
) -> tuple[Assign, ...]:
    found: list[Assign] = []
    for header in headers:
        value, flags = read_value(source, header, scope)
        allow_flags(source, flags, (), "an assignment at a spike")
        variable = variables[header.name]
        if not variable.local:
            raise source.error(
                f"a spike of one neuron cannot write {header.name!r}, a variable of the population",
                header.target,
                hint="drop its flag 'population'",
            )
        found.append(Assign(header.name, _as_type(value, variable.type)))
    return tuple(found)


def _emit(source: Source, name: str | None, variables: Mapping[str, StateVariable]) -> str | None:
    """The variable that is passed on instead of spikes."""
    if name is None:
        return None
    tokens = joined(source)
    if len(tokens) != 2 or tokens[0].kind != "name":
        raise source.error("emit names one variable", tokens[0])
    if tokens[0].text not in variables:
        raise unknown(source, tokens[0], "variable", sorted(variables))
    return tokens[0].text
