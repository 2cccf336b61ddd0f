"""Text of a neuron's equations to tokens and statements, each with its place for error messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from annconv.errors import EquationError

TokenKind = Literal["number", "name", "symbol", "separator", "end"]

ASSIGNMENTS = ("=", "+=", "-=", "*=", "/=")

_PATTERN = re.compile(
    r"""
    (?P<space>   [ \t\r]+ | \#[^\n]* )
  | (?P<number>  (?: [0-9]+ \.? [0-9]* | \. [0-9]+ ) (?: [eE] [+-]? [0-9]+ )? )
  | (?P<name>    [A-Za-z_] [A-Za-z0-9_]* )
  | (?P<foreign> && | \|\| | ! (?!=) | & | \| | % | // )
  | (?P<symbol>  \*\* | [=<>!]= | [-+*/]= | [-+*/^<>=():,] )
  | (?P<separator> [\n;] )
    """,
    re.VERBOSE,
)

_FOREIGN_HINTS = {
    "&&": "write 'and'",
    "&": "write 'and'",
    "||": "write 'or'",
    "|": "write 'or'",
    "!": "write 'not'",
    "%": "write modulo(a, b)",
    "//": "write floor(a / b)",
    ".": "'pre.' and 'post.' belong to synapses; a neuron reads g_<target>",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text.

    Attributes:
        kind: What it is; "separator" is a newline or semicolon, "end" follows the last token.
        text: The characters.
        line: Line in its part, from 1.
        column: Offset in that line, from 0.
    """

    kind: TokenKind
    text: str
    line: int
    column: int

    def is_symbol(self, *texts: str) -> bool:
        """Whether it is one of these symbols."""
        return self.kind == "symbol" and self.text in texts


@dataclass(frozen=True, slots=True)
class Source:
    """One text that is parsed, an argument of `Neuron` for instance.

    Attributes:
        name: Name of the neuron or read-out.
        part: Which of its texts this is.
        text: The text.
        owner: "neuron" or "read-out".
    """

    name: str
    part: str
    text: str
    owner: str = "neuron"

    def error(self, what: str, token: Token, *, hint: str = "") -> EquationError:
        """The error `what` at the place of `token`."""
        lines = self.text.replace("\t", " ").split("\n")
        return EquationError(
            what,
            neuron=self.name,
            part=self.part,
            line=token.line,
            source=lines[token.line - 1].rstrip(),
            column=token.column,
            length=len(token.text),
            hint=hint,
            owner=self.owner,
        )


def tokenize(source: Source) -> list[Token]:
    """Tokens of a text, comments and spaces left out, an "end" token last.

    Raises:
        EquationError: A character or operator that equations do not have.
    """
    tokens: list[Token] = []
    line, line_start, position = 1, 0, 0
    while position < len(source.text):
        match = _PATTERN.match(source.text, position)
        column = position - line_start
        if match is None or match.lastgroup == "foreign":
            text = source.text[position] if match is None else match.group()
            raise source.error(
                f"{text!r} is not part of an equation",
                Token("symbol", text, line, column),
                hint=_FOREIGN_HINTS.get(text, ""),
            )
        text, position = match.group(), match.end()
        match match.lastgroup:
            case "number":
                tokens.append(_number(source, Token("number", text, line, column)))
            case "name":
                tokens.append(Token("name", text, line, column))
            case "symbol":
                tokens.append(Token("symbol", text, line, column))
            case "separator":
                tokens.append(Token("separator", text, line, column))
        if text == "\n":
            line, line_start = line + 1, position
    tokens.append(Token("end", "", line, position - line_start))
    return tokens


def _number(source: Source, token: Token) -> Token:
    """A number, refused where letters follow it directly or no double can hold it."""
    end = source.text.split("\n")[token.line - 1][token.column + len(token.text) :]
    if re.match(r"[A-Za-z_.]", end):
        raise source.error(
            f"{token.text!r} and {end[0]!r} run together",
            token,
            hint="write '*' between a number and a name; numbers have no suffix",
        )
    if float(token.text) == float("inf"):
        raise source.error(f"{token.text} is too large for a number", token)
    return token


def statements(source: Source) -> list[tuple[Token, ...]]:
    """Tokens of each statement of a text, an "end" token last in each.

    Newlines and semicolons separate statements; a line without an assignment, or after a comma,
    continues the statement before it.
    """
    found: list[list[Token]] = []
    tokens = tokenize(source)
    for piece, after in _pieces(tokens):
        continues = (
            bool(found) and after == "\n" and (found[-1][-1].is_symbol(",") or not _assigns(piece))
        )
        if continues:
            found[-1].extend(piece)
        else:
            found.append(list(piece))
    return [(*statement, _end_after(statement[-1])) for statement in found]


def joined(source: Source) -> tuple[Token, ...]:
    """Tokens of a text that holds one expression, over any number of lines, an "end" token last.

    Raises:
        EquationError: The text is empty, or holds a semicolon.
    """
    tokens = tokenize(source)
    for token in tokens:
        if token.text == ";":
            raise source.error("one condition or expression is expected here, not several", token)
    kept = [token for token in tokens if token.kind not in ("separator", "end")]
    if not kept:
        raise source.error("the text is empty: leave the argument out", tokens[0])
    return (*kept, _end_after(kept[-1]))


def _pieces(tokens: Sequence[Token]) -> list[tuple[list[Token], str]]:
    """Runs of tokens between separators that are not empty, each with the separator before it."""
    pieces: list[tuple[list[Token], str]] = []
    current: list[Token] = []
    before = "\n"
    for token in tokens:
        if token.kind in ("separator", "end"):
            if current:
                pieces.append((current, before))
                current, before = [], token.text
            elif before == "\n":
                before = token.text or before
        else:
            current.append(token)
    return pieces


def _assigns(piece: Sequence[Token]) -> bool:
    """Whether a line assigns something before its flags begin."""
    for token in piece:
        if token.is_symbol(":"):
            return False
        if token.is_symbol(*ASSIGNMENTS):
            return True
    return False


def _end_after(token: Token) -> Token:
    return Token("end", "", token.line, token.column + len(token.text))
