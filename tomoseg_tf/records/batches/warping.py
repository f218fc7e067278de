"""An affine map of a crop in the graph, interpolated once whatever it is made of."""

import math

from tomoseg_tf.records.batches.settings import PLANES
from tomoseg_tf.records.schema import tf
from tomoseg_tf.volume import IGNORE


def inverse_map(*, enlargement=1.0, shears=None, zoom=1.0, rotations=None, spacing=(1, 1, 1)):
    """Combine changes of a crop about its middle into where each voxel comes from.

    A crop is enlarged, sheared, zoomed in its plane and rotated, in this order; shears and
    rotations about z come before those about y and these before x.

    Parameters
    ----------
    enlargement : () tensor or float, optional
        Factor along all axes.
    shears : dict from str to () tensor or float, optional
        Degrees for some of the axes "z", "y", "x": in the plane of the axis, the second direction
        is slid by the tangent of the angle times the place along the first.
    zoom : () tensor or float, optional
        Factor along y and x.
    rotations : dict from str to () tensor or float, optional
        Degrees for some of the axes; 90 about z gives what ``numpy.rot90(crop, axes=(1, 2))`` does,
        about y what it does with ``(0, 2)``, about x with ``(0, 1)``.
    spacing : tuple of three float, optional
        Size of a voxel along z, y and x, in any unit: angles are those in the sample.

    Returns
    -------
    (3, 3) tensor of float64
        Matrix from a place relative to the middle of the new crop to that in the old one.
    """
    matrix = tf.eye(3, dtype=tf.float64) / tf.cast(enlargement, tf.float64)
    for axis, angle in _in_order(shears):
        first, second = PLANES[axis]
        matrix @= _with_entries({(second, first): -tf.tan(_radians(angle))})
    matrix @= tf.linalg.diag(tf.stack([1.0, *[1 / tf.cast(zoom, tf.float64)] * 2]))
    for axis, angle in _in_order(rotations):
        first, second = PLANES[axis]
        cosine, sine = tf.cos(_radians(angle)), tf.sin(_radians(angle))
        entries = {(first, first): cosine, (second, second): cosine}
        matrix @= _with_entries({**entries, (first, second): sine, (second, first): -sine})
    sizes = tf.constant(spacing, tf.float64)
    return matrix * (sizes[None, :] / sizes[:, None])


def warp(image, truth, matrix, *, shift=(0.0, 0.0)):
    """Map a crop about its middle, then shift it.

    Parameters
    ----------
    image : (Z, Y, X) tensor of float32
        Grey values, interpolated trilinearly; the shape is known.
    truth : (Z, Y, X) tensor of uint8
        Classes, taken from the nearest voxel.
    matrix : (3, 3) tensor
        As `inverse_map` gives it.
    shift : (2,) tensor or tuple of float, optional
        Voxels by which the crop is shifted along y and x.

    Returns
    -------
    (Z, Y, X) tensor of float32, (Z, Y, X) tensor of uint8
        The crop in its old frame. What comes from outside of it has the grey value of the nearest
        voxel at the edge, and 255 = ignore in the truth.
    """
    shape = tuple(image.shape)
    places = _origins(shape, tf.cast(matrix, tf.float32), shift)
    return _linear(image, places), _nearest(truth, places)


def _origins(shape, matrix, shift):
    """Place (z, y, x) in the old crop that each voxel of the new one shows."""
    middles = [(side - 1) / 2 for side in shape]
    moved = [0.0, *tf.unstack(tf.cast(shift, tf.float32), num=2)]
    z, y, x = (
        tf.range(side, dtype=tf.float32) - middle - amount
        for side, middle, amount in zip(shape, middles, moved, strict=True)
    )
    z, y = z[:, None, None], y[None, :, None]
    return [
        middle + matrix[row, 0] * z + (matrix[row, 1] * y + matrix[row, 2] * x)
        for row, middle in enumerate(middles)
    ]


def _linear(image, places):
    """Interpolate linearly; pairs along x are fetched at once, which saves half of the time."""
    _, height, width = image.shape
    (z, deep), (y, down), (x, right) = (
        _before(place, side) for place, side in zip(places, image.shape, strict=True)
    )
    image = tf.concat([image, image[-1:]], axis=0)
    image = tf.concat([image, image[:, -1:]], axis=1)
    following = tf.concat([image[..., 1:], image[..., -1:]], axis=2)
    pairs = tf.reshape(tf.bitcast(tf.stack([image, following], axis=-1), tf.int64), [-1])
    first = (z * (height + 1) + y) * width + x

    def along_x(offset):
        pair = tf.bitcast(tf.gather(pairs, first + offset), tf.float32)
        return pair[..., 0] + right * (pair[..., 1] - pair[..., 0])

    def along_y(offset):
        upper = along_x(offset)
        return upper + down * (along_x(offset + width) - upper)

    front = along_y(0)
    return front + deep * (along_y((height + 1) * width) - front)


def _nearest(truth, places):
    """Take the nearest voxel; ignore what lies outside."""
    indices = [tf.cast(tf.floor(place + 0.5), tf.int32) for place in places]
    flat, seen = 0, True
    for index, side in zip(indices, truth.shape, strict=True):
        flat = flat * side + index
        seen &= (index >= 0) & (index < side)
    classes = tf.gather(tf.reshape(truth, [-1]), tf.where(seen, flat, 0))
    return tf.where(seen, classes, tf.constant(IGNORE, tf.uint8))


def _before(places, side):
    """Voxel before each place along one axis, and how far it is to the next."""
    places = tf.clip_by_value(places, 0.0, float(side - 1))
    before = tf.floor(places)
    return tf.cast(before, tf.int32), places - before


def _with_entries(entries):
    """Make a unit matrix with other entries in some places."""

    def entry(*place):
        return entries.get(place, tf.constant(float(place[0] == place[1]), tf.float64))

    return tf.stack([tf.stack([entry(row, column) for column in range(3)]) for row in range(3)])


def _in_order(angles):
    return [(axis, angles[axis]) for axis in PLANES if axis in (angles or {})]


def _radians(angle):
    return tf.cast(angle, tf.float64) * (math.pi / 180)
