"""Sections say what a Graph computes: by hand, on random models, and when a rule is broken."""

from __future__ import annotations

import importlib
import os
from collections import Counter
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from random_models import random_model
from section_values import pruned, section_values

import annconv
from annconv.conversion.sections import (
    Entry,
    Junction,
    Nonlinear,
    Sections,
    find_sections,
    is_linear,
)
from annconv.errors import VerifyError
from annconv.ir.activations import ACTIVATIONS, Bias, Relu, Softmax
from annconv.ir.graph import Graph
from annconv.ir.joins import JOINS, Add, Concatenate, Maximum, Multiply, Subtract
from annconv.ir.maps import MAPS
from annconv.ir.operators import (
    OPERATORS,
    Convolution,
    Dense,
    Increase,
    MaxPool,
    MeanPool,
    Pad,
    Reshape,
    Scale,
    Slice,
)

FEW, MANY = 40, 500
TOLERANCE = 1e-9
POOL = MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)))


@pytest.fixture
def conv(weights):
    return lambda channels, filters: Convolution(
        weights(3, 3, channels, filters), (1, 1), ((1, 1), (1, 1)), (1, 1)
    )


def arrivals(sections: Sections, name: str) -> list[tuple[str, list[str]]]:
    """Source and kinds of operators of what arrives at a point."""
    (point,) = (point for point in sections.points if point.node.name == name)
    return [
        (entry.source.name, [type(operator).__name__ for operator in entry.operators])
        for entry in point.arrivals
    ]


def hold(graph: Graph, samples: dict[str, Any]) -> Sections:
    """The sections of a Graph, held to its oracle at every point."""
    sections = find_sections(graph)
    sections.verify()
    expected = annconv.evaluate(graph, samples)
    for name, received in section_values(sections, samples).items():
        scale = max(1.0, float(np.abs(expected[name]).max()))
        assert received.shape == expected[name].shape, name
        np.testing.assert_allclose(
            received, expected[name], rtol=0, atol=TOLERANCE * scale, err_msg=name
        )
    assert set(graph.outputs) <= {point.node.name for point in sections.points}
    return sections


def draws(*shape: int) -> Any:
    return np.random.default_rng(3).normal(size=(2, *shape))


def test_a_chain_is_cut_where_it_is_not_linear(graph, conv, weights):
    model = graph(
        (4, 4, 1),
        ("conv", "Conv2D", conv(1, 2)), ("conv", "Conv2D", Bias(np.array([1.0, 2.0]))),
        ("conv", "Conv2D", Relu()), ("pool", "MaxPooling2D", POOL),
        ("flat", "Flatten", Reshape((8,))), ("out", "Dense", Dense(weights(8, 3))),
        ("scale", "Rescaling", Scale(2.0)), ("soft", "Softmax", Softmax()),
    )  # fmt: skip
    sections = hold(model, {"input": draws(4, 4, 1)})
    assert [(type(point), point.node.name) for point in sections.points] == [
        (Entry, "input"), (Nonlinear, "conv/relu"), (Nonlinear, "pool"), (Nonlinear, "soft"),
    ]  # fmt: skip
    assert arrivals(sections, "conv/relu") == [("input", ["Convolution"])]
    assert arrivals(sections, "pool") == [("conv/relu", [])]
    assert arrivals(sections, "soft") == [("pool", ["Reshape", "Dense", "Scale"])]
    assert [node.name for node in sections.nodes()] == [node.name for node in model.nodes[1:]]
    first, second, last = sections.all
    assert first.constant().tolist() == [1.0, 2.0]
    assert (second.constant(), last.constant()) == (None, None)
    assert [node.name for node in last.path] == ["pool", "flat", "out", "scale", "soft"]
    assert last.shape == (3,)


def test_a_linear_value_with_several_readers_is_a_junction(graph, conv):
    model = graph(
        (4, 4, 2),
        ("a", "Conv2D", conv(2, 2)), ("relu", "ReLU", Relu()),
        ("b", "Conv2D", conv(2, 2)),
        ("norm", "BatchNormalization", Scale(0.5)),
        ("norm", "BatchNormalization", Bias(np.ones(2))),
        ("sum", "Add", Add(), ("norm/bias", "a")),
        ("last", "ReLU", Relu()),
    )  # fmt: skip
    sections = hold(model, {"input": draws(4, 4, 2)})
    kinds = [(type(point).__name__, point.node.name) for point in sections.points]
    assert kinds == [
        ("Entry", "input"), ("Junction", "a"), ("Nonlinear", "relu"), ("Junction", "sum"),
        ("Nonlinear", "last"),
    ]  # fmt: skip
    assert arrivals(sections, "a") == [("input", ["Convolution"])]
    assert arrivals(sections, "sum") == [("relu", ["Convolution", "Scale"]), ("a", [])]
    assert arrivals(sections, "last") == [("sum", [])]


def test_a_value_that_is_not_linear_is_read_often_without_a_junction(graph, weights):
    model = graph(
        (3,), ("a", "Dense", Dense(weights(3, 3))), ("a", "Dense", Relu()),
        ("square", "Multiply", Multiply(), ("a/relu", "a/relu")),
        ("sum", "Add", Add(), ("a/relu", "square", "input")),
    )  # fmt: skip
    sections = hold(model, {"input": draws(3)})
    assert [type(point) for point in sections.points] == [Entry, Nonlinear, Nonlinear, Junction]
    assert arrivals(sections, "sum") == [("a/relu", []), ("square", []), ("input", [])]


def test_what_is_joined_is_a_sum(graph, weights):
    model = graph(
        (2, 3, 2),
        ("row", "Layer", MeanPool((1, 3), (1, 3), ((0, 0), (0, 0)))),
        ("less", "Subtract", Subtract(), ("input", "row")),
        ("below", "Concatenate", Concatenate(-3), ("less", "input", "less")),
        ("beside", "Concatenate", Concatenate(-2), ("below", "below")),
        ("deep", "Concatenate", Concatenate(), ("beside", "beside")),
        ("relu", "ReLU", Relu()),
    )  # fmt: skip
    sections = hold(model, {"input": draws(2, 3, 2)})
    assert arrivals(sections, "less") == [
        ("input", []), ("input", ["MeanPool", "Scale", "Upsample"]),
    ]  # fmt: skip
    assert arrivals(sections, "below") == [("less", ["Pad"]), ("input", ["Pad"]), ("less", ["Pad"])]
    assert arrivals(sections, "deep") == [("beside", ["Slice"])] * 2


def test_biases_are_carried_through_what_stands_behind_them(graph, weights):
    kernel = np.ones((3, 1, 1), dtype=np.float32)
    model = graph(
        (3, 1),
        ("a", "Bias", Bias(np.array([2.0]))),
        ("conv", "Conv1D", Convolution(kernel, (1,), ((1, 1),), (1,))),
        ("b", "Bias", Bias(np.array(10.0))),
        ("half", "Rescaling", Scale(0.5)),
        ("relu", "ReLU", Relu()),
    )  # fmt: skip
    (section,) = hold(model, {"input": draws(3, 1)}).all
    constant = section.constant()
    assert constant.tolist() == [[7.0], [8.0], [7.0]]  # at the edges one of three is a zero
    assert constant.dtype == np.float64
    assert not constant.flags.writeable
    assert [type(operator) for operator in section.operators] == [Convolution, Scale]


def test_a_returned_value_and_one_that_nothing_reads_are_points(graph, weights):
    model = graph(
        (3,), ("a", "Dense", Dense(weights(3, 3))), ("b", "Dense", Dense(weights(3, 2))),
        ("c", "Dense", Dense(weights(3, 2)), ("a",)),
    )  # fmt: skip
    sections = hold(replace(model, outputs=("c", "input")), {"input": draws(3)})
    assert [point.node.name for point in sections.points] == ["input", "a", "b", "c"]
    returned = hold(replace(pruned(model, ("b",)), outputs=("a", "b")), {"input": draws(3)})
    assert [point.node.name for point in returned.points] == ["input", "a", "b"]


def test_every_kind_of_layer_is_linear_or_not():
    nonlinear = {"Increase", "MaxPool", "AdaptiveMaxPool", "Relu", "PRelu", "Function", "Softmax",
                 "Multiply", "Maximum", "Minimum"}  # fmt: skip
    examples: list[Any] = [Relu(), Softmax(), Bias(np.ones(1)), Increase(), POOL, Scale(1.0)]
    examples += [Slice(0, 1), Pad(()), Reshape((1,)), *(join() for join in JOINS)]
    for layer in examples:
        assert is_linear(layer) == (type(layer).__name__ not in nonlinear)
    for kind in (*OPERATORS, *MAPS):
        assert kind.linear == (kind.__name__ not in nonlinear)
    assert {kind.__name__ for kind in ACTIVATIONS} == nonlinear & {
        "Relu", "PRelu", "Function", "Softmax",
    } | {"Bias"}  # fmt: skip


def test_the_text(graph):
    model = graph(
        (2, 2), ("a", "Dense", Scale(2.0)), ("a", "Dense", Bias(np.array(1.0))),
        ("both", "Concatenate", Concatenate(-2), ("a/bias", "input")), ("top", "Maximum", Maximum(),
                                                                        ("both", "both")),
    )  # fmt: skip
    lines = str(find_sections(model)).splitlines()
    assert lines == [
        "sections model",
        "input  (2x2)  input",
        "both  (4x2)  junction",
        "  <- input: scale  2.0, pad 0,2, plus float64[4,2] " + lines[3].split()[-1],
        "  <- input: pad 2,0",
        "top  (4x2)  maximum",
        "  <- both",
        "  <- both",
        "outputs top",
    ]


def test_a_draft_has_sections_though_its_shapes_do_not_fit(graph):
    model = graph((2, 2), ("a", "Layer", Reshape((4,))), ("b", "Layer", Scale(2.0)))
    entry, a, b = model.nodes
    unread = replace(a, layer=Reshape((7,)), inputs=("input", "input"), shape=(7,))
    joined = replace(b, layer=Add(), inputs=("a", "input"), shape=(9,))
    sections = find_sections(replace(model, nodes=(entry, unread, joined)))
    assert arrivals(sections, "a") == [("input", ["Reshape"]), ("input", ["Reshape"])]
    assert arrivals(sections, "b") == [("a", []), ("input", [])]
    with pytest.raises(VerifyError):
        sections.verify()


def broken(sections: Sections) -> list[str]:
    with pytest.raises(VerifyError) as caught:
        sections.verify()
    return sorted({violation.rule for violation in caught.value.violations})


def test_every_rule_is_checked(graph, weights):
    model = graph(
        (3,), ("a", "Dense", Dense(weights(3, 4))), ("a", "Dense", Relu()),
        ("b", "Dense", Dense(weights(4, 2))),
    )  # fmt: skip
    sections = find_sections(model)
    sections.verify()
    entry, relu, last = sections.points
    (first,), (second,) = relu.arrivals, last.arrivals

    def with_points(*points: Any) -> Sections:
        return replace(sections, points=points)

    assert broken(with_points(entry, relu)) == ["each_node_once", "sources_precede"]
    assert broken(with_points(relu, entry, last)) == ["sources_precede"]
    assert broken(with_points(entry, replace(relu, arrivals=(first, first)), last)) == [
        "each_node_once", "paths_as_read",
    ]  # fmt: skip
    turned = replace(first, source=relu.node)
    assert "paths_as_read" in broken(with_points(entry, replace(relu, arrivals=(turned,)), last))
    elsewhere = replace(first, target=last.node)
    assert "sources_precede" in broken(
        with_points(entry, replace(relu, arrivals=(elsewhere,)), last)
    )
    assert broken(with_points(entry, Junction(relu.node, relu.arrivals), last)) == [
        "junctions_needed", "kinds_agree",
    ]  # fmt: skip
    bent = replace(first, placing=(POOL,))
    assert broken(with_points(entry, replace(relu, arrivals=(bent,)), last)) == [
        "kinds_agree", "shapes_agree",
    ]  # fmt: skip
    longer = replace(second, placing=(Slice(0, 9),))
    assert broken(with_points(entry, relu, replace(last, arrivals=(longer,)))) == ["shapes_agree"]
    split = find_sections(replace(model, outputs=("a", "b")))
    assert broken(replace(split, graph=model)) == ["junctions_needed"]


@pytest.fixture(scope="module")
def keras() -> ModuleType:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return importlib.import_module("keras")


@pytest.fixture
def double(keras):
    """Keras' layers compute in double precision."""
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


def hold_random_model(keras: ModuleType, seed: int) -> Counter[str]:
    """The sections of a random model, and of the part of it that its last layers need.

    In the whole model everything is returned, so that every chain ends where its layer does.
    """
    drawn = random_model(keras, seed, double=True)
    whole = annconv.read(drawn.model)
    samples = {whole.nodes[0].name: drawn.samples}
    hold(whole, samples)
    layers = {step.name for step in drawn.steps}
    inner = [node.name for node in whole.nodes if node.origin[-1].name in layers]
    picked = str(np.random.default_rng(seed).choice(inner))
    parts = [pruned(whole, outputs) for outputs in ((inner[-1],), (picked,))]
    return sum((shapes_met(hold(part, samples)) for part in parts), Counter())


def shapes_met(sections: Sections) -> Counter[str]:
    """How much there is of what makes sections differ from single layers."""
    met = Counter(type(point).__name__ for point in sections.points)
    met["carried"] = sum(
        isinstance(step, Bias) and place + 1 < len(section.steps)
        for section in sections.all
        for place, step in enumerate(section.steps)
    )
    met["long"] = sum(len(section.operators) > 2 for section in sections.all)
    met["placed"] = sum(bool(section.placing) for section in sections.all)
    return met


def check_models(keras: ModuleType, seeds: range, *, least: int) -> None:
    met = sum((hold_random_model(keras, seed) for seed in seeds), Counter())
    rarest = min(met[kind] for kind in ("Nonlinear", "Junction", "carried", "long", "placed"))
    assert rarest >= least, met


@pytest.mark.keras
@pytest.mark.filterwarnings("ignore:.*softmax over axis:UserWarning")
def test_random_models(keras, double):
    check_models(keras, range(FEW), least=1)


@pytest.mark.slow
@pytest.mark.keras
@pytest.mark.filterwarnings("ignore:.*softmax over axis:UserWarning")
def test_many_random_models(keras, double):
    check_models(keras, range(5000, 5000 + MANY), least=6)
