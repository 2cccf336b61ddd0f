"""Which headers of the C++ support library a generated file includes: those of what it calls.

Every file is compiled by itself, and headers that nobody calls took a third of a small one's time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from annconv.neurons.expressions import Call, Cast, Expression, Statistic, children, nodes
from annconv.neurons.model import NeuronModel, OdeSystem
from annconv.plan.kernels import Kernel, LayerKernel, OperatorKernel, UpdateKernel
from annconv.plan.operators import CONVOLVE_EVENTS, FUSED_SCALE, SCALE, TRANSFER

LAYER = "annconv/kernels/layer.hpp"
ELEMENT_SOURCE = "annconv/kernels/element_source.hpp"
SIGNED_SOURCE = "annconv/kernels/signed_source.hpp"
JOINT_SOURCE = "annconv/kernels/joint_source.hpp"
FUNCTIONS = "annconv/functions.hpp"
STATISTICS = "annconv/statistics.hpp"
OPERATORS = {
    "convolve": "annconv/kernels/convolution.hpp",
    "convolve_spikes": "annconv/kernels/convolution.hpp",
    CONVOLVE_EVENTS: "annconv/kernels/event_convolution.hpp",
    "multiply": "annconv/kernels/dense.hpp",
    "multiply_events": "annconv/kernels/dense.hpp",
    "max_pool": "annconv/kernels/pooling.hpp",
    "mean_pool": "annconv/kernels/pooling.hpp",
    **dict.fromkeys(
        (SCALE, FUSED_SCALE, TRANSFER, "pad", "place_channels", "upsample", "gather", "increase"),
        "annconv/kernels/elementwise.hpp",
    ),
}
"""The header of each operator's function."""


def kernel_headers(kernels: Iterable[Kernel]) -> tuple[str, ...]:
    """The headers of a file of kernels, each once, sorted."""
    return tuple(sorted({header for kernel in kernels for header in _headers(kernel)}))


def expression_headers(expressions: Iterable[Expression | None]) -> tuple[str, ...]:
    """The headers of a file that computes expressions of a read-out; None stands for none."""
    given = [entry for entry in expressions if entry is not None]
    calls = (FUNCTIONS,) if any(map(_calls, given)) else ()
    return (*calls, STATISTICS) if any(map(_statistics, given)) else calls


def _headers(kernel: Kernel) -> Iterator[str]:
    match kernel:
        case OperatorKernel():
            yield OPERATORS[kernel.function]
        case UpdateKernel():
            yield FUNCTIONS
            yield from _model_headers(kernel.model)
        case LayerKernel():
            yield LAYER
            if len(kernel.arrivals) > 1:
                yield JOINT_SOURCE
            if any(arrival.function == "ElementSource" for arrival in kernel.arrivals):
                yield ELEMENT_SOURCE
            if any(arrival.signed for arrival in kernel.arrivals):
                yield SIGNED_SOURCE
            for update in kernel.updates:
                yield from _model_headers(update.model)


def _model_headers(model: NeuronModel) -> Iterator[str]:
    """What a neuron's statements call besides functions."""
    if any(isinstance(statement, OdeSystem) for statement in model.update):
        yield "annconv/integration.hpp"
    if model.draw_kinds() - {"Uniform"}:
        yield "annconv/distributions.hpp"
    if model.statistics():
        yield STATISTICS


def _statistics(expression: Expression) -> bool:
    """Whether functions of all neurons are computed."""
    return any(isinstance(node, Statistic) for node in nodes(expression))


def _calls(expression: Expression) -> bool:
    """Whether functions of the support library are called."""
    return isinstance(expression, Call | Cast) or any(map(_calls, children(expression)))
