"""What each command does. Heavy parts are imported where they are used: `--help` stays quick."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from shlex import quote
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from annconv.checks import whole
from annconv.durations import duration_steps
from annconv.errors import InputError, ModelFileError, OptionError, OutputError
from annconv.options import AnnarchyOptions, RateOptions
from annconv.printing import show, tell

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from annconv.ir.graph import Graph
    from annconv.ir.network import Network
    from annconv.plan.plan import Plan
    from annconv.sample_files.files import StoredSamples

SAVED = ".snn"
"""Suffix of a saved network; every other file is read as a Keras model."""


FORMATS = ("text", "dot", "svg")
"""How a graph is printed: as text, as text for Graphviz, as the picture that it draws."""


class Stage(Protocol):
    """Prints one stage of a model."""

    def __call__(self, arguments: Namespace) -> str:
        """The stage as text."""


def predict(arguments: Namespace) -> None:
    """Print or write the labels of samples, and their accuracy where labels are known."""
    from annconv.cli.answers import accuracy_line, check_target, write_labels
    from annconv.converter.api import compile as compile_network

    if arguments.output is not None:
        check_target(arguments.output)
    if arguments.batch_size is not None and arguments.scheduler is None:
        raise OptionError(
            "--batch-size: expected --scheduler, too. Without it samples run in no batches."
        )
    samples, expected = _read_data(arguments)
    network = _network(arguments)
    steps = arguments.run_steps
    if arguments.duration is not None:
        steps = duration_steps(arguments.duration, network.dt, "--duration")
    compilation = {
        "precision": arguments.precision,
        "threads": arguments.threads,
        "optimize": arguments.optimize,
        "disable": arguments.disable,
    }
    running = {"steps": steps, "seed": arguments.seed, "progress": not arguments.quiet}
    if arguments.scheduler is None:
        compiled = compile_network(network, **compilation)
        labels = compiled.predict(samples.all(), **running)
    else:
        from annconv import distributed
        from annconv.cli.quiet import silence_dask

        running["batch_size"] = arguments.batch_size
        with distributed.connect(arguments.scheduler) as client:
            silence_dask()
            labels = distributed.predict(network, samples, client, **compilation, **running)
    if arguments.output is None:
        show("\n".join(map(str, labels.tolist())))
    else:
        write_labels(labels, arguments.output)
    if expected is not None:
        line = accuracy_line(labels, expected)
        if arguments.output is not None:
            show(line)
        elif not tell(line):  # stdout holds labels and nothing else
            raise OutputError("stderr", "the accuracy is lost")


def convert(arguments: Namespace) -> None:
    """Convert a Keras file, save the network and print it."""
    if _is_saved(arguments.model):
        raise ModelFileError(
            arguments.model,
            "it is a saved network already",
            instead="give a .keras or .h5 file",
        )
    if not _is_saved(arguments.output):  # told before the model is read
        name = Path(arguments.output).name
        raise ModelFileError(
            arguments.output,
            f"expected a name that ends in {SAVED!r}, received {name!r}",
            instead=f"name the file {Path(name).stem}{SAVED}",
        )
    network = _network(arguments)
    network.save(arguments.output)
    show(str(network))


def export(arguments: Namespace) -> None:
    """Write a network as a C++ project, and print where it is and how it is built."""
    from annconv.interop.project.api import export as export_network

    folder = export_network(
        _network(arguments),
        arguments.output,
        name=arguments.name,
        precision=arguments.precision,
        optimize=arguments.optimize,
        disable=arguments.disable,
        vector_bits=arguments.vector_bits,
        record=arguments.record,
        embed=arguments.embed,
    )
    source, build = quote(str(folder)), quote(str(folder / "build"))
    show(f"written. Build it: cmake -S {source} -B {build} && cmake --build {build}")


def inspect(arguments: Namespace) -> None:
    """Print one stage of the compiler."""
    if arguments.format != "text" and arguments.ir != "graph":
        raise OptionError(
            f"--format {arguments.format}: expected --ir graph, received --ir {arguments.ir}. "
            "Other stages are printed as text."
        )
    if arguments.simplified and arguments.ir != "graph":
        raise OptionError(
            f"--simplified: expected --ir graph, received --ir {arguments.ir}. Other stages are "
            "made from the graph as it was read."
        )
    show(STAGES[arguments.ir](arguments))


def cache(arguments: Namespace) -> None:
    """List or remove what the cache of builds holds."""
    from annconv.cli.cache_commands import run_action

    run_action(arguments)


def doctor(arguments: Namespace) -> None:
    """Print what was found of all that annconv needs; an error says what is missing."""
    from annconv.cli.doctor import examine

    examine()


def _read_data(arguments: Namespace) -> tuple[StoredSamples, NDArray[Any] | None]:
    """Samples and, where given, as many labels; the first ones only where asked for."""
    from annconv.sample_files.files import open_samples, read_labels

    fault = whole("first", 1, optional=True)(arguments)
    if fault is not None:
        raise OptionError(f"--{fault}")
    samples = open_samples(arguments.samples, mapped=arguments.scheduler is not None)
    if arguments.labels is None:
        return samples.first(arguments.first), None
    expected = read_labels(arguments.labels)
    if len(expected) != len(samples):
        raise InputError(
            f"labels in {arguments.labels}",
            expected=f"{len(samples)}, one for each sample",
            received=len(expected),
        )
    return samples.first(arguments.first), expected[: arguments.first]


def _is_saved(path: str) -> bool:
    return Path(path).suffix == SAVED


def _given(arguments: Namespace) -> dict[str, Any]:
    """The options of the conversion that were written, the preset's name among them."""
    classes = (AnnarchyOptions, RateOptions)
    known = dict.fromkeys(["preset", *(entry.name for kind in classes for entry in fields(kind))])
    values = {name: getattr(arguments, name) for name in known if name in arguments}
    return {name: value for name, value in values.items() if value is not None}


def _flags(given: Mapping[str, Any]) -> str:
    return ", ".join("--" + name.replace("_", "-") for name in given)


def _network(arguments: Namespace) -> Network:
    """The network of a file: converted, or as it was saved."""
    given = _given(arguments)
    if _is_saved(arguments.model):
        if given:
            raise OptionError(
                f"{arguments.model}: expected no options of the conversion for a saved network, "
                f"which keeps its own, received {_flags(given)}. Convert the Keras file again with "
                "`annconv convert`."
            )
        from annconv.ir.network import Network

        return Network.load(arguments.model)
    from annconv.conversion.presets import options_of, preset_of
    from annconv.converter.api import convert_model, unused_faults

    if "calibration" in given:
        from annconv.sample_files.files import open_samples

        given["calibration"] = open_samples(given["calibration"], mapped=False).all()
    if getattr(arguments, "run_steps", None) is not None:
        given["steps"] = arguments.run_steps  # of `predict`: what it runs it is converted for
    options = options_of(given.pop("preset", "annarchy"), given)
    faults = unused_faults(options)
    preset_of(options).check(options, faults)  # told before Keras is imported
    _prepare_keras()
    return convert_model(arguments.model, options)[1]


def _prepare_keras() -> None:
    from annconv.cli.quiet import import_keras_quietly

    import_keras_quietly()


def _graph_text(arguments: Namespace) -> str:
    graph = _graph(arguments, "graph, which is", "The graph is")
    if arguments.simplified:
        from annconv.conversion.graph import simplify

        graph = simplify(graph)
    if arguments.format == "text":
        return str(graph)
    from annconv.report.graph_picture import graph_dot, graph_svg

    return graph_dot(graph) if arguments.format == "dot" else graph_svg(graph)


def _sections_text(arguments: Namespace) -> str:
    from annconv.conversion.sections import find_sections

    return str(find_sections(_graph(arguments, "sections, which are", "Sections are")))


def _graph(arguments: Namespace, held: str, subject: str) -> Graph:
    """What a Keras model computes, whether or not a preset converts it.

    Args:
        arguments: As parsed.
        held: What is asked for, with its verb, to be told where a saved network holds none.
        subject: The same at the beginning of a sentence.
    """
    given = _given(arguments)
    policy = given.pop("on_unsupported", "refuse")
    if _is_saved(arguments.model):
        raise ModelFileError(
            arguments.model,
            f"a saved network holds no {held} what the Keras model computes",
            instead="--ir network, or the Keras file",
        )
    if given:
        raise OptionError(
            f"--ir {arguments.ir}: expected no option of the conversion but --on-unsupported, "
            f"received {_flags(given)}. {subject} what the Keras model computes: use --ir network."
        )
    from annconv.frontend import read_model

    options = AnnarchyOptions(on_unsupported=policy)
    _prepare_keras()
    return read_model(arguments.model, on_unsupported=options.on_unsupported).graph


def _network_text(arguments: Namespace) -> str:
    return str(_network(arguments))


def _plan(arguments: Namespace) -> Plan:
    """The optimised plan that would run."""
    from annconv.options import CompileOptions
    from annconv.passes.pipeline import lower

    options = CompileOptions(
        precision=arguments.precision,
        optimize=arguments.optimize,
        disable=tuple(arguments.disable),
    )
    return lower(_network(arguments), options)[1]


def _plan_text(arguments: Namespace) -> str:
    return str(_plan(arguments))


def _cpp_text(arguments: Namespace) -> str:
    from annconv.codegen.render import render_network

    files = render_network(_plan(arguments))
    return "\n".join(f"// ======== {name} ========\n{text}" for name, text in files.items())


STAGES: Mapping[str, Stage] = MappingProxyType(
    {
        "graph": _graph_text,
        "sections": _sections_text,
        "network": _network_text,
        "plan": _plan_text,
        "cpp": _cpp_text,
    }
)
"""What `--ir` can name, in the order of the compiler."""
