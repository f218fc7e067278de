"""Which voxels of a scan are the sample, and which lie outside and do not count."""

import numpy as np

from tomoseg_tf.volume.opening import as_volume

MASKS = ("auto", "none")
PIECE = 2**22  # voxels of a mask that are read at a time


class Sample:
    """The voxels that count; each way of knowing them has a subclass.

    Parameters
    ----------
    name : str
        What errors and manifests call it: "auto", or the name of the mask.
    notice : str
        What a user should know about it.
    """

    def __init__(self, name, notice):
        self.name, self.notice = str(name), notice

    def inside(self, start, stop):
        """Say which voxels of a slab are the sample.

        Parameters
        ----------
        start, stop : int
            First slice and the one past the last.

        Returns
        -------
        (stop - start, Y, X) ndarray of bool
            True in the sample; not to be written to.
        """
        raise NotImplementedError


class CircleSample(Sample):
    """The inside of the reconstruction circle, the same in all slices.

    Parameters
    ----------
    outside : (Y, X) ndarray of bool
        As `find_outside` gives it.
    """

    def __init__(self, outside):
        share = 100 * outside.mean()
        super().__init__(
            "auto", f"{share:.3g} % of each slice lies outside the reconstruction circle: left out"
        )
        self._image = ~outside

    def inside(self, start, stop):
        """Say which voxels of a slab are the sample, see `Sample.inside`."""
        return np.broadcast_to(self._image, (stop - start, *self._image.shape))


class MaskSample(Sample):
    """The voxels of a mask that are not 0.

    Parameters
    ----------
    mask : Volume
        Labels of any type; 0 and NaN are outside.
    """

    def __init__(self, mask):
        super().__init__(mask.name, f"what lies outside the mask {mask.name} is left out")
        self._mask = mask

    def inside(self, start, stop):
        """Say which voxels of a slab are the sample, see `Sample.inside`."""
        _, height, width = self._mask.shape
        result = np.empty((stop - start, height, width), bool)
        depth = max(1, PIECE // (height * width))
        for z in range(start, stop, depth):
            labels = self._mask.read(z, min(z + depth, stop))
            result[z - start : z - start + len(labels)] = (labels > 0) | (labels < 0)
        return result


def open_sample(volume, mask):
    """Find out which voxels of a volume are the sample.

    Parameters
    ----------
    volume : Volume
        The scan.
    mask : str, Path, (Z, Y, X) array_like or Volume, or None
        "auto" leaves out the fill outside a reconstruction circle, see `find_outside`; "none" or
        None takes every voxel; else a label volume of the shape of the scan, in any format that
        can be read, whose voxels other than 0 are the sample.

    Returns
    -------
    Sample or None
        None if every voxel is the sample.

    Raises
    ------
    ValueError
        If the mask cannot be read, or has another shape than the scan.
    """
    if mask is None or (isinstance(mask, str) and mask == "none"):
        return None
    if isinstance(mask, str) and mask == "auto":
        return None if volume.outside is None else CircleSample(volume.outside)
    mask = as_volume(mask)
    if mask.shape != volume.shape:
        raise ValueError(
            f"{mask.name}: the mask has shape {mask.shape}, but its volume {volume.name} has "
            f"{volume.shape}; give the volume a mask of its own"
        )
    return MaskSample(mask)


def inside_of(sample, start, stop):
    """Say which voxels of a slab are the sample.

    Parameters
    ----------
    sample : Sample or None
        None for every voxel.
    start, stop : int
        First slice and the one past the last.

    Returns
    -------
    (stop - start, Y, X) ndarray of bool, or None
        None if every voxel is.
    """
    return None if sample is None else sample.inside(start, stop)
