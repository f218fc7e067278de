"""A rendering of the objects of a segmentation in three dimensions."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from tomoseg_tf.class_colours import class_colours
from tomoseg_tf.evaluation import open_classes
from tomoseg_tf.plots.figure import LABEL_SIZE, LEGEND_SIZE, TICK_SIZE, WIDTHS
from tomoseg_tf.plots.surfaces import object_surfaces
from tomoseg_tf.plots.thinning import block_side, thin_classes

LIGHT = np.array([0.35, -0.55, 0.76])
AMBIENT = 0.42
MOST_VOXELS = 2**22
MOST_TRIANGLES = 120_000
BELOW = 0.55  # inches for a scale or a legend
SQUARE = 0.84  # of the width
ELEVATION, AZIMUTH = 22, -58


def plot_rendering(
    segmentation,
    *,
    spacing=None,
    largest=200,
    names=None,
    width="single",
    surfaces=None,
):
    """Draw the surfaces of the largest objects, lit, with axes in µm.

    The segmentation is read once, slab by slab, and thinned to 4 million blocks of voxels, so that
    objects smaller than a block are not seen; where a block is more than a voxel, the figure says
    so. z goes upwards.

    Parameters
    ----------
    segmentation : path, (Z, Y, X) array_like of int or Volume
        Classes; a path is opened with the automatic palette.
    spacing : sequence of three float, optional
        (z, y, x) in µm per voxel, in place of what the file says; without any, axes are in voxels.
    largest : int
        Objects at most.
    names : sequence of str, optional
        Names of the classes by their index, background first.
    width : {"single", "double"}
        Width of the figure, see `figure_size`.
    surfaces : list of Surface, optional
        Those of `rendered_surfaces` for the same arguments, which are found if not given.

    Returns
    -------
    Axes3D
        Of one class the objects are coloured by equivalent radius, of several by class.

    Raises
    ------
    ValueError
        If the segmentation cannot be read, or holds no object to be drawn.
    """
    segmentation = open_classes(segmentation)
    spacing = segmentation.spacing if spacing is None else spacing
    if surfaces is None:
        surfaces = rendered_surfaces(segmentation, spacing=spacing, largest=largest)
    if not surfaces:
        raise ValueError(
            f"{segmentation.name}: no object to be drawn; all voxels are background, or the "
            "objects are too small"
        )
    sides = np.array(segmentation.shape)[::-1] * (spacing or (1.0, 1.0, 1.0))[::-1]
    ax = _axes(width, sides)
    classes = sorted({one.object_class for one in surfaces})
    if len(classes) > 1:
        colours = [to_rgb(class_colours(one.object_class + 1)[-1]) for one in surfaces]
        _explain_classes(ax, classes, names)
    else:
        colours = _colours_by_radius(ax, surfaces, "µm" if spacing else "voxels")
    _draw(ax, surfaces, colours)
    _dress(ax, sides, "µm" if spacing else "voxels")
    if surfaces[0].block > 1:
        text = f"in blocks of {surfaces[0].block}³ voxels"
        ax.figure.text(0.01, 0.99, text, va="top", size=LEGEND_SIZE, color="#555555")
    return ax


def rendered_surfaces(segmentation, *, spacing=None, largest=200):
    """Find the surfaces that `plot_rendering` draws.

    Parameters
    ----------
    segmentation, spacing, largest
        As for `plot_rendering`.

    Returns
    -------
    list of Surface
        The largest object first; thinned further where there are too many triangles.
    """
    segmentation = open_classes(segmentation)
    spacing = segmentation.spacing if spacing is None else spacing
    factor = block_side(segmentation.shape, MOST_VOXELS)
    while True:
        shares = thin_classes(segmentation, factor)
        surfaces = object_surfaces(shares, factor, spacing=spacing, largest=largest)
        number = sum(len(one.triangles) for one in surfaces)
        if number <= MOST_TRIANGLES:
            return surfaces
        # as many as blocks have faces, which fall with the square of their side
        factor = max(factor + 1, round(factor * (number / MOST_TRIANGLES) ** 0.5))


def rendering_data(surfaces, *, unit="um"):
    """Collect the data of `plot_rendering`.

    Parameters
    ----------
    surfaces : list of Surface
        As `rendered_surfaces` gives them.
    unit : {"um", "voxels"}
        Their unit.

    Returns
    -------
    dict from str to list
        Class, volume, equivalent radius, middle of the box, number of triangles, and whether the
        object touches a face of the volume.
    """
    middles = [(one.triangles.min(axis=(0, 1)) + one.triangles.max(axis=(0, 1))) / 2
               for one in surfaces]  # fmt: skip
    places = {
        f"middle_{name}_{unit}": [float(middle[index]) for middle in middles]
        for index, name in enumerate("xyz")
    }
    return {
        "class": [one.object_class for one in surfaces],
        "volume_um3" if unit == "um" else "volume_voxels": [one.volume for one in surfaces],
        f"equivalent_radius_{unit}": _radii(surfaces).tolist(),
        **places,
        "triangles": [len(one.triangles) for one in surfaces],
        "touches_border": [bool(one.touches_border) for one in surfaces],
    }


def _axes(width, sides):
    """Axes in three dimensions, in a figure of their own that is as high as the box needs."""
    import mpl_toolkits.mplot3d  # noqa: F401 - makes the projection known

    wide = WIDTHS[width]
    body = wide * min(0.84, 0.38 + 0.5 * sides[2] / max(sides[:2]))
    high = body + BELOW
    figure = Figure(figsize=(wide, high))
    FigureCanvasAgg(figure)
    square = SQUARE * wide  # which the projection fills, but for room above and below
    bottom = (BELOW + body / 2 - square / 2) / high
    place = ((1 - SQUARE) / 2 - 0.05, bottom, SQUARE, square / high)
    return figure.add_axes(place, projection="3d", computed_zorder=False)


def _draw(ax, surfaces, colours):
    """Draw all surfaces as one collection, whose triangles are sorted by depth together."""
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    triangles = np.concatenate([one.triangles for one in surfaces])
    base = np.repeat(np.array(colours), [len(one.triangles) for one in surfaces], axis=0)
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    normals /= np.where(lengths > 0, lengths, 1)[:, None]
    shade = AMBIENT + (1 - AMBIENT) * np.clip(normals @ (LIGHT / np.linalg.norm(LIGHT)), 0, 1)
    lit = np.clip(base * shade[:, None], 0, 1)
    # edges in the colour of the faces close the seams between triangles
    look = {"facecolors": lit, "edgecolors": lit, "linewidths": 0.1, "antialiased": False}
    ax.add_collection3d(Poly3DCollection(triangles, rasterized=True, **look))


def _dress(ax, sides, unit):
    """Set the box to the volume, and label its axes."""
    for name, side in zip("xyz", sides, strict=True):
        getattr(ax, f"set_{name}lim")(0, side)
        getattr(ax, f"set_{name}label")(f"{name} ({unit})", size=LABEL_SIZE, labelpad=-4)
        axis = getattr(ax, f"{name}axis")
        axis.set_tick_params(labelsize=TICK_SIZE, pad=-2.5)
        axis.set_major_locator(_few_ticks(side / max(sides)))
        axis.set_pane_color((0.96, 0.96, 0.96, 1.0))
        axis._axinfo["grid"].update(linewidth=0.4, color="#d0d0d0")
    ax.set_box_aspect(np.maximum(sides, 0.08 * max(sides)), zoom=0.98)
    ax.view_init(elev=ELEVATION, azim=AZIMUTH)


def _few_ticks(share):
    """Choose as many ticks as a side has room for."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(max(1, round(4 * share)), min_n_ticks=2)


def _colours_by_radius(ax, surfaces, unit):
    """Colour objects by equivalent radius, and explain the scale."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable

    values = _radii(surfaces)
    high = values.max() if values.max() > values.min() else values.min() * 1.01
    norm = Normalize(values.min(), high)
    below = ax.figure.add_axes((0.25, 0.36 / ax.figure.get_figheight(), 0.5, 0.02))
    bar = ax.figure.colorbar(ScalarMappable(norm, "viridis"), cax=below, orientation="horizontal")
    bar.set_label(f"Equivalent radius ({unit})", size=LABEL_SIZE, labelpad=2)
    bar.ax.tick_params(labelsize=TICK_SIZE, length=2, pad=2)
    bar.outline.set_linewidth(0.5)
    return colormaps["viridis"](norm(values))[:, :3]


def _explain_classes(ax, classes, names):
    """Draw the legend of the classes."""
    if names is not None and len(names) <= max(classes):
        raise ValueError(f"{len(names)} names, but there is a class {max(classes)}; name all")
    handles = [
        Patch(
            facecolor=class_colours(index + 1)[-1],
            label=f"class {index}" if names is None else names[index],
        )
        for index in classes
    ]
    place = {"loc": "lower center", "ncols": 3, "frameon": False, "handlelength": 1.1}
    ax.figure.legend(handles=handles, fontsize=LEGEND_SIZE, **place)


def _radii(surfaces):
    """Equivalent radii of objects."""
    return np.cbrt(3 * np.array([one.volume for one in surfaces]) / (4 * np.pi))
