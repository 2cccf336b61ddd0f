"""Expressions in the notation that ANNarchy's parser reads.

ANNarchy hands an equation to SymPy and prints what comes back as C. What would become something
else on that way is not written but raised as `NotSaid`.
"""

from __future__ import annotations

from collections.abc import Collection

from annconv.neurons.expressions import (
    ARITHMETIC,
    Binary,
    Call,
    Cast,
    Choice,
    Draw,
    Expression,
    Name,
    Negate,
    Not,
    Number,
    Statistic,
    nodes,
)

MODULO = "modulo"
_COMPLEMENTS = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
_OTHER_LOGIC = {"and": "or", "or": "and"}
_LEVELS = {
    "or": 0, "and": 1, **dict.fromkeys(_COMPLEMENTS, 2), "+": 3, "-": 3, "*": 4, "/": 4, "^": 5,
}  # fmt: skip
_TIGHTEST = 6


class NotSaid(Exception):  # noqa: N818  (it never leaves the package)
    """Something that ANNarchy computes differently, or does not know.

    Attributes:
        what: It, as a few words.
        why: The reason, as half a sentence.
        instead: What the user can do, as half a sentence.
    """

    def __init__(self, what: str, why: str, instead: str) -> None:
        super().__init__(what)
        self.what, self.why, self.instead = what, why, instead


def written(expression: Expression) -> str:
    """A real number, or a truth value as a condition; the tree can be read off its brackets.

    Args:
        expression: Of a parsed neuron.
    Raises:
        NotSaid: ANNarchy has no such thing.
    """
    match expression:
        case Number(value):
            return repr(value)
        case Name(name):
            return name
        case Negate(operand):
            return f"-{_bracketed(operand, _level(operand) < _TIGHTEST)}"
        case Not(operand):
            return written(opposite(operand))
        case Binary(operator, left, right):
            return _binary(operator, left, right)
        case Call(function, arguments):
            return _call(function, arguments)
        case Choice(condition, then, otherwise):
            return f"ite({written(condition)}, {written(then)}, {written(otherwise)})"
        case Draw(distribution, arguments, _):
            return f"{distribution}({', '.join(map(written, arguments))})"
        case Cast("real", operand):
            return f"ite({written(operand)}, 1.0, 0.0)"
        case Cast("bool", operand):
            return written(Binary("!=", operand, Number(0.0)))
        case Cast():
            what = "a number that is cut to a whole one inside an equation"
            raise NotSaid(what, "ANNarchy cuts where it assigns", "a variable with the flag 'int'")
        case Statistic(function, variable):
            raise NotSaid(
                f"{function}({variable})",
                "after a reset ANNarchy reads what the run before left of it",
                "a population of one neuron that all others project onto",
            )


def _binary(operator: str, left: Expression, right: Expression) -> str:
    own = _LEVELS[operator]
    # ANNarchy makes `&` of `and`, which binds more tightly than a comparison.
    least = _TIGHTEST if operator in _OTHER_LOGIC else own
    sign = isinstance(left, Negate) and operator in ARITHMETIC
    first = _bracketed(left, _level(left) < least and not sign)
    last = _bracketed(right, _level(right) < max(own + 1, least))
    space = "" if operator in ("*", "/") else " "
    return f"{first}{space}{operator}{space}{last}"


def _level(expression: Expression) -> int:
    """How tightly what is written of an expression holds together."""
    match expression:
        case Binary(operator, _, _):
            return _LEVELS[operator]
        case Call("pow", _):
            return _LEVELS["^"]
        case Call("fma", _):
            return _LEVELS["+"]
        case Cast("bool", _):
            return _LEVELS["!="]
        case Not(operand):
            return _level(opposite(operand))
        case Negate():
            return _LEVELS["-"]
        case Number(value) if value < 0:
            return _LEVELS["-"]
        case _:
            return _TIGHTEST


def _bracketed(expression: Expression, needed: bool) -> str:
    return f"({written(expression)})" if needed else written(expression)


def _call(function: str, arguments: tuple[Expression, ...]) -> str:
    if function == "pow":
        return "^".join(_bracketed(part, _level(part) < _TIGHTEST) for part in arguments)
    if function == "erf":
        raise NotSaid("erf(x)", "its equations have no such function", "tanh(1.2*x), nearly")
    if function == "fma":
        # On a processor that can, ANNarchy's compiler rounds such a sum once by itself.
        factor, other, added = arguments
        return written(Binary("+", Binary("*", factor, other), added))
    return f"{function}({', '.join(map(written, arguments))})"


def opposite(condition: Expression) -> Expression:
    """The condition that holds where another does not, without a `not`."""
    match condition:
        case Not(operand):
            return operand
        case Binary(operator, left, right) if operator in _OTHER_LOGIC:
            return Binary(_OTHER_LOGIC[operator], opposite(left), opposite(right))
        case Binary(operator, left, right) if operator in _COMPLEMENTS:
            return Binary(_COMPLEMENTS[operator], left, right)
        case Cast("bool", operand):
            return Binary("==", operand, Number(0.0))
        case _:
            raise ValueError(f"{condition} is no condition")


def check_modulo(expression: Expression, *, ode: bool) -> None:
    """Refuse a remainder that ANNarchy's macro, `a % b` without brackets, tears apart.

    Args:
        expression: The right-hand side of an equation.
        ode: Whether it is that of an ODE, whose terms SymPy multiplies out.
    Raises:
        NotSaid: A remainder is a factor, or may become one.
    """
    parts = _terms(expression) if ode else _factors(expression)
    if any(isinstance(part, Call) and part.function == MODULO for part in parts):
        raise NotSaid(
            "a remainder (modulo) that is multiplied, divided or a term of an ODE",
            "ANNarchy writes it without brackets",
            "a variable that is nothing but the remainder, and that one in this equation",
        )


def _bare(expression: Expression) -> Expression:
    while isinstance(expression, Negate):
        expression = expression.operand
    return expression


def _factors(expression: Expression) -> list[Expression]:
    """Operands of products, quotients and powers, without their signs."""
    found: list[Expression] = []
    for node in nodes(expression):
        if isinstance(node, Binary) and node.operator in ("*", "/"):
            found += [_bare(node.left), _bare(node.right)]
        elif isinstance(node, Call) and node.function in ("pow", "fma"):
            factors = node.arguments[:1] if node.function == "pow" else node.arguments[:2]
            found += map(_bare, factors)
    return found


def _terms(expression: Expression) -> list[Expression]:
    """What sums, products and powers are made of, without the arguments of other functions."""
    expression = _bare(expression)
    if isinstance(expression, Binary) and expression.operator in ARITHMETIC:
        return [*_terms(expression.left), *_terms(expression.right)]
    if isinstance(expression, Call) and expression.function in ("pow", "fma"):
        return [term for argument in expression.arguments for term in _terms(argument)]
    return [expression]


def check_division(expression: Expression, whole: Collection[str]) -> None:
    """Refuse a quotient of whole numbers, which C cuts.

    Args:
        expression: The right-hand side of an equation.
        whole: Names of parameters and variables of type int or bool.
    Raises:
        NotSaid: There is one.
    """
    for node in nodes(expression):
        if isinstance(node, Binary) and node.operator == "/":
            sides = (_is_whole(node.left, whole), _is_whole(node.right, whole))
            if all(sides):
                raise NotSaid(
                    f"the quotient {written(node)} of whole numbers",
                    "ANNarchy's C++ cuts it",
                    "a divisor without the flag 'int' or 'bool'",
                )


def _is_whole(expression: Expression, whole: Collection[str]) -> bool:
    """Whether C has only whole numbers in it."""
    match expression:
        case Name(name):
            return name in whole
        case Negate(operand) | Cast("int", operand):
            return _is_whole(operand, whole)
        case Binary(operator, left, right) if operator in ARITHMETIC:
            return _is_whole(left, whole) and _is_whole(right, whole)
        case _:
            return False


def check_comparisons(gradient: Expression) -> None:
    """Refuse signs of an ODE that ANNarchy takes for the one between its sides.

    Raises:
        NotSaid: A comparison has an equals sign.
    """
    text = written(gradient)
    for sign in ("<=", ">=", "==", "!="):
        if sign in text:
            raise NotSaid(
                f"the comparison '{sign}' in an ODE",
                "ANNarchy takes its '=' for that of the equation",
                "'<' or '>', or a variable with the flag 'bool' that holds the comparison",
            )


def check_draws(expression: Expression) -> None:
    """Refuse two random numbers that ANNarchy cannot tell apart.

    Raises:
        NotSaid: Two draws of an equation have the same text.
    """
    texts = [written(node) for node in nodes(expression) if isinstance(node, Draw)]
    for text in texts:
        if texts.count(text) > 1:
            raise NotSaid(
                f"two draws {text} in one equation",
                "ANNarchy draws once for both",
                "an equation of its own for each",
            )
