"""Fine-tuning: what is kept of fitted weights, what starts anew, and what stays frozen."""

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.summary import build, default_arguments
from tomoseg_tf.training.arguments import network_arguments
from tomoseg_tf.training.encoder import freeze_encoder
from tomoseg_tf.training.network import compiled_network
from tomoseg_tf.training.recipe_file import check_recipe
from tomoseg_tf.volume import Normalisation
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

keras = load_keras()
SMALL = {"levels": 2, "base_features": 2}
TINY = {
    "unet_3d": SMALL,
    "residual_unet_3d": SMALL,
    "cicek_unet_3d": SMALL,
    "fcdense_3d": {"blocks": [1, 1], "growth_rate": 2, "base_features": 2},
    "residual_unet_2d": SMALL,
    "unet_2d": SMALL,
    "segnet_2d": {"widths": [2, 2]},
}
DECODERS = ("synthesis", "decoder", "up", "expand", "head")


def fitted(folder, name, num_classes=1, channels=1, **config):
    """Save a tiny network whose moving averages are not those it is made with."""
    sides = len(default_arguments(name)["input_shape"]) - 1
    arguments = {"input_shape": [None] * sides + [channels], "num_classes": num_classes}
    arguments |= TINY[name]
    keras.utils.set_random_seed(7)
    model = build(name, arguments)
    model.set_weights([array + 0.01 for array in model.get_weights()])
    classes = ("background", "object", "pore")[: max(2, num_classes)]
    settings = {"classes": class_entries(classes), "normalisation": Normalisation("zscore")}
    config = WeightsConfig(model=name, arguments=arguments, **{**settings, **config})
    save_weights(folder, model, config, card="# Not fitted\n")
    return model


def started(folder, name, classes=("background", "object"), **changes):
    """A network that starts from the weights of a folder, and what was said."""
    model = {"name": name, "arguments": TINY[name], "weights": str(folder), **changes}
    recipe, said = check_recipe({"model": model, "seed": 3}), []
    arguments = network_arguments(recipe, len(classes))
    return compiled_network(recipe, arguments, classes, notify=said.append), said


def differing(one, other):
    """Names of the layers whose values differ."""
    return [
        new.name
        for old, new in zip(one.layers, other.layers, strict=True)
        if any(
            a.shape != b.shape or (a != b).any()
            for a, b in zip(old.get_weights(), new.get_weights(), strict=True)
        )
    ]


@pytest.mark.parametrize("name", ["unet_3d", "fcdense_3d"])
def test_equal_weights_are_taken_as_they_are_and_nothing_is_said(name, tmp_path):
    start = fitted(tmp_path / "w", name)
    model, said = started(tmp_path / "w", name)
    assert differing(start, model) == []
    assert said == []


@pytest.mark.parametrize("name", TINY)
def test_with_other_classes_the_head_alone_starts_anew(name, tmp_path):
    start = fitted(tmp_path / "w", name)
    model, said = started(tmp_path / "w", name, ("background", "object", "pore"))
    assert model.output_shape[-1] == 3
    head = differing(start, model)
    assert head == [model.layers[-1].name]
    assert said == [
        f"{head[0]} starts anew: {tmp_path / 'w'} has 1 output(s) and 1 channel(s), the recipe and "
        "its records 3 and 1"
    ]


def test_other_classes_may_come_with_another_dropout(tmp_path):
    start = fitted(tmp_path / "w", "unet_2d")
    arguments = {**SMALL, "dropout": 0.5}
    model, said = started(tmp_path / "w", "unet_2d", ("a", "b", "c"), arguments=arguments)
    assert len(model.layers) > len(start.layers)
    assert len(said) == 1
    first = next(layer.name for layer in start.layers if layer.weights)
    kernels = (net.get_layer(first).get_weights()[0] for net in (start, model))
    np.testing.assert_array_equal(*kernels)


@pytest.mark.parametrize(("before", "now"), [(3, 1), (1, 3)])
@pytest.mark.parametrize("name", ["residual_unet_2d"])
def test_with_other_channels_what_comes_out_stays(name, before, now, tmp_path):
    """Channels are copies of the grey value, so that the first kernels can be summed or shared."""
    start = fitted(tmp_path / "w", name, channels=before)
    model, said = started(tmp_path / "w", name, channels=now)
    grey = np.random.default_rng(0).normal(size=(1, 16, 16, 1)).astype("float32")
    results = [
        net.predict(np.repeat(grey, n, -1), verbose=0) for net, n in ((start, before), (model, now))
    ]
    np.testing.assert_allclose(results[0], results[1], atol=1e-5)
    assert len(said) == 1
    assert f"saw {before} channels of the grey value and was folded for {now}" in said[0]


def test_what_fits_but_means_something_else_is_said(tmp_path):
    fitted(tmp_path / "w", "unet_3d", normalisation=Normalisation("minmax"))
    _, said = started(tmp_path / "w", "unet_3d", ("background", "dendrite"))
    assert "are background, object, those of the records background, dendrite" in said[0]
    assert "another normalisation (method minmax there, zscore here)" in said[1]


@pytest.mark.parametrize("classes", [("background", "object"), ("a", "b", "c")])
def test_arguments_that_leave_the_shapes_alone_are_said(classes, tmp_path):
    fitted(tmp_path / "w", "residual_unet_2d")
    changed = {**SMALL, "dilation": 2, "dropout": 0.5}
    _, said = started(tmp_path / "w", "residual_unet_2d", classes, arguments=changed)
    assert "with other arguments (dilation None there, 2 here), which may" in said[-1]


@pytest.mark.parametrize(
    "arguments", [{"levels": 3, "base_features": 2}, {"levels": 2, "base_features": 3}]
)
def test_another_network_is_refused_whatever_its_classes(arguments, tmp_path):
    fitted(tmp_path / "w", "unet_3d")
    with pytest.raises(ValueError, match=r"are of unet_3d with .* change model.arguments"):
        started(tmp_path / "w", "unet_3d", ("a", "b", "c"), arguments=arguments)


@pytest.mark.parametrize("name", TINY)
def test_the_encoder_is_all_before_anything_is_up_sampled(name):
    model = build(name, {**default_arguments(name), **TINY[name]})
    freeze_encoder(model)
    names = {flag: [] for flag in (True, False)}
    for layer in model.layers:
        if layer.weights:
            names[layer.trainable].append(layer.name)
    assert all(layer.startswith(DECODERS) for layer in names[True])
    assert not any(layer.startswith(DECODERS) for layer in names[False])
    assert min(map(len, names.values())) >= 3


def test_a_frozen_encoder_keeps_its_values_and_averages(tmp_path):
    """A step changes every layer of the decoder and none of the encoder."""
    start = fitted(tmp_path / "w", "residual_unet_3d")
    model, _ = started(tmp_path / "w", "residual_unet_3d", freeze_encoder=True)
    grey = np.random.default_rng(0).normal(size=(1, 4, 8, 8, 1)).astype("float32")
    model.train_on_batch(grey, (grey > 0.5).astype("uint8"))
    layers = [layer.name for layer in model.layers if layer.weights]
    assert differing(start, model) == [name for name in layers if name.startswith(DECODERS)]


def test_a_network_that_up_samples_nothing_has_no_encoder():
    model = build("unet_3d", {**default_arguments("unet_3d"), "levels": 1})
    with pytest.raises(ValueError, match="unet_3d up-samples nothing"):
        freeze_encoder(model)
