"""Every rule of a Graph broken on its own, and the text form."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from annconv.ir.activations import Bias, Function, PRelu, Relu, Softmax
from annconv.ir.graph import RULES, Graph, Input
from annconv.ir.joins import Add, Concatenate, Maximum, Subtract
from annconv.ir.maps import Crop, Permute, Resample
from annconv.ir.operators import Dense, Scale


def with_node(graph: Graph, name: str, **changes: object) -> Graph:
    """The graph with one node changed."""
    nodes = tuple(replace(n, **changes) if n.name == name else n for n in graph.nodes)
    return replace(graph, nodes=nodes)


def join(graph: Graph, layer: Add | Concatenate) -> Graph:
    """The graph with a picture and a vector joined at its end."""
    node = replace(graph["softmax"], name="joined", layer=layer, inputs=("relu", "flat"))
    return replace(graph, nodes=(*graph.nodes, node))


# Rule -> changes that break this rule and no other.
BREAKS = {
    "names_unique": (lambda g: replace(g, nodes=(*g.nodes, g["softmax"])),),
    "inputs_precede": (
        lambda g: with_node(g, "bias", inputs=("softmax",), shape=(3,), layer=Relu()),
        lambda g: with_node(g, "bias", inputs=("nowhere",)),
        lambda g: replace(g, outputs=("softmax", "nowhere")),
    ),
    "input_counts": (
        lambda g: with_node(g, "scale", layer=Input()),
        lambda g: with_node(g, "add", inputs=("in",)),
        lambda g: with_node(g, "add", inputs=("in",), layer=Maximum()),
        lambda g: with_node(g, "relu", inputs=("bias", "both")),
        lambda g: with_node(g, "scale", inputs=()),
    ),
    "shapes_agree": (
        lambda g: with_node(g, "dense", layer=Dense(np.ones((8, 4)))),
        lambda g: with_node(g, "bias", layer=Bias(np.ones(3))),
        lambda g: with_node(g, "add", inputs=("in", "scale"), shape=(2, 2, 2)),
        lambda g: with_node(g, "both", inputs=("add", "in", "in")),
        lambda g: join(g, Add()),
        lambda g: join(g, Concatenate()),
        lambda g: with_node(g, "scale", layer=Scale(np.ones(2))),
        lambda g: with_node(g, "relu", layer=PRelu(np.ones((2, 2)))),
        lambda g: with_node(g, "softmax", layer=Softmax((-2,))),
        lambda g: with_node(g, "relu", layer=Permute((1, 0))),
        lambda g: with_node(g, "relu", layer=Crop(((1, 1), (0, 0)))),
        lambda g: with_node(g, "add", layer=Subtract(), inputs=("in", "in", "in")),
    ),
    "functions_known": (
        lambda g: with_node(g, "relu", layer=Function("exp")),
        lambda g: with_node(g, "relu", layer=Function("elu")),
        lambda g: with_node(g, "relu", layer=Function("tanh", (("alpha", 1.0),))),
    ),
    "shapes_positive": (
        lambda g: replace(g, nodes=(replace(g["in"], shape=(2, 0, 1)),), outputs=("in",)),
        lambda g: replace(g, nodes=(replace(g["in"], shape=()),), outputs=("in",)),
        lambda g: replace(g, nodes=(replace(g["in"], shape=(-1, -2)),), outputs=("in",)),
    ),
    "values_finite": (
        lambda g: with_node(g, "bias", layer=Bias(np.array([0.0, np.nan]))),
        lambda g: with_node(g, "dense", layer=Dense(np.full((8, 3), np.inf))),
        lambda g: with_node(g, "relu", layer=Resample((np.eye(2), np.full((2, 2), np.nan)))),
    ),
}
# A node moved in front of what it reads has another shape for those behind it.
ALSO = {"inputs_precede": {"shapes_agree"}}


def test_every_rule_has_a_graph_that_breaks_it():
    assert {rule.__name__ for rule in RULES} == set(BREAKS)


def test_graph_that_keeps_the_rules_passes(graph):
    graph.verify()


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        pytest.param(rule, change, id=f"{rule}-{i}")
        for rule, changes in BREAKS.items()
        for i, change in enumerate(changes)
    ],
)
def test_rule_names_what_breaks_it(rule, change, graph, broken_rules):
    received = set(broken_rules(change(graph)))
    assert rule in received
    assert received <= {rule} | ALSO.get(rule, set())


def test_joining_scalars_is_a_violation_not_a_crash(graph, broken_rules):
    scalars = replace(
        graph,
        nodes=(
            replace(graph["in"], shape=()),
            replace(graph["both"], layer=Concatenate(), inputs=("in", "in"), shape=()),
        ),
        outputs=("both",),
    )
    assert broken_rules(scalars) == ["shapes_agree", "shapes_positive"]


def test_text_has_one_object_a_line(graph):
    assert str(graph).splitlines() == [
        "graph branches",
        "node in  (2x2x1)  input  # Layer 'layer'",
        "node scale <- in  (2x2x1)  scale  2.0  # Layer 'layer'",
        "node add <- in, scale  (2x2x1)  add  # Layer 'layer'",
        "node both <- add, in  (2x2x2)  concatenate  # Layer 'layer'",
        f"node bias <- both  (2x2x2)  {graph['bias'].layer}  # Layer 'layer'",
        "node relu <- bias  (2x2x2)  relu max 6.0  # Layer 'layer'",
        "node flat <- relu  (8)  reshape 8  # Layer 'layer'",
        f"node dense <- flat  (3)  {graph['dense'].layer}  # Layer 'layer'",
        "node softmax <- dense  (3)  softmax  # Layer 'layer'",
        "outputs softmax",
    ]


def test_equality_is_equality_of_content(graph):
    again = copy.deepcopy(graph)
    assert again == graph
    assert hash(again) == hash(graph)
    assert with_node(graph, "relu", layer=Relu(maximum=5.0)) != graph
    assert with_node(graph, "bias", layer=Bias(np.ones(2, dtype=np.float32))) != graph
    assert graph != "graph"
