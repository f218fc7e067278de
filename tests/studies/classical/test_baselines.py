"""All baselines through their one interface, on volumes whose answer is known."""

import subprocess
import sys

import numpy as np
import pytest

from tomoseg_tf.studies.classical import BASELINES, fit

SMALL = {"random_forest": {"voxels": 3000, "trees": 12}, "svm": {"voxels": 3000, "components": 60}}
GREY_ALONE = ("otsu", "kmeans", "em_mpm")


def fit_small(name, patches, num_classes, **options):
    return fit(name, patches, num_classes, **{**SMALL.get(name, {}), **options})


def stripes(levels, *, width=16, depth=2, deviation=0.05, seed=0):
    """Stripes along y, one per class, of Gaussian grey levels."""
    classes = np.repeat(np.arange(len(levels)), width)
    truth = np.broadcast_to(classes, (depth, 40, len(classes))).astype(np.uint8)
    noise = np.random.default_rng(seed).standard_normal(truth.shape)
    return (np.array(levels)[truth] + deviation * noise).astype(np.float32), truth


@pytest.mark.parametrize("levels", [(0, 1), (0, 1, 2), (1, -1, 0.2, 2)])
@pytest.mark.parametrize("name", GREY_ALONE)
def test_well_separated_gaussians_are_found_exactly_in_any_order(name, levels):
    baseline = fit_small(name, [stripes(levels)], len(levels))
    grey, truth = stripes(levels, seed=1, depth=3)
    segmentation = baseline.predict(grey)
    assert segmentation.dtype == np.uint8
    np.testing.assert_array_equal(segmentation, truth)
    assert baseline.settings["fitted_miou"] == 1


@pytest.mark.parametrize("name", ["svm", "random_forest"])
def test_learned_ones_find_well_separated_gaussians_but_at_the_borders(name):
    baseline = fit_small(name, [stripes((0, 2, 1))], 3)
    grey, truth = stripes((0, 2, 1), seed=1)
    wrong = baseline.predict(grey) != truth
    borders = np.abs(np.arange(48)[:, None] - [15.5, 31.5]).min(axis=1) < 3
    assert not wrong[:, :, ~borders].any()
    assert wrong.mean() < 0.02


def test_the_otsu_threshold_is_that_of_two_equal_halves():
    grey = np.repeat(np.linspace(0, 1, 64, dtype=np.float32), 64).reshape(1, 64, 64)
    settings = fit("otsu", [(grey, (grey > 0.5).astype(np.uint8))], 2, levels=2).settings
    assert settings["thresholds"] == pytest.approx([0.5], abs=0.02)
    assert settings["classes"] == [0, 1]


def test_air_takes_a_grey_level_of_its_own():
    """Air and matrix are one class and two grey levels: more levels than classes are tried."""
    grey, levels = stripes((-3, 0, 1), deviation=0.1)
    truth = (levels == 2).astype(np.uint8)
    for name in GREY_ALONE:
        baseline = fit_small(name, [(grey, truth)], 2)
        np.testing.assert_array_equal(baseline.predict(grey), truth)
        assert sorted(set(baseline.settings["classes"])) == [0, 1]


def test_em_mpm_smooths_the_isolated_noise_that_kmeans_keeps():
    train, test = (stripes((0, 1), deviation=0.45, width=24, seed=seed) for seed in (0, 1))
    wrong = {
        name: np.mean(fit(name, [train], 2, levels=2, **options).predict(test[0]) != test[1])
        for name, options in [("kmeans", {}), ("em_mpm", {"beta": 1.0})]
    }
    assert wrong["kmeans"] > 0.1
    assert wrong["em_mpm"] < 0.2 * wrong["kmeans"]


def test_a_texture_that_only_features_can_tell():
    """Stripes of period 4 and of period 16 have the same grey levels."""
    x = np.arange(128)
    line = np.where(x < 64, (x // 2) % 2, (x // 8) % 2).astype(np.float32)
    grey = np.broadcast_to(line, (1, 64, 128)).copy()
    grey += 0.05 * np.random.default_rng(0).standard_normal(grey.shape).astype(np.float32)
    truth = np.broadcast_to(x >= 64, grey.shape).astype(np.uint8)
    right = {
        name: np.mean(fit_small(name, [(grey, truth)], 2).predict(grey) == truth)
        for name in ("otsu", "kmeans", "svm", "random_forest")
    }
    assert max(right["otsu"], right["kmeans"]) < 0.6
    assert min(right["svm"], right["random_forest"]) > 0.95


@pytest.mark.parametrize("name", BASELINES)
def test_ignored_voxels_have_no_part(name):
    patch, other = stripes((0, 1, 2), deviation=0.3), stripes((5, 9, -7), seed=2)
    ignored = (other[0], np.full_like(other[1], 255))
    plain, more = (fit_small(name, patches, 3) for patches in ([patch], [patch, ignored]))
    assert plain.settings == more.settings
    np.testing.assert_array_equal(plain.predict(patch[0]), more.predict(patch[0]))


@pytest.mark.parametrize("name", GREY_ALONE)
def test_grey_levels_of_ignored_voxels_change_nothing(name):
    grey, truth = stripes((0, 1, 2), deviation=0.2)
    truth = truth.copy()
    truth[:, 10:14] = 255
    spoilt = grey.copy()
    spoilt[:, 10:14] = np.nan
    assert fit(name, [(spoilt, truth)], 3).settings == fit(name, [(grey, truth)], 3).settings


@pytest.mark.parametrize("name", BASELINES)
def test_the_seed_decides_and_a_generator_will_do(name):
    grey, truth = stripes((0, 0.5, 1), deviation=0.4)
    baselines = [
        fit_small(name, (patch for patch in [(grey, truth)]), 3, seed=s) for s in (3, 3, 4)
    ]
    same, again, other = (baseline.predict(grey) for baseline in baselines)
    np.testing.assert_array_equal(same, again)
    np.testing.assert_array_equal(same, baselines[0].predict(grey))
    assert baselines[0].settings == baselines[1].settings
    if name in ("em_mpm", "svm", "random_forest"):
        assert np.any(same != other)


@pytest.mark.parametrize("name", BASELINES)
def test_constant_grey_levels_and_a_single_voxel_are_no_accident(name):
    grey, truth = np.ones((1, 8, 8), np.float32), np.zeros((1, 8, 8), np.uint8)
    truth[0, 0, 0] = 1
    baseline = fit_small(name, [(grey, truth)], 2)
    assert baseline.predict(grey[:, :1, :1]).shape == (1, 1, 1)


def test_what_cannot_be_is_refused():
    grey, truth = stripes((0, 1))
    with pytest.raises(ValueError, match="'forest' is unknown; there are otsu, kmeans"):
        fit("forest", [(grey, truth)], 2)
    with pytest.raises(ValueError, match="option 'tree' is unknown; there are voxels, trees"):
        fit("random_forest", [(grey, truth)], 2, tree=3)
    with pytest.raises(ValueError, match="1 classes; at least 2"):
        fit("otsu", [(grey, truth)], 1)
    with pytest.raises(ValueError, match="patch 0: class 2 in a truth of 2 classes"):
        fit("otsu", [(grey, truth * 2)], 2)
    with pytest.raises(ValueError, match="both must be"):
        fit("otsu", [(grey, truth[0])], 2)
    with pytest.raises(ValueError, match="no voxel to fit on"):
        fit("otsu", [(grey, np.full_like(truth, 255))], 2)
    with pytest.raises(ValueError, match="no voxel to fit on"):
        fit("kmeans", iter([]), 2)
    with pytest.raises(ValueError, match="patch 0: the grey levels hold NaN"):
        fit("otsu", [(grey * np.nan, truth)], 2)
    with pytest.raises(ValueError, match="between 2 and 8"):
        fit("kmeans", [(grey, truth)], 2, levels=9)
    with pytest.raises(ValueError, match="a single class"):
        fit("svm", [(grey, truth * 0)], 2)
    baseline = fit("otsu", [(grey, truth)], 2)
    with pytest.raises(ValueError, match=r"give a volume \(Z, Y, X\)"):
        baseline.predict(grey[0])
    with pytest.raises(ValueError, match="NaN or infinity"):
        baseline.predict(grey * np.inf)


def test_nothing_heavy_is_loaded_before_a_fit():
    program = (
        "import sys; from tomoseg_tf.studies.classical import fit; "
        "print('sklearn' in sys.modules, 'tensorflow' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stdout.splitlines()[-1] == "False False", result.stderr
