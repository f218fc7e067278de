"""From a segmentation to mesh files, one per class."""

import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tomoseg_tf.meshes.drawing import draw_surface
from tomoseg_tf.meshes.fields import Field, check_grid
from tomoseg_tf.meshes.files import FORMATS, LABELLED
from tomoseg_tf.objects import measure_objects, open_inputs, write_labels
from tomoseg_tf.volume import IGNORE, check_destination, count_classes, open_volume, staged_file

CLASSES = 256


def write_meshes(
    segmentation,
    output,
    *,
    classes=(),
    step=1,
    smooth=0.0,
    min_voxels=1,
    labels=False,
    palette="auto",
    spacing=None,
    depth=None,
    overwrite=False,
):
    """Write the surface of each class of a segmentation as a mesh.

    Lengths are in µm, or in voxels where the spacing is unknown; places count from the centre of
    the first voxel. Surfaces are closed: objects that touch a face of the volume end there. Memory
    is that of a slab.

    Parameters
    ----------
    segmentation : path, (Z, Y, X) array_like or Volume
        Classes; 0 and 255 are outside.
    output : str or Path
        File that ends in .ply, .vtk, .stl or .obj; with several classes the number of each goes
        before the suffix, as in ``pores_2.ply``.
    classes : sequence of int
        Classes to draw; all that occur by default.
    step : int
        Side of the blocks that the volume is thinned to.
    smooth : float
        Standard deviation, in voxels, of a Gaussian filter of the classes.
    min_voxels : int
        Least size of the objects that are drawn.
    labels : bool
        Whether vertices get the label of their object, which PLY and VTK can hold; for surfaces
        that are neither thinned nor smoothed.
    palette, spacing
        As for `measure_objects`.
    depth : int, optional
        Slices of the thinned volume per slab.
    overwrite : bool
        Whether existing outputs may be replaced.

    Returns
    -------
    meshes : list of dict
        For each class: ``path``, ``class``, ``vertices``, ``faces``, ``area``, ``volume``, and
        their ``unit``, "um" or "voxels".
    notices : list of str
        What a user should know.

    Raises
    ------
    ValueError
        If an output exists or has another suffix, a class does not occur, or a setting is none.
    """
    output = Path(output)
    _check(output, step, smooth, min_voxels, labels)
    given = open_inputs(segmentation, palette=palette, spacing=spacing)
    chosen, paths = _chosen(given.segmentation, output, classes)
    for path in paths:
        check_destination(path, overwrite)
    meshes, objects = [], labels or min_voxels > 1
    with _source(given, min_voxels if objects else None) as (volume, owners):
        for index, path in zip(chosen, paths, strict=True):
            own = owners == index
            field = Field(volume, own, step=step, smooth=smooth)
            options = {"labels": volume if labels else None, "own": own, "depth": depth}
            with staged_file(path, overwrite=overwrite) as partial:
                drawn = draw_surface(field, partial, output.suffix, given.spacing, **options)
            meshes.append({"path": str(path), "class": index, **drawn})
    return meshes, list(given.segmentation.named_notices())


@contextmanager
def _source(given, min_voxels):
    """Classes, or labels of all objects that are large enough; and the class of each value."""
    if min_voxels is None:
        yield given.segmentation, np.arange(CLASSES)
        return
    objects = measure_objects(given, min_voxels=min_voxels, keep_border=True)
    with tempfile.TemporaryDirectory(prefix="tomoseg-tf-") as folder:
        path = Path(folder, "labels.npy")
        write_labels(objects, given, path)
        yield open_volume(path), np.append(0, objects.columns["class"])


def _check(output, step, smooth, min_voxels, labels):
    """Refuse what cannot be."""
    if output.suffix.lower() not in FORMATS:
        raise ValueError(f"{output}: a mesh ends in {', '.join(FORMATS)}")
    check_grid(step, smooth)
    if min_voxels < 1:
        raise ValueError(f"min_voxels is {min_voxels}; an object has at least 1 voxel")
    if labels and (output.suffix.lower() not in LABELLED or step > 1 or smooth):
        raise ValueError(
            f"{output}: labels of vertices need a .ply or .vtk file, and a surface that is neither "
            "thinned nor smoothed"
        )


def _chosen(segmentation, output, classes):
    """Classes to draw and their files."""
    counts = count_classes(segmentation)
    present = [index for index in range(1, IGNORE) if index < len(counts) and counts[index]]
    for index in classes:
        if index not in present:
            there = ", ".join(map(str, present)) or "none"
            raise ValueError(f"{segmentation.name}: no voxel is of class {index}; there is {there}")
    chosen = sorted(set(classes)) or present
    if not chosen:
        raise ValueError(f"{segmentation.name}: no voxel is of a class above 0; nothing to draw")
    if len(chosen) == 1:
        return chosen, [output]
    return chosen, [output.with_stem(f"{output.stem}_{index}") for index in chosen]
