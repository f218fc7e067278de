"""Damaged lists of sources are refused before the library decodes them, and runs for ever."""

import struct

import h5py
import numpy as np
import pytest

from tomoseg_tf.volume import open_volume
from tomoseg_tf.volume.hdf5.header import virtual_sources
from tomoseg_tf.volume.hdf5.heap import read_object
from tomoseg_tf.volume.hdf5.virtual import check_source_list, lookup3

SHAPE = (2, 3, 4)


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (b"", 0xDEADBEEF),
        (b"Four score and seven years ago", 0x17770551),  # both from the author's own tests
    ],
)
def test_known_checksums(data, checksum):
    assert lookup3(data) == checksum


@pytest.mark.parametrize("length", [1, 3, 4, 11, 12, 13, 24, 25, 300])
def test_every_byte_counts(length):
    data = bytes(index % 256 for index in range(length))
    changed = data[:-1] + bytes([data[-1] ^ 1])
    assert lookup3(data) != lookup3(changed)


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = np.ones(SHAPE, "u1")
        layout = h5py.VirtualLayout(SHAPE, "u1")
        layout[0] = h5py.VirtualSource(".", "data", SHAPE)[0]
        layout[1] = h5py.VirtualSource(".", "data", SHAPE)[1]
        file.create_virtual_dataset("virtual", layout)
    return tmp_path / "a.h5"


def place_of(path):
    with h5py.File(path) as file:
        return virtual_sources(path, h5py.h5o.get_info(file["virtual"].id).addr)


def test_a_sound_list_passes(path):
    place = place_of(path)
    data = read_object(path, *place)
    assert struct.unpack_from("<BQ", data) == (0, 2)
    assert check_source_list(path, place) is None
    assert open_volume(f"{path}::/virtual").read(0, 2).sum() == 24
    assert check_source_list(path, (2**64 - 1, 0)) is None  # it has no sources at all


def test_any_changed_byte_is_found(path):
    place, content = place_of(path), path.read_bytes()
    data = read_object(path, *place)
    start = content.index(data)
    for index in range(0, len(data), 7):
        changed = bytearray(content)
        changed[start + index] ^= 0x40
        path.write_bytes(changed)
        with pytest.raises(ValueError, match="list of sources of a virtual dataset is damaged"):
            open_volume(f"{path}::/virtual")


@pytest.mark.parametrize("place", [(None, 2), (8, 1), (2**40, 1)])
def test_a_list_that_is_not_there(path, place):
    place = place_of(path)[0] if place[0] is None else place[0], place[1]
    with pytest.raises(ValueError, match=r"a\.h5: the list of sources .* is damaged, at byte"):
        check_source_list(path, place)


def test_more_sources_than_bytes_are_refused_whatever_the_checksum(path):
    place, content = place_of(path), path.read_bytes()
    data = read_object(path, *place)
    lie = data[:1] + struct.pack("<Q", 2**40) + data[9:-4]
    lie += struct.pack("<I", lookup3(lie))
    path.write_bytes(content.replace(data, lie))
    with pytest.raises(ValueError, match="copy or write the file again"):
        open_volume(f"{path}::/virtual")
