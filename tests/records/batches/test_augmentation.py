import itertools

import numpy as np
import pytest

from tomoseg_tf.records.batches.augmentation import Augmentation, augment
from tomoseg_tf.records.batches.geometry import enlarge
from tomoseg_tf.records.schema import tf

NOTHING = {"quarter_turns": (), "flips": False}


def apply(image, truth, number=1, **settings):
    """Change one crop with `number` seeds."""
    augmentation = Augmentation(**settings)

    def change(counter):
        seed = tf.stack([tf.zeros_like(counter), counter])
        return augment(tf.constant(image), tf.constant(truth), augmentation, seed)

    return list(tf.data.Dataset.range(number).map(change).as_numpy_iterator())


@pytest.fixture
def crop():
    """A cube whose image is its truth."""
    truth = np.random.default_rng(0).integers(0, 256, (6, 6, 6)).astype(np.uint8)
    return truth.astype(np.float32), truth


def key(array):
    return array.tobytes()


def symmetries(array, axes_of_turns, flips):
    """All turns, one after the other, and flips of an array, by numpy."""
    planes = {"z": (1, 2), "y": (0, 2), "x": (0, 1)}
    turned = [array]
    for axis in axes_of_turns:
        turned = [np.rot90(a, k, planes[axis]) for a in turned for k in range(4)]
    chosen = [c for n in range(4) for c in itertools.combinations(range(3), n)] if flips else [()]
    return {key(np.ascontiguousarray(np.flip(a, axes))) for a in turned for axes in chosen}


@pytest.mark.parametrize(
    ("axes", "flips", "number"), [(("z",), False, 4), ((), True, 8), (("z",), True, 16)]
)
def test_turns_and_flips_are_exactly_those_of_the_group(crop, axes, flips, number):
    seen = set()
    for image, truth in apply(*crop, 150, quarter_turns=axes, flips=flips):
        np.testing.assert_array_equal(image, truth)
        seen.add(key(truth))
    assert seen == symmetries(crop[1], axes, flips)
    assert len(seen) == number


def test_all_turns_keep_the_handedness(crop):
    """Turns about three axes without flips give the 24 proper rotations, no mirror image."""
    seen = {key(t) for _, t in apply(*crop, 400, quarter_turns=("z", "y", "x"), flips=False)}
    assert seen == symmetries(crop[1], ("z", "y", "x"), False)
    assert len(seen) == 24


def test_planes_of_unequal_sides_are_not_turned():
    truth = np.arange(4 * 6 * 6, dtype=np.uint8).reshape(4, 6, 6)
    image = truth.astype(np.float32)
    seen = set()
    for changed, classes in apply(image, truth, 60, quarter_turns=("z", "y", "x"), flips=False):
        np.testing.assert_array_equal(changed, classes)
        seen.add(key(classes))
    assert seen == symmetries(truth, ("z",), False)


def test_enlarging_a_ramp_about_its_middle_is_exact():
    """Linear interpolation keeps a linear function: f(m + (i - m) / s)."""
    z, y, x = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in (5, 8, 9)), indexing="ij")
    image, truth = z + 10 * y + 100 * x, np.zeros((5, 8, 9), np.uint8)
    scaled, _ = enlarge(tf.constant(image), tf.constant(truth), tf.constant(1.7))
    middle = 2 + 10 * 3.5 + 100 * 4
    np.testing.assert_allclose(scaled, middle + (image - middle) / 1.7, rtol=1e-5)


def test_enlarging_by_two_and_by_one():
    truth = np.zeros((8, 8, 8), np.uint8)
    truth[2:6, 3:5, 3:5] = 1
    truth[0] = 255
    image = truth.astype(np.float32)
    _, doubled = enlarge(tf.constant(image), tf.constant(truth), tf.constant(2.0))
    expected = np.zeros_like(truth)
    expected[:, 2:6, 2:6] = 1
    np.testing.assert_array_equal(doubled, expected)
    same = enlarge(tf.constant(image), tf.constant(truth), tf.constant(1.0))
    np.testing.assert_array_equal(same[0], image)
    np.testing.assert_array_equal(same[1], truth)


def test_enlarging_moves_image_and_truth_alike():
    """Halfway between two voxels the interpolated image is 1/2: there the truth changes."""
    truth = np.zeros((16, 16, 16), np.uint8)
    truth[5:9, 6:12, 4:11] = 1
    for image, classes in apply(truth.astype(np.float32), truth, 20, upscale=(1.0, 2.0), **NOTHING):
        sure = (image == 0) | (image == 1)
        np.testing.assert_array_equal(image[sure], classes[sure])
        assert classes.sum() >= truth.sum()


def test_ignored_voxels_stay_ignored_and_no_class_is_made_up(crop):
    truth = np.where(crop[1] > 200, 255, crop[1] % 2).astype(np.uint8)
    settings = {"upscale": (1.0, 1.5), "brightness": 0.5, "noise": 0.5, "contrast": (0.5, 2.0)}
    for _, classes in apply(crop[0], truth, 20, **settings):
        assert set(np.unique(classes)) <= {0, 1, 255}
    turned = apply(crop[0], truth, 5)
    assert all((t == 255).sum() == (truth == 255).sum() for _, t in turned)


def test_grey_changes_leave_the_truth_alone(crop):
    """Brightness adds one number, contrast spreads about the mean, both within their limits."""
    image, truth = crop
    mean, std = image.mean(), image.std()
    shifts, factors, noises = [], [], []
    for changed, classes in apply(image, truth, 100, brightness=3.0, **NOTHING):
        np.testing.assert_allclose(changed - image, (changed - image).mean(), atol=1e-4)
        np.testing.assert_array_equal(classes, truth)
        shifts.append((changed - image).mean())
    for changed, _ in apply(image, truth, 100, contrast=(0.8, 1.25), **NOTHING):
        assert changed.mean() == pytest.approx(mean, abs=1e-3)
        factors.append(changed.std() / std)
        np.testing.assert_allclose(changed - mean, (image - mean) * factors[-1], atol=1e-3)
    for changed, _ in apply(image, truth, 100, noise=2.0, **NOTHING):
        noises.append((changed - image).std())
    assert -3 <= min(shifts) < -2
    assert 2 < max(shifts) <= 3
    assert 0.8 <= min(factors) < 0.85
    assert 1.2 < max(factors) <= 1.2501
    assert min(noises) < 0.3
    assert 1.5 < max(noises) < 2.4


def test_moves_stay_within_their_limits():
    """A bright voxel in the middle of zeros is found where shift, zoom and rotation put it."""
    truth = np.zeros((1, 41, 41), np.uint8)
    truth[0, 20, 20] = 1
    image = truth.astype(np.float32)
    places = []
    for _, classes in apply(image, truth, 100, shift=0.25, **NOTHING):
        places += [place - 20 for place in np.argwhere(classes[0] == 1)]
        lost = np.count_nonzero(classes == 255)
        assert lost <= 41**2 - 31**2
    places = np.abs(places)
    assert places.max(axis=0).min() >= 9
    assert places.max() <= 10
    for _, classes in apply(image, truth, 20, zoom=(0.5, 2.0), rotation=180.0, **NOTHING):
        assert classes[0, 20, 20] == 1


def test_moves_keep_the_random_numbers_of_the_rest(crop):
    """Noise and turns are the same with and without a rotation that is next to nothing."""
    settings = {"noise": 1.0, "brightness": 1.0}
    plain = apply(*crop, 3, **settings)
    moved = apply(*crop, 3, rotation=1e-9, **settings)
    for (image, truth), (other, classes) in zip(plain, moved, strict=True):
        np.testing.assert_allclose(image, other, atol=1e-3)
        np.testing.assert_array_equal(truth, classes)


NO_TRUTH = np.zeros((15, 15, 15), np.uint8)
TOMOGRAM = {"blur": 1.0, "cupping": 1.0, "rings": 1.0, "streaks": 1.0, "poisson": 0.3}


def test_new_changes_keep_the_random_numbers_of_the_old_ones(crop):
    """Next to nothing of each leaves shift, zoom, turns, flips and noise as they were."""
    settings = {"shift": 0.2, "zoom": (0.8, 1.2), "rotation": 30.0, "noise": 1.0}
    plain = apply(*crop, 3, **settings)
    little = apply(*crop, 3, **settings, shear=1e-9, **dict.fromkeys(TOMOGRAM, 1e-9))
    for (image, truth), (other, classes) in zip(plain, little, strict=True):
        np.testing.assert_allclose(image, other, atol=1e-2)
        np.testing.assert_array_equal(truth, classes)


def test_faults_and_noise_leave_the_truth_alone(crop):
    image, truth = crop
    for changed, classes in apply(image, truth, 5, **TOMOGRAM, **NOTHING):
        np.testing.assert_array_equal(classes, truth)
        assert np.isfinite(changed).all()
        assert np.abs(changed - image).max() > 0.1


@pytest.mark.parametrize("axes", [("z",), ("y",), ("x",), ("z", "y", "x")])
def test_rotations_stay_within_their_limit_about_each_axis(axes):
    """Grey values are the places along x, then y: their gradient is a column of the rotation."""
    places = np.meshgrid(*[np.arange(15.0) - 7] * 3, indexing="ij")
    middle, columns = np.s_[5:10, 5:10, 5:10], []
    settings = {"rotation": 45.0, "axes": axes, **NOTHING}
    for place in places:
        images = [each for each, _ in apply(place.astype("f4"), NO_TRUTH, 30, **settings)]
        columns.append([[part[middle].mean() for part in np.gradient(each)] for each in images])
    matrices = np.array(columns).transpose(1, 0, 2)
    np.testing.assert_allclose(np.linalg.det(matrices), 1, atol=1e-3)
    angles = np.degrees(np.arccos((np.trace(matrices, axis1=1, axis2=2) - 1) / 2))
    if len(axes) == 1:
        still = "zyx".index(axes[0])
        np.testing.assert_allclose(matrices[:, still, still], 1, atol=1e-4)
        assert angles.max() <= 45.1
    assert angles.max() > 35
    assert angles.min() < 15 * len(axes)


def test_shallow_crops_are_not_tilted(crop):
    """Slices of a crop of 4 x 18 x 18 stay slices; one of 4 x 16 x 16 is deep enough."""
    z = np.broadcast_to(np.arange(4.0, dtype="f4")[:, None, None], (4, 18, 18))
    settings = {"rotation": 45.0, "shear": 30.0, "axes": ("z", "y", "x"), **NOTHING}
    shallow = apply(z, np.zeros(z.shape, "u1"), 5, **settings)
    assert all(np.allclose(image, z) for image, _ in shallow)
    z = np.ascontiguousarray(z[:, :16, :16])
    assert not np.allclose(apply(z, np.zeros(z.shape, "u1"), 1, **settings)[0][0], z)


def test_enlarging_and_rotating_interpolate_once():
    """A ball stays one and a linear ramp linear; each voxel is a mean of at most eight."""
    z, y, x = np.mgrid[-10:11, -10:11, -10:11]
    ball = (z**2 + y**2 + x**2 < 5**2).astype("u1")
    settings = {"upscale": (1.5, 1.5), "rotation": 45.0, "axes": ("z", "y", "x"), **NOTHING}
    for image, truth in apply(ball.astype("f4"), ball, 5, **settings):
        assert np.count_nonzero(truth == 1) == pytest.approx(1.5**3 * ball.sum(), rel=0.05)
        assert (image[np.sqrt(z**2 + y**2 + x**2) < 4] == 1).all()
        assert (truth == 255).sum() == 0 or (np.abs([z, y, x]).max(0)[truth == 255] > 5).all()


def test_equal_seeds_give_equal_changes(crop):
    settings = {"shift": 0.2, "zoom": (0.8, 1.2), "rotation": 30.0, "shear": 10.0, **TOMOGRAM}
    settings |= {"axes": ("z", "y", "x")}
    settings |= {"upscale": (1.0, 1.5), "noise": 1.0, "brightness": 1.0, "contrast": (0.5, 1.5)}
    first, second = (apply(*crop, 3, **settings) for _ in range(2))
    np.testing.assert_array_equal([r[0] for r in first], [r[0] for r in second])
    assert not np.array_equal(first[0][0], first[1][0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"upscale": (0.5, 2.0)}, r"upscale \(0.5, 2.0\) must be two factors, .* of 1 or more"),
        ({"upscale": 2.0}, "upscale 2.0 must be two factors"),
        ({"zoom": (0.0, 2.0)}, r"zoom \(0.0, 2.0\) must be two factors, .* of 0.1 or more"),
        ({"shear": 61.0}, "shear 61.0 must be a number of 0 to 60"),
        ({"poisson": 0.6}, "poisson 0.6 must be a number of 0 to 0.5"),
        ({"rings": -1}, "rings -1 must be a number of 0 or more"),
        ({"axes": "zyx"}, "axes 'zyx' must be a list of axes out of z, y, x"),
        ({"shift": 1.0}, "shift 1.0 must be a number of 0 to 0.9"),
        ({"rotation": 270}, "rotation 270 must be a number of 0 to 180"),
        ({"contrast": (1.5, 0.5)}, "contrast .* the smallest and the largest"),
        ({"quarter_turns": ("w",)}, "quarter_turns .* must be a list of axes out of z, y, x"),
        ({"quarter_turns": "z"}, "quarter_turns 'z' must be a list"),
        ({"flips": 3}, "flips 3 must be true or false"),
        ({"noise": -1.0}, "noise -1.0 must be a number of 0 or more"),
        ({"brightness": "much"}, "brightness 'much' must be a number"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Augmentation(**settings)
