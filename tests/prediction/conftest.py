import numpy as np
import pytest

from tomoseg_tf.models import unet_3d


@pytest.fixture(scope="session")
def random_unet():
    """A function that builds a small 3D U-Net whose every weight is random."""

    def build(levels=2, base_features=2, num_classes=1, seed=0):
        model = unet_3d(
            (None, None, None, 1), num_classes, levels=levels, base_features=base_features
        )
        rng = np.random.default_rng(seed)
        values = []
        for weight in model.weights:
            if weight.path.endswith(("gamma", "moving_variance")):
                values.append(rng.uniform(0.5, 1.5, weight.shape))
            elif len(weight.shape) == 1:
                values.append(0.1 * rng.standard_normal(weight.shape))
            else:
                fan = np.prod(weight.shape[:-1])
                values.append(1.2 * rng.standard_normal(weight.shape) / np.sqrt(fan))
        model.set_weights(values)
        return model

    return build
