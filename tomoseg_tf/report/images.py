"""Slices as images for the viewer: grey levels as JPEG, classes as PNG with a palette."""

import base64
import io

import numpy as np
from PIL import Image

QUALITY = 85
_CODES = 256 * 256


def grey_levels(image, low, high):
    """Turn grey levels into whole numbers from 0 to 255.

    Parameters
    ----------
    image : (Y, X) ndarray
        Grey levels; what is not finite becomes 0.
    low, high : float
        Grey levels that become 0 and 255.

    Returns
    -------
    (Y, X) ndarray of uint8
        The same, rounded.
    """
    if image.dtype == np.uint8 and (low, high) == (0, 255):
        return image
    scaled = (image.astype(np.float32) - low) * (255.0 / max(high - low, 1e-30))
    return np.clip(np.nan_to_num(scaled) + 0.5, 0, 255).astype(np.uint8)


def bin_mean(image, size):
    """Mean over squares of an image; those at the lower and right edge may be cut.

    Parameters
    ----------
    image : (Y, X) ndarray of uint8
        Image.
    size : int
        Side of a square.

    Returns
    -------
    (ceil(Y / size), ceil(X / size)) ndarray of uint8
        The means, rounded.
    """
    if size == 1:
        return image
    height, width = image.shape
    pad = ((0, -height % size), (0, -width % size))
    image = np.pad(image, pad, mode="edge")
    rows = image.reshape(image.shape[0] // size, size, image.shape[1] // size, size)
    return ((rows.sum(axis=(1, 3), dtype=np.uint32) + size * size // 2) // size**2).astype(np.uint8)


def pick(image, size):
    """Middle voxel of each square of an image, or the last one of a cut square.

    Parameters
    ----------
    image : (Y, X) ndarray
        Image.
    size : int
        Side of a square.

    Returns
    -------
    (ceil(Y / size), ceil(X / size)) ndarray
        The voxels.
    """
    if size == 1:
        return image
    places = [
        np.minimum(np.arange(0, side, size) + (size - 1) // 2, side - 1) for side in image.shape
    ]
    return image[np.ix_(*places)]


def jpeg(image):
    """Pack grey levels, with a small loss.

    Parameters
    ----------
    image : (Y, X) ndarray of uint8
        Grey levels.

    Returns
    -------
    str
        JPEG file in base64.
    """
    return _packed(Image.fromarray(image), "JPEG", quality=QUALITY)


def class_png(first, second):
    """Pack two class maps into one image, without loss.

    Parameters
    ----------
    first, second : (Y, X) ndarray of uint8
        Classes, which become the red and the green of the colours of a palette; of more than 256
        pairs the image has no palette.

    Returns
    -------
    str
        PNG file in base64.
    """
    codes = first.astype(np.uint16) << 8 | second
    present = np.flatnonzero(np.bincount(codes.ravel(), minlength=_CODES))
    if len(present) > 256:
        channels = np.stack([first, second, np.zeros_like(first)], axis=-1)
        return _packed(Image.fromarray(channels), "PNG", compress_level=6)
    places = np.zeros(_CODES, np.uint8)
    places[present] = np.arange(len(present))
    image = Image.fromarray(places[codes])
    colours = np.stack([present >> 8, present & 255, np.zeros_like(present)], axis=-1)
    image.putpalette(colours.astype(np.uint8).tobytes())
    bits = next(bits for bits in (1, 2, 4, 8) if len(present) <= 2**bits)
    return _packed(image, "PNG", bits=bits, compress_level=6)


def _packed(image, kind, **options):
    """Write an image in base64."""
    content = io.BytesIO()
    image.save(content, kind, **options)
    return base64.b64encode(content.getbuffer()).decode("ascii")
