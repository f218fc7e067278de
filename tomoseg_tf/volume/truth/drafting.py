"""A draft of truth by edges, to be mended by hand: blur, Canny's edges, closed outlines filled.

The dendrite study [1]_ began its labels so, before each slice was edited in GIMP. What an outline
holds is an object if the grey falls (or rises) outwards over its edges; outlines that do not close
are left to the hand, and what reaches around all others is background.

References
----------
.. [1] J. James, N. Pruyne, T. Stan, M. Schwarting, J. Yeom, S. Hong, P. Voorhees, B. Blaiszik,
   I. Foster, "3D Convolutional Neural Networks for Dendrite Segmentation Using Fine-Tuning and
   Hyperparameter Optimization", arXiv:2205.02334, 2022, section 3.2.
.. [2] J. Canny, "A computational approach to edge detection", IEEE Trans. Pattern Anal. Mach.
   Intell. 8(6), 679-698, 1986. doi:10.1109/TPAMI.1986.4767851
"""

import numpy as np

OBJECTS = ("bright", "dark")
RAYLEIGH = np.sqrt(2 * np.log(2))  # median of a gradient's length over its deviation along an axis
REACH = 2  # pixels from an edge at which the grey of its two sides is read


def draft_slice(image, *, edges, objects="bright", close=1, largest=None, inside=None):
    """Draft the objects of a blurred slice.

    Parameters
    ----------
    image : (Y, X) ndarray
        Grey levels.
    edges : (float, float)
        Gradients in grey levels per pixel: an edge has at least the second one somewhere, and the
        first one everywhere.
    objects : {"bright", "dark"}, optional
        Whether objects are brighter or darker than what they lie in.
    close : int, optional
        Pixels over which the ends of edges are joined.
    largest : int, optional
        Pixels of the largest object; any number when not given.
    inside : (Y, X) ndarray of bool, optional
        Where the sample is; everywhere when not given.

    Returns
    -------
    (Y, X) ndarray of bool
        What is object.
    """
    from scipy.ndimage import label  # takes long to import

    image = np.asarray(image, np.float32)
    within = np.ones(image.shape, bool) if inside is None else inside
    along = _gradient(image)
    size = np.hypot(*along)
    found = _canny(image, edges, within)
    regions, count = label(within & ~_joined(found, close))
    y, x = np.nonzero(found & (size > 0))
    down, right = (REACH * direction[y, x] / size[y, x] for direction in along)
    regions = _filled(regions, within)
    upper, lower = _at(regions, y + down, x + right), _at(regions, y - down, x - right)
    wanted = _objects(regions, upper, lower, size[y, x], count, objects)
    if largest is not None:
        wanted &= np.bincount(regions.ravel(), minlength=count + 1) <= largest
    result = wanted[regions]
    # an edge runs through the middle of its pixels: half of them are object
    middle = (_at(image, y + down, x + right) + _at(image, y - down, x - right)) / 2
    result[y, x] = wanted[np.where(image[y, x] >= middle, upper, lower)]
    return result


def noise_gradient(image, inside=None):
    """Estimate the gradient that noise alone has in a blurred slice.

    Parameters
    ----------
    image : (Y, X) ndarray
        Grey levels.
    inside : (Y, X) ndarray of bool, optional
        Where the sample is; everywhere when not given.

    Returns
    -------
    float
        Deviation of the gradient along an axis in grey levels per pixel, from the median of its
        length, which the edges of objects hardly change.
    """
    size = np.hypot(*_gradient(np.asarray(image, np.float32)))
    return float(np.median(size if inside is None else size[inside])) / RAYLEIGH


def _gradient(image):
    """Gradient along y and x in grey levels per pixel."""
    from scipy.ndimage import sobel  # takes long to import

    return [sobel(image, axis=axis, mode="nearest") / 8 for axis in (0, 1)]


def _canny(image, edges, within):
    """Canny's edges of a slice that is blurred already."""
    from skimage.feature import canny  # takes long to import

    low, high = (8 * gradient for gradient in edges)  # its Sobel filter sums weights of 8
    return canny(image, 0, low, high, mask=within, mode="nearest")


def _joined(found, close):
    """Close the gaps between edges."""
    from scipy.ndimage import binary_closing  # takes long to import

    if not close:
        return found
    rows, columns = np.ogrid[-close : close + 1, -close : close + 1]
    margin = close + 1
    wide = binary_closing(np.pad(found, margin), rows**2 + columns**2 <= close**2)
    return wide[margin:-margin, margin:-margin]


def _filled(regions, within):
    """Give the pixels of edges to the nearest region."""
    from scipy.ndimage import distance_transform_edt  # takes long to import

    if not regions.any():
        return regions
    rows, columns = distance_transform_edt(
        regions == 0, return_distances=False, return_indices=True
    )
    return np.where(within, regions[rows, columns], 0)


def _objects(regions, upper, lower, size, count, objects):
    """Which regions are objects: those that are the brighter, or darker, side of their outlines.

    An edge outlines the smaller of its two sides; the other one reaches around it.
    """
    from scipy.ndimage import find_objects  # takes long to import

    extent = np.zeros(count + 1, np.int64)
    for number, box in enumerate(find_objects(regions), 1):
        extent[number] = np.prod([side.stop - side.start for side in box])
    parted = (upper != lower) & (upper > 0) & (lower > 0)
    upper, lower, size = upper[parted], lower[parted], size[parted]
    is_upper = extent[upper] <= extent[lower]
    bright = np.bincount(upper[is_upper], size[is_upper], count + 1)
    dark = np.bincount(lower[~is_upper], size[~is_upper], count + 1)
    return bright > dark if objects == "bright" else dark > bright


def _at(array, y, x):
    """Values at the nearest pixels."""
    height, width = array.shape
    rows = np.clip(np.rint(y).astype(int), 0, height - 1)
    return array[rows, np.clip(np.rint(x).astype(int), 0, width - 1)]
