import numpy as np
import pytest

from tomoseg_tf.records import open_records, write_records


def make_pair(seed, shape=(16, 24, 24), dtype="uint16"):
    """A volume whose voxels are all different, and a truth with rare objects and ignored voxels."""
    rng = np.random.default_rng(seed)
    volume = (np.arange(np.prod(shape)) + 1000 * seed).reshape(shape).astype(dtype)
    truth = (rng.random(shape) < 0.02).astype(np.uint8)
    truth[0, :2] = 255
    return volume, truth


@pytest.fixture(scope="session")
def pairs():
    """Three samples of 16 x 24 x 24 voxels."""
    return [make_pair(seed) for seed in range(3)]


@pytest.fixture(scope="session")
def folder(pairs, tmp_path_factory):
    """Records of patches of 8 x 12 x 12: 8 from each sample, in shards of 3."""
    path = tmp_path_factory.mktemp("records") / "records"
    write_records(path, pairs, patch=(8, 12, 12), test_samples=[2], patches_per_shard=3)
    return path


@pytest.fixture
def records(folder):
    """The same, opened."""
    return open_records(folder)
