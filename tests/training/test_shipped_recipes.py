"""The shipped recipes state what the papers state, and build networks of what they say."""

import re

import pytest

from tomoseg_tf.models.summary import default_arguments
from tomoseg_tf.training.arguments import check_sides, network_arguments
from tomoseg_tf.training.encoder import find_backbone
from tomoseg_tf.training.recipe_file import find_recipe, read_recipe, shipped_recipes

MSE, CE = "mean_squared_error", "categorical_crossentropy"
CE_DICE, HALF_CE_DICE = "crossentropy_dice", "half_crossentropy_minus_dice"

# recipe: network, backbone, classes, loss, batch size, epochs, score in the paper
JOM2021 = {
    "unet_binary": ("xlearn_unet", None, 2, MSE, 1, 10, "95.9"),
    "unet_crossentropy": ("xlearn_unet", None, 3, CE, 1, 10, "91.7"),
    "unet": ("xlearn_unet", None, 3, CE_DICE, 1, 10, "92.2"),
    "unet_plus_plus": ("unet_plus_plus", "resnet152", 3, CE_DICE, 1, 10, "95.1"),
    "pspnet": ("pspnet", "resnet152", 3, CE_DICE, 1, 10, "88.2"),
    "deeplab_v3_plus": ("deeplab_v3_plus", "xception_71", 3, CE_DICE, 1, 10, "89.1"),
}
BARBOZA2020 = {
    "unet_1_image": ("xlearn_unet", None, 2, MSE, None, 50, "62.26"),
    "unet_10_images": ("xlearn_unet", None, 2, MSE, None, 30, "60.19"),
    "unet_batches_of_128": ("xlearn_unet", None, 2, MSE, 128, 5, "40.65 .* 49.40"),
    "unet_batches_of_512": ("xlearn_unet", None, 2, MSE, 512, 5, "44.40"),
    "unet_binary": ("xlearn_unet", None, 2, MSE, None, 10, "74.42"),
    "unet": ("xlearn_unet", None, 3, CE, None, 10, "73.88"),
    "unet_5_epochs": ("xlearn_unet", None, 3, CE, 2048, 5, "73.88"),
    "unet_patches_of_64": ("xlearn_unet", None, 3, CE, None, 10, "70.35"),
    "unet_patches_of_128": ("xlearn_unet", None, 3, CE, None, 10, "69.16"),
    "unet_plus_plus_inception_v3": (
        "unet_plus_plus",
        "inception_v3",
        3,
        HALF_CE_DICE,
        2,
        10,
        "72.43",
    ),
    "unet_plus_plus_resnet152": ("unet_plus_plus", "resnet152", 3, HALF_CE_DICE, None, 10, "72.19"),
    "pspnet_inception_v3": ("pspnet", "inception_v3", 3, CE, 2, 10, "72.36"),
    "pspnet_resnet152": ("pspnet", "resnet152", 3, CE, None, 10, "72.80"),
    "deeplab_v3_plus": ("deeplab_v3_plus", "xception_71", 3, CE, 8, None, "74.27"),
}
PUBLISHED = {f"jom2021/{name}": facts for name, facts in JOM2021.items()}
PUBLISHED |= {f"barboza2020/{name}": facts for name, facts in BARBOZA2020.items()}
OWN = (
    "compare",
    "dendrites",
    "micropillar",
    "micropillar_finish",
    "slices",
    "slices_deeplab",
    "slices_pspnet",
)
OWN += ("slices_unet", "few_labels", "inclusions", "inclusions_finish")


# James et al. (2022), Table 1: patch, rates and epochs of both steps, batch size; BDE of Table 2
JAMES2022 = {
    "residual_unet_2d": ((1, 776, 776), (1.71e-4, 3.80e-4), (5, 8), 16, "0.70"),
    "residual_unet_3d": ((4, 456, 456), (1.07e-4, 3.12e-6), (4, 13), 8, "0.58"),
    "fcdense_3d": ((4, 560, 560), (6.19e-5, 1.96e-7), (6, 11), 8, "0.68"),
}
STEPS = [(name, step) for name in JAMES2022 for step in (0, 1)]


def step_of(name, step):
    return f"james2022/{name}{('', '_finetune')[step]}"


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_both_steps_of_james_state_what_table_1_states(name, step):
    patch, rates, epochs, batch_size, error = JAMES2022[name]
    recipe, text = read_recipe(step_of(name, step)), comment(step_of(name, step))
    assert (recipe.optimiser.learning_rate, recipe.schedule.epochs) == (rates[step], epochs[step])
    assert (recipe.batches.batch_size, recipe.schedule.learning_rate) == (batch_size, "constant")
    assert (recipe.augmentation.rotation, recipe.augmentation.shear) == (45, 30)
    assert recipe.augmentation.flips
    assert recipe.augmentation.axes == ("z",)
    assert text.startswith("Table 1, column")
    assert f"{error}." in text
    finetune = f"tomoseg-tf train {step_of(name, step)} --records {('cheap', 'hand')[step]}"
    assert f"{finetune}{(' -o run', ' -o fine --from run/best_dice')[step]}" in text
    arguments = network_arguments(recipe, 2)
    assert set(arguments) <= set(default_arguments(name))
    check_sides(name, arguments, {"the patch": patch})


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_the_records_of_james_are_split_as_published(name, step):
    from tomoseg_tf.cli.records import records

    text = comment(step_of(name, step)).replace("\\\n", " ")
    command = next(line for line in text.splitlines() if line.startswith("tomoseg-tf records"))
    words = [word for word in command.split()[2:] if word not in ("SCAN", "TRUTH", "--pair")]
    context = records.make_context("records", [*words, "--pair", "a.tif", "b.tif"])
    found = {key: context.params[key] for key in ("patch", "split", "group", "groups", "cover")}
    depth = JAMES2022[name][0][0]
    split = {"split": "group", "group": 8, "groups": (6, 4, 4)}
    if step == 0:
        split = {"split": "group" if depth > 1 else "slice", "groups": None}
        split["group"] = depth if depth > 1 else None
        assert context.params["fractions"] == (0.7, 0.2, 0.1)
    assert found == {"patch": JAMES2022[name][0], "cover": "shift", **split}


def test_the_second_step_of_james_changes_the_network_in_nothing():
    for name in JAMES2022:
        first, second = (read_recipe(step_of(name, step)) for step in (0, 1))
        for section in ("model", "normalisation", "batches", "augmentation", "loss"):
            assert getattr(first, section) == getattr(second, section)


def test_the_patches_of_each_recipe_fill_a_batch():
    """Patches of slices of 792 x 774 (thesis) that do not overlap, and whole ones of 768 x 768."""
    for name in PUBLISHED:
        head, batches = comment(name), read_recipe(name).batches
        slices = int(re.search(r"--slices (\d+),", head)[1])
        side = re.search(r"--patch 1,(\d+),", head)
        of_slice = 1 if side is None else (792 // int(side[1])) * (774 // int(side[1]))
        assert slices * of_slice * batches.crops_per_patch >= batches.batch_size, name


def comment(name):
    """The lines of comment at the head of a recipe."""
    lines = find_recipe(name).read_text(encoding="utf-8").splitlines()
    head = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    return "\n".join(line.removeprefix("#").strip() for line in head)


def test_every_shipped_recipe_is_checked_here():
    james = {step_of(*each) for each in STEPS}
    assert set(shipped_recipes()) == {"gaudez2022", *OWN, *PUBLISHED, *james}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_recipe_states_what_the_paper_states(name):
    network, backbone, classes, loss, batch_size, epochs, _ = PUBLISHED[name]
    recipe = read_recipe(name)
    assert recipe.model.name == network
    if backbone is not None:
        assert find_backbone(network, recipe.model.arguments) == backbone
    if network == "deeplab_v3_plus":
        assert recipe.model.arguments["atrous_rates"] == [3, 6, 9]
    assert recipe.loss.name == loss
    assert batch_size in (None, recipe.batches.batch_size)
    assert epochs in (None, recipe.schedule.epochs)
    assert recipe.optimiser.learning_rate == 1e-4
    assert recipe.schedule.learning_rate == "constant"
    dropout = {"jom2021": 0.5, "barboza2020": None if network == "xlearn_unet" else 0.5}
    assert recipe.model.arguments.get("dropout") == dropout[name.split("/")[0]]
    arguments = network_arguments(recipe, classes, (1, 64, 64))
    assert arguments["num_classes"] == (1 if classes == 2 else classes)
    assert set(recipe.model.arguments) <= set(default_arguments(network))


def test_the_5000_of_deeplab_are_steps():
    schedule = read_recipe("barboza2020/deeplab_v3_plus").schedule
    assert schedule.epochs * schedule.steps_per_epoch == 5000


@pytest.mark.parametrize("name", PUBLISHED)
def test_its_comment_tells_the_row_the_score_and_the_commands(name):
    text = comment(name)
    assert re.match(r"Table (I|II|4\.\d), row", text)
    assert re.search(PUBLISHED[name][-1], text)
    assert f"tomoseg-tf train {name} --records records -o run" in text
    binary = PUBLISHED[name][2] == 2
    assert ("--classes background,particle --palette" in text) is binary


@pytest.mark.parametrize("name", [*OWN, *PUBLISHED])
def test_its_records_command_is_understood(name):
    from tomoseg_tf.cli.records import records

    lines = comment(name).replace("\\\n", " ").splitlines()
    command = next((line for line in lines if line.startswith("tomoseg-tf records")), None)
    if command is None:
        assert name.startswith(("compare", "dendrites", "micropillar", "inclusions_finish"))
        return
    words = re.sub(r"'([^']*)'", r"\1", command).split()[2:]
    words = [word for word in words if word not in ("SCAN", "SLICES", "TRUTH", "--pair")]
    context = records.make_context("records", [*words, "--pair", "a.tif", "b.tif"])
    of_slices = ("slice", (1, 32, 32), (1, 64, 64), (1, 128, 128), (1, 768, 768))
    deep = {"few_labels": (48, 64, 64), "inclusions": (48, 80, 80)}
    assert context.params["patch"] in of_slices or context.params["patch"] == deep[name]


@pytest.mark.parametrize("name", [name for name in OWN if name.startswith("slices")])
def test_recipes_for_few_slices_flip_turn_and_anneal(name):
    recipe = read_recipe(name)
    assert recipe.model.channels == 1
    assert recipe.model.encoder is None
    assert recipe.loss.name == CE_DICE
    assert recipe.augmentation.flips
    assert recipe.augmentation.quarter_turns == ("z",)
    assert recipe.batches.crop[0] == 1
    assert recipe.schedule.learning_rate == "cosine"
    assert recipe.monitor == "dice"
    assert f"tomoseg-tf train {name} --records" in comment(name)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_pre_trained_encoder_gets_what_its_file_wants(name):
    recipe = read_recipe(name)
    backbone = PUBLISHED[name][1]
    if backbone is None or backbone.startswith("xception"):
        assert recipe.model.encoder is None
        return
    assert (recipe.model.encoder, recipe.model.channels) == ("imagenet", 3)
    top = {"resnet152": ("minmax", 255), "inception_v3": ("zscore", 1)}[backbone]
    assert (recipe.normalisation.method, recipe.normalisation.top) == top
