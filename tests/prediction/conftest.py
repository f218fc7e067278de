import numpy as np
import pytest

from tomoseg_tf.models import unet_3d


@pytest.fixture(scope="session")
def randomise():
    """A function that gives every weight of a model a random value that keeps the signal alive."""

    def assign(model, seed=0, gain=1.0, bias=0.1):
        rng = np.random.default_rng(seed)
        for weight in model.weights:
            if weight.path.endswith(("gamma", "moving_variance")):
                values = rng.uniform(0.5, 1.5, weight.shape)
            elif weight.path.endswith("alpha"):
                values = rng.uniform(0.1, 0.4, weight.shape)
            elif len(weight.shape) == 1:
                values = bias * rng.standard_normal(weight.shape)
            else:
                fan = np.prod(weight.shape[:-1])
                values = gain * rng.standard_normal(weight.shape) / np.sqrt(fan)
            weight.assign(values)
        return model

    return assign


@pytest.fixture(scope="session")
def random_unet(randomise):
    """A function that builds a small 3D U-Net whose every weight is random."""

    def build(levels=2, base_features=2, num_classes=1, seed=0):
        model = unet_3d(
            (None, None, None, 1), num_classes, levels=levels, base_features=base_features
        )
        return randomise(model, seed, gain=1.2)

    return build
