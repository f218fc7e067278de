import numpy as np
import pytest
from matplotlib.colors import to_rgb

from tomoseg_tf.plots import OVERLAY_COLOURS, overlay_image, plot_overlay

TRUTH = np.array([[0, 1, 0, 1, 2, 255, 0]])
FOUND = np.array([[0, 1, 1, 0, 1, 1, 255]])


def colours(*names):
    return [to_rgb(OVERLAY_COLOURS[name]) for name in names]


def test_false_positives_are_green_and_false_negatives_pink():
    names = "true negative", "true positive", "false positive", "false negative"
    expected = colours(*names, "wrong class", "ignored", "ignored")
    np.testing.assert_allclose(overlay_image(TRUTH, FOUND)[0], expected)
    red, green, blue = to_rgb(OVERLAY_COLOURS["false positive"])
    assert green > 2 * max(red, blue)
    red, green, blue = to_rgb(OVERLAY_COLOURS["false negative"])
    assert red > blue > green


def test_one_class_against_all_others():
    names = "true negative", "true positive", "false positive", "false negative"
    expected = colours(*names, "false positive", "ignored", "ignored")
    np.testing.assert_allclose(overlay_image(TRUTH, FOUND, object_class=1)[0], expected)


@pytest.fixture
def volumes():
    """A bar along x at z = 3, y = 4, found one voxel lower."""
    truth = np.zeros((5, 8, 9), np.uint8)
    truth[3, 4, 2:7] = 1
    return truth, np.roll(truth, 1, axis=0)


def test_both_planes_are_those_with_most_objects(volumes):
    axes = plot_overlay(*volumes, spacing=(2, 1, 1))
    assert [ax.get_title() for ax in axes] == ["xy plane, z = 3", "xz plane, y = 4"]
    across = axes[1].images[0].get_array()
    (missed, invented), (black,) = (
        colours("false negative", "false positive"),
        colours("true negative"),
    )
    np.testing.assert_allclose(across[3:, 4], [missed, invented])
    np.testing.assert_allclose(across[0, 0], black)
    assert [ax.images[0].get_array().shape[:2] for ax in axes] == [(8, 9), (5, 9)]
    assert [ax.get_aspect() for ax in axes] == [1, 2]


def test_legend_names_what_occurs(volumes):
    truth, found = volumes
    (legend,) = plot_overlay(truth, found)[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == list(OVERLAY_COLOURS)[:4]
    truth[3, 0, 0] = 255
    found[3, 1, 1] = 2
    (legend,) = plot_overlay(truth, found)[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == list(OVERLAY_COLOURS)


@pytest.mark.parametrize("plane", [{"z": 5}, {"y": -1}])
def test_planes_outside_are_refused(volumes, plane):
    with pytest.raises(ValueError, match="is outside the volume"):
        plot_overlay(*volumes, **plane)


def test_shapes_must_agree(volumes):
    with pytest.raises(ValueError, match="both must be of one"):
        plot_overlay(volumes[0], volumes[1][1:])
