"""The border weight map of Ronneberger et al. (2015)."""

import numpy as np

from tomoseg_tf.volume import IGNORE

NEGLIGIBLE = 1e-8  # what the border term may lack


def border_weights(truth, *, border_weight=10.0, sigma=5.0, class_weights=None):
    r"""Weigh pixels by their class, and more where two objects come close.

    .. math:: w(x) = w_c(x) + w_0 \exp\left(-\frac{(d_1(x) + d_2(x))^2}{2 \sigma^2}\right)

    with the distances of a pixel to the borders of the nearest and the second
    nearest object. An object is a set of pixels of one class, not the background,
    that touch at sides or corners; its border are its pixels with a neighbour, at
    a side, that is not of it. Slices are taken one by one.

    Parameters
    ----------
    truth : (Y, X) or (Z, Y, X) array_like of int
        Classes, background 0; 255 to ignore.
    border_weight : float
        :math:`w_0`; 10 in the paper.
    sigma : float
        In pixels; 5 in the paper.
    class_weights : sequence of float, optional
        :math:`w_c` by class. By default inverse to the frequencies in `truth`, such
        that each class that is there has the same sum and the mean is 1.

    Returns
    -------
    ndarray of float32
        Of the shape of `truth`; 0 where it is to be ignored. The border term is
        right to 1e-8.

    Raises
    ------
    ValueError
        If the truth has no two or three axes or holds no classes, a weight is
        negative or not finite, sigma is not positive, or a class has no weight.

    References
    ----------
    .. [1] O. Ronneberger, P. Fischer, T. Brox, "U-Net: Convolutional networks for
       biomedical image segmentation", MICCAI 2015. doi:10.1007/978-3-319-24574-4_28
    """
    truth = np.asarray(truth)
    _check(truth, border_weight, sigma, class_weights)
    if class_weights is None:
        class_weights = _inverse_frequencies(truth)
    by_value = np.zeros(256)
    by_value[: len(class_weights)] = class_weights
    by_value[IGNORE] = 0
    weights = by_value[truth]
    if border_weight > NEGLIGIBLE:
        reach = sigma * np.sqrt(2 * np.log(border_weight / NEGLIGIBLE))
        for index in np.ndindex(truth.shape[:-2]):
            nearest, second = _border_distances(truth[index], reach)
            exponent = -((nearest + second) ** 2) / (2 * sigma**2)
            weights[index] += border_weight * np.exp(exponent)
    weights[truth == IGNORE] = 0
    return weights.astype("float32")


def _inverse_frequencies(truth):
    counts = np.bincount(truth.ravel(), minlength=256)[:IGNORE]
    there = counts > 0
    weights = np.zeros(IGNORE)
    weights[there] = counts.sum() / (there.sum() * counts[there])
    return weights


def _border_distances(classes, reach):
    """Distances to the borders of the two nearest objects; infinite beyond the reach."""
    from scipy import ndimage  # takes long to import

    nearest = np.full(classes.shape, np.inf)
    second = nearest.copy()
    margin = int(np.ceil(reach))
    for value in np.unique(classes):
        if value in (0, IGNORE):
            continue
        objects, _ = ndimage.label(classes == value, structure=np.ones((3, 3)))
        for label, box in enumerate(ndimage.find_objects(objects), start=1):
            window = tuple(slice(max(0, side.start - margin), side.stop + margin) for side in box)
            inside = objects[window] == label
            border = inside & ~ndimage.binary_erosion(inside, border_value=1)
            if not border.any():  # it fills the slice
                continue
            distances = ndimage.distance_transform_edt(~border)
            second[window] = np.minimum(second[window], np.maximum(nearest[window], distances))
            nearest[window] = np.minimum(nearest[window], distances)
    return nearest, second


def _check(truth, border_weight, sigma, class_weights):
    if truth.ndim not in (2, 3) or not truth.size:
        raise ValueError(f"truth must be (Y, X) or (Z, Y, X), got the shape {truth.shape}")
    if truth.dtype.kind not in "ui" or truth.min() < 0 or truth.max() > IGNORE:
        raise ValueError(
            f"truth must hold classes 0 to {IGNORE} as whole numbers, got {truth.dtype} from "
            f"{truth.min()} to {truth.max()}"
        )
    if not 0 <= border_weight < np.inf:
        raise ValueError(f"border_weight must be 0 or more and finite, got {border_weight}")
    if not 0 < sigma < np.inf:
        raise ValueError(f"sigma must be above 0 and finite, got {sigma}")
    if class_weights is None:
        return
    if not all(0 <= weight < np.inf for weight in class_weights):
        raise ValueError(f"class_weights must be 0 or more and finite, got {list(class_weights)}")
    highest = truth[truth != IGNORE].max(initial=0)
    if not highest < len(class_weights) <= IGNORE:
        raise ValueError(
            f"class_weights has {len(class_weights)} weights, but truth holds class {highest}; "
            f"give one to each class"
        )
