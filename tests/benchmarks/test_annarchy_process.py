"""The worker and its protocol, with a package that stands in for ANNarchy."""

import sys

import numpy as np
import pytest

from annarchy_process import AnnarchyError, AnnarchyProcess, make_environment

PACKAGE = """
print("a banner on stdout")
def setup(num_threads):
    assert num_threads == 2
"""
CONVERTER = """
import numpy as np
class Encoder:
    geometry = (2, 2, 1)
class Monitor:
    def get(self, name):
        assert name == "spike"
        return {0: [1, 2, 5], 1: [int(value) for value in Monitor.network.encoder.rates.ravel()]}
class Network:
    def __init__(self):
        self.encoder, self.monitor = Encoder(), Monitor()
        Monitor.network = self
    def get_populations(self):
        return [self.encoder]
    def get_monitors(self):
        return [self.monitor]
    def reset(self, populations, monitors, projections):
        assert populations and monitors and not projections
    def simulate(self, duration):
        assert duration == 30
class ANNtoSNNConverter:
    def __init__(self, input_encoding, hidden_neuron):
        assert (input_encoding, hidden_neuron) == ("IB", "IaF")
    def load_keras_model(self, filename, directory, show_info):
        assert open(filename).read() == "a model"
        return Network()
    def predict(self, samples, duration_per_sample, multiple):
        print("chatter on stdout")
        assert duration_per_sample == 30 and multiple
        if samples.max() > 1:
            raise ValueError("too bright")
        return [[np.int64(row.argmax())] for row in samples]
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Starts a worker that finds the stand-in, with two threads."""
    package = tmp_path / "path" / "ANNarchy"
    extension = package / "extensions" / "ann_to_snn_conversion"
    extension.mkdir(parents=True)
    (package / "__init__.py").write_text(PACKAGE)
    (package / "extensions" / "__init__.py").touch()
    (extension / "__init__.py").write_text(CONVERTER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"))
    model = tmp_path / "net.keras"
    model.write_text("a model")
    from pathlib import Path

    return lambda threads=2: AnnarchyProcess(Path(sys.executable), model, threads, tmp_path)


SAMPLES = np.array([[0.0, 0.5, 0.25, 0.0], [1.0, 0.0, 0.0, 0.0]])


def test_labels_and_time_come_back(start):
    with start() as process:
        first, second = process.predict(SAMPLES, 30), process.predict(SAMPLES[:1], 30)
    assert first.labels == [[1], [0]]
    assert second.labels == [[1]]
    assert first.seconds > 0


def test_output_spikes_are_counted(start):
    with start() as process:
        assert process.counts(SAMPLES, 30) == [[3, 4], [3, 4]]


def test_the_encoder_gets_rates_in_its_own_shape(start, tmp_path):
    path = tmp_path / "path" / "ANNarchy" / "extensions" / "ann_to_snn_conversion" / "__init__.py"
    changed = CONVERTER.replace("[1, 2, 5]", "[0] * int(Monitor.network.encoder.rates[0, 1, 0])")
    path.write_text(changed)
    with start() as process:
        assert [row[0] for row in process.counts(SAMPLES, 30)] == [50, 0]


def test_a_failure_quotes_the_process(start):
    with start() as process, pytest.raises(AnnarchyError) as caught:
        process.predict(2 * SAMPLES, 30)
    assert "ANNarchy ended with exit code 1. Its last lines:" in str(caught.value)
    assert "ValueError: too bright" in str(caught.value)


def test_a_model_that_cannot_be_loaded(start):
    with pytest.raises(AnnarchyError, match="AssertionError"):
        start(threads=3)


def test_an_environment_is_made_once(tmp_path):
    (tmp_path / "ready.txt").write_text("something==1")
    python = make_environment(tmp_path, ("something==1",))
    assert python == tmp_path / "bin" / "python"
    assert [entry.name for entry in tmp_path.iterdir()] == ["ready.txt"]


def test_an_environment_that_cannot_be_made(tmp_path):
    occupied = tmp_path / "file"
    occupied.touch()
    with pytest.raises(AnnarchyError) as caught:
        make_environment(occupied / "inside", ("something==1",))
    assert "failed with exit code" in str(caught.value)
    assert "--without-annarchy" in str(caught.value)
