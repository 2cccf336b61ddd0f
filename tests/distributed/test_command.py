"""`annconv predict --scheduler`: the labels of this machine, from a cluster."""

from __future__ import annotations

import numpy as np
import pytest
from zoo import dense

from annconv.cli import main

pytestmark = pytest.mark.compiles

COUNT = 40


@pytest.fixture
def files(tmp_path):
    """A network, samples and their labels."""
    dense().save(tmp_path / "dense.snn")
    np.save(tmp_path / "x.npy", np.random.default_rng(1).random((COUNT, 6)))
    (tmp_path / "y.txt").write_text("1\n" * COUNT)
    return tmp_path


@pytest.fixture
def command(files, capsys):
    """Predicts the samples; gives back exit status, stdout and stderr."""

    def run(*options: object) -> tuple[int, str, str]:
        capsys.readouterr()
        words = ("predict", files / "dense.snn", files / "x.npy", *options)
        return main([str(word) for word in words]), *capsys.readouterr()

    return run


@pytest.mark.usefixtures("quick_builds")
def test_the_output_is_the_same(command, files, cluster):
    there = ("--scheduler", cluster.scheduler_address)
    labels = ("--labels", files / "y.txt")
    for options in (
        ("--seed", 3, "--quiet", *labels),
        ("--first", 33, "--steps", 9, "--precision", "double", "-O", 0, "--quiet", *labels),
        ("--quiet", "--output", files / "labels.csv", *labels),
    ):
        expected = command(*options)
        assert expected[0] == 0
        for batches in ((), ("--batch-size", 7), ("--threads", 2)):
            assert command(*options, *there, *batches) == expected
    assert (files / "labels.csv").read_text().startswith("sample,label\n0,")


@pytest.mark.usefixtures("quick_builds")
def test_a_bar_shows_progress(command, cluster):
    status, _, told = command("--scheduler", cluster.scheduler_address, "--batch-size", 9)
    assert status == 0
    assert f"{COUNT}/{COUNT}" in told


def test_nobody_answers(command, monkeypatch):
    from annconv.distributed.cluster import connect

    monkeypatch.setattr(connect.__wrapped__, "__defaults__", (0.2,))
    status, out, told = command("--scheduler", "tcp://127.0.0.1:9")
    assert (status, out) == (1, "")
    assert told.startswith("ClusterError: no Dask scheduler can be reached at 'tcp://127.0.0.1:9'")
    assert told.count("\n") == 1


def test_batches_need_a_cluster(command):
    told = "--batch-size: expected --scheduler, too. Without it samples run in no batches."
    assert command("--batch-size", 7) == (1, "", f"OptionError: {told}\n")
