"""One scan in every format, and from each format to each other one."""

import numpy as np
import pytest

from tomoseg_tf.volume import create_volume, open_volume

SHAPE = (5, 6, 7)
SPACING = (2.0, 0.5, 0.25)
VALUES = np.random.default_rng(0).integers(0, 250, SHAPE)
NAMES = ["a.tif", "a.ome.tif", "a.h5", "a.zarr", "a.ome.zarr", "a.nrrd", "a.nhdr", "slices"]
NAMES += ["a.npy", "a.raw"]
BARE = {"a.npy", "a.raw"}  # carry no spacing


def write(path, array):
    with create_volume(path, SHAPE, array.dtype, spacing=SPACING) as writer:
        writer.write(3, array[3:])
        writer.write(0, array[:3])


def reopen(path, dtype):
    told = {"shape": SHAPE, "dtype": dtype} if path.suffix == ".raw" else {}
    return open_volume(path, **told)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("source", NAMES)
def test_every_format_becomes_every_other_one(tmp_path, source, dtype):
    array = VALUES.astype(dtype) + (0.5 if dtype == "float32" else 0)
    array = array.astype(dtype)
    write(tmp_path / source, array)
    volume = reopen(tmp_path / source, dtype)
    assert (volume.shape, volume.dtype) == (SHAPE, array.dtype)
    assert volume.spacing == (None if source in BARE else pytest.approx(SPACING))
    (tmp_path / "out").mkdir()
    for name in NAMES:
        target = tmp_path / "out" / name
        options = {"spacing": volume.spacing, "overwrite": name == "a.raw"}
        if name == "a.raw":
            target = tmp_path / "out" / "b.raw"  # a.raw belongs to a.nhdr
        with create_volume(target, SHAPE, volume.dtype, **options) as writer:
            for start, slab in volume.slabs(2):
                writer.write(start, slab)
        copy = reopen(target, dtype)
        assert copy.dtype == array.dtype
        np.testing.assert_array_equal(copy.read(0, 5), array)
        carried = name not in BARE and source not in BARE
        assert copy.spacing == (pytest.approx(SPACING) if carried else None)
