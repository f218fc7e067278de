"""Drawing one surface into one file, piece by piece, with its area and volume."""

import numpy as np

from tomoseg_tf.meshes.files import FORMATS
from tomoseg_tf.meshes.marching import march


def draw_surface(
    field, path, suffix, spacing, *, labels=None, own=None, start=(0, 0, 0), depth=None
):
    """Write the surface of a field.

    Parameters
    ----------
    field : Field
        What it is of.
    path : Path
        File to write.
    suffix : str
        .ply, .stl or .obj.
    spacing : tuple of three float, or None
        Size of a voxel along (z, y, x) in µm.
    labels : Volume, optional
        Labels of objects, which the vertices get.
    own : (n,) ndarray of bool, optional
        Which labels are those of the surface; all of them by default. Others may lie beside it.
    start : sequence of three int
        Voxel (z, y, x) of the whole volume that the field begins with.
    depth : int, optional
        Slices of the field per slab.

    Returns
    -------
    dict
        ``vertices``, ``faces``, ``area``, ``volume``, and their ``unit``, "um" or "voxels".
    """
    drawn = _Drawing(spacing, labels, own, start)
    file = FORMATS[suffix.lower()](path, drawn.comment, labels=labels is not None)
    try:
        for piece in march(field, depth):
            drawn.add(file, piece)
        file.close()
    finally:
        file.discard()
    return drawn.found()


class _Drawing:
    """Writes pieces in the unit of a mesh and sums up its area and volume."""

    def __init__(self, spacing, labels, own, start):
        self._size = np.array(spacing or (1.0, 1.0, 1.0))[::-1]
        self._labels, self._own, self._start = labels, own, np.array(start)[::-1]
        self.unit = "voxels" if spacing is None else "um"
        self.comment = f"tomoseg-tf, lengths in {self.unit}"
        self._vertices = self._faces = 0
        self._area = self._volume = 0.0

    def add(self, file, piece):
        """Write a piece."""
        new = (piece.new[:, ::-1] + self._start) * self._size
        corners = (piece.corners[:, :, ::-1] + self._start) * self._size
        labels = None if self._labels is None else self._labels_at(piece.new)
        file.add(new, piece.faces, corners, labels)
        sides = corners[:, 1:] - corners[:, :1]
        normals = np.cross(sides[:, 0], sides[:, 1])
        self._area += float(np.linalg.norm(normals, axis=1).sum()) / 2
        self._volume += float((corners[:, 0] * normals).sum()) / 6
        self._vertices += len(new)
        self._faces += len(corners)

    def found(self):
        """Numbers, area and enclosed volume."""
        numbers = {"vertices": self._vertices, "faces": self._faces}
        return numbers | {"area": self._area, "volume": self._volume, "unit": self.unit}

    def _labels_at(self, places):
        """Labels of the voxels that vertices lie between: of the one that lies inside."""
        shape = np.array(self._labels.shape)
        start = int(np.clip(np.floor(places[:, 0].min()), 0, shape[0] - 1))
        stop = int(np.clip(np.ceil(places[:, 0].max()), 0, shape[0] - 1)) + 1
        slab = self._labels.read(start, stop)
        if self._own is not None:
            slab = np.where(self._own[slab], slab, 0)
        found = np.zeros(len(places), slab.dtype)
        for corner in np.ndindex(2, 2, 2):
            ends = np.where(corner, np.ceil(places), np.floor(places)).astype(int)
            inside = ((ends >= 0) & (ends < shape)).all(axis=1)
            z, y, x = ends[inside].T
            found[inside] = np.maximum(found[inside], slab[z - start, y, x])
        return found
