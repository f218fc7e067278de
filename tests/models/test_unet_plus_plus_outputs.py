"""Pins of UNet++: outputs of the code its authors published."""

from pathlib import Path

import numpy as np
import pytest

from tomoseg_tf.models.unet_plus_plus import unet_plus_plus

DATA = Path(__file__).parent / "data"

pytestmark = pytest.mark.usefixtures("no_random_start")


def test_the_plain_unet_computes_what_the_published_code_does(fill, grey):
    model = unet_plus_plus((None, None, 1), 1, topology="unet")
    fill(model, gain=1.0)
    with np.load(DATA / "unet_plus_plus.npz") as expected:
        np.testing.assert_allclose(model.predict_on_batch(grey(32, 1)), expected["unet"], atol=1e-5)


def test_heads_are_those_of_the_published_deep_supervision_averaged_or_pruned(fill, grey):
    """Fast: the net of a head's depth has that head, from the same layers, and no more."""
    heads = unet_plus_plus((None, None, 1), 1, heads="all")
    fill(heads, gain=1.0)
    found = heads.predict_on_batch(grey(32, 1))
    with np.load(DATA / "unet_plus_plus.npz") as oracle:
        expected = [oracle[f"head{index}"] for index in (1, 2, 3, 4)]
    np.testing.assert_allclose(found, expected, atol=1e-5)

    accurate = unet_plus_plus((None, None, 1), 1, heads="accurate")
    accurate.set_weights(heads.get_weights())
    np.testing.assert_allclose(
        accurate.predict_on_batch(grey(32, 1)), np.mean(expected, axis=0), atol=1e-5
    )

    for depth, parameters in ((1, 100_961), (2, 511_105), (4, 9_041_601)):
        pruned = unet_plus_plus((None, None, 1), 1, depth=depth)
        assert pruned.count_params() == parameters
        for layer in pruned.layers:
            layer.set_weights(heads.get_layer(layer.name).get_weights() if layer.weights else [])
        np.testing.assert_allclose(
            pruned.predict_on_batch(grey(32, 1)), expected[depth - 1], atol=1e-5
        )


@pytest.mark.parametrize(
    ("backbone", "parameters", "gain"),
    [("resnet50", 34_387_339, 0.7), ("inception_v3", 30_469_090, 1.0)],
)
def test_xnet_computes_what_the_published_code_does(backbone, parameters, gain, fill, grey):
    model = unet_plus_plus((64, 64, 3), 2, backbone=backbone)
    assert model.count_params() == parameters
    fill(model, gain)
    with np.load(DATA / "unet_plus_plus.npz") as expected:
        found = model.predict_on_batch(grey(64, 3))[:, ::2, ::2, :1]
        np.testing.assert_allclose(found, expected[f"xnet_{backbone}"], atol=1e-5)
