"""Samples on their way into a network: checked, shaped, and scaled to input rates."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

from annconv.errors import InputError
from annconv.ir.arrays import FloatArray, Geometry
from annconv.ir.values import all_true, finite, in_type, real_array

_CLEAN = "Clean or rescale the data."
_SINGLE_BYTES = np.dtype(np.float32).itemsize


def prepare_samples(
    samples: object,
    geometry: Geometry,
    *,
    frames: bool = False,
    steps: int | None = None,
    what: str = "samples",
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
        what: What they are called in messages.
    Returns:
        (N, *geometry), or (N, steps, *geometry) with `frames`; float32 or float64, contiguous.
    Raises:
        InputError: Not numbers, of another size, or not finite.
    """
    numbers = _as_numbers(samples, what)
    shape = numbers.shape
    check_shape(shape, geometry, frames=frames, steps=steps, what=what)
    if shape == (0,):
        return numbers.reshape(0, *([steps or 0] if frames else []), *geometry)
    finite(numbers, what, "finite numbers", _CLEAN)
    return np.ascontiguousarray(numbers.reshape(*shape[: 2 if frames else 1], *geometry))


def rates_of(
    samples: object,
    geometry: Geometry,
    scale: float,
    kept_as: DTypeLike,
    steps: int | None = None,
) -> FloatArray:
    """`input_rates` of `prepare_samples`; as one, which matters where a sample is all there is.

    Args:
        samples: As `prepare_samples`.
        geometry: As `prepare_samples`.
        scale: As `input_rates`.
        kept_as: As `input_rates`.
        steps: Frames that a sample has; None: samples have none.
    Returns:
        (N, frames, inputs) rates, contiguous; 1 frame where samples have none.
    Raises:
        InputError: As both of them.
    """
    numbers = _as_numbers(samples, "samples")
    frames = steps is not None
    check_shape(numbers.shape, geometry, frames=frames, steps=steps)
    rates = _scaled(numbers, scale, kept_as)
    if not all_true(np.isfinite(rates)):  # as are those of all samples that are not
        prepared = prepare_samples(numbers, geometry, frames=frames, steps=steps)
        rates = input_rates(prepared, scale, kept_as)
    frame_count = 1 if steps is None else steps
    return np.ascontiguousarray(rates.reshape(len(rates), frame_count, math.prod(geometry)))


def check_shape(
    shape: tuple[int, ...],
    geometry: Geometry,
    *,
    frames: bool = False,
    steps: int | None = None,
    what: str = "samples",
) -> None:
    """Refuse an array that cannot be samples, by its shape alone.

    Args:
        shape: Of the whole array; (0,) is no samples.
        geometry: As `prepare_samples`.
        frames: As `prepare_samples`.
        steps: As `prepare_samples`.
        what: As `prepare_samples`.
    Raises:
        InputError: It has another number of values for each sample, or other frames.
    """
    if shape == (0,):
        return
    lead = 2 if frames else 1
    if len(shape) < lead or math.prod(shape[lead:]) != math.prod(geometry):
        whole = math.prod(geometry)
        single = not frames and math.prod(shape) == whole
        hint = f"A single sample needs a batch axis: {what}[None]." if single else ""
        wanted = _wanted_shape(geometry, frames, steps)
        expected = f"an array {wanted} or any shape with {whole} values per " + (
            "frame" if frames else "sample"
        )
        raise InputError(what, expected=expected, received=f"shape {shape}", instead=hint)
    if frames and steps is not None and shape[1] != steps:
        raise InputError(
            f"{what} with frames",
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
    rates = _scaled(samples, scale, kept_as)
    if not all_true(np.isfinite(rates)):
        narrowest = min(samples.dtype, rates.dtype, key=lambda dtype: dtype.itemsize)
        what = f"samples times the input scale {scale:g}"
        finite(rates, what, f"values within {narrowest}", _CLEAN)
    return rates


def _scaled(samples: FloatArray, scale: float, kept_as: DTypeLike | None) -> FloatArray:
    """As `input_rates`, not checked."""
    with np.errstate(over="ignore", invalid="ignore"):
        rates: FloatArray = samples * samples.dtype.type(scale)
        return rates if kept_as is None else rates.astype(kept_as, copy=False)


def _wanted_shape(geometry: Geometry, frames: bool, steps: int | None) -> str:
    """How the shape is written in messages."""
    lead = ["N", *(["steps" if steps is None else str(steps)] if frames else [])]
    return "(" + ", ".join([*lead, *map(str, geometry)]) + ")"


def _as_numbers(samples: object, what: str) -> FloatArray:
    """`samples` as float32 or float64."""
    given = real_array(samples, what)
    dtype = given.dtype
    native = np.float32 if dtype.kind == "f" and dtype.itemsize <= _SINGLE_BYTES else np.float64
    numbers: FloatArray = in_type(given, native)
    return numbers
