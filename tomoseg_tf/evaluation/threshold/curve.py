"""What a threshold of the probabilities does: precision, recall, and the best one by a score."""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tomoseg_tf.evaluation.threshold.counts import ProbabilityCounts

USUAL = 0.5
PLAIN = ("dice", "iou")
F_SCORE = re.compile(r"f(\d+(?:\.\d+)?)")
CONDITION = re.compile(r"(precision|recall)=(0?\.\d+|[01]|1\.0*)")


def check_score(by):
    """Refuse what is no score to choose a threshold by.

    Parameters
    ----------
    by : str
        As for `ThresholdCurve.best`.

    Raises
    ------
    ValueError
        If it is none.
    """
    weight = F_SCORE.fullmatch(by)
    if not (by in PLAIN or CONDITION.fullmatch(by) or (weight and float(weight[1]) > 0)):
        raise ValueError(
            f"best by {by!r} is not known; use dice, iou, an F-score such as f2, precision=0.9 or "
            "recall=0.95"
        )


@dataclass(frozen=True)
class ThresholdCurve:
    """Scores of the objects at every threshold between the levels of probabilities.

    Attributes
    ----------
    counts : ProbabilityCounts
        What they are of.
    """

    counts: ProbabilityCounts

    @property
    def thresholds(self):
        """(M,) ndarray of float64: thresholds, rising; object is what is above."""
        return self.counts.thresholds

    @cached_property
    def true_positives(self):
        """(M,) ndarray of int64."""
        return _above(self.counts.counts[1])

    @cached_property
    def false_positives(self):
        """(M,) ndarray of int64."""
        return _above(self.counts.counts[0])

    @property
    def false_negatives(self):
        """(M,) ndarray of int64."""
        return self.counts.objects - self.true_positives

    @property
    def recall(self):
        """(M,) ndarray of float64: share of the objects that is found."""
        return self.true_positives / self.counts.objects

    @property
    def precision(self):
        """(M,) ndarray of float64: share of what is found that is object; NaN if nothing is."""
        found = self.true_positives + self.false_positives
        return _ratio(self.true_positives, found)

    @property
    def dice(self):
        """(M,) ndarray of float64."""
        return self.f_score(1.0)

    @property
    def iou(self):
        """(M,) ndarray of float64."""
        return self.true_positives / (self.counts.objects + self.false_positives)

    def f_score(self, beta):
        r"""F-score, in which recall counts `beta` times as much as precision.

        .. math:: (1 + \beta^2) TP / ((1 + \beta^2) TP + \beta^2 FN + FP)

        Parameters
        ----------
        beta : float
            1 gives the Dice.

        Returns
        -------
        (M,) ndarray of float64
            One per threshold.
        """
        weighted = (1 + beta**2) * self.true_positives
        return weighted / (weighted + beta**2 * self.false_negatives + self.false_positives)

    def at(self, threshold):
        """Scores at a threshold.

        Parameters
        ----------
        threshold : float
            Probability above which a voxel is object.

        Returns
        -------
        dict from str to float or None
            ``threshold``, ``dice``, ``iou``, ``precision`` and ``recall``. Between two thresholds
            of the curve those of the one that is next above or equal.
        """
        place = int(np.searchsorted(self.thresholds, threshold * (1 - 1e-12)))
        return self._scores(min(place, len(self.thresholds) - 1), threshold)

    def best(self, by="dice"):
        """Find the best threshold, above 0 and below 1.

        Parameters
        ----------
        by : str
            "dice", "iou", or "f2" and other F-scores: the largest. "precision=0.9": the largest
            recall with at least that precision; "recall=0.95": the largest precision with at least
            that recall. Of equally good thresholds the one nearest to 0.5, the lower of two.

        Returns
        -------
        dict from str to float or None
            As `at`, with ``by`` and ``value``: that score, or the one that was made large.

        Raises
        ------
        ValueError
            If there is no such score, or no threshold reaches the precision or recall.
        """
        values, name = self._values(by)
        values = np.where((self.thresholds > 0) & (self.thresholds < 1), values, -np.inf)
        values = np.where(np.isnan(values), -np.inf, values)
        if not np.isfinite(values).any():
            raise ValueError(
                f"no threshold gives {by.replace('=', ' ')}: the most is {self._most(by):.4g}; ask "
                "for less"
            )
        equal = np.flatnonzero(values == values.max())
        place = int(equal[np.argmin(np.abs(self.thresholds[equal] - USUAL))])
        found = self._scores(place, float(self.thresholds[place]))
        return found | {"by": by, "value": float(values[place]), "maximised": name}

    def _values(self, by):
        """Scores to be made large, and their name; -inf where a condition is not met."""
        check_score(by)
        condition = CONDITION.fullmatch(by)
        if condition:
            least, wanted = condition[1], float(condition[2])
            other = "recall" if least == "precision" else "precision"
            met = np.nan_to_num(getattr(self, least), nan=-1.0) >= wanted
            return np.where(met, getattr(self, other), -np.inf), other
        return (getattr(self, by) if by in PLAIN else self.f_score(float(by[1:]))), by

    def _most(self, by):
        """Return the largest precision or recall that a threshold gives."""
        inside = (self.thresholds > 0) & (self.thresholds < 1)
        return np.nanmax(np.append(getattr(self, by.partition("=")[0])[inside], 0.0))

    def _scores(self, place, threshold):
        """Scores at a place of the curve."""
        names = ("dice", "iou", "precision", "recall")
        values = {name: float(getattr(self, name)[place]) for name in names}
        defined = {name: None if np.isnan(value) else value for name, value in values.items()}
        return {"threshold": float(threshold), **defined}


def average_precision(counts):
    """Average precision: mean of the precision over the recall, without interpolation.

    Parameters
    ----------
    counts : ProbabilityCounts
        Voxels by probability.

    Returns
    -------
    float
        From 0 to 1; of probabilities at random the share of the objects.
    """
    from sklearn.metrics import average_precision_score  # takes long to import

    labels, values, weights = _samples(counts)
    return float(average_precision_score(labels, values, sample_weight=weights))


def roc_auc(counts):
    """Area under the receiver operating characteristic.

    Parameters
    ----------
    counts : ProbabilityCounts
        Voxels by probability.

    Returns
    -------
    float
        Share of pairs of an object voxel and another of which the former is more probable.
    """
    from sklearn.metrics import roc_auc_score

    labels, values, weights = _samples(counts)
    return float(roc_auc_score(labels, values, sample_weight=weights))


def _samples(counts):
    """Truth, probability and number of voxels of each level that occurs."""
    truth, level = np.nonzero(counts.counts)
    return truth, counts.probabilities[level], counts.counts[truth, level]


def _above(counts):
    """Voxels in the levels after each."""
    return counts.sum() - np.cumsum(counts)


def _ratio(part, whole):
    """Quotients, NaN for nothing of nothing."""
    with np.errstate(invalid="ignore"):
        return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)
