"""Layers that do nothing once a network is trained."""

from __future__ import annotations

from annconv.frontend.layer_view import LayerView, Problems
from annconv.ir.graph import Layer

TRAINING_SETTINGS = ("rate", "seed", "noise_shape", "stddev", "l1", "l2", "data_format")


def identity(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Acts in training only: leaves no node."""
    for key in TRAINING_SETTINGS:
        layer.take(key)
    return ()


def augmentation(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Changes samples at random in training only: leaves no node."""
    layer.take_all()
    return ()


HANDLERS = {
    **dict.fromkeys(
        (
            "ActivityRegularization",
            "AlphaDropout",
            "Dropout",
            "GaussianDropout",
            "GaussianNoise",
            "Identity",
            "SpatialDropout1D",
            "SpatialDropout2D",
            "SpatialDropout3D",
        ),
        identity,
    ),
    **dict.fromkeys(
        (
            "AugMix",
            "CutMix",
            "MixUp",
            "RandAugment",
            "RandomBrightness",
            "RandomColorDegeneration",
            "RandomColorJitter",
            "RandomContrast",
            "RandomElasticTransform",
            "RandomErasing",
            "RandomFlip",
            "RandomGaussianBlur",
            "RandomGrayscale",
            "RandomHue",
            "RandomInvert",
            "RandomPerspective",
            "RandomPosterization",
            "RandomRotation",
            "RandomSaturation",
            "RandomSharpness",
            "RandomShear",
            "RandomTranslation",
            "RandomZoom",
        ),
        augmentation,
    ),
}
