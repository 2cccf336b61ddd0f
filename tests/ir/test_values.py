"""The gate for numbers: what it takes, and everything that it refuses, with the way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from annconv.errors import InputError
from annconv.ir.arrays import freeze
from annconv.ir.values import finite, in_type, real_array

GRADIENT = "Can't call numpy() on Tensor that requires grad."
DEVICE = "can't convert cuda:0 device type tensor to numpy."


@dataclass
class Tensor:
    """What other libraries keep numbers in: it gives them, or says why not."""

    answer: Any

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def masked(shape: tuple[int, ...], *where: int) -> Any:
    values = np.ma.array(np.ones(shape), mask=np.zeros(shape, bool))
    values.mask[where] = True
    return values


def objects(*entries: Any) -> Any:
    found = np.empty(len(entries), dtype=object)
    found[:] = entries
    return found


def refusal(given: object) -> str:
    with pytest.raises(InputError) as caught:
        real_array(given, "thing", "numbers")
    return str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        [[1, 2], [3, 4]], ((1.0, 2.0), [3.0, 4.0]),
        np.ma.array([[1, 2], [3, 4]]), np.ma.array([[1, 2], [3, 4]], mask=False),
        [np.ma.array([1, 2]), np.ma.array([3, 4], mask=[False, False])],
        Tensor(np.array([[1, 2], [3, 4]])), [Tensor(np.array([1, 2])), Tensor(np.array([3, 4]))],
    ],
)  # fmt: skip
def test_numbers_are_taken_from_whatever_has_them(given: object) -> None:
    received = real_array(given, "thing")
    assert type(received) is np.ndarray
    assert received.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("kind", ["?", "u1", "i8", "f2", "f4", "f8", ">f4", "g"])
def test_real_types_stay(kind: str) -> None:
    assert real_array(np.ones(3, kind), "thing").dtype == np.dtype(kind)


@pytest.mark.parametrize(
    ("given", "where"),
    [
        (masked((2, 3), 1, 2), "1 that are masked, the first at index (1, 2)"),
        (masked((2, 3), 1), "3 that are masked, the first at index (1, 0)"),
        ([np.ones(3), masked((3,), 2)], "1 that are masked, the first at index 2"),
        ([[[1.0, 2.0], [3.0, np.ma.masked]]], "a masked one"),
        (np.ma.masked, "a masked one"),
        (np.ma.array(np.full(3, np.nan), mask=True), "3 that are masked, the first at index 0"),
        (Tensor(masked((4,), 3)), "1 that are masked, the first at index 3"),
    ],
)
def test_masked_entries_have_no_number(given: object, where: str) -> None:
    assert refusal(given) == (
        f"thing: expected numbers without masked entries, received {where}. "
        "Say what stands there: x.filled(0)."
    )


@pytest.mark.parametrize(
    "error", [RuntimeError(GRADIENT), TypeError(DEVICE), ValueError("two\nlines"), KeyError()]
)
def test_a_tensor_that_gives_no_numbers_tells_why(error: Exception) -> None:
    why = {"ValueError": "two lines", "KeyError": "KeyError"}.get(type(error).__name__, str(error))
    for given in (Tensor(error), [Tensor(error), Tensor(error)]):
        assert refusal(given) == (
            f"thing: expected numbers, received {type(given).__name__} that gives none ({why}). "
            "Give a NumPy array; of a PyTorch tensor x: x.detach().cpu().numpy()."
        )


def test_a_lack_of_memory_is_not_a_fault_of_the_values() -> None:
    with pytest.raises(MemoryError):
        real_array(Tensor(MemoryError()), "thing")


@pytest.mark.parametrize(
    ("given", "received"),
    [
        ([[1, 2], [3]], "a ragged list"),
        (objects(np.ones(3), np.ones(3)), "become one by np.stack(list(x))."),
        (objects([1, 2], [3, 4]), "np.stack(list(x))."),
        (objects(2**70, 1.5), "objects (object). Convert them: x.astype(float)."),
        (objects(None, 1.5), "objects (object)."),
        (np.ones(3, complex), "complex numbers (complex128)."),
        (["a", "b"], "text (<U1)."),
        ([b"a"], "bytes (|S1)."),
        (np.ones(3, "datetime64[s]"), "other values (datetime64[s])."),
        (np.ones(2, "V2"), "other values (|V2). Convert them: x.astype(np.float32)."),
        (None, "NoneType None."),
        ({"a": 1}, "dict {'a': 1}."),
        ("x" * 100, "str '" + "x" * 59 + "…."),
    ],
)  # fmt: skip
def test_what_is_no_array_of_numbers(given: object, received: str) -> None:
    message = refusal(given)
    assert message.startswith("thing: expected numbers, received ")
    assert received in message


def test_a_sparse_matrix_is_told_how_to_become_an_array() -> None:
    class Sparse:
        def toarray(self) -> Any:
            return np.eye(3)

    assert refusal(Sparse()).endswith("A sparse matrix x is given as x.toarray().")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_have_to_be_finite(bad: float) -> None:
    values = np.zeros((3, 4))
    finite(values, "thing", "numbers")
    values[1, 2:] = bad
    with pytest.raises(InputError) as caught:
        finite(values, "thing", "numbers", "Look.")
    assert str(caught.value) == (
        "thing: expected numbers, received 2 that are NaN or infinite, the first at index (1, 2). "
        "Look."
    )
    with pytest.raises(InputError, match=f"received {bad:g}"):
        finite(np.array(bad), "thing", "numbers")


def test_numbers_have_to_be_finite_in_the_type_that_keeps_them() -> None:
    values = np.array([1.0, 1e39])
    finite(values, "thing", "numbers", kind=np.float64)
    with pytest.raises(InputError, match=r"1 that are too large, as 1e\+39, the first at index 1"):
        finite(values, "thing", "numbers", kind=np.float32)
    assert in_type(values, np.float32).tolist() == [1.0, float("inf")]


@pytest.mark.filterwarnings("error")
def test_numbers_beyond_all_types_raise_no_warning() -> None:
    with pytest.raises(InputError, match="NaN or infinite|too large"):
        finite(np.array([np.longdouble(1e300) * 1e300]), "thing", "numbers", kind=np.float64)


def test_arrays_of_networks_pass_the_gate() -> None:
    with pytest.raises(InputError, match="an array of a network: .* without masked entries"):
        freeze(masked((2, 3), 0))
    assert freeze(np.ma.array([1, 2])).tolist() == [1.0, 2.0]
