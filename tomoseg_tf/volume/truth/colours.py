"""Colours as numbers, and the class of each by a palette."""

import numpy as np

SPREAD = 16  # between red, green and blue of a pixel that is as good as grey
UNMAPPED = -1


def pack(image):
    """Pack the channels of a colour image into one number per pixel.

    Parameters
    ----------
    image : (..., 3) or (..., 4) ndarray of uint8
        RGB or RGBA; alpha is left out.

    Returns
    -------
    (...) ndarray of uint32
        Colours as ``0xrrggbb``.
    """
    red, green, blue = (image[..., channel].astype(np.uint32) for channel in range(3))
    return red << 16 | green << 8 | blue


def unpack(codes):
    """Unpack colours.

    Parameters
    ----------
    codes : (N,) array_like of int
        Colours as ``0xrrggbb``.

    Returns
    -------
    (N, 3) ndarray of float64
        Red, green and blue, 0 to 255.
    """
    codes = np.asarray(codes, np.int64)
    return np.stack([codes >> 16 & 255, codes >> 8 & 255, codes & 255], axis=-1).astype(np.float64)


def channel_spread(colours):
    """Measure how far colours are from grey.

    Parameters
    ----------
    colours : (N, 3) ndarray of float64
        Red, green and blue.

    Returns
    -------
    (N,) ndarray of float64
        Difference of the largest and the smallest channel, 0 for grey.
    """
    return colours.max(axis=1, initial=0) - colours.min(axis=1, initial=255)


def hue_angles(colours):
    """Hue as the direction in the plane across grey; blending with any grey keeps it.

    Parameters
    ----------
    colours : (N, 3) ndarray of float64
        Red, green and blue.

    Returns
    -------
    (N,) ndarray of float64
        Degrees from 0 (red) over 120 (green) to 360; 0 for grey.
    """
    red, green, blue = colours.T
    return np.degrees(np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue)) % 360


def classify_colours(codes, palette):
    """Class of each colour by a palette.

    Parameters
    ----------
    codes : (N,) ndarray of int
        Colours as ``0xrrggbb``.
    palette : Palette
        Class of each colour.

    Returns
    -------
    (N,) ndarray of int16
        Classes, -1 where a colour has none.
    """
    names = list(palette.colours)
    listed = np.array([int(name[1:], 16) for name in names], np.int64)
    classes = np.array([palette.colours[name] for name in names], np.int16)
    result = np.full(len(codes), UNMAPPED if palette.other is None else palette.other, np.int16)
    colours = unpack(codes)
    spread = channel_spread(colours)
    if palette.match == "nearest":
        distances = np.linalg.norm(colours[:, None] - unpack(listed), axis=2)
        _assign(result, distances, classes, palette.within)
    elif palette.match == "hue":
        turns = np.abs(hue_angles(colours)[:, None] - hue_angles(unpack(listed)))
        distances = np.minimum(turns, 360 - turns)
        distances[spread <= SPREAD] = np.inf
        _assign(result, distances, classes, palette.within)
    if palette.grey is not None:
        result[spread <= (0 if palette.match == "exact" else SPREAD)] = palette.grey
    for code, number in zip(listed, classes, strict=True):
        result[codes == code] = number
    return result


def _assign(result, distances, classes, within):
    """Give each pixel the class of the nearest colour, in place, where that is near enough."""
    nearest = distances.argmin(axis=1)
    distance = distances[np.arange(len(distances)), nearest]
    near = np.isfinite(distance) & (distance <= within)
    result[near] = classes[nearest[near]]
