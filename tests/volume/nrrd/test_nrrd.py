import bz2
import gzip
import os
import pickle
import re
from pathlib import Path

import nrrd
import numpy as np
import pytest

from tomoseg_tf.volume import create_volume, open_volume

ARRAY = np.random.default_rng(0).integers(0, 120, (6, 5, 4)).astype(np.uint8)
RAW = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 4 5 6\nencoding: raw\n"
VECTORS = "space dimension: 3\nspace directions: (0.25,0,0) (0,0.5,0) (0,0,2)\n"


def write_raw(path, extra="", header=RAW, data=None):
    data = ARRAY.tobytes() if data is None else data
    path.write_bytes((header + extra + "\n").encode() + data)
    return path


def write_detached(folder, name="a.raw", extra=""):
    (folder / "a.raw").write_bytes(ARRAY.tobytes())
    (folder / "a.nhdr").write_text(f"{RAW}{extra}data file: {name}\n")
    return folder / "a.nhdr"


def read(path, **options):
    volume = open_volume(path, **options)
    return volume.read(0, volume.shape[0])


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
@pytest.mark.parametrize("dtype", ["u1", "<u2", ">i2", ">f4", "<f8", "i8"])
def test_reads_what_pynrrd_wrote(tmp_path, encoding, dtype):
    array = ARRAY.astype(dtype)
    header = {"encoding": encoding, "spacings": [0.1, 0.2, 0.4], "units": ["mm"] * 3}
    nrrd.write(str(tmp_path / "a.nrrd"), array, header, index_order="C")
    volume = open_volume(tmp_path / "a.nrrd")
    assert (volume.shape, volume.dtype) == (array.shape, array.dtype.newbyteorder("="))
    np.testing.assert_allclose(volume.spacing, (400, 200, 100))
    np.testing.assert_array_equal(volume.read(0, 6), array)
    box = volume.read_box(((1, 3), (1, 4), (0, 2)))
    np.testing.assert_array_equal(box, array[1:3, 1:4, :2])
    sent = pickle.dumps(volume)  # as to a worker of a cluster
    np.testing.assert_array_equal(pickle.loads(sent).read(0, 6), array)


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2"])
def test_reads_detached_data_that_pynrrd_wrote(tmp_path, encoding):
    options = {"detached_header": True, "index_order": "C"}
    nrrd.write(str(tmp_path / "a.nhdr"), ARRAY, {"encoding": encoding}, **options)
    np.testing.assert_array_equal(read(tmp_path / "a.nhdr"), ARRAY)


@pytest.mark.parametrize("name", ["a.nrrd", "a.nhdr"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i4", "u8", "f4", "f8"])
def test_pynrrd_reads_what_is_written_in_any_order(tmp_path, name, dtype):
    array = ARRAY.astype(dtype)
    with create_volume(tmp_path / name, array.shape, dtype, spacing=(2, 0.5, 0.25)) as writer:
        writer.write(4, array[4:])
        writer.write(0, array[:4])
    data, header = nrrd.read(str(tmp_path / name), index_order="C")
    np.testing.assert_array_equal(data, array)
    np.testing.assert_array_equal(header["space directions"], np.diag([0.25, 0.5, 2]))
    assert header["space units"] == ["um"] * 3
    volume = open_volume(tmp_path / name)
    assert (volume.spacing, volume.dtype) == ((2, 0.5, 0.25), array.dtype)
    np.testing.assert_array_equal(volume.read(0, 6), array)


@pytest.mark.parametrize(
    ("extra", "spacing"),
    [
        (VECTORS + 'space units: "um" "um" "um"\n', (2, 0.5, 0.25)),
        (VECTORS + 'space units: "mm" "µm" "nm"\n', (0.002, 0.5, 250)),
        ('spacings: 1 2 3\nunits: "um" "um" "um"\n', (3, 2, 1)),
        ('spacings: 1 2 3\nspace units: "mm" "um" "nm"\n', (0.003, 2, 1000)),
        ('space directions: (0,3,4) (0.6,0,0.8) (2,0,0)\nspace units: "um" "um" "um"\n', (2, 1, 5)),
        ("spacings: 1 1 1\n", None),
    ],
)
def test_spacing_is_read_in_micrometres(tmp_path, extra, spacing):
    volume = open_volume(write_raw(tmp_path / "a.nrrd", extra))
    assert volume.spacing == (spacing and pytest.approx(spacing))
    assert volume.notices == ()


@pytest.mark.parametrize(
    ("extra", "notice"),
    [
        ("spacings: 1 2 3\n", r"voxel size \(3, 2, 1\) along \(z, y, x\) has no unit"),
        ('spacings: 1 2 nan\nunits: "um" "um" "um"\n', r"\(unknown, 2, 1\) .* is not complete"),
        (VECTORS + 'space units: "px" "px" "px"\n', "the unit 'px', which is no length"),
        ("spacings: 1 2\n", "cannot be read"),
    ],
)
def test_spacing_that_is_unknown_is_told(tmp_path, extra, notice):
    volume = open_volume(write_raw(tmp_path / "a.nrrd", extra))
    assert volume.spacing is None
    (told,) = volume.notices
    assert re.search(notice, told)


def test_axes_of_length_1_are_left_out(tmp_path):
    header = RAW.replace("dimension: 3", "dimension: 4").replace("4 5 6", "1 4 5 6")
    path = write_raw(tmp_path / "a.nrrd", "kinds: vector domain domain domain\n", header)
    assert "axis 0 of length 1 (vector) is left out" in open_volume(path).notices[0]
    np.testing.assert_array_equal(read(path), ARRAY)


def test_one_slice_is_a_volume_of_depth_1(tmp_path):
    header = RAW.replace("dimension: 3", "dimension: 2").replace("4 5 6", "4 30")
    assert open_volume(write_raw(tmp_path / "a.nrrd", header=header)).shape == (1, 30, 4)


def test_skips_are_followed(tmp_path):
    (tmp_path / "a.raw").write_bytes(b"one\ntwo\nxyz" + ARRAY.tobytes())
    for skip in ("line skip: 2\nbyte skip: 3\n", "byte skip: -1\n"):
        (tmp_path / "a.nhdr").write_text(RAW + skip + "data file: a.raw\n")
        np.testing.assert_array_equal(read(tmp_path / "a.nhdr"), ARRAY)


@pytest.mark.parametrize("named", ["s%02d.raw 1 6 1 2", "s%02d.raw 1 6 1", "LIST 2\n{}"])
def test_slices_in_files_of_their_own(tmp_path, named):
    names = [f"s{index:02d}.raw" for index in range(1, 7)]
    for name, image in zip(names, ARRAY, strict=True):
        (tmp_path / name).write_bytes(image.tobytes())
    (tmp_path / "a.nhdr").write_text(f"{RAW}data file: {named.format(chr(10).join(names))}\n")
    volume = open_volume(tmp_path / "a.nhdr")
    np.testing.assert_array_equal(volume.read(0, 6), ARRAY)
    np.testing.assert_array_equal(volume.read_box(((2, 5), (1, 3), (0, 4))), ARRAY[2:5, 1:3])
    assert volume.read(3, 3).shape == (0, 5, 4)


@pytest.mark.parametrize(
    ("encoding", "compress"), [("gzip", gzip.compress), ("bzip2", bz2.compress)]
)
@pytest.mark.parametrize("depth", [1, 2])
def test_compressed_slices_take_one_temporary_file(tmp_path, encoding, compress, depth):
    names = [f"s{index}" for index in range(6 // depth)]
    for index, name in enumerate(names):
        slices = ARRAY[index * depth :][:depth]
        (tmp_path / name).write_bytes(compress(slices.tobytes()))
    head = RAW.replace("raw", encoding)
    (tmp_path / "a.nhdr").write_text(f"{head}data file: LIST 3\n" + "\n".join(names) + "\n")
    volume = open_volume(tmp_path / "a.nhdr")
    before = len(os.listdir("/dev/fd"))
    for z in (1, 3, 5, 0, 2, 4):
        np.testing.assert_array_equal(volume.read(z, z + 1), ARRAY[z : z + 1])
        assert len(os.listdir("/dev/fd")) <= before + 1
    sent = pickle.loads(pickle.dumps(volume))  # as to a worker of a cluster
    np.testing.assert_array_equal(sent.read_box(((1, 6), (1, 3), (0, 4))), ARRAY[1:, 1:3])
    assert len(os.listdir("/dev/fd")) <= before + 2


@pytest.mark.parametrize(
    "name", ["../a.raw", "/etc/passwd", "sub/../../a.raw", "link.raw", "{here}/a.raw"]
)
def test_data_outside_of_the_folder_are_refused(tmp_path, name):
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "a.raw").write_bytes(ARRAY.tobytes())
    os.symlink(tmp_path / "a.raw", folder / "link.raw")
    path = write_detached(folder, name.format(here=folder))
    with pytest.raises(ValueError, match="not below the folder of the header"):
        open_volume(path)


def test_missing_data_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"a\.nhdr: its data file 'b\.raw' is missing"):
        open_volume(write_detached(tmp_path, "b.raw"))
    with pytest.raises(ValueError, match=r"its data file 'a+' is missing"):
        open_volume(write_detached(tmp_path, "a" * 5000))
    with pytest.raises(ValueError, match=r"a\.nhdr: its data file 'b\\x00' is no name"):
        open_volume(write_detached(tmp_path, "b\0"))
    (tmp_path / "b.nhdr").write_text(RAW)
    with pytest.raises(ValueError, match="names no 'data file'"):
        open_volume(tmp_path / "b.nhdr")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("uchar", "block", "field 'type' is 'block'"),
        ("uchar", "short", "field 'endian' is missing"),
        ("4 5 6", "4 5 6 1", "field 'dimension'"),
        ("4 5 6", "4 0 6", "field 'dimension'"),
        ("4 5 6", "4 x 6", "field 'sizes' is '4 x 6'"),
        ("4 5 6", "4 5 7", "needs 140 bytes in this file, but it holds 120"),
        ("4 5 6", "4000000 5000000 6000000", "but it holds 120; it is cut short"),
        ("encoding: raw", "encoding: hex", "field 'encoding' is 'hex'"),
        ("encoding: raw", "encoding: gzip", r"cannot be decompressed \(.*incorrect header check"),
        ("encoding: raw", "encoding: bz2", r"cannot be decompressed \(Invalid data stream"),
        ("encoding: raw", "encoding: text", "holds . numbers of 120"),
        ("encoding: raw", "encoding: raw\nkinds: RGB-color domain domain", "save one channel"),
        ("encoding: raw", "encoding: raw\nbyte skip: -5", "field 'byte skip' is '-5'"),
        ("encoding: raw", "encoding: raw\nline skip: 50", "does not have 50 lines"),
        ("NRRD0004", "NRRD", "is not an NRRD file"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, old, new, message):
    path = write_raw(tmp_path / "a.nrrd", header=RAW.replace(old, new))
    with pytest.raises(ValueError, match=message):
        read(path)


@pytest.mark.parametrize("encoding", ["gzip", "bzip2"])
def test_compressed_data_that_are_cut_are_an_error(tmp_path, encoding):
    array = np.random.default_rng(0).integers(0, 9, (40, 50, 60)).astype("u1")
    nrrd.write(str(tmp_path / "a.nrrd"), array, {"encoding": encoding}, index_order="C")
    data = (tmp_path / "a.nrrd").read_bytes()
    (tmp_path / "a.nrrd").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(ValueError, match="damaged or cut short"):
        open_volume(tmp_path / "a.nrrd").read(39, 40)


@pytest.mark.parametrize("encoding", ["gzip", "bzip2"])
def test_giant_declared_sizes_take_nothing(tmp_path, encoding):
    nrrd.write(str(tmp_path / "a.nrrd"), ARRAY, {"encoding": encoding}, index_order="C")
    data = (tmp_path / "a.nrrd").read_bytes()
    (tmp_path / "a.nrrd").write_bytes(data.replace(b"4 5 6", b"40000 500000 6000000"))
    with pytest.raises(ValueError, match=r"cannot hold|free"):
        read(tmp_path / "a.nrrd")


def test_compressed_slices_are_read_in_any_order(tmp_path):
    array = np.random.default_rng(0).integers(0, 9, (40, 50, 60)).astype("u2")
    nrrd.write(str(tmp_path / "a.nrrd"), array, {"encoding": "gzip"}, index_order="C")
    volume = open_volume(tmp_path / "a.nrrd")
    for start, stop in [(3, 5), (30, 40), (0, 40), (20, 21)]:
        np.testing.assert_array_equal(volume.read(start, stop), array[start:stop])


def test_bytes_after_the_voxels_are_told(tmp_path):
    path = write_raw(tmp_path / "a.nrrd", data=ARRAY.tobytes() + b"1234")
    assert open_volume(path).notices == ("4 bytes after its voxels are not read",)


def test_float16_is_refused(tmp_path):
    with pytest.raises(ValueError, match="NRRD cannot hold float16"):
        create_volume(tmp_path / "a.nrrd", (1, 2, 3), "f2").__enter__()
    assert os.listdir(tmp_path) == []


def write_pair(path, array, **options):
    with create_volume(path, array.shape, array.dtype, **options) as writer:
        writer.write(0, array)


def test_a_pair_is_replaced_as_a_pair(tmp_path):
    write_pair(tmp_path / "a.nhdr", ARRAY)
    with pytest.raises(ValueError, match="already exists"):
        write_pair(tmp_path / "a.nhdr", ARRAY)
    write_pair(tmp_path / "a.nhdr", ARRAY[:2], overwrite=True)
    np.testing.assert_array_equal(read(tmp_path / "a.nhdr"), ARRAY[:2])
    assert sorted(os.listdir(tmp_path)) == ["a.nhdr", "a.raw"]


def test_a_pair_behind_a_link_is_replaced_where_it_is(tmp_path):
    (tmp_path / "disk").mkdir()
    write_pair(tmp_path / "disk" / "b.nhdr", ARRAY)
    (tmp_path / "a.nhdr").symlink_to(tmp_path / "disk" / "b.nhdr")
    write_pair(tmp_path / "a.nhdr", ARRAY[:2], overwrite=True)
    for path in (tmp_path / "a.nhdr", tmp_path / "disk" / "b.nhdr"):
        np.testing.assert_array_equal(open_volume(path).read(0, 2), ARRAY[:2])
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "a.nhdr",
        "b.nhdr",
        "b.raw",
        "disk",
    ]


def test_data_of_something_else_are_not_replaced(tmp_path):
    (tmp_path / "a.raw").write_bytes(b"the only copy of a scan")
    with pytest.raises(ValueError, match=r"a\.raw already exists and does not belong to a\.nhdr"):
        write_pair(tmp_path / "a.nhdr", ARRAY, overwrite=True)
    assert (tmp_path / "a.raw").read_bytes() == b"the only copy of a scan"


def test_nothing_is_left_of_an_incomplete_pair(tmp_path):
    with (
        pytest.raises(ValueError, match="4 of 6 slices were not written"),
        create_volume(tmp_path / "a.nhdr", ARRAY.shape, "u1") as writer,
    ):
        writer.write(0, ARRAY[:2])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("call", [1, 2])
def test_old_pair_is_whole_when_the_new_one_cannot_be_flushed(tmp_path, monkeypatch, call):
    write_pair(tmp_path / "a.nhdr", ARRAY)
    calls, fsync = [], os.fsync

    def failing(descriptor):
        calls.append(descriptor)
        if len(calls) == call:
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="Input/output error"):
        write_pair(tmp_path / "a.nhdr", ARRAY[:2], overwrite=True)
    np.testing.assert_array_equal(read(tmp_path / "a.nhdr"), ARRAY)
    assert sorted(os.listdir(tmp_path)) == ["a.nhdr", "a.raw"]


def test_the_header_that_the_documentation_gives_for_a_raw_file(tmp_path):
    page = Path(__file__).parents[3] / "docs/how-to/bring-data.md"
    (header,) = re.findall(r"cat > scan.nhdr <<'END'\n(.*?)END\n", page.read_text("utf-8"), re.S)
    (tmp_path / "scan.nhdr").write_text(header.replace("256 256 64", "4 5 6"), encoding="utf-8")
    (tmp_path / "scan.raw").write_bytes(ARRAY.tobytes())
    volume = open_volume(tmp_path / "scan.nhdr")
    assert volume.spacing == pytest.approx((0.02933,) * 3)
    assert volume.notices == ()
    np.testing.assert_array_equal(volume.read(0, 6), ARRAY)
