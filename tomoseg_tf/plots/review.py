"""Objects as thumbnails in three planes, and many of them on a sheet."""

from typing import NamedTuple

import numpy as np
from matplotlib.patches import Patch

from tomoseg_tf.class_colours import COLOURS
from tomoseg_tf.plots.figure import new_axes
from tomoseg_tf.plots.slices import grey_range

PIXELS = 160  # side of a plane
GAP = 6  # between planes
OBJECT, OTHER = COLOURS[0], COLOURS[1]
OUTSIDE = 96  # grey of what is outside the volume
SMALLEST, LARGEST = 24.0, 512.0  # side of a thumbnail in voxels
COLUMNS, ROWS = 2, 7  # of a sheet


class Place(NamedTuple):
    """Where three planes are cut.

    Attributes
    ----------
    planes : tuple of three int
        z, y and x of the planes.
    middle : tuple of three float
        Middle of the thumbnail in voxels (z, y, x).
    sides : tuple of three float
        Sides of the thumbnail in voxels (z, y, x), equal lengths.
    """

    planes: tuple
    middle: tuple
    sides: tuple


def place_of(row, spacing=None):
    """Choose the planes through an object and the part of them to be shown.

    Parameters
    ----------
    row : dict
        ``centroid_z`` and the ends ``z_start`` and ``z_stop`` of its box, and the same of y and x.
    spacing : tuple of three float, optional
        Size of a voxel along (z, y, x).

    Returns
    -------
    Place
        Planes through the centroid; the side is 2.2 times that of the box, from 24 to 512 of the
        smallest voxel sides.
    """
    spacing = np.ones(3) if spacing is None else np.array(spacing)
    start, stop = (np.array([row[f"{axis}_{end}"] for axis in "zyx"]) for end in ("start", "stop"))
    length = 2.2 * (spacing * (stop - start)).max() / spacing.min()
    sides = np.clip(length, SMALLEST, LARGEST) * spacing.min() / spacing
    planes = tuple(round(float(row[f"centroid_{axis}"])) for axis in "zyx")
    return Place(planes, tuple((start + stop - 1) / 2), tuple(sides))


def sample_planes(volume, place, pixels=PIXELS):
    """Read the planes xy, xz and yz through a place, as square images.

    Parameters
    ----------
    volume : Volume
        Grey levels, classes or labels.
    place : Place
        What to read.
    pixels : int
        Side of the images.

    Returns
    -------
    images : (3, pixels, pixels) ndarray
        Values of the nearest voxels; 0 outside the volume. Rows are y, z and z.
    inside : (3, pixels, pixels) ndarray of bool
        Which pixels are inside the volume.
    """
    steps = (np.arange(pixels) + 0.5) / pixels - 0.5
    lines = [
        np.floor(middle + steps * side + 0.5).astype(int)
        for middle, side in zip(place.middle, place.sides, strict=True)
    ]
    images = np.zeros((3, pixels, pixels), volume.dtype)
    inside = np.zeros(images.shape, bool)
    for image, mask, normal in zip(images, inside, (0, 1, 2), strict=True):
        across = [axis for axis in range(3) if axis != normal]
        within = [(lines[axis] >= 0) & (lines[axis] < volume.shape[axis]) for axis in across]
        if not all(line.any() for line in within):
            continue
        box = [(place.planes[normal], place.planes[normal] + 1)] * 3
        places = []
        for axis, line in zip(across, within, strict=True):
            chosen = lines[axis][line]
            box[axis] = int(chosen[0]), int(chosen[-1]) + 1
            places.append(chosen - chosen[0])
        plane = volume.read_box(box).squeeze(normal)
        mask[...] = np.logical_and.outer(*within)
        image[mask] = plane[np.ix_(*places)].ravel()
    return images, inside


def contrast(images, inside, objects):
    """Difference of the grey levels in an object and around it, in three planes.

    Parameters
    ----------
    images : (3, P, P) ndarray
        Grey levels.
    inside, objects : (3, P, P) ndarray of bool
        Which pixels are in the volume, and which in the object.

    Returns
    -------
    float
        Difference of the means, without its sign, over the standard deviation around the object;
        0 where that is not defined.
    """
    around = images[inside & ~objects].astype(float)
    own = images[inside & objects].astype(float)
    if not (len(around) and len(own)) or not around.std() > 0:
        return 0.0
    return float(abs(own.mean() - around.mean()) / around.std())


def thumbnail(images, inside, objects, others):
    """Draw three planes side by side, with the outline of an object.

    Parameters
    ----------
    images : (3, P, P) ndarray
        Grey levels.
    inside, objects, others : (3, P, P) ndarray of bool
        Which pixels are in the volume, in the object, and in objects of the other volume.

    Returns
    -------
    (P, 3 P + 12, 3) ndarray of uint8
        Colours: xy, xz and yz; the object outlined in orange, others in blue.
    """
    from scipy.ndimage import binary_dilation  # takes long to import

    values = images.astype(float)
    finite = inside & np.isfinite(values)
    low, high = grey_range(values[inside])
    grey = np.clip((values - low) / (high - low), 0, 1)
    grey = np.where(finite, np.rint(255 * np.nan_to_num(grey)), OUTSIDE).astype(np.uint8)
    coloured = np.repeat(grey[..., None], 3, axis=-1)
    cross = np.array([[[0, 1, 0], [1, 1, 1], [0, 1, 0]]], bool)
    for mask, colour, width in ((others, OTHER, 1), (objects, OBJECT, 2)):
        edge = binary_dilation(mask, cross, iterations=width) & ~mask
        coloured[edge] = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    white = np.full((coloured.shape[1], GAP, 3), 255, np.uint8)
    one, two, three = coloured
    return np.concatenate([one, white, two, white, three], axis=1)


def plot_sheet(thumbnails, captions, *, title, other):
    """Draw a contact sheet: a page of thumbnails with their captions.

    Parameters
    ----------
    thumbnails : sequence of (P, W, 3) ndarray of uint8
        At most 14 images.
    captions : sequence of str
        Text below each.
    title : str
        Heading of the page.
    other : str
        What the blue outlines are.

    Returns
    -------
    Axes
        The first Axes; the page is its figure.
    """
    rows = -(-len(thumbnails) // COLUMNS)
    axes = new_axes(rows, COLUMNS, size=(7.6, 0.75 + 1.48 * rows))
    axes = np.reshape(axes, -1)
    for ax in axes[len(thumbnails) :]:
        ax.set_axis_off()
    for ax, image, caption in zip(axes, thumbnails, captions, strict=False):
        ax.imshow(image, interpolation="none")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_xlabel(caption, size=6.5, labelpad=2, linespacing=1.15)
    figure = axes[0].figure
    figure.suptitle(title, size=9.5)
    handles = [
        Patch(facecolor="none", edgecolor=OBJECT, label="the object"),
        Patch(facecolor="none", edgecolor=OTHER, label=other),
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=2,
        fontsize=7.5,
        frameon=False,
        title="planes xy, xz and yz through the centre; y and z downwards",
        title_fontsize=7.5,
    )
    return axes[0]
