"""Augmentation in the graph: image and truth change together, ignored voxels stay ignored."""

from dataclasses import dataclass
from numbers import Real

from tomoseg_tf.records.schema import tf

_PLANES = {"z": (1, 2), "y": (0, 2), "x": (0, 1)}


@dataclass(frozen=True)
class Augmentation:
    """Random changes of each crop, in the order of the fields below.

    Parameters
    ----------
    upscale : tuple of two float, optional
        Smallest and largest factor, 1 or more, by which a crop is enlarged about its middle:
        linear interpolation for the image, the nearest voxel for the truth.
    quarter_turns : tuple of str, optional
        Axes ("z", "y", "x") about which a crop is turned by 0, 90, 180 or 270 degrees. An axis
        whose plane has unequal sides in the crop is left out.
    flips : bool, optional
        Whether a crop is flipped along each axis with probability 1/2.
    contrast : tuple of two float, optional
        Smallest and largest factor by which grey values are spread about their mean.
    brightness : float, optional
        Largest amount added to or taken from the normalised grey values.
    noise : float, optional
        Largest standard deviation of Gaussian noise added to the normalised grey values.

    Raises
    ------
    ValueError
        If a value is not possible.
    """

    upscale: tuple[float, float] = (1.0, 1.0)
    quarter_turns: tuple[str, ...] = ("z",)
    flips: bool = True
    contrast: tuple[float, float] = (1.0, 1.0)
    brightness: float = 0.0
    noise: float = 0.0

    def __post_init__(self):
        for name, least in (("upscale", 1.0), ("contrast", 0.0)):
            _check_range(name, getattr(self, name), least)
        for name in ("brightness", "noise"):
            value = getattr(self, name)
            if not _is_number(value) or not 0 <= value < float("inf"):
                raise ValueError(f"augmentation {name} {value!r} must be a number of 0 or more")
        turns = self.quarter_turns
        if not isinstance(turns, tuple | list) or any(axis not in _PLANES for axis in turns):
            raise ValueError(
                f"augmentation quarter_turns {turns!r} must be a list of axes out of z, y, x"
            )
        if not isinstance(self.flips, bool):
            raise ValueError(f"augmentation flips {self.flips!r} must be true or false")


def augment(image, truth, augmentation, seed):
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

    Returns
    -------
    (Z, Y, X) tensor of float32, (Z, Y, X) tensor of uint8
        Changed image and truth.
    """
    scale, turns, flips, grey = tf.unstack(tf.random.split(seed, 4))
    if tuple(augmentation.upscale) != (1.0, 1.0):
        low, high = augmentation.upscale
        image, truth = enlarge(image, truth, _uniform(scale, low, high))
    for axis, key in zip(augmentation.quarter_turns, _seeds(turns, 3), strict=False):
        image, truth = _turn(image, truth, axis, key)
    if augmentation.flips:
        image, truth = _flip(image, truth, flips)
    return change_grey(image, augmentation, grey), truth


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


def change_grey(image, augmentation, seed):
    """Change contrast and brightness of a crop and add noise.

    Parameters
    ----------
    image : (Z, Y, X) tensor of float32
        Normalised grey values.
    augmentation : Augmentation
        How much at most.
    seed : (2,) tensor of int64
        Seed.

    Returns
    -------
    (Z, Y, X) tensor of float32
        Changed grey values.
    """
    spread, add, amount, where = _seeds(seed, 4)
    if tuple(augmentation.contrast) != (1.0, 1.0):
        mean = tf.reduce_mean(image)
        image = mean + (image - mean) * _uniform(spread, *augmentation.contrast)
    if augmentation.brightness:
        image += _uniform(add, -augmentation.brightness, augmentation.brightness)
    if augmentation.noise:
        std = _uniform(amount, 0.0, augmentation.noise)
        image += std * tf.random.stateless_normal(image.shape, where)
    return image


def _turn(image, truth, axis, seed):
    """Turn image and truth by a random number of quarter turns about an axis."""
    first, second = _PLANES[axis]
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


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)


def _check_range(name, value, least):
    """Check a smallest and a largest factor."""
    pair = isinstance(value, tuple | list) and len(value) == 2 and all(map(_is_number, value))
    if not pair or not least <= value[0] <= value[1] < float("inf"):
        raise ValueError(
            f"augmentation {name} {value!r} must be two factors, the smallest and the largest, "
            f"of {least:g} or more"
        )
