"""Measuring all objects of a segmentation, slab by slab."""

from dataclasses import dataclass, field

import numpy as np

from tomoseg_tf.objects.blocks import BlockCounts
from tomoseg_tf.objects.inputs import Inputs, grey_pivot, open_inputs, read_windows
from tomoseg_tf.objects.mask_weights import mask_weights
from tomoseg_tf.objects.merging import ObjectMerger
from tomoseg_tf.objects.places import edge_weights, nearest_neighbours
from tomoseg_tf.objects.split import Split, split_objects
from tomoseg_tf.objects.sums import sum_slab
from tomoseg_tf.objects.table import VOXEL, object_columns

CONNECTIVITIES = (6, 18, 26)


@dataclass(frozen=True)
class Objects:
    """The objects of a segmentation and what was counted beside them.

    Attributes
    ----------
    columns : dict from str to (N,) ndarray
        The table, see `object_columns`; rows are ordered by the first voxel of the objects, and
        labels count from 1.
    shape : tuple of three int
        Shape (Z, Y, X) of the segmentation.
    spacing : tuple of three float, or None
        Size of a voxel along (z, y, x) in µm.
    blocks : BlockCounts
        Voxels of each class and of the sample, of all objects, whatever was left out.
    sample : str or None
        Name of the mask of the sample; None if the sample is the whole box.
    small, cut : dict from int to int
        Numbers of objects by class that were left out because they are too small, or else because
        they touch a face of the box.
    connectivity, min_voxels, keep_border, depth : int, int, bool, int or None
        Settings.
    slabs : list of (L,) ndarray of int64
        Label in the table of each label of each slab, or 0.
    split : Split, or None
        Labels of the pieces of objects that were parted.
    notices : tuple of str
        What a user should know.
    """

    columns: dict
    shape: tuple
    spacing: tuple | None
    blocks: BlockCounts
    sample: str | None
    small: dict
    cut: dict
    connectivity: int
    min_voxels: int
    keep_border: bool
    depth: int | None
    slabs: list = field(repr=False)
    split: Split | None = field(default=None, repr=False)
    notices: tuple = ()

    def __len__(self):
        return len(self.columns["label"])


def measure_objects(
    segmentation,
    *,
    volume=None,
    mask=None,
    palette="auto",
    connectivity=26,
    min_voxels=8,
    keep_border=False,
    split=None,
    spacing=None,
    depth=None,
    progress=None,
):
    """Measure the connected objects of each class of a segmentation.

    The segmentation is read once, slab by slab; objects are merged over their borders, so that the
    result is that of the whole volume. Memory grows with the number of objects only.

    Parameters
    ----------
    segmentation : path, (Z, Y, X) array_like, Volume or Inputs
        Classes: 0 is background, 255 counts in nothing; or all inputs, opened.
    volume : path, (Z, Y, X) array_like or Volume, optional
        Grey levels of the same shape.
    mask : str, path, (Z, Y, X) array_like or Volume, optional
        Which voxels are the sample, as for `open_sample`: "auto", "none" or a label volume. By
        default auto where a volume is given, else none. What is outside is no object.
    palette : str, dict or Palette
        How values of the segmentation map to classes, see `open_truth`.
    connectivity : int
        6: voxels of an object share faces; 18: also edges; 26: also corners.
    min_voxels : int
        Least size of an object, at least 1.
    keep_border : bool
        Whether objects that touch a face of the volume, which are cut, are kept.
    split : float, optional
        Part objects at necks by a watershed, each as a whole: how much less the distance to the
        surface must be in a neck than at the middle of the smaller part, in voxels. The slices of
        one object at a time are held for it, and objects with more than 2**28 voxels in theirs
        are left as they are.
    spacing : tuple of three float, optional
        Size of a voxel along (z, y, x) in µm, in place of what the files say.
    depth : int, optional
        Slices per slab; as many as have 16 million voxels by default.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices.

    Returns
    -------
    Objects
        The table and what was counted.

    Raises
    ------
    ValueError
        If an input cannot be read, they differ in shape or spacing, or a setting is none.
    """
    _check_settings(connectivity, min_voxels, split)
    if isinstance(segmentation, Inputs):
        given = segmentation
    else:
        options = {"volume": volume, "mask": mask, "palette": palette, "spacing": spacing}
        given = open_inputs(segmentation, **options)
    pivot = None if given.volume is None else grey_pivot(given.volume)
    shape, blocks = given.segmentation.shape, BlockCounts(given.segmentation.shape)
    small, parts = {}, None
    size = given.spacing or VOXEL
    merger = ObjectMerger(min_voxels, small, size)
    for window in read_windows(given, depth):
        slab = sum_slab(window, connectivity, pivot or 0.0, size)
        blocks.add(window, slab.runs)
        merger.add(slab)
        if progress is not None:
            progress(window.stop, shape[0])
    sums, extremes, slabs = merger.finish()
    if split is not None:
        options = {"connectivity": connectivity, "neck": split, "min_voxels": min_voxels}
        sums, extremes, rows, parts = split_objects(
            given, sums, extremes, pivot=pivot or 0.0, small=small, **options
        )
        slabs = [np.append(rows, -1)[own] for own in slabs]
    columns = object_columns(sums, extremes, shape, spacing=given.spacing, pivot=pivot)
    columns |= _distances(columns, given)
    columns, cut, slabs = _without_cut(columns, slabs, parts, keep_border)
    return Objects(
        columns=columns,
        shape=shape,
        spacing=given.spacing,
        blocks=blocks,
        sample=given.sample and given.sample.name,
        small=small,
        cut=cut,
        connectivity=connectivity,
        min_voxels=min_voxels,
        keep_border=keep_border,
        depth=depth,
        slabs=slabs,
        split=parts,
        notices=_notices(given, parts),
    )


def _check_settings(connectivity, min_voxels, split):
    """Refuse settings that are none."""
    if connectivity not in CONNECTIVITIES:
        raise ValueError(f"connectivity is {connectivity}; choose 6, 18 or 26")
    if split is not None and not split > 0:
        raise ValueError(f"split is {split}; the depth of a neck is positive, such as 1 voxel")
    if min_voxels < 1:
        raise ValueError(f"min_voxels is {min_voxels}; an object has at least 1 voxel")


def _distances(columns, given):
    """Distances to the nearest neighbours, in voxels and in µm, and weights for cut objects."""
    centres = np.stack([columns[f"centroid_{name}"] for name in "zyx"], axis=1)
    found = {}
    for unit, size in (("voxels", VOXEL), ("um", given.spacing)):
        if size is not None:
            distances = nearest_neighbours(centres * size, columns["class"])
            found[f"nearest_neighbour_{unit}"] = distances
    shape = given.segmentation.shape
    if given.sample is None:
        weights = edge_weights(columns, shape)
    else:
        weights = mask_weights(columns, given.sample, shape)
    return found | {"edge_weight": weights}


def _without_cut(columns, slabs, parts, keep_border):
    """Leave out cut objects and number the others: columns, numbers left out, labels by slab."""
    kept = np.ones(len(columns["label"]), bool) if keep_border else ~columns["touches_border"]
    values, counts = np.unique(columns["class"][~kept], return_counts=True)
    labels = np.append(np.where(kept, np.cumsum(kept), 0), 0)  # the last one is of row -1
    columns = {name: column[kept] for name, column in columns.items()}
    columns["label"] = np.arange(1, int(kept.sum()) + 1)
    if parts is not None:
        parts.rows = [labels[rows] for rows in parts.rows]
    cut = dict(zip(values.tolist(), counts.tolist(), strict=True))
    return columns, cut, [labels[rows] for rows in slabs]


def _notices(given, parts):
    """Collect what a user should know of the inputs."""
    volumes = [given.segmentation] + ([] if given.volume is None else [given.volume])
    notices = [notice for volume in volumes for notice in volume.named_notices()]
    if given.sample is not None:
        notices.append(f"{given.segmentation.name}: {given.sample.notice}")
    if parts is not None and parts.higher:
        notices.append(
            f"{given.segmentation.name}: left as they are, too high for the watershed: "
            f"{parts.higher:,} objects"
        )
    return tuple(notices)
