"""The four panels of the picture, each drawn into axes that it is given."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annconv.ir.network import Network
from annconv.ir.population import Population
from annconv.report.summary import Summary
from annconv.runtime.result import RunResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BANDS = ("#332288", "#117733", "#882255", "#0077BB", "#AA4499", "#44AA99", "#CC6677", "#555555")
"""Colours of neighbouring bands, distinct for colour-blind readers (after P. Tol's schemes)."""
WINNER, MISSED, OTHERS = "#0077BB", "#CC3311", "#999999"
ROWS_PER_BAND = 60
"""Neurons drawn of each layer, so that a raster of any network can be read and stays small."""
GAP = 0.18
"""Space between bands, in heights of a band."""
MARKS = (1.4, 4.0)
"""Smallest and largest side of a spike's mark, in points."""
POINTS_PER_INCH = 72
MOST_CLASSES_WITH_COUNTS = 20
LABEL_DISTANCE = 0.055
"""Smallest distance between labels of curves, in heights of the panel."""


def draw_sample(
    axes: Axes, network: Network, values: NDArray[Any], sample_class: int | None
) -> None:
    """The sample as a picture: its first channel where it is a map, else as square as can be."""
    shape = network.input.geometry
    if len(shape) == 3:
        picture = values if shape[2] in (3, 4) else values[:, :, 0]
    else:
        picture = values.reshape(rows_and_columns(values.size))
    axes.imshow(picture, cmap="gray_r", interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    named = "" if sample_class is None else f", class {class_name(network, sample_class)}"
    axes.set_title(f"Input{named}")


def draw_raster(axes: Axes, network: Network, activity: RunResult) -> None:
    """Spikes of the recorded populations, one band a population, the input on top."""
    names = [name for name in network.names if name in activity.spikes]
    steps = int(activity.stopped_at[0])
    places = []
    for position, name in enumerate(names):
        population = network[name]
        top = position * (1.0 + GAP)
        rows = shown_ranks(population.size)
        train = activity.spikes[name][0]
        row = np.searchsorted(rows, train[:, 1])
        kept = rows[np.minimum(row, len(rows) - 1)] == train[:, 1]
        colour = BANDS[position % len(BANDS)]
        height = 1.0 / len(rows) / (len(names) * (1.0 + GAP))
        axes.axhspan(top, top + 1.0, color=colour, alpha=0.08, linewidth=0)
        axes.scatter(
            train[kept, 0] * network.dt,
            top + (row[kept] + 0.5) / len(rows),
            s=mark_side(axes, height, 1.0 / steps) ** 2,
            c=colour,
            marker="s",
            linewidths=0,
            rasterized=True,
        )
        places.append(top + 0.5)
    axes.set_yticks(places, [_band_label(network[name]) for name in names])
    for label, position in zip(axes.get_yticklabels(), range(len(names)), strict=True):
        label.set_color(BANDS[position % len(BANDS)])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) * (1.0 + GAP) - GAP, 0.0)
    axes.set_xlim(-0.5 * network.dt, steps * network.dt)
    axes.set_xlabel("time (ms)")
    total = sum(len(activity.spikes[name][0]) for name in names)
    axes.set_title(f"Spikes, layer by layer ({total:,} in all)")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def mark_side(axes: Axes, height: float, width: float) -> float:
    """Side of a spike's mark in points: as large as its cell, within what can be seen.

    Args:
        axes: The panel.
        height: Of a neuron's row, in heights of the panel.
        width: Of a step, in widths of the panel.
    """
    panel = axes.get_window_extent()
    points = POINTS_PER_INCH / axes.figure.dpi
    cell = min(height * panel.height, width * panel.width) * points
    return float(np.clip(cell, *MARKS))


def shown_ranks(size: int, most: int = ROWS_PER_BAND) -> NDArray[np.int64]:
    """Ranks of the neurons drawn of a population: all, or `most` spread evenly over it."""
    if size <= most:
        return np.arange(size)
    return np.linspace(0, size - 1, most).round().astype(np.int64)


def _band_label(population: Population) -> str:
    shown = len(shown_ranks(population.size))
    if shown == population.size:
        return f"{population.name}\nall {shown} neurons"
    return f"{population.name}\n{shown} of {population.size:,} neurons"


def draw_output(
    axes: Axes, network: Network, activity: RunResult, sample_class: int | None
) -> None:
    """Spikes of each output neuron so far; scores as bars where the output does not spike."""
    label = int(activity.labels[0])
    if network.output.model().spike is None:
        _draw_scores(axes, network, activity, sample_class)
    else:
        _draw_counts(axes, network, activity, sample_class)
    verdict = f"class {class_name(network, label)} chosen"
    if sample_class is not None and sample_class != label:
        verdict += f", class {class_name(network, sample_class)} is right"
    axes.set_title(f"Output: {verdict}")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _colour(index: int, label: int, sample_class: int | None) -> str:
    if index == label:
        return WINNER
    return MISSED if index == sample_class else OTHERS


def _draw_counts(
    axes: Axes, network: Network, activity: RunResult, sample_class: int | None
) -> None:
    label, steps = int(activity.labels[0]), int(activity.stopped_at[0])
    counts = cumulative_counts(activity.spikes[network.output.name][0], network.output.size, steps)
    time = np.arange(steps + 1) * network.dt
    emphasis = {label, label if sample_class is None else sample_class}
    for index, count in enumerate(counts):
        strong = index in emphasis
        axes.step(
            time,
            count,
            where="post",
            color=_colour(index, label, sample_class),
            linewidth=2.5 if strong else 1.2,
            zorder=3 if strong else 2,
        )
    low, high = min(0, int(counts.min())), max(1, int(counts.max()))
    axes.set_xlim(0.0, steps * network.dt)
    axes.set_ylim(low - 0.03 * (high - low), high + 0.06 * (high - low))
    axes.set_xlabel("time (ms)")
    axes.set_ylabel("output spikes so far, one curve a class")
    if len(counts) <= MOST_CLASSES_WITH_COUNTS:
        _label_curves(axes, network, counts[:, -1], label, sample_class)


def cumulative_counts(train: NDArray[np.int32], size: int, steps: int) -> NDArray[np.int64]:
    """Spikes of each neuron so far.

    Args:
        train: (S, 2) or (S, 3) int32 of step, rank and, where there are both, sign.
        size: Number of neurons.
        steps: Steps that ran.
    Returns:
        (size, steps + 1) int64; column i counts the spikes of steps 0 to i - 1.
    """
    signs = train[:, 2] if train.shape[1] == 3 else np.ones(len(train), dtype=np.int64)
    counts = np.zeros((size, steps + 1), dtype=np.int64)
    np.add.at(counts, (train[:, 1], train[:, 0] + 1), signs)
    return counts.cumsum(axis=1)


def _label_curves(
    axes: Axes,
    network: Network,
    ends: NDArray[np.int64],
    label: int,
    sample_class: int | None,
) -> None:
    """The name of each class behind its curve, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    places = np.divide(ends - low, high - low, dtype=np.float64)
    for index, place in enumerate(spread(places, LABEL_DISTANCE)):
        strong = index in (label, sample_class)
        axes.annotate(
            f"{class_name(network, index)}: {ends[index]}",
            (1.0, places[index]),
            xycoords="axes fraction",
            xytext=(1.05, place),
            textcoords="axes fraction",
            va="center",
            color=_colour(index, label, sample_class) if strong else "#555555",
            weight="bold" if strong else "normal",
            arrowprops={
                "arrowstyle": "-",
                "color": "#BBBBBB",
                "linewidth": 0.8,
                "relpos": (0.0, 0.5),
            },
            annotation_clip=False,
        )


def spread(places: NDArray[np.float64], distance: float) -> NDArray[np.float64]:
    """Places moved as little as needed to stand `distance` apart, in their order, within [0, 1].

    Args:
        places: (N,) in [0, 1]; equal ones keep their order.
        distance: At most 1 / (N - 1) to stay within [0, 1].
    """
    order = np.argsort(places, kind="stable")
    moved = places[order].astype(np.float64)
    for index in range(1, len(moved)):
        moved[index] = max(moved[index], moved[index - 1] + distance)
    ceiling = 1.0
    for index in range(len(moved) - 1, -1, -1):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - distance
    result = np.empty_like(moved)
    result[order] = moved
    return result


def _draw_scores(
    axes: Axes, network: Network, activity: RunResult, sample_class: int | None
) -> None:
    label, scores = int(activity.labels[0]), activity.outputs[0]
    colours = [_colour(index, label, sample_class) for index in range(len(scores))]
    axes.bar(range(len(scores)), scores, color=colours)
    if len(scores) <= MOST_CLASSES_WITH_COUNTS:
        names = [class_name(network, index) for index in range(len(scores))]
        axes.set_xticks(range(len(scores)), names)
    axes.set_xlabel("class")
    axes.set_ylabel("score at the end")


def draw_confusion(axes: Axes, summary: Summary, note: str) -> None:
    """Samples by right class and label, counts written into the cells."""
    confusion = summary.confusion
    classes = len(confusion)
    axes.imshow(np.sqrt(confusion), cmap="Blues", vmin=0.0)
    if classes <= MOST_CLASSES_WITH_COUNTS:
        dark = confusion.max() / 4  # a quarter of the counts is half their root
        for row, column in zip(*np.nonzero(confusion), strict=True):
            count = int(confusion[row, column])
            colour = "white" if count > dark else MISSED if row != column else "black"
            weight = "bold" if row != column else "normal"
            axes.text(
                column, row, f"{count:,}", ha="center", va="center", color=colour, weight=weight
            )
        axes.set_xticks(range(classes), summary.class_names)
        axes.set_yticks(range(classes), summary.class_names)
    axes.set_xlabel("label given")
    axes.set_ylabel("right label")
    axes.tick_params(length=0)
    told = f"Confusion matrix: accuracy {summary.accuracy:.4f} on {summary.samples:,} samples"
    axes.set_title(f"{told}\n{note}" if note else told)


def class_name(network: Network, index: int) -> str:
    """The name of a class, its number where it has none."""
    return network.class_names[index] if network.class_names else str(index)


def rows_and_columns(size: int) -> tuple[int, int]:
    """Rows and columns, as square as possible, of a picture with `size` pixels."""
    rows = math.isqrt(size)
    while size % rows:
        rows -= 1
    return rows, size // rows
