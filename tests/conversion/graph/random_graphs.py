"""Random Graphs of layers that can be folded, moved, joined or composed, without Keras.

Most nodes read the one before them, so that rewrites find neighbours; some are read twice, and any
may be an output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from annconv.ir.activations import Bias, Function, PRelu, Relu, Softmax
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Graph, Input, Layer, Node, result_shape
from annconv.ir.joins import Add, Concatenate, Maximum, Multiply
from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute, Resample, TransposedConvolution
from annconv.ir.operators import (
    Convolution,
    Dense,
    MaxPool,
    MeanPool,
    Pad,
    Reshape,
    Scale,
    Slice,
    Upsample,
)
from annconv.ir.origin import Origin

MOST_VALUES = 600
"""Of one node."""


class Drawn:
    """What layers are drawn from.

    Attributes:
        random: The generator.
        shape: Of what the layer reads.
    """

    def __init__(self, random: np.random.Generator, shape: Geometry) -> None:
        self.random = random
        self.shape = shape
        self.rank = len(shape) - 1

    def pick(self, *choices: Any) -> Any:
        return choices[self.random.integers(len(choices))]

    def extents(self, low: int, high: int) -> tuple[int, ...]:
        return tuple(int(n) for n in self.random.integers(low, high + 1, self.rank))

    def pairs(self, high: int) -> tuple[tuple[int, int], ...]:
        """Nothing in half of all cases."""
        most = self.pick(0, high)
        return tuple(zip(self.extents(0, most), self.extents(0, most), strict=True))

    def numbers(self, *shape: int) -> np.ndarray:
        return self.random.normal(0, 0.6, shape).astype(self.pick(np.float32, np.float64))


def scale(drawn: Drawn) -> Layer:
    factors = drawn.numbers(*drawn.pick((), drawn.shape[-1:]))
    return Scale(drawn.pick(factors, np.abs(factors) + 0.1, np.ones(())))


def bias(drawn: Drawn) -> Layer:
    return Bias(drawn.numbers(*drawn.pick((), drawn.shape[-1:])) * drawn.pick(0, 1, 1))


def dense(drawn: Drawn) -> Layer:
    width = int(drawn.random.integers(1, 9))
    if drawn.rank:
        ones = (1,) * drawn.rank
        kernel = drawn.numbers(*ones, drawn.shape[-1], width)
        return Convolution(kernel, ones, ((0, 0),) * drawn.rank, ones)
    return Dense(drawn.numbers(drawn.shape[0], width))


def convolution(drawn: Drawn) -> Layer:
    groups = drawn.pick(*(g for g in (1, 2, 3, drawn.shape[-1]) if drawn.shape[-1] % g == 0))
    filters = groups * int(drawn.random.integers(1, 3))
    kernel = drawn.numbers(*drawn.extents(1, 3), drawn.shape[-1] // groups, filters)
    strides, dilation = drawn.extents(1, 2), drawn.extents(1, 2)
    return Convolution(kernel, strides, drawn.pairs(2), dilation, groups)


def transposed(drawn: Drawn) -> Layer:
    kernel = drawn.numbers(*drawn.extents(1, 3), int(drawn.random.integers(1, 4)), drawn.shape[-1])
    numbers = drawn.extents(1, 2), drawn.extents(1, 2), drawn.extents(0, 1), drawn.extents(2, 6)
    return TransposedConvolution(kernel, *numbers)


def pooling(drawn: Drawn) -> Layer:
    size = drawn.extents(1, 3)
    padding = tuple((n // 2, (n - 1) // 2) for n in size)
    kind, pads = drawn.pick(MaxPool, MeanPool), drawn.pick(padding, ((0, 0),) * drawn.rank)
    return kind(size, drawn.pick(size, drawn.extents(1, 2)), pads)


def reshape(drawn: Drawn) -> Layer:
    values = int(np.prod(drawn.shape))
    front = drawn.pick(*(n for n in range(1, 7) if values % n == 0))
    shapes = (values,), (front, values // front), (1, *drawn.shape), drawn.shape[::-1], drawn.shape
    return Reshape(drawn.pick(*(shape for shape in shapes if len(shape) < 5)))


def resample(drawn: Drawn) -> Layer:
    return Resample(tuple(drawn.numbers(n, drawn.pick(1, 2, 4)) for n in drawn.shape[:-1]))


def channels_placed(drawn: Drawn) -> Layer:
    before, behind = drawn.random.integers(0, 3, 2)
    return Slice(int(before), int(before + drawn.shape[-1] + behind))


def activation(drawn: Drawn) -> Layer:
    choices = (
        Relu(), Relu(maximum=1.5), Relu(slope=0.25), Relu(threshold=0.5), Softmax(),
        Function("tanh"), Function("hard_tanh"), Function("softplus"),
        PRelu(drawn.numbers(*(drawn.pick(1, n) for n in drawn.shape))),
    )  # fmt: skip
    return drawn.pick(Relu(), *choices)


SPATIAL: tuple[Callable[[Drawn], Layer], ...] = (
    convolution, convolution, transposed, pooling, pooling, resample,
    lambda drawn: Pad(drawn.pairs(2)),
    lambda drawn: Crop(drawn.pairs(1)),
    lambda drawn: Upsample(drawn.extents(1, 2)),
    lambda drawn: AdaptiveMaxPool(drawn.extents(1, 3)),
)  # fmt: skip
ANY_SHAPE: tuple[Callable[[Drawn], Layer], ...] = (
    scale, scale, scale, bias, bias, bias, dense, dense, reshape, channels_placed, activation,
    lambda drawn: Permute(tuple(int(a) for a in drawn.random.permutation(len(drawn.shape)))),
)  # fmt: skip
JOINS = (Add(), Multiply(), Maximum(), Concatenate())


def _next_layer(
    random: np.random.Generator, nodes: list[Node]
) -> tuple[Layer, tuple[Node, ...], Geometry] | None:
    """A layer, what it reads and the shape of its result; None where they do not fit."""
    source = nodes[-1] if random.random() < 0.9 else nodes[random.integers(len(nodes))]
    read: tuple[Node, ...] = (source,)
    if random.random() < 0.1:
        layer: Layer = JOINS[random.integers(len(JOINS))]
        alike = [node for node in nodes if node.shape == source.shape]
        read = (source, alike[random.integers(len(alike))])
    else:
        drawn = Drawn(random, source.shape)
        makers = SPATIAL if drawn.rank and random.random() < 0.5 else ANY_SHAPE
        layer = makers[random.integers(len(makers))](drawn)
    shape = result_shape(layer, [node.shape for node in read])
    fits = shape is not None and np.prod(shape) <= MOST_VALUES
    return (layer, read, shape) if fits else None


def random_graph(seed: int) -> Graph:
    """A Graph of 4 to 16 nodes; every node that nothing reads is an output, and sometimes others.

    Args:
        seed: Of everything drawn.
    """
    random = np.random.default_rng(seed)
    rank = int(random.integers(0, 3))
    shape = (*(int(n) for n in random.integers(2, 7, rank)), int(random.integers(1, 5)))
    origins = [Origin("in", 0, "InputLayer")]
    nodes = [Node("in", Input(), (), shape, (origins[0],))]
    count = int(random.integers(4, 17))
    while len(nodes) < count:
        found = _next_layer(random, nodes)
        if found is None:
            continue
        layer, read, result = found
        name = f"{type(layer).__name__.lower()}_{len(nodes)}"
        origins.append(Origin(name, len(nodes), type(layer).__name__))
        inputs = tuple(node.name for node in read)
        nodes.append(Node(name, layer, inputs, result, (origins[-1],)))
    taken = {name for node in nodes for name in node.inputs}
    outputs = tuple(
        node.name for node in nodes[1:] if node.name not in taken or random.random() < 0.04
    )
    graph = Graph("random", tuple(nodes), outputs, tuple(origins))
    graph.verify()
    return graph
