"""The plot helpers: what they drew, read back, and every refusal."""

from __future__ import annotations

import builtins

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_rgba
from zoo import OPTIONS, ZOO, samples

import annconv
from annconv import plot
from annconv.errors import AnnconvError, InputError, OptionError, UnknownNameError
from annconv.live.network import LiveNetwork
from annconv.reference.network import run_network
from annconv.report.panels import BANDS, MISSED

TRAIN = np.array([(0, 2), (3, 0), (3, 5)], np.int32)
ALL_BUT_AXES = "an integer array (S, 2) or (S, 3) of step, rank and sign, or a dict of rank"


@pytest.fixture(autouse=True)
def closed():
    """No figure of pyplot stays open."""
    yield
    pyplot.close("all")


@pytest.fixture
def ax():
    """Empty axes."""
    return pyplot.figure().add_subplot()


def points(axes, index=0):
    """(S, 2) time and rank of the drawn spikes."""
    return axes.collections[index].get_offsets()


def shows(axes, low, high):
    """Whether a point of the data lies within the axes, and little around it."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    return left <= low[0] < high[0] <= right and bottom <= low[1] <= high[1] <= top


class TestRaster:
    def test_of_an_array(self, ax):
        assert plot.raster(TRAIN, dt=0.5, ax=ax) is ax
        np.testing.assert_allclose(points(ax), [(0, 2), (1.5, 0), (1.5, 5)])
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (ms)", "neuron (rank)")
        assert len(ax.collections) == 1

    def test_of_a_run(self, ax, activity):
        plot.raster(activity, "classes", ax=ax)
        np.testing.assert_allclose(points(ax), activity.spikes["classes"][0])
        assert shows(ax, (0, 0), (30, 2))  # all the steps that ran, not only those with a spike

    def test_of_another_sample(self, ax, activity, changed):
        two = changed(
            labels=np.zeros(2, np.int64),
            stopped_at=np.array([30, 60]),
            spikes={"classes": [activity.spikes["classes"][0], TRAIN]},
        )
        plot.raster(two, "classes", sample=np.int64(1), ax=ax)
        np.testing.assert_allclose(points(ax), TRAIN)
        assert shows(ax, (0, 0), (60, 5))

    @pytest.mark.parametrize("wrap", [lambda spikes: spikes, lambda spikes: {"spike": spikes}])
    def test_of_a_monitor(self, ax, wrap):
        plot.raster(wrap({4: [], 7: [1, 9], 8: [2], 12: []}), dt=2.0, ax=ax)
        np.testing.assert_allclose(points(ax), [(2, 7), (18, 7), (4, 8)])
        assert shows(ax, (0, 4), (20, 12))  # silent neurons have their place

    def test_signs_have_colours(self, ax):
        plot.raster(np.array([(0, 1, 1), (2, 1, -1), (2, 0, 1)]), ax=ax)
        np.testing.assert_allclose(points(ax, 0), [(0, 1), (2, 0)])
        np.testing.assert_allclose(points(ax, 1), [(2, 1)])
        drawn = [collection.get_facecolor()[0] for collection in ax.collections]
        np.testing.assert_allclose(drawn, [to_rgba(BANDS[0]), to_rgba(MISSED)])

    def test_of_silence(self, ax):
        plot.raster(np.empty((0, 2), np.int32), ax=ax)
        plot.raster({0: [], 1: []}, ax=ax)
        assert [len(points(ax, index)) for index in (0, 1)] == [0, 0]

    def test_ranks_are_whole_numbers(self, ax):
        plot.raster({0: [1], 1: [2]}, ax=ax)
        assert all(float(tick).is_integer() for tick in ax.get_yticks())

    def test_two_in_one(self, ax):
        plot.raster({0: [1], 1: [2]}, ax=ax)
        plot.raster({20: [90]}, ax=ax)
        assert shows(ax, (0, 0), (91, 20))

    @pytest.mark.parametrize(
        ("recorded", "told"),
        [
            (TRAIN.astype(float), "received an array of float64, shape (3, 2)."),
            (TRAIN[0], "received an array of int32, shape (2,)."),
            (np.zeros((2, 4), int), "received an array of int64, shape (2, 4)."),
            ([TRAIN, TRAIN[:1]], "received a list."),
            ("conv2d", "received a str."),
            ({0: 3}, "received a dict."),
            ({0: ["a"]}, "received a dict."),
            ({0: [[1, 2]]}, "received a dict."),
        ],
        ids=["floats", "one row", "four columns", "trains", "text", "no list", "letters", "nested"],
    )
    def test_refuses_what_is_no_train(self, ax, recorded, told):
        with pytest.raises(InputError) as caught:
            plot.raster(recorded, ax=ax)
        assert str(caught.value) == (
            f"spikes: expected a RunResult and the name of a population, {ALL_BUT_AXES} -> steps, "
            f"{told}"
        )
        assert not ax.collections

    @pytest.mark.parametrize(
        ("recorded", "told"),
        [
            ({0: [3], 1: [2, np.nan]}, "steps counted from 0 on, received nan."),
            ({0: [np.inf]}, "steps counted from 0 on, received inf."),
            ({0: [4, -1]}, "steps counted from 0 on, received -1."),
            ({-2: [4]}, "ranks counted from 0 on, received -2."),
            ({"spike": {0: [-5]}}, "steps counted from 0 on, received -5."),
            (np.array([(1, 2), (-3, 2)]), "steps counted from 0 on, received -3."),
            (np.array([(1, 2, 1), (3, -4, -1)]), "ranks counted from 0 on, received -4."),
        ],
        ids=["nan", "inf", "step", "rank", "step of all", "step in array", "rank in array"],
    )
    def test_refuses_spikes_before_the_first_or_at_no_time(self, ax, recorded, told):
        with pytest.raises(InputError) as caught:
            plot.raster(recorded, ax=ax)
        assert str(caught.value) == f"spikes: expected {told}"
        assert not ax.collections

    def test_refuses_no_neurons(self, ax):
        with pytest.raises(InputError, match="expected one neuron or more, received an empty dict"):
            plot.raster({}, ax=ax)

    @pytest.mark.parametrize("name", ["clases", None])
    def test_refuses_a_population_that_was_not_recorded(self, activity, name):
        with pytest.raises(UnknownNameError) as caught:
            plot.raster(activity, name)
        near = "Nearest: 'classes'. " if name else ""
        assert str(caught.value) == (
            f"population {name!r} was not recorded. {near}Known: 'pixels', 'classes'. Run the "
            "samples with record=[…]."
        )

    def test_refuses_spikes_that_were_not_recorded(self, ax):
        with pytest.raises(UnknownNameError, match="'spike' was not recorded. Known: 'v'."):
            plot.raster({"v": np.zeros((3, 2))}, ax=ax)

    @pytest.mark.parametrize("sample", [1, -1, True, 0.0])
    def test_refuses_a_sample_that_did_not_run(self, activity, sample):
        with pytest.raises(InputError) as caught:
            plot.raster(activity, "pixels", sample=sample)
        assert str(caught.value) == (
            f"sample: expected one of the 1 that ran, from 0 on, received {sample}."
        )

    @pytest.mark.parametrize("wrong", [{"population": "pixels"}, {"sample": 1}])
    def test_refuses_a_choice_where_there_is_none(self, wrong):
        with pytest.raises(InputError, match="a sample only where a RunResult is given, received"):
            plot.raster(TRAIN, **wrong)


class TestPotentials:
    def test_of_a_monitor(self, ax):
        values = np.arange(12.0).reshape(4, 3)
        assert plot.potentials(values, dt=0.5, start=10.0, ax=ax) is ax
        for neuron, line in enumerate(ax.lines):
            np.testing.assert_allclose(line.get_xdata(), [10, 10.5, 11, 11.5])
            np.testing.assert_allclose(line.get_ydata(), values[:, neuron])
        shown = [text.get_text() for text in ax.get_legend().get_texts()]
        assert shown == ["neuron 0", "neuron 1", "neuron 2"]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (ms)", "v (dimensionless)")

    def test_of_a_dict(self, ax):
        plot.potentials({"v": np.zeros((2, 1)), "u": np.array([[1], [2]])}, "u", ax=ax)
        np.testing.assert_allclose(ax.lines[0].get_ydata(), [1, 2])
        assert ax.get_ylabel() == "u (dimensionless)"

    def test_ranks_count_through_the_geometry(self, ax):
        values = np.arange(24.0).reshape(2, 3, 4)
        plot.potentials(values, ranks=[6, 1], ax=ax)
        np.testing.assert_allclose(
            [line.get_ydata() for line in ax.lines], [values[:, 1, 2], values[:, 0, 1]]
        )
        assert [line.get_label() for line in ax.lines] == ["neuron 6", "neuron 1"]

    def test_a_view_keeps_its_ranks(self, ax):
        values = np.array([[1.0, 2.0, 3.0]])
        plot.potentials(values, columns=[40, 7, 12], ranks=[12, 40], ax=ax)
        assert [line.get_label() for line in ax.lines] == ["neuron 12", "neuron 40"]
        assert [line.get_ydata()[0] for line in ax.lines] == [3.0, 1.0]

    def test_eight_of_many(self, ax):
        plot.potentials(np.zeros((2, 71)), ax=ax)
        labels = [line.get_label() for line in ax.lines]
        assert labels == [f"neuron {rank}" for rank in range(0, 71, 10)]
        assert len({line.get_color() for line in ax.lines}) == 8

    def test_one_value_a_step(self, ax):
        plot.potentials([0.5, 1.5], "vt", ax=ax)
        plot.potentials(np.array([True, False]), columns=[9], ax=ax)
        assert [line.get_label() for line in ax.lines] == ["vt", "neuron 9"]

    def test_refuses_a_run(self, activity):
        with pytest.raises(InputError) as caught:
            plot.potentials(activity)
        assert str(caught.value) == (
            "potentials: expected what a monitor recorded, received a RunResult, which holds "
            "spikes only. Record 'v' in the live network: monitor(population, ['v'])."
        )

    @pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
    def test_refuses_an_empty_recording(self, shape):
        with pytest.raises(InputError) as caught:
            plot.potentials(np.zeros(shape))
        assert str(caught.value) == (
            "v: expected an array (T, …) of numbers with a row for one step or more, received an "
            f"array of float64, shape {shape}. A monitor is emptied by get(); keep=True keeps it."
        )

    @pytest.mark.parametrize(
        ("values", "told"),
        [
            (3.0, "received an array of float64, shape ()."),
            (["a"], "received an array of <U1, shape (1,)."),
            ({"v": {0: [1]}}, "received an array of object, shape ()."),
        ],
        ids=["number", "text", "spikes"],
    )
    def test_refuses_other_values(self, values, told):
        with pytest.raises(InputError, match="v: expected an array") as caught:
            plot.potentials(values)
        assert str(caught.value).endswith(told)

    def test_refuses_a_variable_that_was_not_recorded(self):
        with pytest.raises(UnknownNameError) as caught:
            plot.potentials({"v": np.zeros((1, 1)), "spike": {}}, "mask")
        assert str(caught.value) == "'mask' was not recorded. Known: 'v', 'spike'."

    @pytest.mark.parametrize("ranks", [[3], [-1], [0.5], ["a"], [[0, 1]]], ids=str)
    def test_refuses_ranks_that_are_not_there(self, ranks):
        with pytest.raises(InputError) as caught:
            plot.potentials(np.zeros((2, 3)), ranks=ranks)
        assert str(caught.value) == (
            f"ranks: expected some of the 3 neurons recorded, 0 to 2, received {ranks}."
        )

    @pytest.mark.parametrize(
        "columns", [[1, 2], [1, 1, 2], [0.0, 1.0, 2.0]], ids=["two", "twice", "floats"]
    )
    def test_refuses_columns_that_do_not_fit(self, columns):
        with pytest.raises(InputError, match="columns: expected 3 different ranks, one for each"):
            plot.potentials(np.zeros((2, 3)), columns=columns)

    @pytest.mark.parametrize("start", [np.nan, "0", None])
    def test_refuses_a_start_that_is_no_time(self, start):
        with pytest.raises(OptionError, match="start: expected a number of ms, received"):
            plot.potentials(np.zeros((2, 3)), start=start)


DRAW = [
    pytest.param(lambda **options: plot.raster(TRAIN, **options), id="raster"),
    pytest.param(lambda **options: plot.potentials(np.zeros((2, 3)), **options), id="potentials"),
]


@pytest.mark.parametrize("draw", DRAW)
class TestBoth:
    def test_without_axes_a_figure_of_pyplot_is_made(self, draw):
        first, second = draw(), draw()
        assert pyplot.get_fignums() == [1, 2]
        assert (first.figure, second.figure) == tuple(map(pyplot.figure, (1, 2)))

    def test_into_given_axes_without_a_figure_of_pyplot(self, draw, ax):
        draw(ax=ax)
        assert len(pyplot.get_fignums()) == 1

    def test_refuses_what_is_no_axes(self, draw):
        with pytest.raises(InputError, match="expected axes of Matplotlib, or None, received 3."):
            draw(ax=3)

    @pytest.mark.parametrize("dt", [0, -1.0, np.inf, "1", True])
    def test_refuses_a_step_that_is_no_time(self, draw, dt):
        with pytest.raises(OptionError) as caught:
            draw(dt=dt)
        assert str(caught.value) == f"dt: expected a number of ms above 0, received {dt!r}."

    def test_without_matplotlib(self, draw, monkeypatch):
        def without(name, *arguments):
            if name.startswith("matplotlib"):
                raise ImportError("No module named 'matplotlib'")
            return original(name, *arguments)

        original = builtins.__import__
        monkeypatch.setattr(builtins, "__import__", without)
        with pytest.raises(AnnconvError) as caught:
            draw()
        assert str(caught.value) == (
            "A picture needs Matplotlib, and importing it failed (No module named 'matplotlib'). "
            'Instead: pip install "annconv[plot]".'
        )


@pytest.mark.compiles
def test_what_runs_and_monitors_give_is_drawn_alike():
    network = ZOO["dense"]()
    values = samples(network, 1)
    result = run_network(network, values, steps=40, record=["hidden"])
    live = LiveNetwork(network, OPTIONS)
    first, hidden = live.get_populations()[:2]
    first.rates = values[0] * network.input_scale
    view = hidden[[3, 1]]
    monitor = live.monitor(view, ["spike", "v"])
    live.simulate(40)
    recorded = monitor.get()

    of_run = points(annconv.plot.raster(result.spikes["hidden"][0]))
    of_monitor = points(annconv.plot.raster(recorded))
    expected = of_run[np.isin(of_run[:, 1], view.ranks)]
    assert len(expected) > 5
    assert sorted(map(tuple, of_monitor)) == sorted(map(tuple, expected))

    lines = annconv.plot.potentials(recorded, columns=view.ranks).lines
    assert [line.get_label() for line in lines] == [f"neuron {rank}" for rank in view.ranks]
    for line, column in zip(lines, recorded["v"].T, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), column)
