"""The classes of a preview: their colours, their counts and the legend."""

import numpy as np
from matplotlib.patches import Patch

from tomoseg_tf.class_colours import IGNORED, class_colours
from tomoseg_tf.volume import IGNORE

HATCH, HATCH_COLOUR = "//", "#b0b0b0"


def colour_of(number):
    """Colour of a class in a preview.

    Parameters
    ----------
    number : int
        Class; beyond the seventh the colours come again.

    Returns
    -------
    str
        Colour ``#rrggbb``.
    """
    return IGNORED if number == IGNORE else class_colours(number + 1)[number]


def describe_classes(counts, names, path):
    """Describe each class that occurs or has a name.

    Parameters
    ----------
    counts : (256,) ndarray of int
        Voxels of each class, 255 is ignore.
    names : sequence of str or None
        Names of the classes, background first.
    path : str
        What errors call the truth.

    Returns
    -------
    list of dict
        ``class``, ``name``, ``voxels`` and ``fraction``: of the labelled voxels, of class 255 of
        all.

    Raises
    ------
    ValueError
        If a class that occurs has no name.
    """
    present = np.flatnonzero(counts).tolist()
    highest = max((number for number in present if number != IGNORE), default=0)
    if names is not None and len(names) <= highest:
        raise ValueError(
            f"{path}: holds class {highest}, but only {len(names)} classes are named; name all, "
            "the background first"
        )
    names = dict(enumerate(names)) if names else {}
    labelled = max(int(counts[:IGNORE].sum()), 1)
    classes = []
    for number in sorted({*present, *names}):
        name = names.get(number, "background" if number == 0 else f"class {number}")
        voxels, whole = int(counts[number]), labelled
        if number == IGNORE:
            name, whole = "ignored", int(counts.sum())
        entry = {"class": number, "name": name, "voxels": voxels, "fraction": voxels / whole}
        classes.append(entry)
    return classes


def explain_classes(figure, classes):
    """Draw a legend of classes below a figure.

    Parameters
    ----------
    figure : Figure
        With the constrained layout.
    classes : list of dict
        As `describe_classes` gives them.
    """
    handles = []
    for entry in classes:
        number, share = entry["class"], _share(entry["fraction"])
        label = f"{number}  {entry['name']}  {entry['voxels']:,}  ({share})"
        look = {"facecolor": colour_of(number), "edgecolor": "black", "linewidth": 0.4}
        if number == IGNORE:
            look |= {"hatch": HATCH, "edgecolor": HATCH_COLOUR}
        handles.append(Patch(label=label, **look))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(2, len(handles)),
        fontsize=8,
        frameon=False,
        handlelength=1.4,
        handleheight=1.1,
        title="class, name, voxels in the whole volume (share of the labelled)",
        title_fontsize=7.5,
    )


def _share(fraction):
    """Write a share in percent with three digits."""
    return f"{100 * fraction:.3g} %"
