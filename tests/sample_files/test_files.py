"""Files of samples and labels: what is read of them, and every refusal."""

from __future__ import annotations

import gzip
import os
import pickle
import re
from itertools import product

import numpy as np
import pytest

from annconv.errors import InputError
from annconv.sample_files.files import open_samples, read_labels

X = np.arange(12, dtype=np.float32).reshape(3, 4)
Y = np.array([2, 0, 1])
IMAGES = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 51, 102, 255])
LABELS = bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 3])


def read_samples(path):
    """All samples of a file."""
    return open_samples(path, mapped=False).all()


def mapped(path):
    """All samples of a file that is mapped where that is possible."""
    return open_samples(path, mapped=True).all()


READERS = (read_samples, mapped)


def refusal(read, path) -> str:
    with pytest.raises(InputError) as caught:
        read(path)
    return str(caught.value).replace(str(path), "FILE")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, np.int64, bool])
def test_npy_is_taken_as_it_is(tmp_path, dtype, reader):
    np.save(tmp_path / "x.npy", X.astype(dtype))
    read = reader(tmp_path / "x.npy")
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, X.astype(dtype))


@pytest.mark.parametrize("arrays", [{"samples": X, "b": Y}, {"x": X, "y": Y}, {"any": X}])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_by_name_or_the_only_one(tmp_path, arrays, save):
    save(tmp_path / "a.npz", **arrays)
    np.testing.assert_array_equal(read_samples(tmp_path / "a.npz"), X)


def test_idx_pixels_are_divided_by_255(tmp_path):
    expected = (np.array([[[0, 51]], [[102, 255]]]) / 255).astype(np.float32)
    (tmp_path / "plain").write_bytes(IMAGES)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(IMAGES))
    for name, reader in product(("plain", "packed.gz"), READERS):
        read = reader(tmp_path / name)
        assert read.dtype == np.float32
        np.testing.assert_array_equal(read, expected)


def test_plain_files_are_mapped_and_others_read(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "none.npy", X[:0])
    np.savez(tmp_path / "x.npz", x=X)
    (tmp_path / "x.idx").write_bytes(IMAGES)
    (tmp_path / "x.gz").write_bytes(gzip.compress(IMAGES))
    names = ("x.npy", "none.npy", "x.idx", "x.npz", "x.gz")
    found = [open_samples(tmp_path / name, mapped=True) for name in names]
    assert [isinstance(stored.values, np.memmap) for stored in found] == [True] * 3 + [False] * 2
    assert [stored.images for stored in found] == [False, False, True, False, True]
    assert found[2].values.dtype == np.uint8
    firsts = [(stored.first(1), stored.first(None)) for stored in found]
    assert [(len(one), len(whole)) for one, whole in firsts] == [
        (1, 3),
        (0, 0),
        (1, 2),
        (1, 3),
        (1, 2),
    ]


def test_bundled_digits(data_folder, digits):
    read = read_samples(data_folder / "t10k-images-idx3-ubyte.gz")
    np.testing.assert_array_equal(read, digits[0].astype(np.float32) / np.float32(255))
    labels = read_labels(data_folder / "t10k-labels-idx1-ubyte.gz")
    np.testing.assert_array_equal(labels, digits[1])


def test_labels_of_every_format(tmp_path):
    np.save(tmp_path / "y.npy", Y.astype(np.uint8))
    np.save(tmp_path / "column.npy", Y[:, None])
    np.savez(tmp_path / "y.npz", x=X, labels=Y)
    (tmp_path / "y.txt").write_text("2\n0\n 1\n")
    (tmp_path / "y.csv").write_text("sample,label\n0,2\n1,0\n2,1\n")
    for name in ("y.npy", "column.npy", "y.npz", "y.txt", "y.csv"):
        read = read_labels(tmp_path / name)
        assert read.dtype == np.int64
        np.testing.assert_array_equal(read, Y)
    (tmp_path / "y.idx").write_bytes(LABELS)
    np.testing.assert_array_equal(read_labels(tmp_path / "y.idx"), [7, 3])


def test_an_empty_text_holds_no_labels(tmp_path):
    (tmp_path / "y.txt").write_text("")
    assert read_labels(tmp_path / "y.txt").shape == (0,)


FORMATS = "samples in FILE: expected a .npy, .npz or IDX file (.gz, too), received "


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "an empty file."),
        (b"1 2 3", "a file of another format."),
        (pickle.dumps([1.0]), "a file of another format."),
        (IMAGES[:-1], "a file that is cut short or damaged (4 values announced, 3 found)."),
        (
            gzip.compress(IMAGES, mtime=0)[:-9],
            "a file that is cut short or damaged (Compressed file ended ",
        ),
        (
            gzip.compress(b"1 2 3", mtime=0),
            "a file that is cut short or damaged (it does not begin as an",
        ),
        (b"\x93NUMPY\x01", "a file that is cut short or damaged (EOF: reading magic string"),
        (b"PK\x03\x04....", "a file that is cut short or damaged (File is not a zip file)."),
    ],
)
@pytest.mark.parametrize("reader", READERS)
def test_not_a_file_of_samples(tmp_path, content, told, reader):
    (tmp_path / "x").write_bytes(content)
    assert refusal(reader, tmp_path / "x").startswith(FORMATS + told)


def test_missing_folder_and_unreadable(tmp_path):
    assert refusal(read_samples, tmp_path / "none") == FORMATS + "no such file."
    folder = FORMATS + "a file that cannot be read (Is a directory)."
    assert refusal(read_samples, tmp_path) == folder


def test_a_npy_cut_short(tmp_path):
    np.save(tmp_path / "x.npy", X)
    content = (tmp_path / "x.npy").read_bytes()
    for length in range(1, len(content), 7):
        (tmp_path / "x.npy").write_bytes(content[:length])
        for reader in READERS:
            assert refusal(reader, tmp_path / "x.npy").startswith(FORMATS)


def test_a_npz_with_a_flipped_bit(tmp_path):
    np.savez(tmp_path / "x.npz", x=X)
    content = bytearray((tmp_path / "x.npz").read_bytes())
    content[content.index(X.tobytes()[-16:])] ^= 1
    (tmp_path / "x.npz").write_bytes(content)
    assert "damaged (Bad CRC-32 for file 'x.npy')" in refusal(read_samples, tmp_path / "x.npz")


def test_an_array_that_announces_too_much(tmp_path):
    np.save(tmp_path / "x.npy", X)
    content = (tmp_path / "x.npy").read_bytes()
    huge = content.replace(b"(3, 4), }       ", b"(3, 4000000000000), }", 1)[: len(content) + 5]
    (tmp_path / "x.npy").write_bytes(huge)
    for reader in READERS:
        assert refusal(reader, tmp_path / "x.npy").startswith(FORMATS)


def test_objects_are_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    np.save(tmp_path / "x.npy", np.array([[Trap(), 1]], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "x.npz", x=np.array([[Trap(), 1]], dtype=object))
    for name in ("x.npy", "x.npz"):
        assert "Object arrays cannot be loaded" in refusal(read_samples, tmp_path / name)
        assert "object" in refusal(mapped, tmp_path / name).lower()
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.array([["a"]]), "expected an array of numbers, received an array of <U1."),
        (
            np.ones((2, 2), complex),
            "expected an array of numbers, received an array of complex128.",
        ),
        (np.zeros(2, "i4,f8"), "expected an array of numbers, received an array of [("),
        (
            np.ones(5),
            "expected an array (N, ...) of two axes or more, received shape (5,). A single sample",
        ),
        (np.float64(1), "expected an array (N, ...) of two axes or more, received shape ()."),
    ],
)
@pytest.mark.parametrize("reader", READERS)
def test_arrays_that_are_no_samples(tmp_path, array, told, reader):
    np.save(tmp_path / "x.npy", array)
    assert refusal(reader, tmp_path / "x.npy").startswith("samples in FILE: " + told)


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({}, "no array at all"),
        ({"a": X, "b": X}, "'a', 'b'"),
        ({"x": X, "samples": X}, "'samples', 'x'"),
    ],
)
def test_archives_that_leave_a_choice(tmp_path, arrays, told):
    np.savez(tmp_path / "a.npz", **arrays)
    text = refusal(read_samples, tmp_path / "a.npz")
    assert text.startswith(
        "samples in FILE: expected an archive with an array 'samples' or 'x', or with one only, "
    )
    assert told in text


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.ones(3), "one whole number for each sample, received an array of float64."),
        (np.eye(3, dtype=int), "one whole number for each sample, shape (N,), received shape (3,"),
        (np.int64(3), "one whole number for each sample, shape (N,), received shape ()."),
    ],
)
def test_arrays_that_are_no_labels(tmp_path, array, told):
    np.save(tmp_path / "y.npy", array)
    assert refusal(read_labels, tmp_path / "y.npy").startswith("labels in FILE: expected " + told)


def test_text_that_is_no_labels(tmp_path):
    (tmp_path / "y.txt").write_text("1\n2.5\n")
    assert refusal(read_labels, tmp_path / "y.txt") == (
        "labels in FILE, line 2: expected one whole number, received '2.5'."
    )
    (tmp_path / "y.csv").write_text("sample,label\n0,\n")
    assert ", line 2: expected one whole number" in refusal(read_labels, tmp_path / "y.csv")
    (tmp_path / "y.txt").write_bytes(b"\xff\xfe")
    expected = "expected a .npy, .npz, IDX (.gz, too), .csv or .txt file, received a file that is"
    assert expected in refusal(read_labels, tmp_path / "y.txt")
    assert re.search("received no such file", refusal(read_labels, tmp_path / "none.txt"))
