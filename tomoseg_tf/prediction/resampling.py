"""Segment a scan in voxels of another size, and give the result on the grid of the scan."""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from tomoseg_tf.prediction.ensemble import agree, open_all
from tomoseg_tf.prediction.resampled_run import ResampledRun
from tomoseg_tf.prediction.scans.statistics import AS_STORED, as_statistics
from tomoseg_tf.volume import (
    ResampledMask,
    ResampledVolume,
    as_volume,
    grid_of,
    open_sample,
    parse_filter,
    through_filters,
)

OF_WEIGHTS = "weights"  # in place of a voxel size: that of training


def on_another_grid(segment):
    """Let a function that segments a scan do it in voxels of another size.

    Parameters
    ----------
    segment : callable
        `tomoseg_tf.prediction.segment_file` without the options that this adds.

    Returns
    -------
    callable
        The same with the options ``to_spacing``, a voxel size (z, y, x) in µm, one number, or
        "weights" for that of training, and ``binning``, voxels a side of the blocks whose means
        the network sees.
    """

    @functools.wraps(segment)
    def segment_on_grid(
        volume, segmentation, *, weights, to_spacing=None, binning=None, **settings
    ):
        if to_spacing is not None or binning is not None:
            given, fitted = settings.pop("filters", ()), open_all(weights)
            volume = through_filters(as_volume(volume), given)
            passes = settings.get("passes", "z")
            seen = seen_as(fitted, to_spacing=to_spacing, binning=binning, passes=passes)
            filters = agree(fitted).filters if settings.get("apply_filters", True) else ()
            stored, before = settings.get("statistics"), map(str, map(parse_filter, given))
            settings["statistics"] = as_statistics(stored, [*before, *filters], seen.voxels)
            grid = seen.grid(volume)
            if not all(axis.is_same for axis in grid):
                return ResampledRun(volume, segmentation, weights, grid, settings).segment(segment)
        result = segment(volume, segmentation, weights=weights, **settings)
        return {**result, "resampled": None}

    return segment_on_grid


@dataclass(frozen=True)
class Seen:
    """In which voxels networks see scans.

    Attributes
    ----------
    fitted : list of Weights
        The weights.
    to_spacing, binning, passes
        As for `choose_grid`.
    """

    fitted: list
    to_spacing: Any = None
    binning: int | None = None
    passes: str = "z"

    def grid(self, volume):
        """Grid on which a scan is seen, see `choose_grid`."""
        return choose_grid(volume, self.fitted, self.to_spacing, self.binning, passes=self.passes)

    def of(self, volume, mask):
        """Give a scan and its mask as they are seen, see `tomoseg_tf.volume.open_sample`."""
        grid = self.grid(volume)
        if all(axis.is_same for axis in grid):
            return volume, mask
        seen = ResampledVolume(volume, grid)
        if mask not in ("auto", "none"):
            mask = ResampledMask(open_sample(volume, mask), grid)
        return seen, mask

    @property
    def voxels(self):
        """Say in a few words which voxels these are."""
        if self.to_spacing is None:
            return AS_STORED if self.binning in (None, 1) else f"binned by {self.binning}"
        sides = self.to_spacing
        if isinstance(sides, str):
            sides = _training_spacing(self.fitted)
        sides = np.broadcast_to(np.asarray(sides, float), 3)
        return f"of {' x '.join(format(side, 'g') for side in sides)} µm"


def seen_as(fitted, *, to_spacing=None, binning=None, passes="z"):
    """Say in which voxels networks see scans; None for those of each scan.

    Parameters
    ----------
    fitted : list of Weights
        The weights.
    to_spacing, binning, passes
        As for `choose_grid`.

    Returns
    -------
    Seen or None
    """
    if to_spacing is None and binning is None:
        return None
    return Seen(fitted, to_spacing, binning, passes)


def choose_grid(volume, fitted, to_spacing, binning, *, passes="z"):
    """Choose the grid that a network sees a scan on.

    Parameters
    ----------
    volume : Volume
        The scan.
    fitted : list of Weights
        The weights.
    to_spacing : float, tuple of float or str, optional
        Voxel size in µm: one number, (z, y, x), or "weights" for that of training; networks of
        slices then keep the slices of the scan.
    binning : int, optional
        Voxels a side of the blocks whose means the network sees.
    passes : str, optional
        Axes that networks of slices see slices along.

    Returns
    -------
    list of AxisGrid
        For z, y and x.

    Raises
    ------
    ValueError
        If a size is not known, or makes no sense.
    """
    if isinstance(to_spacing, str):
        if to_spacing != OF_WEIGHTS:
            raise ValueError(f"voxel size {to_spacing!r}: must be numbers in µm, or {OF_WEIGHTS}")
        to_spacing = _training_spacing(fitted)
        slices = all(len(each.config.arguments["input_shape"]) == 3 for each in fitted)
        if slices and passes == "z" and volume.spacing is not None:
            to_spacing = (volume.spacing[0], *to_spacing[1:])
    if to_spacing is not None:
        to_spacing = np.broadcast_to(np.asarray(to_spacing, float), 3)
    try:
        return grid_of(volume.shape, volume.spacing, to_spacing=to_spacing, block=binning)
    except ValueError as error:
        raise ValueError(f"{volume.name}: {error}") from None


def _training_spacing(fitted):
    """Voxel size of training, of which there must be one."""
    sizes = {each.config.spacing for each in fitted}
    if len(sizes) > 1:
        raise ValueError("the weights were fitted on voxels of different sizes; name one in µm")
    if None in sizes:
        raise ValueError(
            f"{fitted[0].name}: the voxel size of training is not known; name one in µm"
        )
    return sizes.pop()
