import numpy as np
import pytest

from tomoseg_tf.objects import equivalent_radius, measure_objects, sphericity


def ellipsoid(axes, rotation, side):
    """A digitised ellipsoid of given half axes, the first one along the first row."""
    grid = np.stack(np.meshgrid(*[np.arange(side) - side / 2 + 0.5] * 3, indexing="ij"), axis=-1)
    along = grid @ np.asarray(rotation).T / axes
    return ((along**2).sum(axis=-1) <= 1).astype(np.uint8)


def rotation(angle, tilt):
    """First row: the direction (z, y, x) of an angle in the plane of x and y, and a tilt to z."""
    turn = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    lean = np.array([[np.cos(tilt), 0, -np.sin(tilt)], [0, 1, 0], [np.sin(tilt), 0, np.cos(tilt)]])
    return (turn @ lean.T).T


@pytest.mark.parametrize(("angle", "tilt"), [(0, 0), (0.6, 0.3), (-1.1, 1.0), (2.0, -0.4)])
def test_axes_and_direction_of_ellipsoids(angle, tilt):
    frame, half = rotation(angle, tilt), np.array([14.0, 8.0, 5.0])
    found = measure_objects(ellipsoid(half, frame, 34)).columns
    assert found["voxels"][0] == pytest.approx(4 / 3 * np.pi * half.prod(), rel=0.02)
    lengths = [found[f"axis_{name}_voxels"][0] for name in ("long", "middle", "short")]
    np.testing.assert_allclose(lengths, 2 * half, rtol=0.02)  # voxels are boxes: a little more
    assert found["elongation"][0] == pytest.approx(14 / 8, rel=0.02)
    assert found["flatness"][0] == pytest.approx(8 / 5, rel=0.02)
    direction = np.array([found[f"direction_{name}"][0] for name in "zyx"])
    assert abs(direction @ frame[0]) > np.cos(np.deg2rad(1.5))
    assert direction[0] >= 0


def test_direction_is_that_in_space_where_voxels_are_no_cubes():
    """A rod along the diagonal of voxels, which are twice as high as wide."""
    classes = np.zeros((20, 20, 20), np.uint8)
    for i in range(2, 18):
        classes[i, 10, i] = 1
    found = measure_objects(classes, spacing=(2, 1, 1)).columns
    direction = [found[f"direction_{name}"][0] for name in "zyx"]
    np.testing.assert_allclose(direction, np.array([2, 0, 1]) / np.sqrt(5), atol=0.01)


def test_a_box_has_the_axes_of_its_ellipsoid_of_inertia():
    """Half axes of sqrt(5 / 12) of the sides; a voxel has those of a cube, not of a point."""
    found = measure_objects(np.pad(np.ones((2, 3, 4), np.uint8), 1)).columns
    lengths = [found[f"axis_{name}_voxels"][0] for name in ("long", "middle", "short")]
    np.testing.assert_allclose(lengths, 2 * np.sqrt(5 / 12) * np.array([4, 3, 2]))
    assert [found[f"direction_{name}"][0] for name in "zyx"] == pytest.approx([0, 0, 1])


def test_equivalent_radius_and_sphericity_by_hand():
    assert equivalent_radius([4 / 3 * np.pi, 36 * np.pi]).tolist() == pytest.approx([1, 3])
    assert sphericity([4 / 3 * np.pi], [4 * np.pi])[0] == pytest.approx(1)
    with pytest.raises(ValueError, match="both must agree"):
        sphericity([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="must be positive"):
        sphericity([1.0], [0.0])
