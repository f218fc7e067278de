"""The parts of the baselines against closed forms."""

import itertools

import numpy as np
import pytest
from skimage.filters import threshold_multiotsu

from tomoseg_tf.studies.classical import em_mpm
from tomoseg_tf.studies.classical.clusters import match_clusters, numbers_to_try
from tomoseg_tf.studies.classical.features import local_features
from tomoseg_tf.studies.classical.grey_levels import otsu_thresholds
from tomoseg_tf.studies.classical.learned import feature_sample
from tomoseg_tf.studies.classical.samples import Sample, shares


def test_marginals_are_those_of_all_states_counted():
    """Four voxels of two states: 16 states of the field, each weighted by its posterior."""
    grey = np.array([[[0.1, 0.8], [0.45, 0.6]]], np.float32)
    means, deviations, beta = np.array([0.0, 1.0]), np.array([0.6, 0.4]), 0.8
    exact, total = np.zeros((2, 1, 2, 2)), 0.0
    for field in itertools.product((0, 1), repeat=4):
        states = np.reshape(field, (2, 2))
        logs = -0.5 * ((grey[0] - means[states]) / deviations[states]) ** 2
        logs -= np.log(deviations[states])
        equal = np.sum(states[0] == states[1]) + np.sum(states[:, 0] == states[:, 1])
        weight = np.exp(logs.sum() + beta * equal)
        total += weight
        for state in (0, 1):
            exact[state, 0] += weight * (states == state)
    options = {"beta": beta, "sweeps": 6000, "rng": np.random.default_rng(0)}
    found = em_mpm.posterior_marginals(grey, means, deviations, **options)
    np.testing.assert_allclose(found, exact / total, atol=0.015)
    np.testing.assert_allclose(found.sum(axis=0), 1, rtol=1e-5)


def test_without_a_prior_the_marginals_are_those_of_the_mixture():
    grey = np.linspace(-1, 2, 30, dtype=np.float32).reshape(2, 3, 5)
    options = {"beta": 0.0, "sweeps": 1, "rng": np.random.default_rng(0)}
    found = em_mpm.posterior_marginals(grey, [0.0, 1.0], [0.5, 0.5], **options)
    np.testing.assert_allclose(found[1], 1 / (1 + np.exp(-4 * (grey - 0.5))), rtol=1e-4)


def test_neighbours_in_z_take_part():
    grey = np.zeros((3, 9, 9), np.float32)
    grey[1, 4, 4] = 0.6
    options = {"beta": 1.5, "sweeps": 30}
    deep, flat = (
        em_mpm.posterior_marginals(
            volume, [0.0, 1.0], [0.4, 0.4], rng=np.random.default_rng(1), **options
        )
        for volume in (grey, grey[1:2])
    )
    assert deep[1, 1, 4, 4] < flat[1, 0, 4, 4] < 0.5


def test_em_finds_means_and_deviations():
    rng = np.random.default_rng(0)
    truth = np.zeros((1, 80, 80), np.uint8)
    truth[:, :, 50:] = 1
    grey = np.where(truth, rng.normal(2, 0.5, truth.shape), rng.normal(0, 0.3, truth.shape))
    options = {"seed": 0, "levels": 2}
    _, settings = em_mpm.em_mpm([(grey.astype(np.float32), truth)], 2, **options)
    assert settings["means"] == pytest.approx([0, 2], abs=0.04)
    assert settings["deviations"] == pytest.approx([0.3, 0.5], rel=0.06)


def test_blocks_of_slices_are_segmented_one_by_one(monkeypatch):
    grey = np.zeros((9, 20, 20), np.float32)
    grey[:, :, 10:] = 1
    mixture = (np.array([0.0, 1.0]), np.array([0.2, 0.2]))
    monkeypatch.setattr(em_mpm, "BLOCK_VOXELS", 800)
    states = em_mpm._most_likely(grey, *mixture, 1.0, 6, 0)
    np.testing.assert_array_equal(states, grey.astype(np.uint8))


def test_a_rare_class_wins_a_cluster_in_which_it_is_not_the_most_frequent():
    """Cluster 1: 60 of class 0 and 50 of class 1. IoUs 900/960 and 50/110, else 960/1010 and 0."""
    clusters = np.repeat([0, 1], [900, 110])
    truth = np.repeat([0, 0, 1], [900, 60, 50])
    classes, miou = match_clusters(clusters, truth, 2, 2)
    assert classes.tolist() == [0, 1]
    assert miou == pytest.approx((900 / 960 + 50 / 110) / 2)


def test_thresholds_of_otsu_are_those_of_scikit_image_and_lie_amid_gaps():
    rng = np.random.default_rng(0)
    grey = np.concatenate([rng.normal(mean, 0.3, 4000) for mean in (0, 1, 2.2)]).astype("float32")
    step = np.ptp(np.clip(grey, *np.quantile(grey, [0.001, 0.999]))) / 256
    assert otsu_thresholds(grey, 3) == pytest.approx(threshold_multiotsu(grey, 3), abs=3 * step)
    gapped = np.repeat(np.float32([0, 1, 5]), 100)
    assert otsu_thresholds(gapped, 3).tolist() == [0.5, 3]
    assert otsu_thresholds(gapped, 4).tolist() == [5, 5, 5]


def test_numbers_of_clusters():
    assert list(numbers_to_try(None, 3)) == [3, 4, 5, 6]
    assert list(numbers_to_try(None, 7)) == [7]
    assert list(numbers_to_try(4, 2)) == [4]


def test_a_sample_is_even_over_portions_of_any_size():
    drawn = np.zeros(60)
    for seed in range(400):
        sample = Sample(np.random.default_rng(seed), 12)
        for portion in (np.arange(5), np.arange(5, 50), np.arange(50, 60)):
            sample.add(portion)
        assert len(set(sample.rows)) == 12
        assert sample.seen == 60
        drawn[sample.rows] += 1
    assert drawn.mean() == 80
    assert np.all(abs(drawn - 80) < 5 * np.sqrt(80 * 0.8))
    assert drawn[:5].mean() == pytest.approx(80, abs=12)


def test_shares_go_as_the_roots_of_the_counts_and_take_no_more_than_there_are():
    assert shares([90000, 10000, 0], 400).tolist() == [300, 100, 0]
    assert shares([10**6, 4], 1000).tolist() == [998, 2]
    assert shares([100, 1], 10**4).tolist() == [100, 1]


def test_features_of_a_ramp_a_parabola_and_a_constant():
    y, x = np.mgrid[:81, :81].astype(np.float32)
    inner = (slice(35, 46), slice(35, 46))
    ramp = local_features(3 * x + 4 * y, sigmas=(1, 2))[inner]
    np.testing.assert_allclose(ramp[..., [2, 6]], np.broadcast_to([5, 10], (11, 11, 2)), rtol=1e-4)
    np.testing.assert_allclose(ramp[..., [3, 4, 7, 8]], 0, atol=0.01)
    bowl = local_features(0.5 * (x - 40) ** 2 - (y - 40) ** 2, sigmas=(2,))[inner]
    np.testing.assert_allclose(bowl[..., 3], 4, rtol=1e-3)
    np.testing.assert_allclose(bowl[..., 4], -8, rtol=1e-3)
    flat = local_features(np.full((9, 1), 7, np.float32))
    assert flat.shape == (9, 1, 21)
    np.testing.assert_allclose(flat[..., 2:5], 0, atol=1e-6)


def test_features_turn_with_the_slice():
    grey = np.random.default_rng(0).standard_normal((48, 48)).astype(np.float32)
    turned = np.rot90(local_features(np.rot90(grey), sigmas=(1, 2)), -1)
    np.testing.assert_allclose(turned, local_features(grey, sigmas=(1, 2)), atol=1e-5)


def test_a_sample_of_features_holds_every_class_and_only_what_counts():
    truth = np.zeros((12, 32, 32), np.uint8)
    truth[:, 3, 3], truth[:, 20:] = 1, 255
    grey = np.where(truth == 255, 9, truth).astype(np.float32)
    rows, classes = feature_sample([(grey, truth)], 3, seed=0, limit=400, sigmas=(1,))
    assert rows.shape[1] == 5
    assert np.bincount(classes).tolist() == [385, 8]  # 8 of 12 slices, one voxel in each
    np.testing.assert_array_equal(rows[:, 0], classes)
