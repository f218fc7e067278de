import os
import shutil

import numpy as np
import pytest
import zarr

from tomoseg_tf.volume import check_output, create_volume, open_volume
from tomoseg_tf.volume.zarr.layers import Layers
from tomoseg_tf.volume.zarr.writer import chunk_shape

ARRAY = np.random.default_rng(0).integers(1, 250, (6, 5, 4)).astype(np.uint8)


def write_some(path, starts, error=None):
    with create_volume(path, ARRAY.shape, "uint8", spacing=(2, 0.5, 0.25)) as writer:
        for start in starts:
            writer.write(start, ARRAY[start : start + 2])
        if error:
            shutil.copytree(writer.path, path.with_name("killed.zarr"))
            raise error


@pytest.mark.parametrize("name", ["a.zarr", "a.ome.zarr"])
def test_written_store_is_a_valid_image(tmp_path, name):
    write_some(tmp_path / name, (4, 0, 2))
    group = zarr.open_group(tmp_path / name, mode="r")
    assert group.metadata.zarr_format == 3
    ome = group.attrs["ome"]
    assert ome["version"] == "0.5"
    (entry,) = ome["multiscales"]
    assert entry["axes"] == [
        {"name": axis, "type": "space", "unit": "micrometer"} for axis in "zyx"
    ]
    transformations = [{"type": "scale", "scale": [2.0, 0.5, 0.25]}]
    assert entry["datasets"] == [{"path": "0", "coordinateTransformations": transformations}]
    assert entry["name"] == "a"
    assert group["0"].metadata.dimension_names == ("z", "y", "x")
    np.testing.assert_array_equal(group["0"][:], ARRAY)
    assert os.listdir(tmp_path) == [name]


def test_an_interrupted_store_is_refused(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write_some(tmp_path / "a.zarr", (0, 2), KeyboardInterrupt)
    with pytest.raises(ValueError, match="its writing was interrupted; write it again"):
        open_volume(tmp_path / "killed.zarr")


def test_a_store_that_lost_a_chunk_is_refused(tmp_path):
    write_some(tmp_path / "a.zarr", (0, 2, 4))
    (tmp_path / "a.zarr" / "0" / "c" / "0" / "0" / "0").unlink()
    with pytest.raises(ValueError, match="declares 1 chunks but holds 0"):
        open_volume(tmp_path / "a.zarr")


def test_zeros_are_written(tmp_path):
    with create_volume(tmp_path / "a.zarr", ARRAY.shape, "f4") as writer:
        writer.write(0, np.zeros(ARRAY.shape, "f4"))
    volume = open_volume(tmp_path / "a.zarr")
    assert (volume.spacing, volume.notices) == (None, ())


def test_slices_may_be_written_again(tmp_path):
    with create_volume(tmp_path / "a.zarr", ARRAY.shape, "uint8") as writer:
        writer.write(0, ARRAY)
        writer.write(2, ARRAY[3:5])
    expected = np.concatenate([ARRAY[:2], ARRAY[3:5], ARRAY[4:]])
    np.testing.assert_array_equal(open_volume(tmp_path / "a.zarr").read(0, 6), expected)


def test_other_folders_are_not_replaced(tmp_path):
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "thesis.tex").write_text("")
    with (
        pytest.raises(ValueError, match="is no Zarr store; choose another name"),
        create_volume(tmp_path / "a.zarr", ARRAY.shape, "u1", overwrite=True),
    ):
        pass


def test_a_place_inside_cannot_be_written(tmp_path):
    with (
        pytest.raises(ValueError, match="a store is written as a whole; leave out ::labels"),
        create_volume(f"{tmp_path}/a.zarr::labels", ARRAY.shape, "u1"),
    ):
        pass


@pytest.mark.parametrize(
    "order", [range(20), range(19, -1, -1), [*range(0, 20, 2), *range(1, 20, 2)]]
)
def test_layers_come_complete_in_any_order(tmp_path, order):
    volume = np.arange(20 * 6).reshape(20, 2, 3).astype("i4")
    layers, found = Layers(volume.shape, "i4", 8, tmp_path), []
    for z in order:
        for first, layer in layers.add(z, volume[z : z + 1]):
            np.testing.assert_array_equal(layer, volume[first : first + 8])
            found.append(first)
    assert sorted(found) == [0, 8, 16]
    assert list(layers.rest()) == []
    layers.close()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("shape", "dtype", "chunks"),
    [
        ((1000, 2048, 2048), "f4", (4, 256, 256)),
        ((1000, 2048, 2048), "u1", (16, 256, 256)),
        ((5, 40, 300), "u1", (5, 40, 256)),
        ((5, 10**5, 10**5), "u2", (1, 256, 256)),
    ],
)
def test_a_layer_of_chunks_takes_at_most_64_mib(shape, dtype, chunks):
    assert chunk_shape(shape, np.dtype(dtype)) == chunks


def write_store(path, **options):
    with create_volume(path, ARRAY.shape, "u1", **options) as writer:
        writer.write(0, ARRAY.astype("u1"))


def test_store_that_was_written_here_is_replaced(tmp_path):
    write_store(tmp_path / "a.zarr", spacing=(3, 2, 1))
    (tmp_path / "a.zarr" / ".DS_Store").touch()
    write_store(tmp_path / "a.zarr", overwrite=True)
    assert open_volume(tmp_path / "a.zarr").spacing is None


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda group: group.create_array("1", shape=(2,), dtype="u1"), "/1"),
        (lambda group: group.create_group("labels"), "/labels"),
        (lambda group: group.attrs.update(operator="A. Beamline"), "/@operator"),
        (lambda group: group.attrs.update(ome=dict(group.attrs["ome"], omero={})), "/@ome/omero"),
        (lambda group: group["0"].attrs.update(dose=3), "/0@dose"),
    ],
)
def test_store_that_holds_more_is_not_replaced(tmp_path, change, found):
    write_store(tmp_path / "a.zarr")
    change(zarr.open_group(tmp_path / "a.zarr"))
    with pytest.raises(ValueError, match=f"holds {found}: the whole store would be replaced"):
        check_output(tmp_path / "a.zarr", overwrite=True)


@pytest.mark.parametrize("version", [2, 3])
def test_bare_array_is_not_replaced(tmp_path, version):
    zarr.create_array(tmp_path / "a.zarr", data=ARRAY, zarr_format=version)
    with pytest.raises(ValueError, match=f"holds an array of Zarr version {version}: the whole"):
        check_output(tmp_path / "a.zarr", overwrite=True)


@pytest.mark.parametrize("overwrite", [True, False])
def test_place_inside_is_refused_before_any_work(tmp_path, overwrite):
    write_store(tmp_path / "a.zarr")
    with pytest.raises(ValueError, match="a store is written as a whole; leave out ::labels"):
        check_output(f"{tmp_path}/a.zarr::labels", overwrite=overwrite)
