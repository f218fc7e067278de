import sys

import numpy as np
import pytest
from scipy import ndimage

from tomoseg_tf.phantom import ParticleSeries
from tomoseg_tf.tracking import register, series, series_table, summarise_series, track_objects
from tomoseg_tf.tracking.registering import thin
from tomoseg_tf.volume import ArrayVolume

SHAPE = (52, 70, 170)
NAMES = ("objects", "appeared", "vanished", "merged", "split")


def segmentations(series):
    """Classes of all steps."""
    return [series.scan(step).slab(0, series.shape[0])[1] for step in range(series.steps)]


def check(series, found, tolerance):
    """Compare events and the growth rates of all particles that are never in a pair."""
    summary = summarise_series(found)
    assert [{name: step[name] for name in NAMES} for step in summary["steps"]] == series.events()
    columns, balls = found.columns, series.particles
    errors = []
    for index in np.flatnonzero(balls["pair"] < 0):
        first = balls["first"][index]
        scan = series.scan(first)
        there = (balls["first"] <= first) & (first < balls["stop"])
        centre = scan.centres[np.cumsum(there)[index] - 1] - 0.5
        here = np.flatnonzero(columns["step"] == first)
        places = np.stack([columns[f"centroid_{axis}"][here] for axis in "zyx"], axis=1)
        row = here[np.argmin(((places - centre) ** 2).sum(axis=1))]
        assert np.linalg.norm(places[here == row][0] - centre) < 0.3
        track = columns["track"] == columns["track"][row]
        assert track.sum() == balls["stop"][index] - first
        if track.sum() > 2:
            rate = columns["radius_rate_um"][row] / series.spacing[0]
            errors.append(rate - balls["rate"][index])
    assert len(errors) > 3
    assert np.abs(errors).max() < tolerance
    return summary


def test_a_simulated_growth_series_is_recovered():
    """Events exactly, rates of the radius within 0.03 of a voxel per step."""
    series = ParticleSeries(SHAPE, 1)
    events = series.events()
    assert all(sum(step[name] for step in events) for name in NAMES)
    found = track_objects(segmentations(series), spacing=series.spacing)
    check(series, found, 0.03)
    columns = found.columns
    merged = columns["event"] == "merged"
    assert all(text.count("+") == 1 for text in columns["parents"][merged])
    volume = columns["volume_rate_um3"][columns["radius_rate_um"] > 0]
    assert (volume > 0).all()


@pytest.mark.parametrize("grey", [False, True])
def test_a_shift_is_undone(grey):
    series = ParticleSeries((48, 90, 150), 2, steps=2, shift=(3, -7, 8))
    classes = segmentations(series)
    volumes = [series.scan(step).slab(0, 48)[0] for step in range(2)] if grey else None
    found = track_objects(
        classes, volumes=volumes, register_by="shift", spacing=series.spacing, max_distance=3
    )
    summary = summarise_series(found)
    assert [{name: step[name] for name in NAMES} for step in summary["steps"]] == series.events()
    for step in summary["steps"][1:]:
        np.testing.assert_allclose(step["shift_voxels"], [-3, 7, -8], atol=0.3)
    lost = track_objects(classes, spacing=series.spacing, max_distance=3)
    assert summarise_series(lost)["steps"][1]["appeared"] > 3


def test_a_shift_and_a_rotation_are_undone():
    pytest.importorskip("SimpleITK")
    series = ParticleSeries((40, 80, 120), 3, steps=2, shift=(1, 2, -1.5), rotation=3.0)
    found = track_objects(segmentations(series), register_by="rigid", spacing=series.spacing)
    summary = summarise_series(found)
    step = summary["steps"][1]
    assert {name: step[name] for name in NAMES} == series.events()[1]
    assert step["rotation_degrees"] == pytest.approx(3, abs=0.3)
    # the middle of the grid is half a voxel before that of the volume, which stays where it is
    np.testing.assert_allclose(step["shift_voxels"], [-1, -2, 1.5], atol=0.4)


def test_thinned_steps_of_any_spacing_are_registered():
    """A shift is found in blocks to a tenth, and counts in voxels."""
    rng = np.random.default_rng(0)
    image = rng.random((12, 20, 24)).astype(np.float32)
    moved = np.roll(image, (1, -2, 3), axis=(0, 1, 2))
    motion = register(image, moved, way="shift", blocks=(2, 4, 4), spacing=(3, 1, 2))
    np.testing.assert_allclose(motion.shift_at([5, 5, 5]), [-2, 8, -12])
    np.testing.assert_array_equal(motion.matrix, np.eye(3))


@pytest.mark.parametrize("fill", [np.nan, 0.0])
def test_what_is_outside_the_reconstruction_moves_nothing(fill):
    """Means of blocks of 2 x 2 x 2 voxels of a moved sample, in a circle that stays."""
    rng = np.random.default_rng(0)
    image = ndimage.gaussian_filter(rng.random((16, 128, 128)), 2)
    image = (100 + (image - image.mean()) / image.std()).astype(np.float32)
    moved = np.roll(image, (4, 6), axis=(1, 2))
    outside = np.hypot(*(np.mgrid[:128, :128] - 63.5)) > 64
    for one in (image, moved):
        one[:, outside] = fill
    thinned = [thin(ArrayVolume(one), (2, 2, 2)) for one in (image, moved)]
    assert np.isfinite(thinned).all()
    motion = register(*thinned, way="shift", blocks=(2, 2, 2))
    np.testing.assert_allclose(motion.shift_at([8, 64, 64]), [0, -4, -6], atol=0.5)


def test_objects_at_a_face_are_tracked_but_not_fitted():
    classes = [np.zeros((8, 12, 14), np.uint8) for _ in range(3)]
    for step, one in enumerate(classes):
        one[3:6, 3:6, : 3 + step] = 1
        one[3:6, 7:10, 4 : 7 + step] = 1
    columns = track_objects(classes, times=(0, 2, 4)).columns
    assert columns["track"].tolist() == [1, 2] * 3
    assert np.isnan(columns["volume_rate_voxels"][columns["touches_border"]]).all()
    assert columns["volume_rate_voxels"][1] == pytest.approx(9 / 2)
    assert columns["volume_rate_error_voxels"][1] == pytest.approx(0, abs=1e-9)


def test_a_slice_more_is_another_shape():
    steps = [np.zeros((depth, 4, 4), np.uint8) for depth in (2000, 2001)]
    with pytest.raises(ValueError, match=r"has shape \(2001, 4, 4\), but .* must agree"):
        track_objects(steps)


def test_empty_steps():
    nothing = np.zeros((4, 5, 6), np.uint8)
    found = track_objects([nothing, nothing], register_by="shift")
    summary = summarise_series(found)
    assert (summary["tracks"], summary["growth"]["tracks"]) == (0, 0)
    assert "Objects" in series_table(summary)


def test_all_steps_are_opened_before_one_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(series, "measure_objects", lambda *_, **__: pytest.fail("is measured"))
    one = np.zeros((4, 5, 6), np.uint8)
    with pytest.raises(ValueError, match=r"typo\.tif does not exist"):
        track_objects([one, one, tmp_path / "typo.tif"])
    with pytest.raises(ValueError, match=r"has shape \(3, 5, 6\)"):
        track_objects([one, one, one[1:]])
    with pytest.raises(ValueError, match="give that of each step"):
        track_objects([one, one], volumes=[one, one[1:]])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"times": (0, 0)}, "each must be after the one before"),
        ({"times": (0, np.inf)}, "each must be after the one before"),
        ({"times": (0,)}, "1 times for 2 segmentations"),
        ({"max_distance": np.nan}, "a distance is 0 or more"),
        ({"volumes": [1]}, "1 volumes for 2 segmentations"),
        ({"min_overlap": 0}, "above 0 and at most 1"),
        ({"register_by": "warp"}, "choose none, shift or rigid"),
        ({"volumes": [np.zeros((4, 5, 7))] * 2}, "give that of each step"),
    ],
)
def test_settings_that_are_none(settings, message):
    with pytest.raises(ValueError, match=message):
        track_objects([np.zeros((4, 5, 6), np.uint8)] * 2, **settings)


def test_steps_that_do_not_belong_together(monkeypatch):
    one = np.zeros((4, 5, 6), np.uint8)
    with pytest.raises(ValueError, match="at least two steps"):
        track_objects([one])
    with pytest.raises(ValueError, match=r"has shape \(4, 5, 7\), but array \(4, 5, 6\)"):
        track_objects([one, np.zeros((4, 5, 7), np.uint8)])
    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    with pytest.raises(ValueError, match="needs the package SimpleITK"):
        track_objects([one, one], register_by="rigid")
