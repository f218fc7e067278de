"""One slice: its grey levels or its classes, with a scale bar."""

from math import floor, log10

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from tomoseg_tf.class_colours import BACKGROUND, COLOURS, IGNORED
from tomoseg_tf.plots.figure import new_axes
from tomoseg_tf.volume import IGNORE

# white is for the objects of binary segmentations, which it shows best on black
_CLASSES = (BACKGROUND, "#ffffff", *COLOURS)


def plot_slice(image, *, spacing=None, percentiles=(0.5, 99.5), title=None, ax=None):
    """Draw the grey levels of a slice, with a scale bar when the spacing is known.

    Parameters
    ----------
    image : (Y, X) array_like
        Grey levels.
    spacing : sequence of float, optional
        (z, y, x) or (y, x) in µm per voxel.
    percentiles : (float, float)
        Percentiles of the grey levels that are drawn black and white.
    title : str, optional
        Text above.
    ax : Axes, optional
        Where to draw; a new figure when None.

    Returns
    -------
    Axes
        The Axes, y downwards.

    Raises
    ------
    ValueError
        If the image is not two-dimensional.
    """
    image = check_slice(image)
    low, high = grey_range(image, percentiles)
    return draw(
        image,
        spacing=spacing,
        title=title,
        ax=ax,
        cmap="gray",
        vmin=low,
        vmax=high,
    )


def plot_classes(image, *, spacing=None, title=None, ax=None):
    """Draw the classes of a slice: background black, objects white, further classes in colours.

    Parameters
    ----------
    image : (Y, X) array_like of int
        Class indices; `IGNORE` (255) is drawn grey.
    spacing : sequence of float, optional
        (z, y, x) or (y, x) in µm per voxel.
    title : str, optional
        Text above.
    ax : Axes, optional
        Where to draw; a new figure when None.

    Returns
    -------
    Axes
        The Axes, y downwards.

    Raises
    ------
    ValueError
        If the image is not two-dimensional.
    """
    image = check_slice(image)
    number = len(_CLASSES)  # beyond these the colours of the objects come again
    shown = np.where(image == 0, 0, (image.astype(np.int64) - 1) % (number - 1) + 1)
    shown[image == IGNORE] = number
    colours = ListedColormap([*_CLASSES, IGNORED])
    return draw(shown, spacing=spacing, title=title, ax=ax, cmap=colours, vmin=0, vmax=number)


def colours_of_classes(number):
    """Colours that `plot_classes` gives to classes.

    Parameters
    ----------
    number : int
        Number of classes, the background included.

    Returns
    -------
    list of str
        Colours ``#rrggbb`` by class index; beyond the last one those of the objects come again.
    """
    return [_CLASSES[0 if c == 0 else (c - 1) % (len(_CLASSES) - 1) + 1] for c in range(number)]


def scale_bar(ax, shape, spacing):
    """Draw a scale bar of a round length, about a quarter of the width, into an image.

    Parameters
    ----------
    ax : Axes
        Axes with an image of one unit per voxel.
    shape : (int, int)
        Shape (Y, X) of the image.
    spacing : sequence of float
        (z, y, x) or (y, x) in µm per voxel.

    Returns
    -------
    float
        Length of the bar in µm.
    """
    height, width = shape
    dy, dx = spacing[-2:]
    length = _round_length(width * dx / 4)
    left, bottom = 0.05 * width - 0.5, height - 0.05 * width * dx / dy - 0.5
    thick = max(0.012 * width * dx / dy, 0.5)
    ax.add_patch(
        Rectangle(
            (left, bottom - thick), length / dx, thick, facecolor="white", edgecolor="black", lw=0.4
        )
    )
    ax.text(
        left,  # where the bar is shorter than the text, too, it stays inside
        bottom - 1.6 * thick,
        _length_text(length),
        color="white",
        size=8,
        ha="left",
        va="bottom",
        path_effects=[withStroke(linewidth=1.5, foreground="black")],
    )
    return length


def grey_range(values, percentiles=(0.5, 99.5)):
    """Grey levels that are drawn black and white: percentiles of those that are finite.

    Parameters
    ----------
    values : array_like
        Grey levels.
    percentiles : (float, float)
        Those drawn black and white.

    Returns
    -------
    (float, float)
        They differ; 0 and 1 where no value is finite.
    """
    values = np.asarray(values)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = np.percentile(finite, percentiles)
    return float(low), float(high if high > low else low + 1e-6 * (abs(low) or 1))


def check_slice(image):
    """Return an image as an array; ValueError when it is not (Y, X)."""
    image = np.asarray(image)
    if image.ndim != 2:
        raise ValueError(f"a slice is (Y, X); this array has shape {image.shape}")
    return image


def draw(image, *, spacing=None, title=None, ax=None, **options):
    """Draw a (Y, X) or (Y, X, 3) image without ticks, sides in proportion.

    Parameters
    ----------
    image : (Y, X) or (Y, X, 3) ndarray
        Image.
    spacing : sequence of float, optional
        (z, y, x) or (y, x) in µm per voxel; gives proportions and scale bar.
    title : str, optional
        Text above.
    ax : Axes, optional
        Where to draw; a new figure when None.
    **options
        For `Axes.imshow`.

    Returns
    -------
    Axes
        The Axes, y downwards.
    """
    ax = new_axes() if ax is None else ax
    aspect = 1 if spacing is None else spacing[-2] / spacing[-1]
    ax.imshow(image, aspect=aspect, interpolation="nearest", **options)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_linewidth(0.5)
    if title is not None:
        ax.set_title(title, size=9.5, pad=4)
    if spacing is not None:
        scale_bar(ax, image.shape[:2], spacing)
    return ax


def _round_length(length):
    """Largest of 1, 2 and 5 times a power of ten up to a length."""
    power = 10.0 ** floor(log10(length))
    return max(step * power for step in (1, 2, 5) if step * power <= length * (1 + 1e-9))


def _length_text(length):
    """Text of a length in µm, in nm or mm where that is shorter."""
    for unit, size in (("nm", 1e-3), ("µm", 1.0), ("mm", 1e3)):
        if length < 999.5 * size:
            return f"{length / size:g} {unit}"
    return f"{length / 1e3:g} mm"
