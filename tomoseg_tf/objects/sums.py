"""Sums, extremes and surfaces of the connected objects of one slab."""

from typing import NamedTuple

import cc3d
import numpy as np

from tomoseg_tf.objects.cells import SURFACES, surface_sums
from tomoseg_tf.objects.runs import Runs, find_runs

SUMS = ("voxels", "z", "y", "x", "zz", "yy", "xx", "zy", "zx", "yx", "grey", "grey_grey")
SUMMED = len(SUMS) + SURFACES  # chords by kind and areas of the mesh come last
EXTREMES = ("first", "z", "y", "x", "-z", "-y", "-x", "grey", "-grey", "class")


class SlabObjects(NamedTuple):
    """Objects of a slab; those of labels that are only in the slice before it have no voxels.

    Attributes
    ----------
    sums : (21, N) ndarray of float64
        `SUMS`, grey levels less a pivot, then `surface_sums`; exact but for grey levels.
    extremes : (10, N) ndarray of float64
        Least of `EXTREMES`; first is the place of the first voxel in the flattened volume.
    above, below : (R,) ndarray of int64
        Labels, from 0 on, of the runs of the slice before the slab and of its last slice.
    contacts : (M, 3) ndarray of int64
        As `surface_sums` gives them, with places in the volume and labels from 0 on.
    runs : tuple of (R,) ndarray
        Class, length, z, y and x of the runs of the slab.
    """

    sums: np.ndarray
    extremes: np.ndarray
    above: np.ndarray
    below: np.ndarray
    contacts: np.ndarray
    runs: tuple


def label_window(window, connectivity):
    """Label the connected objects of a window.

    Parameters
    ----------
    window : Window
        A slab and the slice before it.
    connectivity : int
        6, 18 or 26.

    Returns
    -------
    labels : ndarray of unsigned int
        In the shape of the padded classes.
    number : int
        Number of labels.
    """
    return cc3d.connected_components(window.classes, connectivity=connectivity, return_N=True)


def sum_slab(window, connectivity, pivot=0.0, spacing=(1.0, 1.0, 1.0)):
    """Sum up what is needed of each object of a slab.

    Parameters
    ----------
    window : Window
        The slab.
    connectivity : int
        6, 18 or 26.
    pivot : float
        Grey level that is taken off before squares are summed.
    spacing : tuple of three float
        Size of a voxel along (z, y, x), for the area of the mesh.

    Returns
    -------
    SlabObjects
        One column per label of `label_window`.
    """
    labels, number = label_window(window, connectivity)
    runs, plane = find_runs(window.classes), window.classes[0].size
    cut, last = np.searchsorted(runs.first, [plane, len(window.classes) * plane - plane])
    marks = labels.ravel()[runs.first].astype(np.int64) - 1
    core = Runs(runs.first[cut:], runs.length[cut:])
    sums, extremes = np.zeros((SUMMED, number)), np.full((len(EXTREMES), number), np.inf)
    sums[len(SUMS) :], contacts = surface_sums(
        window.classes,
        labels,
        number,
        connectivity=connectivity,
        last=window.last,
        spacing=spacing,
    )
    contacts += [window.start * plane, -1, 0]
    done, places = cut, []
    for piece in core.pieces():
        owners = marks[done : done + len(piece.first)]
        done += len(piece.first)
        where = _coordinates(piece.first, window)
        table, least = [*_moments(piece, where), None, None], _least(piece, where, window)
        if window.grey is not None:
            _add_grey(table, least, piece, where, window, pivot)
        add_columns(sums[: len(SUMS)], extremes, owners, table, least)
        places.append((least[-1], piece.length, *where))
    described = tuple(map(np.concatenate, zip(*places, strict=True))) if places else ()
    return SlabObjects(sums, extremes, marks[:cut], marks[last:], contacts, described)


def add_columns(sums, extremes, owners, table, least):
    """Add values to those of their owners, and keep the least ones.

    Parameters
    ----------
    sums, extremes : (S, N) and (E, N) ndarray of float64
        Changed in place.
    owners : (R,) ndarray of int
        Column that each value belongs to.
    table, least : sequences of S and of E (R,) ndarray of float64
        Values to add, and values of which the least count; None for rows that stay.
    """
    for row, values in zip(sums, table, strict=True):
        if values is not None:
            row += np.bincount(owners, values, len(row))
    with np.errstate(invalid="ignore"):  # of grey levels with a NaN the least is NaN
        for row, values in zip(extremes, least, strict=True):
            if values is not None:
                np.minimum.at(row, owners, values)


def _coordinates(first, window):
    """Z, y and x in the volume of the first voxels of runs."""
    _, height, width = window.classes.shape
    rows, x = np.divmod(first, width)
    z, y = np.divmod(rows, height)
    return z - 1 + window.start, y - 1 + window.corner[0], x - 1 + window.corner[1]


def _moments(runs, where):
    """Count the voxels of each run; sum up z, y, x, their squares and their products."""
    n = runs.length.astype(float)
    z, y, x = (axis.astype(float) for axis in where)
    middle = x + (n - 1) / 2
    along = n * middle
    squares = along * middle + n * (n * n - 1) / 12
    return n, n * z, n * y, along, n * z * z, n * y * y, squares, n * z * y, z * along, y * along


def _least(runs, where, window):
    """Values of runs of which those of an object are the least."""
    z, y, x = where
    height, width = window.plane or (side - 2 for side in window.classes.shape[1:])
    place, end = (z * height + y) * width + x, x + runs.length - 1
    classes = window.classes.ravel()[runs.first]
    found = (place, z, y, x, -z, -y, -end, None, None, classes)
    return [None if values is None else values.astype(float) for values in found]


def _add_grey(table, least, runs, where, window, pivot):
    """Add the grey levels of runs to their sums and least values."""
    first = (window.start, *window.corner)
    z, y, x = (axis - low for axis, low in zip(where, first, strict=True))
    _, height, width = window.grey.shape
    places = runs.spread((z * height + y) * width + x)
    values, heads = window.grey.ravel()[places].astype(float), runs.offsets()
    least[7], least[8] = np.minimum.reduceat(values, heads), -np.maximum.reduceat(values, heads)
    values -= pivot
    table[10] = np.add.reduceat(values, heads)
    table[11] = np.add.reduceat(values * values, heads)
