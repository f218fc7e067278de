"""Cutting the blocks of all samples into patches."""

from itertools import product

import numpy as np

from tomoseg_tf.records.grid import grid_starts
from tomoseg_tf.volume import IGNORE, inside_of


def cut_patches(
    samples, blocks, writers, *, patch, cover, num_classes, insides=None, progress=None
):
    """Cut the patches of all blocks and hand them to the writers of their splits.

    One slab of the depth of a patch is in memory at a time.

    Parameters
    ----------
    samples : sequence of (Volume, Volume)
        Volumes and truths.
    blocks : sequence of Block
        Slices of each split.
    writers : dict from str to ShardWriter
        Writer of each split; closed at the end.
    patch : tuple of three int
        Sides of the patches.
    cover : {"drop", "shift"}
        How the grid ends, see `grid_starts`.
    num_classes : int
        Number of classes, background included.
    insides : sequence of (tomoseg_tf.volume.Sample or None), optional
        Which voxels of each volume are the sample; all if not given.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of patches.

    Returns
    -------
    int
        Number of patches left out since all of their voxels are ignored.
    """
    grids = [_grid(samples[block.sample][0].shape, block, patch, cover) for block in blocks]
    total = sum(len(zs) * len(ys) * len(xs) for zs, ys, xs in grids)
    done = left_out = 0
    for block, (zs, ys, xs) in zip(blocks, grids, strict=True):
        volume, truth = samples[block.sample]
        for z in zs:
            grey, classes = (part.read(z, z + patch[0]) for part in (volume, truth))
            inside = inside_of(insides[block.sample] if insides else None, z, z + patch[0])
            for y, x in product(ys, xs):
                box = np.s_[:, y : y + patch[1], x : x + patch[2]]
                counts = count_voxels(classes[box], num_classes)
                if counts[-1] == classes[box].size:
                    left_out += 1
                else:
                    writers[block.split].write(
                        grey[box],
                        classes[box],
                        origin=(z, y, x),
                        source=block.sample,
                        counts=counts,
                        **_sample(inside, box, classes, num_classes),
                    )
                done += 1
                if progress:
                    progress(done, total)
    for writer in writers.values():
        writer.close()
    return left_out


def _sample(inside, box, classes, num_classes):
    """Describe for a writer which voxels of a patch are the sample; nothing if all are."""
    if inside is None:
        return {}
    seen = np.where(inside[box], classes[box], np.uint8(IGNORE))
    return {"inside": inside[box], "sample_counts": count_voxels(seen, num_classes)}


def count_voxels(truth, num_classes):
    """Count the voxels of each class in a patch.

    Parameters
    ----------
    truth : ndarray of uint8
        Class of each voxel, 255 = ignore.
    num_classes : int
        Number of classes, background included.

    Returns
    -------
    list of int
        Voxels of each class, then those that are ignored.
    """
    counts = np.bincount(truth.ravel(), minlength=IGNORE + 1)
    return [*counts[:num_classes].tolist(), int(counts[IGNORE])]


def _grid(shape, block, patch, cover):
    """Lay the grid of a block: starts of its patches along z, y and x."""
    zs = [block.start + z for z in grid_starts(block.stop - block.start, patch[0], cover)]
    return zs, grid_starts(shape[1], patch[1], cover), grid_starts(shape[2], patch[2], cover)
