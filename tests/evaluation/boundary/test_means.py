import numpy as np
import pytest

from tomoseg_tf.evaluation.boundary import BoundaryMeans, boundary_scores


def test_volumes_one_by_one_give_the_means_of_all_their_slices():
    rng = np.random.default_rng(0)
    truth, found = (rng.integers(0, 3, (7, 12, 12)).astype(np.uint8) for _ in range(2))
    truth[0], found[1], truth[2] = 0, 1, 255
    truth[3, :4] = 255
    means = BoundaryMeans(4)
    for start, stop in ((0, 1), (1, 4), (4, 7)):
        means.add(truth[start:stop], found[start:stop])
    whole = boundary_scores(truth, found, num_classes=4).class_dicts()
    for one, other in zip(means.to_dict()["classes"], whole, strict=True):
        assert one == {
            name: value if value is None else pytest.approx(value) for name, value in other.items()
        }
    assert means.to_dict()["classes"][3] == dict.fromkeys(("bf1", "bde", "assd", "hd95"))


def test_nothing_counted_gives_nothing():
    assert BoundaryMeans(1).to_dict()["classes"] == [
        {"bf1": None, "bde": None, "assd": None, "hd95": None}
    ]
