"""Heaps that the library would walk through for ever are refused before it is asked."""

import struct
import subprocess
import sys

import h5py
import numpy as np
import pytest

from tomoseg_tf.volume import open_volume
from tomoseg_tf.volume.hdf5.heap import check_heap, check_heaps

SEVERAL = 12  # attributes; with so many, the modern format keeps them elsewhere than in the header


def write(path, kind):
    """Write a file whose volume is found by a text in a heap, or whose sources lie in one."""
    options = {"libver": "latest"} if kind == "many texts" else {}
    with h5py.File(path, "w", userblock_size=512 if kind == "user block" else 0, **options) as file:
        file["data"] = np.ones((2, 3, 4), "u1")
        if kind == "virtual":
            layout = h5py.VirtualLayout((2, 3, 4), "u1")
            layout[:] = h5py.VirtualSource(".", "data", (2, 3, 4))
            file.create_virtual_dataset("virtual", layout)
            return
        for index in range(SEVERAL if kind == "many texts" else 1):
            file.attrs[f"name{index}"] = "text"
        file.attrs["signal"] = "data"


def damage(path, size=0, index=0):
    """Change the size of an object in the first heap; that of the free space when not told."""
    data = bytearray(path.read_bytes())
    place = data.index(b"GCOL") + 16
    while (number := struct.unpack_from("<H", data, place)[0]) != index:
        assert number, "there is no such object"
        place += 16 + -(-struct.unpack_from("<Q", data, place + 8)[0] // 8) * 8
    struct.pack_into("<Q", data, place + 8, size)
    path.write_bytes(data)


def outcome(location):
    """What opening and reading says, asked of a process that can be ended."""
    code = (
        "import sys; from tomoseg_tf.volume import open_volume\n"
        "try: print('read', open_volume(sys.argv[1]).read(0, 1).sum())\n"
        "except ValueError as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(location)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("kind", ["one text", "many texts", "user block", "virtual"])
def test_heap_without_end(tmp_path, kind):
    path = tmp_path / "a.h5"
    write(path, kind)
    inside = "::/virtual" if kind == "virtual" else ""
    assert open_volume(f"{path}{inside}").read(0, 1).sum() == 12
    damage(path)
    message = outcome(f"{path}{inside}")
    assert message.startswith(f"{path}: the heap at byte ")
    assert message.endswith("has no end, it is damaged; copy or write the file again")


def test_virtual_dataset_that_is_not_asked_for_is_left_out(tmp_path):
    write(tmp_path / "a.h5", "virtual")
    damage(tmp_path / "a.h5")
    assert outcome(tmp_path / "a.h5") == "read 12"


def test_size_that_wraps_around(tmp_path):
    """An object of 2**64 - 16 bytes and its head of 16 make a step of none."""
    path = tmp_path / "a.h5"
    write(path, "one text")
    check_heaps(path)
    damage(path, size=2**64 - 16, index=1)
    with pytest.raises(ValueError, match="has no end"):
        check_heaps(path)


def test_more_objects_than_there_can_be(tmp_path):
    path = tmp_path / "a.bin"
    heads = np.zeros((2**16 + 2, 2), "<u8")
    heads[:, 0] = 1  # index 1, no bytes
    size = 16 + heads.nbytes
    path.write_bytes(b"GCOL" + struct.pack("<4xQ", size) + heads.tobytes())
    with pytest.raises(ValueError, match="the heap at byte 0 has no end"):
        check_heap(path, 0)


@pytest.mark.parametrize("address", [3, 2**63, 2**64 - 1])
def test_what_is_no_heap_is_left_to_the_library(tmp_path, address):
    path = tmp_path / "a.h5"
    write(path, "one text")
    assert check_heap(path, address) is None
