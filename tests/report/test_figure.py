"""The picture: its panels, its file, its refusals."""

from __future__ import annotations

import builtins
import sys

import numpy as np
import pytest

from annconv.errors import AnnconvError, InputError
from annconv.report import digit_report
from annconv.report.figure import SIZE

LABELS, EXPECTED = np.array([2, 0, 1, 1]), np.array([2, 0, 1, 0])


@pytest.fixture
def report(network, sample, activity):
    """Draws the picture with some arguments replaced."""

    def draw(**changes):
        arguments = {
            "network": network,
            "sample": sample,
            "activity": activity,
            "labels": LABELS,
            "expected": EXPECTED,
            **changes,
        }
        positional = [arguments.pop(name) for name in ("network", "sample", "activity")]
        return digit_report(*positional, **arguments)

    return draw


def test_panels(report, activity):
    spikes = sum(len(train) for (train,) in activity.spikes.values())
    figure = report(sample_class=2, note="Keras: 0.9900")
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == [
        "Input, class 2",
        f"Spikes, layer by layer ({spikes} in all)",
        "Output: class 2 chosen",
        "Confusion matrix: accuracy 0.7500 on 4 samples\nKeras: 0.9900",
    ]
    assert figure.get_suptitle() == "small: In encoding, read-out spike count, 30 steps of 1 ms"


def test_file_is_a_png_of_reasonable_size(report, tmp_path):
    figure = report()
    figure.savefig(tmp_path / "report.png")
    content = (tmp_path / "report.png").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == tuple(round(side * figure.dpi) for side in SIZE)
    assert 20_000 < len(content) < 500_000


def test_no_texts_overlap(report):
    figure = report(sample_class=0)
    figure.canvas.draw()
    for axes in figure.axes:
        texts = [entry for entry in (*axes.texts, *axes.get_yticklabels()) if entry.get_text()]
        boxes = [entry.get_window_extent() for entry in texts]
        for index, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[index + 1 :])


def test_no_global_state_of_matplotlib_is_needed(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # importing it would fail
    assert len(report().axes) == 4


def test_without_matplotlib(report, monkeypatch):
    original = builtins.__import__

    def without(name, *arguments):
        if name.startswith("matplotlib"):
            raise ImportError("No module named 'matplotlib'")
        return original(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(AnnconvError) as caught:
        report()
    assert str(caught.value) == (
        "A picture needs Matplotlib, and importing it failed (No module named 'matplotlib'). "
        'Instead: pip install "annconv[plot]".'
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"sample": np.zeros(19)}, "sample: expected 20 numbers, the values of one sample, rec"),
        ({"sample": ["a"] * 20}, "sample: expected 20 numbers, the values of one sample, received"),
        ({"labels": [0]}, "expected labels: expected 1, one for each label, received 4."),
        ({"labels": [3, 3, 3, 3]}, "labels: expected classes from 0 to 2, received 3 to 3."),
        ({"sample_class": 3}, "sample_class: expected a class from 0 to 2, received 3."),
    ],
)
def test_refuses(report, change, told):
    with pytest.raises(InputError) as caught:
        report(**change)
    assert str(caught.value).startswith(told)


def test_refuses_a_run_of_another_kind(report, changed, activity):
    many = changed(labels=np.array([2, 2]))
    with pytest.raises(InputError, match="activity: expected the run of one sample, received 2."):
        report(activity=many)
    with pytest.raises(InputError) as caught:
        report(activity=changed(spikes={"pixels": activity.spikes["pixels"]}))
    assert str(caught.value) == (
        "recorded populations: expected the output 'classes' and any others, received 'pixels'. "
        "Run the sample with record=network.names."
    )
    with pytest.raises(InputError, match="received none. Run the sample"):
        report(activity=changed(spikes={}))
    with pytest.raises(InputError) as caught:
        report(activity=changed(spikes={**activity.spikes, "other": []}))
    assert str(caught.value) == (
        "recorded populations: expected populations of network 'small', received 'other'."
    )
