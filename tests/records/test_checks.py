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
    manifest = write_records(tmp_path / "r", twice, patch=(8, 8, 8), fractions=(1, 0, 0))
    assert np.sum(manifest["voxels"]["training"]) == 4 * pairs[0][0][:, :24, :24].size
