import os

import h5py
import numpy as np
import pytest

from tomoseg_tf.volume import open_volume
from tomoseg_tf.volume.hdf5.header import claimed_texts, virtual_sources

TEXTS = {"signal": "data", "long_name": "a name that is long", "NX_class": "NXdata", "x": "é"}


def lengths(path, file, name, count=1, base=0):
    address = h5py.h5o.get_info(file["group"].id).addr
    claims = claimed_texts(str(path), address, name, count=count, width=16, base=base)
    assert all(path.read_bytes()[base + heap :].startswith(b"GCOL") for _, heap in claims)
    return [length for length, _ in claims]


@pytest.mark.parametrize("options", [{}, {"libver": "latest"}, {"userblock_size": 512}])
@pytest.mark.parametrize("track", [False, True])
def test_lengths_are_those_of_the_texts(tmp_path, options, track):
    with h5py.File(tmp_path / "a.h5", "w", **options) as file:
        group = file.create_group("group", track_order=track)
        for name, text in TEXTS.items():
            group.attrs[name] = text
        group.attrs["axes"] = ["z", "long", "x"]
    with h5py.File(tmp_path / "a.h5") as file:
        base = options.get("userblock_size", 0)
        for name, text in TEXTS.items():
            found = lengths(tmp_path / "a.h5", file, name, base=base)
            assert found == [len(text.encode())]
        assert lengths(tmp_path / "a.h5", file, "axes", 3, base) == [1, 4, 1]
        assert lengths(tmp_path / "a.h5", file, "missing", base=base) == []


@pytest.mark.parametrize("options", [{}, {"libver": "latest"}, {"userblock_size": 512}])
def test_heap_of_a_virtual_dataset(tmp_path, options):
    layout = h5py.VirtualLayout((2, 3), "u1")
    layout[:] = h5py.VirtualSource(".", "plain", (2, 3))
    with h5py.File(tmp_path / "a.h5", "w", **options) as file:
        file["plain"] = np.ones((2, 3), "u1")
        file.create_virtual_dataset("virtual", layout)
    base = options.get("userblock_size", 0)
    with h5py.File(tmp_path / "a.h5") as file:
        plain, virtual = (h5py.h5o.get_info(file[name].id).addr for name in ("plain", "virtual"))
    heap, index = virtual_sources(tmp_path / "a.h5", virtual, base=base)
    assert index == 1
    assert (tmp_path / "a.h5").read_bytes()[base + heap :].startswith(b"GCOL")
    assert virtual_sources(tmp_path / "a.h5", plain, base=base) is None


def test_text_that_claims_more_than_the_file_is_refused(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["data"] = np.ones((2, 3, 4), "u1")
        file.attrs["default"] = "a" * 77
    data = path.read_bytes()
    place = data.rindex((77).to_bytes(4, "little"), 0, data.index(b"GCOL"))
    path.write_bytes(data[:place] + b"\xff\xff\xff\xff" + data[place + 4 :])
    with pytest.raises(
        ValueError, match="attribute default of / claims 4294967295 bytes, the file"
    ):
        open_volume(path)
    assert os.path.getsize(path) < 10_000
