"""Agreement of operators against scikit-learn, and their consensus by hand."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from tomoseg_tf.evaluation import agreement, agreement_table, cohen_kappa, vote, write_consensus
from tomoseg_tf.volume import ArrayVolume, open_truth

SHAPE = (8, 12, 24)


def boxes(*places):
    """Classes with boxes (x, width) or with a class at the end, of 4 x 4 in z and y."""
    classes = np.zeros(SHAPE, np.uint8)
    for x, width, *index in places:
        classes[2:6, 4:8, x : x + width] = index[0] if index else 1
    return classes


def row(classes):
    """Classes along x through the boxes."""
    return classes[3, 5].tolist()


def test_kappa_and_dice_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    one = rng.integers(0, 3, (5, 6, 7)).astype(np.uint8)
    other = np.where(rng.random(one.shape) < 0.3, rng.integers(0, 3, one.shape), one)
    one[0], other[4] = 255, 255
    forth, back = agreement([one, other])[0], agreement([other, one])[0]
    kept = (one != 255) & (other != 255)
    expected = cohen_kappa_score(one[kept], other[kept])
    assert forth["kappa"] == pytest.approx(expected)
    assert forth["voxels"] == kept.sum()
    assert {**forth, "kappa": 0} == {**back, "kappa": 0}
    both = ((one == 1) & (other == 1) & kept).sum()
    dice = 2 * both / ((one == 1)[kept].sum() + (other == 1)[kept].sum())
    assert forth["dice"][1] == pytest.approx(dice)
    assert "a and b" in agreement_table([forth], ["a", "b"])


def test_kappa_without_chance():
    assert np.isnan(cohen_kappa([[5, 0], [0, 0]]))
    assert np.isnan(cohen_kappa(np.zeros((2, 2))))
    assert cohen_kappa([[5, 0], [0, 5]]) == 1


def test_vote_is_that_of_more_than_half():
    rng = np.random.default_rng(0)
    for number in (2, 3, 4, 5):
        slabs = rng.choice([0, 1, 2, 255], (number, 3, 4, 5)).astype(np.uint8)
        result = vote(list(slabs))
        for place in np.ndindex(result.shape):
            values, counts = np.unique(slabs[(slice(None), *place)], return_counts=True)
            chosen = values[2 * counts > number]
            assert result[place] == (chosen[0] if len(chosen) else 255)


def test_consensus_by_voxels(tmp_path):
    one, other = boxes((2, 4), (12, 4)), boxes((3, 4))
    one = ArrayVolume(one, spacing=(1, 2, 3))
    summary = write_consensus([one, other], tmp_path / "t.tif", depth=3)
    result = open_truth(tmp_path / "t.tif")
    assert result.spacing == (1, 2, 3)
    expected = [0, 0, 255, 1, 1, 1, 255, 0, 0, 0, 0, 0, *[255] * 4, *[0] * 8]
    assert row(result.read(0, 8)) == expected
    assert summary["ignored"] == 6 * 16
    assert summary["voxels"][1] == 3 * 16


@pytest.mark.parametrize("depth", [1, 5, None])
def test_consensus_by_objects(tmp_path, depth):
    one, other = boxes((2, 4), (12, 4), (20, 2, 2)), boxes((3, 4), (20, 2))
    settings = {"overwrite": True, "depth": depth}
    summary = write_consensus([one, other], tmp_path / "t.tif", objects="union", **settings)
    found = row(open_truth(tmp_path / "t.tif", "classes").read(0, 8))
    expected = [0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, *[255] * 4, 0, 0, 0, 0, 255, 255, 0, 0]
    assert found == expected
    assert (summary["agreed"], summary["disputed"]) == (1, 3)
    write_consensus([one, other], tmp_path / "t.tif", objects="majority", **settings)
    found = row(open_truth(tmp_path / "t.tif", "classes").read(0, 8))
    assert found[:8] == [0, 0, 255, 1, 1, 1, 255, 0]


def test_three_operators_and_objects_that_meet(tmp_path):
    """Two of three have the first object; in the second the unions of two objects overlap."""
    truths = boxes((2, 4)), boxes((2, 5)), boxes()
    write_consensus(truths, tmp_path / "t.tif", objects="union")
    assert row(open_truth(tmp_path / "t.tif").read(0, 8))[:9] == [0, 0, *[1] * 5, 0, 0]
    one, other = boxes((2, 5), (7, 4, 2)), boxes((2, 4), (6, 5, 2))
    write_consensus([one, other], tmp_path / "u.tif", objects="union")
    found = row(open_truth(tmp_path / "u.tif", "classes").read(0, 8))
    assert found[:12] == [0, 0, 1, 1, 1, 1, 255, 2, 2, 2, 2, 0]


def test_what_is_no_consensus_is_refused(tmp_path):
    with pytest.raises(ValueError, match="needs two or more"):
        write_consensus([boxes()], tmp_path / "t.tif")
    with pytest.raises(ValueError, match="both must be of one shape"):
        write_consensus([boxes(), boxes()[1:]], tmp_path / "t.tif")
    with pytest.raises(ValueError, match="use one of union, majority"):
        write_consensus([boxes(), boxes()], tmp_path / "t.tif", objects="both")
