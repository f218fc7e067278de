import numpy as np
import pytest

from tomoseg_tf.volume import Normalisation, open_volume
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

SHAPE, SPACING = (9, 26, 31), (0.2, 0.1, 0.1)


@pytest.fixture(scope="module")
def folder(random_unet, tmp_path_factory):
    """Random weights, fitted on voxels of 0.2 µm."""
    arguments = {"input_shape": [None] * 3 + [1], "num_classes": 1, "levels": 2}
    config = WeightsConfig(
        model="unet_3d",
        arguments=arguments | {"base_features": 2},
        classes=class_entries(("a", "b")),
        spacing=(0.2, 0.2, 0.2),
        normalisation=Normalisation("minmax"),
    )
    path = tmp_path_factory.mktemp("weights") / "fitted"
    save_weights(path, random_unet(), config, card="# Random\n")
    return path


@pytest.fixture
def scan(tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
    np.save(tmp_path / "scan.npy", grey)
    return open_volume(tmp_path / "scan.npy", spacing=SPACING)
