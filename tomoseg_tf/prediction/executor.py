"""Predict a volume tile by tile: read, normalise, compute, convert, write."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tomoseg_tf.prediction.geometry import volume_of
from tomoseg_tf.volume import inside_of


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
    (origin, _), (top, bottom), (left, right) = plan.roi
    done, total = 0, volume_of(plan.roi)
    for (start, stop), boxes in plan.layers():
        if stop <= first:
            done += sum(map(volume_of, boxes))
            continue
        low, high = engine.needed(boxes[0], plan.padded)[0]
        low, high = (min(end, plan.shape[0]) for end in (low, high))
        slab = _read(volume, low, high)
        inside = inside_of(sample, low, high) if low < high else None
        shown = inside_of(sample, start, stop)
        results = [
            np.empty(
                (stop - start, bottom - top, right - left)
                + (() if output.channels is None else (output.channels,)),
                output.dtype,
            )
            for output in outputs
        ]
        for box in boxes:
            read = engine.needed(box, plan.padded)
            tile = _cut(slab, inside, low, read, intensity, plan.shape)
            probabilities = engine.run(tile, box, plan.padded, _after(progress, done, total))
            _, (y0, y1), (x0, x1) = box
            if shown is not None:
                part = shown[:, y0:y1, x0:x1, None]
                probabilities = np.where(part, probabilities, np.float32(0))
            for output, result in zip(outputs, results, strict=True):
                result[:, y0 - top : y1 - top, x0 - left : x1 - left] = output.convert(
                    probabilities
                )
            done += volume_of(box)
            if progress:
                progress(done, total)
        for output, result in zip(outputs, results, strict=True):
            output.writer.write(start - origin, result)


def _after(progress, done, total):
    """Progress inside a tile, of which ``tick(voxels)`` tells, after those that are done."""
    return None if progress is None else lambda voxels: progress(done + voxels, total)


def _read(volume, low, high):
    """Slices of a volume; none where the network has all that it needs."""
    return volume.read(low, high) if low < high else np.empty((0, *volume.shape[1:]), volume.dtype)


def _cut(slab, inside, first, box, intensity, shape):
    """Normalised grey of a box, with zeros beyond the high ends of the volume."""
    if not len(slab):
        return np.zeros([high - low for low, high in box], np.float32)
    cuts = tuple(
        slice(low - origin, min(high, side) - origin)
        for (low, high), side, origin in zip(box, shape, (first, 0, 0), strict=True)
    )
    tile = intensity(slab[cuts], None if inside is None else inside[cuts])
    missing = [(0, high - low - side) for (low, high), side in zip(box, tile.shape, strict=True)]
    return np.pad(tile, missing) if any(high for _, high in missing) else tile
