"""Flips and quarter turns of a volume: how they are named, read, and undone.

A mirror image keeps the sides of the voxels in their places; a quarter turn swaps two of them, so
that only voxels of equal sides look the same to a network after it.
"""

from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

from tomoseg_tf.volume import Sample, Volume

TURNS = ("none", "flips", "quarter-turns", "square", "cube")
DEPTH = 16  # slices of a sample that are read at a time
UPRIGHT = (0, 1, 2)


@dataclass(frozen=True)
class Turn:
    """One of the 48 ways to see a volume, each axis along its own or another one.

    Attributes
    ----------
    order : tuple of int
        Axes of the volume, in the order in which the turned one has them.
    mirrored : tuple of bool
        Which axes of the turned volume run backwards.
    """

    order: tuple = UPRIGHT
    mirrored: tuple = (False, False, False)

    def apply(self, array):
        """Turn an array (Z, Y, X, ...); a view of it."""
        return self._mirror(np.transpose(array, self._axes(array)))

    def undo(self, array):
        """Turn an array back."""
        return np.transpose(self._mirror(array), np.argsort(self._axes(array)))

    def sides(self, items):
        """Bring the sides, or any three items, into the order of the turned axes."""
        return tuple(items[axis] for axis in self.order)

    def box(self, box, shape):
        """Where a box lies in the turned volume.

        Parameters
        ----------
        box : tuple of (int, int)
            Part (start, stop) of the volume, per axis.
        shape : tuple of int
            Sides (Z, Y, X) of the volume.

        Returns
        -------
        tuple of (int, int)
        """
        ends = zip(self.sides(box), self.sides(shape), self.mirrored, strict=True)
        return tuple(_ends(part, side, backwards) for part, side, backwards in ends)

    def source(self, box, shape):
        """Which part of the volume a box of the turned one is; undoes `box`."""
        upright = [None] * 3
        for axis, part, backwards in zip(self.order, box, self.mirrored, strict=True):
            upright[axis] = _ends(part, shape[axis], backwards)
        return tuple(upright)

    def _axes(self, array):
        return (*self.order, *range(3, array.ndim))

    def _mirror(self, array):
        return array[tuple(slice(None, None, -1 if back else 1) for back in self.mirrored)]

    @property
    def determinant(self):
        """1 for a rotation, -1 for a mirror image."""
        swapped = sum(self.order[i] > self.order[j] for i in range(3) for j in range(i + 1, 3))
        return (-1) ** (swapped + sum(self.mirrored))


def list_turns(name, *, slices, passes="z"):
    """List the turned volumes that a network predicts.

    Parameters
    ----------
    name : str
        "none"; "flips", along each axis that the network sees; "quarter-turns", about z, four of
        them; "square", these and the flips together; or "cube", all flips and turns about all
        axes.
    slices : bool
        Whether the network sees slices. They are flipped and turned in their plane, "cube" is
        "square" for them: 4 flips, 8 in all. A network of volumes has 8 flips, 16 of "square" and
        48 of "cube".
    passes : str
        Axes along which slices are taken, each of which counts as one more turn.

    Returns
    -------
    list of Turn

    Raises
    ------
    ValueError
        If there is no such name.
    """
    if name not in TURNS:
        raise ValueError(f"turns must be one of {', '.join(TURNS)}, got {name!r}")
    every = [Turn(order, signs) for order in permutations(UPRIGHT) for signs in _signs()]
    if slices:
        every = [turn for turn in every if turn.order[0] == 0 and not turn.mirrored[0]]
    chosen = [turn for turn in every if _belongs(turn, name)]
    if not slices:
        return chosen
    return [
        Turn(turn.sides(_first("zyx".index(axis))), turn.mirrored)
        for axis in passes
        for turn in chosen
    ]


def check_voxels(name, spacing, where):
    """Refuse turns that would show a network voxels of other sides than those of the scan.

    Parameters
    ----------
    name : str
        As for `list_turns`.
    spacing : tuple of float or None
        Sides (z, y, x) of the voxels in µm; what is unknown is taken for cubes.
    where : str
        What the error calls the scan.

    Raises
    ------
    ValueError
        If sides that are swapped differ by more than a thousandth.
    """
    if spacing is None or name in ("none", "flips"):
        return
    if _differ(spacing if name == "cube" else spacing[1:]):
        voxels = " x ".join(f"{side:g}" for side in spacing)
        less = "flips" if _differ(spacing[1:]) else "square"
        raise ValueError(
            f"{where}: its voxels are {voxels} µm, and turns {name} would swap sides that differ; "
            f"use {less}"
        )


class TurnedVolume(Volume):
    """A volume seen after a turn.

    Parameters
    ----------
    volume : Volume
        The volume.
    turn : Turn
        How it is turned.
    """

    def __init__(self, volume, turn):
        spacing = None if volume.spacing is None else turn.sides(volume.spacing)
        super().__init__(
            turn.sides(volume.shape),
            volume.dtype,
            spacing=spacing,
            name=volume.name,
            format=volume.format,
        )
        self._volume, self._turn = volume, turn

    def _read(self, start, stop):
        whole = ((start, stop), (0, self.shape[1]), (0, self.shape[2]))
        if self._turn.order[0] != 0:
            return self._read_box(whole)
        return self._turn.apply(self._volume.read(*self._turn.source(whole, self._volume.shape)[0]))

    def _read_box(self, box):
        return self._turn.apply(self._volume.read_box(self._turn.source(box, self._volume.shape)))


class TurnedSample(Sample):
    """The sample of a volume seen after a turn.

    Parameters
    ----------
    sample : Sample
        That of the volume.
    shape : tuple of int
        Sides (Z, Y, X) of the volume.
    turn : Turn
        How it is turned.
    """

    def __init__(self, sample, shape, turn):
        super().__init__(sample.name, sample.notice)
        self._sample, self._shape, self._turn = sample, shape, turn

    def inside(self, start, stop):
        """Say which voxels of a slab are the sample, see `Sample.inside`."""
        sides = self._turn.sides(self._shape)
        box = self._turn.source(((start, stop), (0, sides[1]), (0, sides[2])), self._shape)
        cut = (slice(None), *(slice(*ends) for ends in box[1:]))
        low, high = box[0]
        ends = ((z, min(z + DEPTH, high)) for z in range(low, high, DEPTH))
        parts = [self._sample.inside(*pair)[cut].copy() for pair in ends]  # not the whole planes
        return self._turn.apply(np.concatenate(parts))


def _differ(sides):
    return max(sides) > 1.001 * min(sides)


def _signs():
    return product((False, True), repeat=3)


def _first(axis):
    """Axes with one of them brought to the front."""
    return (axis, *(other for other in UPRIGHT if other != axis))


def _belongs(turn, name):
    """Tell whether a turn is one of those that a name means."""
    about_z = turn.order[0] == 0
    return {
        "none": turn == Turn(),
        "flips": turn.order == UPRIGHT,
        "quarter-turns": about_z and not turn.mirrored[0] and turn.determinant == 1,
        "square": about_z,
        "cube": True,
    }[name]


def _ends(part, side, backwards):
    start, stop = part
    return (side - stop, side - start) if backwards else (start, stop)
