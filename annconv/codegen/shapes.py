"""Constants of kernels' shapes, and names of what stands beside a kernel's function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from annconv.plan.kernels import Constant
from annconv.plan.naming import Names
from annconv.plan.plan import Plan


@dataclass(frozen=True, slots=True)
class KernelNames:
    """Names in C++ that belong to a kernel.

    Attributes:
        types: How the names of its structures begin: "Conv1".
        scratch: The function that tells how much memory it needs.
    """

    types: str
    scratch: str


def kernel_names(plan: Plan) -> dict[str, KernelNames]:
    """The names that belong to each kernel of a plan, by the kernel's own."""
    types, functions = Names(), Names(kernel.name for kernel in plan.kernels)
    found = {}
    for kernel in plan.kernels:
        words = kernel.name.removeprefix("layer_").split("_")
        found[kernel.name] = KernelNames(
            types=pascal_case(types.identifier(*words)),
            scratch=functions.identifier(*kernel.name.split("_"), "scratch"),
        )
    return found


def pascal_case(name: str) -> str:
    """`conv_1` as `Conv1`."""
    return "".join(word.capitalize() for word in name.split("_"))


def constant_context(name: str, value: Constant) -> dict[str, Any]:
    """A constant of a shape: its type and its initialiser."""
    if isinstance(value, int):
        return {"type": "int", "name": name, "value": f" = {value}"}
    listed = "{" + ", ".join(map(str, value)) + "}"
    kind = "annconv::Extents" if len(value) == 3 else f"std::array<int, {len(value)}>"
    return {"type": kind, "name": name, "value": listed}
