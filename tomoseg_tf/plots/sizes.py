"""Size histograms: how many objects of which radius, seen and corrected for the edges."""

from math import ceil, floor, log10

import numpy as np
from matplotlib.ticker import MaxNLocator

from tomoseg_tf.plots.figure import LEGEND_SIZE, figure_size, label_axes, new_axes
from tomoseg_tf.plots.object_columns import UNITS, columns_of, radii

# blue and vermilion of Okabe and Ito first: they differ in lightness, too
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
FEWEST_BINS, MOST_BINS = 6, 40


def plot_size_histogram(table, *, edges=None, ax=None):
    """Draw the numbers of objects by equivalent radius, as in Fig. 6(a) of Gaudez et al. [1]_.

    Bars are the objects that the table holds. The broken line counts each with its weight after
    Miles and Lantuéjoul, where the table has them: as many as there would be had no large object
    been left out for touching a face.

    Parameters
    ----------
    table : dict from str to (N,) ndarray, Objects, or dict of them by name
        Table of objects; several are drawn over one another, such as truth and prediction.
    edges : (K + 1,) array_like of float, optional
        Radii between the bars, rising; by default round ones.
    ax : Axes, optional
        Where to draw; a new figure when None.

    Returns
    -------
    Axes
        Radii to the right, in µm where all tables have them.

    Raises
    ------
    ValueError
        If a column is missing, the tables have different units, or the edges do not rise.

    References
    ----------
    .. [1] S. Gaudez, M. Ben Haj Slama, A. Kaestner and M. V. Upadhyay, "3D deep convolutional
       neural network segmentation model for precipitate and porosity identification in
       synchrotron X-ray tomograms", J. Synchrotron Rad. 29, 2022.
    """
    counted = size_data(table, edges=edges)
    ax = new_axes(size=figure_size()) if ax is None else ax
    names = [name[len("objects") :] for name in counted if name.startswith("objects")]
    bounds, drawn = _bounds(counted), []
    for index, name in enumerate(names):
        drawn += _draw(ax, counted, bounds, name, index, alone=len(names) == 1)
    unit = next(iter(counted)).removeprefix("radius_from_")
    label_axes(ax, f"Equivalent radius ({UNITS[unit]})", "Objects")
    ax.set_xlim(bounds[0], bounds[-1])
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    if len(drawn) > 1:
        ax.legend(handles=drawn, fontsize=LEGEND_SIZE, frameon=False)
    return ax


def _draw(ax, counted, bounds, name, index, *, alone):
    """Draw the objects of one table, and what they are corrected to."""
    colour, label = SERIES[index % len(SERIES)], name[1:].replace("_", " ") or "seen"
    if index == 0:
        look = {"color": colour, "alpha": 0.55, "edgecolor": "white", "linewidth": 0.4}
        bars = {"height": counted[f"objects{name}"], "width": np.diff(bounds), "align": "edge"}
        drawn = [ax.bar(bounds[:-1], **bars, label=label, **look)]
    else:
        look = {"color": colour, "linewidth": 1.3, "label": label}
        drawn = [ax.stairs(counted[f"objects{name}"], bounds, **look)]
    corrected = counted.get(f"corrected_objects{name}")
    if corrected is not None:
        look = {"color": colour, "linewidth": 0.9, "linestyle": (0, (3, 1.5))}
        label = "corrected for edges" if alone else f"{label}, corrected"
        drawn.append(ax.stairs(corrected, bounds, label=label, **look))
    return drawn


def size_data(table, *, edges=None):
    """Count objects by equivalent radius: the data of `plot_size_histogram`.

    Parameters
    ----------
    table, edges
        As for `plot_size_histogram`.

    Returns
    -------
    dict from str to (K,) ndarray
        ``radius_from_um`` and ``radius_to_um`` (or ``_voxels``), ``objects``, and where the table
        has weights ``corrected_objects``; of several tables these with ``_NAME``. Ranges are
        ``from <= radius < to``, the last one with its upper end.

    Raises
    ------
    ValueError
        As `plot_size_histogram`.
    """
    tables = table if _is_several(table) else {"": table}
    sizes = {name: radii(one) for name, one in tables.items()}
    units = {unit for _, unit in sizes.values()}
    if len(units) > 1:
        raise ValueError(
            "one table is in µm, another in voxels only; measure both with the same spacing"
        )
    everything = np.concatenate([found for found, _ in sizes.values()])
    edges = round_edges(everything) if edges is None else np.asarray(edges, float)
    if len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise ValueError(f"edges {edges.tolist()}: at least two radii, each above the one before")
    (unit,) = units
    data = {f"radius_from_{unit}": edges[:-1], f"radius_to_{unit}": edges[1:]}
    for name, one in tables.items():
        suffix = f"_{name}" if name else ""
        found = sizes[name][0]
        data[f"objects{suffix}"] = np.histogram(found, edges)[0]
        weights = columns_of(one).get("edge_weight")
        if weights is not None:
            known = np.nan_to_num(np.asarray(weights, float))  # cut objects stand in no range
            data[f"corrected_objects{suffix}"] = np.histogram(found, edges, weights=known)[0]
    return data


def round_edges(values):
    """Choose round edges of bars: steps of 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    values : (N,) ndarray of float
        What is counted; none at all give the range from 0 to 1.

    Returns
    -------
    (K + 1,) ndarray of float64
        Edges; the step is near that of Freedman and Diaconis, with 6 to about 40 bars.

    Examples
    --------
    >>> round_edges(np.array([2.3, 3.1, 3.3, 4.9]))
    array([2. , 2.5, 3. , 3.5, 4. , 4.5, 5. ])
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    spread = max(high - low, 0.1 * abs(high), 1e-9)
    wanted = 2 * np.subtract(*np.percentile(values, (75, 25))) / np.cbrt(len(values))
    step = _round_step(min(max(wanted, spread / MOST_BINS), spread / FEWEST_BINS))
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return np.round(np.arange(first, max(last, first + 1) + 1) * step, 12)


def _round_step(step):
    """Round a step to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** floor(log10(step))
    return power * min((1, 2, 5, 10), key=lambda one: abs(log10(one * power / step)))


def _is_several(table):
    """Whether a table is a dict of tables by name."""
    return isinstance(table, dict) and any(
        isinstance(one, dict) or hasattr(one, "columns") for one in table.values()
    )


def _bounds(counted):
    """Edges of the bars of `size_data`."""
    low, high = list(counted.values())[:2]
    return np.append(low, high[-1])
