"""Smoothing of classes in 3D: what slice-by-slice labelling left ragged along z.

Each class is closed, which fills gaps such as a slice in which an object was forgotten, then
opened, which removes specks and spikes: dilation and erosion by a ball, as the dendrite study [1]_
did after its slices had been labelled by hand.

References
----------
.. [1] J. James, N. Pruyne, T. Stan, M. Schwarting, J. Yeom, S. Hong, P. Voorhees, B. Blaiszik,
   I. Foster, "3D Convolutional Neural Networks for Dendrite Segmentation Using Fine-Tuning and
   Hyperparameter Optimization", arXiv:2205.02334, 2022, section 3.2.
"""

import numpy as np

from tomoseg_tf.volume.apart import check_apart
from tomoseg_tf.volume.creating import check_output, create_volume, lost_spacing
from tomoseg_tf.volume.truth.opening import open_truth
from tomoseg_tf.volume.truth.palette import IGNORE

AXES = ("zyx", "yx")
LARGEST = 5  # voxels of a radius; more would reshape objects
PIECE = 2**23  # voxels that are smoothed at a time, unless the slices that they touch are more


def smooth_classes(classes, *, closing=1, opening=1, axes="zyx"):
    """Close, then open each class; see the module.

    Parameters
    ----------
    classes : (Z, Y, X) ndarray of uint8
        Classes; 255 is ignore.
    closing, opening : int, optional
        Radii of the ball in voxels, 0 to 5; 0 leaves the step out.
    axes : {"zyx", "yx"}, optional
        A ball, or slice by slice a disc.

    Returns
    -------
    (Z, Y, X) ndarray of uint8
        Smoothed classes. 255 stays, and is taken for more of the class at its side, so that what is
        unknown smooths nothing away; so is what lies beyond the array. A voxel that several classes
        claim keeps its class, else takes the lowest; one that none claims is background.

    Raises
    ------
    ValueError
        If a radius or the axes are not possible.

    Examples
    --------
    >>> column = np.ones((5, 1, 1), np.uint8)
    >>> column[2] = 0
    >>> smooth_classes(column, opening=0).ravel()
    array([1, 1, 1, 1, 1], dtype=uint8)
    """
    check_radii(closing, opening, axes)
    unknown = classes == IGNORE
    result = np.where(unknown, classes, np.uint8(0))
    for number in np.flatnonzero(np.bincount(classes.ravel(), minlength=256)[1:IGNORE]) + 1:
        own = classes == number
        mask = _close(own, unknown, _ball(closing, axes))
        mask = _open(mask, unknown, _ball(opening, axes))
        result[mask & ~unknown & ((result == 0) | own)] = number
    return result


def check_radii(closing, opening, axes):
    """Check the settings of a smoothing; ValueError if they are not possible."""
    for name, radius in (("closing", closing), ("opening", opening)):
        if not 0 <= radius <= LARGEST:
            raise ValueError(f"{name} {radius}: the radius must be 0 to {LARGEST} voxels")
    if closing == opening == 0:
        raise ValueError("closing and opening are 0, which changes nothing; give one a radius")
    if axes not in AXES:
        raise ValueError(f"axes {axes!r} are not known; use zyx (a ball) or yx (slice by slice)")


def smooth_file(
    truth,
    output,
    *,
    palette="auto",
    closing=1,
    opening=1,
    axes="zyx",
    spacing=None,
    overwrite=False,
    progress=None,
):
    """Smooth the classes of a file into another, piece by piece.

    Parameters
    ----------
    truth : what `open_truth` takes
        Classes, or labels that `palette` maps to classes.
    output : str, Path or Location
        Where to write; the format follows the suffix.
    palette : str, dict or Palette, optional
        See `parse_palette`.
    closing, opening, axes
        As of `smooth_classes`.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the file states.
    overwrite : bool, optional
        Whether an existing output may be replaced.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of slices.

    Returns
    -------
    dict
        ``path``, ``shape``, ``spacing``, ``gained`` and ``lost`` (voxels of each class above 0 that
        occurs, by number) and ``notices``.

    Raises
    ------
    ValueError
        If the settings are not possible, the classes cannot be read, or the output exists or
        would spoil the input.
    """
    check_radii(closing, opening, axes)
    check_apart([output], [truth])
    check_output(output, overwrite)
    source = open_truth(truth, palette)
    spacing = source.spacing if spacing is None else tuple(spacing)
    total, height, width = source.shape
    overlap = 2 * (closing + opening) if axes == "zyx" else 0
    depth = max(1, 2 * overlap, PIECE // (height * width) - 2 * overlap)
    before, kept, after = (np.zeros(IGNORE + 1, np.int64) for _ in range(3))
    settings = {"spacing": spacing, "classes": True, "overwrite": overwrite}
    with create_volume(output, source.shape, np.uint8, **settings) as writer:
        for start in range(0, total, depth):
            first, stop = max(0, start - overlap), min(start + depth, total)
            classes = source.read(first, min(stop + overlap, total))
            smooth = smooth_classes(classes, closing=closing, opening=opening, axes=axes)
            wanted = slice(start - first, stop - first)
            old, new = classes[wanted], smooth[wanted]
            writer.write(start, new)
            for counts, values in ((before, old), (kept, old[old == new]), (after, new)):
                counts += np.bincount(values.ravel(), minlength=len(counts))
            if progress:
                progress(stop, total)
    found = [int(number) for number in np.flatnonzero(before + after) if 0 < number < IGNORE]
    return {
        "path": f"{output}",
        "shape": list(source.shape),
        "spacing": None if spacing is None else list(spacing),
        "gained": {number: int(after[number] - kept[number]) for number in found},
        "lost": {number: int(before[number] - kept[number]) for number in found},
        "voxels": {number: int(after[number]) for number in found},
        "notices": [*source.named_notices(), *lost_spacing(output, spacing)],
    }


def _ball(radius, axes):
    """Voxels that are no farther than a radius from the middle one."""
    sides = np.ogrid[tuple(slice(-radius, radius + 1) for _ in range(3))]
    ball = sum(side**2 for side in sides) <= radius**2
    return ball if axes == "zyx" else ball[radius : radius + 1]


def _close(mask, unknown, ball):
    """Dilate, then erode."""
    from scipy.ndimage import binary_dilation, binary_erosion  # takes long to import

    if ball.size == 1:
        return mask
    mask, unknown, within = _widened(mask, unknown, ball)
    return binary_erosion(binary_dilation(mask, ball) | unknown, ball)[within]


def _open(mask, unknown, ball):
    """Erode, then dilate."""
    from scipy.ndimage import binary_dilation, binary_erosion  # takes long to import

    if ball.size == 1:
        return mask
    mask, unknown, within = _widened(mask, unknown, ball)
    return binary_dilation(binary_erosion(mask | unknown, ball), ball)[within]


def _widened(mask, unknown, ball):
    """Repeat what lies at the borders as far as two steps reach, and say where the array is."""
    reach = [side - 1 for side in ball.shape]
    widths = [(margin, margin) for margin in reach]
    within = tuple(slice(m, m + side) for m, side in zip(reach, mask.shape, strict=True))
    return np.pad(mask, widths, mode="edge"), np.pad(unknown, widths, mode="edge"), within
