"""What no output depends on goes."""

from dataclasses import replace

import numpy as np
from rewrite_checks import simpler

from annconv.conversion.graph.drop_unread import drop_unread
from annconv.ir.activations import Relu, Softmax
from annconv.ir.graph import Input, Node
from annconv.ir.operators import Dense


def test_a_branch_that_ends_nowhere(chain):
    whole = chain((2,), Relu(), Dense(np.ones((2, 3))), Softmax())
    after = simpler(drop_unread, replace(whole, outputs=("l1",)))
    assert [node.name for node in after.nodes] == ["input", "l1"]
    assert after.layers == whole.layers
    assert drop_unread(whole) is whole


def test_inputs_stay_as_samples_are_given_for_them(chain):
    graph = chain((2,), Relu())
    spare = Node("spare", Input(), (), (3,), graph["input"].origin)
    graph = replace(graph, nodes=(spare, *graph.nodes))
    assert drop_unread(graph) is graph
