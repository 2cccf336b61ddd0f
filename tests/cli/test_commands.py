"""The commands on models, on a network whose answer is known and on bundled models."""

from __future__ import annotations

import importlib
import json
import zipfile

import numpy as np
import pytest

from annconv.codegen.render import render_network
from annconv.ir.network import Network
from annconv.options import CompileOptions
from annconv.passes.pipeline import lower, pass_names, target_of
from annconv.plan.planner import make_plan

ANSWER = "2\n0\n1\n1\n"


@pytest.mark.compiles
class TestPredict:
    def test_labels_are_printed_one_per_line(self, annconv, saved, samples):
        status, out, err = annconv("predict", saved, samples)
        assert (status, out) == (0, ANSWER)
        assert "4/4" in err

    def test_quiet_shows_no_bar(self, annconv, saved, samples):
        assert annconv("predict", saved, samples, "--quiet") == (0, ANSWER, "")

    def test_with_labels_the_accuracy_is_told_beside_them(self, annconv, saved, samples, tmp_path):
        (tmp_path / "y.txt").write_text("2\n0\n1\n0\n")
        status, out, err = annconv(
            "predict", saved, samples, "--labels", tmp_path / "y.txt", "--quiet"
        )
        assert (status, out, err) == (0, ANSWER, "accuracy 0.7500 (3 of 4)\n")

    def test_labels_into_a_file(self, annconv, saved, samples, tmp_path):
        (tmp_path / "y.txt").write_text("2\n0\n1\n0\n")
        arguments = ("--labels", tmp_path / "y.txt", "--output", tmp_path / "o.npy", "--first", 3)
        status, out, err = annconv("predict", saved, samples, "--quiet", *arguments)
        assert (status, out, err) == (0, "accuracy 1.0000 (3 of 3)\n", "")
        np.testing.assert_array_equal(np.load(tmp_path / "o.npy"), [2, 0, 1])

    @pytest.mark.parametrize("precision", ["single", "double"])
    def test_options_of_the_run(self, annconv, saved, samples, precision):
        options = ("--precision", precision, "--threads", 1, "--seed", 3, "--quiet")
        assert annconv("predict", saved, samples, "--duration", 10, *options)[1] == ANSWER
        assert annconv("predict", saved, samples, "--steps", 20, *options)[1] == ANSWER

    def test_steps_and_duration_reach_the_run(self, annconv, saved, samples):
        # In a single step nothing arrives at the output: every class ties, the draw has the seed.
        def labels(*options):
            return annconv("predict", saved, samples, "--quiet", *options)[1]

        for options in (("--steps", 1), ("--duration", 0.5), ("--duration", 0.3)):
            drawn = {labels("--seed", seed, *options) for seed in range(8)}
            assert len(drawn) > 1
        assert {labels("--seed", seed, "--duration", 5.0) for seed in range(4)} == {ANSWER}

    def test_no_samples(self, annconv, saved, tmp_path):
        np.save(tmp_path / "x.npy", np.zeros((0, 3)))
        np.save(tmp_path / "y.npy", np.zeros(0, dtype=int))
        arguments = (saved, tmp_path / "x.npy", "--labels", tmp_path / "y.npy", "--quiet")
        assert annconv("predict", *arguments) == (0, "", "accuracy: no samples\n")

    def test_samples_of_another_size(self, annconv, saved, tmp_path):
        np.save(tmp_path / "x.npy", np.zeros((2, 4)))
        status, out, err = annconv("predict", saved, tmp_path / "x.npy")
        assert (status, out) == (1, "")
        assert err.startswith("InputError: samples: expected an array (N, 3)")

    @pytest.mark.keras
    def test_a_keras_file_on_bundled_digits(self, annconv, data_folder):
        status, out, err = annconv(
            *("predict", data_folder / "mlp.keras", data_folder / "t10k-images-idx3-ubyte.gz"),
            *("--labels", data_folder / "t10k-labels-idx1-ubyte.gz", "--first", 100),
            *("--input-encoding", "IB", "--steps", 100, "--quiet"),
        )
        assert status == 0
        assert len(out.splitlines()) == 100
        assert float(err.split()[1]) >= 0.94


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--steps", 0], "steps: expected a whole number from 1 to 2147483647, received 0."),
        (["--duration", 0], "--duration: expected a number of ms above 0, received 0.0."),
        (["--duration", "nan"], "--duration: expected a number of ms above 0, received nan."),
        (["--threads", -1], "threads: expected a whole number from 1 to 4096, received -1."),
        (["--seed", -1], "seed: expected a whole number from 0 to 18446744073709551615, rec"),
        (["--first", 0], "--first: expected a whole number from 1 to 2147483647, received 0."),
        (["--precision", "singel"], "precision: unknown value 'singel'. Nearest: 'single'."),
        (["--output", "labels"], "--output: expected a name that ends in .npy, .csv or .txt"),
        (["--k", 3, "--dt", 2], "relay.snn: expected no options of the conversion for a saved "),
    ],
)
@pytest.mark.compiles
def test_options_that_are_refused(annconv, saved, samples, options, told):
    status, out, err = annconv("predict", saved, samples, "--quiet", *options)
    assert (status, out) == (1, "")
    assert err.startswith("OptionError: ")
    assert told in err


def test_conversion_options_are_named_where_they_do_not_belong(annconv, saved):
    status, out, err = annconv("inspect", saved, "--ir", "plan", "--read-out", "x", "--max-f", 1)
    assert (status, out) == (1, "")
    assert err == (
        f"OptionError: {saved}: expected no options of the conversion for a saved network, which "
        "keeps its own, received --read-out, --max-f. Convert the Keras file again with "
        "`annconv convert`.\n"
    )


def test_fewer_labels_than_samples(annconv, saved, samples, tmp_path):
    (tmp_path / "y.txt").write_text("1\n")
    status, _, err = annconv("predict", saved, samples, "--labels", tmp_path / "y.txt")
    assert status == 1
    assert err == (
        f"InputError: labels in {tmp_path}/y.txt: expected 4, one for each sample, received 1.\n"
    )


def test_names_are_checked_before_a_model_is_read(annconv, samples):
    status, _, err = annconv("predict", "none.keras", samples, "--input-encoding", "IBB")
    assert status == 1
    assert err.startswith("OptionError: input_encoding: unknown value 'IBB'. Nearest: 'IB'.")


class TestInspect:
    def test_network_and_plan(self, annconv, saved, network):
        assert annconv("inspect", saved, "--ir", "network") == (0, f"{network}\n", "")
        for precision in ("single", "double"):
            out = annconv("inspect", saved, "--ir", "plan", "--precision", precision)[1]
            plan = lower(network, CompileOptions(precision=precision))[1]
            assert out == f"{plan}\n"

    def test_plain_plan_and_disabled_passes(self, annconv, saved, network):
        plain = f"{make_plan(network, 'single', target_of(CompileOptions()))}\n"
        assert annconv("inspect", saved, "--ir", "plan", "-O", "0") == (0, plain, "")
        disabled = [word for name in pass_names() for word in ("--disable", name)]
        assert annconv("inspect", saved, "--ir", "plan", *disabled) == (0, plain, "")
        status, _, err = annconv("inspect", saved, "--ir", "plan", "--disable", "livenes")
        assert status == 1
        assert err.startswith("OptionError: disable: unknown pass 'livenes'. Nearest: 'liveness'.")

    def test_cpp_has_every_file_under_a_heading(self, annconv, saved, network):
        out = annconv("inspect", saved, "--ir", "cpp")[1]
        files = render_network(lower(network, CompileOptions())[1])
        assert out.count("// ======== ") == len(files)
        for name, text in files.items():
            assert f"// ======== {name} ========\n{text}" in out

    @pytest.mark.parametrize("stage", ["plan", "cpp"])
    def test_unknown_precision(self, annconv, saved, stage):
        status, _, err = annconv("inspect", saved, "--ir", stage, "--precision", "half")
        assert status == 1
        assert "precision: unknown value 'half'" in err

    def test_a_saved_network_has_no_graph(self, annconv, saved):
        status, out, err = annconv("inspect", saved, "--ir", "graph")
        assert (status, out) == (1, "")
        assert err == (
            f"ModelFileError: {saved}: a saved network holds no graph, which is what the Keras "
            "model computes. Instead: --ir network, or the Keras file.\n"
        )

    def test_a_saved_network_has_no_sections(self, annconv, saved):
        status, out, err = annconv("inspect", saved, "--ir", "sections")
        assert (status, out) == (1, "")
        assert err == (
            f"ModelFileError: {saved}: a saved network holds no sections, which are what the Keras "
            "model computes. Instead: --ir network, or the Keras file.\n"
        )
        status, _, err = annconv("inspect", "model.keras", "--ir", "sections", "--dt", 2)
        assert status == 1
        assert err == (
            "OptionError: --ir sections: expected no option of the conversion but --on-unsupported,"
            " received --dt. Sections are what the Keras model computes: use --ir network.\n"
        )

    @pytest.mark.keras
    def test_graph_of_a_model_that_no_preset_converts(self, annconv, tmp_path):
        keras = importlib.import_module("keras")
        layers = keras.layers
        entry, side = keras.Input((4,), name="entry"), keras.Input((4,), name="side")
        inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="d")], name="inner")
        model = keras.Model([entry, side], [layers.Add(name="sum")([inner(entry), side]), entry])
        model.save(tmp_path / "model.keras")
        status, out, err = annconv("inspect", tmp_path / "model.keras", "--ir", "graph")
        assert (status, err) == (0, "")
        assert "node inner/d <- entry  (4)  dense" in out
        assert out.endswith("outputs sum, entry\n")
        status, out, err = annconv("inspect", tmp_path / "model.keras", "--ir", "sections")
        assert (status, err) == (0, "")
        assert "sum  (4)  junction\n  <- entry: dense" in out
        assert out.endswith("  <- side\noutputs sum, entry\n")
        status, out, err = annconv("inspect", tmp_path / "model.keras", "--ir", "network")
        assert (status, out) == (1, "")
        assert "it is one of 2 inputs" in err

    @pytest.mark.keras
    def test_graph_as_a_picture(self, annconv, data_folder, tmp_path, monkeypatch):
        pytest.importorskip("graphviz")
        arguments = ("inspect", data_folder / "mlp.keras", "--ir", "graph", "--format")
        status, out, err = annconv(*arguments, "dot")
        assert (status, err) == (0, "")
        assert out.startswith("digraph ")
        (tmp_path / "dot").write_text("#!/bin/sh\necho '<svg/>'\n")
        (tmp_path / "dot").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        assert annconv(*arguments, "svg")[:2] == (0, "<svg/>\n")
        (tmp_path / "dot").unlink()
        monkeypatch.setenv("PATH", str(tmp_path))
        status, out, err = annconv(*arguments, "svg")
        assert (status, out) == (1, "")
        assert err.startswith("AnnconvError: A picture needs Graphviz, and its program 'dot' was")

    def test_only_graphs_are_drawn(self, annconv, saved):
        status, out, err = annconv("inspect", saved, "--ir", "plan", "--format", "svg")
        assert (status, out) == (1, "")
        assert err == (
            "OptionError: --format svg: expected --ir graph, received --ir plan. Other stages are "
            "printed as text.\n"
        )

    @pytest.mark.keras
    def test_simplified_graph(self, annconv, tmp_path):
        keras = importlib.import_module("keras")
        layers = keras.layers
        head = [layers.Dense(3, name="d", use_bias=False), layers.BatchNormalization(name="bn")]
        model = keras.Sequential([keras.Input((4,), name="x"), *head, layers.ReLU(name="r")])
        model.save(tmp_path / "m.keras")
        arguments = ("inspect", tmp_path / "m.keras", "--ir", "graph")
        assert "node bn <- d  (3)  scale" in annconv(*arguments)[1]
        status, out, err = annconv(*arguments, "--simplified")
        assert (status, err) == (0, "")
        assert [line.split("  ")[0] for line in out.splitlines()[2:]] == [
            "node bn <- x",
            "node r <- bn",
            "outputs r",
        ]
        assert "# Dense 'd', BatchNormalization 'bn'" in out
        picture = annconv(*arguments, "--simplified", "--format", "dot")[1]
        assert picture.startswith("digraph ")
        assert picture.count("label=") == 3

    def test_only_graphs_are_simplified(self, annconv, saved):
        status, out, err = annconv("inspect", saved, "--ir", "network", "--simplified")
        assert (status, out) == (1, "")
        assert err == (
            "OptionError: --simplified: expected --ir graph, received --ir network. Other stages "
            "are made from the graph as it was read.\n"
        )

    @pytest.mark.keras
    def test_graph_of_a_keras_file(self, annconv, data_folder):
        status, out, err = annconv("inspect", data_folder / "mlp.keras", "--ir", "graph")
        assert (status, err) == (0, "")
        assert out.startswith("graph ")
        assert "node dense_1 <- dense/relu" in out

    def test_a_graph_knows_no_conversion(self, annconv, data_folder):
        status, _, err = annconv(
            "inspect", data_folder / "mlp.keras", "--ir", "graph", "--k", 3, "--max-f", 2
        )
        assert status == 1
        assert err == (
            "OptionError: --ir graph: expected no option of the conversion but --on-unsupported, "
            "received --k, --max-f. The graph is what the Keras model computes: use --ir network.\n"
        )

    def test_unknown_policy(self, annconv, data_folder):
        arguments = (data_folder / "mlp.keras", "--ir", "graph", "--on-unsupported", "ignor")
        assert "Nearest: 'ignore'" in annconv("inspect", *arguments)[2]


class TestExport:
    def test_a_project_is_written(self, annconv, saved, tmp_path):
        folder = tmp_path / "a net"
        status, out, err = annconv("export", saved, folder, "--name", "robot", "--embed")
        build = f"'{folder}/build'"
        assert (status, err) == (0, "")
        assert out == (
            f"written. Build it: cmake -S '{folder}' -B {build} && cmake --build {build}\n"
        )
        assert (folder / "include" / "robot.h").is_file()
        assert "option(ROBOT_EMBED " in (folder / "CMakeLists.txt").read_text()

    def test_options_reach_the_project(self, annconv, saved, tmp_path):
        for precision in ("double", "int16"):
            annconv("export", saved, tmp_path / precision, "--precision", precision)
            text = (tmp_path / precision / "README.md").read_text()
            assert f"neurons, {precision} precision" in text

    def test_another_folder_is_left_alone(self, annconv, saved, tmp_path):
        (tmp_path / "mine").write_text("")
        status, out, err = annconv("export", saved, tmp_path)
        assert (status, out) == (1, "")
        assert "expected an empty folder or an earlier export" in err


class TestConvert:
    @pytest.mark.keras
    def test_saves_and_prints(self, annconv, data_folder, tmp_path):
        target = tmp_path / "mlp.snn"
        status, out, err = annconv(
            *("convert", data_folder / "mlp.keras", target, "--input-encoding", "PSO"),
            *("--read-out", "time_to_k_spikes", "--k", 4, "--steps", 50, "--max-f", 80),
            *("--normalize", "model", "--scale-factor", "2,3,4", "--threshold-step", 0.01),
        )
        assert (status, err) == (0, "")
        network = Network.load(target)
        assert out == f"{network}\n"
        assert (network.steps, network.input_scale) == (50, 80.0)
        assert network.input.neuron is not None
        assert network.input.neuron.name == "PSO"
        assert dict(network.readout.parameters) == {"k": 4.0}

    @pytest.mark.keras
    def test_preset_rate(self, annconv, data_folder, samples, tmp_path):
        pixels = np.random.default_rng(0).random((20, 784), np.float32)
        np.save(tmp_path / "calibration.npy", pixels)
        target = tmp_path / "mlp.snn"
        status, out, err = annconv(
            *("convert", data_folder / "mlp.keras", target, "--preset", "rate", "--steps", 6),
            *("--calibration", tmp_path / "calibration.npy", "--thresholds", "maximum"),
        )
        assert (status, err) == (0, "")
        network = Network.load(target)
        assert out == f"{network}\n"
        expected = {"preset": "rate", "steps": "6", "thresholds": "maximum"}
        assert expected.items() <= network.options.items()
        assert network.options["potential_correction"] == "True"

    def test_options_of_another_preset(self, annconv, data_folder, tmp_path):
        model = data_folder / "mlp.keras"
        status, out, err = annconv(
            *("convert", model, tmp_path / "x.snn", "--preset", "rate", "--max-f", 80)
        )
        assert (status, out) == (1, "")
        assert err == (
            "OptionError: max_f: preset 'rate' has no such option. Leave it out; it belongs to "
            "preset 'annarchy'.\n"
        )
        status, out, err = annconv("convert", model, tmp_path / "x.snn", "--preset", "rate")
        assert (status, out) == (1, "")
        assert err.startswith("OptionError: calibration: expected samples as the model takes them")

    def test_a_saved_network_is_not_converted_again(self, annconv, saved, tmp_path):
        assert annconv("convert", saved, tmp_path / "b.snn")[2] == (
            f"ModelFileError: {saved}: it is a saved network already. "
            "Instead: give a .keras or .h5 file.\n"
        )

    def test_another_suffix_is_told_before_the_model_is_read(self, annconv, tmp_path):
        status, out, err = annconv("convert", "none.keras", tmp_path / "net.bin")
        assert (status, out) == (1, "")
        assert err == (
            f"ModelFileError: {tmp_path}/net.bin: expected a name that ends in '.snn', received "
            "'net.bin'. Instead: name the file net.snn.\n"
        )

    @pytest.mark.keras
    def test_files_that_are_no_models(self, annconv, data_folder, tmp_path):
        content = (data_folder / "mlp.keras").read_bytes()
        (tmp_path / "short.keras").write_bytes(content[: len(content) // 2])
        for name, told in (("short.keras", "cut short"), ("none.keras", "no such file")):
            status, out, err = annconv("convert", tmp_path / name, tmp_path / "x.snn")
            assert (status, out) == (1, "")
            assert err.startswith(f"ModelFileError: {tmp_path / name}: ")
            assert told in err
        assert not (tmp_path / "x.snn").exists()

    @pytest.mark.keras
    def test_what_is_ignored_is_a_warning(self, annconv, data_folder, tmp_path):
        source = with_activation(data_folder / "mlp.keras", tmp_path / "tanh.keras")
        status, _, err = annconv("convert", source, tmp_path / "x.snn")
        assert status == 1
        assert err.startswith("UnsupportedModelError: 1 of ")
        status, out, err = annconv(
            "convert", source, tmp_path / "x.snn", "--on-unsupported", "ignore"
        )
        assert status == 0
        assert err.startswith("ConversionWarning: ")
        assert out.startswith("network ")


def with_activation(source, target):
    """A copy of a model file whose first ReLU is a tanh."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                configuration = json.loads(content)
                layers = configuration["config"]["layers"]
                dense = next(entry for entry in layers if entry["class_name"] == "Dense")
                dense["config"]["activation"] = "tanh"
                content = json.dumps(configuration).encode()
            new.writestr(name, content)
    return target
