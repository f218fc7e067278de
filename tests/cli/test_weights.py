import json

import pytest

from tomoseg_tf import bundle
from tomoseg_tf.models import unet_3d
from tomoseg_tf.weights import WeightsConfig, card, class_entries, save_weights

COMMAND = ("weights",)

ARGUMENTS = {"input_shape": [None, None, None, 1], "num_classes": 1, "levels": 1}
ARGUMENTS["base_features"] = 2
PARAMETERS = 56 + 110 + 16 + 3  # two convolutions, two batch normalisations, the head
HEAD = ["name", "classes", "voxel", "(µm)", "fitted", "on", "parameters", "size", "licence"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A checkout whose weights/ holds "tiny", and a Keras 3 file of the same net."""
    network = unet_3d(**ARGUMENTS)
    network.save_weights(tmp_path / "tiny.weights.h5")
    config = WeightsConfig(
        model="unet_3d",
        arguments=ARGUMENTS,
        classes=class_entries(("steel", "pore")),
        spacing=(0.05, 0.03, 0.03),
    )
    (tmp_path / "weights").mkdir()
    text = card(config, title="Tiny", description="For tests.")
    save_weights(tmp_path / "weights" / "tiny", network, config, card=text)
    monkeypatch.setattr(bundle, "__file__", str(tmp_path / "tomoseg_tf" / "bundle.py"))
    return tmp_path


def test_list_as_a_table(run, place):
    code, out, err = run("list")
    head, _, row, _, summary = out.splitlines()
    assert (code, err) == (0, "")
    assert head.split() == HEAD
    assert row.split()[:4] == ["tiny", "3D", "steel,", "pore"]
    assert "0.05 × 0.03 × 0.03" in row
    assert row.split()[-5:] == ["-", str(PARAMETERS), "0.0", "MB", "-"]
    assert summary == "tiny: For tests."


def test_list_as_json(run, place):
    code, out, _ = run("list", "--json")
    (tiny,) = json.loads(out)["weights"]
    assert (code, tiny["name"], tiny["parameters"]) == (0, "tiny", PARAMETERS)
    assert (tiny["classes"], tiny["spacing"]) == (["steel", "pore"], [0.05, 0.03, 0.03])
    assert (tiny["threshold"], tiny["axes"], tiny["summary"]) == (0.5, "ZYX", "For tests.")


def test_list_of_a_folder_without_weights(run, tmp_path):
    assert run("list", tmp_path) == (0, "", f"No weights in {tmp_path}\n")
    assert run("list", tmp_path, "--cached")[0] == 2
    assert run("list", tmp_path, "--json") == (0, '{"weights": []}\n', "")


def test_info(run, place):
    code, out, _ = run("info", "tiny")
    assert code == 0
    assert out.startswith("# Tiny\n\nFor tests.\n")
    assert "SHA-256 of model.weights.h5" in out
    found = json.loads(run("info", place / "weights" / "tiny", "--json")[1])
    assert found["config"]["arguments"] == ARGUMENTS
    assert found["card"].startswith("# Tiny")


def test_verify(run, place):
    folder = place / "weights" / "tiny"
    line = f"files as saved, {PARAMETERS} parameters load\n"
    assert run("verify", "tiny") == (0, f"tiny: {line}", "")
    assert run("verify", "all") == (0, f"{folder}: {line}", "")
    (verified,) = json.loads(run("verify", "all", "--json")[1])["verified"]
    assert (verified["name"], verified["parameters"]) == ("tiny", PARAMETERS)


def test_changed_weights_do_not_verify(run, place):
    with (place / "weights" / "tiny" / "model.weights.h5").open("ab") as file:
        file.write(b"\0")
    code, out, err = run("verify", "tiny")
    assert (code, out) == (1, "")
    assert err.startswith("Error: ")
    assert "model.weights.h5 is not what was saved" in err
    assert err.count("\n") == 1


def test_names_that_lead_nowhere(run, place):
    assert run("info", "tinny")[::2] == (
        1,
        "Error: no weights 'tinny': neither a folder nor a shipped name (tiny)\n",
    )
    assert run("verify")[0] == 2


def test_verify_all_of_nothing_fails(run, tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "__file__", str(tmp_path / "tomoseg_tf" / "bundle.py"))
    code, out, err = run("verify", "all")
    assert (code, out) == (1, "")
    assert "no weights come with this installation" in err


def test_import(run, place):
    source, target = place / "tiny.weights.h5", place / "mine"
    options = ["--arguments", '{"levels": 1, "base_features": 2}', "--classes", "steel, pore"]
    more = ["--axes", "XYZ", "--threshold", "0.4", "--spacing", "3,2,1", "--simulated"]
    code, out, err = run("import", source, target, *options, *more)
    assert (code, err) == (0, "")
    rest = "axis order X, Y, Z; classes steel, pore\n"
    assert out == f"{target}: {PARAMETERS} parameters, {rest}"
    config = json.loads((target / "config.json").read_text())
    assert config["spacing"] == [3, 2, 1]
    assert (config["threshold"], config["simulated"]) == (0.4, True)
    assert config["classes"][1]["name"] == "pore"
    code, _, err = run("import", source, target, *options)
    assert (code, "already exists" in err) == (1, True)
    assert run("import", source, target, *options, "--overwrite", "--json")[0] == 0


def test_import_with_the_scale_of_the_grey_levels(run, place):
    source = place / "tiny.weights.h5"
    options = ["--arguments", '{"levels": 1, "base_features": 2}']
    scale = ["--normalisation", "percentile", "--percentiles", "2,98", "--top", "255"]
    assert run("import", source, place / "mine", *options, *scale)[0] == 0
    found = json.loads((place / "mine" / "config.json").read_text())["normalisation"]
    assert (found["method"], found["low"], found["high"]) == ("percentile", 2, 98)
    assert found["top"] == 255
    code, _, err = run("import", source, place / "other", *options, "--top", "255")
    assert (code, "top" in err) == (1, True)


def test_import_of_another_architecture(run, place):
    code, out, err = run("import", place / "tiny.weights.h5", place / "mine")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert """looks like unet_3d with --arguments '{"levels": 1, "base_features": 2}'""" in err
    assert not (place / "mine").exists()


@pytest.mark.parametrize("text", ["levels=1", "[1]", "3"])
def test_arguments_must_be_a_json_object(run, place, text):
    code, _, err = run("import", place / "tiny.weights.h5", place / "mine", "--arguments", text)
    assert code == 2
    assert "JSON" in err
