"""What is exported gives what the whole prediction gives, in each format."""

import importlib.util
import json
import os

import numpy as np
import pytest

from tomoseg_tf.export import FORMATS, export_weights, exporting, find_format, training_scan
from tomoseg_tf.models.summary import build
from tomoseg_tf.prediction import predict_volume
from tomoseg_tf.volume import Normalisation, measure
from tomoseg_tf.weights import WeightsConfig, class_entries, load, save_weights

SMALL = {"levels": 2, "base_features": 2}
SCAN = np.random.default_rng(0).integers(10, 250, (4, 6, 8)).astype(np.float32)
NETWORKS = {  # builder, sides, channels, classes, more
    "volumes": ("unet_3d", 3, 1, 1, {"normalisation": Normalisation(), "threshold": 0.4}),
    "turned": ("unet_3d", 3, 1, 3, {"normalisation": Normalisation("none"), "axes": "XYZ"}),
    "slices": (
        *("unet_2d", 2, 3, 3),
        {"normalisation": Normalisation("percentile", top=255.0), "intensity": measure(SCAN)},
    ),
    "masked": (
        *("unet_2d", 2, 1, 1),
        {"normalisation": Normalisation("minmax", outside="left_out"), "filters": ("median:3",)},
    ),
}
PACKAGES = {"savedmodel": (), "onnx": ("onnx", "onnxruntime", "tf2onnx"), "openvino": ("openvino",)}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A function that saves random weights once, by name."""
    place = tmp_path_factory.mktemp("weights")

    def weights(name):
        if not (place / name).exists():
            builder, rank, channels, classes, more = NETWORKS[name]
            arguments = {"input_shape": [None] * rank + [channels], "num_classes": classes, **SMALL}
            network = build(builder, arguments)
            rng = np.random.default_rng(1)
            values = [rng.normal(0, 0.3, w.shape) for w in network.weights]
            network.set_weights([abs(v) if v.ndim == 1 else v for v in values])
            config = WeightsConfig(
                model=builder,
                arguments=arguments,
                classes=class_entries(("a", "b", "c")[: max(2, classes)]),
                **more,
            )
            save_weights(place / name, network, config, card="# Random\n")
        return place / name

    return weights


def need(name):
    """Skip where the packages of a format are missing."""
    missing = [each for each in PACKAGES[name] if importlib.util.find_spec(each) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: pip install tomoseg-tf[export]")


@pytest.mark.parametrize(
    ("network", "format"),
    [
        ("volumes", "savedmodel"),
        ("volumes", "onnx"),
        ("turned", "openvino"),
        ("slices", "savedmodel"),
        ("slices", "onnx"),
        ("slices", "openvino"),
    ],
)
def test_grey_levels_become_probabilities_and_classes(weights, tmp_path, network, format):
    need(format)
    chosen, folder = FORMATS[format], weights(network)
    path = tmp_path / f"net{chosen.suffix}"
    summary = export_weights(folder, path)
    assert summary["difference"] < 5e-5
    assert (summary["format"], summary["path"]) == (format, str(path))
    _, rank, _, classes, more = NETWORKS[network]
    inputs, normalisation = {"grey": SCAN if rank == 2 else SCAN[None]}, more["normalisation"]
    if normalisation.method != "none":
        found = normalisation.intensity(measure(SCAN))
        inputs |= {
            name: np.array([value], np.float32)
            for name, value in (("offset", found.shift), ("scale", found.scale))
        }
    found = chosen.open(path)(inputs)
    axes = more.get("axes", "ZYX")
    expected = predict_volume(load(folder), SCAN, normalisation=normalisation, axes=axes)
    probabilities = found["probabilities"].reshape(expected.shape)
    np.testing.assert_allclose(probabilities, expected, atol=5e-5)
    segmentation = expected.argmax(-1) if classes > 1 else expected[..., 0] > more["threshold"]
    assert found["classes"].dtype == np.uint8
    assert (found["classes"].reshape(SCAN.shape) == segmentation).mean() > 0.99
    assert expected.std() > 0.01


def test_a_dot_in_the_name_of_a_folder_is_no_suffix(weights, tmp_path):
    path = tmp_path / "served_v1.2"
    summary = export_weights(weights("volumes"), path, format="savedmodel")
    assert summary["readme"] == str(path / "README.md")
    assert (path / "saved_model.pb").is_file()
    again = {"format": "savedmodel", "overwrite": True}
    assert export_weights(weights("volumes"), path, **again)["path"] == str(path)


def test_the_readme_says_how_to_call_it(weights, tmp_path):
    summary = export_weights(weights("masked"), tmp_path / "served")
    text = (tmp_path / "served" / "README.md").read_text()
    assert summary["readme"] == str(tmp_path / "served" / "README.md")
    for part in (
        "multiples of 2 x 2, and at least 2 x 2",
        "Offset is the minimum and scale is (maximum - minimum) of the whole scan",
        "give `grey` the value of `offset`",
        "filters median",
        "1 where the probability is above 0.5. 0 a, 1 b.",
        'tf.saved_model.load("served").serve',
    ):
        assert part in text
    facts = json.loads(text.split("```json\n")[1].split("```")[0])
    assert facts["inputs"] == ["grey", "offset", "scale"]
    assert facts["normalisation"]["method"] == "minmax"
    assert facts["training_scan"] == {}


def test_the_training_scan_gives_the_defaults():
    config = WeightsConfig(
        model="unet_2d",
        arguments={"input_shape": [None, None, 1], "num_classes": 1},
        classes=class_entries(("a", "b")),
        intensity=measure(SCAN),
    )
    found = training_scan(config)
    assert found["offset"][0] == pytest.approx(SCAN.mean())
    assert found["scale"][0] == pytest.approx(SCAN.std(), rel=1e-5)
    other = config.model_copy(update={"normalisation": Normalisation("percentile", low=3.0)})
    assert training_scan(other) == {}


def test_what_differs_from_keras_is_not_kept(weights, tmp_path, monkeypatch):
    def wrong(path):
        run = FORMATS["savedmodel"].open(path)
        return lambda inputs: {**run(inputs), "probabilities": run(inputs)["probabilities"] + 0.01}

    chosen = exporting.find_format(tmp_path / "served")
    broken = type(chosen)(*(chosen.name, chosen.title, "", (), chosen.write, wrong))
    monkeypatch.setattr(exporting, "find_format", lambda *_: broken)
    monkeypatch.setattr(exporting, "to_segmentation", lambda found, _: np.zeros(found.shape[:-1]))
    monkeypatch.setattr(exporting.np, "array_equal", lambda *_: True)
    with pytest.raises(ValueError, match=r"served: a SavedModel differs from Keras by 0.01"):
        export_weights(weights("masked"), tmp_path / "served")
    assert os.listdir(tmp_path) == []


def test_outputs_with_other_axes_are_not_kept(weights, tmp_path, monkeypatch):
    def wrong(path):
        run = FORMATS["savedmodel"].open(path)
        return lambda inputs: {name: value[None] for name, value in run(inputs).items()}

    chosen = exporting.find_format(tmp_path / "served")
    broken = type(chosen)(*(chosen.name, chosen.title, "", (), chosen.write, wrong))
    monkeypatch.setattr(exporting, "find_format", lambda *_: broken)
    with pytest.raises(ValueError, match=r"gives probabilities of shape \(1, 1, .* in place of"):
        export_weights(weights("masked"), tmp_path / "served")
    assert os.listdir(tmp_path) == []


def test_what_cannot_be_exported_is_one_line(weights, tmp_path):
    with pytest.raises(ValueError, match=r"net.pb: no format has the suffix .pb"):
        find_format(tmp_path / "net.pb")
    with pytest.raises(ValueError, match=r"net.onnx: OpenVINO must end in .xml"):
        find_format(tmp_path / "net.onnx", "openvino")
    with pytest.raises(ValueError, match=r"net.xml: a SavedModel is a folder without suffix"):
        find_format(tmp_path / "net.xml", "savedmodel")
    (tmp_path / "net.onnx").touch()
    with pytest.raises(ValueError, match=r"net.onnx already exists"):
        export_weights(weights("masked"), tmp_path / "net.onnx")
    chosen = FORMATS["onnx"]
    missing = type(chosen)("onnx", "ONNX", ".onnx", ("onnx_of_nobody",), None, None)
    with pytest.raises(ValueError, match=r"ONNX needs the package onnx_of_nobody .* tomoseg-tf"):
        missing.check_packages()
