import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from tomoseg_tf.records.batches.geometry import move
from tomoseg_tf.records.batches.warping import inverse_map, warp
from tomoseg_tf.records.schema import tf

PLANES = {"z": (1, 2), "y": (0, 2), "x": (0, 1)}


def crop(shape=(9, 9, 9), seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape).astype("f4"), rng.integers(0, 4, shape).astype("u1")


def warped(image, truth, *, shift=(0.0, 0.0), **how):
    result = warp(tf.constant(image), tf.constant(truth), inverse_map(**how), shift=shift)
    return [part.numpy() for part in result]


@pytest.mark.parametrize("shape", [(5, 8, 7), (1, 6, 6), (4, 1, 3)])
def test_nothing_leaves_every_byte(shape):
    image, truth = crop(shape)
    grey, classes = warped(image, truth)
    assert grey.tobytes() == image.tobytes()
    assert classes.tobytes() == truth.tobytes()


@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize("axis", "zyx")
def test_right_angles_are_quarter_turns(axis, side):
    image, truth = crop((side,) * 3)
    for turns in (1, 2, 3):
        grey, classes = warped(image, truth, rotations={axis: 90.0 * turns})
        np.testing.assert_allclose(grey, np.rot90(image, turns, PLANES[axis]), atol=1e-5)
        np.testing.assert_array_equal(classes, np.rot90(truth, turns, PLANES[axis]))


def test_rotations_follow_each_other_as_quarter_turns_do():
    image, truth = crop()
    _, classes = warped(image, truth, rotations=dict.fromkeys("xyz", 90.0))
    for axis in "zyx":
        truth = np.rot90(truth, 1, PLANES[axis])
    np.testing.assert_array_equal(classes, truth)


def test_three_rotations_are_one_about_a_slanted_axis():
    angles = {"z": 20.0, "y": -35.0, "x": 10.0}
    matrix = inverse_map(rotations=angles).numpy()
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1)
    slanted = Rotation.from_matrix(matrix).as_rotvec()
    assert (np.abs(slanted) > 0.05).all()


@pytest.mark.parametrize("axis", "zyx")
def test_a_shear_tilts_a_plane_by_its_angle(axis):
    """Planes b = 0 become b = tan(angle) a; grey values that are b become b - tan(angle) a."""
    first, second = PLANES[axis]
    shape = (11, 13, 15)
    places = np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in shape), indexing="ij")
    grey, classes = warped(places[second].astype("f4"), np.zeros(shape, "u1"), shears={axis: 30.0})
    expected = places[second] - np.tan(np.pi / 6) * places[first]
    held = np.abs(expected) <= (shape[second] - 1) / 2
    np.testing.assert_allclose(grey[held], expected[held], atol=1e-5)
    assert (classes[np.abs(expected) > shape[second] / 2] == 255).all()
    assert (classes[held] == 0).all()


def test_all_changes_together_agree_with_scipy():
    how = {"enlargement": 1.2, "zoom": 0.9, "shears": {"z": 20.0, "x": -10.0}}
    how["rotations"] = {"z": 33.0, "y": 12.0, "x": -40.0}
    image, truth = crop((10, 12, 11))
    grey, classes = warped(image, truth, shift=(1.5, -2.0), **how)
    matrix, middle = inverse_map(**how).numpy(), (np.array(image.shape) - 1) / 2
    offset = middle - matrix @ (middle + [0, 1.5, -2.0])
    expected = ndimage.affine_transform(image, matrix, offset, order=1, mode="nearest")
    np.testing.assert_allclose(grey, expected, atol=1e-4)
    nearest = ndimage.affine_transform(truth, matrix, offset, order=0, mode="nearest")
    seen = classes != 255
    assert 0.2 < seen.mean() < 1
    assert (classes[seen] == nearest[seen]).mean() > 0.999
    assert set(np.unique(classes)) == {0, 1, 2, 3, 255}


def test_what_leaves_the_frame_is_ignored():
    """Of a cube turned by 45 degrees a known share stays in the frame."""
    side = 41
    _, classes = warped(*(np.ones((side,) * 3, kind) for kind in ("f4", "u1")), rotations={"x": 45})
    octagon = 2 * np.sqrt(2) - 2  # share of a square that its turned copy covers
    assert (classes == 1).mean() == pytest.approx(octagon, abs=0.02)
    assert set(np.unique(classes)) == {1, 255}


def test_in_its_plane_it_is_what_move_does():
    image, truth = crop((3, 12, 10))
    how = {"shift": (1.0, -2.0), "zoom": 1.1}
    grey, classes = warped(image, truth, rotations={"z": 25.0}, shears={"z": -15.0}, **how)
    flat = move(tf.constant(image), tf.constant(truth), rotation=25.0, shear=-15.0, **how)
    np.testing.assert_allclose(grey, flat[0], atol=1e-4)
    np.testing.assert_array_equal(classes, flat[1])


def test_angles_are_those_in_the_sample():
    """A disc in µm, twice as many voxels wide as high, is one after a turn too."""
    z, y, x = np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in (31, 31, 61)), indexing="ij")
    ball = (z**2 + y**2 + (x / 2) ** 2 < 12**2).astype("u1")
    how = {"rotations": {"z": 30.0, "y": 45.0}, "spacing": (2.0, 2.0, 1.0)}
    _, classes = warped(ball.astype("f4"), ball, **how)
    assert (classes[ball == 1] == 1).mean() > 0.97
    assert np.count_nonzero(classes == 1) == pytest.approx(np.count_nonzero(ball), rel=0.01)
