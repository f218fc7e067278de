import tracemalloc

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from tomoseg_tf.phantom import insert_objects, measure_noise, measure_point_spread
from tomoseg_tf.phantom.insertion import changed_slab, plan_insertion
from tomoseg_tf.volume import ArrayVolume, create_volume, open_volume

SHAPE = (40, 64, 64)


def rod(sigma, noise, seed=0):
    """A bright rod in air, blurred, with noise; voxels near its edge are covered in part."""
    y, x = np.ogrid[: SHAPE[1], : SHAPE[2]]
    inside = np.clip(18 - np.hypot(y - 30.3, x - 32.6) + 0.5, 0, 1) * 150 + 40
    volume = np.broadcast_to(inside, SHAPE).astype(np.float32)
    blurred = ndimage.gaussian_filter(volume, (0, sigma, sigma))
    return blurred + np.random.default_rng(seed).normal(0, noise, SHAPE).astype(np.float32)


@pytest.mark.parametrize("sigma", [0.8, 1.3, 2.0])
def test_the_point_spread_of_a_known_blur_is_measured(sigma):
    """With the voxel's own twelfth; noise of 3 % of the step."""
    expected = np.sqrt(sigma**2 + 1 / 12)
    assert measure_point_spread(rod(sigma, 4)) == pytest.approx(expected, rel=0.12)


def test_noise_alone_has_no_point_spread_and_its_own_deviation():
    noise = np.random.default_rng(0).normal(100, 5, SHAPE).astype(np.float32)
    assert measure_point_spread(noise) is None
    assert measure_point_spread(noise[:4]) is None
    assert measure_noise(noise, 1.0) == pytest.approx(5, rel=0.05)


@pytest.fixture
def scan(tmp_path):
    grey = np.rint(rod(1.0, 4)).astype(np.uint8)
    path = tmp_path / "scan.tif"
    tifffile.imwrite(path, grey, photometric="minisblack")
    return path, grey


@pytest.mark.parametrize("bright", [False, True])
def test_objects_have_the_contrast_and_lie_in_the_sample(scan, tmp_path, bright):
    path, grey = scan
    out, truth = tmp_path / "out.tif", tmp_path / "truth.tif"
    settings = {"radius": 5.0, "fraction": 0.1, "contrast": 40, "seed": 4, "mask": "none"}
    settings["matrix"] = (180, 200)
    summary = insert_objects(path, out, truth, bright=bright, **settings)
    changed, classes = tifffile.imread(out), tifffile.imread(truth)
    assert summary["objects"] >= 3
    assert summary["fraction"] == pytest.approx((classes == 1).mean())
    assert summary["ignored"] == pytest.approx((classes == 255).mean())
    core = ndimage.binary_erosion(classes == 1, iterations=2)
    assert core.sum() > 50
    difference = changed[core].astype(float).mean() - 190
    assert difference == pytest.approx(40 if bright else -40, abs=10)
    far = ndimage.distance_transform_edt(classes != 1) > 8
    np.testing.assert_array_equal(changed[far], grey[far])
    noise = changed[core] - ndimage.gaussian_filter(changed.astype(float), 1.0)[core]
    assert noise.std() == pytest.approx(4, rel=0.35)  # the scan's own noise is still there


@pytest.mark.parametrize("fill", [np.nan, 0.0])
def test_what_is_outside_the_reconstruction_stays_as_it_is(tmp_path, fill):
    y, x = np.ogrid[: SHAPE[1], : SHAPE[2]]
    radius = np.hypot(y - (SHAPE[1] - 1) / 2, x - (SHAPE[2] - 1) / 2)
    grey = rod(1.0, 4).astype(np.float32)
    grey[:, radius > min(SHAPE[1:]) / 2] = fill
    with create_volume(tmp_path / "scan.tif", SHAPE, np.float32) as writer:
        writer.write(0, grey)
    settings = {"radius": 4.0, "fraction": 0.05, "contrast": 40, "blur": 1.0, "seed": 4}
    out, truth = tmp_path / "out.tif", tmp_path / "truth.tif"
    insert_objects(tmp_path / "scan.tif", out, truth, **settings)
    changed, classes = tifffile.imread(out), tifffile.imread(truth)
    outside = np.broadcast_to(radius > min(SHAPE[1:]) / 2, SHAPE)
    np.testing.assert_array_equal(changed[outside], grey[outside])
    assert np.isfinite(changed[~outside]).all()
    assert (classes == 1).sum() > 50
    assert not (classes[outside] == 1).any()


def test_slabs_do_not_show_in_the_result(scan, tmp_path, monkeypatch):
    path, _ = scan
    settings = {"radius": 3.0, "fraction": 0.03, "seed": 1, "blur": 1.0}
    insert_objects(path, tmp_path / "a.tif", tmp_path / "at.tif", **settings)
    volume = open_volume(path)
    whole = [(0, volume.read(0, SHAPE[0]))]
    monkeypatch.setattr(type(volume), "slabs", lambda self, depth=None: iter(whole))
    insert_objects(path, tmp_path / "b.tif", tmp_path / "bt.tif", **settings)
    for one, other in (("a.tif", "b.tif"), ("at.tif", "bt.tif")):
        np.testing.assert_array_equal(*(tifffile.imread(tmp_path / name) for name in (one, other)))


def test_what_is_like_an_object_already_is_ignored(tmp_path):
    grey = np.full(SHAPE, 150, np.uint8)
    for x in (10, 30, 50):
        grey[18:23, 30:35, x : x + 5] = 100
    settings = {"contrast": 40, "radius": 3.0, "fraction": 0.01, "blur": 0.8, "seed": 5}
    insert_objects(grey, tmp_path / "a.tif", tmp_path / "t.tif", **settings, mask="none")
    assert (tifffile.imread(tmp_path / "t.tif")[19:22, 31:34, 31:34] == 255).mean() > 0.9


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"contrast": 500, "blur": 1.0}, "no object of contrast 500 has room .* lower --contrast"),
        ({"contrast": -3}, "contrast -3: must be above 0"),
        ({"kind": "cracks"}, "kind 'cracks' is not known"),
        ({}, "too few sharp edges to measure its blur; state it in voxels with --blur"),
    ],
)
def test_one_line_for_what_cannot_be(tmp_path, settings, message):
    flat = np.random.default_rng(0).integers(90, 110, SHAPE).astype(np.uint8)
    with pytest.raises(ValueError, match=message):
        insert_objects(flat, tmp_path / "a.tif", tmp_path / "t.tif", **settings)
    assert list(tmp_path.iterdir()) == []


def test_large_objects_take_the_memory_of_few_slabs():
    """16 slices see 48 to either side, which the surroundings reach; seven arrays were alive."""
    rng = np.random.default_rng(0)
    scan = ArrayVolume(rng.normal(100, 5, (160, 64, 64)).astype(np.uint8))
    settings = {"radius": 8.0, "fraction": 0.02, "contrast": 8, "blur": 1.0, "mask": "none"}
    plan = plan_insertion(scan, **settings)
    assert plan.reach == 16
    tracemalloc.start()
    try:
        changed_slab(scan, plan, 72, 88)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 4.5 * (48 + 16 + 48) * 64 * 64 * 4
