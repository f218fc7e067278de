import numpy as np
import pytest

from tomoseg_tf.objects import threshold_sensitivity, threshold_table

CONE = np.zeros((7, 9, 20))
CONE[1:6, 1:8, 1:8], CONE[2:5, 2:7, 2:7] = 0.4, 0.6
CONE[3, 3, 10:20] = 0.8  # touches a face
CONE[2:4, 2:4, 12:14] = 0.9


@pytest.mark.parametrize("probabilities", [CONE, np.floor(255 * CONE + 0.5).astype(np.uint8)])
def test_counts_and_radii_by_hand(probabilities):
    rows = threshold_sensitivity(probabilities, [0.3, 0.5, 0.85, 0.95])
    assert [row["count"] for row in rows] == [1, 1, 1, 0]
    radii = [np.cbrt(3 * voxels / (4 * np.pi)) for voxels in (245, 75, 8)]
    assert [row["mean_radius_voxels"] for row in rows[:3]] == pytest.approx(radii)
    assert rows[2]["volume_fraction"] == 8 / CONE.size
    assert threshold_table(rows).splitlines()[-1].split() == ["0.95", "0", "-", "-", "-", "0"]


def test_what_is_no_probability():
    with pytest.raises(ValueError, match="int64 voxels are no probabilities"):
        threshold_sensitivity(np.zeros((2, 3, 4), int), [0.5])
    with pytest.raises(ValueError, match="must be between 0 and 1"):
        threshold_sensitivity(CONE, [0.5, 1.5])
