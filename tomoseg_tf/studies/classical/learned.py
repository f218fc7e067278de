"""Segmentation learnt from local features: random forest and support vector machine."""

import numpy as np

from tomoseg_tf.studies.classical.features import SIGMAS, local_features
from tomoseg_tf.studies.classical.samples import Sample, shares
from tomoseg_tf.volume import IGNORE

ROWS = 2**16  # voxels classified at once


def random_forest(
    patches, num_classes, *, seed=0, voxels=50_000, trees=80, smallest_leaf=4, sigmas=SIGMAS
):
    """Learn the classes with a random forest.

    Parameters
    ----------
    patches : iterable of tuple
        Grey levels and truth.
    num_classes : int
        Number of classes.
    seed : int
        Seed of the sample and of the trees.
    voxels : int
        Voxels to learn from; see `tomoseg_tf.studies.classical.samples.shares`.
    trees : int
        Number of trees.
    smallest_leaf : int
        Fewest voxels in a leaf.
    sigmas : sequence of float
        Scales of the features, in voxels.

    Returns
    -------
    predict : callable
        From grey levels to classes.
    settings : dict
        ``voxels`` learnt from, in each class.

    References
    ----------
    .. [1] L. Breiman, "Random forests", Machine Learning 45, 5-32, 2001.
    """
    from sklearn.ensemble import RandomForestClassifier

    rows, classes = feature_sample(patches, num_classes, seed=seed, limit=voxels, sigmas=sigmas)
    forest = RandomForestClassifier(trees, min_samples_leaf=smallest_leaf, random_state=seed)
    forest.fit(rows, classes)
    settings = {"voxels": np.bincount(classes, minlength=num_classes).tolist()}
    return _predictor(forest, sigmas), settings


def svm(
    patches, num_classes, *, seed=0, voxels=12_000, components=200, gamma=None, c=1.0, sigmas=SIGMAS
):
    """Learn the classes with a support vector machine with a radial kernel.

    The kernel is approximated by that to some of the voxels (Nystroem), which makes the machine
    linear and its time proportional to the voxels.

    Parameters
    ----------
    patches, num_classes, seed, voxels, sigmas
        As for `random_forest`.
    components : int
        Voxels to which the kernel is taken.
    gamma : float, optional
        Of the kernel exp(-gamma d²) between standardised features; one over their number
        when None.
    c : float
        Weight of the errors against the width of the margin.

    Returns
    -------
    predict : callable
        From grey levels to classes.
    settings : dict
        ``voxels`` learnt from, in each class.

    References
    ----------
    .. [1] C. Williams and M. Seeger, "Using the Nyström method to speed up kernel machines",
       NIPS 13, 2001.
    """
    from sklearn.kernel_approximation import Nystroem
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    rows, classes = feature_sample(patches, num_classes, seed=seed, limit=voxels, sigmas=sigmas)
    if len(np.unique(classes)) < 2:
        raise ValueError("svm: the truth has a single class; at least 2 are needed to part them")
    machine = make_pipeline(
        StandardScaler(),
        Nystroem(
            gamma=1 / rows.shape[1] if gamma is None else gamma,
            n_components=min(components, len(rows)),
            random_state=seed,
        ),
        LinearSVC(C=c, dual=False, random_state=seed, max_iter=5000),
    )
    machine.fit(rows, classes)
    settings = {"voxels": np.bincount(classes, minlength=num_classes).tolist()}
    return _predictor(machine, sigmas), settings


def feature_sample(patches, num_classes, *, seed, limit, sigmas=SIGMAS, slices=8):
    """Sample features and classes, rare classes more often than they are found.

    Parameters
    ----------
    patches : iterable of tuple
        Grey levels and truth.
    num_classes : int
        Number of classes.
    seed : int
        Seed.
    limit : int
        Voxels in all.
    sigmas : sequence of float
        Scales of the features, in voxels.
    slices : int
        Slices to take of a deeper patch, at random.

    Returns
    -------
    rows : (N, F) ndarray of float32
        Features.
    classes : (N,) ndarray of int
        Classes, 0 first.
    """
    rng = np.random.default_rng(seed)
    samples = [Sample(rng, limit) for _ in range(num_classes)]
    for grey, truth in patches:
        for z in np.sort(rng.permutation(len(grey))[:slices]):
            if np.all(truth[z] == IGNORE):
                continue
            features = local_features(grey[z], sigmas=sigmas)
            for index, sample in enumerate(samples):
                sample.add(features[truth[z] == index])
    wanted = shares([sample.seen for sample in samples], limit)
    rows = [sample.rows[:n] for sample, n in zip(samples, wanted, strict=True) if n]
    return np.concatenate(rows), np.repeat(np.arange(num_classes), wanted)


def _predictor(classifier, sigmas):
    """Return a function from grey levels to classes, slice by slice and some rows at a time."""

    def predict(volume):
        segmentation = np.empty(volume.shape, np.uint8)
        for grey, classes in zip(volume, segmentation, strict=True):
            features = local_features(grey, sigmas=sigmas)
            features = features.reshape(-1, features.shape[-1])
            found = [
                classifier.predict(features[row : row + ROWS])
                for row in range(0, len(features), ROWS)
            ]
            classes[:] = np.concatenate(found).reshape(grey.shape)
        return segmentation

    return predict
