"""What can be written behind `annconv`, and the help that says so."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, NoReturn

import annconv
from annconv.cli import commands
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.options import (
    NORMALISATIONS,
    PRECISIONS,
    THRESHOLDS,
    UNSUPPORTED_POLICIES,
    AnnarchyOptions,
    RateOptions,
)
from annconv.printing import show, tell
from annconv.readouts.table import READOUTS

_SAMPLES = """\
samples: the content of a file decides on its format.
  .npy        an array (N, ...), each sample of any shape with as many values as the input; the
              values are taken as they are, nothing is rescaled
  .npz        the array 'samples' or 'x' in it, or the only one (labels: 'labels' or 'y')
  IDX         images as MNIST distributes them, also gzipped (.gz): pixels are divided by 255
labels: .npy, .npz, IDX, or text with one whole number per line (.csv as --output writes it).
"""

_PRESETS = ("annarchy", "rate")
_DEFAULTS = {
    entry.name: entry.default
    for options in (RateOptions, AnnarchyOptions)
    for entry in fields(options)
}
"""Of options that both presets have, those of `annarchy`."""


class Parser(argparse.ArgumentParser):
    """Prints help and faults as annconv prints everything; parsers of commands are like it."""

    def print_help(self, file: object = None) -> None:
        """Print the help on stdout."""
        show(self.format_help())

    def error(self, message: str) -> NoReturn:
        """Tell how it is used and what was wrong, and end with status 2."""
        tell(f"{self.format_usage()}{self.prog}: error: {message}")
        raise SystemExit(2)


class _Version(argparse.Action):
    """Prints the version."""

    def __init__(self, option_strings: Sequence[str], dest: str, **others: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, 0, **others)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print it and end."""
        show(f"annconv {annconv.__version__}")
        raise SystemExit(0)


def make_parser() -> argparse.ArgumentParser:
    """The parser; parsed arguments carry the function to call as `command`."""
    parser = Parser(
        prog="annconv", description="Compiles trained Keras networks into spiking networks in C++."
    )
    parser.add_argument("--version", action=_Version, help="show program's version number and exit")
    adder = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_predict(adder)
    _add_convert(adder)
    _add_inspect(adder)
    _add_export(adder)
    _add_cache(adder)
    _add_doctor(adder)
    return parser


def _add_predict(adder: Any) -> None:
    parser = adder.add_parser(
        "predict",
        help="classify samples",
        description="Classify samples: prints the label of every sample, one per line.",
        epilog=_SAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="a .keras, .h5 or .snn file")
    parser.add_argument("samples", metavar="SAMPLES", help=".npy, .npz or IDX file; see below")
    parser.add_argument(
        "--labels", metavar="FILE", help="the right labels: the accuracy is printed, too"
    )
    parser.add_argument(
        "--output", metavar="FILE", help="write the labels there instead: .npy, .csv or .txt"
    )
    parser.add_argument("--first", type=int, metavar="N", help="take the first N samples only")
    duration = parser.add_mutually_exclusive_group()
    duration.add_argument(
        "--steps",
        type=int,
        metavar="N",
        dest="run_steps",
        help="steps per sample (default: the network's own)",
    )
    duration.add_argument(
        "--duration", type=float, metavar="MS", help="the same as simulated time in ms"
    )
    _add_compilation(parser)
    parser.add_argument(
        "--threads", type=int, metavar="N", help="threads over samples (default: all cores)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of random encodings and ties (default: 0)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar on stderr")
    cluster = parser.add_argument_group("on a Dask cluster", "Labels stay the same.")
    cluster.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="run on the workers of this scheduler, as tcp://host:8786; --threads are those of a "
        "batch (default: 1), and files may be larger than memory",
    )
    cluster.add_argument(
        "--batch-size", type=int, metavar="N", help="samples of a task (default: what suits)"
    )
    _add_conversion(parser)
    parser.set_defaults(command=commands.predict)


def _add_convert(adder: Any) -> None:
    parser = adder.add_parser(
        "convert",
        help="convert a Keras model into a saved spiking network",
        description="Convert a Keras model into a spiking network, save it, and print it.",
    )
    parser.add_argument("model", metavar="MODEL", help="a .keras or .h5 file")
    parser.add_argument("output", metavar="OUT.snn", help="where to save the network")
    _add_steps(_add_conversion(parser))
    parser.set_defaults(command=commands.convert)


def _add_inspect(adder: Any) -> None:
    parser = adder.add_parser(
        "inspect",
        help="print one stage of the compiler",
        description="Print one stage of the compiler.",
    )
    parser.add_argument("model", metavar="MODEL", help="a .keras, .h5 or .snn file")
    parser.add_argument(
        "--ir",
        required=True,
        choices=tuple(commands.STAGES),
        help="what the ANN computes, the linear chains in it, the spiking network, the kernels "
        "that run, or their source",
    )
    parser.add_argument(
        "--format",
        choices=commands.FORMATS,
        default="text",
        help="of --ir graph: text, text for Graphviz, or the picture that Graphviz draws "
        "(default: text)",
    )
    parser.add_argument(
        "--simplified",
        action="store_true",
        help="of --ir graph: the same computation with fewer nodes and operations, as with batch "
        "normalisation in the weights beside it",
    )
    _add_compilation(parser)
    _add_conversion(parser)
    parser.set_defaults(command=commands.inspect)


def _add_export(adder: Any) -> None:
    parser = adder.add_parser(
        "export",
        help="write a network as a C++ project",
        description="Write a network as a C++17 project that needs no Python: a program, a library "
        "with a C API, weights, and a README that says how it is built.",
    )
    parser.add_argument("model", metavar="MODEL", help="a .keras, .h5 or .snn file")
    parser.add_argument("output", metavar="FOLDER", help="new, empty, or of an earlier export")
    parser.add_argument(
        "--name", help="of program, library and C functions (default: made of the network's name)"
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help="keep the spikes of all populations; otherwise fused code, which is faster, does "
        "without those of some",
    )
    parser.add_argument(
        "--embed", action="store_true", help="put the weights into program and library"
    )
    parser.add_argument(
        "--vector-bits",
        type=int,
        metavar="N",
        help="width of the vectors that code is laid out for: 128, 256 or 512 (default: this "
        "machine's)",
    )
    _add_compilation(parser)
    _add_steps(_add_conversion(parser))
    parser.set_defaults(command=commands.export)


def _add_steps(group: Any) -> None:
    group.add_argument(
        "--steps",
        type=int,
        metavar="N",
        help="steps per sample unless a run says otherwise, for which rate is calibrated, too "
        f"(default: {_DEFAULTS['steps']}, of rate {RateOptions.steps})",
    )


def _add_cache(adder: Any) -> None:
    parser = adder.add_parser(
        "cache",
        help="list or remove compiled networks",
        description="List or remove the compiled networks that are kept in the cache folder.",
    )
    parser.set_defaults(command=commands.cache)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True, dest="action")
    for name, text in (
        ("list", "each build: key, size, last use, age, network, and why it was built"),
        ("size", "the folder, and how much room its builds take"),
        ("prune", "remove the builds not used for longest while all together are too large"),
        ("clear", "remove all builds but those under way"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        if name == "prune":
            action.add_argument(
                "--to",
                type=size,
                metavar="SIZE",
                help="what may stay, as 500M or 1.5G; K, M, G, T are powers of 1024 (default: the "
                "limit that is kept after each build)",
            )


def _add_doctor(adder: Any) -> None:
    parser = adder.add_parser(
        "doctor",
        help="tell what annconv finds on this machine, and try it",
        description="Tell what annconv finds of all that it needs on this machine, and build and "
        "run a tiny network. The exit status is 1 where something is missing; stderr says what to "
        "do about it.",
    )
    parser.set_defaults(command=commands.doctor)


def _add_compilation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--precision",
        default=PRECISIONS[0],
        metavar="NAME",
        help=f"{' or '.join(PRECISIONS)} (default: {PRECISIONS[0]})",
    )
    parser.add_argument(
        "-O",
        type=int,
        default=2,
        choices=(0, 1, 2),
        dest="optimize",
        help="how much is optimised, 0 being the plain network (default: 2)",
    )
    parser.add_argument(
        "--disable",
        action="append",
        default=[],
        metavar="PASS",
        help="an optimisation that is left out; may be given several times",
    )


def _add_conversion(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Options of the conversion; what is not given stays None, so that it can be told."""
    group = parser.add_argument_group(
        "conversion of a Keras file", "A .snn file has been converted and takes none of these."
    )

    def option(name: str, metavar: str, text: str, read: Callable[[str], object] = str) -> None:
        default = _DEFAULTS[name]
        told = "" if default is None else f" (default: {default})"
        flag = "--" + name.replace("_", "-")
        group.add_argument(flag, type=read, metavar=metavar, help=text + told)

    group.add_argument(
        "--preset",
        metavar="NAME",
        help=f"{' or '.join(_PRESETS)}: which network is made; each takes the options that are its "
        f"own (default: {_PRESETS[0]})",
    )
    option(
        "calibration", "FILE", "of rate: samples without labels, some hundred as in SAMPLES; needed"
    )
    option("thresholds", "NAME", f"of rate: {', '.join(THRESHOLDS)}")
    group.add_argument(
        "--no-potential-correction",
        action="store_const",
        const=False,
        dest="potential_correction",
        help="of rate: start membrane potentials at half a threshold",
    )
    option("input_encoding", "NAME", ", ".join(ENCODINGS))
    option("hidden_neuron", "NAME", ", ".join(HIDDEN))
    option("read_out", "NAME", ", ".join(READOUTS))
    option("k", "N", "spikes that end a sample, for time_to_k_spikes", int)
    option("normalize", "NAME", f"normalisation of the weights: {', '.join(NORMALISATIONS)}")
    option(
        "scale_factor", "X[,X...]", "factors of the normalisation, one or one per layer", factors
    )
    option("threshold_step", "X", "how much lower each further layer's threshold is", float)
    option("max_f", "X", "factor from a sample's values to input rates", float)
    option("dt", "MS", "length of a step", float)
    option(
        "on_unsupported",
        "NAME",
        f"{' or '.join(UNSUPPORTED_POLICIES)} what cannot be converted exactly",
    )
    return group


def size(text: str) -> int:
    """A number of bytes: 1000, 500K, 20 MB, 1.5GiB; units are powers of 1024.

    Raises:
        argparse.ArgumentTypeError: Something else.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"expected a size as 1000, 500M or 1.5G, received {text!r}"
        )
    number, unit = found.groups()
    return int(float(number) * 1024 ** " KMGT".index(unit.upper() or " "))


def factors(text: str) -> float | list[float]:
    """One number, or several separated by commas.

    Raises:
        argparse.ArgumentTypeError: Something else.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"expected a number, or numbers separated by commas, received {text!r}"
        ) from error
    return numbers[0] if len(numbers) == 1 else numbers
