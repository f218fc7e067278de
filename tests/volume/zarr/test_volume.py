import json
import re
import warnings

import numpy as np
import pytest
import zarr

from tomoseg_tf.volume import open_volume

ARRAY = np.random.default_rng(0).integers(1, 250, (6, 5, 4)).astype(np.uint8)


def store_array(path, array=ARRAY, version=3, **options):
    options = {"chunks": tuple(min(side, 2) for side in array.shape)} | options
    stored = zarr.create_array(path, data=array, zarr_format=version, overwrite=True, **options)
    return stored, path


def image(*, levels=1, axes="zyx", scale=(2.0, 0.5, 0.25), unit="micrometer", **more):
    units = {axis: {"type": "space", "unit": unit} for axis in "zyx"}
    datasets = []
    for level in range(levels):
        factors = [value * 2**level for value in scale]
        transformation = {"type": "scale", "scale": factors}
        datasets.append({"path": str(level), "coordinateTransformations": [transformation]})
    named = [{"name": axis} | units.get(axis, {"type": "other"}) for axis in axes]
    return {"axes": named, "datasets": datasets, **more}


def store_image(path, array=ARRAY, version=3, entry=None):
    entry = entry or image()
    entries = {"multiscales": [entry]}
    attributes = {"ome": {"version": "0.5", **entries}} if version == 3 else entries
    group = zarr.create_group(path, zarr_format=version, attributes=attributes, overwrite=True)
    for level in range(len(entry["datasets"])):
        group.create_array(str(level), data=array[..., :: 2**level])
    return path


def edit_json(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def read(path):
    volume = open_volume(path)
    return volume.read(0, volume.shape[0])


@pytest.mark.parametrize("dtype", ["u1", "<u2", "f4", "f2", "i8", "bool"])
@pytest.mark.parametrize("version", [2, 3])
def test_reads_arrays_that_zarr_wrote(tmp_path, dtype, version):
    array = ARRAY.astype(dtype)
    _, path = store_array(tmp_path / "a.zarr", array, version)
    volume = open_volume(path)
    assert (volume.shape, volume.spacing) == (array.shape, None)
    np.testing.assert_array_equal(volume.read(0, 6), array)
    box = volume.read_box(((1, 3), (1, 4), (0, 2)))
    np.testing.assert_array_equal(box, array[1:3, 1:4, :2])
    assert box.flags.writeable
    assert volume.read(3, 3).shape == (0, 5, 4)


CODECS = zarr.codecs
VARIANTS = {
    "big_2": {"version": 2, "array": ARRAY.astype(">u2")},
    "big_3": {"serializer": CODECS.BytesCodec(endian="big"), "array": ARRAY.astype("u2")},
    "nested_2": {"version": 2, "chunk_key_encoding": {"name": "v2", "separator": "/"}},
    "dots_3": {"chunk_key_encoding": {"name": "default", "separator": "."}},
    "fortran_2": {"version": 2, "order": "F"},
    "shards": {"shards": (4, 4, 4)},
    "gzip": {"compressors": CODECS.GzipCodec()},
    "none": {"compressors": None},
    "blosc": {"compressors": CODECS.BloscCodec()},
    "crc": {"compressors": [CODECS.ZstdCodec(), CODECS.Crc32cCodec()]},
    "transposed": {"filters": [CODECS.TransposeCodec(order=(2, 1, 0))]},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_encoding_is_read(tmp_path, name):
    options = dict(VARIANTS[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's own defaults
        _, path = store_array(tmp_path / "a.zarr", **options)
    volume = open_volume(path)
    np.testing.assert_array_equal(volume.read(0, 6), ARRAY)
    assert volume.notices == ()


@pytest.mark.parametrize("version", [2, 3])
def test_ome_zarr_opens_at_the_first_level_with_its_spacing(tmp_path, version):
    path = store_image(tmp_path / "a.ome.zarr", version=version, entry=image(levels=2))
    volume = open_volume(path)
    assert volume.spacing == (2.0, 0.5, 0.25)
    assert volume.format == f"OME-Zarr {'0.5' if version == 3 else '0.4'} (Zarr version {version})"
    assert volume.notices == ("it holds 2 levels; the first one is read, ::1 names the next",)
    np.testing.assert_array_equal(volume.read(0, 6), ARRAY)
    coarse = open_volume(f"{path}::1")
    assert (coarse.shape, coarse.spacing, coarse.notices) == ((6, 5, 2), (4.0, 1.0, 0.5), ())


def test_axes_follow_the_metadata(tmp_path):
    entry = image(axes="xzy", scale=(0.25, 2.0, 0.5))
    path = store_image(tmp_path / "a.zarr", ARRAY.transpose(2, 0, 1), entry=entry)
    volume = open_volume(path)
    assert (volume.shape, volume.spacing) == (ARRAY.shape, (2.0, 0.5, 0.25))
    np.testing.assert_array_equal(volume.read(0, 6), ARRAY)
    box = volume.read_box(((1, 3), (1, 4), (0, 2)))
    np.testing.assert_array_equal(box, ARRAY[1:3, 1:4, :2])


def test_channels_and_times_are_left_out_or_picked(tmp_path):
    entry = image(axes="tczyx", scale=(1, 1, 2.0, 0.5, 0.25))
    path = store_image(tmp_path / "a.zarr", ARRAY[None, None], entry=entry)
    volume = open_volume(path)
    assert volume.notices == tuple(f"its axis '{axis}' of length 1 is left out" for axis in "tc")
    np.testing.assert_array_equal(volume.read(0, 6), ARRAY)
    store_image(path, np.stack([ARRAY, ARRAY + 1])[None], entry=entry)
    with pytest.raises(ValueError, match=r"has 2 along c beside z, y and x; write a.zarr::0\[0\]"):
        open_volume(path)
    volume = open_volume(f"{path}::0[1]")
    assert volume.notices[1] == "index 1 of the 2 along its axis 'c' is read"
    np.testing.assert_array_equal(volume.read(0, 6), ARRAY + 1)
    with pytest.raises(ValueError, match="has 2 along c, not 3"):
        open_volume(f"{path}::0[2]")


@pytest.mark.parametrize("shape", [(1, 1, 6, 5, 4), (6, 5, 4, 1), (1, 6, 5, 4)])
def test_axes_of_length_1_without_names_are_left_out(tmp_path, shape):
    store_array(tmp_path / "a.zarr", ARRAY.reshape(shape))
    np.testing.assert_array_equal(read(tmp_path / "a.zarr"), ARRAY)


def test_one_slice_is_a_volume_of_depth_1(tmp_path):
    store_array(tmp_path / "a.zarr", ARRAY[0])
    np.testing.assert_array_equal(read(tmp_path / "a.zarr"), ARRAY[:1])


@pytest.mark.parametrize(
    ("change", "spacing", "notice"),
    [
        ({"unit": "nanometer"}, (2e-3, 5e-4, 2.5e-4), None),
        ({"unit": "parsec"}, None, "the unit 'parsec', which is no length"),
        ({"unit": None}, None, r"\(2, 0.5, 0.25\) along \(z, y, x\) has no unit"),
        ({"unit": None, "scale": (1.0, 1.0, 1.0)}, None, None),
        ({"scale": (2.0, 0.0, 1.0)}, None, "is not positive"),
        (
            {"coordinateTransformations": [{"type": "scale", "scale": [3, 3, 3]}]},
            (6, 1.5, 0.75),
            None,
        ),
    ],
)
def test_spacing_is_read_in_micrometres_or_told(tmp_path, change, spacing, notice):
    volume = open_volume(store_image(tmp_path / "a.zarr", entry=image(**change)))
    assert volume.spacing == (spacing and pytest.approx(spacing))
    assert len(volume.notices) == (notice is not None)
    assert all(re.search(notice, told) for told in volume.notices)


def test_a_group_without_image_has_to_hold_one_array(tmp_path):
    group = zarr.create_group(tmp_path / "a.zarr")
    group.create_array("deep/one", data=ARRAY)
    np.testing.assert_array_equal(read(tmp_path / "a.zarr"), ARRAY)
    group.create_array("two", data=ARRAY.astype("u2"))
    with pytest.raises(ValueError, match=r"holds a.zarr::deep/one .*, a.zarr::two .* uint16; name"):
        open_volume(tmp_path / "a.zarr")
    np.testing.assert_array_equal(read(f"{tmp_path}/a.zarr::two"), ARRAY)
    with pytest.raises(ValueError, match=r"has no array 'three'; it holds a\.zarr::deep/one"):
        open_volume(f"{tmp_path}/a.zarr::three")
    with pytest.raises(ValueError, match=r"leave out '\.\.'"):
        open_volume(f"{tmp_path}/a.zarr::../b.zarr")


def test_bioformats_layout_opens_its_first_image(tmp_path):
    zarr.create_group(tmp_path / "a.zarr", attributes={"bioformats2raw.layout": 3})
    store_image(tmp_path / "a.zarr" / "0")
    volume = open_volume(tmp_path / "a.zarr")
    assert (volume.shape, volume.spacing) == (ARRAY.shape, (2.0, 0.5, 0.25))


@pytest.mark.parametrize("version", [2, 3])
def test_missing_chunks_of_other_programs_are_counted(tmp_path, version):
    array = ARRAY.copy()
    array[:2] = 0
    _, path = store_array(tmp_path / "a.zarr", array, version, chunks=(2, 5, 4), fill_value=0)
    volume = open_volume(path)
    assert volume.notices == ("1 of its 3 chunks are missing; their voxels are read as 0",)
    np.testing.assert_array_equal(volume.read(0, 6), array)


def test_a_store_without_chunks_is_refused(tmp_path):
    _, path = store_array(tmp_path / "a.zarr", ARRAY * 0)
    with pytest.raises(ValueError, match="declares 18 chunks but holds 0; the store is incomplete"):
        open_volume(path)


def test_giant_declared_shapes_take_nothing(tmp_path):
    _, path = store_array(tmp_path / "a.zarr")
    edit_json(path / "zarr.json", shape=[10**15, 10**15, 10**15])
    with pytest.raises(ValueError, match="holds 18; the store is incomplete"):
        open_volume(path)
    grid = {"name": "regular", "configuration": {"chunk_shape": [10**6] * 3}}
    edit_json(path / "zarr.json", shape=[6, 5, 4], chunk_grid=grid)
    with pytest.raises(ValueError, match="write it again with smaller chunks"):
        open_volume(path)
