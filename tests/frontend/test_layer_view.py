import numpy as np

from annconv.frontend.layer_view import LayerView, Problems
from annconv.ir.origin import Origin


def view(config, defaults=None):
    return LayerView(
        Origin("conv", 2, "Conv2D"),
        config=config,
        defaults=defaults or {},
        weights=[np.ones(2)],
        input_shapes=[(4, 4, 1), (2,)],
    )


def test_settings_are_lost_only_if_they_matter_and_nobody_took_them():
    layer = view(
        {
            "name": "conv", "trainable": True, "dtype": "float32", "kernel_initializer": {"a": 1},
            "bias_regularizer": "l2", "kernel_constraint": "nonneg",
            "filters": 3, "strides": [1, 1], "flavour": "odd", "depth": [2, 2],
        },
        {"strides": (1, 1), "flavour": "even", "depth": 1},
    )  # fmt: skip
    assert layer.lost_settings() == ["depth=[2, 2]", "filters=3", "flavour='odd'"]
    assert layer.take("filters") == 3
    assert layer.take("missing", 7) == 7
    assert layer.lost_settings() == ["depth=[2, 2]", "flavour='odd'"]


def test_extents_and_shapes():
    layer = view({"size": 3, "strides": [1, 2]})
    assert layer.take_extents("size", 2) == (3, 3)
    assert layer.take_extents("strides", 2) == (1, 2)
    assert layer.take_extents("missing", 3) == (1, 1, 1)
    assert layer.input_shape == (4, 4, 1)


def test_problems_are_sorted_by_layer_and_kept_apart():
    problems = Problems()
    late, early = Origin("b", 5, "Dense"), Origin("a", 1, "LSTM")
    problems.add(late, why="w", instead="i", setting="units=3")
    problems.add(early, why="v", instead="j", ignorable=True)
    assert [problem.index for problem in problems.all] == [1, 5]
    assert [problem.type for problem in problems.fatal] == ["Dense(units=3)"]
    assert [problem.layer for problem in problems.ignorable] == ["a"]
