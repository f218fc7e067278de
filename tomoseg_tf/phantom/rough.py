"""Cheap labels, as a procedure without training gives them: many are at hand, none is exact."""

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_yen
from skimage.morphology import disk

from tomoseg_tf.volume import as_volume, create_volume, through_filters

MIDDLE = 128  # grey level that a flattened slice has on average


def write_rough_labels(
    volume, labels, *, smoothing="gaussian:2", flatten=32.0, radius=2, overwrite=False
):
    """Label what is dark in a scan: smooth, flatten, threshold, clean slice by slice.

    The truth plays no part. As the labels of the 2D network on which James et al. (2022) train
    first, they merge arms that lie close together, lose thin ones and jump from slice to slice.

    Parameters
    ----------
    volume : path or Volume
        The scan, uint8.
    labels : path
        Where the labels go: 1 in what is dark.
    smoothing : str
        A filter, see `tomoseg_tf.volume.parse_filter`.
    flatten : float
        Standard deviation, in voxels, of the Gaussian mean of each slice that is taken off.
    radius : int
        Radius of the disc, in voxels, that opens and then closes the labels of each slice.
    overwrite : bool
        Replace an existing output.

    Returns
    -------
    int
        Yen's threshold of the flattened grey levels, whose mean is 128; what is at most as
        bright is dark. Otsu's cuts the liquid in two where dendrites are 1 % of the voxels.

    Raises
    ------
    ValueError
        If the scan is not uint8, or the output exists.

    References
    ----------
    .. [1] J. James et al., arXiv:2205.02334, 2022, section 3.2.
    .. [2] J.-C. Yen, F.-J. Chang and S. Chang, IEEE Trans. Image Process. 4(3), 370-378, 1995.
    """
    scan = as_volume(volume)
    if scan.dtype != np.uint8:
        raise ValueError(f"{scan.name}: rough labels are made of uint8 scans, this is {scan.dtype}")
    smooth = through_filters(scan, [smoothing])
    counts = np.zeros(256, np.int64)
    for _, slab in smooth.slabs():
        counts += np.bincount(_flattened(slab, flatten).ravel(), minlength=256)
    threshold = int(threshold_yen(hist=(counts, np.arange(256))))
    options = {"classes": True, "spacing": scan.spacing, "overwrite": overwrite}
    with create_volume(labels, scan.shape, "uint8", **options) as writer:
        for start, slab in smooth.slabs():
            dark = _flattened(slab, flatten) <= threshold
            writer.write(start, _cleaned(dark, radius).astype(np.uint8))
    return threshold


def _flattened(slab, sigma):
    """Take the slow change of grey off each slice: (Z, Y, X) uint8."""
    slow = ndimage.gaussian_filter(slab.astype(np.float32), (0, sigma, sigma))
    return np.clip(np.rint(slab - slow + MIDDLE), 0, 255).astype(np.uint8)


def _cleaned(labels, radius):
    """Open and close the labels of each slice by a disc."""
    disc = disk(radius)[None]
    opened = ndimage.binary_opening(labels, disc)
    around = ((0, 0), (radius, radius), (radius, radius))
    closed = ndimage.binary_closing(np.pad(opened, around, mode="edge"), disc)
    return closed[:, radius : radius + labels.shape[1], radius : radius + labels.shape[2]]
