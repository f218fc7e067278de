"""What augmentation changes, and by how much at most."""

from dataclasses import dataclass
from numbers import Real

SMALLEST_ZOOM = 0.1
ENDLESS = float("inf")
LARGEST = {
    "blur": 8.0,
    "cupping": ENDLESS,
    "rings": ENDLESS,
    "streaks": ENDLESS,
    "shift": 0.9,
    "shear": 60.0,
    "rotation": 180.0,
    "brightness": ENDLESS,
    "poisson": 0.5,
    "noise": ENDLESS,
}
PLANES = {"z": (1, 2), "y": (0, 2), "x": (0, 1)}  # of a turn about each axis
SHALLOW = 4  # a crop of fewer slices than this part of its other sides is not tilted


@dataclass(frozen=True)
class Augmentation:
    """Random changes of each crop, in the order of the fields below.

    Each crop that is drawn is changed once: the 5 to 6 copies per image of [1]_ are
    ``crops_per_patch`` of `training_batches`; reflections, rotations to 45 and shears to 30 degrees
    are those of [2]_. Enlargement, shift, zoom, shear and rotation are one affine map, so that the
    image is interpolated once, linearly, and the truth taken from the nearest voxel.
    What they bring in from outside the frame has the grey value of the nearest voxel at the edge
    and is ignored. Blur, cupping, rings and streaks are faults of the scan and turn with it;
    their strength, as that of noise, is drawn for each crop from nothing to the given one.

    Parameters
    ----------
    blur : float, optional
        Largest standard deviation in voxels of a Gaussian blur, up to 8.
    cupping : float, optional
        Largest depth, in normalised grey values, by which the axis of rotation is darker than the
        rim of the scan, as beam hardening leaves it.
    rings : float, optional
        Largest standard deviation of rings about the axis of rotation, in normalised grey values.
    streaks : float, optional
        Largest standard deviation of the heights of straight streaks in the slices, in
        normalised grey values.
    upscale : tuple of two float, optional
        Smallest and largest factor, 1 or more, by which a crop is enlarged about its middle.
    shift : float, optional
        Largest shift along y and along x, as a share of the side, up to 0.9.
    shear : float, optional
        Largest angle in degrees of a shear in the plane of each of the `axes`, up to 60.
    zoom : tuple of two float, optional
        Smallest and largest factor by which a crop is zoomed in its plane; below 1 it shrinks.
    rotation : float, optional
        Largest rotation about each of the `axes` in degrees, to either side, up to 180.
    axes : tuple of str, optional
        Axes ("z", "y", "x") of shear and rotation, each with angles of its own; together rotations
        about all three reach any axis. In a shallow crop, less than a quarter as deep as it is
        high and wide, those other than z are left out.
    quarter_turns : tuple of str, optional
        Axes ("z", "y", "x") about which a crop is turned by 0, 90, 180 or 270 degrees. An axis
        whose plane has unequal sides in the crop is left out.
    flips : bool, optional
        Whether a crop is flipped along each axis with probability 1/2.
    contrast : tuple of two float, optional
        Smallest and largest factor by which grey values are spread about their mean.
    brightness : float, optional
        Largest amount added to or taken from the normalised grey values.
    poisson : float, optional
        Largest relative noise of counted photons at the mean grey value, up to 0.5; the darkest
        voxel of the crop counts none.
    noise : float, optional
        Largest standard deviation of Gaussian noise added to the normalised grey values.

    Raises
    ------
    ValueError
        If a value is not possible.

    References
    ----------
    .. [1] D. Barboza, MSc thesis, Arizona State University, 2020, section 4.1.4
    .. [2] J. James et al., "3D Convolutional Neural Networks for Dendrite Segmentation Using
       Fine-Tuning and Hyperparameter Optimization", 2022, section 3.3. arXiv:2205.02334
    """

    blur: float = 0.0
    cupping: float = 0.0
    rings: float = 0.0
    streaks: float = 0.0
    upscale: tuple[float, float] = (1.0, 1.0)
    shift: float = 0.0
    shear: float = 0.0
    zoom: tuple[float, float] = (1.0, 1.0)
    rotation: float = 0.0
    axes: tuple[str, ...] = ("z",)
    quarter_turns: tuple[str, ...] = ("z",)
    flips: bool = True
    contrast: tuple[float, float] = (1.0, 1.0)
    brightness: float = 0.0
    poisson: float = 0.0
    noise: float = 0.0

    def __post_init__(self):
        for name, least in (("upscale", 1.0), ("zoom", SMALLEST_ZOOM), ("contrast", 0.0)):
            _check_range(name, getattr(self, name), least)
        for name, most in LARGEST.items():
            value = getattr(self, name)
            if not _is_number(value) or not 0 <= value <= most or value == ENDLESS:
                limit = "0 or more" if most == ENDLESS else f"0 to {most:g}"
                raise ValueError(f"augmentation {name} {value!r} must be a number of {limit}")
        for name in ("axes", "quarter_turns"):
            value = getattr(self, name)
            if not isinstance(value, tuple | list) or any(axis not in PLANES for axis in value):
                raise ValueError(
                    f"augmentation {name} {value!r} must be a list of axes out of z, y, x"
                )
        if not isinstance(self.flips, bool):
            raise ValueError(f"augmentation flips {self.flips!r} must be true or false")

    @property
    def enlarges(self):
        """Whether `upscale` changes anything."""
        return tuple(self.upscale) != (1.0, 1.0)

    @property
    def moves(self):
        """Whether shift, zoom, shear or rotation change anything."""
        return bool(self.shift or self.shear or self.rotation) or tuple(self.zoom) != (1.0, 1.0)

    @property
    def knows_the_axis(self):
        """Whether a change depends on where the axis of rotation of the scan is."""
        return bool(self.cupping or self.rings)

    @property
    def tilts(self):
        """Whether shear or rotation lead out of the slices, where the voxel size counts."""
        return bool(self.shear or self.rotation) and not set(self.axes) <= {"z"}

    def axes_of(self, sides):
        """Axes of shear and rotation that a crop is deep enough for.

        Parameters
        ----------
        sides : sequence of three float
            Sides (z, y, x) of the crop, in voxels or in µm.

        Returns
        -------
        tuple of str
            Those of `axes`, or of them only z for a shallow crop.
        """
        depth, *plane = sides
        shallow = SHALLOW * depth < min(plane)
        return tuple(axis for axis in self.axes if axis == "z" or not shallow)


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)


def _check_range(name, value, least):
    """Check a smallest and a largest factor."""
    pair = isinstance(value, tuple | list) and len(value) == 2 and all(map(_is_number, value))
    if not pair or not least <= value[0] <= value[1] < ENDLESS:
        raise ValueError(
            f"augmentation {name} {value!r} must be two factors, the smallest and the largest, "
            f"of {least:g} or more"
        )
