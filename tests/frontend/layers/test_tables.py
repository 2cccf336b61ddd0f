from types import ModuleType

import pytest

from annconv.frontend.layers import HANDLERS, merge_tables
from annconv.frontend.layers.activation import ACTIVATIONS
from annconv.frontend.remedies import LAYERS, REFUSED_ACTIVATIONS


def test_a_class_with_two_handlers_is_fatal():
    first, second = ModuleType("first"), ModuleType("second")
    first.HANDLERS = second.HANDLERS = {"Dense": len}
    with pytest.raises(RuntimeError, match="second: Dense already has a handler"):
        merge_tables([first, second])


def test_tables_are_read_only_and_disjoint():
    with pytest.raises(TypeError):
        HANDLERS["Dense"] = len
    assert not set(HANDLERS) & set(LAYERS)
    assert not set(ACTIVATIONS) & set(REFUSED_ACTIVATIONS)


@pytest.mark.keras
def test_every_name_in_the_tables_is_one_of_keras(keras):
    for name in (*HANDLERS, *LAYERS):
        assert issubclass(getattr(keras.layers, name), keras.layers.Layer), name
    for name in (*ACTIVATIONS, *REFUSED_ACTIVATIONS):
        assert callable(keras.activations.get(name)), name
    others = {"get", "serialize", "deserialize"}
    known = {name for name in dir(keras.activations) if not name.startswith("_")} - others
    assert known <= {*ACTIVATIONS, *REFUSED_ACTIVATIONS}
