import numpy as np
import pytest
from scipy import ndimage

from tomoseg_tf.evaluation import (
    best_filtered_window,
    best_grey_window,
    best_window,
    grey_histograms,
)


def every_window(histograms):
    """Dice of every window, by trying them all."""
    background, objects = histograms
    total = objects.sum()
    dice = {}
    for low in range(len(objects)):
        for high in range(low, len(objects)):
            inside = objects[low : high + 1].sum()
            taken = inside + background[low : high + 1].sum()
            dice[low, high] = 2 * inside / (taken + total)
    return dice


@pytest.mark.parametrize("seed", range(20))
def test_best_window_equals_the_best_of_all_windows(seed):
    rng = np.random.default_rng(seed)
    histograms = rng.integers(0, 10 ** rng.integers(1, 9), (2, 40))
    histograms[1] //= rng.integers(1, 100)
    dice = every_window(histograms)
    best = best_window(histograms)
    assert best.dice == max(dice.values())
    assert best.dice == dice[best.low, best.high]


def test_separated_greys_reach_dice_one_with_the_narrowest_window():
    volume = np.full((3, 4, 5), 200, np.uint8)
    truth = np.zeros((3, 4, 5), np.uint8)
    truth[1, 1:3, 1:3] = 1
    volume[1, 1:3, 1:3] = [[90, 91], [92, 95]]
    assert best_grey_window(volume, truth) == (90, 95, 1.0)


def test_window_is_two_sided():
    """Objects at 100 between backgrounds at 50 and 150: no single threshold tells them apart."""
    volume = np.array([[[50] * 10 + [100] * 5 + [150] * 10]], np.uint8)
    assert best_grey_window(volume, volume == 100) == (100, 100, 1.0)


def test_one_grey_level_gives_the_dice_of_taking_everything():
    truth = np.zeros((2, 5, 10), np.uint8)
    truth[0, 0] = 1  # 10 of 100 voxels: Dice 2 * 10 / (100 + 10)
    assert best_grey_window(np.full(truth.shape, 7, np.uint8), truth).dice == 20 / 110


def test_ignored_and_masked_voxels_do_not_count():
    volume = np.array([[[10, 10, 20, 20, 20]]], np.uint8)
    truth = np.array([[[1, 255, 0, 0, 1]]], np.uint8)
    mask = np.array([[[True, True, True, True, False]]])
    histograms = grey_histograms(volume, truth, mask)
    assert histograms[:, [10, 20]].tolist() == [[0, 2], [1, 0]]
    assert histograms.sum() == 3
    assert best_grey_window(volume, truth, mask) == (10, 10, 1.0)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", ">u2"])
def test_histograms_of_slabs_add_up_to_those_of_the_volume(dtype):
    rng = np.random.default_rng(0)
    volume = rng.integers(0, 256, (7, 8, 9)).astype(dtype)
    truth = rng.integers(0, 3, volume.shape).astype("uint8")
    parts = grey_histograms(volume[:2], truth[:2]) + grey_histograms(volume[2:], truth[2:])
    whole = grey_histograms(volume, truth)
    np.testing.assert_array_equal(parts, whole)
    expected = np.bincount(volume[truth == 0], minlength=whole.shape[1])
    np.testing.assert_array_equal(whole[0], expected)


def test_filtering_beats_the_raw_window_on_a_noisy_ball():
    shape = (24, 24, 24)
    truth = ((np.indices(shape) - 11.5) ** 2).sum(0) < 6**2
    noise = np.random.default_rng(0).normal(0, 40, shape)
    volume = np.clip(150 - 50 * truth + noise, 0, 255).astype(np.uint8)
    raw = best_grey_window(volume, truth)
    best = best_filtered_window(volume, truth, gaussian_sigmas=(1.0, 2.0), median_sizes=(3,))
    assert best.filter in ("gaussian", "median")
    assert best.dice > raw.dice + 0.2


def test_filtered_window_reaches_its_dice_when_applied():
    rng = np.random.default_rng(1)
    truth = rng.random((10, 12, 14)) < 0.1
    volume = np.where(truth, 90, 140).astype(np.uint8) + rng.integers(0, 30, truth.shape, np.uint8)
    best = best_filtered_window(volume, truth, gaussian_sigmas=(0.6,), median_sizes=())
    smooth = ndimage.gaussian_filter(volume.astype(np.float32), best.size) if best.size else volume
    tolerance = 0.5 / 256
    found = (smooth >= best.low - tolerance) & (smooth <= best.high + tolerance)
    dice = 2 * (found & truth).sum() / (found.sum() + truth.sum())
    assert dice == pytest.approx(best.dice, abs=1e-6)


def test_unfiltered_volume_takes_part():
    """Lone object voxels are smeared by any filter."""
    truth = np.zeros((9, 9, 9), np.uint8)
    truth[::4, ::4, ::4] = 1
    best = best_filtered_window(200 - 100 * truth, truth)
    assert best == ("none", 0, 100, 100, 1.0)


@pytest.mark.parametrize(
    ("volume", "truth", "mask", "message"),
    [
        (np.zeros((2, 2, 2), "float32"), np.ones((2, 2, 2), int), None, "float32 volume"),
        (np.zeros((2, 2, 2), "uint8"), np.zeros((2, 2, 2), int), None, "no object voxel"),
        (
            np.zeros((2, 2, 2), "uint8"),
            np.ones((2, 2, 3), int),
            None,
            r"truth has shape \(2, 2, 3\)",
        ),
        (np.zeros((2, 2, 2), "uint8"), np.ones((2, 2, 2), int), np.ones((2, 2)), "mask has shape"),
    ],
)
def test_unusable_input_is_refused(volume, truth, mask, message):
    with pytest.raises(ValueError, match=message):
        best_grey_window(volume, truth, mask)


def test_filters_are_for_8_bit_volumes():
    with pytest.raises(ValueError, match="uint16 volume: convert it to uint8"):
        best_filtered_window(np.zeros((2, 2, 2), "uint16"), np.ones((2, 2, 2), int))
