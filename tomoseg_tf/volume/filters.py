"""Grey filters: what they are, and how they are written down.

============  =================================================  ==================
name          what it does                                       parameters
============  =================================================  ==================
``median``    middle value of a window                           size
``gaussian``  weighted mean of the surroundings                  sigma
``unsharp``   adds `amount` times what a Gaussian takes away     radius, amount
``nonlocal``  mean of voxels whose surroundings look alike [1]_  h, patch, distance
``local``     difference to the mean of a window, in standard    size
              deviations of it
``invert``    dark becomes bright
============  =================================================  ==================

A filter works in three dimensions (``axes=zyx``) or slice by slice (``axes=yx``); its lengths are
in voxels. At the ends of a volume the voxels are mirrored. ``local`` makes whole numbers of its
result: 0 becomes the middle of the type, and 6.4 standard deviations its ends.

References
----------
.. [1] A. Buades, B. Coll, J.-M. Morel, "A non-local algorithm for image denoising", CVPR 2005,
   vol. 2, 60-65. doi:10.1109/CVPR.2005.38
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

import numpy as np

AXES = ("zyx", "yx")
TRUNCATE = 4.0  # standard deviations after which a Gaussian is cut off
LARGEST = 100  # voxels that a filter may reach
RANGE = 6.4  # standard deviations that whole numbers hold to either side
SMALLEST_SHARE = 1e-6  # of the grey level: less in standard deviation is rounding
ROWS_OF_PIXELS = 2**17  # per slice of a band


@dataclass(frozen=True)
class Filter:
    """A filter and all of its parameters; its text form is what `str` gives.

    Parameters
    ----------
    name : str
        "median", "gaussian", "unsharp", "nonlocal", "local" or "invert".
    parameters : dict, optional
        Numbers by name, and "axes", "zyx" or "yx". Those not given get their defaults: size 3, but
        33 for "local"; sigma 1; radius 1, amount 1; patch 5, distance 6; axes "zyx", but "yx" for
        "nonlocal". `h`, the difference in grey that "nonlocal" evens out, has none.

    Raises
    ------
    ValueError
        If there is no such filter or parameter, or a value is not possible.

    Examples
    --------
    >>> str(Filter("median"))
    'median:size=3,axes=zyx'
    """

    name: str
    parameters: dict

    def __init__(self, name, parameters=None):
        kind = _kind(name)
        given = dict(parameters or {})
        unknown = sorted(set(given) - set(kind.defaults))
        if unknown:
            raise ValueError(
                f"filter {name}: unknown {', '.join(map(repr, unknown))}; it has "
                f"{', '.join(kind.defaults) or 'no parameters'}"
            )
        values = {**kind.defaults, **given}
        for key, value in values.items():
            values[key] = _checked(name, key, value)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "parameters", values)
        if self.reach > LARGEST:
            raise ValueError(
                f"filter {self}: reaches {self.reach} voxels, more than {LARGEST}; make it smaller"
            )

    def __str__(self):
        """Write the filter as `parse_filter` reads it, with every parameter."""
        parts = (f"{key}={_text(value)}" for key, value in self.parameters.items())
        return f"{self.name}:{','.join(parts)}".removesuffix(":")

    @property
    def reach(self):
        """Voxels to each side that the value of a voxel depends on."""
        return _kind(self.name).reach(self.parameters)

    @property
    def overlap(self):
        """Slices to each side that the value of a voxel depends on: 0 if slice by slice."""
        return self.reach if self.parameters.get("axes") == "zyx" else 0

    @property
    def anchored(self):
        """Whether the last bits of a value depend on the slices that are filtered together."""
        return self.name == "nonlocal" and self.parameters["axes"] == "zyx"

    def __call__(self, array, wanted=np.s_[:]):
        """Filter an array.

        Parameters
        ----------
        array : (Z, Y, X) ndarray
            Finite grey values of any integer or float type.
        wanted : slice, optional
            Slices that are wanted; the others are only seen.

        Returns
        -------
        (z, Y, X) ndarray of float64, or for "median", "local" and "invert" of the type of `array`
            Filtered values; 64-bit integers beyond 2**53 are not exact.
        """
        if self.name == "local":
            return _local(array, wanted=wanted, **self.parameters)
        return _kind(self.name).apply(array, **self.parameters)[wanted]

    def working_bytes(self, slices, plane, itemsize):
        """Estimate the memory that filtering takes beside its input.

        Parameters
        ----------
        slices : int
            Slices of the input.
        plane : (int, int)
            Sides (Y, X).
        itemsize : int
            Bytes of a voxel.

        Returns
        -------
        int
            Bytes.
        """
        if self.name == "local":  # band by band, in float64
            rows = min(plane[0], max(self.parameters["size"], ROWS_OF_PIXELS // plane[1]))
            return 4 * 8 * slices * (rows + 2 * self.reach) * plane[1]
        doubles = {"gaussian": 3, "unsharp": 4, "nonlocal": 4}.get(self.name, 0)
        return slices * plane[0] * plane[1] * (8 * doubles or itemsize)


def parse_filter(text):
    """Read a filter: its name, and its parameters after a colon.

    Parameters
    ----------
    text : str or Filter
        Such as "median", "median:5", "gaussian:sigma=1.5,axes=yx" or "nonlocal:12,5,6": parameters
        without a name come first, in the order of the table above.

    Returns
    -------
    Filter
        The filter.

    Raises
    ------
    ValueError
        If it is no filter.

    Examples
    --------
    >>> parse_filter("gaussian:1.5").parameters
    {'sigma': 1.5, 'axes': 'zyx'}
    """
    if isinstance(text, Filter):
        return text
    name, _, rest = str(text).partition(":")
    names, given = list(_kind(name).defaults), {}
    for index, part in enumerate(rest.split(",") if rest else ()):
        key, equals, value = part.partition("=")
        if not equals:
            if index >= len(names) or any("=" in before for before in rest.split(",")[:index]):
                raise ValueError(f"filter {text!r}: write {part!r} with the name of a parameter")
            key, value = names[index], part
        key = key.strip()
        if key in given:
            raise ValueError(f"filter {text!r}: {key} is given twice")
        given[key] = _parsed(value.strip())
    return Filter(name, given)


@dataclass(frozen=True)
class _Kind:
    """One kind of filter: defaults of its parameters, how far it reaches, and what it does."""

    defaults: dict
    reach: Callable
    apply: Callable


def _median(array, *, size, axes):
    from scipy.ndimage import median_filter  # takes long to import

    window = (size if axes == "zyx" else 1, size, size)
    if array.dtype.itemsize == 8:
        return median_filter(array.astype(np.float64), window)
    wide = array.astype(np.float32) if array.dtype == np.float16 else array
    return median_filter(wide, window).astype(array.dtype)


def _gaussian(array, *, sigma, axes):
    from scipy.ndimage import gaussian_filter  # takes long to import

    sigmas = (sigma if axes == "zyx" else 0, sigma, sigma)
    return gaussian_filter(array.astype(np.float64), sigmas, truncate=TRUNCATE)


def _unsharp(array, *, radius, amount, axes):
    return array + amount * (array - _gaussian(array, sigma=radius, axes=axes))


def _nonlocal(array, *, h, patch, distance, axes):
    from skimage.restoration import denoise_nl_means  # takes long to import

    wide = array.astype(np.float64)
    settings = {"patch_size": patch, "patch_distance": distance, "h": h, "preserve_range": True}
    if axes == "zyx":
        return denoise_nl_means(wide, **settings)
    return np.stack([denoise_nl_means(image, **settings) for image in wide])


def _local(array, *, size, axes, wanted=np.s_[:]):
    """Normalise by the mean and standard deviation of a window around each voxel.

    A running sum of floats depends on where it starts. So each window is summed by itself along z,
    and the bands of rows depend on the plane alone: a slab gives what the volume gives.
    """
    from scipy.ndimage import correlate1d, uniform_filter1d  # takes long to import

    deep, reach = axes == "zyx", size // 2
    result = np.empty_like(array[wanted])
    rows = max(size, ROWS_OF_PIXELS // array.shape[2])

    def mean(values):
        if deep:
            values = correlate1d(values, np.full(size, 1 / size), axis=0)
        values = values[wanted]
        return uniform_filter1d(uniform_filter1d(values, size, axis=1), size, axis=2)

    for start in range(0, array.shape[1], rows):
        first, stop = max(0, start - reach), min(array.shape[1], start + rows)
        grey = array[:, first : stop + reach].astype(np.float64)
        middle = mean(grey)
        variance = mean(grey**2) - middle**2
        np.maximum(variance, np.square(SMALLEST_SHARE * middle), out=variance)
        grey = grey[wanted] - middle
        np.divide(grey, np.sqrt(variance), out=grey, where=variance > 0)
        result[:, start:stop] = _spread(grey[:, start - first :][:, : stop - start], array.dtype)
    return result


def _spread(values, dtype):
    """Give standard deviations the range of a type of whole numbers; floats keep them."""
    if dtype.kind == "f":
        return values
    limits = np.iinfo(dtype)
    middle, step = (limits.min + limits.max + 1) // 2, (limits.max - limits.min) / (2 * RANGE)
    top = limits.max if dtype.itemsize < 8 else np.nextafter(float(limits.max), 0)
    return np.rint(middle + step * values).clip(limits.min, top)


def _invert(array):
    return -array if array.dtype.kind == "f" else ~array


KINDS = {
    "median": _Kind({"size": 3, "axes": "zyx"}, lambda values: values["size"] // 2, _median),
    "gaussian": _Kind(
        {"sigma": 1.0, "axes": "zyx"},
        lambda values: int(TRUNCATE * values["sigma"] + 0.5),
        _gaussian,
    ),
    "unsharp": _Kind(
        {"radius": 1.0, "amount": 1.0, "axes": "zyx"},
        lambda values: int(TRUNCATE * values["radius"] + 0.5),
        _unsharp,
    ),
    "nonlocal": _Kind(
        {"h": None, "patch": 5, "distance": 6, "axes": "yx"},
        lambda values: values["patch"] // 2 + values["distance"] + 1,
        _nonlocal,
    ),
    "local": _Kind({"size": 33, "axes": "zyx"}, lambda values: values["size"] // 2, _local),
    "invert": _Kind({}, lambda values: 0, _invert),
}


def _kind(name):
    """Look a filter up by its name."""
    if name not in KINDS:
        raise ValueError(f"filter {name!r} is not known; use one of {', '.join(KINDS)}")
    return KINDS[name]


def _checked(name, key, value):
    """Check one parameter; whole numbers stay whole."""
    if key == "axes":
        if value not in AXES:
            raise ValueError(f"filter {name}: axes {value!r} must be {' or '.join(AXES)}")
        return value
    if value is None:
        raise ValueError(
            f"filter {name}: {key} is missing, the difference in grey that it evens out; "
            f"write {name}:{key}=10"
        )
    whole = key in ("size", "patch", "distance")
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"filter {name}: {key} {value!r} must be a number")
    if value <= 0 or (whole and value != int(value)):
        raise ValueError(
            f"filter {name}: {key} {value:g} must be {'a whole number ' if whole else ''}above 0"
        )
    if key in ("size", "patch") and value % 2 == 0:
        raise ValueError(f"filter {name}: {key} {value:g} must be odd, so that it has a middle")
    return int(value) if whole else float(value)


def _parsed(value):
    """Read a number, or leave a text as it is."""
    try:
        return int(value)
    except ValueError:
        try:
            return float(value)
        except ValueError:
            return value


def _text(value):
    return value if isinstance(value, str) else f"{value!r}".removesuffix(".0")
