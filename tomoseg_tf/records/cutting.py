"""Cutting the blocks of all samples into patches."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from tomoseg_tf.records.split import grid_starts
from tomoseg_tf.volume import IGNORE, inside_of

SLAB_BYTES = 64 * 2**20


@dataclass
class LeftOut:
    """How many patches were left out: all voxels ignored, or no object where that is asked for.

    `unscored` are those of the latter in validation and test.
    """

    ignored: int = 0
    empty: int = 0
    unscored: int = 0


def cut_patches(
    samples,
    blocks,
    writers,
    *,
    patch,
    cover,
    num_classes,
    insides=None,
    skip_empty=False,
    progress=None,
):
    """Cut the patches of all blocks and hand them to the writers of their splits.

    One slab of the depth of a patch is in memory at a time; of patches of one slice, as many
    slices as fit into 64 MiB, so that each chunk of a file is read once.

    Parameters
    ----------
    samples : sequence of (Volume, Volume)
        Volumes and truths.
    blocks : sequence of Block
        Slices of each split, by sample and z.
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
    skip_empty : bool, optional
        Whether patches without an object are left out.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of patches.

    Returns
    -------
    LeftOut
        Numbers of patches left out.
    """
    grids = [_grid(samples[block.sample][0].shape, block, patch, cover) for block in blocks]
    total = sum(len(zs) * len(ys) * len(xs) for zs, ys, xs in grids)
    done, left_out = 0, LeftOut()
    for block, z, ys, xs, (grey, classes, inside) in _slabs(
        samples, zip(blocks, grids, strict=True), insides, patch[0]
    ):
        for y, x in product(ys, xs):
            box = np.s_[:, y : y + patch[1], x : x + patch[2]]
            counts = count_voxels(classes[box], num_classes)
            if counts[-1] == classes[box].size:
                left_out.ignored += 1
            elif skip_empty and not any(counts[1:-1]):
                left_out.empty += 1
                left_out.unscored += block.split != "training"
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


def holds_patch(truth, block, *, patch, cover, skip_empty=False):
    """Tell whether any patch of a block would be kept.

    Parameters
    ----------
    truth : Volume
        Classes of the block's sample; they are read until one is found that is kept.
    block : Block
        The slices.
    patch, cover, skip_empty
        As for `cut_patches`.

    Returns
    -------
    bool
        False if all that its patches hold is ignored, or also background with `skip_empty`.
    """
    zs, ys, xs = _grid(truth.shape, block, patch, cover)
    if not zs:
        return False
    stop, bottom, right = (
        starts[-1] + side for starts, side in zip((zs, ys, xs), patch, strict=True)
    )
    depth = max(1, SLAB_BYTES // (truth.shape[1] * truth.shape[2]))
    for start in range(zs[0], stop, depth):
        classes = truth.read(start, min(start + depth, stop))[:, :bottom, :right]
        kept = classes != IGNORE
        if skip_empty:
            kept &= classes != 0
        if kept.any():
            return True
    return False


def _slabs(samples, blocks, insides, depth):
    """Yield each slab of patches: its block and starts along z, y and x, and what it holds."""
    blocks = list(blocks)
    ends = {block.sample: block.stop for block, _ in blocks}
    reader, current = None, None
    for block, (zs, ys, xs) in blocks:
        if block.sample != current:
            current, inside = block.sample, insides[block.sample] if insides else None
            reader = _Reader(*samples[current], inside, depth, ends[current])
        for z in zs:
            yield block, z, ys, xs, reader.read(z)


class _Reader:
    """Reads slabs of the depth of a patch of one sample; single slices several at a time."""

    def __init__(self, volume, truth, sample, depth, end):
        self._parts, self._sample, self._depth, self._end = (volume, truth), sample, depth, end
        voxels = volume.shape[1] * volume.shape[2]
        fit = SLAB_BYTES // (voxels * (volume.dtype.itemsize + 1))
        self._ahead = max(1, fit) if depth == 1 else depth
        self._start = self._stop = 0

    def read(self, z):
        """Grey values, classes and what is the sample, of the slices of a patch."""
        if not self._start <= z <= z + self._depth <= self._stop:
            self._slabs = None  # the old ones make room first
            self._start, self._stop = z, min(z + self._ahead, max(self._end, z + self._depth))
            slabs = [part.read(self._start, self._stop) for part in self._parts]
            self._slabs = *slabs, inside_of(self._sample, self._start, self._stop)
        cut = slice(z - self._start, z - self._start + self._depth)
        return [None if slab is None else slab[cut] for slab in self._slabs]


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
