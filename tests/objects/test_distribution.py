import numpy as np
import pytest

from tomoseg_tf.objects import measure_objects, size_distribution
from tomoseg_tf.volume import Volume


def test_ranges_by_hand():
    """A cube of 2 fits strictly inside a box of 10 at 7³ places, one of 5 at 4³."""
    classes = np.zeros((10, 10, 10), np.uint8)
    classes[1:3, 1:3, 1:3] = 1
    classes[4:9, 4:9, 4:9] = 2
    objects = measure_objects(classes, spacing=(2, 2, 2))
    counts, densities = size_distribution(objects, [2, 3, 7])
    assert counts.tolist() == [1, 1]
    assert densities == pytest.approx([1 / 7**3 / 8, 1 / 4**3 / 8])
    assert size_distribution(objects, [2, 3, 7], object_class=2)[0].tolist() == [0, 1]
    masked = measure_objects(classes, mask=np.ones(classes.shape, np.uint8))
    assert size_distribution(masked, [1, 2, 7])[1] == pytest.approx([1 / 7**3, 1 / 4**3])
    with pytest.raises(ValueError, match="each above the one before"):
        size_distribution(objects, [2, 2])


class Columns(Volume):
    """A volume of any height, with the same few columns in every slice."""

    def __init__(self, height):
        super().__init__((height, 96, 96), np.uint8, name="columns", format="test")

    def _read_box(self, box):
        image = np.zeros((96, 96), np.uint8)
        image[10:20, 10:20] = image[40:60, 40:60] = 1
        sides = [slice(*side) for side in box[1:]]
        return np.repeat(image[tuple(sides)][None], box[0][1] - box[0][0], axis=0)


def test_memory_does_not_grow_with_the_height():
    import tracemalloc

    peaks = []
    for height in (16, 64, 512):
        tracemalloc.start()
        found = measure_objects(Columns(height), depth=8, keep_border=True, palette="classes")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found.columns["voxels"].tolist() == [100 * height, 400 * height]
    assert peaks[2] < 1.5 * peaks[1]  # slabs leave some bookkeeping
