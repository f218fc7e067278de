import os

import numpy as np
import pytest

from tomoseg_tf.volume.storage import contiguous

ARRAY = np.arange(4 * 3 * 5, dtype=np.int32).reshape(4, 3, 5)


@pytest.mark.parametrize("dtype", ["<i4", ">i4", "<f8", ">f8", "u1"])
@pytest.mark.parametrize(("rows", "columns"), [(None, None), ((1, 3), (0, 5)), ((1, 2), (2, 4))])
def test_rectangle_of_slices_in_any_order(tmp_path, dtype, rows, columns):
    stored = ARRAY.astype(dtype)
    (tmp_path / "raw").write_bytes(b"header!" + stored.tobytes())
    offsets = [7 + z * stored[0].nbytes for z in (3, 0)]
    read = contiguous.read_slices(tmp_path / "raw", offsets, (3, 5), dtype, rows, columns)
    (y0, y1), (x0, x1) = rows or (0, 3), columns or (0, 5)
    np.testing.assert_array_equal(read, stored[[3, 0], y0:y1, x0:x1])
    assert read.dtype.isnative


def test_shortened_file_is_an_error(tmp_path):
    (tmp_path / "raw").write_bytes(ARRAY.tobytes()[:-3])
    with pytest.raises(ValueError, match="ends 3 bytes too early"):
        contiguous.read_slices(tmp_path / "raw", [180], (3, 5), "<i4")


def test_system_calls_that_move_a_part_are_repeated(tmp_path, monkeypatch):
    monkeypatch.setattr(contiguous, "PIECE", 7)
    path = tmp_path / "raw"
    path.write_bytes(b"")
    descriptor = os.open(path, os.O_RDWR)
    contiguous.write_at(descriptor, 10, ARRAY)
    os.close(descriptor)
    assert path.stat().st_size == 10 + ARRAY.nbytes
    offsets = [10 + z * ARRAY[0].nbytes for z in range(4)]
    np.testing.assert_array_equal(contiguous.read_slices(path, offsets, (3, 5), "=i4"), ARRAY)
