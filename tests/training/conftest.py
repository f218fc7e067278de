import csv

import numpy as np
import pytest

from tomoseg_tf.records import write_records
from tomoseg_tf.training import check_recipe
from tomoseg_tf.training.checkpoint import read_state

TINY = {
    "model": {"name": "unet_3d", "arguments": {"levels": 2, "base_features": 2}},
    "batches": {"batch_size": 2, "crop": [8, 8, 8], "crops_per_patch": 2, "foreground": 0.5},
    "augmentation": {"flips": True},
    "optimiser": {"learning_rate": 0.01},
    "schedule": {"epochs": 4, "learning_rate": "cosine"},
}


def scan(seed):
    """A scan of 40 x 24 x 24 voxels with dark boxes in bright noise, and its truth."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((40, 24, 24), np.uint8)
    for corner in rng.integers(0, 20, (30, 3)):
        z, y, x = corner * (2, 1, 1)
        truth[z : z + 4, y : y + 4, x : x + 4] = 1
    volume = rng.normal(150, 10, truth.shape) - 90 * truth
    return volume.clip(0, 255).astype(np.uint8), truth


@pytest.fixture(scope="session")
def records(tmp_path_factory):
    """Records of two small scans, in patches of 12 x 12 x 12 voxels."""
    folder = tmp_path_factory.mktemp("training") / "records"
    write_records(
        folder, [scan(0), scan(1)], patch=(12, 12, 12), split="block", fractions=(0.6, 0.4, 0.0)
    )
    return folder


@pytest.fixture(scope="session")
def tiny():
    """A recipe of a tiny network; keywords replace whole sections."""

    def recipe(**sections):
        return check_recipe({**TINY, **sections})

    return recipe


@pytest.fixture(scope="session")
def read_history():
    """All columns of the history of a run but the time."""

    def read(run):
        with open(run / "history.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            del row["seconds"]
        return rows

    return read


@pytest.fixture(scope="session")
def assert_equal_runs(read_history):
    """Assert that two finished runs have the same history, state and weights, bit for bit."""

    def check(one, other):
        assert read_history(one) == read_history(other)
        states = [read_state(run / "last" / "state.npz") for run in (one, other)]
        assert all(state.finished for state in states)
        for name in ("variables", "optimiser"):
            arrays = [getattr(state, name) for state in states]
            for first, second in zip(*arrays, strict=True):
                np.testing.assert_array_equal(first, second)
        for name in ("best_loss", "best_accuracy", "best_dice", "final"):
            sums = [(run / name / "SHA256SUMS").read_bytes() for run in (one, other)]
            assert sums[0] == sums[1]

    return check
