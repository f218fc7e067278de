"""Simulated scans written to files, slab by slab."""

import numpy as np

from tomoseg_tf.phantom.aa7075 import AA7075
from tomoseg_tf.phantom.micropillar import Micropillar
from tomoseg_tf.volume import check_output, create_volume, split_location

SLAB_VOXELS = 2**24


def simulate_micropillar(
    volume, truth, *, shape, seed=0, overwrite=False, progress=None, **parameters
):
    """Write the simulated scan of a micropillar and its truth.

    Parameters
    ----------
    volume, truth : path
        Files or folders to write: grey levels, and classes (1 in objects).
    shape : tuple of int
        Sides (Z, Y, X) in voxels.
    seed : int
        Seed; the same seed and shape give the same files.
    overwrite : bool
        Replace existing outputs.
    progress : callable, optional
        Called as ``progress(done, total)`` in slices.
    **parameters
        Of `tomoseg_tf.phantom.Micropillar`.

    Returns
    -------
    dict
        ``shape``, ``seed``, ``spacing`` in µm, ``objects`` (number, those cut
        by the first and last slice included) and ``fraction`` of object voxels.

    Raises
    ------
    ValueError
        If an output exists, or the shape is too small.
    """
    pillar = Micropillar(tuple(shape), seed, **parameters)
    counts = _write(pillar, volume, truth, "uint8", overwrite, progress)
    return {
        "shape": list(pillar.shape),
        "seed": seed,
        "spacing": list(pillar.spacing),
        "objects": len(pillar.objects),
        "fraction": int(counts[1]) / int(counts.sum()),
    }


def simulate_aa7075(volume, truth, *, shape, seed=0, overwrite=False, progress=None, **parameters):
    """Write the simulated scan of an AA7075 micropillar and its truth.

    Parameters
    ----------
    volume, truth : path
        Files or folders to write: float32 grey levels, and classes (1 in Al-Cu-Fe inclusions, 2
        in Cu-Mg-Zn precipitates).
    shape : tuple of int
        Sides (Z, Y, X) in voxels.
    seed : int
        Seed; the same seed and shape give the same files.
    overwrite : bool
        Replace existing outputs.
    progress : callable, optional
        Called as ``progress(done, total)`` in slices.
    **parameters
        Of `tomoseg_tf.phantom.AA7075`.

    Returns
    -------
    dict
        ``shape``, ``seed``, ``spacing`` in µm, ``particles`` (number drawn, those just outside
        the volume included) and ``fractions`` of the voxels in the classes 0, 1 and 2.

    Raises
    ------
    ValueError
        If an output exists, or the shape is too small.
    """
    pillar = AA7075(tuple(shape), seed, **parameters)
    counts = _write(pillar, volume, truth, "float32", overwrite, progress)
    return {
        "shape": list(pillar.shape),
        "seed": seed,
        "spacing": list(pillar.spacing),
        "particles": len(pillar.particles),
        "fractions": [int(count) / int(counts.sum()) for count in counts[:3]],
    }


def _write(phantom, volume, truth, dtype, overwrite, progress):
    """Write a phantom slab by slab; return the voxels in each class: (256,) int64."""
    if split_location(volume).path.resolve() == split_location(truth).path.resolve():
        raise ValueError(f"{volume} is named for the volume and for the truth; name two outputs")
    for path in (volume, truth):
        check_output(path, overwrite)
    depth = max(1, SLAB_VOXELS // (phantom.shape[1] * phantom.shape[2]))
    options = {"spacing": phantom.spacing, "overwrite": overwrite}
    counts = np.zeros(256, np.int64)
    with (
        create_volume(volume, phantom.shape, dtype, **options) as grey_writer,
        create_volume(truth, phantom.shape, "uint8", classes=True, **options) as truth_writer,
    ):
        for start, grey, classes in phantom.slabs(min(depth, 32)):
            grey_writer.write(start, grey)
            truth_writer.write(start, classes)
            counts += np.bincount(classes.ravel(), minlength=256)
            if progress:
                progress(start + len(grey), phantom.shape[0])
    return counts
