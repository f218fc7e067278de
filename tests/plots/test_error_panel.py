from itertools import pairwise

import numpy as np
from matplotlib.colors import to_rgb

from tomoseg_tf.plots import error_image, plot_error_panel
from tomoseg_tf.plots.error_panel import error_colours
from tomoseg_tf.plots.slices import colours_of_classes

TRUTH = np.array([[0, 1, 2, 0], [1, 2, 255, 0]])
FOUND = np.array([[0, 1, 2, 1], [0, 1, 1, 0]])


def legend(axes):
    (drawn,) = axes[0, 0].figure.legends
    return [text.get_text() for text in drawn.get_texts()]


def test_right_objects_have_the_colour_of_their_class_and_errors_that_of_their_kind():
    grey = np.arange(8).reshape(2, 4)
    image = error_image(grey, TRUTH, FOUND)
    classes, errors = colours_of_classes(3), error_colours()
    expected = {
        (0, 1): classes[1],
        (0, 2): classes[2],
        (0, 3): errors["false positive"],
        (1, 0): errors["false negative"],
        (1, 1): errors["wrong class"],
        (1, 2): errors["ignored"],
    }
    for place, colour in expected.items():
        np.testing.assert_allclose(image[place], to_rgb(colour))
    assert image[0, 0, 0] < image[1, 3, 0] <= 0.3


def test_the_panel_has_a_row_for_each_slice_and_a_column_for_each_segmentation():
    truth = np.stack([TRUTH % 255] * 3).astype(np.uint8)
    grey = np.random.default_rng(0).random(truth.shape)
    axes = plot_error_panel(
        grey, truth, {"a": truth, "b": truth}, ("x", "y", "z"), spacing=(1, 0.5, 0.5)
    )
    assert axes.shape == (3, 4)
    assert [ax.get_title() for ax in axes[0]] == ["Scan", "Truth", "a", "b"]
    assert legend(axes) == ["x", "y", "z", "false positive", "false negative", "wrong class"]


def test_the_legend_names_ignored_voxels_where_there_are_some():
    axes = plot_error_panel(TRUTH[None], TRUTH[None], {"a": FOUND[None]}, ("x", "y", "z"))
    assert legend(axes) == ["x", "y", "z", *error_colours()]


def test_one_slice_and_one_segmentation_are_a_panel_too():
    truth = TRUTH[None] % 255
    assert plot_error_panel(truth, truth, {"a": truth}, ("x", "y", "z")).shape == (1, 3)


def test_long_names_of_many_columns_do_not_overlap():
    truth = np.zeros((1, 20, 20), np.uint8)
    names = {f"tuned_network_{number}_3d": truth for number in range(12)}
    axes = plot_error_panel(truth, truth, names, ("x", "y"))
    axes[0, 0].figure.draw_without_rendering()
    boxes = [ax.title.get_window_extent() for ax in axes[0]]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert axes[0, 2].get_title().replace("\n", "") == "tuned_network_0_3d"
