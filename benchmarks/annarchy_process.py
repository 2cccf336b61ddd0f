"""ANNarchy beside annconv: a virtual environment made once, and processes that stay alive."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

ROOT = Path(__file__).resolve().parent.parent
WORKER = Path(__file__).with_name("annarchy_worker.py")
BUILD = ROOT / "build"
# CMake is ANNarchy's own compiler driver; Keras reads the model.
REQUIREMENTS = ("ANNarchy==5.0.4.1", "keras>=3.11.3", "tensorflow>=2.18", "cmake>=3.25")
LAST_LINES = 15


class AnnarchyError(RuntimeError):
    """ANNarchy could not be installed or stopped answering."""


def make_environment(folder: Path, requirements: tuple[str, ...] = REQUIREMENTS) -> Path:
    """The Python of a virtual environment with ANNarchy, made where it is missing.

    Args:
        folder: Of the environment.
        requirements: What pip installs into it.
    Returns:
        Path of its interpreter.
    Raises:
        AnnarchyError: The environment cannot be made.
    """
    python, ready = folder / "bin" / "python", folder / "ready.txt"
    wanted = "\n".join(requirements)
    if ready.exists() and ready.read_text(encoding="utf-8") == wanted:
        return python
    print(f"making {folder} with {', '.join(requirements)} (once, a few minutes)", flush=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in ([sys.executable, "-m", "venv", str(folder)], [*pip, *requirements]):
        done = subprocess.run(command, check=False)
        if done.returncode != 0:
            raise AnnarchyError(
                f"{' '.join(command)} failed with exit code {done.returncode}. Instead: see its "
                "output above, or measure without ANNarchy: --without-annarchy"
            )
    ready.write_text(wanted, encoding="utf-8")
    return python


@dataclass(frozen=True, slots=True)
class Prediction:
    """What ANNarchy answered.

    Attributes:
        seconds: For all samples together, taken inside its process.
        labels: For every sample all labels that tie, ascending.
    """

    seconds: float
    labels: list[list[int]]


class AnnarchyProcess:
    """A process in which ANNarchy's converter has loaded a model; encoding IB, IaF, spike count.

    Use it in a `with` statement.
    """

    def __init__(self, python: Path, model: Path, threads: int, build: Path = BUILD) -> None:
        """Start the process and wait until the model is compiled.

        Args:
            python: Interpreter of the environment.
            model: A Keras file, of a functional model.
            threads: OpenMP threads of ANNarchy.
            build: Folder that keeps ANNarchy's builds from run to run.
        Raises:
            AnnarchyError: The model cannot be loaded.
        """
        content = hashlib.sha256(model.read_bytes()).hexdigest()[:12]
        folder = build / "annarchy-networks" / f"{model.stem}-{content}-{threads}"
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "log.txt"
        # ANNarchy's build asks the first `python` on PATH where nanobind is.
        path = os.pathsep.join([str(python.parent), os.environ["PATH"]])
        command = [str(python), str(WORKER), str(model), str(threads), str(folder / "annarchy")]
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=folder,
                text=True,
                env={**os.environ, "PATH": path},
            )
        self._answer()

    def predict(self, samples: Any, steps: int) -> Prediction:
        """Labels of some samples, and the time that they took.

        Args:
            samples: (N, values) float64.
            steps: Steps per sample.
        Raises:
            AnnarchyError: The process has ended.
        """
        answer = self._call("predict", samples, steps)
        return Prediction(answer["seconds"], answer["labels"])

    def counts(self, samples: Any, steps: int) -> list[list[int]]:
        """Spikes of every output neuron for some samples; arguments and errors as `predict`."""
        return cast(list[list[int]], self._call("counts", samples, steps)["counts"])

    def _call(self, name: str, samples: Any, steps: int) -> dict[str, Any]:
        request = {"call": name, "samples": samples.tolist(), "steps": steps}
        pipe = cast(IO[str], self._process.stdin)
        with suppress(BrokenPipeError):  # a process that has ended gives no answer either
            pipe.write(json.dumps(request) + "\n")
            pipe.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = cast(IO[str], self._process.stdout).readline()
        if not line:
            self._process.communicate()  # closes the pipes, too
            code = self._process.returncode
            log = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
            last = "\n  ".join(log[-LAST_LINES:])
            raise AnnarchyError(f"ANNarchy ended with exit code {code}. Its last lines:\n  {last}")
        return cast(dict[str, Any], json.loads(line))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()
