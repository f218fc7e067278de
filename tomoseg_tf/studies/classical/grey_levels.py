"""Segmentation by grey level alone: Otsu's thresholds and k-means."""

import functools

import numpy as np

from tomoseg_tf.studies.classical.clusters import best_clusters, numbers_to_try
from tomoseg_tf.studies.classical.samples import grey_sample

SAMPLE = 200_000  # voxels
BINS = {2: 256, 3: 256, 4: 256, 5: 128}  # the time grows as bins to the power of thresholds


def otsu(patches, num_classes, *, seed=0, levels=None):
    """Part the grey levels by Otsu's thresholds.

    Parameters
    ----------
    patches : iterable of tuple
        Grey levels and truth.
    num_classes : int
        Number of classes.
    seed : int
        Seed of the sample of voxels.
    levels : int, optional
        Number of grey classes; when None the best by the truth, from the number of classes to
        three more (a sample in air has one more grey class than it has classes).

    Returns
    -------
    predict : callable
        From grey levels to classes.
    settings : dict
        ``thresholds``, and the ``classes`` of the grey levels between them.

    References
    ----------
    .. [1] N. Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. Syst.
       Man Cybern. 9(1), 62-66, 1979.
    """
    grey, truth = grey_sample(patches, seed=seed, limit=SAMPLE)
    candidates = []
    for number in numbers_to_try(levels, num_classes):
        thresholds = otsu_thresholds(grey, number)
        candidates.append((number, functools.partial(np.digitize, bins=thresholds, right=True)))
    return _predictor(candidates, grey, truth, num_classes)


def otsu_thresholds(grey, number):
    """Thresholds that part grey levels into a number of classes by Otsu's criterion.

    Where no grey level lies near a threshold, the criterion is the same all over the gap; the
    threshold is then its middle.

    Parameters
    ----------
    grey : (N,) ndarray of float32
        Grey levels; one thousandth at each end is taken as the level there, so that zingers do
        not widen the bins.
    number : int
        Number of classes.

    Returns
    -------
    (number - 1,) ndarray of float64
        Rising thresholds; a grey level equal to one lies below it.
    """
    from skimage.filters import threshold_multiotsu

    cut = np.clip(grey, *np.quantile(grey, [0.001, 0.999]))
    cut = cut if len(np.unique(cut)) >= number else grey
    if len(np.unique(cut)) < number:
        return np.full(number - 1, float(grey.max()))
    bins = BINS.get(number, 64)
    centres = threshold_multiotsu(cut, classes=number, nbins=bins)
    edges = centres + (float(cut.max()) - float(cut.min())) / (2 * bins)
    below = np.array([cut[cut <= edge].max(initial=cut.min()) for edge in edges], float)
    above = np.array([cut[cut > edge].min(initial=cut.max()) for edge in edges], float)
    return (below + above) / 2


def kmeans(patches, num_classes, *, seed=0, levels=None):
    """Part the grey levels by k-means.

    Parameters
    ----------
    patches, num_classes, seed, levels
        As for `otsu`; the seed is also that of the first means.

    Returns
    -------
    predict : callable
        From grey levels to classes.
    settings : dict
        ``thresholds`` half way between the means, and ``classes``.

    References
    ----------
    .. [1] S. Lloyd, "Least squares quantization in PCM", IEEE Trans. Inf. Theory 28(2), 129-137,
       1982.
    """
    grey, truth = grey_sample(patches, seed=seed, limit=SAMPLE)
    candidates = []
    for number in numbers_to_try(levels, num_classes):
        means = cluster_means(grey, number, seed=seed)
        thresholds = (means[1:] + means[:-1]) / 2
        candidates.append((number, functools.partial(np.digitize, bins=thresholds, right=True)))
    return _predictor(candidates, grey, truth, num_classes)


def cluster_means(grey, number, *, seed):
    """Means of k-means clusters of grey levels, in rising order: (number,) float64.

    With fewer different grey levels than clusters the last mean is repeated.
    """
    from sklearn.cluster import KMeans

    different = np.unique(grey)[:number]
    if len(different) < number:
        return np.pad(different.astype(float), (0, number - len(different)), mode="edge")
    fitted = KMeans(number, n_init=4, random_state=seed).fit(grey[:50_000, None].astype(float))
    return np.sort(fitted.cluster_centers_[:, 0])


def _predictor(candidates, grey, truth, num_classes):
    """Take the best candidate; return its function from grey levels to classes, and settings."""
    assign, classes, miou = best_clusters(candidates, grey, truth, num_classes)
    settings = {
        "thresholds": [float(value) for value in assign.keywords["bins"]],
        "classes": classes.tolist(),
        "fitted_miou": miou,
    }
    return (lambda volume: classes[assign(volume)]), settings
