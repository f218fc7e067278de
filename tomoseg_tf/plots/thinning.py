"""Segmentations thinned to a size that can be drawn: shares of a class in blocks of voxels."""

import numpy as np

from tomoseg_tf.volume import IGNORE


def thin_classes(segmentation, factor):
    """Thin a segmentation, slab by slab: what share of each block of voxels is of each class.

    Parameters
    ----------
    segmentation : Volume
        Classes of type uint8; 0 and `IGNORE` (255) are no objects.
    factor : int
        Voxels along each side of a block.

    Returns
    -------
    dict from int to (Z, Y, X) ndarray of float32
        Share from 0 to 1 by class; blocks at the high ends may be cut, and count as if their rest
        were background.

    Raises
    ------
    ValueError
        If the type is another.
    """
    if segmentation.dtype != np.uint8:
        raise ValueError(
            f"{segmentation.name}: classes have type uint8, not {segmentation.dtype}; give a "
            "segmentation"
        )
    shape = tuple(-(-side // factor) for side in segmentation.shape)
    depth = max(1, 2**24 // (segmentation.shape[1] * segmentation.shape[2] * factor)) * factor
    shares = {}
    for start, slab in segmentation.slabs(depth):
        first, layers = start // factor, -(-len(slab) // factor)
        for index in np.unique(slab):
            if index not in (0, IGNORE):
                target = shares.setdefault(int(index), np.zeros(shape, np.float32))
                target[first : first + layers] = _block_means(slab == index, factor)
    return shares


def block_side(shape, most):
    """Side of the blocks that a volume is thinned by.

    Parameters
    ----------
    shape : tuple of three int
        Shape (Z, Y, X).
    most : int
        Blocks at most.

    Returns
    -------
    int
        Voxels, at least 1.

    Examples
    --------
    >>> block_side((256, 1024, 1024), 2**22)
    4
    """
    factor = 1
    while np.prod([-(-side // factor) for side in shape], dtype=float) > most:
        factor += 1
    return factor


def _block_means(mask, factor):
    """Share of each block that is in a mask."""
    if factor == 1:
        return mask.astype(np.float32)
    sums = mask
    for axis, side in enumerate(mask.shape):
        sums = np.add.reduceat(sums, np.arange(0, side, factor), axis=axis, dtype=np.int32)
    return sums.astype(np.float32) / factor**3
