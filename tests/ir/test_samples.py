"""What samples may look like, and every way in which they are refused."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.errors import InputError
from annconv.ir.samples import input_rates, prepare_samples, rates_of

IMAGE = (2, 3, 1)


@pytest.mark.parametrize("shape", [(4, 6), (4, 2, 3), (4, 2, 3, 1), (4, 1, 6), (0, 6)])
def test_any_shape_with_the_right_number_of_values_is_taken(shape):
    values = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    received = prepare_samples(values, IMAGE)
    assert received.shape == (shape[0], *IMAGE)
    np.testing.assert_array_equal(received.ravel(), values.ravel())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (np.float32, np.float32), (np.float64, np.float64), (np.float16, np.float32),
        (np.uint8, np.float64), (np.int64, np.float64), (np.bool_, np.float64),
        (np.longdouble, np.float64), (">f4", np.float32), (">f8", np.float64),
    ],
)  # fmt: skip
def test_floating_types_stay_and_all_others_become_double(given, expected):
    received = prepare_samples(np.ones((2, 6), dtype=given), IMAGE)
    assert received.dtype == expected
    assert received.dtype.isnative
    assert received.flags.c_contiguous
    assert (received == 1).all()


def test_lists_are_taken():
    assert prepare_samples([[1, 2]], (2,)).tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize("frames", [False, True])
def test_an_empty_list_is_no_samples(frames):
    received = prepare_samples([], IMAGE, frames=frames, steps=5)
    assert received.shape == (0, *([5] if frames else []), *IMAGE)


def test_frames_keep_the_axis_of_time():
    received = prepare_samples(np.zeros((3, 5, 6)), IMAGE, frames=True, steps=5)
    assert received.shape == (3, 5, *IMAGE)


def refused(samples, **options):
    with pytest.raises(InputError) as caught:
        prepare_samples(samples, IMAGE, **options)
    return str(caught.value)


def test_a_wrong_size_says_what_is_expected():
    message = refused(np.zeros((4, 5)))
    assert message == (
        "samples: expected an array (N, 2, 3, 1) or any shape with 6 values per sample, "
        "received shape (4, 5)."
    )


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1), (6,)])
def test_a_single_sample_is_told_to_get_a_batch_axis(shape):
    assert "A single sample needs a batch axis: samples[None]." in refused(np.zeros(shape))


def test_a_number_is_no_batch():
    assert "received shape ()" in refused(3.0)


@pytest.mark.parametrize(
    ("samples", "received"),
    [
        (np.array([["a"] * 6]), "received text"),
        (np.array([[b"a"] * 6]), "received bytes"),
        (np.array([[None] * 6]), "received objects"),
        (None, "received NoneType None"),
        ("digits.npy", "received str 'digits.npy'"),
        (np.ones((1, 6), dtype=complex), "received complex numbers"),
        (np.ones((1, 6), dtype="datetime64[s]"), "received other values"),
        ([[1, 2], [3]], "received a ragged list"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(samples, received):
    message = refused(samples)
    assert "expected an array of numbers" in message
    assert received in message


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_must_be_finite(bad):
    samples = np.zeros((3, 6))
    samples[1, 2:4] = bad
    message = refused(samples)
    assert "2 that are NaN or infinite, the first at index (1, 2)" in message
    assert "Clean or rescale the data." in message


@pytest.mark.parametrize("frames", [4, 6])
def test_frames_must_be_as_many_as_steps(frames):
    message = refused(np.zeros((3, frames, 6)), frames=True, steps=5)
    assert f"expected one frame for each of 5 steps, received {frames} frames" in message


def test_frames_must_have_the_right_size():
    message = refused(np.zeros((3, 5)), frames=True, steps=5)
    assert "(N, 5, 2, 3, 1) or any shape with 6 values per frame" in message
    assert "(N, steps, 2, 3, 1)" in refused(np.zeros((3, 5)), frames=True)


def test_rates_are_computed_in_the_samples_own_type():
    samples = np.array([[0.1, 0.7]], dtype=np.float32)
    received = input_rates(samples, 100.0)
    assert received.dtype == np.float32
    np.testing.assert_array_equal(received, samples * np.float32(100))
    double = input_rates(prepare_samples(np.array([[200]], np.uint8), (1,)), 100.0)
    assert double.tolist() == [[20000.0]]


def test_rates_that_overflow_are_refused():
    with pytest.raises(InputError, match="samples times the input scale 100: expected values with"):
        input_rates(np.full((1, 2), 1e38, dtype=np.float32), 100.0)


def test_rates_may_be_kept_in_another_type():
    received = input_rates(np.array([[0.1, 0.7]]), 100.0, np.float32)
    assert received.dtype == np.float32
    np.testing.assert_array_equal(received, np.float32([[0.1 * 100.0, 0.7 * 100.0]]))


def test_rates_that_overflow_the_type_they_are_kept_in_are_refused():
    samples = np.array([[1.0, 1.0], [1.0, 1e38]])
    assert input_rates(samples, 100.0).max() == 1e40
    with pytest.raises(InputError, match=r"float32, received 1 .* at index \(1, 1\)"):
        input_rates(samples, 100.0, np.float32)


SCALES = (0.0, 1e-320, 0.3, 100.0)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("kept_as", [np.float32, np.float64])
@pytest.mark.parametrize("given", [np.float16, ">f4", np.float64, np.uint8, np.bool_])
def test_both_steps_as_one(scale, kept_as, given):
    values = np.random.default_rng(3).random((4, 5, 6)).astype(given)
    turned = np.asfortranarray(values)
    for samples in (values[:, 0], turned[:, 0], values[:, 0, ::-1], values[:, 0].tolist()):
        expected = input_rates(prepare_samples(samples, IMAGE), scale, kept_as)
        received = rates_of(samples, IMAGE, scale, kept_as)
        assert received.dtype == kept_as
        assert received.flags.c_contiguous
        np.testing.assert_array_equal(received, expected.reshape(4, 1, 6))
    expected = input_rates(prepare_samples(turned, IMAGE, frames=True), scale, kept_as)
    received = rates_of(turned, IMAGE, scale, kept_as, steps=5)
    assert received.flags.c_contiguous
    np.testing.assert_array_equal(received, expected.reshape(4, 5, 6))
    assert rates_of([], IMAGE, scale, kept_as).shape == (0, 1, 6)
    assert rates_of([], IMAGE, scale, kept_as, steps=5).shape == (0, 5, 6)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300, 1e38, "text"])
@pytest.mark.parametrize("shape", [(3, 6), (3, 2, 3), (3, 5)])
def test_both_steps_as_one_refuse_the_same(scale, bad, shape):
    samples = np.ones(shape, dtype=object if bad == "text" else np.float64)
    samples[1, 1:] = bad
    told = []
    for call in (
        lambda: input_rates(prepare_samples(samples, IMAGE), scale, np.float32),
        lambda: rates_of(samples, IMAGE, scale, np.float32),
    ):
        try:
            told.append(call().tobytes())
        except InputError as error:
            told.append(str(error))
    assert told[0] == told[1]
