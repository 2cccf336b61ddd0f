"""What the class of a Keras layer tells where the Graph does not."""

from __future__ import annotations

import pytest

from annconv.frontend.layer_kinds import holds_layers, is_dense, is_model, may_activate
from annconv.ir.origin import Origin


@pytest.mark.parametrize(
    ("type_", "told"),
    [
        ("Dense", {is_dense}), ("Conv1D", set()), ("LSTM", set()), ("BatchNormalization", set()),
        ("Activation", {may_activate}), ("PReLU", {may_activate}), ("Custom", {may_activate}),
        ("Sequential", {may_activate, is_model, holds_layers}),
        ("Functional", {may_activate, is_model, holds_layers}),
        ("TimeDistributed", {may_activate, holds_layers}),
    ],
)  # fmt: skip
def test_kinds_of_layers(type_, told):
    layer = Origin("layer", 1, type_)
    asked = (is_dense, may_activate, is_model, holds_layers)
    assert {question for question in asked if question(layer)} == told
