import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

from tomoseg_tf.volume import check_output, create_volume, open_volume

ARRAY = np.random.default_rng(0).integers(0, 200, (6, 5, 4)).astype("u2")


def write(location, array=ARRAY, **options):
    with create_volume(location, array.shape, array.dtype, **options) as writer:
        writer.write(4, array[4:])
        writer.write(0, array[:4])


@pytest.mark.parametrize("dtype", ["u1", "i2", ">u2", "u4", "i8", "u8", "f2", "f4", "f8"])
def test_h5py_reads_what_is_written_in_any_order(tmp_path, dtype):
    array = ARRAY.astype(dtype)
    write(tmp_path / "a.h5", array, spacing=(0.7, 0.6, 0.5))
    with h5py.File(tmp_path / "a.h5") as file:
        data = file["entry/data/data"]
        assert (data.shape, data.dtype, data.chunks) == (
            array.shape,
            array.dtype.newbyteorder("<"),
            None,
        )
        np.testing.assert_array_equal(data, array)
        np.testing.assert_array_equal(data.attrs["element_size_um"], (0.7, 0.6, 0.5))
    volume = open_volume(tmp_path / "a.h5")
    assert (volume.spacing, volume.notices) == ((0.7, 0.6, 0.5), ())
    np.testing.assert_array_equal(volume.read(0, 6), array)


def test_file_is_nexus(tmp_path):
    write(tmp_path / "a.nxs", spacing=(0.7, 0.6, 0.5))
    with h5py.File(tmp_path / "a.nxs") as file:
        entry = file[file.attrs["default"]]
        data = entry[entry.attrs["default"]]
        classes = [group.attrs["NX_class"] for group in (file, entry, data)]
        assert classes == ["NXroot", "NXentry", "NXdata"]
        np.testing.assert_array_equal(data[data.attrs["signal"]], ARRAY)
        assert list(data.attrs["axes"]) == ["z", "y", "x"]
        assert {data[axis].attrs["units"] for axis in "zyx"} == {"um"}
        np.testing.assert_allclose(data["y"], np.arange(5) * 0.6)


def test_axes_alone_carry_the_spacing(tmp_path):
    write(tmp_path / "a.h5", spacing=(0.7, 0.6, 0.5))
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        del file["entry/data/data"].attrs["element_size_um"]
    assert open_volume(tmp_path / "a.h5").spacing == pytest.approx((0.7, 0.6, 0.5))


@pytest.mark.parametrize(
    "inside", ["/entry/data/segmentation", "segmentation", "/a/b", "/a/b/c/d/e", "/entry/data/z"]
)
def test_place_in_the_file(tmp_path, inside):
    write(f"{tmp_path}/a.h5::{inside}", spacing=(3, 2, 1))
    assert os.listdir(tmp_path) == ["a.h5"]
    with h5py.File(tmp_path / "a.h5") as file:
        np.testing.assert_array_equal(file[inside], ARRAY)
    for location in (f"{tmp_path}/a.h5", f"{tmp_path}/a.h5::{inside}"):
        volume = open_volume(location)
        assert volume.name == f"{tmp_path}/a.h5::/{inside.lstrip('/')}"
        assert volume.spacing == (3.0, 2.0, 1.0)


@pytest.mark.parametrize("inside", ["/", "a/", "a/../b", ".", "a\nb"])
def test_place_that_is_none_of_a_dataset(tmp_path, inside):
    with pytest.raises(ValueError, match="is not the path of a dataset; use one such as /entry"):
        write(f"{tmp_path}/a.h5::{inside}")
    assert os.listdir(tmp_path) == []


def test_unknown_spacing_stays_unknown(tmp_path):
    write(tmp_path / "a.h5")
    volume = open_volume(tmp_path / "a.h5")
    assert (volume.spacing, volume.notices) == (None, ())


def test_one_slice_keeps_its_spacing(tmp_path):
    with create_volume(tmp_path / "a.h5", (1, 5, 4), "u2", spacing=(3, 2, 1)) as writer:
        writer.write(0, ARRAY[:1])
    assert open_volume(tmp_path / "a.h5").spacing == (3.0, 2.0, 1.0)


def test_bool_has_to_be_converted(tmp_path):
    with pytest.raises(ValueError, match="convert them to uint8"):
        create_volume(tmp_path / "a.h5", ARRAY.shape, bool).__enter__()


def test_existing_file_is_replaced_when_complete(tmp_path):
    write(tmp_path / "a.h5")
    with pytest.raises(ValueError, match=r"a\.h5 already exists"):
        check_output(f"{tmp_path}/a.h5::/other")
    write(tmp_path / "a.h5", ARRAY + 1, overwrite=True)
    np.testing.assert_array_equal(open_volume(tmp_path / "a.h5").read(0, 6), ARRAY + 1)


def test_file_that_holds_several_volumes_is_not_replaced(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"], file["segmentation"] = ARRAY, ARRAY
    with pytest.raises(ValueError, match="already exists and holds /data: the whole file"):
        check_output(f"{tmp_path}/a.h5::/segmentation", overwrite=True)


def test_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def pwrite(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", pwrite)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "a.h5")
    assert os.listdir(tmp_path) == []


def test_killed_writer_leaves_no_file_under_the_final_name(tmp_path):
    program = (
        "import os, sys, numpy; from tomoseg_tf.volume import create_volume\n"
        "with create_volume(sys.argv[1], (2, 3, 4), 'u1') as writer:\n"
        "    writer.write(0, numpy.ones((1, 3, 4), 'u1')); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.h5")], check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".a.h5.partial")
    with h5py.File(left) as file:
        assert file["entry/data/data"][0].min() == 1


def assert_refused(location, message, overwrite=True):
    with pytest.raises(ValueError, match=message) as caught:
        check_output(location, overwrite=overwrite)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("place", ["", "::/second", "::/exchange/other", "::/exchange/data/data"])
def test_volume_at_another_place_is_not_replaced(tmp_path, place):
    write(f"{tmp_path}/a.h5::/exchange/data")
    before = (tmp_path / "a.h5").read_bytes()
    message = r"holds /exchange(/data)?: the whole file would be replaced, not only /.*; choose"
    assert_refused(f"{tmp_path}/a.h5{place}", message)
    with pytest.raises(ValueError, match=message):
        write(f"{tmp_path}/a.h5{place}", overwrite=True)
    assert (tmp_path / "a.h5").read_bytes() == before


@pytest.mark.parametrize("inside", ["/entry/data/data", "/data", "/exchange/data", "/a/b/c/d"])
def test_what_was_written_at_the_same_place_is_replaced(tmp_path, inside):
    location = f"{tmp_path}/a.h5::{inside}"
    write(location, spacing=(3, 2, 1))
    write(location, ARRAY + 1, overwrite=True)
    np.testing.assert_array_equal(open_volume(location).read(0, 6), ARRAY + 1)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("/theta", np.arange(5)),
        ("/entry/sample", "a pillar"),
        ("/entry/data/theta", np.arange(5)),
        ("/entry/data/q/x", 1),
        ("/link", h5py.SoftLink("/entry")),
        ("/entry/data/raw", h5py.ExternalLink("raw.h5", "/data")),
        ("/entry/type", np.dtype("u2")),
    ],
)
def test_file_that_holds_more_is_not_replaced(tmp_path, name, content):
    write(tmp_path / "a.h5", spacing=(3, 2, 1))
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file[name] = content
    found = name.removesuffix("/x")
    assert_refused(tmp_path / "a.h5", f"already exists and holds {found}: the whole file would be")


@pytest.mark.parametrize("node", ["/", "/entry", "/entry/data", "/entry/data/data"])
def test_file_with_attributes_of_others_is_not_replaced(tmp_path, node):
    write(tmp_path / "a.h5", spacing=(3, 2, 1))
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file[node].attrs["operator"] = "A. Beamline"
    assert_refused(tmp_path / "a.h5", f"already exists and holds {node}@operator: the whole file")


@pytest.mark.parametrize("content", [np.arange(5), h5py.Empty("u2"), ARRAY[None]])
def test_what_is_no_volume_at_that_place_is_not_replaced(tmp_path, content):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = content
    assert_refused(
        f"{tmp_path}/a.h5::/data", "already exists and holds /data: the whole file would"
    )


def test_existing_file_is_not_said_to_be_replaced_in_part(tmp_path):
    write(f"{tmp_path}/a.h5::/first")
    assert_refused(
        f"{tmp_path}/a.h5::/second", "holds /first: the whole file would be replaced", False
    )
    assert_refused(
        f"{tmp_path}/a.h5::/first",
        "exists and nothing is added to it; .* or pass --overwrite to replace the whole file",
        False,
    )


def test_virtual_dataset_at_that_place_is_not_replaced(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        layout = h5py.VirtualLayout(ARRAY.shape, "u2")
        layout[:] = h5py.VirtualSource("b.h5", "data", ARRAY.shape)
        file.create_virtual_dataset("data", layout)
    assert_refused(
        f"{tmp_path}/a.h5::/data", "already exists and holds /data: the whole file would"
    )


@pytest.mark.parametrize("damage", ["cut", "end", "being written"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_file_that_cannot_be_read_is_not_replaced(tmp_path, damage, overwrite):
    path = tmp_path / "a.h5"
    write(path)
    data = bytearray(path.read_bytes())
    if damage == "being written":
        with h5py.File(path, "w", libver="latest") as file:
            file.swmr_mode = True
            file.flush()
            data = bytearray(path.read_bytes())
    elif damage == "end":
        data[40:48] = b"\xff" * 8  # of the file, as its superblock states it
    path.write_bytes(data[: 600 if damage == "cut" else None])
    before = path.read_bytes()
    assert_refused(
        path, "already exists but cannot be read, .*; remove it first, or choose", overwrite
    )
    with pytest.raises(ValueError, match="remove it first"):
        write(path, overwrite=overwrite)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all"])
def test_file_of_another_kind_is_replaced(tmp_path, content):
    (tmp_path / "a.h5").write_bytes(content)
    assert_refused(
        tmp_path / "a.h5", "already exists; choose another name or pass --overwrite", False
    )
    write(tmp_path / "a.h5", overwrite=True)
    np.testing.assert_array_equal(open_volume(tmp_path / "a.h5").read(0, 6), ARRAY)
