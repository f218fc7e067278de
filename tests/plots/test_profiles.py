import numpy as np
import pytest

from tomoseg_tf.objects import measure_consistency, profile_columns
from tomoseg_tf.plots import plot_profiles, profile_data


@pytest.fixture
def profile():
    """A rod that changes its class at every slice, one that does once, one that never does."""
    classes = np.zeros((10, 5, 16), np.uint8)
    classes[1:9, 1:4, 1:4] = 1
    classes[2:9:2, 1:4, 1:4] = 2
    classes[1:5, 1:4, 6:9], classes[5:9, 1:4, 6:9] = 1, 2
    classes[1:9, 1:4, 11:14] = 1
    classes[4, 1, 11] = 2
    grey = (100 + 10 * np.arange(10)[:, None, None] + np.zeros(classes.shape)).astype(np.uint8)
    return profile_columns(measure_consistency(classes, volume=grey))


def test_objects_with_most_changes_come_first(profile):
    axes = plot_profiles(profile, names=("air", "ferrite", "cementite"))
    assert [ax.get_title() for ax in axes] == ["Object 1", "Object 2"]
    line, first, second = (one.get_xydata() for one in axes[0].lines)
    np.testing.assert_array_equal(line[:, 0], np.arange(1, 9))
    np.testing.assert_array_equal(line[:, 1], 100 + 10 * np.arange(1, 9))
    np.testing.assert_array_equal(first[:, 0], [1, 3, 5, 7])
    np.testing.assert_array_equal(second[:, 0], [2, 4, 6, 8])
    texts = [text.get_text() for text in axes[0].figure.legends[0].get_texts()]
    assert texts == ["ferrite", "cementite"]
    assert [*np.unique(profile_data(profile, most=1)["label"])] == [1]


def test_objects_by_their_labels(profile):
    (ax,) = plot_profiles(profile, labels=[3], width="single")
    assert len(ax.lines) == 2
    del profile["grey_mean"]
    (ax,) = plot_profiles(profile, labels=[3])
    assert ax.get_ylabel() == "Share of the class"
    assert ax.lines[0].get_ydata().min() == pytest.approx(8 / 9)
    with pytest.raises(ValueError, match="object 7 is not in the profile"):
        plot_profiles(profile, labels=[7])
    alone = {name: column[profile["label"] == 3] for name, column in profile.items()}
    with pytest.raises(ValueError, match="nothing to draw"):
        plot_profiles(alone)
