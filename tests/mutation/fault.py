"""A small fault that the tests ought to notice, and where its own tests lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

CPP_TESTS = "cpp"
"""Stands for the C++ tests among folders of Python tests."""
COMPILED = (CPP_TESTS, "tests/codegen", "tests/equivalence")
"""What runs first for C++ and its templates, which have no folder of their own name."""
EXPORTED = (
    "tests/interop/project",
    *(f"tests/program/test_{name}.py" for name in (
        "refusals", "c_api", "c_api_equals_oracle", "arena_bytes", "project",
    )),
)  # fmt: skip
"""And for what exported networks alone are made of."""
ELSEWHERE = MappingProxyType(
    {
        "cpp/binding": ("tests/runtime",),
        "cpp/program": EXPORTED,
        **{
            f"cpp/include/annconv/{name}.hpp": EXPORTED
            for name in ("handle", "fixed_workspace", "mapped_file")
        },
        **{
            f"cpp/include/annconv/{name}.hpp": (CPP_TESTS, *EXPORTED)
            for name in ("labels", "stored_array", "npy", "idx")
        },
        "templates/export": EXPORTED,
        "annconv/interop/project": EXPORTED,
        "annconv/plan/memory.py": EXPORTED,
    }
)
"""Files and folders whose tests lie elsewhere than those of their neighbours."""


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
        for place in (self.file, str(path.parent)):
            if place in ELSEWHERE:
                return ELSEWHERE[place]
        if path.parts[0] != "annconv":
            return COMPILED
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
