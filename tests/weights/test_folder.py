import hashlib
import json

import numpy as np
import pytest
import tifffile

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models import unet_3d
from tomoseg_tf.weights import (
    card,
    class_entries,
    list_weights,
    load,
    open_weights,
    save_weights,
)
from tomoseg_tf.weights.arrays import read_values
from tomoseg_tf.weights.folder import IMAGES

keras = load_keras()
FILES = ["README.md", "SHA256SUMS", "config.json", "model.weights.h5"]


def rehash(folder):
    """Write SHA256SUMS anew, as someone would who changes weights on purpose."""
    names = ("config.json", "model.weights.h5", "README.md")
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    text = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    (folder / "SHA256SUMS").write_text(text)


def change_arguments(folder, **arguments):
    path = folder / "config.json"
    values = json.loads(path.read_text())
    values["arguments"].update(arguments)
    path.write_text(json.dumps(values))
    rehash(folder)


def test_what_is_saved_is_loaded(folder, network, config):
    assert sorted(path.name for path in folder.iterdir()) == FILES
    loaded = load(folder)
    for ours, theirs in zip(read_values(loaded), read_values(network), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    volume = np.random.default_rng(1).normal(size=(1, 4, 8, 6, 1)).astype("f4")
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(loaded(volume, training=False)),
        keras.ops.convert_to_numpy(network(volume, training=False)),
    )
    assert open_weights(folder).config == config
    assert open_weights(str(folder)).name == "saved"
    assert open_weights(folder).count_parameters() == network.count_params()
    assert open_weights(folder).read_card() == card(config)


def test_a_held_out_image_travels_with_the_weights(tmp_path, network, config):
    image = np.random.default_rng(0).integers(0, 60000, (6, 8), np.uint16)
    pair = image, (image > 30000).astype(np.uint8)
    saved = save_weights(tmp_path / "w", network, config, card="# Both\n", held_out=pair)
    for path, array in zip(saved.held_out, pair, strict=True):
        np.testing.assert_array_equal(tifffile.imread(path), array)
    assert sorted(saved.hashes) == sorted(set(FILES) - {"SHA256SUMS"} | set(IMAGES))
    saved.held_out[1].unlink()
    with pytest.raises(ValueError, match=r"held_out_truth.tif is missing; copy the weights again"):
        open_weights(tmp_path / "w")


def test_weights_need_no_held_out_image(folder):
    assert open_weights(folder).held_out is None


def test_plain_keras_reads_the_arrays(folder, network):
    plain = unet_3d((None, None, None, 1), 1, levels=2, base_features=2)
    plain.load_weights(folder / "model.weights.h5")
    for ours, theirs in zip(read_values(plain), read_values(network), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_sums_are_those_that_sha256sum_checks(folder):
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_an_optimiser_leaves_no_trace(tmp_path, folder, network, config):
    trained = keras.models.clone_model(network)
    trained.set_weights(read_values(network))
    trained.compile("adam", "binary_crossentropy")
    volume = np.zeros((1, 4, 4, 4, 1), "f4")
    trained.train_on_batch(volume, volume)
    trained.set_weights(read_values(network))
    again = save_weights(tmp_path / "again", trained, config, card=card(config))
    assert again.hashes == open_weights(folder).hashes


def test_an_existing_folder_is_kept_unless_told_otherwise(folder, network, config):
    with pytest.raises(ValueError, match="already exists"):
        save_weights(folder, network, config, card="# other")
    assert open_weights(folder).read_card() == card(config)
    save_weights(folder, network, config, card="# other", overwrite=True)
    assert open_weights(folder).read_card() == "# other\n"
    assert [path.name for path in folder.parent.iterdir()] == ["saved"]


def test_overwrite_never_replaces_a_folder_of_something_else(tmp_path, network, config):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("x")
    with pytest.raises(ValueError, match=r"holds no config.json"):
        save_weights(tmp_path / "home", network, config, card="#", overwrite=True)
    (tmp_path / "home" / "config.json").write_text("{}")
    with pytest.raises(ValueError, match=r"holds no SHA256SUMS"):
        save_weights(tmp_path / "home", network, config, card="#", overwrite=True)
    assert (tmp_path / "home" / "thesis.tex").exists()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"levels": 3}, "it has an array|arrays for"),
        ({"base_features": 4}, r"an array of \(3, 3, 3, 1, 2\) for \(3, 3, 3, 1, 4\)"),
        ({"level": 2}, "config: unet_3d has no argument 'level'; did you mean 'levels'"),
        ({"levels": "2"}, "config: unet_3d does not take .*'levels': '2'"),
    ],
)
def test_a_configuration_of_another_net_is_not_saved(tmp_path, network, config, arguments, match):
    wrong = config.model_copy(update={"arguments": {**config.arguments, **arguments}})
    with pytest.raises(ValueError, match=match):
        save_weights(tmp_path / "x", network, wrong, card="#")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    match = "config.json is missing" if name == "config.json" else f"{name} is missing"
    with pytest.raises(ValueError, match=match):
        load(folder)


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5", "README.md"])
def test_a_changed_byte_is_noticed(folder, name):
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(ValueError, match=f"{name} is not what was saved"):
        open_weights(folder)


@pytest.mark.parametrize(
    ("text", "match"),
    [("", "does not list config.json"), ("abc\n", "line 1: not a SHA-256"), ("é", "line 1")],
)
def test_unreadable_sums_are_an_error(folder, text, match):
    (folder / "SHA256SUMS").write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=match):
        open_weights(folder)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"levels": 3}, "does not fit unet_3d: .* in the file and .* in the network"),
        ({"levels": 1}, "does not fit unet_3d: "),
        ({"base_features": 3}, r"vars/0 is \(2,\) in the file and \(3,\) in the network"),
        ({"input_shape": [5, None, None, 1]}, "side 5 of input_shape is no multiple of 2"),
    ],
)
def test_arrays_that_do_not_fit_are_one_line(folder, arguments, match):
    change_arguments(folder, **arguments)
    with pytest.raises(ValueError, match=match) as caught:
        load(folder)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_an_unknown_network_is_one_line(folder):
    path = folder / "config.json"
    path.write_text(path.read_text().replace('"unet_3d"', '"unet_4d"'))
    rehash(folder)
    with pytest.raises(ValueError, match=r"config.json: no network 'unet_4d'; there are .*unet_3d"):
        load(folder)


def test_the_weights_of_a_folder_are_listed(folder, network, config):
    other = config.model_copy(update={"classes": class_entries(("matrix", "pore"))})
    save_weights(folder.parent / "another", network, other, card="# x")
    found = list_weights(folder.parent)
    assert [weights.name for weights in found] == ["another", "saved"]
    assert found[0].config.class_names == ("matrix", "pore")
    with pytest.raises(ValueError, match="is no folder"):
        list_weights(folder / "nothing")
