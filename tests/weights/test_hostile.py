"""Weights from strangers: refused in one line, nothing run, nothing read outside, no memory."""

import hashlib
import json
import pickle

import h5py
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.weights import import_weights, load, open_weights
from tomoseg_tf.weights.importers import names

keras = load_keras()


def rehash(folder):
    """Write SHA256SUMS anew, as a stranger would."""
    own = ("config.json", "model.weights.h5", "README.md")
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in own}
    text = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    (folder / "SHA256SUMS").write_text(text)


def twice(text):
    return text.replace('"threshold"', '"threshold": 0.1,\n  "threshold"')


def deep(text):
    return text.replace('"recipe": null', '"recipe": {"a": ' + "[" * 100000 + "]" * 100000 + "}")


def inner_twice(text):
    return text.replace('"levels": 2', '"levels": 2, "levels": 2')


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (twice, r"config\.json: key 'threshold' is there twice; keep one"),
        (inner_twice, r"config\.json: key 'levels' is there twice"),
        (deep, r"config\.json: Invalid JSON: recursion limit exceeded"),
        (lambda text: text + " " * 2**24, r"config\.json has \d+ bytes, more than the 16777216"),
        (lambda text: text.replace('"base_features": 2', '"base_features": NaN'), "base_features"),
        (lambda text: "[" * 10, r"config\.json: Invalid JSON: EOF"),
    ],
)
def test_a_configuration_that_is_a_trap_is_refused(folder, change, match):
    path = folder / "config.json"
    path.write_text(change(path.read_text()))
    rehash(folder)
    with pytest.raises(ValueError, match=match) as caught:
        load(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        ({"levels": 2, "base_features": 2048}, 27 * 2048 * (1 + 2048 + 2 * 2048 + 4 * 4096)),
        ({"input_shape": [None, None, None, 10**9]}, 10**9),
    ],
)
def test_a_network_larger_than_its_file_takes_no_memory(folder, arguments, needed):
    path = folder / "config.json"
    values = json.loads(path.read_text())
    values["arguments"].update(arguments)
    path.write_text(json.dumps(values))
    rehash(folder)
    with pytest.raises(ValueError, match=r"it holds \d+ parameters, but the network of") as caught:
        load(folder)
    assert int(str(caught.value).split("json has ")[1].split()[0]) >= needed


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", "a/b"])
def test_sums_of_files_outside_are_refused(folder, name):
    with (folder / "SHA256SUMS").open("a") as file:
        file.write(f"{'0' * 64}  {name}\n")
    with pytest.raises(ValueError, match=r"SHA256SUMS, line 4: .* is outside of the folder"):
        open_weights(folder)


def test_a_file_listed_twice_is_refused(folder):
    path = folder / "SHA256SUMS"
    path.write_text(path.read_text() * 2)
    with pytest.raises(ValueError, match=r"line 4: config\.json is listed twice"):
        open_weights(folder)


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5", "README.md", "SHA256SUMS"])
def test_links_out_of_the_folder_are_refused(folder, name):
    (folder / name).rename(folder.parent / "elsewhere")
    (folder / name).symlink_to(folder.parent / "elsewhere")
    with pytest.raises(ValueError, match=f"{name} is a link to a file outside of the folder; put"):
        open_weights(folder)


def test_links_within_the_folder_and_to_it_are_fine(folder):
    (folder / "README.md").rename(folder / "card.md")
    (folder / "README.md").symlink_to("card.md")
    (folder.parent / "link").symlink_to(folder)
    assert open_weights(folder.parent / "link").read_card()


class Bomb:
    """Pickled, it writes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("suffix", [".h5", ".pkl", ".keras", ".weights.h5"])
def test_a_pickle_is_not_read(tmp_path, suffix):
    path = tmp_path / f"bomb{suffix}"
    path.write_bytes(pickle.dumps(Bomb(tmp_path / "gone off")))
    with pytest.raises(ValueError, match="not an HDF5 weights file"):
        import_weights(path, tmp_path / "out")
    with pytest.raises(ValueError, match="is a file, not a weights folder; import it first"):
        open_weights(path)
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_a_keras_archive_with_a_lambda_layer_is_not_opened(tmp_path):
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x)]).save(path)
    with pytest.raises(ValueError, match=r"if it is a \.keras archive, save the weights"):
        import_weights(path, tmp_path / "out")
    assert [item.name for item in tmp_path.iterdir()] == ["model.keras"]


def test_the_network_in_a_whole_model_file_is_never_built(tmp_path, network, write_legacy):
    path = write_legacy(tmp_path / "whole.h5", network, whole=True)
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = '{"class_name": "Lambda", "config": {"function": "evil"}}'
    arguments = {"levels": 2, "base_features": 2}
    written = import_weights(path, tmp_path / "out", arguments=arguments)
    assert written.config.model == "unet_3d"
    assert written.config.versions == {"keras": "2.12.0"}


def test_names_that_take_for_ever_to_read_are_refused(tmp_path, monkeypatch):
    """As a wrong pointer to a text of any length does."""
    monkeypatch.setattr(names, "TIME_LIMIT", 0.01)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["layer_names"] = [b"a"]
    with pytest.raises(ValueError, match=r"a\.h5: damaged HDF5 file \(its names cannot be read\)"):
        import_weights(tmp_path / "a.h5", tmp_path / "out")


def test_names_that_are_too_long_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(names, "LARGEST", 10)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["layer_names"] = [b"a" * 11]
    with pytest.raises(ValueError, match="its names cannot be read"):
        import_weights(tmp_path / "a.h5", tmp_path / "out")
