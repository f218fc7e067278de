from types import SimpleNamespace

import pytest

from tomoseg_tf.training import check_recipe
from tomoseg_tf.training.filters import check_filters


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
