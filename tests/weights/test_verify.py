import numpy as np
import pytest

from tomoseg_tf.weights import card, open_weights, save_weights, verify_weights
from tomoseg_tf.weights.arrays import read_values


def test_whole_weights_pass(folder, network):
    verified = verify_weights(folder)
    assert (verified.name, verified.model) == ("saved", "unet_3d")
    assert verified.parameters == network.count_params()
    assert verified.hashes == open_weights(folder).hashes
    assert set(verified.hashes) == {"config.json", "model.weights.h5", "README.md"}


def test_values_that_are_not_finite_do_not_pass(tmp_path, network, config):
    good = read_values(network)
    network.set_weights([np.full_like(array, np.inf) for array in good])
    save_weights(tmp_path / "x", network, config, card=card(config))
    network.set_weights(good)
    with pytest.raises(ValueError, match="layer analysis0_conv0 has values that are not finite"):
        verify_weights(tmp_path / "x")
