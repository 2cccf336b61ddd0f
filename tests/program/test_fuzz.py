"""Readers of files that may hold anything: fuzzers of cpp/fuzz find nothing in them."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from zoo import OPTIONS, dense

from annconv.build.toolchain import find_toolchain
from annconv.passes.pipeline import lower
from annconv.plan.packing import pack

pytestmark = [pytest.mark.compiles, pytest.mark.sanitizer, pytest.mark.slow]

INPUTS = 100_000
CHOICES = range(8)
"""Values of the byte in front of each input that says what is mended (`cpp/fuzz/fuzz_*.cpp`)."""
TYPES = ("?", "i1", "<i2", "<i4", "<i8", "u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8")
FOUND_NOTHING = f"Done {INPUTS} runs"


@pytest.fixture(scope="module")
def fuzzers(tmp_path_factory: pytest.TempPathFactory, root_folder: Path) -> Path:
    """The folder of the fuzzers, built by the project's own CMake."""
    clang, folder = shutil.which("clang++"), tmp_path_factory.mktemp("fuzz")
    if clang is None or not _has_libfuzzer(clang, folder):
        pytest.skip("no clang++ with libFuzzer")
    tools = find_toolchain(None, python=False)
    configure = [
        "-S", root_folder, "-B", folder / "build", "-G", "Ninja", "-DANNCONV_FUZZ=ON",
        f"-DCMAKE_CXX_COMPILER={clang}", f"-DCMAKE_MAKE_PROGRAM={tools.ninja.path}",
    ]  # fmt: skip
    targets = [path.stem for path in (root_folder / "cpp" / "fuzz").glob("fuzz_*.cpp")]
    for arguments in (configure, ["--build", folder / "build", "--target", *targets]):
        done = subprocess.run(
            [str(tools.cmake.path), *map(str, arguments)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build"


def _has_libfuzzer(clang: str, folder: Path) -> bool:
    source = folder / "empty.cpp"
    source.write_text(
        'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }'
    )
    command = [clang, "-fsanitize=fuzzer,address,undefined", source.name, "-o", "empty"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def npy_file(array: np.ndarray, version: tuple[int, int] | None = None) -> bytes:
    """What NumPy writes."""
    stream = BytesIO()
    np.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


def samples_corpus() -> list[bytes]:
    """Files of every type and version; IDX images."""
    numbers = np.arange(6).reshape(2, 3)
    files = [npy_file(numbers.astype(each)) for each in TYPES]
    files += [npy_file(numbers, (2, 0)), npy_file(numbers, (3, 0)), npy_file(numbers[:0])]
    images = struct.pack(">BBBBII", 0, 0, 8, 2, 2, 3) + bytes(range(6))
    return [bytes([choice]) + file for choice in CHOICES for file in (*files, images)]


def weights_corpus() -> list[bytes]:
    """A network's weights, and the beginning of them."""
    values, plan = lower(dense(), OPTIONS)
    packed = pack(plan, values)
    return [
        bytes([choice]) + packed[:size] for choice in CHOICES for size in (64, 192, len(packed))
    ]


@pytest.mark.parametrize(
    ("name", "corpus"),
    [("fuzz_samples", samples_corpus()), ("fuzz_weights", weights_corpus())],
    ids=["samples", "weights"],
)
def test_nothing_is_found(name: str, corpus: list[bytes], fuzzers: Path, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number, content in enumerate(corpus):
        (folder / str(number)).write_bytes(content)
    done = subprocess.run(
        [fuzzers / name, f"-runs={INPUTS}", "-seed=1", "-max_len=2048", "-timeout=10", folder],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    assert FOUND_NOTHING in done.stderr
