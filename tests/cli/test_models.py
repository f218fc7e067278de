import json

import pytest

from tomoseg_tf.models import BUILDERS

COMMAND = ("models",)


@pytest.fixture
def few(monkeypatch):
    """Leave out the networks that are slow to build."""
    for name in ("deeplab_v3_plus", "fcdense_2d", "fcdense_3d", "pspnet", "segnet_2d"):
        monkeypatch.delitem(BUILDERS, name)


@pytest.mark.usefixtures("few")
def test_each_network_has_a_line(run):
    code, out, _ = run()
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == list(BUILDERS)
    assert "unet_3d volumes 366,593 Build the 3D U-Net" in " ".join(out.split())
    assert "unet_2d slices 31,030,593 Build the U-Net" in " ".join(out.split())


@pytest.mark.usefixtures("few")
def test_list_as_json(run):
    found = {model["name"]: model for model in json.loads(run("--json")[1])["models"]}
    assert list(found) == list(BUILDERS)
    assert (found["unet_3d"]["parameters"], found["unet_3d"]["trainable"]) == (366593, 365889)
    assert found["unet_3d"]["arguments"] == {
        "input_shape": [None, None, None, 1],
        "num_classes": 1,
        "levels": 4,
        "base_features": 8,
    }


def test_one_network_with_its_layers(run):
    code, out, _ = run("unet_3d", "--arguments", '{"levels": 3}')
    assert code == 0
    assert "levels=3, base_features=8)\n89,153 parameters, 88,833 of them trainable\n" in out
    assert "analysis0_conv0 Conv3D any × any × any × 8 224" in " ".join(out.split())


def test_one_network_as_json(run):
    arguments = '{"levels": 2, "base_features": 2, "input_shape": [4, 8, 8, 1]}'
    found = json.loads(run("unet_3d", "--json", "--arguments", arguments)[1])
    assert sum(layer["parameters"] for layer in found["layers"]) == found["parameters"]
    pool = next(layer for layer in found["layers"] if layer["name"] == "bottom_conv0")
    assert (pool["type"], pool["output"]) == ("Conv3D", [2, 4, 4, 4])


@pytest.mark.parametrize("name", BUILDERS)
def test_every_network_lists_its_layers(run, name):
    code, out, err = run(name, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert sum(layer["parameters"] for layer in found["layers"]) == found["parameters"]
    assert found["layers"][-1]["output"][-1] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["unet"], 1, "Error: no network 'unet'; there are "),
        (["unet_3d", "--arguments", '{"depth": 3}'], 1, "unet_3d has no argument 'depth'; it has"),
        (["unet_3d", "--arguments", '{"levels": []}'], 1, "unet_3d does not take "),
        (["--arguments", "{}"], 2, "--arguments needs the NAME of a network"),
    ],
)
def test_what_is_wrong_is_said(run, arguments, code, message):
    status, out, err = run(*arguments)
    assert (status, out) == (code, "")
    assert message in err
