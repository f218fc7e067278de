"""The weights folder: saved as a whole, opened only if it is as it was saved."""

from dataclasses import dataclass
from pathlib import Path

import tifffile

from tomoseg_tf.volume import staged_folder
from tomoseg_tf.weights.arrays import count_values, load_arrays, read_values, save_arrays
from tomoseg_tf.weights.config import WeightsConfig, read_config
from tomoseg_tf.weights.finding import find_weights
from tomoseg_tf.weights.importers.guess import kernel_values
from tomoseg_tf.weights.shipped import CONFIG, shipped_weights, weights_in
from tomoseg_tf.weights.sums import (
    ARRAYS,
    CARD,
    FILES,
    IMAGES,
    MARKERS,
    PICTURE,
    check_sums,
    write_sums,
)

HARMLESS = 2**24  # parameters, 64 MiB


@dataclass(frozen=True)
class Weights:
    """Fitted weights on the disk, with all that prediction must know.

    Attributes
    ----------
    folder : Path
        Where they are.
    config : WeightsConfig
        What ``config.json`` says.
    hashes : dict of str to str
        SHA-256 of each file listed in SHA256SUMS, checked on opening; with those of the held-out
        image and its truth if there is one.
    """

    folder: Path
    config: WeightsConfig
    hashes: dict[str, str]

    @property
    def name(self):
        """Name of the folder."""
        return self.folder.resolve().name

    def build(self):
        """Build the network and load its arrays.

        Returns
        -------
        keras.Model
            From normalised grey to probabilities; not compiled.

        Raises
        ------
        ValueError
            If the configuration does not fit the builder, or the arrays do not
            fit the network.
        """
        self._check_size()
        network = _build(self.config, self.folder / CONFIG)
        load_arrays(network, self.folder / ARRAYS)
        return network

    def _check_size(self):
        """Refuse a large network of which the file holds but a part, before it takes memory."""
        there = self.count_parameters()
        needed = kernel_values(self.config.model, self.config.arguments)
        if needed > max(there, HARMLESS):
            raise ValueError(
                f"{self.folder / ARRAYS} does not fit {self.config.model}: it holds {there} "
                f"parameters, but the network of {CONFIG} has {needed} or more"
            )

    def read_card(self):
        """Read the card.

        Returns
        -------
        str
            Markdown.
        """
        return (self.folder / CARD).read_text(encoding="utf-8")

    @property
    def held_out(self):
        """Paths of the held-out image and its truth, None if none is there."""
        return tuple(self.folder / name for name in IMAGES) if IMAGES[0] in self.hashes else None

    @property
    def picture(self):
        """Path of the picture of the card, None if there is none."""
        return self.folder / PICTURE if PICTURE in self.hashes else None

    def count_bytes(self):
        """Size of the file of arrays.

        Returns
        -------
        int
            In bytes.
        """
        return (self.folder / ARRAYS).stat().st_size

    def count_parameters(self):
        """Count the parameters in the file of arrays, without building the network.

        Returns
        -------
        int
            Trainable or not.
        """
        return count_values(self.folder / ARRAYS)


def load(name_or_folder: str | Path):
    """Load fitted weights as a Keras model.

    Parameters
    ----------
    name_or_folder : str or Path
        A weights folder, or whatever else `find_weights` takes.

    Returns
    -------
    keras.Model
        From (B, Z, Y, X, channels) normalised grey to (B, Z, Y, X, C)
        probabilities; not compiled. The normalisation, the axis order and the
        threshold are in `open_weights(name_or_folder).config`.

    Raises
    ------
    ValueError
        If there are no such weights, a file is missing or changed, or the
        parts do not fit each other.

    Examples
    --------
    >>> model = load("unet_3d_micropillar")  # doctest: +SKIP
    """
    return open_weights(name_or_folder).build()


def open_weights(name_or_folder: str | Path):
    """Open a weights folder: check its hashes and read its configuration.

    Parameters
    ----------
    name_or_folder : str or Path
        A weights folder, the name of weights that come with the package or lie in the mirror, or
        the path or address of an archive, see `find_weights`.

    Returns
    -------
    Weights
        Nothing is built yet.

    Raises
    ------
    ValueError
        If there are no such weights, or a file is missing or changed.
    """
    folder = find_weights(name_or_folder)
    hashes = check_sums(folder)
    return Weights(folder, read_config(folder / CONFIG), hashes)


def list_weights(place: str | Path | None = None):
    """Open all weights that come with the package, or all in a folder.

    Parameters
    ----------
    place : str or Path, optional
        Folder whose weights folders are wanted, such as a run's.

    Returns
    -------
    list of Weights
        In alphabetical order; nothing is built.

    Raises
    ------
    ValueError
        If the place is no folder, or a file of the weights is missing or changed.
    """
    if place is None:
        return [open_weights(folder) for folder in shipped_weights().values()]
    if not Path(place).is_dir():
        raise ValueError(f"{place} is no folder; name one that holds weights folders")
    return [open_weights(folder) for folder in weights_in(Path(place)).values()]


def save_weights(
    folder: str | Path, model, config: WeightsConfig, *, card, held_out=None, overwrite=False
):
    """Save fitted weights as a weights folder, which appears only when it is complete.

    The arrays are saved from a fresh network that `config` builds: neither the
    optimiser's arrays nor anything else of the training gets in, what is saved
    is sure to load, and equal weights give equal files.

    Parameters
    ----------
    folder : str or Path
        The folder to write; the folder above must exist.
    model : keras.Model
        Of the architecture that `config` states.
    config : WeightsConfig
        All that prediction must know.
    card : str
        Markdown for people, see `tomoseg_tf.weights.card`.
    held_out : tuple of (Y, X) or (Z, Y, X) ndarray, optional
        Grey levels and truth that were not trained on, to be kept beside the weights.
    overwrite : bool
        Replace existing weights. A folder of something else is never replaced.

    Returns
    -------
    Weights
        The saved folder.

    Raises
    ------
    ValueError
        If the folder exists, or `config` does not describe `model`.
    """
    network = _build(config, "config")
    shapes, wanted = _shapes(model), _shapes(network)
    if shapes != wanted:
        misfit = next(
            (pair for pair in zip(shapes, wanted, strict=False) if pair[0] != pair[1]), None
        )
        detail = (
            f"{len(shapes)} arrays for {len(wanted)}"
            if misfit is None
            else (f"an array of {misfit[0]} for {misfit[1]}")
        )
        raise ValueError(f"config does not describe the model: it has {detail}; check arguments")
    network.set_weights(read_values(model))
    with staged_folder(folder, overwrite=overwrite, marker=MARKERS) as partial:
        (partial / CONFIG).write_text(config.to_json(), encoding="utf-8")
        save_arrays(network, partial / ARRAYS)
        (partial / CARD).write_text(card.rstrip("\n") + "\n", encoding="utf-8")
        names = FILES if held_out is None else (*FILES, *IMAGES)
        for name, array in zip(IMAGES, held_out or (), strict=False):
            settings = {"compression": "zlib", "predictor": True, "photometric": "minisblack"}
            tifffile.imwrite(partial / name, array, **settings)
        write_sums(partial, names)
    return open_weights(Path(folder))


def _build(config, where):
    from tomoseg_tf.models.summary import build  # loads Keras: a list of weights needs none

    try:
        return build(config.model, config.arguments)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _shapes(network):
    return [tuple(weight.shape) for weight in network.weights]
