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


MASK, SPARSE, CLASSES = TRUTH.copy(), TRUTH.copy(), TRUTH.copy()
MASK[0], SPARSE[0], SPARSE[1, 0], CLASSES[0] = 255, 255, 1, 2


@pytest.mark.parametrize(
    ("other", "what"), [(SPARSE, "255 is ignored"), (CLASSES, "there is a class 2")]
)
def test_truths_that_auto_would_read_in_different_senses(other, what):
    pairs = [(GREY, ArrayVolume(other, name="a")), (GREY, ArrayVolume(MASK, name="b"))]
    message = f"^b holds only 0 and 255 .*, but a as classes, of which {what}; pass --palette"
    with pytest.raises(ValueError, match=message):
        open_samples(pairs, "auto")
    (_, first), (_, second) = open_samples(pairs, "classes")
    np.testing.assert_array_equal(first.read(0, 2), other)
    np.testing.assert_array_equal(second.read(0, 2), MASK)


def test_masks_of_1_and_of_255_go_together():
    samples = open_samples([(GREY, MASK), (GREY, MASK // 255), (GREY, TRUTH)], "auto")
    for _, truth in samples[:2]:
        np.testing.assert_array_equal(truth.read(0, 2), MASK // 255)
