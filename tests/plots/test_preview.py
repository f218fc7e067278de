import numpy as np
import pytest

from tomoseg_tf.plots import plot_preview, save_figure
from tomoseg_tf.plots.preview import reduce_classes
from tomoseg_tf.volume import ArrayVolume

TRUTH = np.zeros((8, 20, 30), np.uint8)
TRUTH[2, 4:12, 5:15], TRUTH[6, 3:5, 20:22], TRUTH[:, :, 28:] = 1, 2, 255
GREY = (100.0 * (TRUTH == 1) + np.random.default_rng(0).normal(0, 9, TRUTH.shape)).astype("f4")
SCAN = ArrayVolume(GREY, spacing=(0.3, 0.2, 0.1))


def test_rows_are_the_slices_with_most_of_the_rare_classes(tmp_path):
    drawn = plot_preview(SCAN, TRUTH, number=2)
    assert drawn.slices == [2, 6]
    scan, classes, outlines, *_ = drawn.figure.axes
    assert scan.get_ylabel() == "z = 2"
    np.testing.assert_array_equal(scan.images[0].get_array(), GREY[2])
    colours = classes.images[0].get_array()
    assert len(np.unique(colours.reshape(-1, 3), axis=0)) == 3
    assert len(outlines.collections) == 2  # one outline and one hatch
    assert scan.get_aspect() == 2
    save_figure(drawn.figure, tmp_path / "preview.png", dpi=40)


def test_voxels_and_shares_are_those_of_the_whole_volume():
    drawn = plot_preview(SCAN, TRUTH, names=["matrix", "pore", "grain", "oxide"], number=1)
    table = [tuple(entry.values()) for entry in drawn.classes]
    labelled = 8 * 20 * 28
    assert table == [
        (0, "matrix", labelled - 84, pytest.approx(1 - 84 / labelled)),
        (1, "pore", 80, pytest.approx(80 / labelled)),
        (2, "grain", 4, pytest.approx(4 / labelled)),
        (3, "oxide", 0, 0),
        (255, "ignored", 320, pytest.approx(1 / 15)),
    ]
    texts = [text.get_text() for text in drawn.figure.legends[0].texts]
    assert texts[1] == "1  pore  80  (1.79 %)"


@pytest.mark.parametrize(("axis", "aspect"), [("y", 3), ("x", 1.5)])
def test_other_axes(axis, aspect):
    drawn = plot_preview(SCAN, TRUTH, axis=axis, slices=[5])
    image = drawn.figure.axes[0].images[0]
    np.testing.assert_array_equal(image.get_array(), GREY.take(5, axis="zyx".index(axis)))
    assert drawn.figure.axes[0].get_aspect() == pytest.approx(aspect)


def test_all_ignored_and_holes_can_be_drawn(tmp_path):
    grey = np.full((1, 6, 7), np.nan)
    drawn = plot_preview(grey, np.full((1, 6, 7), 255, np.uint8), slices=[0])
    save_figure(drawn.figure, tmp_path / "preview.png", dpi=40)
    assert np.isnan(np.ma.filled(drawn.figure.axes[0].images[0].get_array(), np.nan)).all()


def test_rare_classes_survive_a_reduction():
    classes = np.zeros((5, 7), np.uint8)
    classes[2, 3], classes[0], classes[4, 6] = 2, 1, 255
    counts = np.bincount(classes.ravel(), minlength=256)
    reduced = reduce_classes(classes, 3, counts)
    assert reduced.tolist() == [[1, 2, 1], [0, 0, 255]]


def test_large_slices_are_reduced():
    truth = np.zeros((1, 1300, 4), np.uint8)
    truth[0, 701, 1] = 1
    drawn = plot_preview(truth, truth)
    assert drawn.figure.axes[1].images[0].get_array().shape == (650, 2, 3)
    assert drawn.figure.axes[2].collections


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"shape \(7, 20, 30\), but its volume array has \(8, 20"):
        plot_preview(SCAN, TRUTH[1:])
    with pytest.raises(ValueError, match="slice 20 is outside array; along y it has 0 to 19"):
        plot_preview(SCAN, TRUTH, axis="y", slices=[3, 20])
    with pytest.raises(ValueError, match="9 slices to draw; a preview has 1 to 8"):
        plot_preview(SCAN, TRUTH, axis="y", slices=range(9))
    with pytest.raises(ValueError, match="holds class 2, but only 2 classes are named"):
        plot_preview(SCAN, TRUTH, names=["a", "b"])
    with pytest.raises(ValueError, match="axis 'w' is not known"):
        plot_preview(SCAN, TRUTH, axis="w")
