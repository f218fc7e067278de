import pytest

from tomoseg_tf.training.devices import choose_devices
from tomoseg_tf.training.recipe_file import check_recipe


def test_float16_is_refused_on_a_processor():
    with pytest.raises(ValueError, match="'mixed_float16', which needs a GPU"):
        choose_devices(check_recipe({"precision": "mixed_float16"}), ["CPU:0"])


def test_devices_must_be_able_to_share_a_batch():
    chosen = check_recipe({"batches": {"batch_size": 3}})
    with pytest.raises(ValueError, match="batch_size is 3, no multiple of the 2 devices"):
        choose_devices(chosen, ["CPU:0", "CPU:1"])


def test_devices_must_be_able_to_share_the_validation():
    with pytest.raises(ValueError, match="1 validation patches, too few for the 2 devices"):
        choose_devices(check_recipe({}), ["CPU:0", "CPU:1"], 1)
