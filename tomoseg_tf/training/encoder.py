"""Published weights for the encoder of a network: found, checked, folded to one channel, frozen."""

import math
from pathlib import Path

import numpy as np

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.backbones.published import (
    IMAGENET,
    count_parts,
    encoder_layers,
    parts_of,
)
from tomoseg_tf.models.summary import default_arguments
from tomoseg_tf.training.download import fetch
from tomoseg_tf.weights.hdf5 import list_arrays, open_arrays

keras = load_keras()

WORD = "imagenet"
RESNET_EPSILON = 2e-5
UPSAMPLING = ("UpSampling", "Unpooling", "Resize")  # in the types of layers


def find_backbone(name, arguments):
    """Tell which backbone a network has.

    Parameters
    ----------
    name : str
        Key of `tomoseg_tf.models.BUILDERS`.
    arguments : dict
        Keyword arguments of the builder.

    Returns
    -------
    str
        Its name.

    Raises
    ------
    ValueError
        If it has none.
    """
    backbone = {**default_arguments(name), **arguments}.get("backbone")
    if backbone is None:
        raise ValueError(
            f"model.encoder needs a network with a backbone, which {name} does not have here; "
            "choose model.arguments.backbone, or leave it out"
        )
    return backbone


def load_encoder(model, backbone, source):
    """Give the encoder of a network the values of a published file.

    A file for three channels is folded for a network of one: what comes out is as
    if the grey value had been given three times, but for the pixels at the edges,
    where a ResNet pads after a normalisation of its own.

    Parameters
    ----------
    model : keras.Model
        With the backbone, or the first part of it.
    backbone : str
        Its name.
    source : str or Path
        An HDF5 file of Keras 2, of weights or of a whole model; or "imagenet", the
        public file for that backbone, which is downloaded once.

    Raises
    ------
    ValueError
        If there is no such file, or it is of another network.
    """
    path = _find(source, backbone)
    stored = _read(path)
    _check_size(stored, backbone, path)
    if backbone.startswith("inception"):
        stored = _renumbered(stored)
    layers = {layer.name: layer for layer in model.layers if layer.weights}
    wanted = {name: layers[name] for name in encoder_layers(layers, backbone)}
    if model.input_shape[-1] == 1:
        stored = _one_channel(stored, wanted)
    for name, layer in wanted.items():
        for weight in layer.weights:
            array = stored.get(name, {}).get(weight.name)
            if array is None or array.shape != tuple(weight.shape):
                there = "has no such values" if array is None else f"has {array.shape}"
                raise ValueError(
                    f"{path} is not of {backbone}: {name}/{weight.name} needs "
                    f"{tuple(weight.shape)}, but the file {there}; give the file of that backbone"
                )
            weight.assign(array)


def freeze_encoder(model, backbone=None):
    """Keep the encoder of a network as it is, its batch normalisation as in prediction.

    Parameters
    ----------
    model : keras.Model
        Not compiled yet.
    backbone : str, optional
        Name of its backbone. Without one the encoder is all that comes before anything is
        up-sampled, the bottom of a U-Net included.

    Raises
    ------
    ValueError
        If the network up-samples nothing.
    """
    if backbone is not None:
        names = encoder_layers([layer.name for layer in model.layers], backbone)
    else:
        names = _before_upsampling(model)
    for name in names:
        model.get_layer(name).trainable = False


def _before_upsampling(model):
    """List the layers that nothing up-sampled goes into."""
    names = set()
    for layer in model.layers:
        sources = {
            tensor._keras_history.operation.name
            for tensor in (layer.input if isinstance(layer.input, list) else [layer.input])
        }
        fed = not isinstance(layer, keras.layers.InputLayer)
        if not (fed and sources - names) and not _upsamples(layer):
            names.add(layer.name)
    if all(layer.name in names for layer in model.layers):
        raise ValueError(
            f"model.freeze_encoder: {model.name} up-samples nothing, so that no part of it is the "
            "encoder; leave it out"
        )
    return [layer.name for layer in model.layers if layer.name in names]


def _upsamples(layer):
    if "Transpose" in type(layer).__name__:
        return max(layer.strides) > 1
    return any(word in type(layer).__name__ for word in UPSAMPLING)


def _find(source, backbone):
    if str(source) != WORD:
        return source
    if backbone not in IMAGENET:
        raise ValueError(
            f"model.encoder is 'imagenet', but no public file of {backbone} is known; give the "
            f"path of one, or use one of {', '.join(IMAGENET)}"
        )
    return fetch(*IMAGENET[backbone])


def _read(path):
    """Arrays by layer and kind, such as ``["bn0"]["beta"]``."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"model.encoder: there is no file {path}; give a path, or 'imagenet'")
    found = {}
    with open_arrays(path) as file:
        group = file.get("model_weights", file)
        for where, item in list_arrays(group).items():
            layer, *_, kind = where.split("/")
            kind = kind.split(":")[0].removeprefix("depthwise_")
            found.setdefault(layer, {})[kind] = item[()]
    for layer, arrays in found.items():
        for kind, array in arrays.items():
            if not np.isfinite(array).all():
                raise ValueError(f"{path}: {layer}/{kind} holds values that are not finite")
    return found


def _check_size(stored, backbone, path):
    """Refuse a file of the same family but of another size, whose first layers would fit."""
    there, wanted = count_parts(stored), parts_of(backbone)
    if there != wanted:
        named = ["nothing of the kind" if not there else _listed(there), _listed(wanted)]
        raise ValueError(f"{path} is not of {backbone}: it holds {named[0]} instead of {named[1]}")


def _listed(parts):
    return ", ".join(f"{count} {kind.rstrip('_')}" for kind, count in parts.items())


def _renumbered(stored):
    """Count the numbered layers from 1, wherever the numbers in the file begin."""
    renumbered = {}
    for kind in ("conv2d", "batch_normalization"):
        names = [name for name in stored if name.startswith(f"{kind}_")]
        names.sort(key=lambda name: int(name.rsplit("_", 1)[-1]))
        for number, name in enumerate(names, start=1):
            renumbered[f"{kind}_{number}"] = stored[name]
    return renumbered


def _one_channel(stored, wanted):
    """Fold the first kernel, if it is for three channels, to one for their common value."""
    first = next((name for name in wanted if "kernel" in stored.get(name, {})), None)
    if first is None or stored[first]["kernel"].shape[2] != 3:
        return stored
    kernel = stored[first]["kernel"]
    if "bn_data" in stored:
        return {**stored, **_without_colours(stored, kernel)}
    return {**stored, first: {"kernel": kernel.sum(axis=2, keepdims=True)}}


def _without_colours(stored, kernel):
    """Fold a ResNet, which first normalises each channel: one mean and deviation for all.

    The kernels take the other scale in, the mean of the next normalisation the other shift.
    """
    before = stored["bn_data"]
    deviations = np.sqrt(before["moving_variance"] + RESNET_EPSILON)
    mean = before["moving_mean"].mean()
    deviation = math.sqrt(np.mean(deviations**2))
    shifts = (mean - before["moving_mean"]) / deviations + before["beta"]
    scaled = kernel * (deviation / deviations)[:, None]
    moved = np.einsum("yxcf,c->f", kernel, shifts)
    one = {
        "beta": [0.0],
        "moving_mean": [mean],
        "moving_variance": [deviation**2 - RESNET_EPSILON],
    }
    return {
        "bn_data": {kind: np.array(value, "float32") for kind, value in one.items()},
        "conv0": {"kernel": scaled.sum(axis=2, keepdims=True)},
        "bn0": {**stored["bn0"], "moving_mean": stored["bn0"]["moving_mean"] - moved},
    }
