import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.summary import build
from tomoseg_tf.training.arguments import network_arguments
from tomoseg_tf.training.network import compiled_network, dtype_policy
from tomoseg_tf.training.recipe_file import check_recipe
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

keras = load_keras()
TINY = {"model": {"name": "unet_3d", "arguments": {"levels": 2, "base_features": 2}}}


def recipe(**sections):
    return check_recipe({**TINY, **sections})


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
