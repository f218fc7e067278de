import numpy as np
import pytest

from tomoseg_tf.plots import class_histograms, grey_data, plot_grey_histograms
from tomoseg_tf.volume import ArrayVolume

RNG = np.random.default_rng(0)
CLASSES = RNG.choice([0, 1, 255], (6, 20, 30), p=[0.8, 0.1, 0.1]).astype(np.uint8)
GREY = (120 - 60 * (CLASSES == 1) + RNG.integers(0, 30, CLASSES.shape)).astype(np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_whole_numbers_are_counted_one_by_one(dtype):
    offset = -100 if dtype is np.int16 else 0
    found = class_histograms(GREY.astype(dtype) + dtype(offset), CLASSES)
    assert found.classes == (0, 1)
    for counts, index in zip(found.counts, (0, 1), strict=True):
        values = GREY[index == CLASSES].astype(int) + offset
        expected = np.histogram(values, found.edges)[0]
        np.testing.assert_array_equal(counts, expected)


def test_floats_masks_and_slabs():
    class Thin(ArrayVolume):
        def slabs(self, depth=None):
            yield from super().slabs(1)

    grey, mask = GREY / 7.0 - 3, np.arange(30) < 20
    mask = np.broadcast_to(mask, GREY.shape).astype(np.uint8)
    found = class_histograms(Thin(grey), CLASSES, mask=mask)
    for counts, index in zip(found.counts, (0, 1), strict=True):
        expected = np.histogram(grey[(index == CLASSES) & (mask == 1)], found.edges)[0]
        assert counts.sum() == expected.sum()
        assert np.abs(np.cumsum(counts) - np.cumsum(expected)).max() <= 60  # rounding at edges
    constant = class_histograms(np.full(GREY.shape, 2.5), CLASSES)
    assert constant.counts[:, 0].sum() == np.count_nonzero(CLASSES != 255)


def test_two_classes_have_two_scales_and_three_have_rows():
    found = class_histograms(GREY, CLASSES)
    ax = plot_grey_histograms(found)
    twin = ax.figure.axes[1]
    assert (ax.get_ylabel(), twin.get_ylabel()) == ("Voxels, background", "Voxels, objects")
    assert ax.get_shared_x_axes().joined(ax, twin)
    assert ax.lines[0].get_ydata().sum() == np.count_nonzero(CLASSES == 0)
    assert twin.lines[0].get_ydata().sum() == np.count_nonzero(CLASSES == 1)
    low, high = ax.get_xlim()
    assert low <= GREY[CLASSES == 1].min()
    assert high >= GREY.max()
    three = CLASSES.copy()
    three[0][three[0] == 1] = 2
    axes = plot_grey_histograms(class_histograms(GREY, three), names=["matrix", "pore", "Al2Cu"])
    assert [one.texts[0].get_text() for one in axes] == ["matrix", "pore", "Al2Cu"]


def test_data_are_all_that_was_counted():
    data = grey_data(class_histograms(GREY, CLASSES), names=["matrix", "fine pore"])
    assert [*data] == ["grey_from", "grey_to", "voxels_matrix", "voxels_fine_pore"]
    assert data["voxels_fine_pore"].sum() == np.count_nonzero(CLASSES == 1)


def test_mistakes():
    with pytest.raises(ValueError, match="both must be of one shape"):
        class_histograms(GREY, CLASSES[1:])
    with pytest.raises(ValueError, match="classes have type uint8, not float32"):
        class_histograms(GREY, CLASSES.astype(np.float32))
    with pytest.raises(ValueError, match="no voxel counts"):
        class_histograms(GREY, np.full(GREY.shape, 255, np.uint8))
    with pytest.raises(ValueError, match="1 names, but there is a class 1"):
        plot_grey_histograms(class_histograms(GREY, CLASSES), names=["a"])
