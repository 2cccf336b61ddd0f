"""A Graph as a picture: text for Graphviz, and the drawing that Graphviz makes of it.

The text needs nothing. The drawing needs the Python package `graphviz` (extra `[picture]`) and
Graphviz itself, whose program `dot` lays the layers out.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from html import escape

from annconv.errors import AnnconvError
from annconv.ir.graph import Graph, Input, Node

INDENT = "  "


def graph_dot(graph: Graph) -> str:
    """A Graph in Graphviz' language, in ASCII.

    One box for each node, with its name, what it computes and its shape; inputs are round, outputs
    have a double frame. Nodes of a nested model stand in a frame with its name.

    Args:
        graph: Of a model.
    """
    numbers = {node.name: f"n{place}" for place, node in enumerate(graph.nodes)}
    lines = [
        f"digraph {_quoted(graph.name)} {{",
        f'{INDENT}node [shape=box, fontname="Helvetica", fontsize=11]',
        f"{INDENT}edge [arrowsize=0.6]",
        f'{INDENT}graph [fontname="Helvetica", fontsize=11, style="rounded", color="gray60"]',
    ]
    layers = {layer.index: layer for layer in graph.layers}
    inside: dict[int, list[Node]] = {}
    for node in graph.nodes:
        origin = node.origin[-1]
        layer = layers.get(origin.index)
        if layer is None or not origin.name.startswith(f"{layer.name}/"):
            lines.append(f"{INDENT}{_box(node, numbers, graph)}")
        else:
            inside.setdefault(origin.index, []).append(node)
    for index, nodes in inside.items():
        lines += _frame(f"cluster{index}", str(layers[index]), nodes, numbers, graph)
    for node in graph.nodes:
        lines += [f"{INDENT}{numbers[name]} -> {numbers[node.name]}" for name in node.inputs]
    return "\n".join([*lines, "}"])


def graph_svg(graph: Graph) -> str:
    """A Graph as an SVG picture, in ASCII.

    Args:
        graph: Of a model.
    Raises:
        AnnconvError: The package `graphviz` or its program `dot` is missing, or it fails.
    """
    text = graph_dot(graph)
    try:
        import graphviz
    except ImportError as error:
        raise AnnconvError(
            f"A picture needs the Python package graphviz, and importing it failed ({error})."
            ' Instead: pip install "annconv[picture]", or --format dot.'
        ) from error
    try:
        drawn = graphviz.Source(text).pipe(format="svg", encoding="utf-8")
    except graphviz.ExecutableNotFound as error:
        raise AnnconvError(
            "A picture needs Graphviz, and its program 'dot' was not found. Instead: install"
            " Graphviz (apt install graphviz, brew install graphviz, conda install graphviz), or"
            " write the text for it with --format dot."
        ) from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise AnnconvError(
            f"Graphviz' program 'dot' could not draw {graph.name!r} ({_first_line(error)})."
            " Instead: another release of Graphviz, or the text for it with --format dot."
        ) from error
    return str(drawn).encode("ascii", "xmlcharrefreplace").decode("ascii")


def _frame(
    name: str, title: str, nodes: list[Node], numbers: dict[str, str], graph: Graph
) -> Iterator[str]:
    """The nodes of one nested model."""
    yield f"{INDENT}subgraph {name} {{"
    yield f"{INDENT * 2}label={_quoted(title)}"
    for node in nodes:
        yield f"{INDENT * 2}{_box(node, numbers, graph)}"
    yield f"{INDENT}}}"


def _box(node: Node, numbers: dict[str, str], graph: Graph) -> str:
    """One node."""
    computes = str(node.layer).split("  ")[0]
    shape = " x ".join(map(str, node.shape))
    label = "\\n".join(map(_escaped, (node.name, computes, shape)))
    style = ', style="rounded"' if isinstance(node.layer, Input) else ""
    if node.name in graph.outputs:
        style += ", peripheries=2"
    return f'{numbers[node.name]} [label="{label}", tooltip={_quoted(str(node))}{style}]'


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """Text inside quotes: Graphviz reads entities as HTML has them."""
    line = " ".join(escape(text, quote=False).split())
    quoted = line.replace("\\", "\\\\").replace('"', '\\"')
    return quoted.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _first_line(error: Exception) -> str:
    said = getattr(error, "stderr", None) or str(error)
    lines = (said.decode("utf-8", "replace") if isinstance(said, bytes) else said).strip()
    return lines.splitlines()[0][:200] if lines else type(error).__name__
