"""Faults of a scan, added to a crop in the graph: blur, cupping, rings and streaks.

They lie in the slices of the scan, about its axis of rotation, so that they come before the crop
is turned. The strength of each is drawn for every crop.
"""

import math

from tomoseg_tf.records.schema import tf

STREAKS = 4  # in a crop
STREAK_WIDTH = 1.5  # voxels from the middle to where the sign changes


def add_faults(image, augmentation, seed, axis=None):
    """Add the faults that are asked for, each with a random strength.

    Parameters
    ----------
    image : (Z, Y, X) tensor of float32
        Normalised grey values; the shape is known.
    augmentation : Augmentation
        How much at most.
    seed : (2,) tensor of int64
        Seed.
    axis : (3,) tensor of float32, optional
        As for `tomoseg_tf.records.augment`.

    Returns
    -------
    (Z, Y, X) tensor of float32
        Changed grey values.
    """
    keys = tf.unstack(tf.random.split(seed, 6))
    if axis is None:
        height, width = image.shape[1:]
        middle = [(height - 1) / 2, (width - 1) / 2]
        axis = tf.constant([*middle, max(math.hypot(*middle), 1.0)], tf.float32)
    if augmentation.blur:
        sigma = _uniform(keys[0], augmentation.blur)
        image = blur(image, sigma, reach=math.ceil(3 * augmentation.blur))
    if augmentation.cupping:
        image += cupping(image.shape, axis, _uniform(keys[1], augmentation.cupping))
    if augmentation.rings:
        image += _uniform(keys[2], augmentation.rings) * rings(image.shape, axis, keys[3])
    if augmentation.streaks:
        image += _uniform(keys[4], augmentation.streaks) * streaks(image.shape, keys[5])
    return image


def blur(image, sigma, *, reach):
    """Blur a crop with a Gaussian; beyond its edges the grey values go on as they are there.

    Parameters
    ----------
    image : (Z, Y, X) tensor of float32
        Grey values.
    sigma : () tensor or float
        Standard deviation in voxels, along all axes; 0 changes nothing.
    reach : int
        Voxels to either side that count.

    Returns
    -------
    (Z, Y, X) tensor of float32
        Blurred grey values.
    """
    shape = image.shape
    distances = tf.range(-reach, reach + 1, dtype=tf.float32)
    weights = tf.exp(-0.5 * tf.square(distances / tf.maximum(tf.cast(sigma, tf.float32), 1e-3)))
    weights = tf.unstack(weights / tf.reduce_sum(weights))
    for axis, side in enumerate(shape):
        if side == 1:
            continue
        rows = tf.clip_by_value(tf.range(-reach, side + reach), 0, side - 1)
        wide = tf.gather(image, rows, axis=axis)
        starts = [[step * (other == axis) for other in range(3)] for step in range(2 * reach + 1)]
        parts = (tf.slice(wide, start, shape) for start in starts)
        image = tf.add_n([weight * part for weight, part in zip(weights, parts, strict=True)])
    return image


def cupping(shape, axis, depth):
    """Shade slices as beam hardening does: dark at the axis of rotation, bright at the rim.

    Parameters
    ----------
    shape : sequence of three int
        Sides (z, y, x) of the crop.
    axis : (3,) tensor of float32
        Place y, x of the axis in the crop, and its distance from the rim, in voxels.
    depth : () tensor or float
        Difference between the rim and the axis.

    Returns
    -------
    (1, Y, X) tensor of float32
        A paraboloid within the rim, constant beyond; its mean over the disc of the scan is 0.
    """
    share = tf.minimum(_radius(shape, axis) / axis[2], 1.0)
    return (depth * (tf.square(share) - 0.5))[None]


def rings(shape, axis, seed):
    """Draw rings about the axis of rotation, as wrong pixels of the detector leave them.

    Each is two to three voxels wide and deep, and as strong at all radii.

    Parameters
    ----------
    shape : sequence of three int
        Sides (z, y, x) of the crop.
    axis : (3,) tensor of float32
        As in `cupping`.
    seed : (2,) tensor of int64
        Seed.

    Returns
    -------
    (Z, Y, X) tensor of float32
        Rings of mean 0 and of unit standard deviation at whole radii.
    """
    depth, height, width = shape
    radius = _radius(shape, axis)
    radius -= tf.floor(tf.reduce_min(radius))
    longest = math.ceil(math.hypot(height, width)) + 2  # from any axis, within the crop
    profile = _smooth(_smooth(tf.random.stateless_normal([depth + 2, longest + 2], seed), 0), 1)
    before = tf.floor(radius)
    index = tf.cast(before, tf.int32)
    profile = tf.transpose(profile)  # so that the slices of a radius are fetched at once
    first = tf.gather(profile, index)
    found = first + (radius - before)[..., None] * (tf.gather(profile, index + 1) - first)
    return tf.transpose(found, (2, 0, 1))


def streaks(shape, seed):
    """Draw straight streaks, bright or dark with flanks of the other sign.

    Their places and directions are random, and the same in all slices; their heights differ from
    slice to slice, less so between neighbours.

    Parameters
    ----------
    shape : sequence of three int
        Sides (z, y, x) of the crop.
    seed : (2,) tensor of int64
        Seed.

    Returns
    -------
    (Z, Y, X) tensor of float32
        Four streaks with heights of unit standard deviation.
    """
    depth, height, width = shape
    where, heights = tf.unstack(tf.random.split(seed, 2))
    drawn = tf.random.stateless_uniform([3, STREAKS], where)[..., None, None]
    y = tf.range(height, dtype=tf.float32)[:, None] - drawn[0] * (height - 1)
    x = tf.range(width, dtype=tf.float32)[None, :] - drawn[1] * (width - 1)
    angle = math.pi * drawn[2]
    square = tf.square((tf.cos(angle) * y + tf.sin(angle) * x) / STREAK_WIDTH)
    profiles = (1 - square) * tf.exp(-0.5 * square)
    heights = _smooth(tf.random.stateless_normal([depth + 2, STREAKS], heights), 0)
    return tf.einsum("zn,nyx->zyx", heights, profiles)


def _radius(shape, axis):
    """Distance of each voxel of a slice from the axis of rotation, in voxels."""
    down = tf.range(shape[1], dtype=tf.float32)[:, None] - axis[0]
    right = tf.range(shape[2], dtype=tf.float32)[None, :] - axis[1]
    return tf.sqrt(tf.square(down) + tf.square(right))


def _smooth(normal, axis):
    """Weigh each number and its two neighbours 1 : 2 : 1, of unit variance again."""
    if axis == 1:
        return tf.transpose(_smooth(tf.transpose(normal), 0))
    return (normal[:-2] + 2 * normal[1:-1] + normal[2:]) / math.sqrt(6)


def _uniform(seed, most):
    """Draw one number from 0 to `most`."""
    return tf.random.stateless_uniform([], seed, maxval=float(most))
