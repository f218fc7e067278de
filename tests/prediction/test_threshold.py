import numpy as np
import pytest

from tomoseg_tf.prediction import to_grey_levels, to_segmentation


def test_only_more_than_the_threshold_is_object():
    probabilities = np.array([0.2, 0.5, 0.50001], "float32")[:, None]
    assert to_segmentation(probabilities).tolist() == [0, 0, 1]
    assert to_segmentation(probabilities, 0.1).tolist() == [1, 1, 1]


def test_classes_go_by_the_largest_probability():
    assert to_segmentation(np.array([[0.3, 0.4, 0.3]], "float32")).tolist() == [1]
    with pytest.raises(ValueError, match="leave the threshold out"):
        to_segmentation(np.array([[0.3, 0.4, 0.3]], "float32"), 0.5)


def test_open_outputs_are_cut_only_where_they_become_grey_levels():
    assert to_grey_levels(np.array([-0.2, 1.16], "float32")).tolist() == [0, 255]
    assert to_segmentation(np.array([[-0.2], [1.16]], "float32")).tolist() == [0, 1]


def test_grey_levels_above_127_mean_at_least_one_half():
    probabilities = np.linspace(0, 1, 100_001, dtype="float32")
    levels = to_grey_levels(probabilities)
    assert levels.dtype == np.uint8
    assert (levels.min(), levels.max()) == (0, 255)
    np.testing.assert_array_equal(levels > 127, probabilities >= 0.5)
