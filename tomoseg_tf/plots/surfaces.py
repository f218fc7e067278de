"""Surfaces of the largest objects of a thinned segmentation, as triangles in µm."""

from dataclasses import dataclass

import numpy as np

LEVEL = 0.5
SMOOTHING = 0.6  # standard deviation in blocks: rounds the stairs of voxels
MARGIN = 2


@dataclass(frozen=True)
class Surface:
    """The surface of one object.

    Attributes
    ----------
    object_class : int
        Its class.
    volume : float
        Its volume, in µm³ or voxels, with the blocks at its surface that it fills in part.
    triangles : (T, 3, 3) ndarray of float32
        Corners of the triangles, (x, y, z) in µm or voxels.
        They turn anticlockwise as seen from outside.
    touches_border : bool
        Whether it touches a face of the volume.
    block : int
        Voxels along each side of the blocks that it was found in.
    """

    object_class: int
    volume: float
    triangles: np.ndarray
    touches_border: bool
    block: int


def object_surfaces(shares, factor, *, spacing=None, largest=200):
    """Find the surfaces of the largest objects.

    Parameters
    ----------
    shares : dict from int to (Z, Y, X) ndarray of float32
        As `thin_classes` gives them.
    factor : int
        Likewise.
    spacing : sequence of three float, optional
        (z, y, x) in µm per voxel; voxels without.
    largest : int
        Objects at most, over all classes.

    Returns
    -------
    list of Surface
        The largest first. Objects are connected through faces, edges and corners of blocks that
        are filled by half at least; surfaces are those of marching cubes on the smoothed shares.
    """
    import cc3d  # takes long to import
    from scipy.ndimage import find_objects

    size = factor * np.array((1.0, 1.0, 1.0) if spacing is None else spacing)
    found = []
    for index, share in shares.items():
        labels = cc3d.connected_components((share >= LEVEL).view(np.uint8), connectivity=26)
        volumes = np.bincount(labels.ravel(), share.ravel())
        boxes = find_objects(labels)
        for label in np.argsort(-volumes[1:], kind="stable")[:largest] + 1:
            found.append((volumes[label], index, label, boxes[label - 1], labels))
    found.sort(key=lambda one: -one[0])
    surfaces = []
    for _, index, label, box, labels in found[:largest]:
        wide = _widened(box, labels.shape)
        field = _own_share(shares[index], labels, label, wide)
        triangles = _triangulate(field, wide, size)
        cut = any(s.start == 0 or s.stop == n for s, n in zip(box, labels.shape, strict=True))
        if len(triangles):
            volume = float(field.sum(dtype=float) * np.prod(size))
            surfaces.append(Surface(index, volume, triangles, cut, factor))
    return surfaces


def _widened(box, shape):
    """Box with the blocks around it, which an object may fill in part."""
    return tuple(
        slice(max(s.start - 1, 0), min(s.stop + 1, n)) for s, n in zip(box, shape, strict=True)
    )


def _own_share(share, labels, label, wide):
    """Shares of the blocks of one object and of those around it that are of no other."""
    others = labels[wide]
    return np.where((others == label) | (others == 0), share[wide], 0)


def _triangulate(field, wide, size):
    """Triangles of the surface of one object; none if smoothing makes it vanish."""
    from scipy.ndimage import gaussian_filter
    from skimage.measure import marching_cubes

    field = gaussian_filter(np.pad(field, MARGIN), SMOOTHING)
    if field.max() <= LEVEL:
        return np.empty((0, 3, 3), np.float32)
    corners, faces, _, _ = marching_cubes(field, LEVEL)
    corners += [s.start - MARGIN + 0.5 for s in wide]
    return (corners * size)[faces][:, :, ::-1].astype(np.float32)
