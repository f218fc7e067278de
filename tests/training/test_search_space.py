"""The search section of a recipe: what it takes, and what it refuses in one line."""

import pytest
import yaml

from tomoseg_tf.training import check_recipe, format_recipe
from tomoseg_tf.training.recipe_file import changed_recipe, read_recipe
from tomoseg_tf.training.search_space import Choices, Range, parse_space

SPACE = {
    "optimiser.learning_rate": {"log_range": [1e-5, 1e-2]},
    "batches.crop": [[4, 8, 8], [8, 8, 8], None],
    "schedule.epochs": {"range": [4, 12], "step": 4},
    "augmentation": [None, {"flips": True}],
    "model.arguments.levels": [2, 3],
}


def with_space(space, **settings):
    return check_recipe({"search": {"space": space, **settings}})


def test_choices_and_ranges():
    space = with_space(SPACE).search.space
    assert space["optimiser.learning_rate"] == Range(1e-5, 1e-2, log=True)
    assert space["schedule.epochs"] == Range(4, 12, step=4)
    assert space["batches.crop"] == Choices(([4, 8, 8], [8, 8, 8], None))


def test_a_recipe_with_a_search_is_read_back_as_it_was(tmp_path):
    recipe = with_space(SPACE, trials=7, sampler="random")
    path = tmp_path / "recipe.yaml"
    path.write_text(format_recipe(recipe))
    assert read_recipe(path) == recipe
    assert read_recipe(path, ["search.trials=9"]).search.trials == 9


def test_training_takes_no_notice_of_it():
    assert with_space(SPACE).to_dict() == check_recipe({}).to_dict()
    assert "search" not in yaml.safe_load(format_recipe(check_recipe({})))


def test_settings_are_changed_by_dotted_keys():
    values = {"model.arguments.levels": 3, "augmentation.noise": 0.1, "batches.crop": [8, 8, 8]}
    changed = changed_recipe(with_space(SPACE), values)
    assert changed.model.arguments == {"levels": 3}
    assert changed.augmentation.noise == 0.1
    assert changed.batches.crop == [8, 8, 8]
    assert changed.search is None


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"optimiser.rate": [1]}, "search.space.optimiser.rate: unknown key 'rate'"),
        ({"model.name": ["unet"]}, "model.name is 'unet': no such network"),
        ({"batches.batch_size": {"range": [0, 4]}}, "batches.batch_size is 0: should be greater"),
        ({"monitor": ["loss"]}, "'monitor' cannot be searched"),
        ({"search.trials": [1]}, "'search.trials' cannot be searched"),
        ({"seed": {"range": [3, 1]}}, "runs from 3 to 1; give two numbers that rise"),
        ({"seed": {"log_range": [0, 1]}}, "log_range from 0; it must begin above 0"),
        ({"seed": {"log_range": [1, 9], "step": 2}}, "a step in a log_range; leave it out"),
        ({"seed": {"range": [1, 9], "step": 0.5}}, "between integers; give an integer"),
        ({"seed": {"range": [1, 9], "by": 2}}, "give a list of choices"),
        ({"seed": 3}, "seed is 3; give a list of choices"),
        ({"seed": []}, "seed has no choices"),
        ({"seed": [1, 2, 1]}, "seed has the choice 1 twice"),
        ({"loss": [{}], "loss.name": ["mean_squared_error"]}, "loss.name is part of loss"),
        ({}, "search.space is {}: must map settings"),
    ],
)
def test_mistakes_are_one_line(space, message):
    with pytest.raises(ValueError, match=message.replace("{", r"\{").replace("}", r"\}")) as error:
        with_space(space)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 250


def test_unknown_keys_of_the_section_are_named():
    with pytest.raises(ValueError, match="unknown key 'trial'; did you mean 'trials'"):
        with_space(SPACE, trial=3)


def test_one_and_true_are_different_choices():
    assert parse_space({"x": [1, True]})["x"].values == (1, True)
