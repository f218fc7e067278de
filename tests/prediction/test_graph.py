import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.prediction.graph import inference_graph

keras = load_keras()


def model_of(*steps):
    volume = keras.Input((None, None, None, 1))
    x = volume
    for step in steps:
        x = step(x)
    return keras.Model(volume, x)


def test_normalisation_and_rectifier_join_their_convolution(random_unet):
    nodes = inference_graph(random_unet(levels=2))
    kinds = [node.kind for node in nodes]
    assert kinds == ["input", *["conv"] * 2, "pool", *["conv"] * 2, "up", "concat", *["conv"] * 3]
    assert [node.activation for node in nodes if node.kind == "conv"] == ["relu"] * 6 + ["sigmoid"]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (keras.layers.Conv3D(2, 3, strides=2, padding="same", name="a"), "layer a is no conv"),
        (keras.layers.Conv3D(2, 2, padding="same", name="b"), "layer b is no convolution of odd"),
        (keras.layers.Conv3D(2, 3, name="c"), "layer c is no convolution"),
        (keras.layers.AveragePooling3D(2, name="d"), "layer d is a AveragePooling3D"),
        (keras.layers.Conv3D(2, 1, activation="tanh", name="e"), "activation 'tanh'"),
        (keras.layers.ReLU(name="f"), "layer f does not follow a linear convolution"),
    ],
)
def test_what_cannot_be_tiled_is_named(step, message):
    with pytest.raises(ValueError, match=message):
        inference_graph(model_of(step))


def test_a_tensor_with_two_users_is_not_folded():
    volume = keras.Input((None, None, None, 1))
    shared = keras.layers.Conv3D(2, 1)(volume)
    joined = keras.layers.Concatenate()([shared, keras.layers.ReLU(name="r")(shared)])
    with pytest.raises(ValueError, match="input of layer r is used elsewhere"):
        inference_graph(keras.Model(volume, keras.layers.Conv3D(1, 1)(joined)))


def test_an_unknown_axis_order_is_refused(random_unet):
    with pytest.raises(ValueError, match="axes must be ZYX or XYZ"):
        inference_graph(random_unet(), axes="YXZ")


def test_a_network_of_several_channels_is_refused():
    volume = keras.Input((None, None, None, 2))
    with pytest.raises(ValueError, match="takes 2 channels, but a volume has one"):
        inference_graph(keras.Model(volume, keras.layers.Conv3D(1, 1)(volume)))
