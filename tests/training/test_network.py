import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.summary import build
from tomoseg_tf.training.devices import choose_devices
from tomoseg_tf.training.network import (
    check_sides,
    compiled_network,
    dtype_policy,
    network_arguments,
)
from tomoseg_tf.training.recipe_file import check_recipe
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

keras = load_keras()
TINY = {"model": {"name": "unet_3d", "arguments": {"levels": 2, "base_features": 2}}}


def recipe(**sections):
    return check_recipe({**TINY, **sections})


@pytest.mark.parametrize(
    ("loss", "classes", "channels"),
    [
        ("binary_crossentropy", 2, 1),
        ("crossentropy_dice", 2, 1),
        ("categorical_crossentropy", 2, 2),
        ("crossentropy_dice", 3, 3),
    ],
)
def test_two_classes_make_a_binary_network_except_for_the_categorical_loss(loss, classes, channels):
    arguments = network_arguments(recipe(loss={"name": loss}), classes)
    assert arguments["num_classes"] == channels
    assert build("unet_3d", arguments).output_shape[-1] == channels


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        ({"name": "unet_3d"}, [None, None, None, 1]),
        ({"name": "unet_2d"}, [None, None, 1]),
        ({"name": "deeplab_v3_plus", "channels": 3}, [None, None, 3]),
        ({"name": "xlearn_unet", "channels": 3}, [48, 64, 3]),
    ],
)
def test_the_input_is_what_the_network_sees_of_a_crop(model, shape):
    arguments = network_arguments(recipe(model=model), 3, (1, 48, 64))
    assert arguments == {"input_shape": shape, "num_classes": 3}


def test_a_network_of_fixed_sides_has_some_without_records_too():
    assert network_arguments(recipe(model={"name": "xlearn_unet"}), 2)["input_shape"] == [32, 32, 1]


def test_slices_fit_whatever_the_depth_of_the_patch():
    chosen = recipe(model={"name": "unet_2d", "arguments": {"levels": 3, "base_features": 1}})
    arguments = network_arguments(chosen, 2)
    check_sides("unet_2d", arguments, {"the crop": (1, 8, 4), "the patch": (5, 8, 8)})
    with pytest.raises(ValueError, match="the patch 8,8,6 does not fit unet_2d: side 6"):
        check_sides("unet_2d", arguments, {"the crop": (1, 8, 8), "the patch": (8, 8, 6)})


def test_binary_loss_with_three_classes_is_refused():
    with pytest.raises(ValueError, match="the records have 3 classes; use categorical"):
        network_arguments(recipe(loss={"name": "binary_crossentropy"}), 3)


@pytest.mark.parametrize(
    ("model", "activation", "loss"),
    [
        ("unet_plus_plus", "sigmoid", "categorical_crossentropy"),
        ("xlearn_unet", "sigmoid", "categorical_crossentropy"),
        ("xlearn_unet", "relu", "crossentropy_dice"),
        ("xlearn_unet", "linear", "binary_crossentropy"),
    ],
)
def test_a_loss_that_scores_without_a_bound_would_make_best_is_refused(model, activation, loss):
    model = {"name": model, "arguments": {"activation": activation}}
    with pytest.raises(ValueError, match=rf"activation is '{activation}', .* '{loss}'"):
        network_arguments(recipe(model=model, loss={"name": loss}), 2)


@pytest.mark.parametrize(
    ("model", "activation", "loss"),
    [
        ("unet_plus_plus", "sigmoid", "crossentropy_dice"),
        ("xlearn_unet", "relu", "mean_squared_error"),
        ("residual_unet_2d", "relu", "categorical_crossentropy"),
    ],
)
def test_an_activation_that_suits_the_loss_is_taken(model, activation, loss):
    model = {"name": model, "arguments": {"activation": activation}}
    found = network_arguments(recipe(model=model, loss={"name": loss}), 3)
    assert found["activation"] == activation


def test_class_weights_must_be_as_many_as_the_classes():
    with pytest.raises(ValueError, match="class_weights has 3 numbers, but the records have 2"):
        network_arguments(recipe(loss={"class_weights": [1, 2, 3]}), 2)


def test_arguments_that_the_builder_lacks_are_named():
    with pytest.raises(ValueError, match="unet_3d has no argument 'depth'; it has"):
        build("unet_3d", {"input_shape": [None] * 3 + [1], "num_classes": 1, "depth": 3})


def test_sides_that_do_not_fit_the_network_are_named():
    arguments = network_arguments(recipe(), 2)
    check_sides("unet_3d", arguments, {"the crop": [4, 8, 6]})
    with pytest.raises(ValueError, match="the crop 4,8,5 does not fit unet_3d: side 5"):
        check_sides("unet_3d", arguments, {"the patch": (8, 8, 8), "the crop": [4, 8, 5]})


@pytest.mark.parametrize(
    ("model", "arguments"),
    [
        ("cicek_unet_3d", {"base_features": 2}),
        ("residual_unet_3d", {"base_features": 2, "residual": False}),
    ],
)
def test_a_network_that_gives_less_than_it_sees_is_refused(model, arguments):
    arguments |= {"input_shape": [None] * 3 + [1], "num_classes": 2, "levels": 2}
    arguments["padding"] = "valid"
    message = f"{model} gives only 4,4,4 of the crop 20,20,20, .*; build the network with padding="
    with pytest.raises(ValueError, match=message):
        check_sides(model, arguments, {"the crop": (20, 20, 20)})


def test_the_seed_decides_the_fresh_weights():
    arguments = network_arguments(recipe(), 2)
    models = [
        compiled_network(recipe(seed=seed), arguments, ("background", "object"))
        for seed in (1, 1, 2)
    ]
    kernels = [model.trainable_variables[0].numpy() for model in models]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert (kernels[0] != kernels[2]).any()


def test_the_optimiser_has_the_settings_of_the_recipe():
    settings = {"learning_rate": 0.01, "beta_1": 0.8, "weight_decay": 0.1, "clip_norm": 2.0}
    chosen = recipe(optimiser=settings)
    optimiser = compiled_network(chosen, network_arguments(chosen, 2), ("a", "b")).optimizer
    config = optimiser.get_config()
    assert config["learning_rate"] == pytest.approx(0.01)
    assert (config["beta_1"], config["weight_decay"]) == (0.8, 0.1)
    assert config["global_clipnorm"] == 2.0


def test_mixed_precision_computes_in_half_and_keeps_the_weights_and_the_head_in_single():
    chosen = recipe(precision="mixed_bfloat16")
    before = keras.config.dtype_policy().name
    model = compiled_network(chosen, network_arguments(chosen, 2), ("a", "b"))
    assert keras.config.dtype_policy().name == before
    assert model.get_layer("bottom_conv0").compute_dtype == "bfloat16"
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    assert model.output.dtype == "float32"


def test_float16_training_scales_its_loss():
    chosen = recipe(precision="mixed_float16")
    model = compiled_network(chosen, network_arguments(chosen, 2), ("a", "b"))
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    model.optimizer.learning_rate = 0.25
    assert float(model.optimizer.inner_optimizer.learning_rate) == 0.25


def test_the_policy_comes_back_after_an_error():
    before = keras.config.dtype_policy().name
    with pytest.raises(KeyError), dtype_policy("mixed_bfloat16"):
        raise KeyError
    assert keras.config.dtype_policy().name == before


def test_float16_is_refused_on_a_processor():
    with pytest.raises(ValueError, match="'mixed_float16', which needs a GPU"):
        choose_devices(recipe(precision="mixed_float16"), ["CPU:0"])


def test_devices_must_be_able_to_share_a_batch():
    chosen = recipe(batches={"batch_size": 3})
    with pytest.raises(ValueError, match="batch_size is 3, no multiple of the 2 devices"):
        choose_devices(chosen, ["CPU:0", "CPU:1"])


def test_devices_must_be_able_to_share_the_validation():
    with pytest.raises(ValueError, match="1 validation patches, too few for the 2 devices"):
        choose_devices(recipe(), ["CPU:0", "CPU:1"], 1)


def saved(folder, **arguments):
    """Save random weights of a tiny network; return the folder and the network."""
    arguments = {"input_shape": [None] * 3 + [1], "num_classes": 1, **arguments}
    model = build("unet_3d", arguments)
    config = WeightsConfig(
        model="unet_3d", arguments=arguments, classes=class_entries(("background", "object"))
    )
    save_weights(folder, model, config, card="# Not fitted\n")
    return folder, model


def test_training_starts_from_fitted_weights(tmp_path):
    folder, start = saved(tmp_path / "start", levels=2, base_features=2)
    settings = recipe(model={**TINY["model"], "weights": str(folder)}, seed=5)
    model = compiled_network(settings, network_arguments(settings, 2), ("background", "object"))
    for mine, theirs in zip(model.get_weights(), start.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_weights_of_another_network_are_refused(tmp_path):
    folder, _ = saved(tmp_path / "start", levels=1, base_features=2)
    settings = recipe(model={**TINY["model"], "weights": str(folder)})
    with pytest.raises(ValueError, match=r"are of unet_3d with .*'levels': 1.* but the recipe"):
        compiled_network(settings, network_arguments(settings, 2), ("background", "object"))


@pytest.mark.parametrize(
    ("model", "depth", "found"),
    [
        ({"name": "residual_unet_3d", "arguments": {"levels": 4, "base_features": 2}}, 4, 2),
        ({"name": "residual_unet_3d", "arguments": {"levels": 4, "base_features": 2}}, 8, None),
        ({"name": "residual_unet_3d", "arguments": {"z_poolings": 1}}, 4, 1),
        ({"name": "fcdense_3d", "arguments": {"blocks": [1] * 4, "growth_rate": 2}}, 4, 2),
        ({"name": "unet_3d"}, 4, None),
    ],
)
def test_shallow_patches_are_pooled_along_z_as_far_as_they_reach(model, depth, found):
    arguments = network_arguments(recipe(model=model), 2, (depth, 16, 16))
    assert arguments.get("z_poolings") == found


@pytest.mark.parametrize(("momentum", "kept"), [(None, 0.99), (0.5, 0.5), (0.0, 0.0)])
def test_a_step_keeps_the_stated_share_of_the_statistics_of_prediction(momentum, kept):
    settings = recipe(model={**TINY["model"], "batch_norm_momentum": momentum})
    model = compiled_network(settings, network_arguments(settings, 2), ("background", "object"))
    grey = np.random.default_rng(0).standard_normal((2, 8, 8, 8, 1)).astype("float32")
    first = next(each for each in model.layers if isinstance(each, keras.layers.Conv3D))
    mean = keras.Model(model.input, first.output)(grey).numpy().mean(axis=(0, 1, 2, 3))
    norm = next(each for each in model.layers if isinstance(each, keras.layers.BatchNormalization))
    model.train_on_batch(grey, (grey > 1).astype("uint8"))
    np.testing.assert_allclose(norm.moving_mean, (1 - kept) * mean, atol=1e-6)


@pytest.mark.parametrize("freeze", [False, True])
def test_frozen_normalisation_keeps_its_statistics_and_trains_the_rest(freeze):
    settings = recipe(model={**TINY["model"], "freeze_batch_norm": freeze})
    model = compiled_network(settings, network_arguments(settings, 2), ("background", "object"))
    before = {weight.path: weight.numpy() for weight in model.weights}
    rng = np.random.default_rng(0)
    grey = rng.standard_normal((2, 8, 8, 8, 1)).astype("float32")
    model.fit(grey, (grey > 1).astype("uint8"), epochs=1, verbose=0)
    changed = {w.path: not np.array_equal(w.numpy(), before[w.path]) for w in model.weights}
    assert changed["bottom_conv0/kernel"]
    assert changed["bottom_norm0/moving_mean"] is not freeze
    assert changed["bottom_norm0/gamma"] is not freeze


def test_a_crop_that_fits_is_named_for_a_network_of_slices():
    """256 is no multiple of 6 * 8, 240 is; prediction pads."""
    arguments = {"input_shape": (None, None, 1), "num_classes": 3, "backbone": "resnet18"}
    with pytest.raises(ValueError, match=r"side 256 .*'batches.crop=\[1,240,288\]'"):
        check_sides("pspnet", arguments, {"the crop": (1, 256, 300)})
    with pytest.raises(ValueError, match=r"use 48 or None$"):
        check_sides("pspnet", arguments, {"the crop": (1, 40, 96)})
