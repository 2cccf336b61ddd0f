"""Everything annconv raises, in one hierarchy.

Pattern of a message: what happened and where; what was expected and what was received; what to do.
The facts are attributes, the text is made from them, and several problems are listed together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any


class AnnconvError(Exception):
    """Base of every error that a user of annconv can cause or meet."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as text and attributes, so that worker processes can send errors home."""
        return (_rebuild, (type(self), str(self), self.__dict__.copy()))


def _rebuild(cls: type[AnnconvError], text: str, attributes: dict[str, Any]) -> AnnconvError:
    error = BaseException.__new__(cls, text)  # one that every class has, whatever its bases
    error.__dict__.update(attributes)
    error.args = (text,)
    return error


@dataclass(frozen=True, slots=True)
class LayerProblem:
    """Why one layer of a model cannot be converted.

    Attributes:
        index: Position in `model.layers`, the Input counted as 0.
        layer: Name of the layer in the model.
        type: Class name of the layer, with the setting at fault in brackets where one is.
        why: The reason, as half a sentence.
        instead: What the user can do, as half a sentence.
    """

    index: int
    layer: str
    type: str
    why: str
    instead: str

    def __str__(self) -> str:
        where = f"layer {self.index:<3} {self.layer!r}"
        return f"{where}  {self.type}: {self.why}. Instead: {self.instead}."


class UnsupportedModelError(AnnconvError):
    """A model holds layers that cannot be read or converted; all of them are listed.

    Usual causes: a layer type or a setting that is not read; an activation other than ReLU, a bias
    or a merge under `preset="annarchy"`.
    """

    def __init__(
        self,
        model: str,
        layers: int,
        problems: Sequence[LayerProblem],
        *,
        cannot: str = "become spiking neurons",
    ) -> None:
        self.model = model
        self.problems = tuple(problems)
        refused = len({problem.index for problem in self.problems})
        lines = [f"{refused} of {layers} layers of {model!r} cannot {cannot}."]
        lines += [f"  {problem}" for problem in self.problems]
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True)
class NetworkProblem:
    """Why one part of a network cannot be said in another simulator or format.

    Attributes:
        part: What it is, as "population 'conv'" or "projection 'dense_proj_2'".
        what: What of it is at fault, as a few words.
        why: The reason, as half a sentence.
        instead: What the user can do, as half a sentence.
    """

    part: str
    what: str
    why: str
    instead: str

    def __str__(self) -> str:
        return f"{self.part}  {self.what}: {self.why}. Instead: {self.instead}."


class UnsupportedNetworkError(AnnconvError):
    """A network holds parts that another simulator or format cannot say; all of them are listed."""

    def __init__(self, network: str, problems: Sequence[NetworkProblem], *, cannot: str) -> None:
        self.network = network
        self.problems = tuple(problems)
        parts = len({problem.part for problem in self.problems})
        named = "1 part" if parts == 1 else f"{parts} parts"
        lines = [f"{named} of network {network!r} cannot {cannot}."]
        lines += [f"  {problem}" for problem in self.problems]
        super().__init__("\n".join(lines))


class ConversionWarning(UserWarning):
    """Layers that cannot be converted exactly were left out, as `on_unsupported="ignore"` asks."""


class ModelFileError(AnnconvError, ValueError):
    """A file is not what it should be: missing, cut short, damaged, of another format or unsafe."""

    def __init__(self, path: str | Path, what: str, *, instead: str) -> None:
        self.path = str(path)
        self.what = what
        self.instead = instead
        super().__init__(f"{self.path}: {what}. Instead: {instead}.")


class EquationError(AnnconvError):
    """The equations of a neuron cannot be understood, or use what is not supported.

    Attributes:
        neuron: Name of the neuron (of the read-out, where `owner` says so).
        part: The argument of `Neuron` at fault ("parameters", "equations", "spike", "reset", …).
        line: Line in that argument, counted from 1.
        source: Text of that line.
        column: Offset of the offending text in `source`, counted from 0.
        length: Length of the offending text.
    """

    def __init__(
        self,
        what: str,
        *,
        neuron: str,
        part: str,
        line: int = 1,
        source: str = "",
        column: int = 0,
        length: int = 1,
        hint: str = "",
        owner: str = "neuron",
    ) -> None:
        self.what, self.neuron, self.part, self.line = what, neuron, part, line
        self.source, self.column, self.length = source, column, length
        text = f"{owner} {neuron!r}, {part}, line {line}: {what}."
        if source:
            marker = " " * column + "^" * max(1, length)
            text += f"\n    {source}\n    {marker}"
            if hint:
                text += f"   {hint}"
        elif hint:
            text += f" {hint}"
        super().__init__(text)


class OptionError(AnnconvError, ValueError):
    """One or more options have values outside what is allowed; all faults are listed."""

    def __init__(self, faults: str | Iterable[str]) -> None:
        self.faults = (faults,) if isinstance(faults, str) else tuple(faults)
        super().__init__("\n".join(self.faults))


class InputError(AnnconvError, ValueError):
    """Samples, labels or values given to a network are of the wrong kind."""

    def __init__(self, what: str, *, expected: object, received: object, instead: str = "") -> None:
        self.expected, self.received = expected, received
        text = f"{what}: expected {expected}, received {received}."
        super().__init__(f"{text} {instead}".rstrip())


class VerifyError(AnnconvError):
    """A Graph, Network or Plan breaks its rules: a fault of annconv or of a hand-made network."""

    def __init__(self, subject: str, violations: Sequence[object]) -> None:
        self.subject = subject
        self.violations = tuple(violations)
        lines = [f"{subject} breaks {len(self.violations)} of its rules."]
        lines += [f"  {violation}" for violation in self.violations]
        lines.append("  If annconv made it, this is a fault of annconv: please report it.")
        super().__init__("\n".join(lines))


class BuildError(AnnconvError):
    """Generated code could not be built. The log keeps everything the tools printed."""

    def __init__(
        self,
        stage: str,
        *,
        why: str,
        command: Sequence[str] = (),
        first_error: str = "",
        log: str | Path | None = None,
        instead: str = "",
    ) -> None:
        self.stage, self.why, self.command = stage, why, tuple(command)
        self.first_error, self.log = first_error, None if log is None else str(log)
        lines = [f"{stage} failed ({why})." + (f" Log: {self.log}" if self.log else "")]
        details = (
            ("first error", first_error),
            ("command", " ".join(self.command)),
            ("instead", instead),
        )
        lines += [f"  {name:<12} {text}" for name, text in details if text]
        super().__init__("\n".join(lines))


class CacheError(AnnconvError):
    """The build cache cannot be read or written."""

    def __init__(self, path: str | Path, what: str, *, instead: str) -> None:
        self.path = str(path)
        super().__init__(f"{self.path}: {what}. Instead: {instead}.")


class OutputError(AnnconvError):
    """What was asked for cannot be printed: a stream is closed or full, or was never there."""

    def __init__(self, stream: str, why: str) -> None:
        self.stream, self.why = stream, why
        super().__init__(
            f"{stream} cannot be written: {why}. Instead: redirect it to a file or "
            "terminal that takes more."
        )


class SimulationError(AnnconvError):
    """A simulation could not be finished, or its values left the numbers."""


class OutOfMemoryError(SimulationError, MemoryError):
    """Memory ended, or would end, in a run: of what is recorded, mostly."""

    def __init__(self, what: str, *, expected: str, received: str, instead: str) -> None:
        self.expected, self.received, self.instead = expected, received, instead
        super().__init__(f"{what}: expected {expected}, received {received}. {instead}")


class ClusterError(AnnconvError):
    """A Dask cluster cannot do what it is asked for: it is not there, or not fit for annconv."""

    def __init__(self, what: str, *, instead: str) -> None:
        self.what, self.instead = what, instead
        super().__init__(f"{what}. Instead: {instead}.")


class BatchError(AnnconvError):
    """A batch of samples could not be run on a cluster; the batches that were left are cancelled.

    Attributes:
        start: Index of the batch's first sample.
        stop: Index behind its last one.
        total: Samples in all batches.
        why: What happened. The error that the worker raised is `__cause__`, if it raised one.
    """

    def __init__(self, start: int, stop: int, total: int, why: str) -> None:
        self.start, self.stop, self.total, self.why = start, stop, total, why
        super().__init__(f"samples {start} to {stop - 1} of {total}: {why}")


class UnavailableError(AnnconvError, AttributeError):
    """Something was asked of an object that it does not have, or not yet."""


class FilterError(InputError, AttributeError):
    """Weights of a convolution are set to an array of another shape."""


class UnknownNameError(AnnconvError, KeyError):
    """Something was asked for by a name that is not there."""

    def __str__(self) -> str:
        return str(self.args[0])


def nearest(name: object, known: Iterable[str]) -> str:
    """The known name most like `name` as a hint, or the list of all of them.

    Args:
        name: What the user wrote.
        known: The names that would have been accepted.
    Returns:
        "Nearest: 'x'. Known: …" or "Known: …".
    """
    names = list(known)
    listed = "Known: " + ", ".join(repr(entry) for entry in names)
    folded = {entry.lower(): entry for entry in names}
    close = get_close_matches(str(name).lower(), folded, n=1, cutoff=0.5)
    return f"Nearest: {folded[close[0]]!r}. {listed}" if close else listed
