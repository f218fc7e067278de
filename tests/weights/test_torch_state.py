"""State_dicts of PyTorch: what fits is loaded, what is hostile is refused in one line."""

import io
import json
import pickle
import struct
import zipfile

import numpy as np
import pytest
from safetensors.numpy import save_file

from tomoseg_tf.backend import load_keras
from tomoseg_tf.weights import import_weights, load
from tomoseg_tf.weights.importers import residual_unet as names

keras = load_keras()
ARGUMENTS = {
    "input_shape": [None, None, None, 1],
    "num_classes": 2,
    "levels": 2,
    "base_features": 2,
    "upsampling": "transposed",
    "residual": True,
    "batch_norm": True,
    "activation": "relu",
    "preactivation": False,
}
IMPORT = {"model": "residual_unet_3d"}


@pytest.fixture(scope="module")
def state():
    """A state_dict of a tiny net, with the counters that PyTorch adds."""
    rng = np.random.default_rng(0)
    arrays = {
        name: rng.uniform(0.1, 1, shape).astype("f4")
        for name, shape, _ in names.list_arrays(3, ARGUMENTS)
    }
    counter = "bottom_block.conv1.norm_layer.num_batches_tracked"
    return {**arrays, counter: np.array(7)}


def listed_twice(state):
    """The names that a block lists its layers under, as PyTorch saves them beside the others."""
    places = {"conv_layer": "block.0", "norm_layer": "block.1"}
    return {
        name.replace(kind, place): array
        for name, array in state.items()
        for kind, place in places.items()
        if kind in name
    }


def write(path, state):
    """Write a file in the format of its suffix."""
    if path.suffix == ".npz":
        np.savez_compressed(path, **state)
    else:
        save_file({name: np.ascontiguousarray(array) for name, array in state.items()}, path)
    return path


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_state_dict_becomes_a_weights_folder(tmp_path, state, suffix):
    source = write(tmp_path / f"unet{suffix}", state)
    imported = import_weights(source, tmp_path / "out", **IMPORT)
    config = imported.config
    assert {key: config.arguments[key] for key in ARGUMENTS} == ARGUMENTS
    assert (config.axes, config.class_names) == ("ZYX", ("background", "class 1"))
    kind = {".npz": "NumPy .npz", ".safetensors": "safetensors"}[suffix]
    assert f"unet{suffix} (PyTorch state_dict, {kind}, SHA-256 " in config.data
    network = load(tmp_path / "out")
    convolution = network.get_layer("encoder0_conv1").kernel.numpy()
    torch = state["encoder.encoding_blocks.0.conv2.conv_layer.weight"]
    np.testing.assert_array_equal(convolution[0, 1, 2, :, 3], torch[3, :, 0, 1, 2])
    up = network.get_layer("decoder0_up_conv").kernel.numpy()
    torch = state["decoder.decoding_blocks.0.upsample.weight"]
    np.testing.assert_array_equal(up[1, 0, 1, 3, 2], torch[2, 3, 1, 0, 1])
    moving = network.get_layer("bottom_norm1").moving_variance.numpy()
    np.testing.assert_array_equal(moving, state["bottom_block.conv2.norm_layer.running_var"])


def test_any_prefix_and_either_of_the_names_will_do(tmp_path, state):
    up = {name: array for name, array in state.items() if ".upsample." in name}
    second = {**listed_twice(state), **up}
    stored = {f"net.module.{name}": array for name, array in second.items()}
    stored["loss.weight"] = np.ones(3, "f4")
    source = write(tmp_path / "a.safetensors", stored)
    import_weights(source, tmp_path / "out", **IMPORT)
    import_weights(write(tmp_path / "b.npz", state), tmp_path / "same", **IMPORT)
    pairs = zip(load(tmp_path / "out").weights, load(tmp_path / "same").weights, strict=True)
    for ours, theirs in pairs:
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_a_head_of_one_channel_gives_probabilities_though_it_is_rectified_within(tmp_path, state):
    one = {name: array[:1] if "classifier" in name else array for name, array in state.items()}
    imported = import_weights(write(tmp_path / "unet.npz", one), tmp_path / "out", **IMPORT)
    assert imported.config.arguments["activation"] == "relu"
    assert imported.config.class_names == ("background", "object")
    assert "One probability per voxel; above 0.5 it is object." in imported.read_card()


def without(name):
    return lambda state: {key: array for key, array in state.items() if key != name}


def changed(name, array):
    return lambda state: {**state, name: array}


BIAS = "bottom_block.conv_residual.conv_layer.bias"


@pytest.mark.parametrize(
    ("change", "settings", "match"),
    [
        (dict, {"model": "unet_3d"}, "state_dict of PyTorch, .* residual_unet_2d and residual_u"),
        (dict, {"model": "residual_unet_2d"}, "kernels have 3 sides; use --model residual_unet_3d"),
        (dict, {"arguments": {"levels": 4}}, "arrays are of levels 2, not 4; leave levels out"),
        (dict, {"arguments": {"level": 4}}, "no argument 'level'; did you mean 'levels'"),
        (dict, {"arguments": {"z_poolings": 0}}, "leave z_poolings and the sides .* out"),
        (without(BIAS), {}, r"network's bottom_block\.conv_residual.*bias \(8,\) is not in it"),
        (changed(BIAS, np.ones(7, "f4")), {}, r"bias is \(7,\) in it and \(8,\) in the network"),
        (changed("extra.weight", np.ones(7, "f4")), {}, r"its extra\.weight is not in the network"),
        (changed(BIAS, np.full(8, np.nan, "f4")), {}, "values that are not all finite"),
        (changed(BIAS, np.ones(8, "i4")), {}, "bias holds int32 values"),
        (lambda state: {"weight": np.ones(3)}, {}, "holds no array named encoder.encoding_blocks"),
        (without(names.HEAD), {}, "no network of fepegar/unet: it lacks the kernel classifier"),
    ],
)
def test_what_does_not_fit_is_one_line_and_writes_nothing(tmp_path, state, change, settings, match):
    source = write(tmp_path / "a.npz", change(state))
    with pytest.raises(ValueError, match=match) as caught:
        import_weights(source, tmp_path / "out", **{**IMPORT, **settings})
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def npy(header, data=b""):
    """An array file with a header of its own choice."""
    text = str(header).encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def archive(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return stream.getvalue()


def header(shape=(2,), descr="<f4", **more):
    return {"descr": descr, "fortran_order": False, "shape": shape, **more}


class Bomb:
    """Pickled, it writes a file when it is read."""

    def __reduce__(self):
        return (open, ("gone off", "w"))


def torch_archive():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps(Bomb()))
    return stream.getvalue()


def safetensors(entries, data=b""):
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + data


FLOATS = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.npz", archive(**{names.FIRST: npy(header((10**12,)))}), "declares .* not what the"),
        ("b.npz", archive(**{names.FIRST: npy(header((-2, -1), "<f4"), bytes(8))}), "declares"),
        ("c.npz", archive(**{names.FIRST: npy(header(descr="|O"), pickle.dumps(Bomb()))}), "obj"),
        ("d.npz", archive(**{names.FIRST: b"\x93NUMPY\x01\x00\xff\xff"}), "no plain array"),
        ("e.npz", archive(**{names.FIRST: npy("__import__('os')")}), "no plain array"),
        ("f.npz", archive(**{names.FIRST: npy(header((10**8,)), bytes(4 * 10**6))}), "far more"),
        ("g.npz", archive(**{names.FIRST: npy(header(), bytes(8))})[:-30], "damaged archive"),
        ("h.pt", torch_archive(), "pickle of PyTorch, which may hold code and is not read"),
        ("i.pth", pickle.dumps(Bomb()), "not an HDF5 weights file"),
        ("j.safetensors", b"", "damaged safetensors|it is empty"),
        ("k.safetensors", pickle.dumps(Bomb()), "damaged safetensors"),
        ("l.safetensors", safetensors({names.FIRST: FLOATS}), "damaged safetensors"),
        ("m.safetensors", safetensors({names.FIRST: FLOATS}, bytes(8))[:-1], "damaged safeten"),
        ("n.safetensors", struct.pack("<Q", 2**60) + b"{}", "damaged safetensors"),
        ("o.safetensors", safetensors(b"{" * 100), "damaged safetensors"),
        (
            "p.safetensors",
            safetensors({names.FIRST: {**FLOATS, "shape": [2**40, 2**40]}}, bytes(8)),
            "damaged safetensors",
        ),
        (
            "q.safetensors",
            safetensors({names.FIRST: FLOATS, "encoder.b": FLOATS}, bytes(8)),
            "damaged safetensors",
        ),
    ],
)
def test_hostile_files_are_refused_in_one_line(tmp_path, monkeypatch, name, content, match):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=match) as caught:
        import_weights(tmp_path / name, tmp_path / "out", **IMPORT)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_names_of_many_levels_claim_no_memory(tmp_path, state):
    """Shapes are compared before a network is built."""
    many = {f"encoder.encoding_blocks.{level}.x": np.ones(1, "f4") for level in range(1, 40)}
    source = write(tmp_path / "a.npz", {**state, **many})
    with pytest.raises(
        ValueError, match=r"network's encoder\.encoding_blocks\.1\.conv1\..* not in"
    ):
        import_weights(source, tmp_path / "out", **IMPORT)
