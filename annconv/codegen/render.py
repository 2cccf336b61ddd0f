"""Plan -> {path: text}: the C++ of one network."""

from __future__ import annotations

import re

from annconv.codegen.kernel_files import kernel_files
from annconv.codegen.network_context import network_context
from annconv.codegen.state_context import state_context
from annconv.codegen.templates import template_environment
from annconv.plan.plan import Plan


def render_network(plan: Plan) -> dict[str, str]:
    """The files of a network, the same for the extension and for an exported project.

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
    for file in kernel_files(plan):
        files[file.name] = template.render(
            summary=context["summary"], headers=file.headers, kernels=file.kernels
        )
    return {name: _tidy(text) for name, text in files.items()}


def render_state(plan: Plan) -> dict[str, str]:
    """The files of a network that is stepped by hand: its kernels and `state.cpp`.

    Args:
        plan: A verified plan in which every kernel runs in every step.
    """
    text = template_environment().get_template("project/state.cpp.j2").render(state_context(plan))
    files = {name: kept for name, kept in render_network(plan).items() if name != "network.cpp"}
    return {**files, "state.cpp": _tidy(text)}


def _tidy(text: str) -> str:
    """At most one blank line in a row, none at the start or end of a function's body."""
    text = re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"
    text = re.sub(r"^((?!namespace).*{)\n\n", r"\1\n", text, flags=re.MULTILINE)
    return re.sub(r"\n\n( *}(?!  // namespace))", r"\n\1", text)
