r"""How sure a prediction is: the entropy of probabilities, and how far members disagree.

With the mean probabilities :math:`\bar p` of :math:`M` members and :math:`K` classes (two for a
binary net), entropy and disagreement are, both from 0 to 1,

.. math::
    H(\bar p) = -\sum_k \bar p_k \log_K \bar p_k, \qquad
    D = H(\bar p) - \frac 1M \sum_m H(p_m)
      = \frac 1M \sum_m \sum_k p_{mk} \log_K \frac{p_{mk}}{\bar p_k} .

D is the mutual information of class and member [1]_, and the mean of the Kullback-Leibler
divergences by which [2]_ measure disagreement. It is 0 where all members say the same, also where
all are equally unsure; H - D is the doubt that the members have in common. What the same weights
say after flips and turns is one more kind of member [3]_.

References
----------
.. [1] N. Houlsby et al., "Bayesian active learning for classification and preference learning",
   arXiv:1112.5745, 2011
.. [2] B. Lakshminarayanan et al., "Simple and scalable predictive uncertainty estimation using
   deep ensembles", NeurIPS, 2017. arXiv:1612.01474
.. [3] G. Wang et al., "Aleatoric uncertainty estimation with test-time augmentation for medical
   image segmentation with convolutional neural networks", Neurocomputing 338, 34-45, 2019.
   doi:10.1016/j.neucom.2019.01.103
"""

import numpy as np

from tomoseg_tf.prediction.pieces import pieces_of
from tomoseg_tf.prediction.threshold import to_grey_levels


def entropy(probabilities):
    """Entropy of probabilities.

    Parameters
    ----------
    probabilities : (..., C) ndarray of float32
        One sigmoid channel of a binary net, or one channel per class. What an open output gives
        beyond 0 and 1 counts as these.

    Returns
    -------
    (...) ndarray of float32
        From 0, certain, to 1, all classes equally likely.

    Examples
    --------
    >>> entropy(np.array([[0.5], [1.0]]))
    array([1., 0.], dtype=float32)
    """
    values = np.empty(probabilities.shape[:-1], np.float32)
    for piece in pieces_of(values.shape):
        values[piece] = _entropy(probabilities[piece])
    return values


def _entropy(probabilities):
    """Entropy of a piece."""
    found = np.clip(probabilities, 0, 1).astype(np.float64)
    if found.shape[-1] == 1:
        found = np.concatenate([found, 1 - found], axis=-1)
    logarithms = np.log(found, out=np.zeros_like(found), where=found > 0)
    total = -(found * logarithms).sum(axis=-1) / np.log(found.shape[-1])
    return np.clip(total, 0, 1).astype(np.float32)


class Entropy:
    """Turns probabilities into their entropy.

    Parameters
    ----------
    grey_levels : bool
        Whether as grey levels, floor(255 H + 0.5).
    """

    def __init__(self, grey_levels):
        self.grey_levels = grey_levels

    def __call__(self, probabilities):
        """Convert probabilities (Z, Y, X, C) to values (Z, Y, X)."""
        return self._written(entropy(probabilities))

    def _written(self, values):
        return to_grey_levels(values) if self.grey_levels else values


class Disagreement(Entropy):
    """Turns mean probabilities and the mean of the members' entropies into their disagreement.

    Parameters
    ----------
    grey_levels : bool
        Whether as grey levels, floor(255 D + 0.5).
    """

    def __call__(self, means):
        """Convert means (Z, Y, X, C + 1), the entropy last, to values (Z, Y, X)."""
        found = entropy(means[..., :-1])
        found -= means[..., -1]
        return self._written(np.clip(found, 0, 1, out=found))
