"""The fill outside the reconstruction circle of a scan, found in one streamed pass."""

import numpy as np

TOLERANCE = 1.5  # pixels by which the border may leave the circle
LEAST = 0.01  # share of a slice below which nothing is left out
CORNERS = (np.array([0, 0, -1, -1]), np.array([0, -1, 0, -1]))


def find_outside(volume):
    """Find the pixels outside the reconstruction circle: constant fill, or NaN.

    Left out are the pixels that have, in every slice, the value of all four corners of that slice:
    either NaN, or one constant that is the same in all slices. They must be joined to a corner.
    A fill that is not NaN must also have the form that a circle leaves: its border with the rest
    fits a circle to 1.5 pixels, and it covers at least 1 % of a slice. Dark or saturated matter
    that touches the border of a scan is therefore not cut; where it adjoins the fill and has the
    same value, nothing is left out at all. NaN may have any form.

    Parameters
    ----------
    volume : Volume
        The scan; it is read once, or only as far as it is known that there is no fill.

    Returns
    -------
    (Y, X) ndarray of bool, or None
        True outside; None if there is nothing outside, or nothing else.

    Raises
    ------
    ValueError
        If the volume cannot be read.
    """
    filled, constant = np.ones(volume.shape[1:], bool), None
    for _, slab in volume.slabs(_depth(volume)):
        for image in slab:
            corners = image[CORNERS]
            if volume.dtype.kind == "f" and np.isnan(corners).all():
                filled &= np.isnan(image)
            else:
                constant = corners[0] if constant is None else constant
                filled &= image == constant
            if not filled[CORNERS].all():
                return None
    outside = _joined_to_corners(filled)
    if outside.all() or (constant is not None and not _is_left_by_a_circle(outside)):
        return None
    return outside


def _depth(volume):
    """Slices to read at first sight: few, for most scans without a fill show it in the first."""
    return max(1, 2**22 // (volume.shape[1] * volume.shape[2]))


def _joined_to_corners(filled):
    """Keep the pixels that are joined to a corner, side by side."""
    from scipy.ndimage import label  # takes long to import

    regions, _ = label(filled)
    return np.isin(regions, regions[CORNERS])


def _is_left_by_a_circle(outside):
    """Whether the rest is a disc, which the image may cut."""
    if outside.mean() < LEAST:
        return False
    inside = np.pad(~outside, 1)
    near = inside[:-2, 1:-1] | inside[2:, 1:-1] | inside[1:-1, :-2] | inside[1:-1, 2:]
    y, x = np.nonzero(outside & near)
    centre_y, centre_x, radius = _fit_circle(y, x)
    rows, columns = np.ogrid[: outside.shape[0], : outside.shape[1]]
    distance = np.hypot(rows - centre_y, columns - centre_x)
    wrong = outside & (distance < radius - TOLERANCE) | ~outside & (distance > radius + TOLERANCE)
    return not wrong.any()


def _fit_circle(y, x):
    """Centre and radius of the circle through points, by linear least squares."""
    unknown = np.column_stack([2.0 * y, 2.0 * x, np.ones(len(y))])
    squares = y.astype(float) ** 2 + x.astype(float) ** 2
    (centre_y, centre_x, rest), *_ = np.linalg.lstsq(unknown, squares, rcond=None)
    return centre_y, centre_x, np.sqrt(max(rest + centre_y**2 + centre_x**2, 0.0))
