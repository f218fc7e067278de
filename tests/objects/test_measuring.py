import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.measure import label, regionprops_table

from tomoseg_tf.objects import measure_objects
from tomoseg_tf.volume import create_volume

PROPERTIES = (
    *("area", "centroid", "bbox", "equivalent_diameter_area", "inertia_tensor"),
    *("intensity_mean", "intensity_min", "intensity_max", "intensity_std"),
)
COLUMNS = {
    "voxels": "area",
    "centroid_z": "centroid-0",
    "centroid_y": "centroid-1",
    "centroid_x": "centroid-2",
    "z_start": "bbox-0",
    "y_start": "bbox-1",
    "x_start": "bbox-2",
    "z_stop": "bbox-3",
    "y_stop": "bbox-4",
    "x_stop": "bbox-5",
    "equivalent_diameter_voxels": "equivalent_diameter_area",
    "grey_mean": "intensity_mean",
    "grey_min": "intensity_min",
    "grey_max": "intensity_max",
    "grey_std": "intensity_std",
}
ALL = {"min_voxels": 1, "keep_border": True}


def blobs(shape, seed, level=0.12):
    """Random blobs of two classes, many of which touch each other and the faces."""
    field = gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.2)
    return np.where(field > level, 1, np.where(field < -1.2 * level, 2, 0)).astype(np.uint8)


@pytest.mark.parametrize(("connectivity", "steps"), [(6, 1), (18, 2), (26, 3)])
def test_random_blobs_equal_scikit_image_in_every_slab_size(connectivity, steps):
    classes = blobs((11, 22, 25), connectivity)
    grey = np.random.default_rng(1).integers(0, 60000, classes.shape, dtype=np.uint16)
    whole = label(classes, connectivity=steps)
    expected = regionprops_table(whole, grey, properties=PROPERTIES)
    faces = [faces_of(whole == index) for index in range(1, whole.max() + 1)]
    first = None
    for depth in range(1, 12):
        found = measure_objects(
            classes, volume=grey, connectivity=connectivity, depth=depth, **ALL
        ).columns
        for name, other in COLUMNS.items():
            np.testing.assert_allclose(found[name], expected[other], rtol=1e-9, err_msg=name)
        np.testing.assert_array_equal(found["surface_voxels"], faces)
        first = first or found
        for name, column in found.items():
            np.testing.assert_array_equal(column, first[name], err_msg=f"{name}, {depth} slices")
    assert len(faces) > 30


def faces_of(inside):
    """Number of faces of voxels between an object and all else."""
    padded = np.pad(inside, 1).astype(np.int8)
    return sum(np.count_nonzero(np.diff(padded, axis=axis)) for axis in range(3))


def test_chords_of_every_direction_equal_those_of_the_labelled_volume():
    """With 6 neighbours two parts that touch at an edge may be one object by a way around."""
    classes = np.zeros((6, 5, 4), np.uint8)
    classes[0:5, 1, 1] = classes[0:5, 2, 2] = 1  # touch at edges
    classes[4, 1, 2] = 1  # and are joined by the last slice but one
    classes[5, 3, 3] = 1  # touches a corner
    inside = label(classes, connectivity=1) == 1
    padded = np.pad(inside, 1)
    expected = np.zeros(7)
    from tomoseg_tf.objects.chords import DIRECTIONS, kind_of

    for step in DIRECTIONS:
        before = np.roll(padded, [-side for side in step], axis=(0, 1, 2))
        expected[kind_of(step)] += np.count_nonzero(padded & ~before)
    from tomoseg_tf.objects import crofton_area

    for depth in range(1, 7):
        found = measure_objects(classes, connectivity=6, depth=depth, **ALL).columns
        assert found["voxels"].tolist() == [11, 1]
        assert found["surface_crofton_voxels"][0] == pytest.approx(crofton_area([expected])[0])


@pytest.mark.parametrize("depth", [1, 3, 20])
def test_one_object_that_fills_all(depth):
    found = measure_objects(np.ones((6, 7, 8), np.uint8), keep_border=True, depth=depth).columns
    assert found["voxels"].tolist() == [336]
    assert found["surface_voxels"].tolist() == [2 * (42 + 48 + 56)]
    assert (found["centroid_z"][0], found["z_stop"][0], found["x_stop"][0]) == (2.5, 6, 8)


def test_an_object_that_opens_upwards_is_one_at_the_last_slice():
    """A comb: its teeth are apart in all slices but the last."""
    classes = np.zeros((9, 5, 11), np.uint8)
    classes[1:7, 2, 1:10:2] = 1
    classes[7, 2, 1:10] = 1
    for depth in range(1, 10):
        found = measure_objects(classes, depth=depth)
        assert found.columns["voxels"].tolist() == [39]


def test_no_objects():
    objects = measure_objects(np.zeros((3, 4, 5), np.uint8))
    assert len(objects) == 0
    assert set(map(len, objects.columns.values())) == {0}
    assert measure_objects(np.full((3, 4, 5), 255, np.uint8), palette="classes").columns.keys()


def test_filters_say_what_they_leave_out():
    classes = np.zeros((12, 12, 12), np.uint8)
    classes[1:3, 1:3, 1:3] = 1  # 8 voxels
    classes[6, 6, 6:13] = 1  # 6 voxels, at a face
    classes[9:12, 9:12, 9:12] = 2  # 27 voxels, at a face
    objects = measure_objects(classes)
    assert objects.columns["voxels"].tolist() == [8]
    assert (objects.small, objects.cut) == ({1: 1}, {2: 1})
    assert measure_objects(classes, keep_border=True).columns["class"].tolist() == [1, 2]
    assert len(measure_objects(classes, min_voxels=9)) == 0


def test_mask_and_ignored_voxels_count_in_nothing():
    classes = np.zeros((4, 6, 8), np.uint8)
    classes[1:3, 1:5, 1:7] = 1
    classes[0, 0] = 255
    mask = np.ones(classes.shape, np.uint8)
    mask[:, :, 6:] = 0
    objects = measure_objects(classes, mask=mask)
    assert objects.columns["voxels"].tolist() == [2 * 4 * 5]
    assert objects.blocks.sample.sum() == 4 * 6 * 6 - 6
    assert objects.blocks.classes.sum(axis=0)[:3].tolist() == [0, 40, 0]
    assert np.isnan(objects.columns["edge_weight"]).all()


def test_grey_levels_that_are_floats_far_from_zero_keep_their_spread():
    classes = np.zeros((4, 6, 6), np.uint8)
    classes[1:3, 1:5, 1:5] = 1
    grey = 1e7 + np.random.default_rng(0).normal(size=classes.shape)
    found = measure_objects(classes, volume=grey).columns
    inside = grey[classes == 1]
    assert found["grey_std"][0] == pytest.approx(inside.std(), rel=1e-6)
    assert found["grey_mean"][0] == pytest.approx(inside.mean(), rel=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("depth", [1, None])
def test_a_grey_level_that_is_no_number_is_that_of_its_object_only(bad, depth):
    classes = np.zeros((4, 6, 6), np.uint8)
    classes[1:3, 1:3, 1:4] = 1
    classes[1:3, 4:6, 1:5] = 1
    grey = np.full(classes.shape, 7, np.float32)
    grey[1, 1, 1] = bad
    found = measure_objects(classes, volume=grey, mask="none", keep_border=True, depth=depth)
    table = found.columns
    np.testing.assert_array_equal(table["grey_mean"], [bad, 7])
    np.testing.assert_array_equal(table["grey_min"], [np.minimum(bad, 7), 7])
    np.testing.assert_array_equal(table["grey_max"], [np.maximum(bad, 7), 7])
    np.testing.assert_array_equal(table["grey_std"], [np.nan, 0])


def test_units_follow_the_spacing(tmp_path):
    classes = np.zeros((6, 6, 6), np.uint8)
    classes[1:3, 1:4, 1:5] = 1
    with create_volume(tmp_path / "s.tif", (6, 6, 6), "uint8", spacing=(3, 2, 1)) as writer:
        writer.write(0, classes)
    found = {
        name: column[0] for name, column in measure_objects(tmp_path / "s.tif").columns.items()
    }
    assert found["volume_um3"] == 24 * 6
    assert found["surface_um2"] == 2 * (6 * 6 + 6 * 4 + 6 * 4)
    assert found["surface_voxels"] == 2 * (6 + 8 + 12)
    assert found["centroid_z_um"] == 3 * 1.5
    assert found["axis_long_um"] == pytest.approx(6 * np.sqrt(5 / 3))
    assert found["equivalent_radius_um"] == pytest.approx((3 * 144 / (4 * np.pi)) ** (1 / 3))


def test_inputs_that_do_not_belong_together():
    classes = blobs((4, 5, 6), 0)
    with pytest.raises(ValueError, match=r"has shape \(3, 5, 6\), but its segmentation array has"):
        measure_objects(classes, volume=np.zeros((3, 5, 6)))
    with pytest.raises(ValueError, match="the mask has shape"):
        measure_objects(classes, mask=np.zeros((3, 5, 6)))
    with pytest.raises(ValueError, match="give the volume, too"):
        measure_objects(classes, mask="auto")
    from tomoseg_tf.volume import ArrayVolume

    one, other = ArrayVolume(classes, (1, 1, 1)), ArrayVolume(classes, (1, 1, 2))
    with pytest.raises(ValueError, match=r"spacing \(1.0, 1.0, 1.0\), but array has"):
        measure_objects(one, volume=other)
    assert measure_objects(one, volume=other, spacing=(1, 1, 1)).spacing == (1, 1, 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"connectivity": 8}, "choose 6, 18 or 26"), ({"min_voxels": 0}, "at least 1 voxel")],
)
def test_settings_that_are_none(settings, message):
    with pytest.raises(ValueError, match=message):
        measure_objects(np.zeros((2, 2, 2), np.uint8), **settings)


@pytest.mark.parametrize("values", [np.linspace(0, 1, 60), np.arange(100, 160)])
def test_probabilities_and_labels_are_no_classes(values):
    with pytest.raises(ValueError, match="need a threshold first, nor in labels"):
        measure_objects(values.reshape(3, 4, 5))
