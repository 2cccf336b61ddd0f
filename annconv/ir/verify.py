"""How the intermediate representations check themselves: rules that report every violation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from annconv.errors import VerifyError

Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: its name, the object at fault, what was expected and received there."""

    rule: str
    where: str
    expected: object
    received: object

    def __str__(self) -> str:
        return f"{self.rule}: {self.where}: expected {self.expected}, received {self.received}"


Rule = Callable[[Subject], Iterator[Violation]]


def run_rules(what: str, subject: Subject, rules: Iterable[Rule[Subject]]) -> None:
    """Run every rule and report all violations together.

    Raises:
        VerifyError: At least one rule is broken.
    """
    violations = [violation for rule in rules for violation in rule(subject)]
    if violations:
        raise VerifyError(what, violations)
