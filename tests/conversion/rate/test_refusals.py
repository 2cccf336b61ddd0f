"""What preset `rate` refuses: everything at once, with a remedy each."""

import numpy as np
import pytest

from annconv.conversion.presets import convert_graph
from annconv.errors import UnsupportedModelError
from annconv.ir.activations import Softmax
from annconv.ir.operators import Dense
from annconv.options import RateOptions


def refused(model):
    options = RateOptions(calibration=np.ones((2, *model.nodes[0].shape)))
    with pytest.raises(UnsupportedModelError) as caught:
        convert_graph(model, options)
    return {entry.layer: entry.why for entry in caught.value.problems}


def test_a_softmax_inside_is_refused(graph, weights):
    model = graph(
        (6,),
        ("soft", "Softmax", Softmax()),
        ("last", "Dense", Dense(weights(6, 3))),
        ("again", "Softmax", Softmax()),
    )
    why = "its values depend on one another, and it is not the model's output"
    assert refused(model) == {"soft": why}


def test_a_softmax_at_each_position_is_refused(graph):
    why = "its sum runs over a part of the output, and read-outs know the whole one"
    assert refused(graph((4, 2), ("soft", "Softmax", Softmax()))) == {"soft": why}
    options = RateOptions(calibration=np.ones((2, 4, 2)))
    whole = graph((4, 2), ("soft", "Softmax", Softmax((-2, -1))))
    assert convert_graph(whole, options).output.geometry == (4, 2)
