"""What objects are measured in: a segmentation, its grey levels and its sample."""

from dataclasses import dataclass

import numpy as np

from tomoseg_tf.objects.windows import windows
from tomoseg_tf.volume import as_volume, open_sample, open_truth
from tomoseg_tf.volume.spacing import check_spacing


@dataclass(frozen=True)
class Inputs:
    """What objects are measured in, as `open_inputs` gives it.

    Attributes
    ----------
    segmentation : TruthVolume
        Classes.
    volume : Volume or None
        Grey levels.
    sample : Sample or None
        Which voxels count; None for all.
    spacing : tuple of three float, or None
        Size of a voxel along (z, y, x) in µm.
    """

    segmentation: object
    volume: object
    sample: object
    spacing: tuple | None


def open_inputs(segmentation, *, volume=None, mask=None, palette="auto", spacing=None):
    """Open a segmentation, its grey levels and its sample, and check that they belong together.

    Parameters
    ----------
    segmentation, volume, mask, palette, spacing
        As for `measure_objects`.

    Returns
    -------
    Inputs
        All opened.

    Raises
    ------
    ValueError
        If one cannot be read, or they differ in shape or spacing.
    """
    segmentation = open_truth(segmentation, palette)
    _check_classes(segmentation)
    volume = None if volume is None else as_volume(volume)
    if volume is not None and volume.shape != segmentation.shape:
        raise ValueError(
            f"{volume.name}: the volume has shape {volume.shape}, but its segmentation "
            f"{segmentation.name} has {segmentation.shape}; both must be of one shape"
        )
    if mask is None:
        mask = "none" if volume is None else "auto"
    if isinstance(mask, str) and mask == "auto" and volume is None:
        raise ValueError(
            "mask auto: the reconstruction circle is found in the volume; give the volume, too, "
            "or a mask"
        )
    sample = open_sample(volume or segmentation, mask)
    return Inputs(segmentation, volume, sample, _spacing(segmentation, volume, spacing))


def read_windows(given, depth):
    """Read the inputs slab by slab.

    Parameters
    ----------
    given : Inputs
        What to read.
    depth : int or None
        Slices per slab.

    Returns
    -------
    iterator of Window
        As `windows` yields them.
    """
    return windows(given.segmentation, volume=given.volume, sample=given.sample, depth=depth)


def grey_pivot(volume):
    """Choose a grey level near those of a volume, so that squares of large floats lose no digits.

    Parameters
    ----------
    volume : Volume
        Grey levels.

    Returns
    -------
    float
        0 for whole numbers.
    """
    if volume.dtype.kind != "f":
        return 0.0
    image = volume.read(0, 1)[0]
    middle = float(image[image.shape[0] // 2, image.shape[1] // 2])
    return middle if np.isfinite(middle) else 0.0


def _check_classes(segmentation):
    """Refuse at once what looks like probabilities or labels in the middle slice."""
    middle = segmentation.shape[0] // 2
    try:
        segmentation.read(middle, middle + 1)
    except ValueError as error:
        if "without a class" not in str(error):
            raise
        raise ValueError(
            f"{error}. Objects are found in classes: not in probabilities, which need a threshold "
            "first, nor in labels of objects"
        ) from error


def _spacing(segmentation, volume, spacing):
    """Spacing given, or that of the files, which must agree."""
    if spacing is not None:
        return check_spacing(spacing)
    one, other = segmentation.spacing, volume and volume.spacing
    if one and other and not np.allclose(one, other, rtol=1e-3, atol=0):
        raise ValueError(
            f"{segmentation.name}: spacing {one}, but {volume.name} has {other}; pass the right "
            "one with --spacing"
        )
    return one or other
