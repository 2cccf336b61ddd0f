"""One picture of a network at work: a sample, its spikes layer by layer, and all decisions.

Only Matplotlib's object interface is used: no global state, no window system.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from annconv.errors import InputError
from annconv.ir.network import Network
from annconv.ir.values import real_array
from annconv.report.matplotlib_library import importing_matplotlib
from annconv.report.panels import draw_confusion, draw_output, draw_raster, draw_sample
from annconv.report.summary import summarise
from annconv.runtime.result import RunResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = (14.0, 10.0)
"""Of the picture, in inches."""


def digit_report(
    network: Network,
    sample: object,
    activity: RunResult,
    *,
    labels: object,
    expected: object,
    sample_class: int | None = None,
    note: str = "",
) -> Figure:
    """Input, spike raster by layer, output over time, and confusion matrix in one picture.

    Args:
        network: The network that ran.
        sample: The values of one sample, in any shape with as many as the input has neurons.
        activity: The run of that one sample, recorded: `compiled.run(sample[None], record=…)`.
            Every recorded population gets a band; the output's spikes are drawn over time.
        labels: (N,) labels that the network gave to many samples.
        expected: (N,) the right ones.
        sample_class: The right class of the one sample, if known.
        note: Text behind the accuracy, for instance the trained network's own.
    Returns:
        A figure without canvas state: `figure.savefig("report.png")`.
    Raises:
        InputError: The arguments do not fit the network or each other.
        AnnconvError: Matplotlib is missing.
    """
    summary = summarise(labels, expected, network.output.size, network.class_names)
    values = _values(network, sample)
    _check_activity(network, activity, sample_class)
    figure = _figure()
    grid = figure.add_gridspec(2, 3, width_ratios=(1.15, 0.6, 1.5), height_ratios=(1.0, 1.0))
    draw_sample(figure.add_subplot(grid[0, 0]), network, values, sample_class)
    draw_raster(figure.add_subplot(grid[0, 1:]), network, activity)
    draw_output(figure.add_subplot(grid[1, :2]), network, activity, sample_class)
    draw_confusion(figure.add_subplot(grid[1, 2]), summary, note)
    readout = network.readout.name.replace("_", " ")
    encoding = network.input.neuron.name if network.input.neuron else ""
    figure.suptitle(
        f"{network.name}: {encoding} encoding, read-out {readout}, "
        f"{int(activity.stopped_at[0])} steps of {network.dt:g} ms",
        weight="bold",
    )
    return figure


def _figure() -> Figure:
    with importing_matplotlib():
        from matplotlib.figure import Figure
    return Figure(figsize=SIZE, dpi=110, layout="constrained")


def _values(network: Network, sample: object) -> NDArray[Any]:
    expected = f"{network.input.size} numbers, the values of one sample"
    values = real_array(sample, "sample", expected)
    if values.size != network.input.size:
        received = f"an array of {values.dtype}, shape {values.shape}"
        raise InputError("sample", expected=expected, received=received)
    return values.reshape(network.input.geometry)


def _check_activity(network: Network, activity: RunResult, sample_class: int | None) -> None:
    if len(activity) != 1:
        raise InputError("activity", expected="the run of one sample", received=len(activity))
    if not activity.spikes or network.output.name not in activity.spikes:
        recorded = ", ".join(map(repr, activity.spikes)) or "none"
        raise InputError(
            "recorded populations",
            expected=f"the output {network.output.name!r} and any others",
            received=recorded,
            instead="Run the sample with record=network.names.",
        )
    unknown = [name for name in activity.spikes if name not in network.names]
    if unknown:
        raise InputError(
            "recorded populations",
            expected=f"populations of network {network.name!r}",
            received=", ".join(map(repr, unknown)),
        )
    classes = network.output.size
    if sample_class is not None and not 0 <= sample_class < classes:
        raise InputError(
            "sample_class", expected=f"a class from 0 to {classes - 1}", received=sample_class
        )
