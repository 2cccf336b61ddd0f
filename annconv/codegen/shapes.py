"""Constants of kernels' shapes, and names of the structures that hold them."""

from __future__ import annotations

from typing import Any

from annconv.plan.kernels import Constant


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
