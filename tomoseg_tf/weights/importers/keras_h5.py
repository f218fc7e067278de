"""Weights in HDF5 files of Keras 2 (weights alone or whole model) and of Keras 3."""

import shutil
import tempfile
from pathlib import Path

import h5py
import numpy as np

from tomoseg_tf.weights.arrays import find_misfit, load_arrays, read_values
from tomoseg_tf.weights.hdf5 import list_arrays, open_arrays
from tomoseg_tf.weights.importers.names import read_names

LEGACY = "legacy Keras HDF5"
CURRENT = "Keras 3 HDF5"


def sniff(path: Path):
    """Tell which of the formats a file is in, and by which Keras it was written.

    Parameters
    ----------
    path : Path
        The file, of any name.

    Returns
    -------
    format : str
        `LEGACY` or `CURRENT`.
    version : str
        Of Keras; "" if the file does not say.

    Raises
    ------
    ValueError
        If it is neither.
    """
    with open_arrays(path) as file:
        names = read_names(path)
        group = _legacy_group(file, names)
        if group is not None:
            return LEGACY, "".join(names[group.name].get("keras_version", ()))
        if "layers" in file:
            return CURRENT, ""
    raise ValueError(f"{path}: an HDF5 file, but not one that Keras wrote: it has no layers")


def read_shapes(path: Path):
    """List the arrays of a file in either format.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    list of (str, tuple of int)
        Name and shape, in the order of the layers where the file tells it.
    """
    with open_arrays(path) as file:
        names = read_names(path)
        group = _legacy_group(file, names)
        if group is not None:
            return [(name, item.shape) for name, item in _legacy_arrays(group, names, path)]
        arrays = list_arrays(file["layers"]) if "layers" in file else {}
        return [(name, item.shape) for name, item in arrays.items() if item.dtype.kind == "f"]


def load_keras_h5(network, path: Path):
    """Load a file in either format into a network, all of it or nothing.

    The configuration of the network in the file, if any, is never read: it may
    name code to run.

    Parameters
    ----------
    network : keras.Model
        Of the architecture that the weights were fitted with.
    path : Path
        The file, of any name.

    Raises
    ------
    ValueError
        If the file is damaged, does not fit the network, or holds values that
        are not finite.
    """
    if sniff(path)[0] == LEGACY:
        _load_legacy(network, path)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "source.weights.h5"  # Keras reads this format by this suffix only
        shutil.copyfile(path, copy)
        try:
            load_arrays(network, copy)
        except ValueError:
            misfit = find_misfit(network, copy)
            raise ValueError(f"{path} does not fit {network.name}: {misfit}") from None
    for weight, array in zip(network.weights, read_values(network), strict=True):
        _check_finite(array, weight.path, path)


def _load_legacy(network, path):
    with open_arrays(path) as file:
        names = read_names(path)
        stored = _legacy_arrays(_legacy_group(file, names), names, path)
        wanted = _variables(network)
        for (name, item), (where, variable) in zip(stored, wanted, strict=False):
            shape = tuple(variable.shape)
            if item.shape != shape or _kind(name) != variable.name:
                raise ValueError(
                    f"{path} does not fit {network.name}: the file's {name} {item.shape} stands "
                    f"where the network has {where} {shape}"
                )
        if len(stored) != len(wanted):
            raise ValueError(
                f"{path} does not fit {network.name}: it holds {len(stored)} arrays, "
                f"the network {len(wanted)}"
            )
        arrays = [item[()] for _, item in stored]
    for (name, _), array in zip(stored, arrays, strict=True):
        _check_finite(array, name, path)
    for (_, variable), array in zip(wanted, arrays, strict=True):
        variable.assign(array)


def _variables(network):
    """Weights in the order of the old format: by layer, the trainable ones of each first."""
    return [
        (f"{layer.name}/{weight.name}", weight)
        for layer in network.layers
        for weight in (*layer.trainable_weights, *layer.non_trainable_weights)
    ]


def _legacy_group(file, names):
    """Group of the old format that lists the layers; None if there is none."""
    groups = [file, file["model_weights"]] if "model_weights" in file else [file]
    for group in groups:
        if {"layer_names", "layer_names0"} & set(names.get(group.name, ())):
            return group
    return None


def _legacy_arrays(group, names, path):
    """Names and datasets of the old format, in the order of its layers."""
    arrays = []
    for layer in _listed(names, group, "layer_names"):
        if layer not in group:
            raise ValueError(f"{path}: layer {layer!r} is listed but missing; copy the file again")
        for name in _listed(names, group[layer], "weight_names"):
            if name not in group[layer] or not isinstance(group[layer][name], h5py.Dataset):
                raise ValueError(f"{path}: {name!r} is listed but missing; copy the file again")
            arrays.append((name, group[layer][name]))
    return arrays


def _listed(names, group, attribute):
    """Names that a group lists; a long list is spread over numbered attributes."""
    there = names.get(group.name, {})
    if attribute in there:
        return there[attribute]
    found, number = [], 0
    while f"{attribute}{number}" in there:
        found += there[f"{attribute}{number}"]
        number += 1
    return found


def _kind(name):
    """From ``conv3d/kernel:0`` to ``kernel``."""
    return name.rsplit("/", 1)[-1].split(":")[0]


def _check_finite(array, name, path):
    if not np.isfinite(array).all():
        raise ValueError(f"{path}: {name} holds values that are not finite; fit it again")
