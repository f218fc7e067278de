import numpy as np
import pytest

from tomoseg_tf.records import write_records


def test_one_volume_as_two_samples_is_refused_across_splits(tmp_path, pairs):
    """The same scan in training and test would make the test worthless."""
    twice = [*pairs, (pairs[0][0].copy(), pairs[0][1])]
    with pytest.raises(
        ValueError, match=r"\(sample 3\) holds the same voxels as array \(sample 0\)"
    ):
        write_records(tmp_path / "r", twice, patch=(8, 8, 8), test_samples=[3])
    with pytest.raises(ValueError, match="which would be in two splits"):
        write_records(
            tmp_path / "r", [pairs[0], twice[3]], patch=(8, 8, 8), fractions=(0.5, 0.5, 0)
        )
    manifest = write_records(tmp_path / "r", twice, patch=(8, 8, 8), fractions=(1, 0, 0))
    assert np.sum(manifest["voxels"]["training"]) == 4 * pairs[0][0][:, :24, :24].size


def test_few_labels_may_be_those_of_the_validation_too(tmp_path, pairs):
    """Only where that is asked for, and only with the same truth."""
    grey, truth = pairs[0]
    asked = {"patch": (8, 8, 8), "validation_samples": [1], "fractions": (0.5, 0.5, 0)}
    manifest = write_records(tmp_path / "r", [(grey, truth), (grey.copy(), truth)], **asked)
    assert any("is on the labels of the training" in text for text in manifest["notices"])
    assert manifest["voxels"]["training"] == manifest["voxels"]["validation"]
    other = truth.copy()
    other[-1, -1, -1] = 1 - other[-1, -1, -1]
    with pytest.raises(ValueError, match="which would be in two splits"):
        write_records(tmp_path / "s", [(grey, truth), (grey.copy(), other)], **asked)
