import pytest

from tomoseg_tf.models import unet_3d
from tomoseg_tf.weights.importers.guess import guess_arguments


@pytest.mark.parametrize("levels", [1, 2, 4])
@pytest.mark.parametrize("base_features", [3, 8])
@pytest.mark.parametrize(("channels", "num_classes"), [(1, 1), (3, 4)])
def test_the_arguments_are_read_off_the_shapes(levels, base_features, channels, num_classes):
    arguments = {
        "input_shape": [None, None, None, channels],
        "num_classes": num_classes,
        "levels": levels,
        "base_features": base_features,
    }
    network = unet_3d(**arguments)
    assert guess_arguments("unet_3d", [tuple(w.shape) for w in network.weights]) == arguments


def test_shapes_of_another_net_give_none():
    assert guess_arguments("unet_3d", [(3, 3, 1, 8), (8,)]) is None
    assert guess_arguments("unet_3d", [(3, 3, 3, 1, 8), (1, 1, 1, 4, 1)]) is None
    assert guess_arguments("segnet_2d", [(3, 3, 3, 1, 8), (1, 1, 1, 8, 1)]) is None
