"""Damaged HDF5 files are refused in one line, or read."""

import io

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tomoseg_tf.volume import list_volumes, open_volume

ARRAY = np.arange(4 * 3 * 2, dtype="u2").reshape(4, 3, 2)


def example():
    """A small file with every kind of layout and link."""
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file.attrs["default"] = np.bytes_("entry")
        entry = file.create_group("entry")
        entry.attrs["signal"], entry.attrs["axes"] = np.bytes_("plain"), np.bytes_("z:y:x")
        entry["plain"], entry["z"] = ARRAY, np.arange(4.0)
        entry["z"].attrs["units"] = np.bytes_("um")
        file.create_dataset("chunks", data=ARRAY, chunks=(2, 3, 2), compression="gzip")
        file["soft"], file["external"] = h5py.SoftLink("/entry"), h5py.ExternalLink("b.h5", "/a")
        layout = h5py.VirtualLayout(ARRAY.shape, "u2")
        layout[:] = h5py.VirtualSource(".", "/chunks", ARRAY.shape)
        file.create_virtual_dataset("virtual", layout)
    return memory.getvalue()


DATA = example()
CHANGES = st.tuples(st.integers(0, len(DATA) - 1), st.integers(0, 255))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "a.h5"


def assert_one_line_or_read(path, data, inside):
    path.write_bytes(data)
    message = f"{path}"
    try:
        volume = open_volume(f"{path}{inside}")
        if volume.nbytes < 2**20:
            volume.read(0, volume.shape[0])
        list_volumes(path)
    except ValueError as error:
        message = str(error)
    assert str(path) in message
    assert "\n" not in message


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    changes=st.lists(CHANGES, min_size=1, max_size=4),
    inside=st.sampled_from(["", "::/chunks", "::/virtual", "::/soft"]),
)
def test_changed_bytes(path, changes, inside):
    data = bytearray(DATA)
    for place, value in changes:
        data[place] = value
    assert_one_line_or_read(path, bytes(data), inside)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(length=st.integers(0, len(DATA) - 1))
def test_cut_files(path, length):
    assert_one_line_or_read(path, DATA[:length], "")
