"""The bundled digits are MNIST's, whole and in order; the models can be read by old Keras."""

import gzip
import zipfile

import numpy as np
import pytest

from digits import load_digits, read_idx

# Digits of each class in MNIST's test set, and in the first 2,000 of its training set.
TEST_CLASSES = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
TRAIN_CLASSES = [191, 220, 198, 191, 214, 180, 200, 224, 172, 210]


def test_test_digits_are_complete(digits):
    images, labels = digits
    assert images.shape == (10_000, 28, 28)
    assert images.dtype == np.uint8
    assert np.bincount(labels).tolist() == TEST_CLASSES
    assert labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_train_digits_are_the_first_two_thousand(training_digits):
    images, labels = training_digits
    assert images.shape == (2_000, 28, 28)
    assert np.bincount(labels).tolist() == TRAIN_CLASSES
    assert labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]


def test_golden_labels_are_the_test_labels(golden_folder, digits):
    with np.load(golden_folder / "golden_mlp_ib_count.npz") as golden:
        start, labels = int(golden["start"]), golden["labels"]
    assert np.array_equal(labels, digits[1][start : start + len(labels)])


def test_unknown_split_is_refused():
    with pytest.raises(ValueError, match="split: expected one of .*received 'validation'"):
        load_digits(split="validation")


def test_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(b"some text"))
    with pytest.raises(ValueError, match="expected an IDX file of unsigned bytes"):
        read_idx(path)


def test_file_cut_short_is_refused(tmp_path):
    path = tmp_path / "short.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\x01" + b"\0\0\0\x05" + b"abc"))
    with pytest.raises(ValueError, match="expected 5 values, received 3"):
        read_idx(path)


# Keras 3.11.3 refuses a file that holds these, even where they have no value.
YOUNGER_THAN_KERAS_3_11 = ("input_axes", "output_axes", "quantization_config")


@pytest.mark.parametrize("name", ["cnn.keras", "mlp.keras"])
def test_models_hold_only_what_every_supported_keras_knows(data_folder, name):
    configuration = zipfile.ZipFile(data_folder / name).read("config.json").decode()
    assert '"GlorotUniform"' in configuration
    assert [setting for setting in YOUNGER_THAN_KERAS_3_11 if setting in configuration] == []
