import numpy as np

from tomoseg_tf.prediction.resuming.identity import describe_mask


def test_a_mask_is_another_one_when_the_data_behind_its_header_change(tmp_path):
    """The header of a detached NRRD file stays as it is, with its size and time."""
    header, data = tmp_path / "mask.nhdr", tmp_path / "mask.raw"
    header.write_text(
        "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 5 4 3\nencoding: raw\ndata file: mask.raw\n"
    )
    mask = np.ones((3, 4, 5), np.uint8)
    data.write_bytes(mask.tobytes())
    before = describe_mask(header)
    assert describe_mask(str(header)) == before
    mask[1] = 0
    data.write_bytes(mask.tobytes())
    assert describe_mask(header) != before


def test_words_and_arrays_stay_words():
    assert [describe_mask(mask) for mask in (None, "auto", np.ones((1, 1, 1)))] == [
        "None",
        "auto",
        "an array",
    ]
