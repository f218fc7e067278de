"""The phantom against the paper's description: Torbati-Sarraf et al. (2021), Figs. 1, 7 to 9."""

import dataclasses

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import label, regionprops

from tomoseg_tf.evaluation import best_window
from tomoseg_tf.phantom import AA7075
from tomoseg_tf.phantom.bodies import Bodies
from tomoseg_tf.phantom.particles import draw_particles, rolling_direction

QUIET = {"noise": 0, "rings": 0, "shading": 0}


@pytest.fixture(scope="module")
def pillar():
    return AA7075((48, 224, 224), seed=5)


@pytest.fixture(scope="module")
def scan(pillar):
    return pillar.slab(0, 48)


def with_particles(phantom, bodies):
    """Make a phantom show other particles than its own."""
    vars(phantom)["particles"] = bodies
    return phantom


def one_body(*, centre, axes, fading=0.0, level=0.8):
    return Bodies(
        centres=np.array([centre], float),
        axes=np.array([axes], float),
        rotations=np.eye(3)[None],
        lobes=np.zeros((1, 1, 4)),
        classes=np.array([2], np.uint8),
        levels=np.array([level]),
        fading=np.array([fading]),
    )


def window_iou(grey, wanted):
    """IoU of the best two-sided window, on grey levels cut into steps of 0.002."""
    levels = np.clip(500 * (grey + 2), 0, 4000).astype(int)
    counts = [np.bincount(levels[part], minlength=4001) for part in (~wanted, wanted)]
    found = best_window(counts).dice
    return found / (2 - found)


def test_slabs_do_not_change_the_scan(scan):
    slabs = list(AA7075((48, 224, 224), seed=5).slabs(11))
    assert [start for start, _, _ in slabs] == list(range(0, 48, 11))
    np.testing.assert_array_equal(np.concatenate([grey for _, grey, _ in slabs]), scan[0])
    np.testing.assert_array_equal(np.concatenate([truth for _, _, truth in slabs]), scan[1])
    assert scan[0].dtype == np.float32
    assert scan[1].dtype == np.uint8


def test_another_seed_gives_other_particles_and_other_noise(scan):
    grey, truth = AA7075((48, 224, 224), seed=6).slab(0, 1)
    assert np.mean(grey != scan[0][:1]) > 0.99
    assert np.mean(truth != scan[1][:1]) > 0.02


@pytest.mark.parametrize("seed", range(4))
def test_background_is_more_than_nine_tenths_and_both_kinds_are_there(seed):
    _, truth = AA7075((32, 192, 192), seed=seed, **QUIET).slab(0, 32)
    background, inclusions, precipitates = np.bincount(truth.ravel()) / truth.size
    assert background > 0.9
    assert 0.012 < inclusions < 0.05
    assert 0.012 < precipitates < 0.04


def test_no_grey_window_finds_either_kind_even_after_a_filter(scan):
    grey, truth = scan
    smooth = ndimage.gaussian_filter(grey, 1.2)
    for kind in (1, 2):
        assert 0.2 < window_iou(grey, truth == kind) < 0.5
        assert window_iou(smooth, truth == kind) < 0.55
    particles = truth > 0
    assert window_iou(smooth[particles], truth[particles] == 2) < 0.65


def test_grey_levels_are_those_of_the_phases(pillar, scan):
    grey, truth = scan
    depth = np.stack([pillar.depth(z) for z in range(48)])
    means = [grey[depth < -12].mean(), grey[(depth > 12) & (truth == 0)].mean()]
    means += [grey[truth == kind].mean() for kind in (1, 2)]
    assert means == pytest.approx([0, 1, 1.6, 1.85], abs=0.12)
    assert not truth[depth <= 0].any()


def test_inclusions_are_long_bodies_in_rows_along_the_rolling_direction(pillar):
    kinds = pillar.particles.classes
    shares = {"axis": (112, 112), "pillar_radius": 100, "shares": (0.05, 0.001)}
    bodies = draw_particles(5, (64, 224, 224), contrasts=(0.6, 0.8), **shares)
    stringers = bodies.take(np.flatnonzero(bodies.axes[:, 0] / bodies.axes[:, 1] > 1.7))
    along = abs(stringers.rotations[:, :, 0] @ rolling_direction(5))
    assert len(stringers) > 50
    assert np.mean(along > 0.9) > 0.9
    steps = np.diff(bodies.take(bodies.classes == 1).centres, axis=0)
    steps = steps[np.linalg.norm(steps, axis=1) < 45]  # from one to the next of its row
    assert np.median(abs(steps @ rolling_direction(5)) / np.linalg.norm(steps, axis=1)) > 0.9
    assert set(kinds) == {1, 2}


def test_inclusions_are_more_elongated_than_precipitates_by_their_moments(scan):
    elongation = {1: [], 2: []}
    for kind, found in elongation.items():
        for region in regionprops(label(scan[1] == kind)):
            if region.area > 300 and region.bbox[0] > 0 and region.bbox[3] < 48:
                spread = np.linalg.eigvalsh(np.cov(region.coords.T))
                found.append(np.sqrt(spread[2] / spread[1]))
    assert np.median(elongation[1]) > 1.8
    assert np.median(elongation[1]) > np.median(elongation[2]) + 0.3


def test_precipitates_come_in_several_sizes_rounded_and_as_plates(pillar):
    bodies = pillar.particles
    bodies = bodies.take((bodies.classes == 2) & (bodies.fading > 0))
    radii = bodies.axes.prod(axis=1) ** (1 / 3)
    assert radii.max() > 2 * np.median(radii) > 4 * radii.min()
    flatness = bodies.axes.min(axis=1) / bodies.axes.max(axis=1)
    assert 0.2 < np.mean(flatness < 0.45) < 0.5
    assert np.mean(flatness > 0.6) > 0.4


def test_composites_have_a_rim_of_one_kind_around_a_core_of_the_other(pillar):
    bodies = pillar.particles
    same = np.all(bodies.centres[1:] == bodies.centres[:-1], axis=1)
    rims = np.flatnonzero(same)
    kinds = {(int(bodies.classes[i]), int(bodies.classes[i + 1])) for i in rims}
    assert kinds == {(1, 2), (2, 1)}
    layers = bodies.axes[rims] - bodies.axes[rims + 1]
    assert np.all((layers > 1.7) & (layers < 3.1))
    _, truth = AA7075((48, 224, 224), seed=5, **QUIET).slab(0, 48)
    core = ndimage.binary_fill_holes(truth[24] == 1) & (truth[24] == 2)
    assert core.sum() > 20


def test_a_particle_has_a_bright_fringe_inside_and_a_dark_one_outside():
    body = one_body(centre=(4, 80, 80), axes=(40, 16, 16))
    line = {}
    for fringes in (0, 0.7):
        phantom = AA7075((8, 160, 160), seed=1, fringes=fringes, **QUIET)
        vars(phantom)["_texture"] = phantom._shading
        phantom._texture.lattice[:] = 0
        line[fringes] = with_particles(phantom, body).slab(3, 4)[0][0, 79, 80:120]
    plain, fringed = line[0], line[0.7]
    assert plain[0] == pytest.approx(1.8, abs=0.02)
    assert plain[30] == pytest.approx(1, abs=1e-5)
    assert plain.max() < 1.81
    assert plain.min() > 0.999
    assert fringed[11:16].max() > plain[0] + 0.08
    assert fringed[16:22].min() < 1 - 0.08
    assert fringed[30] == pytest.approx(1, abs=1e-3)
    assert np.argmax(fringed) < 16 < np.argmin(fringed)


def test_the_pillar_has_a_bright_edge():
    phantom = AA7075((1, 160, 160), seed=1, inclusions=1e-9, precipitates=1e-9, **QUIET)
    grey = with_particles(phantom, phantom.particles.take(slice(0))).slab(0, 1)[0][0]
    depth = phantom.depth(0)
    assert grey[(depth > 1) & (depth < 2)].mean() > grey[depth > 20].mean() + 0.08
    assert grey[(depth < -1) & (depth > -2)].mean() < -0.08


def test_a_thin_precipitate_darkens_in_z_until_it_looks_like_an_inclusion():
    profile = {}
    for fading in (0, 0.6):
        body = one_body(centre=(20.5, 80, 80), axes=(8, 16, 16), fading=fading, level=0.85)
        phantom = with_particles(AA7075((41, 160, 160), seed=1, **QUIET), body)
        profile[fading] = phantom.slab(14, 27)[0][:, 74:87, 74:87].mean(axis=(1, 2))
    assert profile[0.6][6] > 1.78
    assert profile[0][0] > 1.8
    assert profile[0.6][[0, 12]] == pytest.approx(1.6, abs=0.1)  # as an inclusion
    drawn = AA7075((48, 224, 224), seed=5).particles
    thin = drawn.take((drawn.classes == 2) & (drawn.axes.min(axis=1) < 4) & (drawn.fading > 0))
    assert np.mean(thin.fading >= 0.35) > 0.85  # not the cores of composites


def test_rings_noise_and_shading_are_there(scan):
    for name in ("noise", "rings", "shading"):
        without = dataclasses.replace(AA7075((48, 224, 224), seed=5), **{name: 0}).slab(20, 21)[0]
        difference = scan[0][20] - without[0]
        assert difference.std() > 0.02, name
    assert ndimage.gaussian_filter(difference, 8).std() > 0.8 * difference.std()  # smooth shading


@pytest.mark.parametrize("shape", [(1, 64, 64), (3, 64, 130), (2, 97, 65)])
def test_small_and_odd_shapes(shape):
    grey, truth = AA7075(shape, seed=2).slab(0, shape[0])
    assert grey.shape == truth.shape == shape
    assert np.isfinite(grey).all()
    assert truth.max() <= 2


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="at least 1,64,64"):
        AA7075((8, 32, 64))
    with pytest.raises(ValueError, match="0 or more"):
        AA7075((8, 64, 64), seed=-1)
