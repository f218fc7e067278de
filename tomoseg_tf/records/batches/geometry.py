"""Geometric changes of a crop in the graph: image interpolated, truth from the nearest voxel."""

import math

from tomoseg_tf.records.schema import tf
from tomoseg_tf.volume import IGNORE


def enlarge(image, truth, factor):
    """Enlarge a crop about its middle; what leaves the frame is cut off.

    Parameters
    ----------
    image : (Z, Y, X) tensor of float32
        Grey values, interpolated linearly.
    truth : (Z, Y, X) tensor of uint8
        Classes, taken from the nearest voxel.
    factor : () tensor of float32
        Factor of 1 or more.

    Returns
    -------
    (Z, Y, X) tensor of float32, (Z, Y, X) tensor of uint8
        The middle part, enlarged to the same shape.
    """
    shape = image.shape
    for axis, side in enumerate(shape):
        middle = (side - 1) / 2
        places = middle + (tf.range(side, dtype=tf.float32) - middle) / factor
        low = tf.floor(places)
        part = tf.reshape(places - low, [-1 if i == axis else 1 for i in range(3)])
        lower = tf.cast(low, tf.int32)
        upper = tf.minimum(lower + 1, side - 1)
        below, above = (tf.gather(image, index, axis=axis) for index in (lower, upper))
        image = below + part * (above - below)
        truth = tf.gather(truth, tf.cast(tf.floor(places + 0.5), tf.int32), axis=axis)
    return tf.ensure_shape(image, shape), tf.ensure_shape(truth, shape)


def move(image, truth, *, shift=(0.0, 0.0), zoom=1.0, rotation=0.0, shear=None):
    """Shear a crop in its plane, turn it about the z axis through its middle, zoom and shift it.

    Parameters
    ----------
    image : (Z, Y, X) tensor of float32
        Grey values, interpolated bilinearly; the shape is known.
    truth : (Z, Y, X) tensor of uint8
        Classes, taken from the nearest voxel.
    shift : (2,) tensor or tuple of float, optional
        Voxels by which the crop is shifted along y and x.
    zoom : () tensor or float, optional
        Factor above 0: above 1 enlarges, below 1 shrinks.
    rotation : () tensor or float, optional
        Degrees; 90 gives what ``numpy.rot90(crop, axes=(1, 2))`` does to square slices.
    shear : () tensor or float, optional
        Degrees: each row is slid along x by their tangent times its distance from the middle.

    Returns
    -------
    (Z, Y, X) tensor of float32, (Z, Y, X) tensor of uint8
        The crop in its old frame. What comes from outside of it has the grey value of the nearest
        voxel at the edge, and 255 = ignore in the truth.
    """
    shape = image.shape
    _, height, width = shape
    y, x = _origins((height, width), shift, zoom, rotation, shear)
    (y0, y1, down), (x0, x1, right) = _neighbours(y, height), _neighbours(x, width)
    flat, down, right = _columns(image), down[..., None], right[..., None]

    def grey(row, column):
        return tf.gather(flat, row * width + column)

    first, third = grey(y0, x0), grey(y1, x0)
    upper = first + right * (grey(y0, x1) - first)
    lower = third + right * (grey(y1, x1) - third)
    row, column = (tf.cast(tf.floor(places + 0.5), tf.int32) for places in (y, x))
    seen = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    classes = tf.gather(_columns(truth), tf.where(seen, row * width + column, 0))
    classes = tf.where(seen[..., None], classes, tf.constant(IGNORE, tf.uint8))
    image, truth = (
        tf.transpose(each, (2, 0, 1)) for each in (upper + down * (lower - upper), classes)
    )
    return tf.ensure_shape(image, shape), tf.ensure_shape(truth, shape)


def _columns(array):
    """Put the voxels of each column along z side by side: (Y * X, Z), fetched at once."""
    depth, height, width = array.shape
    return tf.transpose(tf.reshape(array, (depth, height * width)))


def _origins(sides, shift, zoom, rotation, shear):
    """Place (y, x) in the old crop that each pixel of the new one shows, in float64."""
    zoom = tf.cast(zoom, tf.float64)
    angle = tf.cast(rotation, tf.float64) * (math.pi / 180)
    cosine, sine = tf.cos(angle) / zoom, tf.sin(angle) / zoom
    middles = [(side - 1) / 2 for side in sides]
    moved = tf.unstack(tf.cast(shift, tf.float64), num=2)
    down, right = (
        tf.range(side, dtype=tf.float64) - middle - amount
        for side, middle, amount in zip(sides, middles, moved, strict=True)
    )
    down, right = down[:, None], right[None, :]
    y = middles[0] + cosine * down + sine * right
    x = middles[1] - sine * down + cosine * right
    if shear is not None:
        x -= tf.tan(tf.cast(shear, tf.float64) * (math.pi / 180)) * (y - middles[0])
    return y, x


def _neighbours(places, side):
    """Voxels before and after each place along one axis, and how far it is between them."""
    places = tf.clip_by_value(places, 0.0, float(side - 1))
    before = tf.floor(places)
    index = tf.cast(before, tf.int32)
    return index, tf.minimum(index + 1, side - 1), tf.cast(places - before, tf.float32)
