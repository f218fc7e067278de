"""The arrays of a network, in a file of Keras' own format."""

import math
import tempfile
from pathlib import Path

from tomoseg_tf.volume import try_room
from tomoseg_tf.weights.hdf5 import list_arrays, open_arrays

SPARE = 8192  # bytes of the file for an array beside its values, and to begin with


def read_values(network):
    """Copy the arrays of a network, on any backend.

    Parameters
    ----------
    network : keras.Model or keras.Layer
        Built.

    Returns
    -------
    list of ndarray
        In the order of `network.weights`.
    """
    return [weight.numpy() for weight in network.weights]


def save_arrays(network, path: Path):
    """Save the arrays of a network in Keras' own format.

    Parameters
    ----------
    network : keras.Model
        Not compiled, or the optimiser's arrays would be saved as well.
    path : Path
        Must end in ``.weights.h5``.

    Raises
    ------
    OSError
        If the disk is full. HDF5 itself would end the process then, so that the room is
        tried out first.
    """
    sizes = [math.prod(weight.shape) * 8 + SPARE for weight in network.weights]
    try_room(path, SPARE + sum(sizes))
    network.save_weights(path)


def load_arrays(network, path: Path):
    """Load a file in Keras' own format into a network, all of it or nothing.

    Parameters
    ----------
    network : keras.Model
        Of the same architecture.
    path : Path
        Must end in ``.weights.h5``.

    Raises
    ------
    ValueError
        If the file holds anything but arrays, or they do not fit the network.
    """
    with open_arrays(path) as file:
        num_values = sum(item.size for item in _layer_arrays(file).values())
    if num_values != network.count_params():
        raise ValueError(f"{path} does not fit {network.name}: {find_misfit(network, path)}")
    try:
        network.load_weights(path)
    except ValueError:
        misfit = find_misfit(network, path)
        raise ValueError(f"{path} does not fit {network.name}: {misfit}") from None


def count_values(path: Path):
    """Count the parameters in a file in Keras' own format, without Keras.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    int
        Values of all layers, trainable or not.
    """
    with open_arrays(path) as file:
        return sum(item.size for item in _layer_arrays(file).values())


def find_misfit(network, path: Path):
    """Say where a file in Keras' own format and a network first differ.

    Parameters
    ----------
    network : keras.Model
        The architecture asked for.
    path : Path
        The file that does not fit it.

    Returns
    -------
    str
        One line with both shapes.
    """
    with tempfile.TemporaryDirectory() as folder:
        expected_path = Path(folder) / "expected.weights.h5"
        save_arrays(network, expected_path)
        expected, found = _read_shapes(expected_path), _read_shapes(path)
    for name, shape in expected.items():
        if name not in found:
            return f"the network's {name} {shape} is not in the file"
        if found[name] != shape:
            return f"{name} is {found[name]} in the file and {shape} in the network"
    extra = [name for name in found if name not in expected]
    if extra:
        return f"the file's {extra[0]} {found[extra[0]]} is not in the network"
    return "same arrays in another layout; was it saved by another version of Keras?"


def _read_shapes(path):
    with open_arrays(path) as file:
        return {name: item.shape for name, item in _layer_arrays(file).items()}


def _layer_arrays(file):
    """Arrays of the layers: neither the optimiser's nor the state of random generators."""
    return {
        name: item
        for name, item in list_arrays(file).items()
        if not name.startswith("optimizer/") and item.dtype.kind == "f"
    }
