"""Cells of 2 x 2 x 2 voxels at the surfaces of objects, of which chords and meshes are summed up.

The code of a cell for an object has bit k set if voxel k of the cell is of the object: bits count
x first, then y, then z.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tomoseg_tf.objects.chords import KINDS, chord_table
from tomoseg_tf.objects.surface import mesh_table

SURFACES = len(KINDS) + 2  # chords by kind, area of the mesh in voxels and with the spacing
BLOCK = 2**17  # voxels looked at together, that the cache holds
BATCH = 2**18  # cells, about, that are summed up together


class Cells(NamedTuple):
    """Cells that the surface of an object goes through.

    Attributes
    ----------
    place : (C,) ndarray of int64
        First voxel in the flattened window.
    label : (C,) ndarray of unsigned int
        Label of the object.
    code : (C,) ndarray of uint8
        Which of the voxels are of the object.
    """

    place: np.ndarray
    label: np.ndarray
    code: np.ndarray


@lru_cache(maxsize=8)
def surface_table(spacing):
    """Shares of a cell of each code in the sums of its object.

    Parameters
    ----------
    spacing : tuple of three float
        Size of a voxel along (z, y, x).

    Returns
    -------
    (9, 256) ndarray of float64
        `chord_table`, then `mesh_table` for cubes of side 1 and for the spacing.
    """
    return np.stack([*chord_table(), mesh_table((1.0, 1.0, 1.0)), mesh_table(spacing)])


def surface_sums(classes, labels, number, *, connectivity, last, spacing):
    """Sum up chords and areas of the objects of a window.

    Voxels of one class that touch but are not connected may yet be one object by a way around:
    the cells that they share are not summed up but returned as contacts.

    Parameters
    ----------
    classes : (n + 1, Y + 2, X + 2) ndarray of unsigned int
        Padded window; the first slice is that before the slab.
    labels : ndarray of unsigned int
        Labels of its connected objects, of the same shape.
    number : int
        Number of labels.
    connectivity : int
        6, 18 or 26.
    last : bool
        Whether nothing comes below the window.
    spacing : tuple of three float
        Size of a voxel along (z, y, x).

    Returns
    -------
    sums : (9, number) ndarray of float64
        As in `surface_table`.
    contacts : (M, 3) ndarray of int64
        Place in the window, label and code of cells of several objects of one class.
    """
    table = surface_table(tuple(map(float, spacing)))
    sums, shared = np.zeros((SURFACES, number)), [np.empty((0, 3), np.int64)]
    parts = [(0, classes, labels)]
    if last:
        ends = (np.stack([part[-1], np.zeros_like(part[-1])]) for part in (classes, labels))
        parts.append(((len(classes) - 1) * classes[0].size, *ends))
    for start, some, marks in parts:
        for cells in _cells(some, marks):
            if connectivity < 26:
                apart = _shared(cells, some)
                found = [part[apart].astype(np.int64) for part in cells]
                shared.append(np.stack(found, axis=1) + [start, 0, 0])
                cells = Cells(*(part[~apart] for part in cells))
            if len(cells.label):
                _add(sums, table, cells)
    return sums, np.concatenate(shared)


def _add(sums, table, cells):
    """Add cells to the sums of their objects."""
    first, stop = int(cells.label.min()) - 1, int(cells.label.max())
    owners = cells.label.astype(np.int64) - (first + 1)
    for row, values in zip(sums[:-1], table, strict=False):
        row[first:stop] += np.bincount(owners, values[cells.code], stop - first)
    if (table[-1] == table[-2]).all():
        sums[-1] = sums[-2]
        return
    sums[-1, first:stop] += np.bincount(owners, table[-1][cells.code], stop - first)


def contact_sums(places, rows, codes, number, spacing):
    """Sum up chords and areas of cells in which several parts of an object meet.

    Parameters
    ----------
    places, rows, codes : (M,) ndarray of int64
        Of each part: its cell, its object and its code.
    number : int
        Number of objects.
    spacing : tuple of three float
        Size of a voxel along (z, y, x).

    Returns
    -------
    (9, number) ndarray of float64
        As in `surface_table`.
    """
    order = np.lexsort((rows, places))
    places, rows, codes = places[order], rows[order], codes[order]
    new = np.ones(len(order), bool)
    new[1:] = (places[1:] != places[:-1]) | (rows[1:] != rows[:-1])
    heads = np.flatnonzero(new)
    whole = np.bitwise_or.reduceat(codes, heads) if len(heads) else codes
    table = surface_table(tuple(map(float, spacing)))
    return np.stack([np.bincount(rows[heads], values[whole], number) for values in table])


def _cells(classes, labels):
    """Yield the cells of each object, some voxels at a time; one cell once for each object."""
    _, height, width = classes.shape
    plane, flat, marks = height * width, classes.ravel(), labels.ravel()
    corners = [(z * height + y) * width + x for z in (0, 1) for y in (0, 1) for x in (0, 1)]
    for places in _places(flat, plane, width):
        found = np.empty((8, len(places)), marks.dtype)
        for corner, row in zip(corners, found, strict=True):
            marks[corner:].take(places, out=row, mode="clip")  # "raise" would take a copy
        while len(places):
            top = found.max(axis=0)
            own = found == top
            code = _bits(own)
            yield Cells(places, top, code)
            more = np.flatnonzero(code != _bits(found != 0))
            places, found = places[more], np.where(own[:, more], 0, found[:, more])


def _places(flat, plane, width):
    """Yield the first voxels of cells that are not all of one class, many at a time."""
    end, held, number = flat.size - plane - width - 1, [], 0
    for start in range(0, end, BLOCK):
        stop = min(start + BLOCK, end)
        upper, lower = (flat[start + z : stop + width + 1 + z] for z in (0, plane))
        held.append(start + np.flatnonzero(_mixed(upper, lower, width)))
        number += len(held[-1])
        if number >= BATCH:
            yield np.concatenate(held)
            held, number = [], 0
    if number:
        yield np.concatenate(held)


def _bits(marks):
    """Codes of (8, C) marks."""
    code = np.zeros(marks.shape[1], np.uint8)
    for bit in marks.view(np.uint8)[::-1]:
        code <<= 1
        code |= bit
    return code


def _mixed(upper, lower, width):
    """Which cells of two slices, flattened, hold voxels of several classes."""
    across = upper != lower
    mixed = upper[1:] != upper[:-1]
    mixed |= across[1:]
    mixed |= across[:-1]
    cells = mixed[width:] | mixed[:-width]
    cells |= upper[width:-1] != upper[: -width - 1]
    return cells


def _shared(cells, classes):
    """Which cells hold voxels of the class of their object that are not of the object."""
    _, height, width = classes.shape
    flat = classes.ravel()
    corners = [(z * height + y) * width + x for z in (0, 1) for y in (0, 1) for x in (0, 1)]
    around = np.stack([flat[cells.place + corner] for corner in corners])
    first = np.unpackbits(cells.code[None], axis=0, bitorder="little").argmax(axis=0)
    return _bits(around == np.take_along_axis(around, first[None], axis=0)) != cells.code
