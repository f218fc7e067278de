"""The manifest names what is there, and every format that is read."""

import re
from importlib.util import find_spec
from pathlib import Path

import yaml

import tomoseg_tf
from tomoseg_tf.napari.object_layers import SUFFIXES
from tomoseg_tf.volume.formats import FORMATS

MANIFEST = yaml.safe_load(
    (Path(tomoseg_tf.__file__).parent / "napari" / "napari.yaml").read_text(encoding="utf-8")
)["contributions"]


def test_every_format_is_offered_to_the_reader():
    suffixes = {f".{suffix.rsplit('.', 1)[-1]}" for item in FORMATS for suffix in item.suffixes}
    patterns = {f"*{suffix}" for suffix in suffixes | set(SUFFIXES)}
    assert set(MANIFEST["readers"][0]["filename_patterns"]) == patterns


def test_every_command_is_there():
    names = [command["python_name"].split(":") for command in MANIFEST["commands"]]
    for module, name in names:
        text = Path(find_spec(module).origin).read_text(encoding="utf-8")  # widgets need napari
        assert re.search(rf"^(def|class) {name}\(", text, re.MULTILINE)
    parts = ("readers", "writers", "sample_data", "widgets")
    used = [each["command"] for part in parts for each in MANIFEST[part]]
    assert sorted(used) == sorted(command["id"] for command in MANIFEST["commands"])
