import errno
import resource
from contextlib import contextmanager

import numpy as np
import pytest

from tomoseg_tf.volume import create_volume, naming_full_disk, staged_file

LINE = r"a.*: File too large; make room, then run the same command again$"


@contextmanager
def full():
    """Let no file grow beyond 1000 bytes, as on a full disk (the error is another one).

    As short as can be: it holds for a file that pytest prints to, too.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def write(path):
    with create_volume(path, (4, 40, 40), "u2") as writer:
        writer.write(0, np.random.default_rng(0).integers(0, 60000, (4, 40, 40)).astype("u2"))


@pytest.mark.parametrize(
    "name", ["a.tif", "a.ome.tif", "a.npy", "a", "a.h5", "a.zarr", "a.nrrd", "a.nhdr", "a.raw"]
)
def test_a_volume_is_named_and_nothing_left(tmp_path, name):
    stated = r"a.*: (File too large|not all of it could be written); make"
    with pytest.raises(OSError, match=stated), full():
        write(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_named_and_nothing_left(tmp_path):
    def fill():
        with staged_file(tmp_path / "a.csv") as partial:
            partial.write_bytes(bytes(2000))

    with pytest.raises(OSError, match=LINE), full():
        fill()
    assert list(tmp_path.iterdir()) == []


def test_what_hdf5_says_of_it_is_understood():
    text = "Can't close (file write failed: errno = 28, error message = 'No space left on device')"
    with pytest.raises(OSError, match=r"^a: No space left on device; make"), naming_full_disk("a"):
        raise RuntimeError(text)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_and_a_full_quota_are_named_once(code):
    outer, inner = naming_full_disk("outer"), naming_full_disk("inner")
    with pytest.raises(OSError, match=r"^inner: .*; make room"), outer, inner:
        raise OSError(code, "full")


def test_other_errors_pass():
    with pytest.raises(FileNotFoundError), naming_full_disk("a"):
        raise FileNotFoundError(errno.ENOENT, "No such file", "b")
    with pytest.raises(RuntimeError, match="no disk"), naming_full_disk("a"):
        raise RuntimeError("no disk")
