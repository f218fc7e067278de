import struct

import numpy as np
import pytest
import tifffile

from tomoseg_tf.volume import open_volume
from tomoseg_tf.volume.tiff.chain import check_chain


@pytest.mark.parametrize("options", [{}, {"bigtiff": True}, {"byteorder": ">"}])
def test_a_sound_file_passes(tmp_path, options):
    with tifffile.TiffWriter(tmp_path / "a.tif", **options) as file:
        for _ in range(300):
            file.write(np.zeros((2, 2), np.uint8), contiguous=False)
    check_chain(tmp_path / "a.tif")
    assert open_volume(tmp_path / "a.tif").shape == (300, 2, 2)


def chain(links):
    """A classic TIFF of pages without use; each names the next by its number, None is the end."""
    data = b"II*\0" + struct.pack("<I", 8)
    for link in links:
        data += struct.pack("<HHHII", 1, 256, 3, 1, 1)
        data += struct.pack("<I", 0 if link is None else 8 + 18 * link)
    return data


@pytest.mark.parametrize("last", [0, 1, 150, 199])
def test_a_loop_of_any_length_is_refused(tmp_path, last):
    (tmp_path / "a.tif").write_bytes(chain([*range(1, 200), last]))
    with pytest.raises(ValueError, match=r"a.tif: page 200 is one of the pages before it"):
        open_volume(tmp_path / "a.tif")


def test_thousands_of_pages_below_one_are_refused(tmp_path):
    data = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 330, 4, 5000, 8, 0)
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(ValueError, match="page 0 has 5000 pages below it"):
        open_volume(tmp_path / "a.tif")


def test_a_loop_through_a_page_without_tags_is_refused(tmp_path):
    """Coverage-guided fuzzing found this one: tifffile follows it for ever."""
    page = struct.pack("<HHHIII", 1, 256, 3, 1, 1, 26)
    (tmp_path / "a.tif").write_bytes(
        b"II*\0" + struct.pack("<I", 8) + page + struct.pack("<HI", 0, 8)
    )
    with pytest.raises(ValueError, match="never end"):
        open_volume(tmp_path / "a.tif")


def test_an_offset_that_no_file_has_is_left_to_the_reader(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"II+\0" + struct.pack("<HHQ", 8, 0, 2**64 - 8))
    check_chain(tmp_path / "a.tif")
    with pytest.raises(ValueError, match=r"a.tif: is damaged"):
        open_volume(tmp_path / "a.tif")
