"""The Python packages that annconv imports, and which of them are not there."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import NamedTuple

PACKAGES = ("numpy", "jinja2", "safetensors", "filelock", "platformdirs", "tqdm")
"""What `pip install annconv` brings along, without the tools of a build: those are looked for by
`build/toolchain.py`, as they may come from elsewhere."""


class OptionalPackage(NamedTuple):
    """What brings an optional package along, and who imports it.

    Attributes:
        module: That is imported.
        users: Who does.
        extra: With which annconv is installed to have it.
    """

    module: str
    users: str
    extra: str


OPTIONAL = MappingProxyType(
    {
        "matplotlib": OptionalPackage("matplotlib", "only plots need it", "plot"),
        "graphviz": OptionalPackage("graphviz", "only pictures of Graphs need it", "picture"),
        "ANNarchy": OptionalPackage("ANNarchy", "only annconv.to_annarchy needs it", "annarchy"),
        "dask": OptionalPackage("distributed", "only annconv.distributed needs it", "dask"),
    }
)
"""Distributions of the extras, but for Keras, which is tried."""


def missing_packages() -> dict[str, str]:
    """Packages that cannot be imported, each with the reason that Python gives."""
    found = {}
    for name in PACKAGES:
        try:
            import_module(name)
        except ImportError as error:
            found[name] = str(error).strip().partition("\n")[0]
    return found


def package_faults(missing: Mapping[str, str]) -> list[str]:
    """What is wrong with each package, and what to do about it.

    Args:
        missing: As `missing_packages` returns them.
    """
    return [
        f"no Python package {name} ({reason}). Instead: install the Python package {name} "
        f"(pip install {name})."
        for name, reason in missing.items()
    ]


def missing_text(missing: Mapping[str, str]) -> str:
    """All of that for a command that could not begin, and who knows more."""
    lines = ["Python packages that annconv needs are missing.", *package_faults(missing)]
    return "\n  ".join([*lines, "`annconv doctor` tells what else is."])
