"""Samples on their way into a network: checked, shaped, and scaled to input rates."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

from annconv.errors import InputError
from annconv.ir.arrays import FloatArray, Geometry
from annconv.ir.values import finite, in_type, real_array

_CLEAN = "Clean or rescale the data."


def prepare_samples(
    samples: object, geometry: Geometry, *, frames: bool = False, steps: int | None = None
) -> FloatArray:
    """Samples as one array of the input's geometry.

    float32 and float64 stay what they are, float16 becomes float32, integers and truth values
    become float64 before anything is computed with them.

    Args:
        samples: (N, ...) with as many values per sample as the input has neurons, in C order; with
            `frames` (N, steps, ...), one frame of values for every step.
        geometry: Of the input population.
        frames: Whether axis 1 is time.
        steps: With `frames`, the number of frames a sample must have; None: any.
    Returns:
        (N, *geometry), or (N, steps, *geometry) with `frames`; float32 or float64, contiguous.
    Raises:
        InputError: Not numbers, of another size, or not finite.
    """
    numbers = _as_numbers(samples)
    shape = numbers.shape
    check_shape(shape, geometry, frames=frames, steps=steps)
    if shape == (0,):
        return numbers.reshape(0, *([steps or 0] if frames else []), *geometry)
    finite(numbers, "samples", "finite numbers", _CLEAN)
    return np.ascontiguousarray(numbers.reshape(*shape[: 2 if frames else 1], *geometry))


def check_shape(
    shape: tuple[int, ...], geometry: Geometry, *, frames: bool = False, steps: int | None = None
) -> None:
    """Refuse an array that cannot be samples, by its shape alone.

    Args:
        shape: Of the whole array; (0,) is no samples.
        geometry: As `prepare_samples`.
        frames: As `prepare_samples`.
        steps: As `prepare_samples`.
    Raises:
        InputError: It has another number of values for each sample, or other frames.
    """
    if shape == (0,):
        return
    lead = 2 if frames else 1
    wanted = _wanted_shape(geometry, frames, steps)
    if len(shape) < lead or math.prod(shape[lead:]) != math.prod(geometry):
        whole = math.prod(geometry)
        single = not frames and math.prod(shape) == whole
        hint = "A single sample needs a batch axis: samples[None]." if single else ""
        expected = f"an array {wanted} or any shape with {whole} values per " + (
            "frame" if frames else "sample"
        )
        raise InputError("samples", expected=expected, received=f"shape {shape}", instead=hint)
    if frames and steps is not None and shape[1] != steps:
        raise InputError(
            "samples with frames",
            expected=f"one frame for each of {steps} steps",
            received=f"{shape[1]} frames",
        )


def input_rates(samples: FloatArray, scale: float, kept_as: DTypeLike | None = None) -> FloatArray:
    """`samples * scale`, computed in the samples' own type.

    Args:
        samples: As `prepare_samples` returns them.
        scale: The network's `input_scale`.
        kept_as: Type of the rates; None: the samples' own.
    Returns:
        Rates of the samples' shape.
    Raises:
        InputError: A product is too large for one of the two types.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        rates: FloatArray = samples * samples.dtype.type(scale)
        if kept_as is not None:
            rates = rates.astype(kept_as, copy=False)
    if not np.isfinite(rates).all():
        narrowest = min(samples.dtype, rates.dtype, key=lambda dtype: dtype.itemsize)
        what = f"samples times the input scale {scale:g}"
        finite(rates, what, f"values within {narrowest}", _CLEAN)
    return rates


def _wanted_shape(geometry: Geometry, frames: bool, steps: int | None) -> str:
    """How the shape is written in messages."""
    lead = ["N", *(["steps" if steps is None else str(steps)] if frames else [])]
    return "(" + ", ".join([*lead, *map(str, geometry)]) + ")"


def _as_numbers(samples: object) -> FloatArray:
    """`samples` as float32 or float64."""
    given = real_array(samples, "samples")
    kind, size = given.dtype.kind, given.dtype.itemsize
    native = np.float32 if kind == "f" and size <= np.dtype(np.float32).itemsize else np.float64
    numbers: FloatArray = in_type(given, native)
    return numbers
