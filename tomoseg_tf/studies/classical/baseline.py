"""The one interface of the classical baselines."""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tomoseg_tf.studies.classical.samples import checked

BASELINES = {
    "otsu": "Otsu's thresholds, as many as part the grey levels best",
    "kmeans": "k-means clusters of the grey levels",
    "em_mpm": "Gaussian mixture with a Markov random field: EM and posterior marginals",
    "svm": "support vector machine, radial kernel (Nystroem), on local multi-scale features",
    "random_forest": "random forest on local multi-scale features",
}
_MODULES = {
    "otsu": "grey_levels",
    "kmeans": "grey_levels",
    "em_mpm": "em_mpm",
    "svm": "learned",
    "random_forest": "learned",
}


@dataclass(frozen=True)
class Baseline:
    """A fitted classical method.

    Attributes
    ----------
    name : str
        One of `BASELINES`.
    num_classes : int
        Number of classes, background included.
    settings : dict
        What was fitted or chosen, as plain numbers and lists: options, thresholds, means.
    """

    name: str
    num_classes: int
    settings: dict
    _predict: Callable = field(repr=False)

    def predict(self, grey):
        """Segment a volume.

        Parameters
        ----------
        grey : (Z, Y, X) array_like of float32
            Grey levels, normalised as those of the patches were.

        Returns
        -------
        (Z, Y, X) ndarray of uint8
            Classes.

        Raises
        ------
        ValueError
            If the array has not three axes, or holds NaN or infinity.
        """
        grey = np.asarray(grey, np.float32)
        if grey.ndim != 3 or 0 in grey.shape:
            raise ValueError(
                f"{self.name}: grey levels of shape {grey.shape}; give a volume (Z, Y, X)"
            )
        if not np.isfinite(grey).all():
            raise ValueError(f"{self.name}: the grey levels hold NaN or infinity; mend the volume")
        return self._predict(grey).astype(np.uint8)


def fit(name, patches, num_classes, *, seed=0, **options):
    """Fit a classical baseline.

    Parameters
    ----------
    name : str
        One of `BASELINES`.
    patches : iterable of tuple
        Grey levels (Z, Y, X) float32, normalised, and truth (Z, Y, X) uint8 with 255 = ignore.
    num_classes : int
        Number of classes, background included; at least 2.
    seed : int
        Seed of the samples and of the method.
    **options
        Keyword arguments of the method's function, such as `trees` of
        `tomoseg_tf.studies.classical.learned.random_forest`.

    Returns
    -------
    Baseline
        The fitted method.

    Raises
    ------
    ValueError
        If the name or an option is unknown, a patch is not as described, or no voxel of the
        truth counts.
    """
    if name not in BASELINES:
        raise ValueError(f"baseline {name!r} is unknown; there are {', '.join(BASELINES)}")
    if num_classes < 2:
        raise ValueError(f"{name}: {num_classes} classes; at least 2 are needed")
    module = importlib.import_module(f"tomoseg_tf.studies.classical.{_MODULES[name]}")
    method = getattr(module, name)
    known = [
        key
        for key, parameter in inspect.signature(method).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and key != "seed"
    ]
    for option in options:
        if option not in known:
            raise ValueError(f"{name}: option {option!r} is unknown; there are {', '.join(known)}")
    predict, settings = method(checked(patches, num_classes), num_classes, seed=seed, **options)
    return Baseline(name, num_classes, {"seed": seed, **options, **settings}, predict)
