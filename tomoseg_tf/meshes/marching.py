"""Marching cubes slab by slab; vertices of the slice that two slabs share are one."""

from typing import NamedTuple

import numpy as np

from tomoseg_tf.meshes.fields import LEVEL

SLAB_VOXELS = 2**22


class Piece(NamedTuple):
    """Part of a mesh.

    Attributes
    ----------
    new : (M, 3) ndarray of float64
        Places (z, y, x), in voxels, of the vertices that no piece before had.
    faces : (F, 3) ndarray of int64
        Numbers of the vertices among those of all pieces; seen from outside they turn to the left
        in a right-handed frame (x, y, z).
    corners : (F, 3, 3) ndarray of float64
        Places of the vertices of the faces.
    """

    new: np.ndarray
    faces: np.ndarray
    corners: np.ndarray


def march(field, depth=None):
    """Draw the surface of a field.

    Slabs have one slice in common, on which both find the same vertices: one on each edge of the
    grid that the surface crosses, by which they are known again.

    Parameters
    ----------
    field : Field
        What to draw.
    depth : int, optional
        Slices of the grid per slab; as many as have four million places by default.

    Yields
    ------
    Piece
        Of each slab that the surface goes through.

    References
    ----------
    .. [1] T. Lewiner, H. Lopes, A. W. Vieira and G. Tavares, "Efficient implementation of marching
       cubes' cases with topological guarantees", J. Graph. Tools 8(2), 1-15, 2003.
       doi:10.1080/10867651.2003.10487582
    """
    total, height, width = field.shape
    depth = depth or max(1, SLAB_VOXELS // (height * width))
    known, number = (np.empty(0, np.int64),) * 2, 0
    known_places = np.empty((0, 3))
    for start in range(0, total - 1, depth):
        stop = min(start + depth, total - 1)
        found = _surface(field.read(start, stop + 1))
        if found is None:
            known, known_places = (np.empty(0, np.int64),) * 2, np.empty((0, 3))
            continue
        vertices, faces = found
        top = np.flatnonzero(vertices[:, 0] == 0)
        numbers = np.full(len(vertices), -1, np.int64)
        keys = _keys(vertices[top], width)
        at = np.searchsorted(known[0], keys)
        numbers[top] = known[1][at]
        places = field.places(vertices + [start, 0, 0])
        places[top] = known_places[at]
        new = np.flatnonzero(numbers < 0)
        numbers[new] = number + np.arange(len(new))
        number += len(new)
        bottom = np.flatnonzero(vertices[:, 0] == stop - start)
        keys = _keys(vertices[bottom], width)
        order = np.argsort(keys)
        known = keys[order], numbers[bottom[order]]
        known_places = places[bottom[order]]
        yield Piece(places[new], numbers[faces], places[faces])


def _surface(slab):
    """Vertices and faces of a slab, found in the box that the surface is in."""
    from skimage.measure import marching_cubes  # takes long to import

    inside = slab > LEVEL
    if not inside.any() or inside.all():
        return None
    rows = np.flatnonzero(inside.any(axis=(0, 2)))
    columns = np.flatnonzero(inside.any(axis=(0, 1)))
    y, x = max(rows[0] - 1, 0), max(columns[0] - 1, 0)
    box = slab[:, y : rows[-1] + 2, x : columns[-1] + 2]
    vertices, faces, _, _ = marching_cubes(box, LEVEL, allow_degenerate=True)
    return vertices.astype(float) + [0, y, x], faces


def _keys(vertices, width):
    """Edges of the grid, in one slice, that vertices are on."""
    _, y, x = vertices.T
    along_y = y != np.floor(y)
    return ((np.floor(y) * width + np.floor(x)) * 2 + along_y).astype(np.int64)
