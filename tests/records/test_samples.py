import hashlib

import numpy as np
import pytest

from tomoseg_tf.records.samples import common_spacing, content_hash, measure_sample, open_samples
from tomoseg_tf.volume import ArrayVolume, as_volume

GREY = np.arange(24, dtype="uint16").reshape(2, 3, 4)
TRUTH = np.zeros(GREY.shape, np.uint8)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "at least one pair"),
        ([(GREY, TRUTH[:1])], r"the truth has shape \(1, 3, 4\), but its volume array has \(2,"),
        ([(GREY, TRUTH), (GREY.astype("f4"), TRUTH)], "float32, but array uint16; convert"),
    ],
)
def test_pairs_that_do_not_belong_together(pairs, message):
    with pytest.raises(ValueError, match=message):
        open_samples(pairs, "auto")


def test_class_without_a_name_is_listed():
    truth = TRUTH.copy()
    truth[0, 0, :3] = 2, 2, 7
    with pytest.raises(
        ValueError, match=r"class 2 \(2 voxels\), 7 \(1 voxels\), but only 2 classes"
    ):
        measure_sample(as_volume(GREY), as_volume(truth), ("background", "object"))


def test_hash_is_that_of_the_voxels_whatever_their_byte_order():
    expected = hashlib.sha256(GREY.astype("<u2").tobytes()).hexdigest()
    assert content_hash(as_volume(GREY)) == expected
    assert content_hash(as_volume(GREY.astype(">u2"))) == expected


def test_spacing_must_be_shared():
    def samples(*spacings):
        volumes = [ArrayVolume(GREY, spacing, f"v{i}") for i, spacing in enumerate(spacings)]
        return [(volume, volume) for volume in volumes]

    assert common_spacing(samples((2, 1, 1), (2.0001, 1, 1))) == ((2, 1, 1), [])
    assert common_spacing(samples(None, None)) == (None, [])
    spacing, notices = common_spacing(samples((2, 1, 1), (3, 1, 1), None))
    assert spacing is None
    assert "v0: 2 x 1 x 1; v1: 3 x 1 x 1; v2: unknown" in notices[0]
