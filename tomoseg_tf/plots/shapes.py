"""Shapes of objects: sphericity against radius, coloured by grey level."""

import numpy as np

from tomoseg_tf.plots.figure import (
    LABEL_SIZE,
    LEGEND_SIZE,
    TICK_SIZE,
    figure_size,
    label_axes,
    new_axes,
)
from tomoseg_tf.plots.object_columns import UNITS, column, columns_of, radii

BALL = 2 / 3  # of many voxels, by their faces
LIMITS = {
    "sphericity": (BALL, "ball of voxels, 2/3"),
    "sphericity_crofton": (1.0, "ball, 1"),
    "sphericity_mesh": (0.92, "ball of voxels, 0.92"),  # whose mesh keeps steps
}
NAMES = {
    "sphericity": "Sphericity (voxel faces)",
    "sphericity_crofton": "Sphericity (Crofton)",
    "sphericity_mesh": "Sphericity (mesh)",
}
MANY = 3000  # points above which vector formats get pixels


def plot_shapes(table, *, sphericity="sphericity", ax=None):
    """Draw sphericity against equivalent radius, as in Fig. 6(b, c) of Gaudez et al. [1]_.

    Points are coloured by the mean grey level of their object, if the table has it.

    Parameters
    ----------
    table : dict from str to (N,) ndarray, or Objects
        Table of objects.
    sphericity : {"sphericity", "sphericity_crofton", "sphericity_mesh"}
        Which one: from the area of voxel faces, as published, of which a ball of many voxels has
        2/3, drawn as a line; or by Crofton's formula, where that is 1, or of a mesh, where it is
        0.92.
    ax : Axes, optional
        Where to draw; a new figure when None.

    Returns
    -------
    Axes
        Radii to the right, in µm where the table has them.

    Raises
    ------
    ValueError
        If a column is missing, or there is no such sphericity.

    References
    ----------
    .. [1] S. Gaudez, M. Ben Haj Slama, A. Kaestner and M. V. Upadhyay, "3D deep convolutional
       neural network segmentation model for precipitate and porosity identification in
       synchrotron X-ray tomograms", J. Synchrotron Rad. 29, 2022.
    """
    if sphericity not in LIMITS:
        raise ValueError(f"sphericity {sphericity!r} is not known; use {', '.join(LIMITS)}")
    sizes, unit = radii(table)
    values = np.asarray(column(table, sphericity), float)
    grey = columns_of(table).get("grey_mean")
    ax = new_axes(size=figure_size()) if ax is None else ax
    look = {"s": _point_size(len(sizes)), "linewidths": 0.2, "edgecolors": "#333333"}
    look |= {"rasterized": len(sizes) > MANY, "zorder": 2}
    if grey is None:
        ax.scatter(sizes, values, color="#0072b2", **look)
    else:
        points = ax.scatter(sizes, values, c=np.asarray(grey, float), cmap="viridis", **look)
        _explain_grey(ax, points)
    limit, name = LIMITS[sphericity]
    ax.axhline(limit, color="#7f7f7f", lw=1.0, ls="--", zorder=1, label=name)
    label_axes(ax, f"Equivalent radius ({UNITS[unit]})", NAMES[sphericity])
    ax.set_xlim(left=0)
    ax.set_ylim(*_limits(values, limit))
    ax.legend(fontsize=LEGEND_SIZE, frameon=False, loc="lower right", handlelength=2.4)
    return ax


def shape_data(table, *, sphericity="sphericity"):
    """Collect the data of `plot_shapes`.

    Parameters
    ----------
    table, sphericity
        As for `plot_shapes`.

    Returns
    -------
    dict from str to (N,) ndarray
        Label, class, radius, sphericity, and grey level if there is one.
    """
    sizes, unit = radii(table)
    columns = columns_of(table)
    data = {name: columns[name] for name in ("label", "class") if name in columns}
    data |= {f"equivalent_radius_{unit}": sizes, sphericity: column(table, sphericity)}
    return data | {name: columns[name] for name in ("grey_mean",) if name in columns}


def _explain_grey(ax, points):
    """Draw the scale of grey levels."""
    bar = ax.figure.colorbar(points, ax=ax, pad=0.02, aspect=28)
    bar.set_label("Mean grey level", size=LABEL_SIZE)
    bar.ax.tick_params(labelsize=TICK_SIZE, length=2)
    bar.outline.set_linewidth(0.5)


def _point_size(number):
    """Area of a point in square points, smaller where there are many."""
    return float(np.clip(4000 / max(number, 1), 3, 18))


def _limits(values, limit):
    """Range of sphericities that shows all points and the line."""
    known = np.append(values[np.isfinite(values)], limit)
    low, high = known.min(), known.max()
    return max(0.0, low - 0.12 * (high - low) - 0.02), high + 0.05 * (high - low) + 0.02
