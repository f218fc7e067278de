"""The phantom against the paper's description: James et al. (2022), sections 2.1 and 3.1."""

import dataclasses
import itertools

import numpy as np
import pytest
import tifffile
from scipy.ndimage import binary_dilation, map_coordinates

from tomoseg_tf.phantom import Dendrites, simulate_scan, write_rough_labels
from tomoseg_tf.phantom.growth import grow, spline_weights

SHAPE = (40, 80, 72)
MODEL = {"latent_heat": 2.0, "anisotropy": 0.05, "noise": 0.0}
CLEAN = {"noise": 0, "rings": 0, "streaks": 0, "shading": 0}


@pytest.fixture(scope="module")
def frames():
    return list(Dendrites(SHAPE, seed=3, crystals=2).series(3))


@pytest.fixture(scope="module")
def scan(frames):
    return frames[-1].slab(0, SHAPE[0])


def altered(phantom, **fields):
    """Take another scan of the same dendrites."""
    other = dataclasses.replace(phantom, **fields)
    vars(other)["state"] = phantom.state
    return other


def test_slabs_do_not_change_the_scan(frames, scan):
    slabs = list(frames[-1].slabs(11))
    np.testing.assert_array_equal(np.concatenate([grey for _, grey, _ in slabs]), scan[0])
    np.testing.assert_array_equal(np.concatenate([truth for _, _, truth in slabs]), scan[1])
    assert scan[0].dtype == scan[1].dtype == np.uint8


def test_a_scan_of_the_series_is_equal_to_the_same_made_by_itself(frames):
    alone = dataclasses.replace(frames[0])
    assert "state" not in vars(alone)
    for made, expected in zip(alone.slab(9, 12), frames[0].slab(9, 12), strict=True):
        np.testing.assert_array_equal(made, expected)
    assert alone.state.steps == frames[0].state.steps


def test_about_four_percent_is_dendrite_and_the_volumes_between_scans_are_equal(frames, scan):
    assert scan[1].mean() == pytest.approx(0.04, rel=0.1)
    solid = [np.mean(frame.state.phase > 0.5) for frame in frames]
    assert solid[2] == pytest.approx(0.04, rel=0.03)
    assert solid[1] - solid[0] == pytest.approx(solid[2] - solid[1], rel=0.15)
    assert [frame.frame for frame in frames] == [0, 1, 2]


def test_each_truth_holds_the_one_before(frames, scan):
    """All of it without fluctuations; with them, thin necks of a few voxels melt again."""
    truths = [frame.slab(0, SHAPE[0])[1] for frame in frames[:2]] + [scan[1]]
    for earlier, later in itertools.pairwise(truths):
        assert np.mean(later[earlier == 1] == 0) < 1e-3
        assert later.sum() > 1.2 * earlier.sum()
    calm = Dendrites((1, 96, 96), seed=3, fluctuations=0).series(3)
    for earlier, later in itertools.pairwise([frame.slab(0, 1)[1] for frame in calm]):
        assert np.all(later[earlier == 1] == 1)
        assert later.sum() > earlier.sum()


def test_truth_is_where_the_interpolated_phase_is_above_a_half(frames, scan):
    places = np.indices(SHAPE).reshape(3, -1) / 2 - 0.25
    phase = frames[-1].state.phase
    exact = map_coordinates(phase, places, order=3, prefilter=False, mode="nearest")
    sure = abs(exact - 0.5) > 1e-5
    np.testing.assert_array_equal(scan[1].ravel()[sure], exact[sure] > 0.5)
    assert sure.mean() > 0.999


def test_without_blur_and_artefacts_the_grey_level_tells_the_truth(frames, scan):
    clean = altered(frames[-1], **CLEAN, blur=0, enrichment=0, liquid=150, solid=50)
    grey, truth = clean.slab(0, SHAPE[0])
    np.testing.assert_array_equal(truth, scan[1])
    np.testing.assert_array_equal(grey[grey != 100] < 100, truth[grey != 100] == 1)
    assert grey.min() == 50
    assert grey.max() == 150


def test_the_solid_is_dark_and_the_liquid_brightest_next_to_it(frames, scan):
    grey, truth = altered(frames[-1], **CLEAN).slab(0, SHAPE[0])
    near = binary_dilation(truth, iterations=6) & ~binary_dilation(truth, iterations=4)
    far = ~binary_dilation(truth, iterations=24)
    assert grey[near].mean() > grey[far].mean() + 4
    assert grey.min() < 103
    assert grey[truth == 1].mean() < grey[far].mean() - 25
    noise = scan[0] - grey.astype(float)
    assert noise.std() > 12
    assert abs(noise.mean()) < 10  # of the shading, which is large in so small a scan


def test_seeds_and_frames():
    first, again, other = (Dendrites((1, 64, 64), seed) for seed in (4, 4, 5))
    for made, expected in zip(again.slab(0, 1), first.slab(0, 1), strict=True):
        np.testing.assert_array_equal(made, expected)
    assert np.mean(other.slab(0, 1)[1] != first.slab(0, 1)[1]) > 0.01
    later = altered(first, frame=1)
    np.testing.assert_array_equal(later.slab(0, 1)[1], first.slab(0, 1)[1])
    assert np.mean(later.slab(0, 1)[0] != first.slab(0, 1)[0]) > 0.8
    rings = {"noise": 0, "streaks": 0}
    np.testing.assert_array_equal(
        altered(first, **rings).slab(0, 1)[0], altered(later, **rings).slab(0, 1)[0]
    )


def test_spline_weights_add_up_to_one_and_keep_straight_lines():
    weights = spline_weights(21, 11, 2)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    places = (np.arange(21) + 0.5) / 2 - 0.5
    np.testing.assert_allclose((weights @ np.arange(11))[4:-4], places[4:-4], atol=1e-5)


def test_rough_labels_are_near_the_truth_but_not_it(frames, scan, tmp_path):
    volume, rough = tmp_path / "scan.tif", tmp_path / "rough.tif"
    simulate_scan(frames[-1], volume, tmp_path / "truth.tif")
    threshold = write_rough_labels(volume, rough)
    labels = tifffile.imread(rough)
    assert 95 < threshold < 125
    overlap = np.sum((labels == 1) & (scan[1] == 1)) / np.sum((labels == 1) | (scan[1] == 1))
    assert 0.6 < overlap < 0.95
    with pytest.raises(ValueError, match="already exists"):
        write_rough_labels(volume, rough)
    tifffile.imwrite(tmp_path / "float.tif", np.zeros((2, 8, 8), np.float32))
    with pytest.raises(ValueError, match="uint8 scans, this is float32"):
        write_rough_labels(tmp_path / "float.tif", tmp_path / "c.tif")


def test_rough_labels_are_dendrites_in_the_first_step_too(frames, tmp_path):
    volume, truth, rough = (tmp_path / name for name in ("scan.tif", "truth.tif", "rough.tif"))
    simulate_scan(frames[0], volume, truth)
    write_rough_labels(volume, rough)
    share, dendrite = tifffile.imread(rough).mean(), tifffile.imread(truth).mean()
    assert dendrite < 0.02
    assert 0.5 * dendrite < share < 2 * dendrite


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"shape": (8, 32, 64)}, "dendrite phantom needs a shape of at least 1,64,64"),
        ({"seed": -1}, "0 or more"),
        ({"fraction": 0.2}, r"at most 0\.1,"),
        ({"fraction": 0.0}, "above 0"),
        ({"grid": 0.5}, "grid must be 1 to"),
        ({"grid": 5}, "grid must be 1 to"),
        ({"crystals": 0}, "crystals must be 1 to 255"),
    ],
)
def test_what_cannot_be_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Dendrites(**{"shape": (8, 64, 64)} | fields)


def test_crystals_that_are_too_large_from_the_start_are_an_error():
    states = grow((4, 16, 16), seed=0, crystals=1, shares=lambda start: [0.01, 0.02], **MODEL)
    with pytest.raises(ValueError, match=r"% of the cells are solid at the start, more than the 2"):
        next(states)


def test_growth_that_stops_is_an_error(monkeypatch):
    monkeypatch.setattr("tomoseg_tf.phantom.growth.MOST_STEPS", 3)
    states = grow((1, 32, 32), seed=0, crystals=1, shares=lambda start: [0.9], **MODEL)
    with pytest.raises(ValueError, match=r"after 3 steps, not 90\.00 %"):
        next(states)
