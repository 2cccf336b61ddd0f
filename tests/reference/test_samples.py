"""What is given for the inputs of a Graph, and what is refused."""

import numpy as np
import pytest

from annconv.errors import InputError
from annconv.ir.graph import Graph, Input, Node
from annconv.ir.joins import Concatenate
from annconv.ir.origin import Origin
from annconv.reference.graph import run_graph

ORIGIN = (Origin("layer", 0, "Layer"),)


def two_inputs():
    nodes = (
        Node("a", Input(), (), (2,), ORIGIN),
        Node("b", Input(), (), (1,), ORIGIN),
        Node("both", Concatenate(), ("b", "a"), (3,), ORIGIN),
    )
    return Graph("m", nodes, ("both",), ORIGIN)


A, B = [[1, 2], [3, 4]], [[5], [6]]


@pytest.mark.parametrize("given", [[A, B], (np.array(A), np.array(B)), {"b": B, "a": A}])
def test_one_array_for_each_input(given):
    values = run_graph(two_inputs(), given)
    assert values["both"].tolist() == [[5, 1, 2], [6, 3, 4]]
    assert list(values) == ["a", "b", "both"]
    assert all(value.dtype == np.float64 for value in values.values())


def test_a_single_input_by_name():
    graph = Graph("m", (two_inputs()["a"],), ("a",), ORIGIN)
    assert run_graph(graph, {"a": A})["a"].tolist() == A


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            np.zeros((2, 3)),
            (
                "samples: expected 2 arrays, one for each input: 'a', 'b', received one ndarray."
                " Give a list in this order, or a dict."
            ),
        ),
        ([A], "samples: expected 2 arrays, one for each input: 'a', 'b', received 1."),
        ({"a": A}, "samples: expected an array for each input: 'a', 'b', received arrays for 'a'."),
        ({}, "samples: expected an array for each input: 'a', 'b', received arrays for none."),
        ({"a": A, "b": B, "c": B},
         "samples: expected an array for each input: 'a', 'b', received arrays for 'a', 'b', 'c'."),
        ([B, A], "samples for input 'a': expected an array of shape (N, 2), received (2, 1)."),
        ([A, B[:1]],
         "samples: expected as many for each input, received {'a': 2, 'b': 1}."),
    ],
)  # fmt: skip
def test_refusals(given, text):
    with pytest.raises(InputError) as caught:
        run_graph(two_inputs(), given)
    assert str(caught.value) == text


def test_what_is_no_number_is_refused_by_the_inputs_name():
    with pytest.raises(InputError, match="samples for input 'b'"):
        run_graph(two_inputs(), [A, [["x"], ["y"]]])
