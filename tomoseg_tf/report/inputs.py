"""The volumes of a report, opened, and what they have in common."""

from dataclasses import dataclass

import numpy as np

from tomoseg_tf.class_colours import class_colours
from tomoseg_tf.evaluation import class_names
from tomoseg_tf.volume import IGNORE, as_volume, open_truth
from tomoseg_tf.volume.spacing import check_spacing

LIKELY = 32  # more classes than that are labels or grey levels


@dataclass(frozen=True)
class Inputs:
    """The volumes of a report.

    Attributes
    ----------
    volume, segmentation, truth, probabilities : Volume or None
        Grey levels, classes, true classes, probabilities of one class.
    spacing : tuple of three float, or None
        Size of a voxel along (z, y, x) in µm.
    names : tuple of str
        Names of the classes, background first.
    """

    volume: object
    segmentation: object
    truth: object
    probabilities: object
    spacing: tuple | None
    names: tuple

    @property
    def volumes(self):
        """Those that are given, by what they are."""
        named = {
            "Scan": self.volume,
            "Segmentation": self.segmentation,
            "Truth": self.truth,
            "Probabilities": self.probabilities,
        }
        return {name: one for name, one in named.items() if one is not None}

    @property
    def shape(self):
        """Shape (Z, Y, X) of all of them."""
        return next(iter(self.volumes.values())).shape

    @property
    def voxels(self):
        """Number of voxels of each."""
        return int(np.prod(self.shape))

    @property
    def colours(self):
        """Colours of the classes, ``#rrggbb``."""
        return class_colours(len(self.names))


def open_inputs(
    segmentation=None,
    *,
    volume=None,
    truth=None,
    probabilities=None,
    palette="auto",
    spacing=None,
    names=None,
):
    """Open the volumes of a report and check that they belong together.

    Parameters
    ----------
    segmentation, volume, truth, probabilities : path, (Z, Y, X) array_like or Volume, optional
        What there is.
    palette : str, dict or Palette
        How values of the truth map to classes, see `open_truth`.
    spacing : tuple of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the files say.
    names : sequence of str, optional
        Names of the classes, background first.

    Returns
    -------
    Inputs or None
        None if nothing is given.

    Raises
    ------
    ValueError
        If one cannot be read or is something else, or they differ in shape or spacing.
    """
    opened = {
        "volume": None if volume is None else as_volume(volume),
        "segmentation": None if segmentation is None else open_truth(segmentation),
        "truth": None if truth is None else open_truth(truth, palette),
        "probabilities": None if probabilities is None else as_volume(probabilities),
    }
    there = [one for one in opened.values() if one is not None]
    if not there:
        return None
    for other in there[1:]:
        if other.shape != there[0].shape:
            raise ValueError(
                f"{other.name} has shape {other.shape}, but {there[0].name} has {there[0].shape}; "
                "all volumes of a report must be of one shape"
            )
    _check_probabilities(opened["probabilities"])
    maps = [opened[name] for name in ("segmentation", "truth") if opened[name] is not None]
    return Inputs(**opened, spacing=_spacing(there, spacing), names=_names(maps, names))


def _check_probabilities(volume):
    """Refuse what is no probability."""
    if volume is not None and volume.dtype.kind != "f" and volume.dtype != np.uint8:
        raise ValueError(
            f"{volume.name}: {volume.dtype} voxels are no probabilities; give floats from 0 to 1, "
            "or uint8 grey levels as tomoseg-tf segment --grey-levels writes them"
        )


def _spacing(volumes, spacing):
    """Spacing given, or that of the files, which must agree."""
    if spacing is not None:
        return check_spacing(spacing)
    known = [one for one in volumes if one.spacing is not None]
    for other in known[1:]:
        if not np.allclose(known[0].spacing, other.spacing, rtol=1e-3, atol=0):
            raise ValueError(
                f"{other.name}: spacing {other.spacing}, but {known[0].name} has "
                f"{known[0].spacing}; pass the right one with --spacing"
            )
    return known[0].spacing if known else None


def _names(maps, names):
    """Names of the classes; those that occur are found in a pass unless they are named."""
    if names is not None:
        return tuple(names)
    highest = 1
    for one in maps:
        for _, slab in one.slabs():
            highest = max(highest, int(np.where(slab == IGNORE, 0, slab).max(initial=0)))
        if highest >= LIKELY:
            raise ValueError(
                f"{one.name}: its value {highest} looks like the label of an object, not a class; "
                "give the segmentation in classes"
            )
    return class_names(highest + 1)
