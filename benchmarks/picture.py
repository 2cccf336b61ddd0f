"""Pictures of the tables, small and without anything that changes from run to run but numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tables import Chart

PANELS = 2
"""In a row of a picture."""
PANEL_INCHES = (3.6, 2.7)
BLUE = "#31688e"


def save_picture(charts: Sequence[Chart], path: Path) -> None:
    """Draw the panels of a section side by side.

    Args:
        charts: One or more.
        path: An SVG file.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    columns = min(PANELS, len(charts))
    rows = -(-len(charts) // columns)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "annconv", "font.size": 8}):
        size = (columns * PANEL_INCHES[0], rows * PANEL_INCHES[1])
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for axis, chart in zip(axes, charts, strict=False):
            _draw(axis, chart)
        for axis in axes[len(charts) :]:
            axis.set_axis_off()
        path.parent.mkdir(parents=True, exist_ok=True)
        FigureCanvasSVG(figure).print_svg(path, metadata={"Date": None})


def _draw(axis: Any, chart: Chart) -> None:
    axis.set_title(chart.title, fontsize=8)
    if chart.kind == "bars":
        places = range(len(chart.x))
        bars = axis.barh(places, chart.y, color=BLUE)
        axis.bar_label(bars, [f"{value:,.3g}" for value in chart.y], padding=2, fontsize=7)
        axis.set_yticks(places, chart.x)
        axis.invert_yaxis()
        axis.margins(x=0.18)
        axis.set_xlabel(chart.y_label)
        if chart.logarithmic:
            axis.set_xscale("log")
            axis.set_xlim(left=min(1.0, *chart.y))
        return
    axis.plot(chart.x, chart.y, "o-", color=BLUE, markersize=3, linewidth=1)
    axis.set_xlim(left=0)
    axis.set_ylim(bottom=0)
    axis.set_xlabel(chart.x_label)
    axis.set_ylabel(chart.y_label)
