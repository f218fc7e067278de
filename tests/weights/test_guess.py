import pytest

from tomoseg_tf.models import unet_3d, xlearn_unet
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


@pytest.mark.parametrize("variant", ["transformer2", "transformer3_pooling"])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize(("side", "channels", "num_classes"), [(32, 1, 1), (16, 3, 4)])
def test_the_arguments_of_an_xlearn_net_are_read_off_the_shapes(
    variant, batch_norm, side, channels, num_classes
):
    arguments = {
        "input_shape": [side, side, channels],
        "num_classes": num_classes,
        "variant": variant,
        "base_features": 4,
        "kernel_size": 5,
        "batch_norm": batch_norm,
        "activation": "relu" if num_classes == 1 else None,
    }
    network = xlearn_unet(**arguments)
    assert guess_arguments("xlearn_unet", [tuple(w.shape) for w in network.weights]) == arguments


def test_shapes_of_another_net_are_no_xlearn_net():
    assert guess_arguments("xlearn_unet", [(3, 3, 3, 1, 8), (8,), (1, 1, 1, 8, 1)]) is None
    assert guess_arguments("xlearn_unet", [(3, 3, 1, 8), (8,), (1, 1, 8, 1)]) is None
