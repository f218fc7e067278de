import h5py
import numpy as np
import pytest

from tomoseg_tf.weights.hdf5 import list_arrays, open_arrays


def link_out(file, folder):
    with h5py.File(folder / "other.h5", "w") as other:
        other["secret"] = np.zeros(4)
    file["layers"] = h5py.ExternalLink("other.h5", "/secret")


def link_inside(file, folder):
    file["a"] = np.zeros(4, "f4")
    file["layers"] = h5py.SoftLink("/a")


def link_in_a_circle(file, folder):
    file.create_group("a/b")
    file["a/b/c"] = file["a"]


def stored_twice(file, folder):
    file["a"] = np.zeros(4, "f4")
    file["b"] = file["a"]


def virtual(file, folder):
    with h5py.File(folder / "other.h5", "w") as other:
        other["secret"] = np.zeros(4)
    layout = h5py.VirtualLayout((4,), "f8")
    layout[:] = h5py.VirtualSource(folder / "other.h5", "secret", (4,))
    file.create_virtual_dataset("a", layout)


def external(file, folder):
    (folder / "passwd").write_bytes(b"x" * 64)
    file.create_dataset("a", (8,), "f8", external=[(str(folder / "passwd"), 0, 64)])


def compressed(file, folder):
    file.create_dataset("a", data=np.zeros(1 << 20, "f4"), compression="gzip")


def never_written(file, folder):
    file.create_dataset("a", (1 << 40,), "f4")


def text(file, folder):
    file["a"] = ["pickle me"]


def record(file, folder):
    file["a"] = np.zeros(2, [("x", "f4"), ("y", "i4")])


def named_type(file, folder):
    file["a"] = np.dtype("f4")


@pytest.mark.parametrize(
    ("write", "match"),
    [
        (link_out, "/layers is a link to another place"),
        (link_inside, "/layers is a link to another place"),
        (link_in_a_circle, "stored under two names"),
        (stored_twice, "/b is stored under two names"),
        (virtual, "/a takes its values from another file"),
        (external, "/a takes its values from another file"),
        (compressed, "/a is compressed"),
        (never_written, "/a declares 4398046511104 bytes but stores 0"),
        (text, "/a holds object, not plain numbers"),
        (record, "/a holds .*, not plain numbers"),
        (named_type, "/a is neither a group nor an array"),
    ],
)
def test_anything_but_plain_arrays_is_refused(tmp_path, write, match):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        write(file, tmp_path)
    with pytest.raises(ValueError, match=match), open_arrays(path):
        pass


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "not an HDF5 weights file; it is empty"),
        (b"PK\x03\x04abcdefgh", r"not an HDF5 weights file; if it is a .keras archive"),
        (b"\x80\x04\x95pickle", "not an HDF5 weights file$"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), r"damaged HDF5 file \(.*\); copy it again"),
    ],
)
def test_other_files_are_refused(tmp_path, data, match):
    path = tmp_path / "weights.h5"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=match), open_arrays(path):
        pass


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file["a"] = np.zeros(1000, "f4")
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(ValueError, match=r"damaged HDF5 file .*truncated"), open_arrays(path):
        pass


def test_plain_arrays_come_in_natural_order(tmp_path):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        for name in ("conv_10/0", "conv_2/0", "conv/1", "conv/0"):
            file[name] = np.ones(3, "f4")
        file["empty"] = np.zeros((0, 3), "f4")
        file.attrs["note"] = "text"
        file.attrs["none"] = h5py.Empty("f4")
    with open_arrays(path) as file:
        assert list(list_arrays(file)) == ["conv/0", "conv/1", "conv_2/0", "conv_10/0", "empty"]
