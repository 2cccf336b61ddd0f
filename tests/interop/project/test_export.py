"""An exported program has the results of `run`; what cannot be exported is refused in words."""

from __future__ import annotations

import re
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from exported import Exported, build
from random_layers import draw_layers
from zoo import ZOO

import annconv
from annconv.converter.api import compile as compile_network
from annconv.errors import InputError, ModelFileError, OptionError
from annconv.interop.project.api import export
from annconv.interop.project.naming import c_string, enumerators, export_name
from annconv.ir.network import Network
from annconv.neurons.library import PSO

STEPS = 7
COUNT = 90


def network_of() -> Network:
    """Six inputs and three classes that often tie after a few steps."""
    plain = ZOO["dense"]()
    image, *others = plain.populations
    return replace(plain, populations=(replace(image, neuron=PSO), *others), input_scale=0.7)


def files_of(folder: Path) -> set[str]:
    """All files below a folder."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)) for path in paths}


def samples(dtype: str = "f8") -> np.ndarray:
    """Numbers that every type holds."""
    return np.random.default_rng(5).integers(0, 2, (COUNT, 6)).astype(dtype)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = tmp_path_factory.mktemp("exported") / "a folder"
    definitions = ["NET_MARCH=", "CMAKE_CXX_FLAGS=-Werror", "CMAKE_BUILD_TYPE=Debug"]
    return build(network_of(), folder, definitions=definitions, precision="double", record=True)


@pytest.mark.compiles
class TestProgram:
    """Against `run` in Python."""

    def test_labels_and_scores(self, exported, tmp_path):
        np.save(tmp_path / "x.npy", samples())
        expected = compile_network(network_of(), precision="double").run(
            samples(), steps=STEPS, seed=3
        )
        for threads in ("1", "3"):
            for suffix in ("npy", "csv", "txt"):
                done = exported.run(
                    tmp_path / "x.npy", "--steps", str(STEPS), "--seed", "3", "--threads", threads,
                    "--output", tmp_path / f"l.{suffix}", "--scores", tmp_path / "s.npy",
                    "--counts", tmp_path / "c.npy", "--stopped", tmp_path / "t.npy",
                )  # fmt: skip
                assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
            np.testing.assert_array_equal(np.load(tmp_path / "s.npy"), expected.outputs)
            np.testing.assert_array_equal(np.load(tmp_path / "c.npy"), expected.counts)
            np.testing.assert_array_equal(np.load(tmp_path / "t.npy"), expected.stopped_at)
            labels = [str(label) for label in expected.labels]
            assert np.load(tmp_path / "l.npy").dtype == np.int64
            np.testing.assert_array_equal(np.load(tmp_path / "l.npy"), expected.labels)
            assert (tmp_path / "l.txt").read_text().splitlines() == labels
            rows = [f"{index},{label}" for index, label in enumerate(labels)]
            assert (tmp_path / "l.csv").read_text().splitlines() == ["sample,label", *rows]
        ties = (expected.outputs == expected.outputs.max(axis=1, keepdims=True)).sum(axis=1)
        assert set(ties) == {1, 2, 3}

    @pytest.mark.parametrize(
        "dtype", ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
    )
    def test_types_of_numbers(self, exported, tmp_path, dtype):
        values = samples(dtype) if dtype != "f2" else (samples() * 0.3).astype("f2")
        np.save(tmp_path / "x.npy", values)
        labels = exported.labels(
            tmp_path / "x.npy", "--steps", str(STEPS), "--scores", tmp_path / "s.npy"
        )
        expected = compile_network(network_of(), precision="double").run(values, steps=STEPS)
        assert labels == expected.labels.tolist()
        np.testing.assert_array_equal(np.load(tmp_path / "s.npy"), expected.outputs)

    def test_images_and_the_first_ones(self, exported, tmp_path):
        pixels = np.random.default_rng(2).integers(0, 256, (COUNT, 2, 3), dtype=np.uint8)
        head = struct.pack(">BBBBIII", 0, 0, 8, 3, *pixels.shape)
        (tmp_path / "x.idx").write_bytes(head + pixels.tobytes())
        values = pixels.astype(np.float32) / np.float32(255)
        labels = exported.labels(tmp_path / "x.idx", "--steps", "20", "--first", "40")
        compiled = compile_network(network_of(), precision="double")
        assert labels == compiled.predict(values[:40], steps=20).tolist()

    def test_frames(self, exported, tmp_path):
        frames = np.random.default_rng(3).random((4, STEPS, 6))
        np.save(tmp_path / "x.npy", frames)
        labels = exported.labels(
            tmp_path / "x.npy", "--frames", "--steps", str(STEPS), "--scores", tmp_path / "s.npy"
        )
        compiled = compile_network(network_of(), precision="double")
        expected = compiled.run(frames, steps=STEPS, frames=True)
        assert labels == expected.labels.tolist()
        np.testing.assert_array_equal(np.load(tmp_path / "s.npy"), expected.outputs)

    def test_more_samples_than_lie_in_memory_together(self, exported, tmp_path):
        many = np.random.default_rng(4).random((2500, 6))
        np.save(tmp_path / "x.npy", many)
        compiled = compile_network(network_of(), precision="double")
        expected = compiled.predict(many, steps=3).tolist()
        assert exported.labels(tmp_path / "x.npy", "--steps", "3") == expected
        done = exported.run(tmp_path / "x.npy", "--steps", "3", "--output", tmp_path / "l.csv")
        assert done.returncode == 0
        rows = [f"{index},{label}" for index, label in enumerate(expected)]
        assert (tmp_path / "l.csv").read_text().splitlines() == ["sample,label", *rows]

    def test_a_packed_file_is_refused(self, exported, tmp_path):
        (tmp_path / "x.gz").write_bytes(b"\x1f\x8b\x08\0")
        done = exported.run(tmp_path / "x.gz")
        assert done.returncode == 1
        why = "expected a file that is not compressed: run gunzip first"
        assert done.stderr == f"net: {tmp_path / 'x.gz'}: {why}\n"

    def test_spikes_that_are_not_kept_are_refused(self, tmp_path):
        network = draw_layers(17).network
        fused = build(network, tmp_path / "net", definitions=["CMAKE_BUILD_TYPE=Debug"])
        np.save(tmp_path / "x.npy", np.zeros((1, *network.input.geometry)))
        plan = compile_network(network).plan
        names = [entry.name for entry in network.populations]
        missing = [name for name, kept in zip(names, plan.spikes, strict=True) if kept is None]
        assert missing
        done = fused.run(tmp_path / "x.npy", "--spikes", tmp_path / "p.csv")
        assert done.returncode == 2
        assert f"does not keep those of {', '.join(missing)}: export it with" in done.stderr
        assert not (tmp_path / "p.csv").exists()


class TestFolder:
    """What is written, and where."""

    def test_an_earlier_export_is_replaced(self, tmp_path):
        folder, fresh = tmp_path / "out", tmp_path / "fresh"
        export(ZOO["residual"](), folder, name="one")
        assert (folder / "src" / "kernels_2.cpp").exists()
        for own in ("build/kept", "src/robot.cpp"):
            (folder / own).parent.mkdir(exist_ok=True)
            (folder / own).write_text("mine")
        assert export(network_of(), str(folder), name="two") == folder
        export(network_of(), fresh, name="two")
        assert files_of(folder) == files_of(fresh) | {"build/kept", "src/robot.cpp"}
        assert sorted(path.name for path in tmp_path.iterdir()) == ["fresh", "out"]

    def test_a_project_of_the_users_own_is_left_alone(self, tmp_path):
        for path in ("CMakeLists.txt", "src/main.cpp", "include/mine.h"):
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_text("mine")
        before = files_of(tmp_path)
        with pytest.raises(ModelFileError, match="an empty folder or an earlier export"):
            export(network_of(), tmp_path)
        assert files_of(tmp_path) == before
        assert (tmp_path / "src" / "main.cpp").read_text() == "mine"

    def test_a_file_of_the_users_own_is_not_replaced(self, tmp_path):
        folder = export(network_of(), tmp_path / "out", name="one")
        (folder / "two.weights").write_text("mine")
        before = files_of(folder)
        with pytest.raises(ModelFileError, match=r"files of your own: two\.weights"):
            export(network_of(), folder, name="two")
        assert files_of(folder) == before
        assert (folder / "two.weights").read_text() == "mine"

    def test_a_list_cannot_reach_out_of_the_folder(self, tmp_path):
        folder = export(network_of(), tmp_path / "out")
        (tmp_path / "beside").write_text("mine")
        with (folder / ".annconv-export").open("a") as listed:
            listed.write(f"../beside\n{tmp_path / 'beside'}\n")
        export(network_of(), folder)
        assert (tmp_path / "beside").read_text() == "mine"

    def test_other_files_stay(self, tmp_path):
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(ModelFileError, match="an empty folder or an earlier export"):
            export(network_of(), tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]

    def test_a_file_in_the_way(self, tmp_path):
        (tmp_path / "out").write_text("mine")
        with pytest.raises(ModelFileError, match="cannot be written"):
            export(network_of(), tmp_path / "out")
        assert (tmp_path / "out").read_text() == "mine"

    def test_text_names_no_other_network(self, tmp_path):
        """All that begins with a name begins with this one."""
        folder = export(network_of(), tmp_path / "out", name="robot", embed=True)
        header = (folder / "include" / "robot.h").read_text()
        functions = re.findall(r"^(?:\w+\*? )+\*?(\w+)\(", header, flags=re.MULTILINE)
        assert len(functions) > 15
        assert all(name.startswith("robot_") for name in functions)
        macros = re.findall(r"^#define (\w+)", header, flags=re.MULTILINE)
        assert all(name.startswith("ROBOT_") for name in macros)
        for path in folder.rglob("*"):
            assert path.is_dir() or b"{{ " not in path.read_bytes() or path.suffix == ".weights"

    def test_a_compiled_network_keeps_its_options(self, tmp_path):
        compiled = compile_network(network_of(), precision="int16")
        folder = export(compiled, tmp_path / "out")
        assert "int16 precision" in (folder / "README.md").read_text()
        with pytest.raises(OptionError, match="precision: expected none for a compiled network"):
            export(compiled, tmp_path / "other", precision="double")

    def test_a_saved_network(self, tmp_path):
        network_of().save(tmp_path / "x.snn")
        left, right = tmp_path / "left", tmp_path / "right"
        export(tmp_path / "x.snn", left)
        export(network_of(), right)
        files = sorted(path.relative_to(left) for path in left.rglob("*") if path.is_file())
        assert len(files) > 20
        assert all((left / path).read_bytes() == (right / path).read_bytes() for path in files)

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ({"name": "Robot"}, "name: expected a lower-case letter and then"),
            ({"name": "int"}, "received 'int'"),
            ({"precision": "half"}, "precision: unknown value"),
            ({"vector_bits": 64}, "vector_bits: expected"),
            ({"record": 1}, "record: expected True or False, received 1."),
            ({"embed": "yes"}, "embed: expected True or False, received 'yes'."),
        ],
    )
    def test_options_are_checked(self, tmp_path, options, text):
        with pytest.raises(OptionError) as caught:
            export(network_of(), tmp_path / "out", **options)
        assert text in str(caught.value)
        assert list(tmp_path.iterdir()) == []

    def test_something_else_is_no_network(self, tmp_path):
        with pytest.raises(InputError, match=r"network: expected a Network, the path of a \.snn"):
            export(3, tmp_path / "out")
        with pytest.raises(OptionError, match="folder: expected a path, received None"):
            export(network_of(), None)  # type: ignore[arg-type]


class TestNames:
    """Identifiers made of any text."""

    @pytest.mark.parametrize(
        ("network", "name"),
        [
            ("CNN", "cnn"), ("my model-2", "my_model_2"), ("2nd", "net_2nd"), ("é", "net"),
            ("class", "class_net"), ("x" * 60, "x" * 40),
        ],
    )  # fmt: skip
    def test_of_a_network(self, network, name):
        assert export_name(None, network) == name
        assert export_name(name, "other") == name

    def test_of_populations(self):
        assert enumerators(["a b", "a_b", "é", "conv/1"]) == [
            "POPULATION_A_B", "POPULATION_A_B_2", "POPULATION_POPULATION", "POPULATION_CONV_1",
        ]  # fmt: skip

    def test_text_in_c(self):
        assert c_string('a"b\\é?\n') == '"a\\042b\\134\\303\\251\\077\\012"'


@pytest.mark.slow
@pytest.mark.keras
@pytest.mark.compiles
@pytest.mark.parametrize("precision", ["double", "int16"])
@pytest.mark.parametrize(("model", "steps"), [("mlp", 200), ("cnn", 50)])
def test_a_thousand_digits(model, steps, precision, tmp_path, data_folder, digits):
    network = annconv.convert(data_folder / f"{model}.keras", input_encoding="IB")
    exported = build(network, tmp_path / "net", precision=precision)
    values = digits[0][:1000] / 255.0
    np.save(tmp_path / "x.npy", values)
    labels = exported.labels(
        tmp_path / "x.npy", "--steps", str(steps), "--scores", tmp_path / "s.npy"
    )
    expected = compile_network(network, precision=precision).run(values, steps=steps)
    assert labels == expected.labels.tolist()
    np.testing.assert_array_equal(np.load(tmp_path / "s.npy"), expected.outputs)


ARM = shutil.which("aarch64-linux-gnu-g++")
EMULATOR = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
ARM_DEFINITIONS = (
    "CMAKE_SYSTEM_NAME=Linux", "CMAKE_SYSTEM_PROCESSOR=aarch64", f"CMAKE_CXX_COMPILER={ARM}",
    "NET_MARCH=", "CMAKE_EXE_LINKER_FLAGS=-static", "CMAKE_CXX_FLAGS=-Werror",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.keras
@pytest.mark.compiles
@pytest.mark.skipif(not (ARM and EMULATOR), reason="no compiler for AArch64, or no emulator of it")
@pytest.mark.parametrize("precision", ["double", "int16"])
@pytest.mark.parametrize(("model", "count"), [("mlp", 10), ("cnn", 3)])
def test_another_processor(model, count, precision, tmp_path, data_folder, digits):
    """The same labels, scores and spikes on an emulated AArch64."""
    network = annconv.convert(data_folder / f"{model}.keras", input_encoding="IB")
    np.save(tmp_path / "x.npy", digits[0][:count] / 255.0)

    def run(name: str, definitions: tuple[str, ...], prefix: tuple[str, ...]) -> list[bytes]:
        exported = build(
            network, tmp_path / name, definitions=definitions, precision=precision, record=True
        )
        files = [tmp_path / f"{name}.{end}" for end in ("scores.npy", "spikes.csv")]
        exported.labels(
            tmp_path / "x.npy", "--steps", "60", "--threads", "1",
            "--scores", files[0], "--spikes", files[1], prefix=prefix,
        )  # fmt: skip
        return [path.read_bytes() for path in files]

    assert run("own", (), ()) == run("arm", ARM_DEFINITIONS, (str(EMULATOR),))
