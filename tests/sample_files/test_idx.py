"""IDX files, against files made by hand."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from annconv.sample_files.idx import map_idx, read_idx


def idx(array: np.ndarray, code: int = 8) -> bytes:
    return (
        bytes([0, 0, code, array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + (array.tobytes())
    )


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4), (0, 3, 4)])
def test_reads_what_was_written(shape):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    np.testing.assert_array_equal(read_idx(io.BytesIO(idx(array))), array)


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4), (0, 3, 4)])
def test_maps_what_was_written(tmp_path, shape):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    (tmp_path / "x").write_bytes(idx(array))
    with (tmp_path / "x").open("rb") as file:
        mapped = map_idx(file)
    np.testing.assert_array_equal(mapped, array)
    assert isinstance(mapped, np.memmap) is bool(array.size)


ARRAY = np.zeros((2, 3), np.uint8)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it does not begin as an IDX file does"),
        (b"\x01\x00\x08\x01", "it does not begin as an IDX file does"),
        (idx(ARRAY, code=0x0D), "IDX type code 0x0d, supported is 0x08, unsigned bytes"),
        (idx(ARRAY)[:9], "it ends inside its header"),
        (idx(ARRAY)[:-1], "6 values announced, 5 found"),
        (idx(ARRAY) + b"x", "6 values announced, more found"),
    ],
)
@pytest.mark.parametrize("read", [read_idx, map_idx])
def test_refuses(content, told, read):
    with pytest.raises(ValueError, match=told):
        read(io.BytesIO(content))
