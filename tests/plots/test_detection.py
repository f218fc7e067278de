import numpy as np

from tomoseg_tf.evaluation import detect_objects, summarise_detection
from tomoseg_tf.plots import detection_data, plot_detection


def cubes(*sides):
    """Cubes of given sides in a row."""
    classes, x = np.zeros((12, 12, 60), np.uint8), 2
    for side in sides:
        classes[2 : 2 + side, 2 : 2 + side, x : x + side] = 1
        x += side + 2
    return classes


def test_bars_are_the_scores_by_radius():
    """A cube of 3 has a radius of 1.86 voxels, one of 6 has 3.72."""
    truth, found = cubes(3, 3, 6), cubes(3, 3, 6)
    truth[..., 7:11] = 0
    summary = summarise_detection(detect_objects(truth, found))
    data = detection_data(summary)
    assert data["radius"] == ["all", "below 2", "2 to 5", "5 and more"]
    assert data["true_objects"] == [2, 1, 1, 0]
    assert data["predicted_objects"] == [3, 2, 1, 0]
    np.testing.assert_allclose(data["precision"], [2 / 3, 0.5, 1, np.nan])
    np.testing.assert_allclose(data["recall"], [1, 1, 1, np.nan])
    ax = plot_detection(summary)
    np.testing.assert_allclose([bar.get_width() for bar in ax.patches[:4]], [2 / 3, 0.5, 1, 0])
    assert ax.get_yticklabels()[1].get_text() == "below 2\n1 / 2"
    texts = [text.get_text() for text in ax.figure.legends[0].get_texts()]
    assert texts == ["Precision", "Recall", "F1"]
