import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import h5py
import hdf5plugin
import numpy as np
import pytest

from tomoseg_tf.volume import list_volumes, open_volume
from tomoseg_tf.volume.volume import Volume

ARRAY = np.random.default_rng(0).integers(0, 200, (6, 5, 4)).astype("u2")
COMPRESSIONS = {
    "gzip": {"compression": "gzip"},
    "shuffle, lzf": {"compression": "lzf", "shuffle": True},
    "fletcher32": {"fletcher32": True},
    "zstd": dict(hdf5plugin.Zstd()),
    "blosc": dict(hdf5plugin.Blosc()),
    "bshuf": dict(hdf5plugin.Bitshuffle()),
    "lz4": dict(hdf5plugin.LZ4()),
}


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as opened:
        yield opened


def opened(file, inside=None, **options):
    file.flush()
    path = shutil.copy(file.filename, os.path.dirname(file.filename) + "/copy.h5")
    return open_volume(path if inside is None else f"{path}::{inside}", **options)


def assert_refused(file, message, inside=None):
    with pytest.raises(ValueError, match=message) as caught:
        opened(file, inside)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "i4", ">f4", "f8", "f2", "bool", "u8"])
@pytest.mark.parametrize("chunks", [None, (2, 3, 4)])
def test_reads_what_h5py_wrote(file, dtype, chunks):
    array = (ARRAY % 2 if dtype == "bool" else ARRAY).astype(dtype)
    file.create_dataset("a/b", data=array, chunks=chunks)
    volume = opened(file)
    expected = array.astype("u1") if dtype == "bool" else array
    assert (volume.shape, volume.dtype) == (ARRAY.shape, expected.dtype.newbyteorder("="))
    assert volume.name.endswith("copy.h5::/a/b")
    np.testing.assert_array_equal(volume.read(0, 6), expected)
    np.testing.assert_array_equal(volume.read_box(((1, 4), (2, 5), (1, 3))), expected[1:4, 2:, 1:3])
    assert volume.read(0, 6).dtype == volume.dtype


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_compressed_chunks(file, name):
    file.create_dataset("data", data=ARRAY, chunks=(4, 2, 2), **COMPRESSIONS[name])
    volume = opened(file)
    assert volume.storage["compression"] == name
    assert volume.storage["reading"] == "chunks of 4 × 2 × 2 voxels"
    np.testing.assert_array_equal(volume.read(2, 5), ARRAY[2:5])


@pytest.mark.parametrize("suffix", [".h5", ".HDF5", ".hdf", ".nxs", ".NX5", ".cxi"])
def test_suffixes(file, tmp_path, suffix):
    file["data"] = ARRAY
    file.flush()
    shutil.copy(file.filename, tmp_path / f"b{suffix}")
    assert open_volume(tmp_path / f"b{suffix}").format == "HDF5"


def test_user_block_moves_the_offset(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=512) as file:
        file["data"] = ARRAY
    volume = open_volume(tmp_path / "a.h5")
    assert volume.storage["reading"] == "at its offset in the file"
    np.testing.assert_array_equal(volume.read(0, 6), ARRAY)


def test_compact_dataset(file):
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.COMPACT)
    space, kind = h5py.h5s.create_simple(ARRAY.shape), h5py.h5t.NATIVE_UINT16
    h5py.Dataset(h5py.h5d.create(file.id, b"data", kind, space, properties))[...] = ARRAY
    np.testing.assert_array_equal(opened(file).read(0, 6), ARRAY)


@pytest.mark.parametrize("shape", [(6, 5, 4, 1), (1, 6, 5, 4), (1, 6, 5, 4, 1)])
def test_axes_of_one_voxel_are_left_out_with_a_notice(file, shape):
    file["data"] = ARRAY.reshape(shape)
    volume = opened(file)
    assert volume.shape == (6, 5, 4)
    assert volume.notices[0] == f"it is (6, 5, 4) of a dataset of shape {shape}"
    np.testing.assert_array_equal(volume.read(1, 3), ARRAY[1:3])


def test_one_slice_with_a_channel(file):
    file["data"] = ARRAY[:1, :, :, None]
    assert opened(file).shape == (1, 5, 4)


def test_time_series_needs_an_index(file):
    file["t"] = np.stack([ARRAY, ARRAY + 1, ARRAY + 2])
    assert_refused(
        file, r"holds 3 volumes of shape \(6, 5, 4\).* name one of them: .*/t\[0\] to .*\[2\]$"
    )
    assert_refused(file, r"has shape \(3, 6, 5, 4\), 3 volumes; leave out \[3\]", "/t[3]")
    volume = opened(file, "/t[1]")
    assert volume.name.endswith("::/t[1]")
    np.testing.assert_array_equal(volume.read(0, 6), ARRAY + 1)


def test_name_that_ends_in_brackets_is_a_name_first(file):
    file["t[1]"] = ARRAY
    np.testing.assert_array_equal(opened(file, "t[1]").read(0, 6), ARRAY)


def test_several_volumes_are_listed(file):
    file["exchange/data"], file["exchange/dark"] = ARRAY, ARRAY[:2].astype("f4")
    assert_refused(
        file,
        r"name a volume as in .*copy\.h5::/exchange/dark; there are /exchange/dark "
        r"\(2 × 5 × 4 float32\), /exchange/data \(6 × 5 × 4 uint16\)$",
    )
    assert opened(file, "exchange//data").name.endswith("::/exchange/data")
    assert list_volumes(file.filename.replace("a.h5", "copy.h5"))[1].startswith("/exchange/data (6")


def test_group_stands_for_the_only_volume_in_it(file):
    file["a/b/data"], file["c/data"], file["a/theta"] = ARRAY, ARRAY[:2], np.arange(6)
    assert opened(file, "/a").name.endswith("::/a/b/data")


def test_missing_path_lists_what_there_is(file):
    file["a/data"] = ARRAY
    assert_refused(file, r"copy\.h5: holds no /b; name a volume as in .*::/a/data; there are", "/b")
    assert_refused(file, r"holds no /a/data/c; name a volume", "/a/data/c")


@pytest.mark.parametrize("value", [np.arange(5), np.zeros((3, 3)), "text", [b"a", b"b"]])
def test_file_without_a_volume(file, value):
    file["a"] = value
    assert_refused(file, "there is no volume in the file")


@pytest.mark.parametrize(
    ("dtype", "message"),
    [("c8", "type complex64"), ([("r", "f4")], "voxels of type"), ("O", "object")],
)
def test_voxels_that_are_no_numbers(file, dtype, message):
    file["a"] = np.full((2, 3, 4), b"x", dtype) if dtype == "O" else np.zeros((2, 3, 4), dtype)
    assert_refused(file, message, "/a")
    assert_refused(file, "there is no volume in the file")


def test_empty_datasets(file):
    file["a"] = h5py.Empty("f4")
    file.create_dataset("b", (0, 3, 4), "u1")
    assert_refused(file, "holds nothing", "/a")
    assert_refused(file, "is not that of a volume", "/b")


@pytest.mark.parametrize("chunks", [None, (2, 5, 4)])
def test_dataset_that_was_never_written(file, chunks):
    file.create_dataset("data", (10**6, 5, 4), "u2", chunks=chunks)
    assert_refused(file, "was never written|0 of its 500000 chunks were written")


def test_chunks_that_were_never_written_are_counted(file):
    file.create_dataset("data", ARRAY.shape, "u2", chunks=(2, 5, 4), fillvalue=7)[:4] = ARRAY[:4]
    volume = opened(file)
    assert volume.notices == ("1 of its 3 chunks were never written; they are read as 7",)
    assert volume.read(4, 6).min() == 7


def test_giant_slice_of_one_small_chunk_is_refused(file):
    data = file.create_dataset("data", (4, 10**7, 10**7), "u2", chunks=(1, 8, 8))
    data[0, :8, :8] = 1
    assert_refused(file, "1 of its 6250000000000 chunks were written, less than one slice")


def test_chunks_through_all_slices_are_reported(file, monkeypatch):
    monkeypatch.setattr("tomoseg_tf.volume.hdf5.volume.SLAB_BYTES", 8)
    file.create_dataset("data", data=np.zeros((64, 4, 1), "u1"), chunks=(64, 1, 1))
    assert "each about 8 times" in opened(file).notices[0]


def test_slabs_end_where_chunks_do(file, monkeypatch):
    file.create_dataset("data", data=ARRAY, chunks=(2, 5, 4))
    monkeypatch.setattr("tomoseg_tf.volume.hdf5.volume.SLAB_BYTES", 3 * 40)
    volume = opened(file)
    assert [start for start, _ in volume.slabs()] == [0, 2, 4]
    assert [start for start, _ in volume.slabs(3)] == [0, 3]
    assert isinstance(volume, Volume)


def test_unknown_filter_is_named(file):
    file.create_dataset("data", data=ARRAY, chunks=(2, 5, 4), compression="gzip")
    file.flush()
    path = file.filename.replace("a.h5", "copy.h5")
    with open(file.filename, "rb") as source, open(path, "wb") as target:
        data = source.read()
        assert data.count(b"deflate\0") == 1
        at = data.index(b"deflate\0") - 8
        target.write(data[:at] + (555).to_bytes(2, "little") + data[at + 2 :])
    with pytest.raises(ValueError, match=r"is compressed by filter 555 \(deflate\), which is not"):
        open_volume(path)


def test_damaged_chunk_is_named_on_reading(file):
    noise = np.random.default_rng(0).integers(0, 2**16, (4, 16, 16)).astype("u2")
    data = file.create_dataset("data", data=noise, chunks=(4, 16, 16), compression="gzip")
    file.flush()
    place = data.id.get_chunk_info(0)
    volume = opened(file)
    with open(volume.name.partition("::")[0], "r+b") as damaged:
        damaged.seek(place.byte_offset)
        damaged.write(b"\0" * place.size)
    with pytest.raises(ValueError, match=r"::/data: cannot be read \(filter.*the file is damaged"):
        volume.read(0, 1)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"no HDF5 at all", "is not an HDF5 file"),
        (b"\x0e\x03\x13\x01", "is an HDF4 file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(90), "is damaged or cut short"),
    ],
)
def test_other_files_are_refused(tmp_path, data, message):
    (tmp_path / "a.h5").write_bytes(data)
    with pytest.raises(ValueError, match=rf"a\.h5: {message}"):
        open_volume(tmp_path / "a.h5")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_cut_files_are_refused(file, share):
    file["data"] = np.zeros((16, 16, 16), "u2")
    file.flush()
    path = opened(file).name.partition("::")[0]
    os.truncate(path, int(os.path.getsize(path) * share))
    with pytest.raises(ValueError, match=r"copy\.h5: is damaged or cut short \(.*write it again"):
        open_volume(path)


def test_file_that_is_being_written(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        file["data"] = ARRAY
        file.flush()
        shutil.copy(tmp_path / "a.h5", tmp_path / "b.h5")
    with pytest.raises(
        ValueError, match=r"b\.h5: is still being written, or its writer was killed"
    ):
        open_volume(tmp_path / "b.h5")


def test_file_that_changed_is_noticed(file):
    file.create_dataset("data", data=ARRAY, chunks=(2, 5, 4))
    volume = opened(file)
    del file["data"]
    file.create_dataset("data", data=ARRAY[:4], chunks=(2, 5, 4))
    opened(file)
    with pytest.raises(ValueError, match="has changed while it was read"):
        volume.read(0, 1)


@pytest.mark.parametrize("chunks", [None, (1, 5, 4)])
def test_threads_may_read_at_once(file, chunks):
    file.create_dataset("data", data=ARRAY, chunks=chunks)
    volume = opened(file)
    with ThreadPoolExecutor(4) as pool:
        slices = list(pool.map(lambda z: volume.read(z, z + 1)[0], list(range(6)) * 3))
    np.testing.assert_array_equal(slices, np.concatenate([ARRAY] * 3))


def test_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.h5")
    with pytest.raises(ValueError, match="is neither a file nor a folder"):
        open_volume(tmp_path / "a.h5")


def test_raw_files_beside_it_are_refused(file, tmp_path):
    file.create_dataset("data", (2, 3, 4), "u1", external=[(tmp_path / "x.raw", 0, 24)])[...] = 1
    assert_refused(file, "keeps its voxels in raw files beside it")


@pytest.mark.parametrize("depth", [70, 20_000])
def test_too_much_to_search_is_refused(file, depth):
    group = file
    for index in range(depth):
        if depth > 1000:
            file[f"l{index}"] = h5py.SoftLink("/nothing")
        else:
            group = group.create_group("g")
    file["data"] = ARRAY
    assert_refused(
        file, "holds more than 10000 objects, or groups more than 64 deep; name the volume as"
    )
    volume = opened(file, "/data")
    np.testing.assert_array_equal(volume.read(0, 6), ARRAY)
    assert list_volumes(volume.name)[0].startswith("not searched: ")
