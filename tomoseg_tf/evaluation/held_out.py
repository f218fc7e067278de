"""Score weights on scans they were never trained on, so that anyone can repeat it."""

import numpy as np

from tomoseg_tf.evaluation.boundary import boundary_scores
from tomoseg_tf.evaluation.by_size import scores_by_radius
from tomoseg_tf.evaluation.confusion import confusion_matrix
from tomoseg_tf.evaluation.grey_window import best_filtered_window
from tomoseg_tf.evaluation.scores import scores
from tomoseg_tf.phantom import Dendrites, Micropillar
from tomoseg_tf.prediction import predict_volume, to_segmentation
from tomoseg_tf.volume import as_volume, open_truth, through_filters
from tomoseg_tf.weights import open_weights

MICROPILLAR = "simulated micropillar"
DENDRITES = "simulated dendrites"
IMAGE = "held-out image"
WINDOW = "dice of the best filtered grey window"
GAUSSIAN_SIGMAS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
MEDIAN_SIZES = (3, 5)
TOLERANCE = 0.002  # other processors round otherwise: a few voxels near the threshold change


def score_micropillar(weights, *, shape, seed, threshold=None):
    """Segment a simulated micropillar and compare with its exact truth.

    Parameters
    ----------
    weights : str or path
        Binary weights: a folder or a shipped name.
    shape : tuple of int
        Sides (Z, Y, X) of the scan in voxels.
    seed : int
        Seed of the scan.
    threshold : float, optional
        In place of that of the weights.

    Returns
    -------
    dict
        A row of scores for a card: data, shape, seed; recall, precision and Dice
        of the object voxels at the threshold; recall in objects of
        radius below 2, from 2 to 5 and above 5 voxels; and the Dice of the best
        grey window inside the pillar after the best filter.
    """
    pillar = Micropillar(tuple(shape), seed)
    grey, truth = pillar.slab(0, shape[0])
    segmentation = _segment(open_weights(weights), grey, threshold)
    found = scores(confusion_matrix(truth, segmentation)).classes[1]
    small, medium, large = scores_by_radius(truth, segmentation)
    inside = np.stack([pillar.depth(z) > 0 for z in range(shape[0])])
    return {
        "data": MICROPILLAR,
        "shape": ",".join(map(str, shape)),
        "seed": seed,
        "recall": _rounded(found.recall),
        "precision": _rounded(found.precision),
        "dice": _rounded(found.dice),
        "recall, radius < 2": _rounded(small.recall),
        "recall, radius 2 to 5": _rounded(medium.recall),
        "recall, radius > 5": _rounded(large.recall),
        WINDOW: _best_window(grey, truth, inside),
    }


def score_dendrites(weights, *, shape, seed, threshold=None):
    """Segment simulated dendrites and compare with their exact truth.

    Parameters
    ----------
    weights : str or path
        Binary weights: a folder or a shipped name.
    shape : tuple of int
        Sides (Z, Y, X) of the scan in voxels.
    seed : int
        Seed of the scan.
    threshold : float, optional
        In place of that of the weights.

    Returns
    -------
    dict
        A row of scores for a card: data, shape, seed; IoU, recall, precision and Dice of the
        dendrites; BF1 and BDE, means over the slices; and the Dice of the best grey window after
        the best filter.
    """
    grey, truth = Dendrites(tuple(shape), seed).slab(0, shape[0])
    segmentation = _segment(open_weights(weights), grey, threshold)
    found = scores(confusion_matrix(truth, segmentation)).classes[1]
    boundary = boundary_scores(truth, segmentation, num_classes=2).classes[1]
    return {
        "data": DENDRITES,
        "shape": ",".join(map(str, shape)),
        "seed": seed,
        "iou": _rounded(found.iou),
        "recall": _rounded(found.recall),
        "precision": _rounded(found.precision),
        "dice": _rounded(found.dice),
        "bf1": _rounded(boundary.bf1),
        "bde": _rounded(boundary.bde),
        WINDOW: _best_window(grey, truth, np.ones_like(truth, bool)),
    }


def score_image(weights, grey, truth, *, threshold=None):
    """Segment an image and compare with its truth.

    Parameters
    ----------
    weights : str or path
        A weights folder or a shipped name.
    grey, truth : (Z, Y, X) array_like, Volume or path
        Grey levels and classes, 255 = ignore.
    threshold : float, optional
        Of binary weights, in place of their own.

    Returns
    -------
    dict
        A row of scores for a card: data, shape; mIoU, accuracy and the IoU of each class.
    """
    fitted = open_weights(weights)
    grey, truth = as_volume(grey), open_truth(truth, palette="classes")
    matrix = confusion_matrix(
        truth.read(0, truth.shape[0]),
        _segment(fitted, grey, threshold),
        num_classes=len(fitted.config.classes),
    )
    found = scores(matrix, fitted.config.class_names)
    return {
        "data": IMAGE,
        "shape": ",".join(map(str, grey.shape)),
        "miou": _rounded(found.miou),
        "accuracy": _rounded(found.accuracy),
        **{f"IoU {each.name}": _rounded(each.iou) for each in found.classes},
    }


SIMULATED = {MICROPILLAR: score_micropillar, DENDRITES: score_dendrites}


def list_not_repeatable(weights):
    """List what the scores of weights are of where it is not at hand, so that none can repeat them.

    Parameters
    ----------
    weights : str or path
        A weights folder or a shipped name.

    Returns
    -------
    list of str
        Such as "validation" and "simulated objects inserted into real scans", each once.
    """
    _, others = _by_repeatability(open_weights(weights))
    return [*dict.fromkeys(str(row.get("data")) for row in others)]


def check_scores(weights, *, progress=None):
    """Measure again what the card of weights claims on simulated scans and its held-out image.

    Parameters
    ----------
    weights : str or path
        A weights folder or a shipped name.
    progress : callable, optional
        Called as ``progress(done, total)`` in scans.

    Returns
    -------
    list of dict
        The rows measured now.

    Raises
    ------
    ValueError
        If the weights claim nothing that can be repeated, or a score differs by
        more than 0.002 from the card.
    """
    fitted = open_weights(weights)
    claimed, _ = _by_repeatability(fitted)
    if not claimed:
        raise ValueError(
            f"{fitted.folder}: the card claims no scores that can be measured again, of simulated "
            "scans or of a held-out image in the folder"
        )
    measured = []
    for index, row in enumerate(claimed):
        threshold = row.get("threshold")  # where another one was stored since
        if row["data"] == IMAGE:
            measured.append(score_image(weights, *fitted.held_out, threshold=threshold))
        else:
            sides = {"shape": tuple(int(side) for side in row["shape"].split(","))}
            score = SIMULATED[row["data"]]
            measured.append(score(weights, **sides, seed=row["seed"], threshold=threshold))
        _check_row(fitted.folder, row, measured[-1])
        if progress:
            progress(index + 1, len(claimed))
    return measured


def _by_repeatability(fitted):
    """Divide the rows of scores: those of what is simulated anew or in the folder, and others."""
    repeated = [*SIMULATED] if fitted.held_out is None else [*SIMULATED, IMAGE]
    rows = fitted.config.scores
    claimed = [row for row in rows if row.get("data") in repeated]
    return claimed, [row for row in rows if row.get("data") not in repeated]


def _check_row(folder, claimed, measured):
    for name, value in measured.items():
        claim = claimed.get(name)
        if isinstance(value, float) and (claim is None or abs(claim - value) > TOLERANCE):
            data = f"seed {claimed['seed']}" if "seed" in claimed else claimed["data"]
            raise ValueError(f"{folder}: {name} on {data} is {value}, but its card says {claim}")


def _segment(fitted, grey, threshold):
    """Classes (Z, Y, X) of a scan by weights."""
    config = fitted.config
    options = {"normalisation": config.normalisation, "axes": config.axes}
    seen = through_filters(as_volume(grey), config.filters)
    probabilities = predict_volume(fitted.build(), seen, **options)
    return to_segmentation(probabilities, config.threshold if threshold is None else threshold)


def _best_window(grey, truth, inside):
    """Dice of what a window of grey finds after a filter, the best of each."""
    window = best_filtered_window(
        grey, truth, inside, gaussian_sigmas=GAUSSIAN_SIGMAS, median_sizes=MEDIAN_SIZES
    )
    return _rounded(window.dice)


def _rounded(score):
    return None if score is None else round(float(score), 4)
