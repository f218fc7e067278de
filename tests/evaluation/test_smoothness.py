import numpy as np
import pytest

from tomoseg_tf.evaluation import smoothness
from tomoseg_tf.evaluation.smoothness import class_changes


def test_a_cube_has_its_faces():
    truth = np.zeros((8, 9, 10), np.uint8)
    truth[2:5, 2:6, 3:8] = 1  # 3 x 4 x 5 voxels
    found = class_changes(truth, truth)
    assert (found.z_truth, found.slice_truth) == (2 * 4 * 5, 2 * 3 * 5 + 2 * 3 * 4)
    assert (found.z_ratio, found.slice_ratio) == (1.0, 1.0)


def test_slices_that_jump_have_more_changes_along_z_only():
    truth = np.zeros((6, 12, 12), np.uint8)
    truth[:, 4:8, 4:8] = 1
    jumping = truth.copy()
    jumping[1::2] = np.roll(truth[1::2], 1, axis=1)
    found = class_changes(truth, jumping)
    assert (found.z_truth, found.z_ratio) == (0, None)
    assert found.z_segmentation == 5 * 2 * 4  # two rows of four voxels between slices
    assert found.slice_ratio == 1.0


@pytest.mark.parametrize("voxels", [1, 60, 10**6])
def test_slabs_of_any_depth_count_the_same_as_brute_force(voxels, monkeypatch):
    rng = np.random.default_rng(0)
    truth, segmentation = rng.integers(0, 3, (2, 7, 5, 6)).astype(np.uint8)
    truth[rng.random(truth.shape) < 0.2] = 255
    segmentation[rng.random(truth.shape) < 0.1] = 255
    monkeypatch.setattr(smoothness, "_SLAB_VOXELS", voxels)
    expected = {"z": [0, 0], "slice": [0, 0]}
    for index in np.ndindex(truth.shape):
        for axis in range(3):
            other = tuple(np.add(index, np.eye(3, dtype=int)[axis]))
            if other[axis] == truth.shape[axis]:
                continue
            if 255 not in [volume[at] for volume in (truth, segmentation) for at in (index, other)]:
                for which, volume in enumerate((truth, segmentation)):
                    key = "slice" if axis else "z"
                    expected[key][which] += volume[index] != volume[other]
    found = class_changes(truth, segmentation)
    assert [found.z_truth, found.z_segmentation] == expected["z"]
    assert [found.slice_truth, found.slice_segmentation] == expected["slice"]


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="shape"):
        class_changes(np.zeros((2, 3, 4), int), np.zeros((2, 3, 5), int))
