"""Entropy and disagreement in closed form, and the memory that they take."""

import tracemalloc

import numpy as np
import pytest

from tomoseg_tf.prediction import pieces
from tomoseg_tf.prediction.threshold import to_grey_levels, to_segmentation
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


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize(
    "convert",
    [
        Entropy(True),
        Disagreement(True),
        lambda values: to_grey_levels(values[..., 0]),
        to_segmentation,
    ],
)
def test_a_conversion_is_the_same_in_pieces_and_takes_little_memory(monkeypatch, channels, convert):
    values = np.random.default_rng(0).random((5, 130, 70, channels), dtype=np.float32)
    if isinstance(convert, Disagreement):
        values = np.concatenate([values, entropy(values)[..., None] / 2], axis=-1)
    whole = convert(values)
    monkeypatch.setattr(pieces, "PIECE", 1000)
    tracemalloc.start()
    found = convert(values)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_array_equal(found, whole)
    held = 4 * found.size if isinstance(convert, Entropy) else 0  # before they are grey levels
    assert peak < held + found.nbytes + 1000 * 200
