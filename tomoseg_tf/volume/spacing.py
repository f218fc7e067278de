"""Voxel spacing: checked, and converted from the units found in files to µm."""

import math
from fractions import Fraction

MICROMETRES = {
    "pm": 1e-6,
    "picometer": 1e-6,
    "picometre": 1e-6,
    "å": 1e-4,
    "a": 1e-4,
    "angstrom": 1e-4,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "nanometre": 1e-3,
    "um": 1.0,
    "µm": 1.0,
    "micron": 1.0,
    "micrometer": 1.0,
    "micrometre": 1.0,
    "mm": 1e3,
    "millimeter": 1e3,
    "millimetre": 1e3,
    "cm": 1e4,
    "centimeter": 1e4,
    "centimetre": 1e4,
    "m": 1e6,
    "meter": 1e6,
    "metre": 1e6,
    "in": 25400.0,
    "inch": 25400.0,
    "inches": 25400.0,
}


def check_spacing(spacing):
    """Check a voxel spacing and return it as three floats.

    Parameters
    ----------
    spacing : sequence of three float, or None
        Size of a voxel along (z, y, x), in µm.

    Returns
    -------
    tuple of three float, or None
        The same in µm; None, an unknown spacing, stays None.

    Raises
    ------
    ValueError
        If it has not three numbers, or one is not positive and finite.
    """
    if spacing is None:
        return None
    values = tuple(float(value) for value in spacing)
    if len(values) != 3 or not all(math.isfinite(value) and value > 0 for value in values):
        raise ValueError(
            f"spacing {tuple(spacing)}: must be three positive numbers, µm along (z, y, x)"
        )
    return values


def micrometres(unit):
    r"""Length of a unit in µm, read as ImageJ, OME and TIFF write it.

    Parameters
    ----------
    unit : str or None
        Name of the unit, such as ``um``, ``µm``, ``\u00B5m``, ``microns``, ``nm`` or ``inch``.

    Returns
    -------
    float or None
        Its length in µm; None if it is no unit of length (``pixel``, an empty text).

    Examples
    --------
    >>> micrometres("nm")
    0.001
    >>> micrometres("pixel") is None
    True
    """
    if unit is None:
        return None
    name = unit.strip().strip('"').replace("\\u00B5", "µ").replace("\\u00b5", "µ")
    name = name.replace("\u03bc", "µ").casefold().replace("\u03bc", "µ")
    if name in MICROMETRES:
        return MICROMETRES[name]
    return MICROMETRES.get(name.removesuffix("s"))


def as_rational(value):
    """Write a positive number as the fraction of two 32-bit integers that TIFF tags hold.

    Parameters
    ----------
    value : float
        Positive number.

    Returns
    -------
    tuple of two int
        Numerator and denominator, each below 2**32, equal to `value` to 1e-9 or better
        for values between 1e-8 and 1e8.

    Raises
    ------
    ValueError
        If the number cannot be written so to 1e-6 of its value.
    """
    largest = 2**32 - 1
    exact = Fraction(value)
    # the denominator is bounded so that the numerator also fits
    fraction = exact.limit_denominator(max(1, min(largest, int(largest / exact))))
    wrong = abs(fraction - exact) > exact / 10**6
    if wrong or fraction.numerator > largest:
        raise ValueError(f"spacing: {value:g} voxels per unit cannot be stored in a TIFF tag")
    return fraction.numerator, fraction.denominator
