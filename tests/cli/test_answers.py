"""Files of labels: what is written can be read back."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.cli.answers import accuracy_line, check_target, write_labels
from annconv.errors import OptionError
from annconv.sample_files.files import read_labels

LABELS = np.array([3, 0, 12])


@pytest.mark.parametrize("suffix", [".npy", ".csv", ".txt"])
@pytest.mark.parametrize("labels", [LABELS, LABELS[:0]])
def test_written_labels_are_read_back(tmp_path, suffix, labels):
    path = tmp_path / f"labels{suffix}"
    check_target(path)
    write_labels(labels, path)
    np.testing.assert_array_equal(read_labels(path), labels)


def test_text_formats(tmp_path):
    write_labels(LABELS, tmp_path / "a.txt")
    write_labels(LABELS, tmp_path / "a.csv")
    assert (tmp_path / "a.txt").read_text() == "3\n0\n12\n"
    assert (tmp_path / "a.csv").read_text() == "sample,label\n0,3\n1,0\n2,12\n"


def test_unknown_suffix():
    with pytest.raises(OptionError) as caught:
        check_target("labels.json")
    assert str(caught.value) == (
        "--output: expected a name that ends in .npy, .csv or .txt, received 'labels.json'."
    )


def test_missing_folder(tmp_path):
    with pytest.raises(OptionError, match="expected an existing folder, received .*Make it first."):
        check_target(tmp_path / "none" / "labels.npy")


@pytest.mark.parametrize("suffix", [".npy", ".csv"])
def test_a_file_that_cannot_be_written(tmp_path, suffix):
    (tmp_path / f"a{suffix}").mkdir()
    with pytest.raises(OptionError) as caught:
        write_labels(LABELS, tmp_path / f"a{suffix}")
    assert str(caught.value) == (
        f"--output: {tmp_path}/a{suffix} cannot be written (Is a directory). "
        "Choose a file you may write."
    )


@pytest.mark.parametrize("exists", [False, True])
def test_a_target_that_cannot_be_written_is_refused_before(tmp_path, monkeypatch, exists):
    path = tmp_path / "labels.npy"
    if exists:
        path.touch()
    checked = []
    monkeypatch.setattr("os.access", lambda target, _: checked.append(target))
    with pytest.raises(OptionError) as caught:
        check_target(path)
    assert str(caught.value) == (
        f"--output: {path} cannot be written (Permission denied). Choose a file you may write."
    )
    assert checked == [path if exists else tmp_path]


def test_a_target_that_is_a_folder_is_refused_before(tmp_path):
    (tmp_path / "labels.npy").mkdir()
    with pytest.raises(OptionError, match=r"cannot be written \(Is a directory\)"):
        check_target(tmp_path / "labels.npy")


def test_accuracy():
    assert accuracy_line(LABELS, np.array([3, 1, 12])) == "accuracy 0.6667 (2 of 3)"
    assert accuracy_line(LABELS[:0], LABELS[:0]) == "accuracy: no samples"
