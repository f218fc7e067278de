"""Check that weights are as saved, load, and give probabilities."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tomoseg_tf.weights.arrays import read_values
from tomoseg_tf.weights.folder import open_weights


@dataclass(frozen=True)
class Verified:
    """What was checked of weights that passed.

    Attributes
    ----------
    name : str
        Of the weights.
    folder : Path
        Where they are.
    model : str
        Name of the builder.
    parameters : int
        Of the network, trainable or not, all finite.
    hashes : dict of str to str
        SHA-256 of each file, equal to that in SHA256SUMS.
    """

    name: str
    folder: Path
    model: str
    parameters: int
    hashes: dict[str, str]


def verify_weights(name_or_folder: str | Path):
    """Check the hashes, build the network, load the arrays and look at them.

    Parameters
    ----------
    name_or_folder : str or Path
        A weights folder, or the name of weights that come with the package.

    Returns
    -------
    Verified

    Raises
    ------
    ValueError
        If anything is missing, changed or does not fit, or a value is not finite.
    """
    weights = open_weights(name_or_folder)
    network = weights.build()
    for layer in network.layers:
        for array in read_values(layer):
            if not np.isfinite(array).all():
                raise ValueError(
                    f"{weights.folder}: layer {layer.name} has values that are not finite"
                )
    return Verified(
        weights.name, weights.folder, weights.config.model, network.count_params(), weights.hashes
    )
