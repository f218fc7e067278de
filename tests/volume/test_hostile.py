"""Damaged and hostile files: one line, nothing read outside, nothing executed, no hang."""

import gzip
import json
import os
import pickle
import tempfile
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tomoseg_tf.volume import create_volume, open_volume

ARRAY = np.random.default_rng(0).integers(0, 9, (4, 6, 5)).astype(np.uint8)
HEADER = b"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 5 6 4\nencoding: %s\n"
HEADER += b'spacings: 1 2 3\nunits: "um" "um" "um"\nkinds: domain domain domain\n\n'
FILES = ["a.nrrd", "gzip.nrrd", "text.nrrd", "a.tif", "lzw.tif", "ome.tif", "a.npy", "a.zarr"]


@cache
def originals():
    """Bytes of a small file of each format; of the store those of each of its files."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "a.nrrd").write_bytes(HEADER % b"raw" + ARRAY.tobytes())
        (folder / "gzip.nrrd").write_bytes(HEADER % b"gzip" + gzip.compress(ARRAY.tobytes()))
        text = " ".join(str(value) for value in ARRAY.ravel()).encode()
        (folder / "text.nrrd").write_bytes(HEADER % b"text" + text)
        tifffile.imwrite(folder / "a.tif", ARRAY, imagej=True, photometric="minisblack")
        grey = {"photometric": "minisblack"}
        tifffile.imwrite(folder / "lzw.tif", ARRAY, compression="lzw", tile=(16, 16), **grey)
        tifffile.imwrite(folder / "ome.tif", ARRAY, ome=True, compression="zlib", **grey)
        np.save(folder / "a.npy", ARRAY)
        with create_volume(folder / "a.zarr", ARRAY.shape, "u1", spacing=(1, 2, 3)) as writer:
            writer.write(0, ARRAY)
        found = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
        return found


def changed(data, edits, cut):
    data = bytearray(data)
    for place, value in edits:
        if data:
            data[int(place * (len(data) - 1))] = value
    return bytes(data[: int(cut * len(data))])


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4),
    cut=st.one_of(st.just(1.0), st.floats(0, 1)),
    which=st.integers(0, 2),
)
def test_damage_is_one_line_or_a_volume(name, edits, cut, which):
    parts = {key: data for key, data in originals().items() if key.split("/")[0] == name}
    chosen = sorted(parts)[which % len(parts)]
    with tempfile.TemporaryDirectory() as folder:
        for key, data in parts.items():
            path = Path(folder, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(changed(data, edits, cut) if key == chosen else data)
        message = refusal(Path(folder, name))
        assert "\n" not in message
        assert not message or str(Path(folder).resolve()) in message


def refusal(path):
    try:
        volume = open_volume(path)
        volume.read(0, volume.shape[0] if volume.nbytes < 10**6 else 1)
    except ValueError as error:
        return str(error)
    return ""


def store(path, version=2, **changes):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zarr.create_array(path, data=ARRAY, chunks=(2, 6, 5), zarr_format=version)
    name = path / (".zarray" if version == 2 else "zarr.json")
    name.write_text(json.dumps(json.loads(name.read_text()) | changes))
    return path


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize(
    "changes",
    [
        {"filters": [{"id": "pickle"}], "compressor": None},
        {"compressor": {"id": "pickle"}},
        {"dtype": "|O", "filters": [{"id": "pickle"}], "compressor": None},
    ],
)
def test_pickles_in_a_store_are_not_read(tmp_path, changes):
    path = store(tmp_path / "a.zarr", **changes)
    for chunk in ("0.0.0", "1.0.0"):
        (path / chunk).write_bytes(pickle.dumps(Bomb(str(tmp_path / "executed"))))
    with pytest.raises(ValueError, match="'pickle', which is not supported; write it again"):
        open_volume(path).read(0, 1)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("version", "changes", "message"),
    [
        (2, {"dtype": "|O"}, "voxels of type object are not supported"),
        (2, {"dtype": "<U4"}, "voxels of type <U4 are not supported"),
        (2, {"dtype": [["a", "<i4"]]}, "are not supported; convert them"),
        (2, {"dtype": "<c8"}, "voxels of type complex64"),
        (2, {"compressor": {"id": "mine"}}, "encoded with 'mine', which is not supported"),
        (2, {"chunks": [0, 6, 5]}, "is not that of a volume"),
        (2, {"chunks": "no"}, "its metadata is damaged"),
        (2, {"shape": [4, 6]}, "is not that of a volume"),
        (2, {"zarr_format": 7}, "its Zarr version 7 is not known"),
        (3, {"codecs": [{"name": "mine"}]}, "encoded with 'mine'"),
        (3, {"data_type": "string"}, "voxels of type string"),
        (3, {"data_type": {"name": "numpy.datetime64"}}, "are not supported"),
        (3, {"chunk_grid": {"name": "odd"}}, "its grid of chunks is not known"),
        (3, {"chunk_grid": None}, "its metadata is damaged"),
        (3, {"node_type": "door"}, "is no metadata of Zarr version 3"),
        (3, {"attributes": 5}, "is no JSON object"),
        (3, {"storage_transformers": [{"name": "x"}]}, "storage transformers are not known"),
    ],
)
def test_what_a_store_declares_is_checked(tmp_path, version, changes, message):
    path = store(tmp_path / "a.zarr", version, **changes)
    with pytest.raises(ValueError, match=message):
        open_volume(path)


@pytest.mark.parametrize("text", ["[" * 10**5, "{", "", "\x00", "[1]"])
def test_metadata_that_are_no_json_are_refused(tmp_path, text):
    path = store(tmp_path / "a.zarr", 3)
    (path / "zarr.json").write_text(text)
    with pytest.raises(ValueError, match=r"zarr\.json: is (damaged|no JSON)"):
        open_volume(path)


def test_links_out_of_a_store_are_not_followed(tmp_path):
    path = store(tmp_path / "a.zarr")
    (tmp_path / "secret").write_bytes(b"x" * 60)
    (path / "1.0.0").unlink()
    os.symlink(tmp_path / "secret", path / "1.0.0")
    with pytest.raises(ValueError, match=r"1\.0\.0: leads out of the store to .*secret"):
        open_volume(path)
    (path / "1.0.0").unlink()
    os.symlink(path / "0.0.0", path / "1.0.0")  # within the store
    volume = open_volume(path)
    np.testing.assert_array_equal(volume.read(2, 4), ARRAY[:2])


def test_links_to_folders_are_not_followed(tmp_path):
    outside = store(tmp_path / "b.zarr", 3)
    group = zarr.create_group(tmp_path / "a.zarr", zarr_format=3)
    os.symlink(outside, tmp_path / "a.zarr" / "linked")
    with pytest.raises(ValueError, match="leads out of the store"):
        open_volume(f"{tmp_path}/a.zarr::linked")
    group.create_array("own", data=ARRAY)
    os.symlink(outside, tmp_path / "a.zarr" / "own" / "c" / "9")
    with pytest.raises(ValueError, match="is a link to a folder, which is not followed"):
        open_volume(f"{tmp_path}/a.zarr::own")


def test_levels_outside_of_a_store_are_not_followed(tmp_path):
    store(tmp_path / "b.zarr", 3)
    entry = {"axes": ["z", "y", "x"], "datasets": [{"path": "../b.zarr"}]}
    attributes = {"ome": {"version": "0.5", "multiscales": [entry]}}
    zarr.create_group(tmp_path / "a.zarr", attributes=attributes)
    with pytest.raises(ValueError, match=r"its level '\.\./b\.zarr' leads out of the store"):
        open_volume(tmp_path / "a.zarr")


@pytest.mark.parametrize("path", ["a\0b", "a" * 5000, "missing"])
def test_levels_that_are_not_there(tmp_path, path):
    entry = {"axes": ["z", "y", "x"], "datasets": [{"path": path}]}
    attributes = {"ome": {"version": "0.5", "multiscales": [entry]}}
    zarr.create_group(tmp_path / "a.zarr", attributes=attributes)
    with pytest.raises(
        ValueError, match=r"a\.zarr: its level '.*' is no array; copy or write"
    ) as e:
        open_volume(tmp_path / "a.zarr")
    assert len(str(e.value)) < 500


def test_pipes_in_a_store_do_not_hang(tmp_path):
    path = store(tmp_path / "a.zarr")
    (path / "0.0.0").unlink()
    os.mkfifo(path / "0.0.0")
    with pytest.raises(ValueError, match="is no regular file"):
        open_volume(path)
    (path / ".zattrs").unlink()
    os.mkfifo(path / ".zattrs")
    with pytest.raises(ValueError, match="is no metadata file of Zarr"):
        open_volume(path)


def test_damaged_chunks_are_told(tmp_path):
    path = store(tmp_path / "a.zarr")
    (path / "0.0.0").write_bytes(b"nonsense")
    volume = open_volume(path)
    np.testing.assert_array_equal(volume.read(2, 4), ARRAY[2:])
    with pytest.raises(ValueError, match=r"a\.zarr: voxels 0:1,0:6,0:5 cannot be decoded"):
        volume.read(0, 1)


def test_zipped_stores_are_refused(tmp_path):
    (tmp_path / "a.zarr.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match=r"a\.zarr\.zip: its format is not known"):
        open_volume(tmp_path / "a.zarr.zip")
    (tmp_path / "a.zarr").write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match="is a file, but OME-Zarr is a folder"):
        open_volume(tmp_path / "a.zarr")


@pytest.mark.parametrize("old", ["'shape'", "(4, 6, 5)", "}"])
@pytest.mark.parametrize("new", [b"(", b"'", b"09", b"[" * 99])
def test_damaged_headers_of_arrays_are_told(tmp_path, old, new):
    data = originals()["a.npy"]
    (tmp_path / "a.npy").write_bytes(data.replace(old.encode(), new, 1))
    assert str(tmp_path) in refusal(tmp_path / "a.npy")


def test_axes_that_are_misnamed_leave_the_spacing_unknown(tmp_path):
    scale = {"type": "scale", "scale": [1, 2, 3]}
    levels = [{"path": "0", "coordinateTransformations": [scale]}]
    entry = {"axes": ["z", "?", "x"], "datasets": levels}
    attributes = {"ome": {"version": "0.5", "multiscales": [entry]}}
    group = zarr.create_group(tmp_path / "a.zarr", attributes=attributes)
    group.create_array("0", data=ARRAY)
    volume = open_volume(tmp_path / "a.zarr")
    assert volume.notices == (
        "it has no axis 'y': the voxel size is unknown; state it with --spacing",
    )
