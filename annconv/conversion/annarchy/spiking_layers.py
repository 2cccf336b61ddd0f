"""The layers of a Graph that become populations.

Every Dense, convolution and pooling layer is a population that reads the one before it. ReLUs are
the spiking neurons themselves, Reshape belongs to the projection behind it, and a closing Softmax
does not change which class wins.
"""

from __future__ import annotations

from dataclasses import dataclass

from annconv.conversion.sections import Sections
from annconv.frontend.layer_kinds import is_dense
from annconv.ir.graph import Node
from annconv.ir.operators import Convolution, Dense, MaxPool, MeanPool, Operator, Reshape

Weights = Dense | Convolution
Pool = MaxPool | MeanPool


@dataclass(frozen=True, slots=True)
class SpikingLayer:
    """A layer that becomes a population.

    Attributes:
        node: Of the Graph; a Dense, convolution or pooling layer.
        operators: From the previous population's geometry to this one's, the layer's own last.
    """

    node: Node
    operators: tuple[Operator, ...]

    @property
    def layer(self) -> Weights | Pool:
        """The layer's own operator."""
        layer = self.operators[-1]
        if not isinstance(layer, Weights | Pool):
            raise TypeError(f"{layer} does not become a population")
        return layer

    @property
    def is_dense(self) -> bool:
        """Whether it comes from a Dense, whatever operator that became."""
        return is_dense(self.node.origin[-1])


def find_spiking_layers(sections: Sections) -> tuple[SpikingLayer, ...]:
    """The layers of a model that spike, in the order of its sections."""
    layers: list[SpikingLayer] = []
    between: tuple[Operator, ...] = ()
    for node in sections.nodes():
        layer = node.layer
        if isinstance(layer, Reshape):
            between = (*between, layer)
        elif isinstance(layer, Weights | Pool):
            layers.append(SpikingLayer(node, (*between, layer)))
            between = ()
    return tuple(layers)
