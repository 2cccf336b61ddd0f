"""`make demo`, on fewer digits."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

import demo


@pytest.fixture(scope="module")
def finished(root_folder, tmp_path_factory):
    """The demo on 20 digits, and the picture it wrote."""
    picture = tmp_path_factory.mktemp("demo") / "demo.png"
    script = root_folder / "examples" / "demo.py"
    command = [sys.executable, str(script), "--digits", "20", "--output", str(picture)]
    path = os.pathsep.join(filter(None, [str(root_folder), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path},
        cwd=picture.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done, picture


@pytest.mark.keras
@pytest.mark.compiles
class TestDemo:
    def test_accuracy_is_printed_beside_keras_own(self, finished):
        out = finished[0].stdout
        accuracy, own = re.findall(r"^accuracy .*?(\d\.\d{4})", out, flags=re.MULTILINE)
        assert float(accuracy) >= 0.95
        assert float(own) >= 0.95
        assert re.search(r"^time per digit +\d+\.\d ms$", out, flags=re.MULTILINE)

    def test_the_description_is_the_reference_s(self, finished):
        assert finished[0].stdout.startswith("* Input layer: input_layer, (28, 28, 1)\n")

    def test_only_the_progress_bar_is_on_stderr(self, finished):
        lines = re.split(r"[\r\n]+", finished[0].stderr.strip())
        assert "20/20" in lines[-1]
        assert [line for line in lines if "/20 [" not in line] == []

    def test_the_picture_is_there(self, finished):
        content = finished[1].read_bytes()
        assert content.startswith(b"\x89PNG")
        assert 20_000 < len(content) < 500_000


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--digits", "0"], "--digits: expected a whole number from 1 to 10000, received 0."),
        (["--output", "none/demo.png"], "--output: expected a file in an existing folder, rec"),
    ],
)
def test_arguments_that_are_refused(capsys, arguments, told):
    assert demo.main(arguments) == 1
    assert told in capsys.readouterr().err


def test_missing_digits(capsys, monkeypatch):
    def missing(split):
        raise FileNotFoundError(2, "No such file", "t10k-images-idx3-ubyte.gz")

    monkeypatch.setattr(demo, "load_digits", missing)
    assert demo.main([]) == 1
    assert (
        "received no file t10k-images-idx3-ubyte.gz. Run the demo in a" in capsys.readouterr().err
    )
