import numpy as np
import pytest

from tomoseg_tf.evaluation import scores
from tomoseg_tf.plots import confusion_data, new_axes, plot_confusion_matrix, save_figure


def texts(ax):
    return [text.get_text() for text in ax.texts]


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_cells_show_shares_and_counts():
    ax = plot_confusion_matrix([[900, 100], [81, 919]])
    assert texts(ax) == ["0.9000", "900", "0.1000", "100", "0.0810", "81", "0.9190", "919"]


def test_truth_is_downwards_and_prediction_across():
    ax = plot_confusion_matrix([[3, 1], [0, 4]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Prediction", "Truth")
    np.testing.assert_array_equal(ax.images[0].get_array(), [[0.75, 0.25], [0, 1]])
    assert labels(ax.xaxis) == labels(ax.yaxis) == ["background", "object"]
    top, bottom = ax.get_ylim()[1], ax.get_ylim()[0]
    assert top < bottom


def test_rare_errors_are_not_rounded_away():
    ax = plot_confusion_matrix([[1_000_000, 1], [0, 5]])
    assert texts(ax)[::2] == ["> 0.9999", "< 0.0001", "0.0000", "1.0000"]
    assert texts(ax)[1] == "1,000,000"


def test_class_absent_from_the_truth_shows_dashes():
    ax = plot_confusion_matrix([[3, 1], [0, 0]])
    assert texts(ax)[4:] == ["–", "0", "–", "0"]


def test_scores_bring_their_names():
    result = scores([[3, 1], [0, 4]], ["steel", "pore"])
    assert labels(plot_confusion_matrix(result).xaxis) == ["steel", "pore"]
    assert labels(plot_confusion_matrix(result, names=["a", "b"]).xaxis) == ["a", "b"]


def test_given_axes_are_used():
    axes = new_axes(1, 2).ravel()
    assert plot_confusion_matrix([[3, 1], [0, 4]], ax=axes[1]) is axes[1]
    assert not axes[0].images


def test_many_classes_can_be_drawn(tmp_path):
    matrix = np.random.default_rng(0).integers(0, 10**6, (9, 9))
    axes = plot_confusion_matrix(matrix)
    save_figure(axes, tmp_path / "nine.png", dpi=50)
    shown = axes.images[0].get_array()
    np.testing.assert_allclose(shown, matrix / matrix.sum(axis=1, keepdims=True))


def test_wrong_number_of_names_is_an_error():
    with pytest.raises(ValueError, match="1 names"):
        plot_confusion_matrix([[3, 1], [0, 4]], names=["one"])


def test_data_have_a_row_for_each_cell():
    data = confusion_data([[3, 1], [0, 0]], names=["steel", "pore"])
    assert data["truth"] == ["steel", "steel", "pore", "pore"]
    assert data["prediction"] == ["steel", "pore"] * 2
    assert data["voxels"] == [3, 1, 0, 0]
    np.testing.assert_array_equal(data["share"], [0.75, 0.25, np.nan, np.nan])
