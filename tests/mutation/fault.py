"""A small fault that the tests ought to notice, and where its own tests lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

CPP_TESTS = "cpp"
"""Stands for the C++ tests among folders of Python tests."""
COMPILED = (CPP_TESTS, "tests/codegen", "tests/equivalence")
"""What runs first for C++ and its templates, which have no folder of their own name."""
ELSEWHERE = {"cpp/binding": ("tests/runtime",)}
"""And for C++ that those do not reach."""


@dataclass(frozen=True)
class Fault:
    """One change of one file.

    Attributes:
        name: What to call it on the command line.
        file: The file, from the root of the checkout.
        old: Text that stands there exactly once.
        new: What stands there instead.
        what: What is wrong then, in a few words.
    """

    name: str
    file: str
    old: str
    new: str
    what: str

    @property
    def package(self) -> str:
        """The package of annconv it is in; "cpp", "templates", or "annconv" itself."""
        parts = PurePosixPath(self.file).parts
        return parts[1] if parts[0] == "annconv" and len(parts) > 2 else parts[0]

    @property
    def own_tests(self) -> tuple[str, ...]:
        """The tests that mirror the file: they run first."""
        path = PurePosixPath(self.file)
        if path.parts[0] != "annconv":
            return ELSEWHERE.get(str(path.parent), COMPILED)
        if self.package == "annconv":
            return (f"tests/test_{path.stem}.py",)
        return (f"tests/{self.package}",)

    def apply(self, root: Path) -> None:
        """Plant it below a folder.

        Raises:
            ValueError: The old text does not stand there exactly once.
        """
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        found = text.count(self.old)
        if found != 1:
            raise ValueError(
                f"fault {self.name!r}: expected its old text once in {self.file}, found it {found} "
                f"times: {self.old!r}. Instead: describe the fault anew, for the file as it is now."
            )
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")
