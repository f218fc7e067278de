import gzip
import io
import zlib

import numpy as np
import pytest

from tomoseg_tf.volume.storage.gunzip import Gunzip

DATA = np.random.default_rng(0).integers(0, 9, 3_000_000, np.uint8).tobytes()


def read_all(packed, size):
    stream = Gunzip(io.BytesIO(packed))
    return b"".join(iter(lambda: stream.read(size), b""))


@pytest.mark.parametrize("size", [1000, 2**20, 2**30])
def test_any_size_of_pieces_gives_the_data(size):
    assert read_all(gzip.compress(DATA), size) == DATA


def test_zeros_come_out_in_pieces_no_larger_than_asked():
    stream = Gunzip(io.BytesIO(gzip.compress(bytes(10**7))))
    sizes = [len(piece) for piece in iter(lambda: stream.read(4096), b"")]
    assert sum(sizes) == 10**7
    assert max(sizes) == 4096


def test_files_that_follow_each_other_are_one():
    packed = gzip.compress(DATA[:1000]) + gzip.compress(b"") + gzip.compress(DATA[1000:])
    assert read_all(packed + bytes(100), 2**16) == DATA


def test_a_file_cut_short_ends_early():
    whole = read_all(gzip.compress(DATA)[:-500_000], 2**16)
    assert 0 < len(whole) < len(DATA)
    assert DATA.startswith(whole)


def test_a_wrong_byte_or_checksum_is_found():
    packed = bytearray(gzip.compress(DATA))
    packed[-6] ^= 1
    with pytest.raises(zlib.error):
        read_all(bytes(packed), 2**16)
    with pytest.raises(zlib.error):
        read_all(b"no gzip at all", 2**16)
