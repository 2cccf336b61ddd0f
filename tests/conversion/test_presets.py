"""The table of presets, and remedies that name another preset where that takes the layer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annconv.conversion import presets
from annconv.conversion.presets import PRESETS, convert_graph, preset_named, preset_of
from annconv.errors import ConversionWarning, LayerProblem, OptionError, UnsupportedModelError
from annconv.ir.activations import Bias, Function, Relu
from annconv.ir.operators import Dense
from annconv.options import AnnarchyOptions


class OtherOptions(AnnarchyOptions):
    """Of another preset."""


@pytest.fixture
def biased(graph, weights):
    return graph(
        (3,),
        ("a", "Dense", Dense(weights(3, 4))), ("a", "Dense", Bias(np.ones(4))),
        ("a", "Dense", Relu()), ("b", "Dense", Dense(weights(4, 2))),
        ("b", "Dense", Function("gelu")),
    )  # fmt: skip


@pytest.fixture
def others(monkeypatch):
    """Adds presets that refuse the layers of some names."""

    def add(**refused):
        def preset(name):
            def layers(graph):
                return frozenset(layer for layer in graph.layers if layer.name in refused[name])

            return replace(PRESETS["annarchy"], name=name, options=OtherOptions, refused=layers)

        table = {"annarchy": PRESETS["annarchy"], **{name: preset(name) for name in refused}}
        monkeypatch.setattr(presets, "PRESETS", table)

    return add


def remedies(model, **options):
    with pytest.raises(UnsupportedModelError) as caught:
        convert_graph(model, AnnarchyOptions(), **options)
    return [entry.instead for entry in caught.value.problems]


BIAS = "use_bias=False and retrain"
RESPONSE = "retrain with 'relu', the last layer with 'softmax'"


def test_a_preset_is_found_by_its_name_and_by_its_options():
    for name, preset in PRESETS.items():
        assert preset.name == name
        assert preset_named(name) is preset
        assert preset_of(preset.options()) is preset
    assert preset_named("annarchy").options is AnnarchyOptions


@pytest.mark.parametrize("name", ["anarchy", None, 3, ["annarchy"]])
def test_unknown_presets(name):
    with pytest.raises(OptionError) as caught:
        preset_named(name)
    assert str(caught.value).startswith(f"preset: unknown value {name!r}. ")
    assert "'annarchy'" in str(caught.value)


def test_remedies_name_no_preset_where_there_is_no_other(biased, others):
    others()
    assert remedies(biased) == [BIAS, RESPONSE]


def test_remedies_name_the_presets_that_take_the_layer(biased, others):
    others(rate=())
    assert remedies(biased) == [f"{BIAS}, or preset='rate'", f"{RESPONSE}, or preset='rate'"]
    others(rate=("b",))
    assert remedies(biased) == [f"{BIAS}, or preset='rate'", RESPONSE]
    others(rate=("b",), few_spike=("a", "b"), exact=())
    assert remedies(biased) == [
        f"{BIAS}, or preset='rate', or preset='exact'", f"{RESPONSE}, or preset='exact'",
    ]  # fmt: skip


def test_what_could_not_be_read_no_preset_takes(biased, others):
    others(rate=())
    unread = LayerProblem(2, "b", "Dense", "it is refused", "another")
    assert remedies(biased, problems=(unread,)) == [
        f"{BIAS}, or preset='rate'", "another", f"{RESPONSE}, or preset='rate'",
    ]  # fmt: skip


def test_what_is_left_out_has_the_same_remedies(biased, others):
    others(rate=("a",))
    with pytest.warns(ConversionWarning) as caught:
        convert_graph(biased, AnnarchyOptions(on_unsupported="ignore"))
    assert f"{BIAS}.\n" in str(caught[0].message)
    assert str(caught[0].message).endswith(f"{RESPONSE}, or preset='rate'.")


def test_annarchy_refuses_the_layers_that_its_error_lists(biased):
    refused = PRESETS["annarchy"].refused(biased)
    assert {layer.name for layer in refused} == {"a", "b"}


def test_networks_keep_the_name_of_their_preset_and_its_options(graph, weights):
    model = graph((3,), ("a", "Dense", Dense(weights(3, 4))))
    network = convert_graph(model, AnnarchyOptions(steps=7))
    assert (network.options["preset"], network.options["steps"]) == ("annarchy", "7")
