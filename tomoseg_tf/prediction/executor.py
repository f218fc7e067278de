"""Predict a volume tile by tile: read and normalise, compute, convert and write."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tomoseg_tf.prediction.geometry import volume_of
from tomoseg_tf.prediction.overlapping import Ahead, Behind
from tomoseg_tf.prediction.reading import TileReader
from tomoseg_tf.prediction.streaming.engine import StreamingEngine


@dataclass(frozen=True)
class Output:
    """One result of a prediction.

    Attributes
    ----------
    convert : callable
        From probabilities (Z, Y, X, C) float32 of a tile to values (Z, Y, X, ...).
    writer : object
        Takes finished slabs: ``write(start, slab)``.
    dtype : str
        Type of the values.
    channels : int or None
        Length of a last axis of the values, None without one.
    """

    convert: Any
    writer: Any
    dtype: str
    channels: int | None = None


def predict_tiles(engine, plan, volume, intensity, outputs, *, sample=None, progress=None, first=0):
    """Compute a part of a volume and write its results, one z-range of tiles after the other.

    One thread reads ahead and another one writes behind, see
    `tomoseg_tf.prediction.overlapping`.

    Parameters
    ----------
    engine : Engine, StreamingEngine, BlockEngine, SliceEngine or PatchEngine
        The network.
    plan : Plan
        The tiles.
    volume : Volume
        Grey levels.
    intensity : Intensity
        Normalisation, from the statistics of the whole volume.
    outputs : list of Output
        What to make of the probabilities.
    sample : tomoseg_tf.volume.Sample, optional
        Which voxels are the sample; all if not given. The network sees 0 elsewhere, and all
        probabilities are 0 there.
    progress : callable, optional
        Called as ``progress(done, total)`` in voxels.
    first : int
        Slice of the volume; z-ranges that end at or before it are skipped.
    """
    layers, total = list(plan.layers()), volume_of(plan.roi)
    left = [layer for layer in layers if layer[0][1] > first]
    done = total - sum(volume_of(box) for _, boxes in left for box in boxes)
    reader = TileReader(volume, intensity, sample)
    slabs = _Slabs(plan.roi, outputs, reader)
    with Ahead(_read_all(engine, plan, left, reader)) as take, Behind(slabs.add) as add:
        for z, boxes in left:
            for box in boxes:
                tick = _after(progress, done, total)
                for ends, probabilities in _pieces(engine, take, box, plan.padded, tick):
                    add(z, (ends, *box[1:]), probabilities)
                    del probabilities
                done += volume_of(box)
                if progress:
                    progress(done, total)


def _read_all(engine, plan, layers, reader):
    """Read all that an engine takes, in its order."""
    before = None
    for _, boxes in layers:
        if isinstance(engine, StreamingEngine):
            for box in boxes:
                tiles = reader.stream(list(engine.reads(box, plan.padded, before)))
                yield from map(engine.prepare, tiles)
                before = box
        else:
            yield from reader.tiles([engine.needed(box, plan.padded) for box in boxes])


def _pieces(engine, take, box, padded, tick):
    """Compute a box of the result: its parts (start, stop) along z, with their probabilities."""
    if not isinstance(engine, StreamingEngine):
        yield box[0], engine.run(take(), box, padded, tick)
        return
    plane = volume_of(box[1:])
    for ends, probabilities in engine.stream(take, box, padded):
        yield ends, probabilities
        del probabilities
        if tick:
            tick((ends[1] - box[0][0]) * plane)


class _Slabs:
    """Puts the results of tiles together, and writes each z-range when it is complete."""

    def __init__(self, roi, outputs, reader):
        self.roi, self.outputs, self.reader = roi, outputs, reader
        self.results, self.missing = None, 0

    def add(self, z, box, probabilities):
        """Take the probabilities of a box in a z-range."""
        (start, stop), rows, columns = box
        (origin, _), (top, _), (left, _) = self.roi
        if self.results is None:
            self._begin(z)
        inside = self.reader.inside(start, stop)
        if inside is not None:
            part = inside[:, slice(*rows), slice(*columns), None]
            probabilities = np.where(part, probabilities, np.float32(0))
        place = (
            slice(start - z[0], stop - z[0]),
            slice(rows[0] - top, rows[1] - top),
            slice(columns[0] - left, columns[1] - left),
        )
        for output, result in zip(self.outputs, self.results, strict=True):
            result[place] = output.convert(probabilities)
        self.missing -= volume_of(box)
        if not self.missing:
            results, self.results = self.results, None
            for output, result in zip(self.outputs, results, strict=True):
                output.writer.write(z[0] - origin, result)

    def _begin(self, z):
        """Make room for the results of a z-range."""
        shape = [high - low for low, high in (z, *self.roi[1:])]
        self.missing = volume_of((z, *self.roi[1:]))
        self.results = [
            np.empty(shape if each.channels is None else [*shape, each.channels], each.dtype)
            for each in self.outputs
        ]


def _after(progress, done, total):
    """Progress inside a tile, of which ``tick(voxels)`` tells, after those that are done."""
    return None if progress is None else lambda voxels: progress(done + voxels, total)
