"""Grey classes found without truth, and the classes of the truth that they stand for."""

import numpy as np

from tomoseg_tf.evaluation import counts, iou


def match_clusters(clusters, truth, num_clusters, num_classes):
    """Give each cluster a class so that the mean IoU on the truth is high.

    It starts from the class of most voxels in each cluster and then changes one cluster at a time
    as long as that raises the mean IoU, so that a rare class may win a cluster in which it is not
    the most frequent.

    Parameters
    ----------
    clusters, truth : (N,) ndarray of int
        Clusters and classes of some voxels.
    num_clusters, num_classes : int
        Their numbers.

    Returns
    -------
    classes : (num_clusters,) ndarray of uint8
        Class of each cluster.
    miou : float
        Mean IoU over the classes that the truth has.
    """
    joint = np.bincount(clusters * num_classes + truth, minlength=num_clusters * num_classes)
    joint = joint.reshape(num_clusters, num_classes)
    classes = joint.argmax(axis=1)
    best = _mean_iou(joint, classes)
    improved = True
    while improved:
        improved = False
        for cluster in range(num_clusters):
            for other in range(num_classes):
                tried = classes.copy()
                tried[cluster] = other
                score = _mean_iou(joint, tried)
                if score > best:
                    classes, best, improved = tried, score, True
    return classes.astype(np.uint8), best


def _mean_iou(joint, classes):
    """Mean IoU, over the classes of the truth, of clusters taken for classes."""
    confusion = np.zeros((joint.shape[1],) * 2, np.int64)
    np.add.at(confusion.T, classes, joint)
    present = joint.sum(axis=0) > 0
    return float(iou(*counts(confusion))[present].mean())


def numbers_to_try(levels, num_classes):
    """Numbers of clusters to try: the one wished, or some from the number of classes on.

    Raises
    ------
    ValueError
        If fewer clusters than 2 are wished, or more than 8.
    """
    if levels is None:
        return range(num_classes, max(num_classes, min(num_classes + 3, 6)) + 1)
    if not 2 <= levels <= 8:
        raise ValueError(f"{levels} grey levels to part; between 2 and 8 can be")
    return (levels,)


def best_clusters(candidates, grey, truth, num_classes):
    """Take the clustering whose matched classes have the highest mean IoU.

    Parameters
    ----------
    candidates : iterable of tuple
        Number of clusters, and a function from grey levels to clusters.
    grey : (N,) ndarray of float32
        Grey levels of some voxels.
    truth : (N,) ndarray of int
        Their classes.
    num_classes : int
        Number of classes.

    Returns
    -------
    tuple
        The function, the class of each cluster (uint8), and the mean IoU; the fewest clusters
        of equals.
    """
    best = None
    for number, assign in candidates:
        classes, miou = match_clusters(assign(grey), truth, number, num_classes)
        if best is None or miou > best[2]:
            best = assign, classes, miou
    return best
