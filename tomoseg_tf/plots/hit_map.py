"""The hit map: where a segmentation is right and how it errs."""

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from tomoseg_tf.plots.slices import check_slice, draw, grey_range
from tomoseg_tf.volume import IGNORE

HIT_COLOURS = {
    "true positive": "#ffffff",
    "true negative": "#000000",
    "false positive": "#e8221f",
    "false negative": "#3b82ff",
    "wrong class": "#e69f00",
    "ignored": "#7f7f7f",
}
LEGEND = {
    "fontsize": 7.5,
    "frameon": False,
    "handlelength": 1.1,
    "handleheight": 1.1,
    "columnspacing": 1.2,
    "borderaxespad": 0.3,
}
_DIM = 0.3  # brightness of the brightest grey level under true negatives


def hit_map(truth, segmentation):
    """Outcome of each voxel as an index into `HIT_COLOURS`.

    Parameters
    ----------
    truth : ndarray of int
        True classes; `IGNORE` (255) is an outcome of its own.
    segmentation : ndarray of int
        Predicted classes, of the same shape.

    Returns
    -------
    ndarray of uint8
        0 true positive, 1 true negative, 2 false positive, 3 false negative, 4 an object of
        another class, 5 ignored.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> hit_map([1, 0, 0, 1, 2, 255], [1, 0, 1, 0, 1, 1])
    array([0, 1, 2, 3, 4, 5], dtype=uint8)
    """
    truth, segmentation = np.asarray(truth), np.asarray(segmentation)
    if truth.shape != segmentation.shape:
        raise ValueError(f"truth has shape {truth.shape}, segmentation {segmentation.shape}")
    outcomes = [
        truth == IGNORE,
        (truth == 0) & (segmentation == 0),
        truth == 0,
        segmentation == 0,
        truth != segmentation,
    ]
    return np.select(outcomes, [5, 1, 2, 3, 4], default=0).astype(np.uint8)


def plot_hit_map(truth, segmentation, *, grey=None, spacing=None, title=None, legend=True, ax=None):
    """Draw a hit map in the colours of Gaudez et al., Fig. 5.

    True positives are white, true negatives black, false positives red, false negatives blue;
    objects of another class than the true one are orange, ignored voxels grey.

    Parameters
    ----------
    truth : (Y, X) array_like of int
        True classes; `IGNORE` (255) is left out.
    segmentation : (Y, X) array_like of int
        Predicted classes.
    grey : (Y, X) array_like, optional
        Grey levels that show darkly through the true negatives, which are black without.
    spacing : sequence of float, optional
        (z, y, x) or (y, x) in µm per voxel, for a scale bar.
    title : str, optional
        Text above.
    legend : bool
        Whether to explain the colours below.
    ax : Axes, optional
        Where to draw; a new figure when None.

    Returns
    -------
    Axes
        The Axes, y downwards.

    Raises
    ------
    ValueError
        If the shapes differ or the arrays are not two-dimensional.
    """
    outcome = hit_map(check_slice(truth), check_slice(segmentation))
    image = np.array([to_rgb(colour) for colour in HIT_COLOURS.values()])[outcome]
    if grey is not None:
        right = outcome == list(HIT_COLOURS).index("true negative")
        image[right] = dimmed(grey, outcome.shape)[right, None]
    ax = draw(image, spacing=spacing, title=title, ax=ax)
    if legend:
        _explain(ax, _names(outcome))
    return ax


def dimmed(grey, shape):
    """Scale grey levels between black and a dark grey, by their percentiles.

    Parameters
    ----------
    grey : (Y, X) array_like
        Grey levels.
    shape : (int, int)
        Shape that they must have.

    Returns
    -------
    (Y, X) ndarray of float64
        Brightness from 0 to 0.3, of NaN 0.

    Raises
    ------
    ValueError
        If the shape is another.
    """
    grey = check_slice(grey)
    if grey.shape != shape:
        raise ValueError(f"grey has shape {grey.shape}, truth and segmentation {shape}")
    low, high = grey_range(grey)
    scaled = (grey.astype(np.float64) - low) / (high - low)
    return _DIM * np.clip(np.nan_to_num(scaled), 0, 1)


def explain_hits(figure, outcome, *, columns):
    """Draw the legend of a hit map below a whole figure.

    Parameters
    ----------
    figure : Figure
        With the constrained layout.
    outcome : ndarray of uint8
        As `hit_map` gives it.
    columns : int
        Columns of the legend.
    """
    place = {"loc": "outside lower center", "ncols": columns}
    figure.legend(handles=_patches(_names(outcome)), **place, **LEGEND)


def _names(outcome):
    """Names of the four usual outcomes, and of others that occur."""
    present = set(np.unique(outcome).tolist()) | {0, 1, 2, 3}
    return [name for index, name in enumerate(HIT_COLOURS) if index in present]


def _explain(ax, names):
    """Draw the legend below an image."""
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.01), "ncols": 2}
    ax.legend(handles=_patches(names), **place, **LEGEND)


def _patches(names):
    """Draw a patch for each outcome."""
    return [
        Patch(facecolor=HIT_COLOURS[name], edgecolor="black", linewidth=0.4, label=name)
        for name in names
    ]
