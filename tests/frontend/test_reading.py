import subprocess
import sys

import numpy as np
import pytest

from annconv.errors import InputError, OptionError, UnsupportedModelError
from annconv.frontend.reading import read_model, survey_model
from annconv.ir.origin import Origin
from annconv.reference.graph import run_graph


def test_nothing_imports_keras_until_a_model_is_read():
    code = (
        "import sys, annconv.frontend, annconv.reference.graph;"
        "print([name for name in ('keras', 'tensorflow', 'h5py', 'jinja2', 'sympy')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_unknown_policy():
    with pytest.raises(OptionError) as caught:
        read_model("model.keras", on_unsupported="refused")
    assert str(caught.value) == (
        "on_unsupported: unknown value 'refused'. Nearest: 'refuse'. Known: 'refuse', 'ignore'."
    )


def test_something_else_than_a_model(keras):
    with pytest.raises(InputError) as caught:
        read_model(np.ones(3))
    assert str(caught.value) == (
        "model: expected a path or a Keras 3 model, received numpy.ndarray."
        " For a model of another library, save it as .keras with Keras 3 first."
    )


def test_something_else_than_a_model_without_keras():
    code = (
        "import sys\nfrom annconv.frontend import read_model\n"
        "try: read_model(3)\nexcept Exception as e: print(type(e).__name__, 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "InputError False"


@pytest.mark.keras
@pytest.mark.parametrize("name", ["cnn", "mlp"])
def test_the_trained_models_equal_keras(keras, trained, name):
    path = trained / f"{name}.keras"
    graph = read_model(path).graph
    model = keras.models.load_model(path, compile=False)
    samples = np.random.default_rng(0).random((5, *model.input_shape[1:]))
    received = run_graph(graph, samples)[graph.outputs[0]]
    np.testing.assert_allclose(received, model.predict(samples, verbose=0), atol=2e-6)
    assert str(read_model(str(path)).graph) == str(graph)


@pytest.mark.keras
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_files_and_memory_give_the_same_graph(keras, sequential, tmp_path, suffix):
    layers = keras.layers
    model = sequential(
        (6, 6, 1), layers.Conv2D(2, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Dropout(0.5), layers.Flatten(), layers.Dense(3, activation="softmax"),
    )  # fmt: skip
    model.save(tmp_path / f"model{suffix}")
    assert str(read_model(tmp_path / f"model{suffix}").graph) == str(read_model(model).graph)


@pytest.mark.keras
def test_layers_count_as_if_the_input_stood_first(keras, equals_keras):
    layers = [keras.layers.Flatten(name="f"), keras.layers.Dense(2, name="d")]
    model = keras.Sequential(layers)
    model.build((None, 3, 2))
    begin = model.inputs[0]._keras_history.operation.name
    graph = equals_keras(model)
    expected = (Origin(begin, 0, "InputLayer"), Origin("f", 1, "Flatten"), Origin("d", 2, "Dense"))
    assert graph.layers == expected
    named = keras.Sequential([keras.Input((3, 2), name="img"), *layers])
    assert equals_keras(named).layers[0] == Origin("img", 0, "InputLayer")
    inputs = keras.Input((3, 2), name="img")
    functional = keras.Model(inputs, layers[1](layers[0](inputs)))
    assert equals_keras(functional).layers == (Origin("img", 0, "InputLayer"), *expected[1:])


@pytest.mark.keras
def test_reading_leaves_kerass_automatic_names_alone(keras, sequential):
    keras.backend.clear_session()
    read_model(sequential((3,), keras.layers.Dense(2)))
    assert keras.Sequential().name == "sequential_1"
    inputs = keras.Input((3,))
    assert keras.Model(inputs, inputs).name == "functional_1"


def refused(model):
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(model)
    return str(caught.value)


@pytest.mark.keras
def test_models_that_are_not_built(keras, tmp_path):
    model = keras.Sequential([keras.layers.Dense(2)], name="new")
    text = (
        "'new'  Sequential: it has no input shape yet, so its weights do not exist. Instead:"
        " model.build((None, 28, 28, 1)), or keras.Input as its first layer."
    )
    assert text in refused(model)
    with pytest.warns(UserWarning, match="a model that has not yet been built"):
        model.save(tmp_path / "new.keras")
    assert text in refused(tmp_path / "new.keras")
    assert "it has no layers. Instead: a model with at least one" in refused(keras.Sequential())


@pytest.mark.keras
def test_subclassed_models(keras, tmp_path):
    class Own(keras.Model):
        def __init__(self, **options):
            super().__init__(**options)
            self.dense = keras.layers.Dense(2)

        def call(self, inputs):
            return self.dense(inputs)

    class Derived(keras.Sequential):
        pass

    own = Own(name="own")
    own(np.ones((1, 3)))
    own.save(tmp_path / "own.keras")
    text = (
        "Own: a subclassed model keeps its computation in code. Instead:"
        " a Sequential or functional model with the same layers and weights."
    )
    assert text in refused(own)
    assert text in refused(tmp_path / "own.keras")
    assert "a subclassed model" in refused(Derived([keras.Input((3,)), keras.layers.Dense(2)]))


@pytest.mark.keras
@pytest.mark.parametrize("policy", ["refuse", "ignore"])
def test_a_survey_hands_back_the_problems_and_a_draft(keras, sequential, policy):
    layers = keras.layers
    model = sequential(
        (3,), layers.Dense(4, name="a"), layers.Dense(4, dtype="float16", name="half"),
        layers.Dense(2, name="b"),
    )  # fmt: skip
    reading = survey_model(model, on_unsupported=policy)
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(model, on_unsupported=policy)
    assert reading.problems == caught.value.problems
    assert [problem.layer for problem in reading.problems] == ["half"]
    assert reading.ignored == ()
    names = [node.name for node in reading.graph.nodes]
    assert [name for name in names if name != "half"] == ["image", "a", "a/bias", "b", "b/bias"]
