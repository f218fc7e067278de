"""Augmentation in the graph: image and truth change together, ignored voxels stay ignored."""

from tomoseg_tf.records.batches.artefacts import add_faults
from tomoseg_tf.records.batches.geometry import enlarge, move
from tomoseg_tf.records.batches.grey import change_grey
from tomoseg_tf.records.batches.settings import PLANES, Augmentation
from tomoseg_tf.records.batches.warping import inverse_map, warp
from tomoseg_tf.records.schema import tf

__all__ = ["Augmentation", "augment"]

# folded into the seed, so that the other changes keep their random numbers
MOVES, SHEARS, TILTS, FAULTS = 0x6D6F7665, 0x73686561, 0x74696C74, 0x6661756C


def augment(image, truth, augmentation, seed, *, axis=None, spacing=None):
    """Change one crop at random.

    Parameters
    ----------
    image : (Z, Y, X) tensor of float32
        Normalised grey values; the shape is known.
    truth : (Z, Y, X) tensor of uint8
        Class of each voxel, 255 = ignore.
    augmentation : Augmentation
        What to change.
    seed : (2,) tensor of int64
        Seed; equal seeds give equal changes.
    axis : (3,) tensor of float32, optional
        Where the axis of rotation of the scan goes through the slices: y and x in voxels of the
        crop, and the distance in voxels from there to the rim of the scan. The middle of the crop
        and half of its diagonal, if not given.
    spacing : tuple of three float, optional
        Size of a voxel along z, y and x, for shear and rotation about y and x; equal sides if not
        given.

    Returns
    -------
    (Z, Y, X) tensor of float32, (Z, Y, X) tensor of uint8
        Changed image and truth.
    """
    scale, turns, flips, grey = tf.unstack(tf.random.split(seed, 4))
    image = add_faults(image, augmentation, tf.random.fold_in(seed, FAULTS), axis)
    image, truth = _map(image, truth, augmentation, seed, scale, spacing or (1.0, 1.0, 1.0))
    for about, key in zip(augmentation.quarter_turns, _seeds(turns, 3), strict=False):
        image, truth = _turn(image, truth, about, key)
    if augmentation.flips:
        image, truth = _flip(image, truth, flips)
    return change_grey(image, augmentation, grey), truth


def _map(image, truth, augmentation, seed, scale, spacing):
    """Enlarge, shift, shear, zoom and rotate a crop by random amounts, with one interpolation."""
    enlargement = _uniform(scale, *augmentation.upscale)
    if not augmentation.moves:
        return enlarge(image, truth, enlargement) if augmentation.enlarges else (image, truth)
    sides = [side * size for side, size in zip(image.shape, spacing, strict=True)]
    axes = augmentation.axes_of(sides)
    where, size, angle = _seeds(tf.random.fold_in(seed, MOVES), 3)
    share = tf.random.stateless_uniform(
        [2], where, minval=-augmentation.shift, maxval=augmentation.shift
    )
    shift = share * tf.constant(image.shape[1:].as_list(), tf.float32)
    zoom = _uniform(size, *augmentation.zoom)
    rotations, shears = _angles(augmentation, axes, seed, angle)
    if set(axes) <= {"z"} and not augmentation.enlarges:
        turned, sheared = rotations.get("z", 0.0), shears.get("z")
        return move(image, truth, shift=shift, zoom=zoom, rotation=turned, shear=sheared)
    matrix = inverse_map(
        enlargement=enlargement, shears=shears, zoom=zoom, rotations=rotations, spacing=spacing
    )
    return warp(image, truth, matrix, shift=shift)


def _angles(augmentation, axes, seed, about_z):
    """Draw the angles of rotation and shear about each axis; none where nothing is asked for."""
    keys = dict(zip("yx", _seeds(tf.random.fold_in(seed, TILTS), 2), strict=True), z=about_z)
    slides = dict(zip("zyx", _seeds(tf.random.fold_in(seed, SHEARS), 3), strict=True))
    most, steepest = augmentation.rotation, augmentation.shear
    rotations = {axis: _uniform(keys[axis], -most, most) for axis in axes if most}
    shears = {axis: _uniform(slides[axis], -steepest, steepest) for axis in axes if steepest}
    return rotations, shears


def _turn(image, truth, axis, seed):
    """Turn image and truth by a random number of quarter turns about an axis."""
    first, second = PLANES[axis]
    if image.shape[first] != image.shape[second]:
        return image, truth
    order = list(range(3))
    order[first], order[second] = second, first

    def quarter(array):
        return tf.reverse(tf.transpose(array, order), [first])

    def half(array):
        return tf.reverse(array, [first, second])

    def three_quarters(array):
        return tf.reverse(tf.transpose(array, order), [second])

    turns = tf.random.stateless_uniform([], seed, maxval=4, dtype=tf.int32)
    ways = (tf.identity, quarter, half, three_quarters)
    return tf.switch_case(
        turns, [lambda way=way: (way(image), way(truth)) for way in ways], name="turn"
    )


def _flip(image, truth, seed):
    """Flip image and truth along each axis with probability 1/2."""
    heads = tf.random.stateless_uniform([3], seed) < 0.5
    for axis in range(3):
        image, truth = tf.cond(
            heads[axis],
            lambda image=image, truth=truth, axis=axis: (
                tf.reverse(image, [axis]),
                tf.reverse(truth, [axis]),
            ),
            lambda image=image, truth=truth: (image, truth),
        )
    return image, truth


def _seeds(seed, number):
    """Derive several seeds from one."""
    return tf.unstack(tf.random.split(seed, number))


def _uniform(seed, low, high):
    """Draw one number from `low` to `high`."""
    return tf.random.stateless_uniform([], seed, minval=low, maxval=high)
