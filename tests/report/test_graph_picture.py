"""Graphs as text for Graphviz and as the picture that it draws."""

import shutil
import sys

import numpy as np
import pytest

from annconv.errors import AnnconvError
from annconv.ir.activations import Bias
from annconv.ir.graph import Graph, Input, Node
from annconv.ir.joins import Add
from annconv.ir.operators import Dense
from annconv.ir.origin import Origin
from annconv.report.graph_picture import graph_dot, graph_svg

IN, HEAD = Origin("in", 0, "InputLayer"), Origin("head", 1, "Sequential")
INNER = Origin("head/d", 1, "Dense")


def small(name="m", first="in"):
    nodes = (
        Node(first, Input(), (), (2,), (IN,)),
        Node("head/d", Dense(np.eye(2)), (first,), (2,), (INNER,)),
        Node("head/d/bias", Bias(np.ones(2)), ("head/d",), (2,), (INNER,)),
        Node("sum", Add(), ("head/d/bias", first), (2,), (Origin("sum", 2, "Add"),)),
    )
    return Graph(name, nodes, ("sum",), (IN, HEAD, Origin("sum", 2, "Add")))


@pytest.fixture
def drawer(tmp_path, monkeypatch):
    """Puts a program `dot` of these lines in front of all others."""
    pytest.importorskip("graphviz")

    def put(*lines):
        program = tmp_path / "dot"
        program.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return put


def inner_box(number, name, computes, told):
    tooltip = f"node {told} # Dense 'head/d'"
    return f'    {number} [label="{name}\\n{computes}\\n2", tooltip="{tooltip}"]'


def test_every_node_is_a_box_and_nested_models_are_frames():
    dense, bias = (" ".join(str(layer).split()) for layer in (Dense(np.eye(2)), Bias(np.ones(2))))
    assert graph_dot(small()).splitlines() == [
        'digraph "m" {',
        '  node [shape=box, fontname="Helvetica", fontsize=11]',
        "  edge [arrowsize=0.6]",
        '  graph [fontname="Helvetica", fontsize=11, style="rounded", color="gray60"]',
        (
            '  n0 [label="in\\ninput\\n2", tooltip="node in (2) input # InputLayer \'in\'",'
            ' style="rounded"]'
        ),
        (
            '  n3 [label="sum\\nadd\\n2", tooltip="node sum &lt;- head/d/bias, in (2) add # Add'
            " 'sum'\", peripheries=2]"
        ),
        "  subgraph cluster1 {",
        "    label=\"Sequential 'head'\"",
        inner_box("n1", "head/d", "dense", f"head/d &lt;- in (2) {dense}"),
        inner_box("n2", "head/d/bias", "bias", f"head/d/bias &lt;- head/d (2) {bias}"),
        "  }",
        "  n0 -> n1",
        "  n1 -> n2",
        "  n2 -> n3",
        "  n0 -> n3",
        "}",
    ]


def test_names_of_any_letters_are_written_in_ascii():
    text = graph_dot(small('a"\\b\n&ü', first="<é>"))
    assert text.startswith('digraph "a\\"\\\\b &amp;&#252;" {')
    assert 'label="&lt;&#233;&gt;\\ninput' in text
    text.encode("ascii")


def test_graphviz_draws_the_text(drawer):
    drawer('echo "<svg>é $1 $(head -n 1)</svg>"')
    assert graph_svg(small()) == '<svg>&#233; -Kdot digraph "m" {</svg>\n'


def test_a_drawing_that_fails(drawer):
    drawer("echo 'Error: no layout' >&2", "echo more >&2", "exit 3")
    with pytest.raises(AnnconvError) as caught:
        graph_svg(small())
    assert str(caught.value) == (
        "Graphviz' program 'dot' could not draw 'm' (Error: no layout). Instead: another release of"
        " Graphviz, or the text for it with --format dot."
    )


def test_without_the_program(monkeypatch, tmp_path):
    pytest.importorskip("graphviz")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AnnconvError) as caught:
        graph_svg(small())
    assert str(caught.value) == (
        "A picture needs Graphviz, and its program 'dot' was not found. Instead: install Graphviz"
        " (apt install graphviz, brew install graphviz, conda install graphviz), or write the text"
        " for it with --format dot."
    )


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(AnnconvError) as caught:
        graph_svg(small())
    assert str(caught.value) == (
        "A picture needs the Python package graphviz, and importing it failed (import of graphviz"
        ' halted; None in sys.modules). Instead: pip install "annconv[picture]", or --format dot.'
    )


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_itself_takes_the_text():
    pytest.importorskip("graphviz")
    drawn = graph_svg(small("ü", first="<é>"))
    assert drawn.count('class="node"') == 4
    assert drawn.count('class="edge"') == 4
    assert drawn.count('class="cluster"') == 1
