import json

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from tomoseg_tf.phantom import Inclusions, simulate_inclusions
from tomoseg_tf.phantom.artefacts import backprojection_spectrum
from tomoseg_tf.phantom.physics import draw_physics
from tomoseg_tf.phantom.population import Population, draw_population
from tomoseg_tf.records import pair_folders

SHAPE = (12, 64, 72)


@pytest.mark.parametrize(("seed", "edges"), [(1, False), (6, False), (2, True)])
def test_slabs_of_any_depth_make_the_same_scan(seed, edges):
    scan = Inclusions(SHAPE, seed, "precipitates", True, edge_enhanced=edges)
    whole = scan.slab(0, 12)
    parts = zip(*(slab[1:] for slab in scan.slabs(5)), strict=True)
    for one, slabs in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, np.concatenate(list(slabs)))


def test_a_seed_gives_the_scan_again_and_another_seed_another():
    one, same, other = (Inclusions(SHAPE, seed, "pores", True).slab(0, 4)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert (one != other).mean() > 0.5


def test_scans_that_are_not_randomised_are_taken_alike():
    scans = [Inclusions(SHAPE, seed) for seed in (1, 2)]
    assert scans[0].physics == scans[1].physics
    assert scans[0].population == scans[1].population
    assert len(scans[0].objects.centres) != len(scans[1].objects.centres)


def test_drawn_physics_differ_in_every_setting_and_keep_their_ranges():
    rng = np.random.default_rng(0)
    precipitates = [draw_physics(rng, "precipitates") for _ in range(200)]
    pores = [draw_physics(rng, "pores") for _ in range(200)]
    for name in set(vars(precipitates[0])) - {"kept"}:
        assert len({getattr(one, name) for one in precipitates}) > 1, name
    dark = np.array([one.contrast < 0 for one in precipitates])
    assert 0.35 < dark.mean() < 0.65
    assert all(one.contrast < 0 for one in pores)
    for one in (*precipitates, *pores):
        assert 16 <= abs(one.contrast) <= 110
        assert 0 <= one.matrix + one.contrast <= 255
        assert one.surroundings < one.matrix
    for one in pores:  # a pore is about as dark as the air around the sample, and no darker
        assert one.surroundings - 1 <= one.matrix + one.contrast


def test_bright_objects_are_bright_and_dark_ones_dark():
    found = {}
    for seed in range(12):
        scan = Inclusions((16, 96, 96), seed, "precipitates", True)
        grey, truth = scan.slab(0, 16)
        if truth.sum() > 200:
            near = np.zeros(truth.shape, bool)
            for shift in (-4, 4):
                near |= np.roll(truth, shift, axis=2) > 0
            near &= truth == 0
            found[scan.physics.contrast] = float(grey[truth > 0].mean()) - grey[near].mean()
    assert len(found) > 5
    right = [np.sign(contrast) == np.sign(seen) for contrast, seen in found.items()]
    assert np.mean(right) > 0.8  # rings and grains may be stronger than a faint object


def edge_profile(grey, truth, radius=45):
    """Grey of the matrix, just outside objects, just inside, and in the middle of large ones."""
    depth = ndimage.distance_transform_edt(truth) - ndimage.distance_transform_edt(truth == 0)
    inside = np.hypot(*(np.mgrid[:160, :160] - 79.5)) < radius
    depth, grey = depth[:, inside], grey[:, inside]
    sides = ((-20, -6), (-2, 0), (0, 2), (5, 20))
    return [grey[(depth > low) & (depth < high)].mean() for low, high in sides]


def test_edge_enhanced_objects_show_by_their_edges():
    scan = Inclusions((24, 160, 160), 3, edge_enhanced=True)
    matrix, outside, rim, middle = edge_profile(*scan.slab(0, 24))
    assert rim < matrix - 20
    assert outside > matrix + 5
    assert abs(middle - matrix) < 0.5 * (matrix - rim)


def test_drawn_edges_are_stronger_than_what_lies_within_them():
    shares = []
    for seed in range(100):
        scan = Inclusions((16, 160, 160), seed, "pores", True, edge_enhanced=True)
        if scan.population.others or scan.physics.radius is not None:
            continue
        grey, truth = scan.slab(0, 16)
        assert np.isin(grey[:, 60:100, 60:100], (0, 255)).mean() < 0.02
        if ndimage.binary_erosion(truth, iterations=5)[:, 30:130, 30:130].sum() > 100:
            matrix, _, rim, middle = edge_profile(grey, truth, radius=75)
            shares.append((matrix - middle) / (matrix - rim))
    assert len(shares) > 3
    assert np.median(shares) < 0.6  # more than 1 in absorption


def test_dark_scans_are_those_with_bright_objects_inverted():
    for seed in range(8):
        plain, dark = (Inclusions(SHAPE, seed, "precipitates", True, turned) for turned in (0, 1))
        (grey, truth), (other, same) = plain.slab(0, 4), dark.slab(0, 4)
        bright = plain.physics.contrast > 0
        assert dark.summary(np.ones(256))["inverted"] == bright
        np.testing.assert_array_equal(other, 255 - grey if bright else grey)
        np.testing.assert_array_equal(same, truth)


def test_other_bodies_have_the_opposite_contrast_and_are_no_objects():
    population = Population(0.02, 4.0, others=0.4, variation=0.2)
    drawn = population.draw(np.random.default_rng(0), (0,) * 3, (150,) * 3)
    assert len(drawn) > 100
    assert (drawn.classes == 0).mean() == pytest.approx(0.4, abs=0.1)
    assert np.all((drawn.levels < 0) == (drawn.classes == 0))
    shares = {draw_population(np.random.default_rng(seed), "pores").others for seed in range(40)}
    assert 0 in shares
    assert all(0.1 <= share <= 0.5 for share in shares - {0})


def test_a_second_phase_is_on_the_other_side_and_objects_keep_their_contrast():
    contrasts = []
    for seed in range(60):
        scan = Inclusions((8, 96, 96), seed, "precipitates", True)
        physics = scan.physics
        if physics.phase:
            second = physics.matrix - physics.phase * physics.contrast
            assert 0 < second < 255
            assert (second - physics.matrix) * physics.contrast < 0
            empty = np.zeros((96, 96), np.float32)
            steps = scan._clean_slice(4, empty + 1) - scan._clean_slice(4, empty)
            contrasts.append(np.abs(steps[48, 48] / physics.contrast))
    assert len(contrasts) > 10
    assert min(contrasts) > 0.2


def test_a_population_has_the_wanted_size_and_share():
    drawn = Population(0.005, 4.0, spread=0.3).draw(np.random.default_rng(0), (0,) * 3, (150,) * 3)
    radii = np.cbrt(drawn.axes.prod(axis=1))
    assert radii.mean() == pytest.approx(4.0, rel=0.1)
    assert (4 / 3 * np.pi * radii**3).sum() == pytest.approx(0.005 * 150**3, rel=0.15)
    np.testing.assert_allclose(
        drawn.rotations @ drawn.rotations.transpose(0, 2, 1), [np.eye(3)] * len(radii), atol=1e-9
    )


def test_pores_are_rounder_than_the_longest_precipitates():
    rng = np.random.default_rng(1)
    most = {
        kind: max(draw_population(rng, kind).elongation for _ in range(100))
        for kind in ("precipitates", "pores")
    }
    assert most["pores"] <= 0.25 < most["precipitates"] <= 0.5


@pytest.mark.parametrize(("name", "value"), [("fraction", 0.2), ("radius", 1.0), ("radius", 20)])
def test_a_population_that_cannot_be(name, value):
    with pytest.raises(ValueError, match=f"{name} must"):
        Population(**{name: value})


@pytest.mark.parametrize("slope", [-0.7, 0.0, 0.5])
def test_noise_of_any_colour_has_unit_variance_and_no_mean(slope):
    spectrum = backprojection_spectrum((64, 60), cutoff=0.6, slope=slope)
    assert spectrum[0, 0] == 0
    white = np.random.default_rng(0).standard_normal((40, 64, 60))
    noise = np.fft.irfft2(np.fft.rfft2(white) * spectrum, s=(64, 60))
    assert noise.std() == pytest.approx(1, abs=0.05)


def test_the_folder_holds_pairs_for_records(tmp_path):
    made = tmp_path / "made"
    summary = simulate_inclusions(made, "pores", shape=(4, 64, 64), count=2, seed=3, randomise=True)
    assert json.loads((made / "scans.json").read_text()) == summary
    pairs = pair_folders(made / "scans", made / "truth")
    assert [scan.name for scan, _ in pairs] == ["000.tif", "001.tif"]
    for number, (scan, truth) in enumerate(pairs):
        grey, classes = Inclusions((4, 64, 64), 3000 + number, "pores", True).slab(0, 4)
        np.testing.assert_array_equal(tifffile.imread(scan), grey)
        np.testing.assert_array_equal(tifffile.imread(truth), classes)
    assert summary["scans"][0]["physics"] != summary["scans"][1]["physics"]
    with pytest.raises(ValueError, match="already exists"):
        simulate_inclusions(made, "pores", shape=(4, 64, 64))
    simulate_inclusions(made, "pores", shape=(4, 64, 64), overwrite=True)
    (made / "scans" / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"holds scans/notes\.txt, which would be lost"):
        simulate_inclusions(made, "pores", shape=(4, 64, 64), overwrite=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "voids"}, "kind 'voids' is not known; use precipitates or pores"),
        ({"shape": (4, 8, 8)}, "needs a shape of at least 1,64,64"),
        ({"count": 0}, "0 scans: must be 1 to 1000"),
    ],
)
def test_a_folder_that_cannot_be_leaves_nothing(tmp_path, settings, message):
    asked = {"kind": "pores", "shape": (4, 64, 64), "count": 1} | settings
    with pytest.raises(ValueError, match=message):
        simulate_inclusions(tmp_path / "made", asked.pop("kind"), **asked)
    assert list(tmp_path.iterdir()) == []
