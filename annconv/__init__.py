"""annconv compiles trained Keras networks into spiking networks in C++.

    network = annconv.convert("cnn.keras", input_encoding="IB")
    compiled = annconv.compile(network)
    labels = compiled.predict(X, steps=200)

Names are imported when they are first used, so `import annconv` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from annconv import distributed as distributed
    from annconv import errors as errors
    from annconv import plot as plot
    from annconv import spike_statistics as spike_statistics
    from annconv.converter.annarchy import ANNtoSNNConverter as ANNtoSNNConverter
    from annconv.converter.api import compile as compile
    from annconv.converter.api import convert as convert
    from annconv.converter.api import evaluate as evaluate
    from annconv.converter.api import load as load
    from annconv.converter.api import read as read
    from annconv.converter.api import save as save
    from annconv.converter.api import simplify as simplify
    from annconv.interop.annarchy.api import to_annarchy as to_annarchy
    from annconv.interop.project.api import export as export
    from annconv.ir.graph import Graph as Graph
    from annconv.ir.network import Network as Network
    from annconv.neurons.neuron import Neuron as Neuron
    from annconv.runtime.compiled import CompiledNetwork as CompiledNetwork
    from annconv.runtime.result import RunResult as RunResult

__version__ = "0.1.0"

_MODULES = frozenset({"distributed", "errors", "plot", "spike_statistics"})
_HOMES = {
    "ANNtoSNNConverter": "annconv.converter.annarchy",
    "CompiledNetwork": "annconv.runtime.compiled",
    "Graph": "annconv.ir.graph",
    "Network": "annconv.ir.network",
    "Neuron": "annconv.neurons.neuron",
    "RunResult": "annconv.runtime.result",
    "compile": "annconv.converter.api",
    "convert": "annconv.converter.api",
    "evaluate": "annconv.converter.api",
    "export": "annconv.interop.project.api",
    "load": "annconv.converter.api",
    "read": "annconv.converter.api",
    "save": "annconv.converter.api",
    "simplify": "annconv.converter.api",
    "to_annarchy": "annconv.interop.annarchy.api",
}

__all__ = [
    "ANNtoSNNConverter",
    "CompiledNetwork",
    "Graph",
    "Network",
    "Neuron",
    "RunResult",
    "__version__",
    "compile",
    "convert",
    "distributed",
    "errors",
    "evaluate",
    "export",
    "load",
    "plot",
    "read",
    "save",
    "simplify",
    "spike_statistics",
    "to_annarchy",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"annconv.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'annconv' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
