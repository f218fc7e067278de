from math import sqrt

import numpy as np
import pytest

from tomoseg_tf.evaluation import boundary_scores, boundary_table, boundary_voxels


def ball(radius, side=44):
    grid = np.indices((side,) * 3) - (side - 1) / 2
    return (np.sqrt((grid**2).sum(axis=0)) <= radius).astype(np.uint8)


@pytest.fixture
def square():
    """Two slices with the same square of 40 x 40 voxels, which has 156 on its boundary."""
    truth = np.zeros((2, 70, 60), np.uint8)
    truth[:, 15:55, 8:48] = 1
    return truth


@pytest.mark.parametrize(
    ("shift", "bf1", "bde", "hd95"), [(0, 1, 0, 0), (2, 1, 1, 2), (6, 84 / 156, 3, 6)]
)
@pytest.mark.parametrize("axis", [1, 2])
def test_shifted_square(square, shift, bf1, bde, hd95, axis):
    one = boundary_scores(square, np.roll(square, shift, axis=axis)).classes[1]
    assert (one.bf1, one.bde, one.assd, one.hd95) == pytest.approx((bf1, bde, bde, hd95))
    assert (one.slices, one.one_sided) == (2, 0)


def test_distance_of_exactly_the_tolerance_is_a_hit(square):
    """Of the square shifted by six, whose farthest voxels are six away; the same in µm."""
    pair = square, np.roll(square, 6, axis=2)
    below, exact = (
        boundary_scores(*pair, tolerance=tolerance, spacing=(1, 0.65, 0.65)).classes[1]
        for tolerance in (5.99, 6)
    )
    assert below.bf1 == below.bf1_um < 1
    assert exact.bf1 == exact.bf1_um == 1


@pytest.mark.parametrize("inner", [8, 11.5])
def test_concentric_balls(inner):
    """Each boundary is within a voxel of its sphere, so the distances are of their radii's gap."""
    truth, segmentation = ball(inner), ball(inner + 6)
    one = boundary_scores(truth, segmentation, boundary="volume").classes[1]
    assert one.bde == pytest.approx(6, abs=0.3)
    assert one.assd == pytest.approx(6, abs=0.3)
    assert one.hd95 == pytest.approx(6, abs=0.8)
    assert one.bf1 == 0
    wide = boundary_scores(truth, segmentation, boundary="volume", tolerance=7).classes[1]
    assert wide.bf1 == 1


def test_concentric_cubes():
    """From a cube's shell out every distance is the gap; back, edges and corners are farther."""
    truth, segmentation = np.zeros((2, 20, 20, 20), np.uint8)
    truth[5:15, 5:15, 5:15] = 1
    segmentation[3:17, 3:17, 3:17] = 1
    one = boundary_scores(truth, segmentation, boundary="volume").classes[1]
    faces = [2.0] * 6 * 10**2
    edges = [sqrt(8), sqrt(5), sqrt(5)] * 12 * 10
    corners = [sqrt(12), 3, 3, 3, sqrt(6), sqrt(6), sqrt(6)] * 8
    back = faces + edges + corners
    assert len(back) == 14**3 - 12**3
    assert one.bde == pytest.approx((2 + np.mean(back)) / 2)
    assert one.assd == pytest.approx((2 * (10**3 - 8**3) + sum(back)) / (488 + 1016))
    assert one.hd95 == pytest.approx(np.percentile(back, 95))
    assert one.bf1 == 1


def test_spacing_gives_micrometres_along_each_axis():
    """A level that is three slices off, of 2 µm each; within a slice it has no boundary."""
    truth, segmentation = np.zeros((2, 12, 6, 5), np.uint8)
    truth[:5] = 1
    segmentation[:8] = 1
    scores = boundary_scores(truth, segmentation, boundary="volume", spacing=(2, 0.5, 0.5))
    for one in scores.classes:
        assert (one.bf1, one.bde, one.assd, one.hd95) == (1, 3, 3, 3)
        assert (one.bf1_um, one.bde_um, one.assd_um, one.hd95_um) == (0, 6, 6, 6)
    flat = boundary_scores(truth, segmentation, spacing=(2, 0.5, 0.5))
    assert set(flat.class_dicts()[1].values()) == {None}
    assert flat.classes[1].slices == 0


def test_pixels_that_are_not_square(square):
    one = boundary_scores(square, np.roll(square, 2, axis=1), spacing=(7, 3, 1)).classes[1]
    other = boundary_scores(square, np.roll(square, 2, axis=2), spacing=(7, 3, 1)).classes[1]
    assert (one.bde, other.bde) == (1, 1)
    assert other.bde_um == pytest.approx((40 * 2 + 38 * 2 + 2) / 156)
    assert one.bde_um > 2 * other.bde_um


def test_edge_of_the_image_is_no_boundary():
    labels = np.zeros((1, 4, 6), np.uint8)
    labels[:, :, :3] = 1
    assert boundary_voxels(labels).nonzero()[2].tolist() == [2, 3] * 4
    assert not boundary_voxels(np.ones((3, 4, 5), np.uint8)).any()


def test_only_faces_within_the_given_axes_count():
    labels = np.zeros((3, 5, 5), np.uint8)
    labels[1] = 1
    assert boundary_voxels(labels).all()
    assert not boundary_voxels(labels, axes=(1, 2)).any()
    labels[1] = np.eye(5)
    assert not boundary_voxels(labels, axes=(1, 2))[1, 0, 3]


def test_one_slice_is_the_same_in_both_ways(square):
    pair = square[:1], np.roll(square[:1], 3, axis=2)
    flat, deep = (boundary_scores(*pair, boundary=b).class_dicts() for b in ("slice", "volume"))
    assert flat == deep


def test_table_has_a_line_per_class_and_dashes(square):
    scores = boundary_scores(square, square * 0, spacing=(1, 1, 1), num_classes=3)
    text = boundary_table(scores, ("air", "steel", "pore")).splitlines()
    assert text[0].endswith("distances in voxels and µm")
    assert text[4].split() == ["steel", "0.000000", *["-"] * 6, "2", "2"]
    assert text[5].split() == ["pore", *["-"] * 7, "0", "0"]
