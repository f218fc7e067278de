"""How the objects change with the threshold of the probabilities."""

import numpy as np

from tomoseg_tf.objects.measuring import measure_objects
from tomoseg_tf.objects.summary import summarise
from tomoseg_tf.table import aligned
from tomoseg_tf.volume import TruthVolume, as_volume

NAMES = (
    *("count", "mean_radius_voxels", "std_radius_voxels"),
    *("mean_sphericity", "volume_fraction"),
)
TOP = 255  # of probabilities as grey levels


class ThresholdedVolume(TruthVolume):
    """Probabilities of one class seen as classes 0 and 1.

    Parameters
    ----------
    source : Volume
        Probabilities from 0 to 1, or uint8 grey levels of 255 times them.
    threshold : float
        Probability above which a voxel is of class 1.
    """

    def __init__(self, source, threshold):
        super().__init__(source)
        self._source = source
        # a grey level is rounded: 128 and more are probabilities from 0.5 on
        self._least = threshold if source.dtype.kind == "f" else TOP * threshold

    def _read_box(self, box):
        return (self._source.read_box(box) > self._least).astype(np.uint8)


def threshold_sensitivity(probabilities, thresholds, **settings):
    """Measure the objects of class 1 at several thresholds.

    Parameters
    ----------
    probabilities : path, (Z, Y, X) array_like or Volume
        Probabilities from 0 to 1, or uint8 grey levels of 255 times them.
    thresholds : sequence of float
        Each between 0 and 1.
    **settings
        Those of `measure_objects`, without palette.

    Returns
    -------
    list of dict
        For each threshold, in the order given: ``threshold``, ``count``, ``mean_radius_voxels``,
        ``std_radius_voxels``, ``mean_sphericity`` and ``volume_fraction``.

    Raises
    ------
    ValueError
        If they hold no probabilities, or as for `measure_objects`.
    """
    source = open_probabilities(probabilities, thresholds)
    rows = []
    for threshold in thresholds:
        objects = measure_objects(ThresholdedVolume(source, threshold), **settings)
        found = summarise(objects, replicates=0)
        rows.append({"threshold": threshold, **{name: found[name] for name in NAMES}})
    return rows


def open_probabilities(probabilities, thresholds):
    """Open probabilities and check that they, and thresholds of them, are what they should be.

    Parameters
    ----------
    probabilities, thresholds
        As for `threshold_sensitivity`.

    Returns
    -------
    Volume
        The probabilities.

    Raises
    ------
    ValueError
        If they hold no probabilities, or a threshold is not between 0 and 1.
    """
    source = as_volume(probabilities)
    if source.dtype.kind != "f" and source.dtype != np.uint8:
        raise ValueError(
            f"{source.name}: {source.dtype} voxels are no probabilities; give floats from 0 to 1, "
            "or uint8 grey levels as tomoseg-tf segment --grey-levels writes them"
        )
    wrong = [threshold for threshold in thresholds if not 0 < threshold < 1]
    if wrong:
        raise ValueError(f"threshold {wrong[0]}: must be between 0 and 1")
    return source


def threshold_table(rows):
    """Text of `threshold_sensitivity`.

    Parameters
    ----------
    rows : list of dict
        What to print.

    Returns
    -------
    str
        A line per threshold under a heading, without a line break at the end.
    """
    head = ["Threshold", "Objects", "Mean radius (voxels)", "Standard deviation", "Sphericity"]
    lines = [[*head, "Volume fraction"]]
    for row in rows:
        cells = ["-" if row[name] is None else f"{row[name]:.4g}" for name in NAMES[1:]]
        lines.append([f"{row['threshold']:g}", f"{row['count']:,}", *cells])
    return aligned(lines, rule=1)
