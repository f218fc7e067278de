"""Normalisation of grey values: what a network gets to see, and how that is stored with it."""

from dataclasses import asdict, dataclass
from numbers import Real

import numpy as np

METHODS = ("zscore", "robust", "minmax", "percentile", "none")
SCOPES = ("volume", "patch")
OUTSIDE = ("kept", "left_out")
WITH_TOP = ("minmax", "percentile")
QUARTILES = (25.0, 75.0)
NORMAL_QUARTILES = 1.3489795003921634  # what lies between those of z-scores of normal noise
PIECE = 2**20


@dataclass(frozen=True)
class Intensity:
    """The mapping of grey values ``(x - shift) / scale``, clipped to [0, top] if `clip`.

    A scale of 0, as a constant volume has it, gives zeros.
    """

    shift: float
    scale: float
    clip: bool = False
    top: float = 1.0

    def __call__(self, array, inside=None):
        """Map grey values.

        Parameters
        ----------
        array : ndarray
            Grey values of any integer or float type, of any shape.
        inside : ndarray of bool, optional
            Which voxels are the sample; all if not given. The others become 0, whatever they hold.

        Returns
        -------
        ndarray of float32
            Normalised values, computed in float64.
        """
        array = np.asarray(array)
        if inside is not None:
            result = self(np.where(inside, array, array.dtype.type(0)))
            result[~inside] = 0
            return result
        if self.scale == 0:
            return np.zeros(array.shape, np.float32)
        if array.dtype in (np.uint8, np.uint16) and array.size > 2**16:
            table = self._map(np.arange(np.iinfo(array.dtype).max + 1))
            return table[array]
        flat = np.ascontiguousarray(array).reshape(-1)
        result = np.empty(flat.size, np.float32)
        for start in range(0, flat.size, PIECE):
            result[start : start + PIECE] = self._map(flat[start : start + PIECE])
        return result.reshape(array.shape)

    def _map(self, values):
        values = (values.astype(np.float64) - self.shift) / self.scale
        return (np.clip(values, 0, self.top) if self.clip else values).astype(np.float32)


def intensity(statistics, method="zscore", low=1.0, high=99.0, top=1.0):
    """Derive the mapping of grey values from the statistics of a volume or patch.

    Parameters
    ----------
    statistics : Statistics
        What `measure` gives.
    method : str, optional
        "zscore": mean 0 and population standard deviation 1; "robust": the first and the third
        quartile become -0.6745 and 0.6745, as z-scores of normal noise have them, and nothing is
        clipped; "minmax": minimum 0 and maximum `top`; "percentile": percentile `low` becomes 0
        and `high` becomes `top`, what is beyond is clipped; "none".
    low, high : float, optional
        Percentages for "percentile"; `statistics` must hold them.
    top : float, optional
        What the upper end becomes for "minmax" and "percentile".

    Returns
    -------
    Intensity
        A function from an array to float32.

    Raises
    ------
    ValueError
        If the method is not known, a percentile was not measured, or quartiles are needed and are
        the same although not all grey values are.
    """
    if method == "zscore":
        return Intensity(statistics.mean, statistics.std)
    if method == "robust":
        lower, upper = _percentiles_of(statistics, QUARTILES)
        if lower == upper and statistics.minimum < statistics.maximum:
            raise ValueError(
                f"half of the voxels have the grey value {lower:g}, so that the normalisation "
                "robust finds no scale; use zscore, or leave out what is not the sample"
            )
        return Intensity((lower + upper) / 2, (upper - lower) / NORMAL_QUARTILES)
    if method == "minmax":
        width = statistics.maximum - statistics.minimum
        return Intensity(statistics.minimum, width / top, top=top)
    if method == "percentile":
        bottom, upper = _percentiles_of(statistics, (low, high))
        return Intensity(bottom, (upper - bottom) / top, clip=True, top=top)
    if method == "none":
        return Intensity(0.0, 1.0)
    raise ValueError(f"normalisation {method!r}: must be one of {', '.join(METHODS)}")


def _percentiles_of(statistics, percents):
    """Look up percentiles that were measured."""
    for percent in percents:
        if float(percent) not in statistics.percentiles:
            measured = ", ".join(f"{value:g}" for value in statistics.percentiles) or "none"
            raise ValueError(
                f"percentile {percent:g} was not measured, only {measured}; use one of these"
            )
    return [statistics.percentiles[float(percent)] for percent in percents]


@dataclass(frozen=True)
class Normalisation:
    """How the inputs of a network are normalised; stored with its weights.

    Parameters
    ----------
    method : str, optional
        One of `METHODS`, see `intensity`.
    low, high : float, optional
        Percentages for the method "percentile".
    training : str, optional
        Whose statistics are used in training: "volume", those of the whole volume that a patch is
        cut from, or "patch", those of the patch, which "robust" refuses: half of a patch may have
        one grey value.
    prediction : str, optional
        The same in prediction: always "volume", the whole input, so that the result depends
        neither on tiles nor on a region of interest.
    outside : str, optional
        What lies outside the sample, such as the fill outside the reconstruction circle: "kept",
        it counts in the statistics, the network sees it as it is, and NaN is an error anywhere; or
        "left_out", the statistics are those of the sample, the network sees 0 outside, in training
        and in prediction, training ignores it there, and prediction gives background. A recipe
        leaves it out unless it says otherwise. Weights that do not state it were fitted with it
        kept.
    top : float, optional
        What the upper end becomes for the methods "minmax" and "percentile": 1, or 255 as in [1]_.

    Raises
    ------
    ValueError
        If one of them is not possible.

    References
    ----------
    .. [1] D. Barboza, MSc thesis, Arizona State University, 2020, section 4.1.4
    """

    method: str = "zscore"
    low: float = 1.0
    high: float = 99.0
    training: str = "volume"
    prediction: str = "volume"
    outside: str = "kept"
    top: float = 1.0

    def __post_init__(self):
        if self.method not in METHODS:
            raise ValueError(
                f"normalisation method {self.method!r}: must be one of {', '.join(METHODS)}"
            )
        if self.training not in SCOPES:
            raise ValueError(
                f"normalisation training {self.training!r}: must be one of {', '.join(SCOPES)}"
            )
        if self.training == "patch" and self.method == "robust":
            raise ValueError(
                "normalisation training 'patch': quartiles of a patch may be the same, so that "
                "robust is by the volume only; leave it out"
            )
        if self.prediction != "volume":
            raise ValueError(
                f"normalisation prediction {self.prediction!r}: must be volume, the whole input"
            )
        if self.outside not in OUTSIDE:
            raise ValueError(
                f"normalisation outside {self.outside!r}: must be one of {', '.join(OUTSIDE)}"
            )
        numbers = isinstance(self.low, Real) and isinstance(self.high, Real)
        if not (numbers and 0 <= self.low < self.high <= 100):
            raise ValueError(
                f"normalisation percentiles low {self.low!r} and high {self.high!r}: "
                "0 <= low < high <= 100 is needed"
            )
        self._check_top()

    def _check_top(self):
        top = self.top
        if isinstance(top, bool) or not isinstance(top, Real) or not 0 < top < float("inf"):
            raise ValueError(f"normalisation top {top!r}: must be a number above 0")
        if top != 1 and self.method not in WITH_TOP:
            raise ValueError(
                f"normalisation top {top!r}: only {' and '.join(WITH_TOP)} have an upper end, not "
                f"{self.method}; leave it out"
            )

    @property
    def percentiles(self):
        """Percentages that `measure` has to find for this method."""
        found = {"percentile": (self.low, self.high), "robust": QUARTILES}
        return found.get(self.method, ())

    @property
    def mask(self):
        """What `open_sample` is given where the user names no mask: "auto" or "none"."""
        return "auto" if self.outside == "left_out" else "none"

    def intensity(self, statistics):
        """Derive the mapping of grey values from statistics, see the function `intensity`."""
        return intensity(statistics, self.method, self.low, self.high, self.top)

    def to_dict(self):
        """Return the fields as plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values):
        """Read what `to_dict` wrote; an unknown name is a `ValueError`."""
        unknown = sorted(set(values) - set(cls.__dataclass_fields__))
        if unknown:
            raise ValueError(
                f"normalisation: unknown {', '.join(unknown)}; "
                f"it has {', '.join(cls.__dataclass_fields__)}"
            )
        return cls(**values)
