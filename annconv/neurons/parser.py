"""Expressions of a neuron's equations, by precedence climbing; nothing is ever evaluated as Python.

Precedence, lowest first: `or`, `and`, `not`, comparisons, `+ -`, `* /`, unary minus, `^` (also
written `**`, right-associative).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType

from annconv.distributions import DISTRIBUTIONS, Distribution, argument_fault
from annconv.errors import EquationError
from annconv.neurons.constants import constant
from annconv.neurons.expressions import (
    COMPARISONS,
    FUNCTIONS,
    LOGIC,
    Binary,
    Call,
    Cast,
    Choice,
    Draw,
    Expression,
    Function,
    Name,
    Negate,
    Not,
    Number,
    Statistic,
    children,
    kind,
    nodes,
)
from annconv.neurons.grammar import (
    ALIASES,
    CALLABLE,
    CONDUCTANCE,
    KEYWORDS,
    LAST_SPIKE,
    READ_OUT_STATISTICS,
    REFUSED_NAMES,
    RESCALED,
    STATISTICS,
)
from annconv.neurons.tokens import ASSIGNMENTS, Source, Token

MAX_DEPTH = 100
"""Deepest nesting of an expression; a sum of more terms than this is refused as well."""
MAX_NODES = 10_000
"""Most parts of an expression once all functions are written out."""
MAX_DRAWS = 2**16
"""Most random numbers of a neuron in a step: the random generator's counter has that much room."""

_LEVELS = (
    ("or",),
    ("and",),
    ("not",),
    ("is", *COMPARISONS),
    ("+", "-"),
    ("*", "/"),
    ("unary minus",),
    ("^", "**"),
)
_BINDING: Mapping[str, int] = MappingProxyType(
    {operator: level for level, operators in enumerate(_LEVELS) for operator in operators}
)
_NOT, _COMPARISON = _BINDING["not"], _BINDING["is"]
_UNARY, _POWER = _BINDING["unary minus"], _BINDING["^"]


@dataclass(slots=True)
class Scope:
    """What the expressions of one neuron may read, and what they were found to read.

    Attributes:
        known: Names of parameters and variables, and the given ones.
        shared: Parameters that have one value for the population: what distributions may take.
        variables: Variables, of which population-wide functions may be taken.
        functions: The neuron's own functions.
        spiking: Whether conductances and random numbers are known at all (not in a read-out).
        conductances: Targets found, in order of appearance.
        draws: Random draws found.
        last_spike: Whether the time of the last spike was found.
    """

    known: frozenset[str]
    shared: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()
    functions: Mapping[str, Function] = field(default_factory=dict)
    spiking: bool = True
    conductances: list[str] = field(default_factory=list)
    draws: int = 0
    last_spike: bool = False

    def listed(self) -> list[str]:
        """All names, sorted, for messages."""
        return sorted({*self.known, *(("g_exc",) if self.spiking else ())})


def as_real(expression: Expression) -> Expression:
    """The expression as a real number: a truth value becomes 0 or 1."""
    return expression if kind(expression) == "real" else Cast("real", expression)


def as_condition(expression: Expression) -> Expression:
    """The expression as a truth value: a real number becomes `!= 0`."""
    return expression if kind(expression) == "bool" else Cast("bool", expression)


class ExpressionParser:
    """Reads one expression from a run of tokens that ends with an "end" token.

    Args:
        source: The text.
        tokens: The run.
        scope: What may be read.
        slope: The slope of an ODE that is one name in the run, "dv/dt" for instance.
    """

    def __init__(
        self, source: Source, tokens: Sequence[Token], scope: Scope, slope: str = ""
    ) -> None:
        self.source = source
        self.scope = scope
        self._slope = slope
        self._tokens = tokens
        self._position = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self._tokens[self._position]

    def advance(self) -> Token:
        """Take the next token; the "end" token stays."""
        token = self.token
        if token.kind != "end":
            self._position += 1
        return token

    def finish(self) -> None:
        """Check that nothing is left."""
        if self.token.kind != "end":
            raise self._unexpected(self.token)

    def rest(self) -> Sequence[Token]:
        """The tokens that are left, an "end" token last."""
        return self._tokens[self._position :]

    def value(self) -> Expression:
        """A whole right-hand side: an expression, or `if condition: value else: value`.

        Raises:
            EquationError: It cannot be understood, or is nested too deeply.
        """
        start = self.token
        expression = self._branches() if start.text == "if" else self.expression()
        return self._shallow(expression, start)

    def _branches(self) -> Expression:
        """`if condition: value else: value`, the values possibly such choices themselves."""
        start = self._enter()
        condition = as_condition(self.expression())
        self._expect(":", "':' must follow the condition of 'if'", start)
        then = self._branch()
        if self.token.text != "else":
            raise self.source.error("'if' without 'else'", start, hint="if c: a else: b")
        keyword = self.advance()
        self._expect(":", "':' must follow 'else'", keyword)
        otherwise = self._branch()
        self._depth -= 1
        return Choice(condition, then, otherwise)

    def _branch(self) -> Expression:
        return as_real(self._branches() if self.token.text == "if" else self.expression())

    def expression(self, floor: int = 0) -> Expression:
        """An expression of operators that bind at least as strongly as `floor`."""
        self._enter(take=False)
        left = self._prefix(floor)
        compared = False
        while (power := self._binding()) >= floor:
            token = self.advance()
            operator = self._operator(token)
            if power == _COMPARISON and compared:
                raise self.source.error(
                    "comparisons cannot be chained", token, hint="write a < b and b < c"
                )
            compared = power == _COMPARISON
            if power == _POWER:
                left = _power(as_real(left), as_real(self.expression(_UNARY)))
            else:
                left = _binary(operator, left, self.expression(power + 1))
        self._depth -= 1
        return left

    def _binding(self) -> int:
        """How strongly the next token binds as a binary operator, -1 if it is none."""
        return -1 if self.token.text == "not" else _BINDING.get(self.token.text, -1)

    def _operator(self, token: Token) -> str:
        """The operator of a token; `is` and `is not` compare."""
        if token.text != "is":
            return token.text
        if self.token.text == "not":
            self.advance()
            return "!="
        return "=="

    def _prefix(self, floor: int) -> Expression:
        token = self.advance()
        if token.text == "not":
            if floor > _NOT:
                raise self.source.error("'not' needs parentheses here", token, hint="(not a)")
            return Not(as_condition(self.expression(_NOT)))
        if token.is_symbol("-"):
            return Negate(as_real(self.expression(_UNARY)))
        if token.is_symbol("+"):
            return as_real(self.expression(_UNARY))
        if token.is_symbol("("):
            inner = self.expression()
            self._expect(")", "'(' is never closed", token)
            return inner
        if token.kind == "number":
            return Number(float(token.text))
        if token.kind == "name" and token.text in ("True", "False"):
            return Number(float(token.text == "True"))
        if token.kind == "name" and token.text not in KEYWORDS:
            return self._call(token) if self.token.is_symbol("(") else self._name(token)
        raise self._unexpected(token)

    def _name(self, token: Token) -> Expression:
        name = token.text
        if name in self.scope.known or name == self._slope:
            return Name(name)
        if self.scope.spiking and name.startswith(CONDUCTANCE) and name != CONDUCTANCE:
            target = name.removeprefix(CONDUCTANCE)
            if target not in self.scope.conductances:
                self.scope.conductances.append(target)
            return Name(name)
        if self.scope.spiking and name == LAST_SPIKE:
            self.scope.last_spike = True
            return Name(name)
        if name in REFUSED_NAMES:
            what, hint = REFUSED_NAMES[name]
            raise self.source.error(what, token, hint=hint)
        if name in CALLABLE or name in self.scope.functions:
            raise self.source.error(f"{name!r} is a function", token, hint=f"write {name}(…)")
        raise unknown(self.source, token, "name", self.scope.listed())

    def _call(self, token: Token) -> Expression:
        if token.text in self.scope.functions:
            return self._own_call(token, self.scope.functions[token.text])
        read_out = not self.scope.spiking and token.text in READ_OUT_STATISTICS
        if token.text in STATISTICS or read_out:
            return self._statistic(token)
        if token.text not in CALLABLE:
            if token.text in self.scope.known:
                raise self.source.error(
                    f"{token.text!r} is not a function", token, hint="write '*' to multiply"
                )
            raise unknown(self.source, token, "function", (*CALLABLE, *self.scope.functions))
        name = ALIASES.get(token.text, token.text)
        if name in DISTRIBUTIONS:
            return self._draw(token, DISTRIBUTIONS[name])
        arguments = self._arguments(token, 3 if name == "ite" else FUNCTIONS[name])
        if name == "ite":
            condition, then, otherwise = arguments
            return Choice(as_condition(condition), as_real(then), as_real(otherwise))
        if name == "pow":
            return _power(as_real(arguments[0]), as_real(arguments[1]))
        return Call(name, tuple(as_real(argument) for argument in arguments))

    def _arguments(self, token: Token, expected: int) -> list[Expression]:
        """The arguments of the function that `token` names, in parentheses."""
        opening = self.advance()
        arguments: list[Expression] = []
        if not self.token.is_symbol(")"):
            arguments.append(self.expression())
            while self.token.is_symbol(","):
                self.advance()
                arguments.append(self.expression())
        self._expect(")", "'(' is never closed", opening)
        if len(arguments) != expected:
            raise self.source.error(
                f"{token.text}() takes {expected} argument{'s' * (expected > 1)}, "
                f"received {len(arguments)}",
                token,
            )
        return arguments

    def _draw(self, token: Token, distribution: Distribution) -> Expression:
        """A random number; its arguments are numbers or population-wide parameters."""
        written = self._arguments(token, len(distribution.arguments))
        if not self.scope.spiking:
            raise self.source.error("random numbers have no place here", token)
        values = [constant(self._shallow(argument, token)) for argument in written]
        arguments: list[Expression] = []
        for value, argument in zip(values, written, strict=True):
            if value is not None:
                arguments.append(Number(value))
            elif isinstance(argument, Name) and argument.name in self.scope.shared:
                arguments.append(argument)
            else:
                raise self.source.error(
                    f"the arguments of {token.text} are numbers or parameters with the flag "
                    "'population'",
                    token,
                    hint=RESCALED.get(token.text, ""),
                )
        fault = argument_fault(token.text, values)
        if fault is not None:
            raise self.source.error(fault, token)
        index = self.scope.draws
        self.scope.draws += distribution.counters
        if self.scope.draws > MAX_DRAWS:
            raise self.source.error(f"a neuron draws more than {MAX_DRAWS} numbers a step", token)
        return Draw(token.text, tuple(arguments), index)

    def _statistic(self, token: Token) -> Expression:
        """`mean(v)` and its like, of one variable."""
        opening = self.advance()
        name = self.advance()
        if name.kind != "name" or not self.token.is_symbol(")"):
            hint = {"max": "of two values: ite(a > b, a, b)", "min": "of two: ite(a < b, a, b)"}
            raise self.source.error(
                f"{token.text}() is taken of one variable of the population",
                token,
                hint=hint.get(token.text, "give the expression a variable of its own"),
            )
        self._expect(")", "'(' is never closed", opening)
        if not self.scope.spiking and not self.scope.variables:
            raise self.source.error(f"{token.text}() has no place here", token)
        if name.text not in self.scope.variables:
            raise unknown(self.source, name, "variable", sorted(self.scope.variables))
        return Statistic(token.text, name.text)

    def _own_call(self, token: Token, function: Function) -> Expression:
        """A call of one of the neuron's own functions, written out."""
        arguments = self._arguments(token, len(function.arguments))
        called = function.called([as_real(argument) for argument in arguments])
        if any(count >= MAX_NODES for count, _ in enumerate(nodes(called))):
            raise self.source.error(
                f"with all functions written out the expression has over {MAX_NODES} parts",
                token,
                hint="split it into several assignments",
            )
        return called

    def _enter(self, *, take: bool = True) -> Token:
        """Go one level deeper, taking the keyword that opens it where `take`."""
        token = self.advance() if take else self.token
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._too_deep(token)
        return token

    def _shallow(self, expression: Expression, start: Token) -> Expression:
        """The expression, refused where functions that descend into it would not come back."""
        if _height(expression) > MAX_DEPTH:
            raise self._too_deep(start)
        return expression

    def _too_deep(self, token: Token) -> EquationError:
        return self.source.error(
            f"the expression is nested more than {MAX_DEPTH} levels deep",
            token,
            hint="split it into several assignments",
        )

    def _expect(self, symbol: str, what: str, place: Token) -> None:
        """Take `symbol`; where it is missing at the end of the text, blame `place`."""
        if self.token.is_symbol(symbol):
            self.advance()
        elif self.token.kind == "end" or symbol == ":":
            raise self.source.error(what, place)
        else:
            raise self._unexpected(self.token)

    def _unexpected(self, token: Token) -> EquationError:
        if token.kind == "end":
            before = self._tokens[self._position - 1] if self._position else token
            if before is token:
                return self.source.error("an expression is missing", token)
            return self.source.error(f"an expression is missing after {before.text!r}", token)
        if token.is_symbol("="):
            return self.source.error(
                "'=' assigns, and stands once in an equation", token, hint="'==' compares"
            )
        if token.is_symbol(*ASSIGNMENTS):
            return self.source.error(f"{token.text!r} cannot stand within an expression", token)
        if token.is_symbol(")"):
            return self.source.error("')' without '('", token)
        if token.text == "if":
            return self.source.error(
                "'if' must be the whole right-hand side", token, hint="use ite(condition, a, b)"
            )
        return self.source.error(f"{token.text!r} is not expected here", token)


def unknown(source: Source, token: Token, what: str, known: Iterable[str]) -> EquationError:
    """The error for a name, function or flag that does not exist, with the nearest that does."""
    listed = list(known)
    folded = {entry.lower(): entry for entry in listed}
    close = get_close_matches(token.text.lower(), folded, n=1, cutoff=0.5)
    nearest = f". Nearest: {folded[close[0]]!r}" if close else ""
    hint = f"known: {', '.join(listed)}"
    return source.error(f"unknown {what} {token.text!r}{nearest}", token, hint=hint)


def _binary(operator: str, left: Expression, right: Expression) -> Expression:
    as_operand = as_condition if operator in LOGIC else as_real
    return Binary(operator, as_operand(left), as_operand(right))


def _power(base: Expression, exponent: Expression) -> Expression:
    """A power; the square and the cube of a name are products."""
    if isinstance(base, Name) and exponent in (Number(2.0), Number(3.0)):
        square = Binary("*", base, base)
        return square if exponent == Number(2.0) else Binary("*", square, base)
    return Call("pow", (base, exponent))


def _height(expression: Expression) -> int:
    """Length of the longest way down the tree, found without recursion."""
    highest, level = 0, [expression]
    while level:
        highest += 1
        level = [child for node in level for child in children(node)]
    return highest
