from types import SimpleNamespace

import pytest

from tomoseg_tf.models import unet_2d
from tomoseg_tf.training import check_recipe
from tomoseg_tf.training.filters import check_filters, filters_notice
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights


def records(*filters):
    return SimpleNamespace(folder="r", manifest=SimpleNamespace(filters=filters))


@pytest.mark.parametrize("there", [(), ("median:size=3,axes=zyx",)])
def test_a_recipe_that_states_none_takes_any(there):
    recipe = check_recipe({})
    check_filters(recipe, records(*there))
    assert recipe.filters is None


def test_the_same_filters_are_the_same_however_written():
    recipe = check_recipe({"filters": ["median:3", "gaussian"]})
    assert recipe.filters == ["median:size=3,axes=zyx", "gaussian:sigma=1,axes=zyx"]
    check_filters(recipe, records("median:size=3,axes=zyx", "gaussian:sigma=1,axes=zyx"))


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (["median:5"], "write them again: tomoseg-tf records --filter median:size=5,axes=zyx"),
        ([], "states the filters none, but .* median:size=3,axes=zyx; .* records without --filter"),
    ],
)
def test_records_behind_other_filters_are_refused(filters, message):
    recipe = check_recipe({"filters": filters})
    with pytest.raises(ValueError, match=message):
        check_filters(recipe, records("median:size=3,axes=zyx"))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("median", "filters is 'median': must be a list of filters such as median:3"),
        (["median:2"], "size 2 must be odd"),
    ],
)
def test_what_is_no_filter_is_an_error_of_the_recipe(value, message):
    with pytest.raises(ValueError, match=message):
        check_recipe({"filters": value})


def test_a_recipe_leaves_the_outside_out_unless_it_says_so():
    assert check_recipe({}).normalisation.outside == "left_out"
    assert check_recipe({"normalisation": {"method": "minmax"}}).normalisation.outside == "left_out"
    kept = check_recipe({"normalisation": {"outside": "kept"}})
    assert kept.normalisation.outside == "kept"


def test_weights_behind_other_filters_than_the_records_are_told(tmp_path):
    arguments = {"input_shape": [None, None, 1], "num_classes": 1, "levels": 1, "base_features": 1}
    config = WeightsConfig(
        model="unet_2d",
        arguments=arguments,
        classes=class_entries(("background", "object")),
        filters=("median:size=3,axes=zyx",),
    )
    save_weights(tmp_path / "fitted", unet_2d(**arguments), config, card="# Not fitted\n")
    recipe = check_recipe({"model": {"name": "unet_2d", "weights": str(tmp_path / "fitted")}})
    assert filters_notice(recipe, records("median:size=3,axes=zyx")) is None
    text = filters_notice(recipe, records())
    assert "through the filters median:size=3,axes=zyx, those of r went through none" in text
    assert "(write the records --filter median:size=3,axes=zyx to keep what it knows)" in text
    assert filters_notice(check_recipe({}), records("median:size=3,axes=zyx")) is None
