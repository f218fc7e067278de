"""The phantom against the paper's description: Gaudez et al. (2022), Fig. 3 and Table 1."""

import numpy as np
import pytest

from tomoseg_tf.evaluation import best_filtered_window, best_grey_window
from tomoseg_tf.phantom import Micropillar


@pytest.fixture(scope="module")
def pillar():
    return Micropillar((48, 224, 224), seed=11)


@pytest.fixture(scope="module")
def scan(pillar):
    return pillar.slab(0, 48)


@pytest.fixture(scope="module")
def inside(pillar):
    return np.stack([pillar.depth(z) > 0 for z in range(48)])


def test_slabs_do_not_change_the_scan(pillar, scan):
    slabs = list(Micropillar((48, 224, 224), seed=11).slabs(7))
    assert [start for start, _, _ in slabs] == list(range(0, 48, 7))
    np.testing.assert_array_equal(np.concatenate([grey for _, grey, _ in slabs]), scan[0])
    np.testing.assert_array_equal(np.concatenate([truth for _, _, truth in slabs]), scan[1])


def test_another_seed_gives_another_scan(scan):
    other, _ = Micropillar((48, 224, 224), seed=12).slab(0, 1)
    assert np.mean(other != scan[0][:1]) > 0.5


def test_the_corners_hold_the_published_fill(pillar, scan):
    y, x = np.ogrid[:224, :224]
    outside = np.hypot(y - 111.5, x - 111.5) > 112.5
    assert np.all(scan[0][:, outside] == 34)


def test_grey_levels_lie_where_the_histograms_of_the_paper_do(pillar, scan, inside):
    grey = scan[0]
    deep = np.stack([pillar.depth(z) > 8 for z in range(48)])
    low, high = np.percentile(grey[deep], [1, 99])
    assert 115 < low < 140
    assert 205 < high < 235
    y, x = np.ogrid[:224, :224]
    near = np.stack([pillar.depth(z) < -8 for z in range(48)])
    near &= np.hypot(y - 111.5, x - 111.5) < 110
    assert np.percentile(grey[near], 99) < 80
    ring = np.stack([abs(pillar.depth(z) - 2.5) < 1 for z in range(48)])
    assert grey[ring].mean() > grey[deep].mean() + 20


def test_objects_are_dark_rare_and_as_large_as_published(scan, pillar):
    grey, truth = scan
    assert set(np.unique(truth)) == {0, 1}
    assert 0.0015 < truth.mean() < 0.003
    deep = np.stack([pillar.depth(z) > 8 for z in range(48)])
    assert grey[truth == 1].mean() < grey[deep].mean() - 20
    large = Micropillar((256, 512, 512), seed=1).objects.radii
    assert large.mean() == pytest.approx(3.3, abs=0.15)
    assert large.std() == pytest.approx(1.1, abs=0.15)


def test_small_objects_look_brighter_than_large_ones():
    quiet = Micropillar((64, 256, 256), seed=3, noise=0, rings=0, shading=0)
    grey, _ = quiet.slab(0, 64)
    objects = quiet.objects
    within = (objects.centres[:, 0] > 8) & (objects.centres[:, 0] < 56)
    darkest = np.array([grey[tuple(centre.astype(int))] for centre in objects.centres[within]])
    radii = objects.radii[within]
    assert darkest[radii < 2.5].mean() > darkest[radii > 4].mean() + 8


def test_no_grey_window_finds_the_objects_even_after_filters(scan, inside):
    grey, truth = scan
    assert best_grey_window(grey, truth, inside).dice <= 0.35
    filtered = best_filtered_window(
        grey, truth, inside, gaussian_sigmas=(0.5, 1.0, 1.5), median_sizes=(3,)
    )
    assert filtered.dice <= 0.6


def test_without_blur_the_truth_stays_the_same():
    sharp, blurred = (Micropillar((12, 64, 64), seed=3, blur=blur) for blur in (0, 0.9))
    grey, truth = sharp.slab(2, 9)
    assert grey.shape == truth.shape == (7, 64, 64)
    np.testing.assert_array_equal(truth, blurred.slab(2, 9)[1])
    assert np.mean(grey != blurred.slab(2, 9)[0]) > 0.2


def test_a_plane_that_is_too_small_is_refused():
    with pytest.raises(ValueError, match="at least 1,64,64"):
        Micropillar((8, 32, 64))
