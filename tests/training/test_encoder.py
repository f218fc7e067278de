"""Encoders start from files that are written here as Keras 2 wrote the published ones."""

import h5py
import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models import pspnet
from tomoseg_tf.models.backbones.published import IMAGENET, parts_of
from tomoseg_tf.models.backbones.xception import xception
from tomoseg_tf.records import write_records
from tomoseg_tf.training import train
from tomoseg_tf.training.encoder import find_backbone, freeze_encoder, load_encoder
from tomoseg_tf.weights import load

keras = load_keras()
SMALL = {"downsample_factor": 4, "filters": 2}


def network(backbone, channels=3):
    """The first quarter of a backbone below a PSPNet."""
    return pspnet((None, None, channels), 1, backbone=backbone, **SMALL)


def random_encoder(model, backbone, *, first_number=1, seed=0):
    """Values for the encoder of a network, and one number for each layer beyond it."""
    rng, stored = np.random.default_rng(seed), {}
    for part, count in parts_of(backbone).items():
        for number in range(1, count + 1):
            ending = "_bn1" if part.startswith("stage") else ""
            shift = first_number - 1 if part == "conv2d_" else 0
            stored[f"{part}{number + shift}{ending}"] = {"kernel": np.zeros(1, "float32")}
    for layer in model.layers:
        decoder = layer.name.startswith(("level", "aggregation", "final"))
        if not layer.weights or decoder:
            continue
        name = layer.name
        if first_number > 1:
            kind, number = name.rsplit("_", 1)
            name = f"{kind}_{int(number) + first_number - 1}"
        stored[name] = {
            weight.name: rng.uniform(0.5, 1.5, weight.shape).astype("float32")
            for weight in layer.weights
        }
    return stored


def save_legacy(path, stored, *, group="/", depthwise=()):
    """Write arrays by layer as Keras 2 did."""
    with h5py.File(path, "w") as file:
        root = file.require_group(group)
        root.attrs["layer_names"] = [name.encode() for name in stored]
        root.attrs["keras_version"] = b"2.2.4"
        for layer, arrays in stored.items():
            names = []
            for kind, array in arrays.items():
                kind = f"depthwise_{kind}" if layer in depthwise else kind
                names.append(f"{layer}/{kind}:0")
                root.require_group(layer)[names[-1]] = array
            root[layer].attrs["weight_names"] = [name.encode() for name in names]
    return path


def assert_loaded(model, stored, *, shift=0):
    compared = 0
    for layer in model.layers:
        name = layer.name
        if shift and name.startswith(("conv2d_", "batch_normalization_")):
            kind, number = name.rsplit("_", 1)
            name = f"{kind}_{int(number) + shift}"
        for weight in layer.weights if name in stored else ():
            np.testing.assert_array_equal(weight.numpy(), stored[name][weight.name])
            compared += 1
    assert compared > 10


@pytest.fixture(scope="module")
def resnet_file(tmp_path_factory):
    stored = random_encoder(network("resnet18"), "resnet18")
    return save_legacy(tmp_path_factory.mktemp("encoder") / "resnet18.h5", stored), stored


def test_a_resnet_takes_the_values_of_its_file(resnet_file):
    path, stored = resnet_file
    model = network("resnet18")
    head = model.get_layer("final_conv").get_weights()[0]
    load_encoder(model, "resnet18", path)
    assert_loaded(model, stored)
    np.testing.assert_array_equal(model.get_layer("final_conv").get_weights()[0], head)


def test_a_whole_model_is_read_like_weights_alone(resnet_file, tmp_path):
    stored = {**resnet_file[1], "fc1": {"kernel": np.ones((4, 4), "float32")}}
    path = save_legacy(tmp_path / "model.h5", stored, group="model_weights")
    model = network("resnet18")
    load_encoder(model, "resnet18", path)
    assert_loaded(model, stored)


def test_inception_is_read_wherever_its_numbers_begin(tmp_path):
    model = network("inception_v3")
    stored = random_encoder(model, "inception_v3", first_number=95)
    load_encoder(model, "inception_v3", save_legacy(tmp_path / "inception.h5", stored))
    assert_loaded(model, stored, shift=94)


def test_xception_is_read_from_a_file_of_the_whole_deeplab(tmp_path, monkeypatch):
    monkeypatch.setattr(
        keras.initializers.TruncatedNormal,
        "__call__",
        lambda self, shape, dtype=None: keras.ops.zeros(shape, dtype),
    )
    image = keras.Input((None, None, 3))
    model = keras.Model(image, xception(image, "xception_41")[1])
    stored = random_encoder(model, "xception_41")
    stored["aspp0"] = {"kernel": np.ones((1, 1), "float32")}
    depthwise = [name for name in stored if name.endswith("_depthwise")]
    path = save_legacy(tmp_path / "deeplab.h5", stored, depthwise=depthwise)
    load_encoder(model, "xception_41", path)
    assert_loaded(model, stored)


def test_a_folded_resnet_sees_grey_as_if_it_were_three_colours(resnet_file):
    """Away from the edges, which the padding after the first normalisation makes differ."""
    grey = np.random.default_rng(1).uniform(0, 255, (1, 48, 48, 1)).astype("float32")
    features = []
    for channels in (1, 3):
        model = network("resnet18", channels)
        load_encoder(model, "resnet18", resnet_file[0])
        first = keras.Model(model.input, model.get_layer("bn0").output)
        features.append(np.asarray(first(np.repeat(grey, channels, axis=-1))))
    assert features[0].std() > 1
    np.testing.assert_allclose(features[0][:, 2:-2, 2:-2], features[1][:, 2:-2, 2:-2], rtol=1e-3)


def test_a_folded_inception_sees_grey_as_if_it_were_three_colours(tmp_path):
    stored = random_encoder(network("inception_v3"), "inception_v3")
    path = save_legacy(tmp_path / "inception.h5", stored)
    one = network("inception_v3", 1)
    load_encoder(one, "inception_v3", path)
    folded = one.get_layer("conv2d_1").get_weights()[0]
    expected = stored["conv2d_1"]["kernel"].sum(axis=2)
    np.testing.assert_allclose(folded[:, :, 0], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        ("resnet34", "is not of resnet34: it holds 2 stage1_unit, 2 stage2_unit.* instead of 3 s"),
        ("inception_v3", "is not of inception_v3: it holds 2 stage1_unit.* instead of 94 conv2d"),
    ],
)
def test_a_file_of_another_backbone_is_one_line(resnet_file, backbone, message):
    with pytest.raises(ValueError, match=message) as caught:
        load_encoder(network(backbone), backbone, resnet_file[0])
    assert "\n" not in str(caught.value)


def test_values_of_another_shape_are_one_line(resnet_file, tmp_path):
    stored = {**resnet_file[1], "stage1_unit1_conv1": {"kernel": np.ones((1, 1, 64, 64), "f4")}}
    path = save_legacy(tmp_path / "other.h5", stored)
    message = r"conv1/kernel needs \(3, 3, 64, 64\), but the file has \(1, 1, 64, 64\); give"
    with pytest.raises(ValueError, match=message):
        load_encoder(network("resnet18"), "resnet18", path)


def test_values_that_are_not_finite_are_refused(resnet_file, tmp_path):
    stored = {**resnet_file[1], "bn0": {"beta": np.full(64, np.nan, "float32")}}
    with pytest.raises(ValueError, match="bn0/beta holds values that are not finite"):
        load_encoder(network("resnet18"), "resnet18", save_legacy(tmp_path / "nan.h5", stored))


@pytest.mark.parametrize(
    ("source", "message"),
    [("nowhere.h5", "there is no file nowhere.h5"), (__file__, "not an HDF5 weights file")],
)
def test_what_is_no_file_of_weights_is_one_line(source, message):
    with pytest.raises(ValueError, match=message):
        load_encoder(network("resnet18"), "resnet18", source)


def test_no_public_file_of_an_xception_is_known():
    with pytest.raises(ValueError, match="no public file of xception_65 is known; give the path"):
        load_encoder(network("resnet18"), "xception_65", "imagenet")


def test_the_public_files_are_of_every_other_backbone():
    assert len({md5 for _, md5 in IMAGENET.values()}) == 6
    for backbone, (address, _) in IMAGENET.items():
        assert address.startswith("https://github.com/")
        assert backbone in address


@pytest.mark.parametrize(
    ("name", "arguments", "backbone"),
    [
        ("pspnet", {}, "resnet152"),
        ("deeplab_v3_plus", {"backbone": "xception_71"}, "xception_71"),
        ("unet_plus_plus", {"backbone": "resnet18"}, "resnet18"),
        ("unet_plus_plus", {}, None),
        ("unet_2d", {}, None),
    ],
)
def test_the_backbone_is_the_one_of_the_network(name, arguments, backbone):
    if backbone is not None:
        assert find_backbone(name, arguments) == backbone
        return
    with pytest.raises(ValueError, match=f"which {name} does not have here; choose"):
        find_backbone(name, arguments)


def test_frozen_are_all_layers_of_the_encoder_and_no_others():
    model = network("resnet18")
    freeze_encoder(model, "resnet18")
    decoder = {"level", "aggregation", "final"}
    left = {weight.path.split("/")[0] for weight in model.trainable_weights}
    assert left
    assert all(any(name.startswith(part) for part in decoder) for name in left)


def test_an_encoder_is_frozen_and_then_freed(tiny, resnet_file, tmp_path):
    """The first run keeps the file's values, moving averages included; the second one fits them."""
    rng = np.random.default_rng(0)
    truth = (rng.random((8, 24, 24)) < 0.4).astype(np.uint8)
    split = {"split": "block", "fractions": (0.5, 0.5, 0.0), "guard": 0}
    write_records(tmp_path / "records", [(truth * 100, truth)], patch=(4, 24, 24), **split)
    model = {"name": "pspnet", "arguments": {"backbone": "resnet18", **SMALL}, "channels": 3}
    path, stored = resnet_file
    settings = {"batches": {"batch_size": 1}, "schedule": {"epochs": 1}}
    frozen = tiny(model={**model, "encoder": str(path), "freeze_encoder": True}, **settings)
    train(frozen, tmp_path / "records", tmp_path / "frozen")
    first = load(tmp_path / "frozen" / "best_loss")
    assert_loaded(first, stored)

    start = str(tmp_path / "frozen" / "best_loss")
    model |= {"weights": start, "encoder": "not read, since the weights hold it"}
    train(tiny(model=model, **settings), tmp_path / "records", tmp_path / "free")
    second = load(tmp_path / "free" / "best_loss")
    for name in ("conv0", "bn0", "final_conv"):
        one, other = (net.get_layer(name).get_weights() for net in (first, second))
        assert all((before != after).any() for before, after in zip(one, other, strict=True))
