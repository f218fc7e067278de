"""Simulated scans written to files, slab by slab."""

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
    if split_location(volume).path.resolve() == split_location(truth).path.resolve():
        raise ValueError(f"{volume} is named for the volume and for the truth; name two outputs")
    for path in (volume, truth):
        check_output(path, overwrite)
    depth = max(1, SLAB_VOXELS // (shape[1] * shape[2]))
    options = {"spacing": pillar.spacing, "overwrite": overwrite}
    object_voxels = 0
    with (
        create_volume(volume, pillar.shape, "uint8", **options) as grey_writer,
        create_volume(truth, pillar.shape, "uint8", **options) as truth_writer,
    ):
        for start, grey, classes in pillar.slabs(min(depth, 32)):
            grey_writer.write(start, grey)
            truth_writer.write(start, classes)
            object_voxels += int(classes.sum())
            if progress:
                progress(start + len(grey), shape[0])
    return {
        "shape": list(pillar.shape),
        "seed": seed,
        "spacing": list(pillar.spacing),
        "objects": len(pillar.objects),
        "fraction": object_voxels / (shape[0] * shape[1] * shape[2]),
    }
