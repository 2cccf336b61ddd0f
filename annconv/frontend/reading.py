"""The way in: a Keras model, from a file or from memory, becomes a Graph."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any, NoReturn

from annconv.errors import InputError, LayerProblem, OptionError, UnsupportedModelError, nearest
from annconv.frontend.chain import chain_layers
from annconv.frontend.files import load, read_model_file
from annconv.frontend.keras_library import import_keras
from annconv.frontend.keras_model import inspect_model
from annconv.frontend.lowering import lower
from annconv.frontend.remedies import READ
from annconv.ir.graph import Graph
from annconv.options import UNSUPPORTED_POLICIES


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What was read of a model.

    Attributes:
        graph: The trained network; with `problems` only a draft that shows what stands where.
        ignored: What was skipped, by layer; empty unless `on_unsupported="ignore"`.
        problems: Why the model cannot be read, by layer; `read_model` raises them.
    """

    graph: Graph
    ignored: tuple[LayerProblem, ...] = ()
    problems: tuple[LayerProblem, ...] = ()


def read_model(model: str | os.PathLike[str] | Any, *, on_unsupported: str = "refuse") -> Reading:
    """Read a trained Keras 3 model.

    A file is checked completely before Keras sees it; nothing that it holds can run.

    Args:
        model: Path of a `.keras` or HDF5 file, or a built Sequential or functional model.
        on_unsupported: "refuse" what cannot be read exactly, or "ignore" it as ANNarchy's converter
            does: layers are chained in the order of `model.layers`, branches are not followed,
            unknown layers and activations other than ReLU are skipped. Biases stay in the Graph.
    Returns:
        The Graph and what was ignored.
    Raises:
        ModelFileError: The file is missing, cut short, damaged, of another format or unsafe.
        UnsupportedModelError: Lists every layer that cannot be read.
        InputError: `model` is neither a path nor a Keras 3 model.
        OptionError: Unknown value of `on_unsupported`.
        AnnconvError: Keras is missing or older than 3.11.3.
    """
    reading = survey_model(model, on_unsupported=on_unsupported)
    if reading.problems:
        graph = reading.graph
        raise UnsupportedModelError(graph.name, len(graph.layers), reading.problems, cannot=READ)
    return reading


def survey_model(model: str | os.PathLike[str] | Any, *, on_unsupported: str = "refuse") -> Reading:
    """As `read_model`, but layers that cannot be read are handed back and not raised.

    A conversion adds what else is wrong with the model and raises everything at once.

    Raises:
        UnsupportedModelError: The file or the model is of a form whose layers are not looked at: a
            subclassed model, one without layers or shapes, or a file with layers that are not safe
            to load.
    """
    if on_unsupported not in UNSUPPORTED_POLICIES:
        hint = nearest(on_unsupported, UNSUPPORTED_POLICIES)
        raise OptionError(f"on_unsupported: unknown value {on_unsupported!r}. {hint}.")
    if isinstance(model, str | os.PathLike):
        file = read_model_file(model)
        keras = import_keras()
        model = load(file, keras)
    else:
        if "keras" not in sys.modules:
            _refuse_object(model)
        keras = import_keras()
        if not isinstance(model, keras.Model):
            _refuse_object(model)
    if on_unsupported == "ignore":
        return Reading(*chain_layers(inspect_model(model, keras, flat=True), keras))
    graph, problems = lower(inspect_model(model, keras), keras)
    return Reading(graph, problems=problems)


def _refuse_object(model: object) -> NoReturn:
    kind = type(model)
    raise InputError(
        "model",
        expected="a path or a Keras 3 model",
        received=f"{kind.__module__}.{kind.__qualname__}",
        instead="For a model of another library, save it as .keras with Keras 3 first.",
    )
