"""Settings of every layer that the frontend reads, drawn at random for an input of a given shape.

What TensorFlow does not compute in double precision is drawn for single precision alone: bilinear
resizing and pooling of three axes, and constants that it rounds (the root in `gelu`, slopes).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Settings = dict[str, Any]

SMOOTH = (
    "celu", "elu", "exponential", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "linear",
    "log_sigmoid", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax",
    "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "squareplus", "swish", "tanh",
    "tanh_shrink",
)  # fmt: skip
ROUNDED = ("gelu", "leaky_relu")
"""Activations with a constant that TensorFlow keeps in single precision."""
JUMPING = ("hard_shrink",)
"""Activations that turn a rounding error into a large one."""


@dataclass
class Draw:
    """What settings are drawn from.

    Attributes:
        generator: Of random numbers.
        shape: Of the input, without the batch axis.
        double: Whether the layer computes in double precision.
    """

    generator: np.random.Generator
    shape: Shape
    double: bool = False

    @property
    def rank(self) -> int:
        return len(self.shape) - 1

    def pick(self, *choices: Any) -> Any:
        return choices[self.generator.integers(len(choices))]

    def whole(self, low: int, high: int) -> int:
        """From `low` up to `high`, both included."""
        return int(self.generator.integers(low, high + 1))

    def flag(self) -> bool:
        return bool(self.generator.integers(2))

    def number(self, low: float, high: float) -> float:
        """One that single precision holds exactly."""
        return float(np.float32(self.generator.uniform(low, high)))

    def extents(self, low: int, high: int) -> tuple[int, ...]:
        """One number for each spatial axis."""
        return tuple(self.whole(low, high) for _ in range(self.rank))

    def activation(self) -> str:
        return self.pick(*SMOOTH, *(JUMPING if self.double else ROUNDED))

    def window(self, longest: int = 3) -> tuple[Shape, str]:
        """Size of a window that fits, and its padding."""
        size = tuple(min(self.whole(1, longest), extent) for extent in self.shape[:-1])
        return size, self.pick("valid", "same")


def convolution(draw: Draw) -> Settings:
    size, padding = draw.window()
    strides = draw.pick((1,) * draw.rank, draw.extents(1, 3))
    if draw.double and draw.rank == 3:  # TensorFlow misplaces strides longer than the kernel
        strides = tuple(map(min, strides, size))
    dilation = draw.extents(1, 2) if max(strides) == 1 else (1,) * draw.rank
    if draw.rank == 1 and draw.flag():
        padding = "causal"
    spans = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    if any(span > extent for span, extent in zip(spans, draw.shape, strict=False)):
        padding = "same"
    groups = draw.pick(*(g for g in (1, 2, 3) if draw.shape[-1] % g == 0))
    return {
        "filters": groups * draw.whole(1, 2), "kernel_size": size, "strides": strides,
        "padding": padding, "dilation_rate": dilation, "groups": groups,
        "activation": draw.activation(), "use_bias": draw.flag(),
    }  # fmt: skip


def depthwise(draw: Draw) -> Settings:
    chosen = convolution(draw)
    for key in ("filters", "groups"):
        del chosen[key]
    if max(chosen["strides"]) > 1:  # TensorFlow takes one stride for all axes
        chosen["strides"] = chosen["strides"][0]
    elif max(chosen["dilation_rate"]) > 1:
        chosen["dilation_rate"] = 2
        chosen["padding"] = "same"
    if chosen["padding"] == "causal":
        chosen["padding"] = "same"
    return {**chosen, "depth_multiplier": draw.whole(1, 2)}


def separable(draw: Draw) -> Settings:
    return {**depthwise(draw), "filters": draw.whole(1, 3)}


def transposed(draw: Draw) -> Settings:
    size, padding = draw.window()
    strides = draw.extents(1, 3)
    further: tuple[int, ...] | None = tuple(draw.whole(0, stride - 1) for stride in strides)
    empty = any(k % 2 == 0 and more == 0 for k, more in zip(size, further or (), strict=True))
    if draw.flag() or (padding == "same" and empty):
        further = None
    return {
        "filters": draw.whole(1, 3), "kernel_size": size, "strides": strides, "padding": padding,
        "output_padding": further, "activation": draw.activation(), "use_bias": draw.flag(),
    }  # fmt: skip


def pooling(draw: Draw) -> Settings | None:
    if draw.double and draw.rank == 3:
        return None
    size, padding = draw.window()
    strides = None if draw.flag() else draw.extents(1, 3)
    if draw.rank == 1:
        return {"pool_size": size[0], "strides": strides and strides[0], "padding": padding}
    return {"pool_size": size, "strides": strides, "padding": padding}


def global_pooling(draw: Draw) -> Settings:
    return {"keepdims": draw.flag()}


def adaptive_pooling(draw: Draw) -> Settings | None:
    if draw.double and draw.rank == 3:
        return None
    counts = draw.extents(1, 6)
    for extent, count in zip(draw.shape, counts, strict=False):
        if extent // -count == -extent:  # TensorFlow tries a window larger than the map, too
            return None
    return {"output_size": counts[0] if draw.rank == 1 else counts}


def _pairs(draw: Draw, largest: list[int]) -> Any:
    """One number, or for each axis a number or two."""
    pairs = [tuple(draw.whole(0, most) for _ in range(2)) for most in largest]
    if draw.rank == 1:
        return draw.pick(min(pairs[0]), pairs[0])
    return draw.pick(min(map(min, pairs)), tuple(map(min, pairs)), tuple(pairs))


def zero_padding(draw: Draw) -> Settings:
    return {"padding": _pairs(draw, [2] * draw.rank)}


def cropping(draw: Draw) -> Settings:
    return {"cropping": _pairs(draw, [(extent - 1) // 2 for extent in draw.shape[:-1]])}


def center_crop(draw: Draw) -> Settings:
    most = [extent if draw.double else extent + 2 for extent in draw.shape]
    return {"height": draw.whole(1, most[0]), "width": draw.whole(1, most[1])}


def upsampling(draw: Draw) -> Settings:
    if draw.rank == 1:
        return {"size": draw.whole(1, 3)}
    chosen: Settings = {"size": draw.extents(1, 3)}
    if draw.rank == 2 and not draw.double:
        chosen["interpolation"] = draw.pick("nearest", "bilinear")
    return chosen


def resizing(draw: Draw) -> Settings:
    interpolation = "nearest" if draw.double else draw.pick("nearest", "bilinear")
    height, width = draw.extents(1, 12)
    return {"height": height, "width": width, "interpolation": interpolation}


def batch_normalization(draw: Draw) -> Settings:
    axis = draw.pick(-1, draw.whole(1, len(draw.shape)))
    epsilon = draw.number(1e-3, 0.1)
    return {"axis": axis, "epsilon": epsilon, "center": draw.flag(), "scale": draw.flag()}


def rescaling(draw: Draw) -> Settings:
    scale = draw.pick(draw.number(-2, 2), [draw.number(-2, 2) for _ in range(draw.shape[-1])])
    return {"scale": scale, "offset": draw.pick(0.0, draw.number(-1, 1))}


def normalization(draw: Draw) -> Settings:
    axes = draw.pick(None, -1, 1, tuple(range(1, len(draw.shape) + 1)), (1, -1))
    if len(draw.shape) == 1 and isinstance(axes, tuple):
        axes = (1,)
    chosen: Settings = {"axis": axes, "invert": draw.flag()}
    if draw.flag():
        chosen |= {"mean": draw.number(-1, 1), "variance": draw.number(0.1, 2)}
    return chosen


def relu(draw: Draw) -> Settings:
    threshold = draw.number(0, 1) if draw.double and draw.flag() else 0.0
    slope = draw.pick(0.0, 0.25)
    return {
        "max_value": draw.pick(None, 6.0, draw.number(1, 3)), "negative_slope": slope,
        "threshold": threshold,
    }  # fmt: skip


def leaky_relu(draw: Draw) -> Settings:
    return {"negative_slope": draw.number(0, 1)}


def prelu(draw: Draw) -> Settings:
    axes = [axis for axis in range(1, len(draw.shape) + 1) if draw.flag()]
    return {"shared_axes": axes or None}


def elu(draw: Draw) -> Settings:
    return {"alpha": draw.number(0.1, 2)}


def softmax(draw: Draw) -> Settings:
    axes = [axis for axis in range(1, len(draw.shape) + 1) if draw.flag()]
    return {"axis": draw.pick(-1, draw.whole(1, len(draw.shape)), axes or -1)}


def activation(draw: Draw) -> Settings:
    return {"activation": draw.activation()}


def dense(draw: Draw) -> Settings:
    return {
        "units": draw.whole(1, 5), "activation": draw.activation(), "use_bias": draw.flag(),
    }  # fmt: skip


def reshape(draw: Draw) -> Settings:
    extents = [int(extent) for extent in draw.generator.permutation(draw.shape)]
    if draw.flag():
        extents[draw.whole(0, len(extents) - 1)] = -1
    return {"target_shape": extents}


def permute(draw: Draw) -> Settings:
    return {"dims": [int(axis) + 1 for axis in draw.generator.permutation(len(draw.shape))]}


def repeat_vector(draw: Draw) -> Settings:
    return {"n": draw.whole(1, 4)}


def fixed(**chosen: Any) -> Callable[[Draw], Settings]:
    """The same settings for every input."""
    return lambda _: chosen


nothing = fixed()

SPATIAL: dict[str, tuple[Callable[[Draw], Settings | None], tuple[int, ...]]] = {
    "Conv{}D": (convolution, (1, 2, 3)),
    "DepthwiseConv{}D": (depthwise, (1, 2)),
    "SeparableConv{}D": (separable, (1, 2)),
    "Conv{}DTranspose": (transposed, (1, 2, 3)),
    "MaxPooling{}D": (pooling, (1, 2, 3)),
    "AveragePooling{}D": (pooling, (1, 2, 3)),
    "GlobalMaxPooling{}D": (global_pooling, (1, 2, 3)),
    "GlobalAveragePooling{}D": (global_pooling, (1, 2, 3)),
    "AdaptiveMaxPooling{}D": (adaptive_pooling, (1, 2, 3)),
    "AdaptiveAveragePooling{}D": (adaptive_pooling, (1, 2, 3)),
    "ZeroPadding{}D": (zero_padding, (1, 2, 3)),
    "Cropping{}D": (cropping, (1, 2, 3)),
    "UpSampling{}D": (upsampling, (1, 2, 3)),
    "SpatialDropout{}D": (fixed(rate=0.5), (1, 2, 3)),
}
"""Layers of so many spatial axes."""
PICTURES: dict[str, Callable[[Draw], Settings]] = {
    "CenterCrop": center_crop,
    "Resizing": resizing,
    "AugMix": nothing,
    "CutMix": nothing,
    "MixUp": nothing,
    "RandAugment": nothing,
    "RandomBrightness": fixed(factor=0.3),
    "RandomColorDegeneration": fixed(factor=0.3),
    "RandomColorJitter": nothing,
    "RandomContrast": fixed(factor=0.3),
    "RandomElasticTransform": nothing,
    "RandomErasing": nothing,
    "RandomFlip": nothing,
    "RandomGaussianBlur": nothing,
    "RandomGrayscale": nothing,
    "RandomHue": fixed(factor=0.3),
    "RandomInvert": nothing,
    "RandomPerspective": nothing,
    "RandomPosterization": fixed(factor=4),
    "RandomRotation": fixed(factor=0.3),
    "RandomSaturation": fixed(factor=0.3),
    "RandomSharpness": fixed(factor=0.3),
    "RandomShear": nothing,
    "RandomTranslation": fixed(height_factor=0.2, width_factor=0.2),
    "RandomZoom": fixed(height_factor=0.2),
}
"""Layers of pictures with channels."""
ANY_SHAPE: dict[str, Callable[[Draw], Settings]] = {
    "Activation": activation,
    "ActivityRegularization": fixed(l1=0.1),
    "AlphaDropout": fixed(rate=0.5),
    "BatchNormalization": batch_normalization,
    "Dense": dense,
    "Dropout": fixed(rate=0.5),
    "ELU": elu,
    "Flatten": nothing,
    "GaussianDropout": fixed(rate=0.5),
    "GaussianNoise": fixed(stddev=0.5),
    "Identity": nothing,
    "LeakyReLU": leaky_relu,
    "Normalization": normalization,
    "PReLU": prelu,
    "Permute": permute,
    "ReLU": relu,
    "Rescaling": rescaling,
    "Reshape": reshape,
    "Softmax": softmax,
}
"""Layers that take any shape."""
VECTORS: dict[str, Callable[[Draw], Settings]] = {"RepeatVector": repeat_vector}

ONE_INPUT = (
    *(name.format(rank) for name, (_, ranks) in SPATIAL.items() for rank in ranks),
    *PICTURES,
    *ANY_SHAPE,
    *VECTORS,
)
"""Every layer that reads one input."""
JOINS = ("Add", "Subtract", "Average", "Multiply", "Maximum", "Minimum", "Concatenate")


def rank_of(name: str) -> int | None:
    """Spatial axes that a layer needs, None where any number will do."""
    if name in PICTURES:
        return 2
    if name in VECTORS:
        return 0
    return next((r for r in (1, 2, 3) if f"{r}D" in name), None)


def settings(name: str, draw: Draw) -> Settings | None:
    """Settings of a layer, None where it cannot read this shape."""
    rank = rank_of(name)
    if rank is not None and rank != draw.rank:
        return None
    if name in PICTURES and PICTURES[name] not in (center_crop, resizing) and draw.shape[-1] != 3:
        return None  # of colours alone
    table = {**PICTURES, **ANY_SHAPE, **VECTORS}
    if name in table:
        return table[name](draw)
    return SPATIAL[name.replace(f"{rank}D", "{}D")][0](draw)


def give_weights(layer: Any, generator: np.random.Generator) -> None:
    """Random weights of moderate size; variances are positive."""
    if not layer.weights:
        return
    drawn = []
    for variable in layer.weights:
        values = generator.normal(0, 0.5, variable.shape)
        positive = "variance" in variable.name
        drawn.append(np.abs(values) + 0.2 if positive else values)
    layer.set_weights(drawn)
    if hasattr(layer, "finalize_state"):  # Normalization keeps copies of its weights
        layer.finalize_state()
