"""What the panels show, read back from what was drawn."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from annconv.report import summarise
from annconv.report.panels import (
    ROWS_PER_BAND,
    cumulative_counts,
    draw_confusion,
    draw_output,
    draw_raster,
    draw_sample,
    rows_and_columns,
    shown_ranks,
    spread,
)


@pytest.fixture
def axes():
    """Empty axes."""
    return Figure().add_subplot()


@pytest.mark.parametrize(
    ("geometry", "shape"),
    [((4, 5, 1), (4, 5)), ((4, 5, 2), (4, 5)), ((4, 5, 3), (4, 5, 3)), ((20,), (4, 5))],
)
def test_sample(axes, make_network, geometry, shape):
    values = np.linspace(0, 1, int(np.prod(geometry))).reshape(geometry)
    draw_sample(axes, make_network(geometry), values, None)
    drawn = axes.images[0].get_array()
    assert drawn.shape == shape
    assert axes.get_title() == "Input"


def test_raster_draws_every_spike_of_small_populations(axes, network, activity):
    draw_raster(axes, network, activity)
    drawn = [collection.get_offsets() for collection in axes.collections]
    for position, (name, size) in enumerate((("pixels", 20), ("classes", 3))):
        steps, ranks = activity.spikes[name][0].T
        np.testing.assert_allclose(drawn[position][:, 0], steps)
        rows = (drawn[position][:, 1] - position * 1.18) * size - 0.5
        np.testing.assert_allclose(rows, ranks, atol=1e-9)
    labels = [entry.get_text() for entry in axes.get_yticklabels()]
    assert labels == ["pixels\nall 20 neurons", "classes\nall 3 neurons"]


def test_raster_draws_some_neurons_of_a_large_population(axes, make_network, changed, activity):
    steps = int(activity.stopped_at[0])
    network = make_network((1000,))
    train = np.array([(step, rank) for step in range(steps) for rank in range(1000)], np.int32)
    draw_raster(axes, network, changed(spikes={**activity.spikes, "pixels": [train]}))
    assert len(axes.collections[0].get_offsets()) == steps * ROWS_PER_BAND
    assert axes.get_yticklabels()[0].get_text() == f"pixels\n{ROWS_PER_BAND} of 1,000 neurons"
    assert axes.collections[0].get_rasterized()


def test_raster_of_silence(axes, network, changed):
    silent = np.empty((0, 2), np.int32)
    draw_raster(axes, network, changed(spikes={"pixels": [silent], "classes": [silent]}))
    assert axes.get_title() == "Spikes, layer by layer (0 in all)"


@pytest.mark.parametrize("size", [1, 59, 60, 61, 12544])
def test_shown_ranks(size):
    ranks = shown_ranks(size)
    assert len(ranks) == min(size, ROWS_PER_BAND)
    assert (np.diff(ranks) > 0).all()
    assert (ranks[0], ranks[-1]) == (0, size - 1)


def test_output_counts(axes, network, activity):
    draw_output(axes, network, activity, 0)
    curves = [line.get_ydata() for line in axes.lines]
    assert [curve[-1] for curve in curves] == [1, 0, 10]
    np.testing.assert_array_equal(curves[2][:5], [0, 1, 1, 1, 2])
    assert [text.get_text() for text in axes.texts] == ["0: 1", "1: 0", "2: 10"]
    assert axes.get_title() == "Output: class 2 chosen, class 0 is right"


def test_output_scores_where_nothing_spikes(axes, make_network, silent, changed):
    network = make_network(output=silent, names=("cat", "dog", "cow"))
    draw_output(axes, network, changed(outputs=np.array([[-1.0, 0.5, 2.0]])), 2)
    assert [bar.get_height() for bar in axes.patches] == [-1.0, 0.5, 2.0]
    assert [entry.get_text() for entry in axes.get_xticklabels()] == ["cat", "dog", "cow"]
    assert axes.get_title() == "Output: class cow chosen"


def test_cumulative_counts_with_signs():
    train = np.array([(0, 1, 1), (2, 1, -1), (2, 0, 1)], np.int32)
    np.testing.assert_array_equal(cumulative_counts(train, 2, 3), [[0, 0, 0, 1], [0, 1, 1, 0]])


def test_confusion(axes):
    draw_confusion(axes, summarise([0, 0, 1, 2], [0, 1, 1, 2], 3), "")
    texts = {(*text.get_position(), text.get_text()) for text in axes.texts}
    assert texts == {(0, 0, "1"), (0, 1, "1"), (1, 1, "1"), (2, 2, "1")}


def test_confusion_of_many_classes_has_no_counts(axes):
    draw_confusion(axes, summarise([0], [0], 100), "")
    assert len(axes.texts) == 0


@pytest.mark.parametrize("seed", range(20))
def test_spread_keeps_order_and_distance(seed):
    random = np.random.default_rng(seed)
    places = random.random(12) ** 3
    moved = spread(places, 0.06)
    assert (np.diff(np.sort(moved)) > 0.06 - 1e-12).all()
    np.testing.assert_array_equal(np.argsort(moved), np.argsort(places))
    assert moved.min() >= 0
    assert moved.max() <= 1


def test_spread_leaves_what_stands_apart():
    np.testing.assert_array_equal(spread(np.array([0.9, 0.1, 0.5]), 0.1), [0.9, 0.1, 0.5])


@pytest.mark.parametrize(("size", "shape"), [(784, (28, 28)), (20, (4, 5)), (13, (1, 13))])
def test_rows_and_columns(size, shape):
    assert rows_and_columns(size) == shape
