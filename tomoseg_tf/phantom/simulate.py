"""Simulated scans written to files, slab by slab."""

import numpy as np

from tomoseg_tf.phantom.aa7075 import AA7075
from tomoseg_tf.phantom.micropillar import Micropillar
from tomoseg_tf.volume import check_output, create_volume, split_location

SLAB_VOXELS = 2**24


def simulate_scan(scan, volume, truth, *, overwrite=False, progress=None):
    """Write a simulated scan and its truth.

    Parameters
    ----------
    scan : Micropillar, AA7075 or Dendrites
        The scan; the same one gives the same files.
    volume, truth : path
        Files or folders to write: grey levels, and classes.
    overwrite : bool
        Replace existing outputs.
    progress : callable, optional
        Called as ``progress(done, total)`` in slices.

    Returns
    -------
    dict
        The scan's ``summary``: ``shape``, ``seed``, ``spacing`` in µm, and what is in it: of a
        `Micropillar` the number of ``objects`` (those cut by the first and last slice included)
        and the ``fraction`` of their voxels; of an `AA7075` the number of ``particles`` drawn
        (those just outside the volume included) and the ``fractions`` of the voxels in the
        classes 0, 1 and 2; of `Dendrites` the ``frame`` and the ``fraction`` of their voxels.

    Raises
    ------
    ValueError
        If an output exists.
    """
    check_outputs((volume, truth), overwrite)
    depth = max(1, SLAB_VOXELS // (scan.shape[1] * scan.shape[2]))
    options = {"spacing": scan.spacing, "overwrite": overwrite}
    counts = np.zeros(256, np.int64)
    with (
        create_volume(volume, scan.shape, scan.dtype, **options) as grey_writer,
        create_volume(truth, scan.shape, "uint8", classes=True, **options) as truth_writer,
    ):
        for start, grey, classes in scan.slabs(min(depth, 32)):
            grey_writer.write(start, grey)
            truth_writer.write(start, classes)
            counts += np.bincount(classes.ravel(), minlength=256)
            if progress:
                progress(start + len(grey), scan.shape[0])
    return scan.summary(counts)


def check_outputs(paths, overwrite):
    """Check that volumes may be written, each under a name of its own, before any work is done.

    Parameters
    ----------
    paths : sequence of path
        The volume, its truth, and what else will be written.
    overwrite : bool
        Replace existing outputs.

    Raises
    ------
    ValueError
        If two are the same, or one exists.
    """
    places = [split_location(path).path.resolve() for path in paths]
    for path, place in zip(paths, places, strict=True):
        if places.count(place) > 1:
            raise ValueError(f"{path} is named for the volume and for the truth; name two outputs")
        check_output(path, overwrite)


def simulate_micropillar(volume, truth, *, shape, seed=0, overwrite=False, progress=None, **fields):
    """Write a `Micropillar` of a shape and a seed: see `simulate_scan`."""
    scan = Micropillar(tuple(shape), seed, **fields)
    return simulate_scan(scan, volume, truth, overwrite=overwrite, progress=progress)


def simulate_aa7075(volume, truth, *, shape, seed=0, overwrite=False, progress=None, **fields):
    """Write an `AA7075` of a shape and a seed: see `simulate_scan`."""
    scan = AA7075(tuple(shape), seed, **fields)
    return simulate_scan(scan, volume, truth, overwrite=overwrite, progress=progress)
