import pytest

from tomoseg_tf.models.summary import build
from tomoseg_tf.training.arguments import check_sides, network_arguments
from tomoseg_tf.training.recipe_file import check_recipe

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


def test_a_crop_that_fits_is_named_for_a_network_of_slices():
    """256 is no multiple of 6 * 8, 240 is; prediction pads."""
    arguments = {"input_shape": (None, None, 1), "num_classes": 3, "backbone": "resnet18"}
    with pytest.raises(ValueError, match=r"side 256 .*'batches.crop=\[1,240,288\]'"):
        check_sides("pspnet", arguments, {"the crop": (1, 256, 300)})
    with pytest.raises(ValueError, match=r"use 48 or None$"):
        check_sides("pspnet", arguments, {"the crop": (1, 40, 96)})
