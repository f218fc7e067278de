"""Augmentation in the graph: image and truth change together, ignored voxels stay ignored."""

from dataclasses import dataclass
from numbers import Real

from tomoseg_tf.records.batches.geometry import enlarge, move
from tomoseg_tf.records.schema import tf

MOVES = 0x6D6F7665  # folded into the seed, so that the other changes keep their random numbers
SMALLEST_ZOOM = 0.1
LARGEST = {"shift": 0.9, "rotation": 180.0, "brightness": float("inf"), "noise": float("inf")}
_PLANES = {"z": (1, 2), "y": (0, 2), "x": (0, 1)}


@dataclass(frozen=True)
class Augmentation:
    """Random changes of each crop, in the order of the fields below.

    Each crop that is drawn is changed once: the 5 to 6 copies per image of [1]_ are
    ``crops_per_patch`` of `training_batches`. Shift, zoom and rotation are one affine map in the
    plane, so that the image is interpolated once: bilinearly, the truth from the nearest voxel.
    What they bring in from outside the frame has the grey value of the nearest voxel at the edge
    and is ignored.

    Parameters
    ----------
    upscale : tuple of two float, optional
        Smallest and largest factor, 1 or more, by which a crop is enlarged about its middle:
        linear interpolation for the image, the nearest voxel for the truth.
    shift : float, optional
        Largest shift along y and along x, as a share of the side, up to 0.9.
    zoom : tuple of two float, optional
        Smallest and largest factor by which a crop is zoomed in its plane; below 1 it shrinks.
    rotation : float, optional
        Largest rotation about the z axis in degrees, to either side, up to 180.
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

    References
    ----------
    .. [1] A. Barboza, MSc thesis, Arizona State University, 2020, section 4.1.4
    """

    upscale: tuple[float, float] = (1.0, 1.0)
    shift: float = 0.0
    zoom: tuple[float, float] = (1.0, 1.0)
    rotation: float = 0.0
    quarter_turns: tuple[str, ...] = ("z",)
    flips: bool = True
    contrast: tuple[float, float] = (1.0, 1.0)
    brightness: float = 0.0
    noise: float = 0.0

    def __post_init__(self):
        for name, least in (("upscale", 1.0), ("zoom", SMALLEST_ZOOM), ("contrast", 0.0)):
            _check_range(name, getattr(self, name), least)
        for name, most in LARGEST.items():
            value = getattr(self, name)
            if not _is_number(value) or not 0 <= value <= most or value == float("inf"):
                limit = "0 or more" if most == float("inf") else f"0 to {most:g}"
                raise ValueError(f"augmentation {name} {value!r} must be a number of {limit}")
        turns = self.quarter_turns
        if not isinstance(turns, tuple | list) or any(axis not in _PLANES for axis in turns):
            raise ValueError(
                f"augmentation quarter_turns {turns!r} must be a list of axes out of z, y, x"
            )
        if not isinstance(self.flips, bool):
            raise ValueError(f"augmentation flips {self.flips!r} must be true or false")

    @property
    def moves(self):
        """Whether shift, zoom or rotation change anything."""
        return bool(self.shift or self.rotation or tuple(self.zoom) != (1.0, 1.0))


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
    if augmentation.moves:
        image, truth = _move(image, truth, augmentation, tf.random.fold_in(seed, MOVES))
    for axis, key in zip(augmentation.quarter_turns, _seeds(turns, 3), strict=False):
        image, truth = _turn(image, truth, axis, key)
    if augmentation.flips:
        image, truth = _flip(image, truth, flips)
    return change_grey(image, augmentation, grey), truth


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


def _move(image, truth, augmentation, seed):
    """Shift, zoom and rotate a crop in its plane by random amounts."""
    where, size, angle = _seeds(seed, 3)
    share = tf.random.stateless_uniform(
        [2], where, minval=-augmentation.shift, maxval=augmentation.shift
    )
    return move(
        image,
        truth,
        shift=share * tf.constant(image.shape[1:].as_list(), tf.float32),
        zoom=_uniform(size, *augmentation.zoom),
        rotation=_uniform(angle, -augmentation.rotation, augmentation.rotation),
    )


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
