import itertools
import json

import pytest
from pydantic import ValidationError

from tomoseg_tf.volume import Normalisation, Statistics
from tomoseg_tf.weights import WeightsConfig, class_entries
from tomoseg_tf.weights.config import explain, read_config

SHAPE = [None, None, None, 1]


def written(tmp_path, config, **changes):
    """Path of a `config.json` with changed keys; a key changed to ... is left out."""
    values = {**json.loads(config.to_json()), **changes}
    values = {key: value for key, value in values.items() if value is not ...}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def test_a_full_configuration_survives_the_file(tmp_path, config):
    full = config.model_copy(
        update={
            "axes": "XYZ",
            "normalisation": Normalisation("percentile", 2.0, 98.0, training="patch"),
            "spacing": (0.03, 0.02933, 0.02933),
            "intensity": Statistics(10, 0.0, 255.0, 128.5, 30.25, {0.1: 1.0, 99.9: 254.0}),
            "recipe": {"epochs": 3, "loss": {"name": "dice", "weights": [1.0, 2.5]}},
            "data": "Zylinder aus 316L, 0,03 µm",
            "simulated": True,
            "seed": 7,
            "versions": {"keras": "3.15.1"},
            "scores": ({"data": "validation", "dice": 0.9, "recall": None},),
        }
    )
    path = tmp_path / "config.json"
    path.write_text(full.to_json(), encoding="utf-8")
    assert read_config(path) == full
    assert "µm" in path.read_text(encoding="utf-8")


def test_a_binary_net_gets_a_threshold_and_others_do_not(config):
    assert config.threshold == 0.5
    classes = class_entries(("background", "particle", "void"))
    arguments = {"input_shape": SHAPE, "num_classes": 3}
    assert WeightsConfig(model="unet_3d", arguments=arguments, classes=classes).threshold is None


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"treshold": 0.5}, "unknown key 'treshold'; did you mean 'threshold'"),
        ({"qqq": 0.5}, "unknown key 'qqq'$"),
        ({"model": ...}, "key 'model' is missing"),
        ({"format": 2}, "format is 2: should be 1"),
        ({"axes": "ZXY"}, "axes is 'ZXY': should be 'ZYX' or 'XYZ'"),
        ({"threshold": "0.5"}, "threshold is '0.5': should be a valid number"),
        ({"threshold": 1.0}, "threshold is 1.0: should be less than 1"),
        ({"threshold": None}, "threshold is None: a binary net"),
        ({"spacing": [1, 1]}, "spacing.2"),
        ({"spacing": [1, 1, -2]}, "spacing.2 is -2: should be greater than 0"),
        ({"spacing": [1, 1, -2], "seed": "x"}, r"\(and 1 more\)"),
        ({"classes": []}, "classes has 0 entries, but num_classes 1 needs 2"),
        ({"classes": [{"name": "a", "colour": "red"}]}, "classes.0.colour is 'red'"),
        ({"arguments": {"num_classes": 1}}, "arguments lack 'input_shape'"),
        ({"arguments": {"input_shape": SHAPE, "num_classes": "1"}}, "num_classes is '1'"),
        ({"arguments": {"input_shape": SHAPE, "num_classes": True}}, "num_classes is True"),
        ({"normalisation": {"method": "zscor"}}, "'zscor': must be one of zscore"),
        ({"normalisation": {"methods": "zscore"}}, "unknown methods"),
        ({"normalisation": {"low": "1"}}, "normalisation is .*low '1' and high"),
        ({"normalisation": "zscore"}, "normalisation is 'zscore': should be an object"),
        ({"intensity": {"mean": 1}}, "intensity is .*missing"),
        ({"intensity": 3}, "intensity is 3: should be what volume.measure gives"),
    ],
)
def test_a_wrong_key_is_one_line_that_names_it(tmp_path, config, changes, match):
    path = written(tmp_path, config, **changes)
    with pytest.raises(ValueError, match=match) as caught:
        read_config(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_broken_json_is_one_line(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"model":')
    with pytest.raises(ValueError, match=r"config.json: Invalid JSON: EOF") as caught:
        read_config(path)
    assert "\n" not in str(caught.value)


def test_explain_shortens_a_long_value():
    with pytest.raises(ValidationError) as caught:
        WeightsConfig(model=["x" * 500], arguments={}, classes=())
    assert len(explain(caught.value)) < 150


def test_the_background_is_black_and_neighbours_differ():
    entries = class_entries([str(index) for index in range(12)])
    assert entries[0].colour == "#000000"
    assert all(a.colour != b.colour for a, b in itertools.pairwise(entries))
    assert "#000000" not in [entry.colour for entry in entries[1:]]


def test_filters_survive_the_file_and_are_none_where_they_are_missing(tmp_path, config):
    filters = ("median:size=3,axes=zyx", "gaussian:sigma=1.5,axes=yx")
    behind = WeightsConfig(**{**dict(config), "filters": ["median:3", "gaussian:1.5,yx"]})
    assert behind.filters == filters
    assert read_config(written(tmp_path, behind)).filters == filters
    assert read_config(written(tmp_path, behind, filters=...)).filters == ()
    with pytest.raises(ValueError, match="filters is 'median': should be a list of filters"):
        read_config(written(tmp_path, behind, filters="median"))
    with pytest.raises(ValueError, match="filter 'blur' is not known"):
        read_config(written(tmp_path, behind, filters=["blur"]))


def test_weights_that_do_not_state_the_outside_were_fitted_with_it_kept(tmp_path, config):
    path = written(tmp_path, config, normalisation={"method": "zscore"})
    assert read_config(path).normalisation.outside == "kept"


def test_a_class_without_a_name_is_refused():
    with pytest.raises(ValueError, match=r"^classes a,,b: a name is empty; give each class one$"):
        class_entries(["a", "", "b"])
