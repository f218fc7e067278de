import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.fc_densenet import CropLike
from tomoseg_tf.prediction import predict_volume
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
        (keras.layers.ReLU(max_value=6, name="f"), "layer f is no plain rectifier"),
        (keras.layers.PReLU(shared_axes=[1, 2, 3], name="g"), "layer g has 4 slopes, not one"),
        (keras.layers.Conv3DTranspose(2, 3, 2, name="h"), "layer h is no linear transposed"),
        (keras.layers.Conv3DTranspose(2, 3, 2, "same", name="i"), "layer i is no linear transp"),
        (keras.layers.MaxPooling3D(2, padding="same", name="j"), "layer j is a MaxPooling3D"),
    ],
)
def test_what_cannot_be_tiled_is_named(step, message):
    with pytest.raises(ValueError, match=message):
        inference_graph(model_of(keras.layers.Conv3D(4, 1), step))


def test_a_tensor_with_two_users_is_not_folded():
    """Nor one that a dropout passes on to the second."""
    volume = keras.Input((None, None, None, 1))
    shared = keras.layers.Conv3D(2, 1)(volume)
    dropped = keras.layers.Dropout(0.5)(shared)
    joined = keras.layers.Add()([shared, keras.layers.ReLU(name="r")(dropped)])
    model = keras.Model(volume, keras.layers.Conv3D(1, 1)(joined))
    nodes = inference_graph(model)
    assert [node.kind for node in nodes] == ["input", "conv", "point", "sum", "conv"]
    grey = np.random.default_rng(0).standard_normal((2, 3, 4)).astype("f4")
    expected = keras.ops.convert_to_numpy(model(grey[None, ..., None]))[0]
    np.testing.assert_allclose(predict_volume(model, grey), expected, atol=1e-6)


def test_a_crop_of_something_else_is_refused():
    volume = keras.Input((None, None, None, 1))
    model = keras.Model(volume, CropLike(name="c")(keras.layers.Conv3D(2, 1)(volume), volume))
    with pytest.raises(ValueError, match="layer c crops something else than a transposed"):
        inference_graph(model)


def test_an_unknown_axis_order_is_refused(random_unet):
    with pytest.raises(ValueError, match="axes must be ZYX or XYZ"):
        inference_graph(random_unet(), axes="YXZ")


def test_a_network_of_several_channels_is_refused():
    volume = keras.Input((None, None, None, 2))
    with pytest.raises(ValueError, match="takes 2 channels, but a volume has one"):
        inference_graph(keras.Model(volume, keras.layers.Conv3D(1, 1)(volume)))
