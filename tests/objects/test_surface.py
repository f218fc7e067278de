import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.measure import label, marching_cubes, mesh_surface_area

from tomoseg_tf.objects import crofton_area, measure_objects
from tomoseg_tf.objects.surface import _weights

ALL = {"min_voxels": 1, "keep_border": True}


def ball(radius, spacing, rng):
    """A digitised ball with its centre anywhere in a voxel."""
    sides = [int(2 * radius / size) + 6 for size in spacing]
    grids = [
        (np.arange(side) - side / 2 + rng.uniform(-0.5, 0.5)) * size
        for side, size in zip(sides, spacing, strict=True)
    ]
    z, y, x = np.meshgrid(*grids, indexing="ij", sparse=True)
    return (z**2 + y**2 + x**2 <= radius**2).astype(np.uint8)


def mean_of_balls(radius, spacing, names, number=12):
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(number):
        found = measure_objects(ball(radius, spacing, rng), spacing=spacing, **ALL).columns
        rows.append([found[name][0] for name in names])
    return np.mean(rows, axis=0)


@pytest.mark.parametrize(
    ("radius", "spacing", "bias", "tolerance"),
    [
        (2, (1, 1, 1), 0.04, 0.015),
        (3, (1, 1, 1), 0.02, 0.01),
        (5, (1, 1, 1), 0.007, 0.005),
        (12, (1, 1, 1), 0.0, 0.005),
        (12, (2, 1, 1), 0.0, 0.006),
        (12, (3, 1, 1.5), 0.0, 0.01),
    ],
)
def test_crofton_sphericity_of_balls_has_the_stated_bias(radius, spacing, bias, tolerance):
    number = 6 if radius > 5 else 20
    (found,) = mean_of_balls(radius, spacing, ["sphericity_crofton"], number)
    assert found == pytest.approx(1 + bias, abs=tolerance)


def test_surface_by_faces_of_large_balls_is_half_as_large_again():
    area, sphericity = mean_of_balls(16, (1, 1, 1), ["surface_voxels", "sphericity"], 4)
    assert area / (4 * np.pi * 16**2) == pytest.approx(1.5, rel=0.01)
    assert sphericity == pytest.approx(2 / 3, rel=0.005)


def test_weights_are_the_published_ones():
    """Lehmann and Legland (2012) for cubic voxels: 0.0458, 0.0370 and 0.0352 in each direction."""
    shares = np.repeat([0.04577789, 0.03698063, 0.03519564], [3, 3, 1])
    lengths = np.sqrt(np.repeat([1, 2, 3], [3, 3, 1]))
    np.testing.assert_allclose(_weights((1.0, 1.0, 1.0)), 8 * shares / lengths, rtol=1e-6)


def test_eight_voxels_have_the_stated_bias():
    """A line along an axis meets 2 x 2 x 2 voxels in 4 chords, one along diagonals in 3 x 2, 7."""
    found = measure_objects(np.pad(np.ones((2, 2, 2), np.uint8), 2)).columns
    assert found["surface_voxels"][0] == 24
    chords = [[4, 4, 4, 12, 12, 12, 28]]
    assert found["surface_crofton_voxels"][0] == pytest.approx(crofton_area(chords)[0])
    assert 1 / found["sphericity_crofton"][0] == pytest.approx(0.85, abs=0.005)


def test_a_large_cube_by_crofton():
    """Flat faces along the voxels come out 7 % too small, and the edges are blunt."""
    found = measure_objects(np.pad(np.ones((40, 40, 40), np.uint8), 1)).columns
    assert found["sphericity"][0] == pytest.approx((np.pi / 6) ** (1 / 3))
    assert found["surface_crofton_voxels"][0] / 9600 == pytest.approx(0.927, abs=0.02)


def test_objects_that_touch_have_their_whole_surface_each():
    classes = np.zeros((6, 6, 8), np.uint8)
    classes[1:4, 1:4, 1:4], classes[1:4, 1:4, 4:7] = 1, 2
    found = measure_objects(classes).columns
    assert found["surface_voxels"].tolist() == [54, 54]
    assert found["surface_crofton_voxels"][0] == pytest.approx(found["surface_crofton_voxels"][1])


@pytest.mark.parametrize("depth", [1, 2, 50])
def test_objects_are_measured_alike_in_small_pieces(depth, monkeypatch):
    rng = np.random.default_rng(3)
    classes = (ball(9, (1, 1, 1), rng) + ball(9, (1, 1, 1), rng)).astype(np.uint8)
    grey = rng.normal(size=classes.shape)
    whole = measure_objects(classes, volume=grey, depth=depth, **ALL).columns
    monkeypatch.setattr("tomoseg_tf.objects.runs.RUNS", 7)
    monkeypatch.setattr("tomoseg_tf.objects.cells.BLOCK", 50)
    monkeypatch.setattr("tomoseg_tf.objects.cells.BATCH", 20)
    found = measure_objects(classes, volume=grey, depth=depth, **ALL).columns
    for name, column in whole.items():
        np.testing.assert_allclose(column, found[name], rtol=1e-12, err_msg=name)


@pytest.mark.parametrize(("connectivity", "steps"), [(6, 1), (18, 2), (26, 3)])
@pytest.mark.parametrize("sigma", [0, 1])
def test_area_of_the_mesh_is_that_of_marching_cubes_of_each_object(connectivity, steps, sigma):
    """Noise has every ambiguous cell; what skimage makes of one depends on that cell alone."""
    field = np.random.default_rng(0).normal(size=(9, 11, 12))
    field = gaussian_filter(field, sigma)
    high = np.quantile(field, 0.75)
    classes = np.where(field > high, 1, np.where(field < -high, 2, 0)).astype(np.uint8)
    whole, spacing = label(classes, connectivity=steps), (2, 1, 1.5)
    expected = [mesh_area(whole == one, spacing) for one in range(1, whole.max() + 1)]
    for depth in (1, 4, 9):
        settings = {"connectivity": connectivity, "depth": depth, "spacing": spacing}
        found = measure_objects(classes, **settings, **ALL).columns
        np.testing.assert_allclose(found["surface_mesh_um2"], expected, rtol=1e-6)
    np.testing.assert_allclose(
        found["surface_mesh_voxels"][0], mesh_area(whole == 1, (1, 1, 1)), rtol=1e-6
    )


def mesh_area(inside, spacing):
    """Area by scikit-image of one object, with background around it."""
    padded = np.pad(inside, 1).astype(float)
    vertices, faces, _, _ = marching_cubes(padded, 0.5, spacing=spacing)
    return mesh_surface_area(vertices.astype(float), faces)


@pytest.mark.parametrize(
    ("radius", "spacing", "bias"),
    [(2, (1, 1, 1), 0.01), (3, (1, 1, 1), 0.05), (5, (1, 1, 1), 0.075), (12, (1, 1, 1), 0.087)],
)
def test_area_of_the_mesh_of_balls_has_the_stated_bias(radius, spacing, bias):
    (found,) = mean_of_balls(radius, spacing, ["surface_mesh_um2"], 4 if radius > 5 else 20)
    assert found / (4 * np.pi * radius**2) == pytest.approx(1 + bias, abs=0.015)


def test_area_of_the_mesh_of_a_box_is_exact_but_for_its_edges():
    """Its 12 edges are cut at 45 degrees and its 8 corners by triangles of half a voxel."""
    found = measure_objects(np.pad(np.ones((5, 6, 7), np.uint8), 1)).columns
    edges, corner = 4 * (4 + 5 + 6) * np.sqrt(0.5), 8 * np.sqrt(3) / 8
    area = 2 * (4 * 5 + 4 * 6 + 5 * 6) + edges + corner
    assert found["surface_mesh_voxels"][0] == pytest.approx(area, rel=1e-7)
