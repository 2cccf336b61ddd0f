"""The thread sanitizer finds no race in generated programs, and finds those that are planted."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from random_layers import draw_layers
from random_networks import draw_structure
from sanitized_programs import program_files

from annconv.build.flags import make_flags
from annconv.build.toolchain import find_toolchain
from annconv.ir.network import Network
from annconv.options import CompileOptions
from annconv.resources import resource_folder

pytestmark = [pytest.mark.compiles, pytest.mark.sanitizer, pytest.mark.slow]

HERE = Path(__file__).parent / "threads"
RACE = 66
"""Exit status of a program in which the sanitizer found a race."""
STEPS = 25
THREADS = (2, 3, 5)
"""For two samples: one thread each, then teams of one and of two."""

Edit = Callable[[str], str]


@dataclass(frozen=True)
class Sanitized:
    """A network's programs and their files.

    Attributes:
        folder: Holds `network`, `two_callers`, `weights.bin`, `samples.npy` and `one.npy`.
    """

    folder: Path

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "TSAN_OPTIONS": f"halt_on_error=1:exitcode={RACE}"}
        return subprocess.run(
            [f"./{program}", *arguments],
            cwd=self.folder, capture_output=True, text=True, check=False, env=environment,
        )  # fmt: skip

    def network(self, samples: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("network", samples, "--weights", "weights.bin", *arguments)

    def results(self, threads: int, samples: str = "samples.npy") -> bytes:
        """Scores and counts of a run without a race."""
        done = self.network(
            samples, "--scores", "scores.npy", "--counts", "counts.npy",
            "--steps", str(STEPS), "--threads", str(threads),
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        return b"".join((self.folder / f"{name}.npy").read_bytes() for name in ("scores", "counts"))


def plain(text: str) -> str:
    return text


@pytest.fixture
def sanitized(tmp_path: Path) -> Callable[..., Sanitized]:
    """Builds a network's programs for the thread sanitizer, its generated text edited."""

    def build(network: Network, samples: np.ndarray, edit: Edit = plain, **options) -> Sanitized:
        chosen = CompileOptions(precision="double", compiler_level=1, **options)
        compiler = find_toolchain(None, python=False).compiler
        include = f"-I{resource_folder('cpp') / 'include'}"
        flags = [*make_flags(chosen, compiler).network, "-g", "-fsanitize=thread", "-I.", include]
        sources = program_files(network, chosen)
        weights = sources.pop("weights")
        for name, content in sources.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(edit(content.decode()))
        listed = [name for name in sources if name.endswith(".cpp")]
        listed.append(str(HERE / "two_callers.cpp"))
        done = subprocess.run(
            [str(compiler.path), *flags, "-c", *listed],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        objects = {Path(name).with_suffix(".o").name for name in listed}
        for program, other in (("network", "two_callers.o"), ("two_callers", "main.o")):
            done = subprocess.run(
                [str(compiler.path), "-fsanitize=thread", "-o", program, *objects - {other}],
                cwd=tmp_path, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
        (tmp_path / "weights.bin").write_bytes(weights)
        np.save(tmp_path / "samples.npy", samples)
        np.save(tmp_path / "one.npy", samples[:1])
        return Sanitized(tmp_path)

    return build


def layers(seed: int) -> tuple[Network, np.ndarray]:
    """A network of fused layers, whose blocks the threads of a team share, and two samples."""
    structure, rng = draw_layers(seed), np.random.default_rng(seed)
    return structure.with_data(rng, on_grid=structure.exact), structure.samples(rng, 2)


def whole(seed: int) -> tuple[Network, np.ndarray]:
    """A network of any structure, and two samples."""
    structure, rng = draw_structure(seed), np.random.default_rng(seed)
    return structure.with_data(rng, on_grid=structure.exact), structure.samples(rng, 2)


def check_without_races(program: Sanitized) -> None:
    """Whatever the number of threads and of callers, the results of one thread."""
    expected, one = program.results(1), program.results(1, "one.npy")
    for threads in THREADS:
        assert program.results(threads) == expected
        assert program.results(threads, "one.npy") == one
        done = program.run("two_callers", "weights.bin", "samples.npy", str(threads))
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("seed", [4, 8, 14])  # one block of sums, five, ten
def test_fused_layers_have_no_race(seed: int, sanitized) -> None:
    check_without_races(sanitized(*layers(seed), tile=7))


@pytest.mark.parametrize("seed", [3_000_000, 3_000_003, 3_000_040, 3_000_096])
def test_whole_populations_have_no_race(seed: int, sanitized) -> None:
    check_without_races(sanitized(*whole(seed), whole=True))


SYNC = "tile.team.sync();"
ADVANCE = "static std::int32_t advance("


def check_race_is_found(program: Sanitized, threads: int, samples: str) -> None:
    done = program.network(samples, "--threads", str(threads))
    assert done.returncode == RACE, done.stderr
    assert "WARNING: ThreadSanitizer: data race" in done.stderr
    assert program.network(samples, "--threads", "1").returncode == 0


def test_a_team_that_does_not_wait_is_found(sanitized) -> None:
    """All waits inside a tile are taken out of the generated code."""
    network, samples = layers(8)
    program = sanitized(network, samples, lambda text: text.replace(SYNC, ""), tile=7)
    check_race_is_found(program, 3, "one.npy")


def test_state_that_threads_share_is_found(sanitized) -> None:
    """Generated code gets a variable that all its threads count up."""
    network, samples = layers(8)
    planted = []

    def edit(text: str) -> str:
        at = text.find(ADVANCE)
        if at < 0:
            return text
        planted.append(at)
        at = text.index("{", at) + 1
        return text[:at] + "static int calls = 0; if (++calls < 0) return 0;" + text[at:]

    program = sanitized(network, samples, edit, tile=7)
    assert len(planted) == 1
    check_race_is_found(program, 2, "one.npy")
    done = program.run("two_callers", "weights.bin", "one.npy", "1")
    assert done.returncode == RACE, done.stderr
