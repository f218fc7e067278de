"""Segmentation by a Gaussian mixture with a Markov random field (EM/MPM)."""

import numpy as np

from tomoseg_tf.studies.classical.clusters import match_clusters, numbers_to_try
from tomoseg_tf.studies.classical.grey_levels import cluster_means
from tomoseg_tf.volume import IGNORE

FITTED_VOXELS = 500_000  # voxels of the slabs on which the mixture is fitted
BLOCK_VOXELS = 2**21  # voxels segmented at once
HALO = 3  # slices of a neighbouring block that take part


def em_mpm(patches, num_classes, *, seed=0, levels=None, beta=1.0, iterations=8, sweeps=12):
    r"""Segment by the maximiser of the posterior marginals of a Markov random field.

    Grey levels are Gaussian about the mean of their class, and classes have the Potts prior
    :math:`p(x) \propto \exp(\beta \sum_{\langle r,s \rangle} [x_r = x_s])` over the neighbours that
    share a face. Gibbs sampling estimates the marginals, EM the means and deviations from them,
    as in [1]_; marginals are means of the conditional probabilities instead of counted visits,
    which vary more.

    Parameters
    ----------
    patches : iterable of tuple
        Grey levels and truth.
    num_classes : int
        Number of classes.
    seed : int
        Seed of the samples.
    levels : int, optional
        Number of Gaussians; when None the best by the truth, from the number of classes to three
        more.
    beta : float
        Strength of the prior; 0 for an independent mixture.
    iterations : int
        Steps of EM, each with a quarter of the sweeps.
    sweeps : int
        Sweeps of the Gibbs sampler for a segmentation.

    Returns
    -------
    predict : callable
        From grey levels to classes.
    settings : dict
        ``means``, ``deviations`` and ``classes`` of the Gaussians.

    References
    ----------
    .. [1] M. L. Comer and E. J. Delp, "The EM/MPM algorithm for segmentation of textured images:
       analysis and further experimental results", IEEE Trans. Image Process. 9(10), 1731-1744,
       2000.
    """
    kept = _kept_slabs(patches, seed)
    truth = np.concatenate([classes[classes != IGNORE] for _, classes in kept]).astype(int)
    slabs = [(grey, classes != IGNORE) for grey, classes in kept]
    best = None
    for number in numbers_to_try(levels, num_classes):
        mixture = _fit_mixture(slabs, number, beta, iterations, max(1, sweeps // 4), seed)
        states = [_most_likely(grey, *mixture, beta, sweeps, seed)[known] for grey, known in slabs]
        matched, miou = match_clusters(np.concatenate(states), truth, number, num_classes)
        if best is None or miou > best[2]:
            best = mixture, matched, miou
    mixture, matched, miou = best

    def predict(grey):
        return matched[_most_likely(grey, *mixture, beta, sweeps, seed)]

    means, deviations = (part.tolist() for part in mixture)
    settings = {"means": means, "deviations": deviations, "classes": matched.tolist()}
    return predict, {**settings, "fitted_miou": miou}


def _fit_mixture(slabs, number, beta, iterations, sweeps, seed):
    """Fit means and deviations by EM, from those of k-means clusters: two (number,) float64."""
    grey = np.concatenate([slab[known] for slab, known in slabs])
    chosen = np.random.default_rng(seed).permutation(len(grey))
    means = cluster_means(grey[chosen], number, seed=seed)
    deviations = np.full(number, max(float(grey.std()) / number, 1e-6))
    rng = np.random.default_rng((seed, 1))
    for _ in range(iterations):
        marginals = [
            posterior_marginals(
                slab, means, deviations, known=known, beta=beta, sweeps=sweeps, rng=rng
            )
            for slab, known in slabs
        ]
        means, deviations = _maximise(slabs, marginals, means, deviations)
    return means, deviations


def posterior_marginals(grey, means, deviations, *, beta, sweeps, rng, known=None):
    """Estimate the probability of each state of each voxel by Gibbs sampling.

    Voxels are updated in two sets, as the fields of a chessboard: none has a neighbour in its
    own set, so that a set is drawn at once. The first third of the sweeps is not counted.

    Parameters
    ----------
    grey : (Z, Y, X) ndarray of float32
        Grey levels.
    means, deviations : (K,) array_like of float
        Mean and standard deviation of the grey levels in each state.
    beta : float
        Strength of the prior.
    sweeps : int
        Sweeps, at least 1.
    rng : numpy.random.Generator
        Source of randomness.
    known : (Z, Y, X) ndarray of bool, optional
        False where the grey level tells nothing.

    Returns
    -------
    (K, Z, Y, X) ndarray of float32
        Probabilities, in sum 1.
    """
    likelihood = _log_likelihood(grey, means, deviations)
    if known is not None:
        likelihood[:, ~known] = 0
    states = likelihood.argmax(axis=0).astype(np.uint8)
    z, y, x = np.ogrid[: grey.shape[0], : grey.shape[1], : grey.shape[2]]
    odd = ((z + y + x) % 2).astype(bool)
    total = np.zeros_like(likelihood)
    for sweep in range(sweeps):
        for fields in (odd, ~odd):
            probabilities = _conditional(likelihood, states, beta)
            drawn = _draw(probabilities, rng)
            states[fields] = drawn[fields]
            if sweep >= sweeps // 3:
                total += probabilities * fields
    return total / total.sum(axis=0)


def _log_likelihood(grey, means, deviations):
    """Log density of the grey levels in each state, less a constant: (K, Z, Y, X) float32."""
    parameters = zip(np.float32(means), np.float32(deviations), strict=True)
    return np.stack([-0.5 * np.square((grey - m) / s) - np.log(s) for m, s in parameters])


def _conditional(likelihood, states, beta):
    """Probabilities of each voxel's states given its neighbours: (K, Z, Y, X) float32."""
    logits = likelihood.copy()
    for state, plane in enumerate(logits):
        same = (states == state).astype(np.float32) * np.float32(beta)
        for axis in range(3):
            here = [slice(None)] * 3
            there = [slice(None)] * 3
            here[axis], there[axis] = slice(1, None), slice(None, -1)
            plane[tuple(here)] += same[tuple(there)]
            plane[tuple(there)] += same[tuple(here)]
    logits -= logits.max(axis=0)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=0)
    return logits


def _draw(probabilities, rng):
    """Draw a state of each voxel: (Z, Y, X) uint8."""
    uniform = rng.random(probabilities.shape[1:], dtype=np.float32)
    drawn, below = np.zeros(uniform.shape, np.uint8), np.zeros_like(uniform)
    for probability in probabilities[:-1]:
        below += probability
        drawn += uniform >= below
    return drawn


def _maximise(slabs, marginals, means, deviations):
    """M-step: means and deviations of the states, in rising order of the means as they were."""
    sums = np.zeros((3, len(means)))
    for (grey, known), probabilities in zip(slabs, marginals, strict=True):
        weights, values = probabilities[:, known], grey[known].astype(np.float64)
        sums += [weights.sum(axis=1), weights @ values, weights @ values**2]
    weight, first, second = sums
    filled = weight > 1
    weight = np.maximum(weight, 1)
    means = np.where(filled, first / weight, means)
    spread = np.sqrt(np.maximum(second / weight - np.square(first / weight), 1e-12))
    return means, np.where(filled, spread, deviations)


def _kept_slabs(patches, seed):
    """Take slabs of the patches at random, in all about `FITTED_VOXELS`, with their truth."""
    rng = np.random.default_rng((seed, 2))
    kept = []
    for grey, truth in patches:
        depth = max(1, min(len(grey), FITTED_VOXELS // (2 * grey[0].size)))
        start = int(rng.integers(0, len(grey) - depth + 1))
        part = slice(start, start + depth)
        if np.any(truth[part] != IGNORE):
            kept.append((rng.random(), grey[part], truth[part]))
        kept.sort(key=lambda entry: entry[0])
        while len(kept) > 1 and sum(entry[1].size for entry in kept[:-1]) >= FITTED_VOXELS:
            kept.pop()
    return [(grey, truth) for _, grey, truth in kept]


def _most_likely(grey, means, deviations, beta, sweeps, seed):
    """States of the largest marginals, block by block of slices: (Z, Y, X) uint8."""
    states = np.empty(grey.shape, np.uint8)
    depth = max(1, BLOCK_VOXELS // grey[0].size)
    for start in range(0, len(grey), depth):
        stop = min(start + depth, len(grey))
        low, high = max(0, start - HALO), min(len(grey), stop + HALO)
        rng = np.random.default_rng((seed, 3, start))
        marginals = posterior_marginals(
            grey[low:high], means, deviations, beta=beta, sweeps=sweeps, rng=rng
        )
        states[start:stop] = marginals.argmax(axis=0)[start - low : stop - low]
    return states
