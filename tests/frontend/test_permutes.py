"""Permutes that undo one another leave a Graph with the same values."""

import numpy as np

from annconv.frontend.permutes import drop_inverse_permutes
from annconv.ir.activations import Relu
from annconv.ir.graph import Graph, Input, Node
from annconv.ir.maps import Permute
from annconv.ir.origin import Origin
from annconv.reference.graph import run_graph

ORIGIN = (Origin("layer", 0, "Layer"),)


def graph(*nodes, outputs):
    """Nodes of (name, layer, input, shape) as a Graph."""
    made = [Node(name, layer, read, shape, ORIGIN) for name, layer, read, shape in nodes]
    built = Graph("m", tuple(made), outputs, ORIGIN)
    built.verify()
    return built


class TestInversePermutes:
    def test_neighbours_that_undo_one_another_go(self):
        before = graph(
            ("in", Input(), (), (2, 3, 4)),
            ("there", Permute((1, 2, 0)), ("in",), (3, 4, 2)),
            ("back", Permute((2, 0, 1)), ("there",), (2, 3, 4)),
            ("relu", Relu(), ("back",), (2, 3, 4)),
            outputs=("relu", "back"),
        )
        after = drop_inverse_permutes(before)
        after.verify()
        assert [node.name for node in after.nodes] == ["in", "relu"]
        assert after.outputs == ("relu", "in")
        samples = np.random.default_rng(0).normal(size=(2, 2, 3, 4))
        expected, received = run_graph(before, samples), run_graph(after, samples)
        for old, new in zip(before.outputs, after.outputs, strict=True):
            np.testing.assert_array_equal(expected[old], received[new])

    def test_what_others_read_stays(self):
        before = graph(
            ("in", Input(), (), (2, 3)),
            ("there", Permute((1, 0)), ("in",), (3, 2)),
            ("relu", Relu(), ("there",), (3, 2)),
            ("back", Permute((1, 0)), ("there",), (2, 3)),
            ("again", Permute((1, 0)), ("back",), (3, 2)),
            outputs=("relu", "again"),
        )
        after = drop_inverse_permutes(before)
        assert [node.name for node in after.nodes] == ["in", "there", "relu", "again"]
        assert after["again"].inputs == ("in",)

    def test_others_stay_as_they_are(self):
        before = graph(
            ("in", Input(), (), (2, 3, 4)),
            ("one", Permute((1, 2, 0)), ("in",), (3, 4, 2)),
            ("two", Permute((1, 2, 0)), ("one",), (4, 2, 3)),
            outputs=("two",),
        )
        assert drop_inverse_permutes(before) is before
