"""Whether what a run keeps fits into memory: asked before it starts, and told where it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np

from annconv.errors import OutOfMemoryError
from annconv.machine import available_memory, size_text

SPIKE_BYTES = 12
"""Bytes of a recorded spike: step, rank and sign as 32-bit numbers."""
SHARE = 0.9
"""Of the available memory that a run may take: what others need may grow meanwhile."""
UNLIMITED = 2**62
_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
TRIAL_SAMPLES = 4
SAMPLES_PER_TRIAL = 64
"""For so many samples one is run beforehand, at most `TRIAL_SAMPLES`: less than 2 % of the work."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Spikes that a run is to keep.

    Attributes:
        names: Of the populations.
        neurons: Of all of them together.
        samples: How many.
        steps: For each of them, at most.
    """

    names: Sequence[str]
    neurons: int
    samples: int
    steps: int

    def check(self, limit: int, trial: Callable[[int], int]) -> None:
        """Refuse a recording that would not fit, before it starts.

        Where it would not if every neuron spiked in every step, some samples, evenly spread, are
        run beforehand. It is refused where not even as many spikes as in the least active one of
        them, in all samples, would fit. A run that is not refused still ends at the limit.

        Args:
            limit: Bytes that the spikes may take.
            trial: Runs the sample of an index; number of its spikes.
        Raises:
            OutOfMemoryError: It would not fit.
        """
        most = self.samples * self.steps * self.neurons * SPIKE_BYTES
        if most <= limit:
            return
        if limit == 0:
            raise self.refused(limit, f"up to {size_text(most)}", 0)
        count = min(TRIAL_SAMPLES, self.samples // SAMPLES_PER_TRIAL)
        tried = np.linspace(0, self.samples - 1, count).astype(int).tolist()
        least = min((trial(index) for index in tried), default=0) * SPIKE_BYTES
        if least * self.samples > limit:
            whole = f"about {size_text(least * self.samples)} or more"
            raise self.refused(limit, whole, limit // least)

    def ended(self, limit: int, steps_run: int, taken: int) -> OutOfMemoryError:
        """The error for a recording that ended because there was no more memory.

        Args:
            limit: Bytes that the spikes were allowed.
            steps_run: Of all samples together.
            taken: Bytes that the spikes took then.
        """
        done = steps_run / self.steps
        received = f"{size_text(taken)} after {done:.1f} of {self.samples} samples"
        return self.refused(min(limit, taken), received, int(done * 0.9))

    def refused(self, limit: int, received: str, fits: int) -> OutOfMemoryError:
        """The error for a recording that is too large.

        Args:
            limit: Bytes that the spikes may take.
            received: What they would take.
            fits: Number of samples that fit.
        """
        listed = ", ".join(map(repr, self.names))
        part = f"about {fits} sample{'s' if fits > 1 else ''} in a call (first_sample= says which "
        part = f"{part}is its first), " if fits else ""
        return OutOfMemoryError(
            f"recording {listed} for {self.samples} samples of {self.steps} steps",
            expected=f"at most {size_text(limit)} of spikes, for which there is memory",
            received=received,
            instead=f"Record {part}fewer populations or fewer steps.",
        )


def spike_limit(others: int) -> int:
    """Bytes that recorded spikes may take.

    Args:
        others: Bytes that the run takes besides.
    """
    available = available_memory()
    return UNLIMITED if available is None else max(0, int(available * SHARE) - others)


class MemoryTold:
    """Tells where memory ended, as a context or a decorator."""

    def __init__(self, what: str, instead: str) -> None:
        """Say what is done.

        Args:
            what: What is done, for the message.
            instead: What to do, as a sentence.
        """
        self.what, self.instead = what, instead

    def __call__(self, function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
        """The function, with itself as the context; free where nothing is raised."""

        @wraps(function)
        def told(*args: _Arguments.args, **options: _Arguments.kwargs) -> _Result:
            try:
                return function(*args, **options)
            except MemoryError as error:
                self.__exit__(type(error), error, error.__traceback__)
                raise

        return told

    def __enter__(self) -> None:
        """Nothing is prepared."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Look at what was raised.

        Raises:
            OutOfMemoryError: In place of any other MemoryError.
        """
        if not isinstance(error, MemoryError) or isinstance(error, OutOfMemoryError):
            return
        available = available_memory()
        left = "" if available is None else f", {size_text(available)} left"
        raise OutOfMemoryError(
            self.what, expected="memory for it", received=f"none{left}", instead=self.instead
        ) from error
