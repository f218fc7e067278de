import h5py
import numpy as np
import pytest

from tomoseg_tf.models import xlearn_unet
from tomoseg_tf.volume import Normalisation
from tomoseg_tf.weights import import_weights, load, open_weights
from tomoseg_tf.weights.arrays import read_values

SMALL = {"levels": 2, "base_features": 2}


@pytest.fixture
def source(tmp_path, network, write_legacy):
    """The small net in a Keras 2 file."""
    return write_legacy(tmp_path / "final.h5", network)


def test_a_published_file_becomes_a_weights_folder(tmp_path, source, network):
    imported = import_weights(source, tmp_path / "out", arguments=SMALL)
    config = imported.config
    assert config.arguments == {"input_shape": [None, None, None, 1], "num_classes": 1, **SMALL}
    assert (config.axes, config.threshold, config.versions) == ("XYZ", 0.5, {"keras": "2.12.0"})
    assert config.normalisation == Normalisation("zscore", training="patch", prediction="volume")
    assert "final.h5 (legacy Keras HDF5, SHA-256 " in config.data
    assert "Not measured." in imported.read_card()
    for ours, theirs in zip(read_values(load(tmp_path / "out")), read_values(network), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_is_stated_is_stored(tmp_path, source):
    settings = {
        "axes": "ZYX",
        "normalisation": Normalisation("minmax"),
        "classes": ("steel", "pore"),
        "threshold": 0.3,
        "spacing": (0.05, 0.03, 0.03),
        "simulated": False,
        "licence": "CC-BY-4.0",
    }
    import_weights(source, tmp_path / "out", arguments=SMALL, data="316L.", **settings)
    config = open_weights(tmp_path / "out").config
    assert config.class_names == settings.pop("classes")
    assert {key: getattr(config, key) for key in settings} == settings
    assert config.data.startswith("316L. Imported from final.h5")


def test_files_of_keras_3_are_taken_as_zyx(tmp_path, network):
    network.save_weights(tmp_path / "new.weights.h5")
    imported = import_weights(tmp_path / "new.weights.h5", tmp_path / "out", arguments=SMALL)
    assert (imported.config.axes, imported.config.versions) == ("ZYX", {})


def test_a_legacy_file_that_keras_3_wrote_is_none_of_the_published(tmp_path, source):
    with h5py.File(source, "r+") as file:
        file.attrs["keras_version"] = "3.15.1"
    imported = import_weights(source, tmp_path / "out", arguments=SMALL)
    assert (imported.config.axes, imported.config.versions) == ("ZYX", {"keras": "3.15.1"})


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (None, r"""looks like unet_3d with --arguments '{"levels": 2, "base_features": 2}'"""),
        ({"levels": 2}, r"""with --arguments '{"base_features": 2}'"""),
        ({**SMALL, "num_classes": 2}, r"""with --arguments '{"num_classes": 1}'"""),
        ({"level": 2}, "no argument 'level'; did you mean 'levels'"),
        ({"levels": 0}, "levels must be at least 1"),
    ],
)
def test_a_wrong_architecture_is_explained_and_writes_nothing(tmp_path, source, arguments, match):
    with pytest.raises(ValueError, match=match) as caught:
        import_weights(source, tmp_path / "out", arguments=arguments)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["final.h5"]


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"model": "unet_9d"}, "no network 'unet_9d'"),
        ({"classes": ("a", "b", "c")}, "classes has 3 entries"),
        ({"threshold": 2.0}, "threshold is 2.0: should be less than 1"),
        ({"axes": "YXZ"}, "axes is 'YXZ': should be"),
    ],
)
def test_wrong_settings_are_one_line_and_write_nothing(tmp_path, source, settings, match):
    with pytest.raises(ValueError, match=match) as caught:
        import_weights(source, tmp_path / "out", arguments=SMALL, **settings)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["final.h5"]


def test_source_and_folder_are_checked_first(tmp_path, source):
    with pytest.raises(ValueError, match=r"nothing.h5 is no file"):
        import_weights(tmp_path / "nothing.h5", tmp_path / "out")
    (tmp_path / "taken").mkdir()
    with pytest.raises(ValueError, match="already exists"):
        import_weights(source, tmp_path / "taken", arguments=SMALL)
    source.write_bytes(source.read_bytes()[:3000])
    with pytest.raises(ValueError, match="damaged"):
        import_weights(source, tmp_path / "out", arguments=SMALL)
    assert not (tmp_path / "out").exists()


def test_a_published_multi_gpu_file_of_xlearn_needs_no_arguments(tmp_path):
    """All arrays lie in one nested group, between groups of the GPUs, which have none."""
    arguments = {"variant": "transformer2", "base_features": 3, "activation": "relu"}
    network = xlearn_unet((16, 16, 1), 1, **arguments)
    rng = np.random.default_rng(0)
    network.set_weights([rng.normal(size=weight.shape) for weight in network.weights])
    path, names, counts = tmp_path / "weights_seg.h5", [], {}
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"input_1", b"lambda_1", b"model_1", b"conv2d_transpose_9"]
        file.attrs["keras_version"] = "2.1.5-tf"
        for name in file.attrs["layer_names"]:
            file.create_group(name).attrs["weight_names"] = np.array([], "S1")
        for layer in network.layers:
            kind = type(layer).__name__.lower()
            number = counts[kind] = counts.get(kind, -1) + (1 if layer.weights else 0)
            for weight, values in zip(layer.weights, layer.get_weights(), strict=True):
                names.append(f"{kind}_{number}/{weight.name}:0")
                file["model_1"][names[-1]] = np.asarray(values)
        file["model_1"].attrs["weight_names"] = [name.encode() for name in names]
    imported = import_weights(path, tmp_path / "out", model="xlearn_unet")
    config = imported.config
    assert {key: config.arguments[key] for key in arguments} == arguments
    assert (config.arguments["input_shape"], config.axes) == ([16, 16, 1], "ZYX")
    assert config.normalisation == Normalisation("minmax")
    assert config.class_names == ("dark label", "bright label")
    for ours, theirs in zip(read_values(load(tmp_path / "out")), read_values(network), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    stated = import_weights(
        path,
        tmp_path / "stated",
        model="xlearn_unet",
        arguments={"activation": "sigmoid"},
        normalisation=Normalisation("zscore"),
    )
    assert stated.config.arguments["activation"] == "sigmoid"
    assert stated.config.normalisation.method == "zscore"
    assert stated.config.class_names == ("background", "object")
    with pytest.raises(ValueError, match="does not fit xlearn_unet"):
        import_weights(path, tmp_path / "x", model="xlearn_unet", arguments={"base_features": 2})
