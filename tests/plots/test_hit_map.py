import numpy as np
import pytest

from tomoseg_tf.plots import hit_map, plot_hit_map

TRUTH = np.array([[1, 0, 0], [1, 2, 255]], np.uint8)
SEGMENTATION = np.array([[1, 0, 1], [0, 1, 1]], np.uint8)


def test_outcomes_by_hand():
    assert hit_map(TRUTH, SEGMENTATION).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_outcomes_count_the_confusion_matrix():
    truth, segmentation = np.random.default_rng(0).integers(0, 2, (2, 40, 50))
    tp, tn, fp, fn = np.bincount(hit_map(truth, segmentation).ravel())
    assert (tp, tn) == ((truth & segmentation).sum(), ((1 - truth) & (1 - segmentation)).sum())
    assert (fp, fn) == (((1 - truth) & segmentation).sum(), (truth & (1 - segmentation)).sum())


def test_colours_are_the_published_ones():
    pixels = plot_hit_map(TRUTH, SEGMENTATION).images[0].get_array()
    assert pixels[0, 0].tolist() == [1, 1, 1]
    assert pixels[0, 1].tolist() == [0, 0, 0]
    assert pixels[0, 2].argmax() == 0
    assert pixels[1, 0].argmax() == 2


def test_grey_shows_only_through_true_negatives():
    truth = np.zeros((10, 10), np.uint8)
    truth[0] = 1
    grey = np.tile(np.linspace(0, 255, 10), (10, 1))
    plain, shown = (
        plot_hit_map(truth, truth, grey=image).images[0].get_array() for image in (None, grey)
    )
    np.testing.assert_array_equal(shown[0], plain[0])
    assert (np.diff(shown[5, :, 0]) > 0).all()
    assert shown[1:].max() < 0.5


def test_legend_names_what_occurs():
    def names(ax):
        return [text.get_text() for text in ax.get_legend().get_texts()]

    four = ["true positive", "true negative", "false positive", "false negative"]
    assert names(plot_hit_map(TRUTH[:1], TRUTH[:1])) == four
    assert names(plot_hit_map(TRUTH, SEGMENTATION)) == [*four, "wrong class", "ignored"]
    assert plot_hit_map(TRUTH, SEGMENTATION, legend=False).get_legend() is None


@pytest.mark.parametrize(
    ("truth", "grey", "message"),
    [
        (TRUTH[:, :2], None, r"truth has shape \(2, 2\), segmentation \(2, 3\)"),
        (TRUTH, np.zeros((3, 3)), r"grey has shape \(3, 3\)"),
        (TRUTH[None], None, r"a slice is \(Y, X\); this array has shape \(1, 2, 3\)"),
    ],
)
def test_shapes_must_agree(truth, grey, message):
    with pytest.raises(ValueError, match=message):
        plot_hit_map(truth, SEGMENTATION, grey=grey)


def test_what_is_not_finite_is_black_and_hides_nothing_else():
    truth = np.zeros((4, 10), np.uint8)
    grey = np.tile(np.linspace(0, 255, 10), (4, 1))
    grey[0] = np.nan
    shown = plot_hit_map(truth, truth, grey=grey).images[0].get_array()
    assert (shown[0] == 0).all()
    assert (np.diff(shown[2, :, 0]) > 0).all()
