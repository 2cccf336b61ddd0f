"""Plan -> {path: text}: the C++ of one network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from annconv.codegen.contexts import kernel_context
from annconv.codegen.network_context import network_context
from annconv.codegen.shapes import kernel_names
from annconv.codegen.state_context import state_context
from annconv.codegen.templates import template_environment
from annconv.plan.kernels import Kernel
from annconv.plan.plan import Plan
from annconv.resources import resource_folder

KERNELS_PER_FILE = 10
"""So that a deep network compiles in parallel."""


def render_network(plan: Plan) -> dict[str, str]:
    """The files of a network, the same for the extension and for a program.

    Args:
        plan: A verified plan.
    Returns:
        Relative path -> text: `network.hpp`, `network.cpp` and one or more `kernels*.cpp`.
    """
    environment = template_environment()
    context = network_context(plan)
    files = {
        name: environment.get_template(f"project/{name}.j2").render(context)
        for name in ("network.hpp", "network.cpp")
    }
    template = environment.get_template("project/kernels.cpp.j2")
    names = kernel_names(plan)
    for name, kernels in _kernel_files(plan.kernels):
        entries = [kernel_context(kernel, plan, names[kernel.name]) for kernel in kernels]
        files[name] = template.render(summary=context["summary"], kernels=entries)
    return {name: _tidy(text) for name, text in files.items()}


def render_program(plan: Plan) -> dict[str, str]:
    """The files of a standalone program: the network and its `main.cpp`."""
    main = (resource_folder("cpp") / "program" / "main.cpp").read_text(encoding="utf-8")
    return {**render_network(plan), "main.cpp": main}


def render_state(plan: Plan) -> dict[str, str]:
    """The files of a network that is stepped by hand: its kernels and `state.cpp`.

    Args:
        plan: A verified plan in which every kernel runs in every step.
    """
    text = template_environment().get_template("project/state.cpp.j2").render(state_context(plan))
    files = {name: kept for name, kept in render_network(plan).items() if name != "network.cpp"}
    return {**files, "state.cpp": _tidy(text)}


def _kernel_files(kernels: Sequence[Kernel]) -> Iterator[tuple[str, Sequence[Kernel]]]:
    """Names of the kernel files and what each holds."""
    for number, start in enumerate(range(0, len(kernels), KERNELS_PER_FILE), start=1):
        name = "kernels.cpp" if len(kernels) <= KERNELS_PER_FILE else f"kernels_{number}.cpp"
        yield name, kernels[start : start + KERNELS_PER_FILE]


def _tidy(text: str) -> str:
    """At most one blank line in a row, none at the start or end of a function's body."""
    text = re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"
    text = re.sub(r"^((?!namespace).*{)\n\n", r"\1\n", text, flags=re.MULTILINE)
    return re.sub(r"\n\n( *}(?!  // namespace))", r"\n\1", text)
