"""Models of bioimage.io: the description is complete, and other programs can run it."""

import importlib.util
import json
import zipfile

import numpy as np
import pytest
import yaml

from tomoseg_tf.export import bioimageio
from tomoseg_tf.export.bioimageio import export_bioimageio
from tomoseg_tf.export.bioimageio_description import check_possible, describe, describe_texts
from tomoseg_tf.models.summary import build
from tomoseg_tf.volume import Normalisation, measure
from tomoseg_tf.weights import WeightsConfig, class_entries, open_weights, save_weights

NAMES = ["rdf.yaml", "weights.onnx", "test_input.npy", "test_output.npy", "cover.png", "README.md"]
SIDES = {"smallest": (8, 8, 8), "step": (2, 4, 4), "fixed": None, "halo": (3, 3, 3)}
TEXTS = {"authors": ["A. Turing, NPL", "K. Zuse"], "citations": (), "licence": None, "name": None}


def configured(model="unet_3d", rank=3, channels=1, num_classes=1, **values):
    arguments = {"input_shape": [None] * rank + [channels], "num_classes": num_classes}
    return WeightsConfig(
        model=model,
        arguments={**arguments, "levels": 2, "base_features": 2},
        classes=class_entries(("a", "b", "c")[: max(2, num_classes)]),
        **{"licence": "BSD-3-Clause (weights)", **values},
    )


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A function that saves small random weights."""

    def saved(name, config):
        network = build(config.model, config.arguments)
        rng = np.random.default_rng(1)
        values = [rng.normal(0, 0.3, weight.shape) for weight in network.weights]
        network.set_weights([abs(v) if v.ndim == 1 else v for v in values])
        folder = tmp_path_factory.mktemp("weights") / name
        return save_weights(folder, network, config, card="# Random\n\nRandom weights.\n")

    return saved


class Named:
    """Weights of which only what is said matters."""

    name = "steel_pores"

    def __init__(self, config):
        self.config = config

    def read_card(self):
        return "# Pores\n\nPores in steel.\n\n## Where they fail\n\n- Rings.\n\n## Settings\n"

    def count_parameters(self):
        return 12


def described(config=None, **texts):
    config = configured(spacing=(0.05, 0.03, 0.03)) if config is None else config
    named = Named(config)
    return describe(named, describe_texts(named, **{**TEXTS, **texts}), sides=SIDES, opset=15)


def test_the_description_says_who_what_and_how():
    found = described(citations=["Me, 2026|10.1000/182"])
    assert found["format_version"].startswith("0.5.")
    assert (found["name"], found["description"]) == ("steel_pores", "Pores in steel.")
    assert found["license"] == "BSD-3-Clause"
    assert found["authors"] == [{"name": "A. Turing", "affiliation": "NPL"}, {"name": "K. Zuse"}]
    own, published = found["cite"]
    assert own == {"text": "Me, 2026", "doi": "10.1000/182"}
    assert published["doi"] == "10.1107/S1600577522006816"  # Gaudez et al. (2022)
    details = found["config"]["bioimageio"]
    assert details["bias_risks_limitations"]["limitations"] == "- Rings."
    assert details["model_parameter_count"] == 12


def test_axes_have_voxel_sizes_steps_and_halos():
    found = described()
    z, y, _ = found["inputs"][0]["axes"][1:4]
    assert (z["id"], z["size"], z["scale"]) == ("z", {"min": 8, "step": 2}, 0.05)
    assert (y["size"], y["unit"]) == ({"min": 8, "step": 4}, "micrometer")
    out = found["outputs"][0]["axes"]
    assert out[1]["size"] == {"tensor_id": "grey", "axis_id": "z"}
    assert (out[1]["halo"], out[-1]["channel_names"]) == (3, ["b"])


@pytest.mark.parametrize(
    ("normalisation", "steps"),
    [
        (Normalisation("none"), []),
        (Normalisation("zscore"), ["zero_mean_unit_variance"]),
        (Normalisation("robust"), ["scale_range", "scale_linear"]),
        (Normalisation("minmax", top=255.0), ["scale_range", "scale_linear"]),
        (Normalisation("percentile", 2.0, 98.0), ["scale_range", "clip"]),
    ],
)
def test_the_normalisation_is_described(normalisation, steps):
    found = described(configured(normalisation=normalisation))["inputs"][0]["preprocessing"]
    assert [step["id"] for step in found] == ["ensure_dtype", *steps]
    if normalisation.method == "percentile":
        assert (found[1]["kwargs"]["min_percentile"], found[2]["kwargs"]["max"]) == (2.0, 1.0)
    if normalisation.method == "robust":
        assert (found[1]["kwargs"]["min_percentile"], found[1]["kwargs"]["max_percentile"]) == (
            25,
            75,
        )
        low, high = (value * found[2]["kwargs"]["gain"] for value in (0, 1))
        offset = found[2]["kwargs"]["offset"]
        assert (round(low + offset, 4), round(high + offset, 4)) == (-0.6745, 0.6745)


@pytest.mark.parametrize(
    ("texts", "match"),
    [
        ({"authors": [", NPL"]}, "write NAME or NAME, AFFILIATION"),
        ({"licence": "see below"}, "does not begin with an SPDX identifier"),
        ({"licence": ""}, "state one as --licence"),
        ({"name": "x/y"}, "cannot be a title"),
        ({"citations": ["Me, 2026"]}, r"write TEXT\|DOI"),
    ],
)
def test_texts_that_the_format_does_not_take(texts, match):
    with pytest.raises(ValueError, match=match):
        described(**texts)


def test_texts_are_checked_before_a_network_is_built(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(bioimageio, "make_graph", lambda *_: pytest.fail("a network is built"))
    texts = {"authors": ["A. Turing"], "licence": "see below"}
    with pytest.raises(ValueError, match="does not begin with an SPDX identifier"):
        export_bioimageio(saved("early", configured()).folder, tmp_path / "n.zip", **texts)


def test_filters_cannot_be_described():
    with pytest.raises(ValueError, match=r"median.* which a model of bioimage\.io cannot say"):
        check_possible(configured(filters=("median:3",)))


KINDS = {
    "volumes": configured(spacing=(0.05, 0.03, 0.03)),
    "turned": configured(num_classes=3, axes="XYZ", normalisation=Normalisation("robust")),
    "slices": configured(
        *("unet_2d", 2, 3, 3),
        normalisation=Normalisation("percentile", top=255.0),
        intensity=measure(np.arange(64.0).reshape(4, 4, 4)),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_is_whole_and_passes_the_validator(saved, tmp_path, kind):
    for package in ("onnx", "onnxruntime", "tf2onnx"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    weights = saved(f"{kind}_net", KINDS[kind])
    path = tmp_path / "model.zip"
    found = export_bioimageio(weights.folder, path, authors=["A. Turing"])
    assert found["difference"] < 1e-5
    with zipfile.ZipFile(path) as file:
        assert set(NAMES) < set(file.namelist())
        description = yaml.safe_load(file.read("rdf.yaml"))
        assert json.loads(file.read("config.json"))["model"] == KINDS[kind].model
    assert len(description["inputs"][0]["axes"]) == len(found["shape"])
    assert open_weights(weights.folder).hashes == weights.hashes
    with pytest.raises(ValueError, match="already exists"):
        export_bioimageio(weights.folder, path, authors=["A. Turing"])
    if importlib.util.find_spec("bioimageio") is None:
        pytest.skip("bioimageio.spec is not installed; the rest of the test passed")
    from bioimageio.spec import load_description

    model = load_description(path, format_version="latest")
    assert model.validation_summary.status in ("passed", "valid-format"), model.validation_summary
