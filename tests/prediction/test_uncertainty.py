"""Entropy and disagreement in closed form."""

import numpy as np
import pytest

from tomoseg_tf.prediction.uncertainty import Disagreement, Entropy, entropy


def test_entropy_of_known_probabilities():
    binary = np.array([[0.5], [0], [1], [0.25], [1.7]], np.float32)
    quarter = 2 - 0.75 * np.log2(3)
    np.testing.assert_allclose(entropy(binary), [1, 0, 0, quarter, 0], atol=1e-6)
    classes = np.array([[1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0], [0, 0, 0]], np.float32)
    np.testing.assert_allclose(entropy(classes), [1, np.log(2) / np.log(3), 0], atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_disagreement_is_the_mean_divergence_from_the_mean(channels):
    rng = np.random.default_rng(0)
    if channels == 1:
        members = rng.uniform(0.01, 0.99, (4, 50, 1))
        full = np.concatenate([members, 1 - members], axis=-1)
    else:
        full = members = rng.dirichlet((1, 1, 1), (4, 50))
    divergence = (full * np.log(full / full.mean(0))).sum(-1).mean(0) / np.log(full.shape[-1])
    means = np.concatenate([members.mean(0), entropy(members).mean(0)[:, None]], axis=-1)
    np.testing.assert_allclose(Disagreement(False)(means), divergence, atol=1e-6)


def test_members_that_contradict_each_other_disagree_fully():
    opposite, alike = [0.5, 0.0], [0.5, 1.0]
    np.testing.assert_array_equal(Disagreement(True)(np.array([opposite, alike])), [255, 0])
    np.testing.assert_array_equal(Entropy(True)(np.array([[0.5], [1.0]])), [255, 0])
