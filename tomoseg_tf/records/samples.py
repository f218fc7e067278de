"""The samples that records are cut from: a volume with its truth, checked and measured."""

import hashlib
from dataclasses import dataclass

import numpy as np

from tomoseg_tf.records.masks import mask_hash
from tomoseg_tf.volume import (
    IGNORE,
    FilteredVolume,
    NotFiniteError,
    Sample,
    Statistics,
    Volume,
    as_volume,
    check_senses,
    count_classes,
    measure,
    open_truth,
    through_filters,
)


@dataclass(frozen=True)
class MeasuredSample:
    """A volume and its truth, with what the manifest says about them.

    `inside` tells which voxels are the sample, None if all are; `mask` is what was asked for.
    """

    volume: Volume
    truth: Volume
    mask: str
    inside: Sample | None
    mask_sha256: str | None
    statistics: Statistics | None
    sample_statistics: Statistics | None
    volume_sha256: str
    truth_sha256: str


def open_samples(pairs, palette, filters=()):
    """Open pairs of volume and truth and check that they belong together.

    Parameters
    ----------
    pairs : sequence of (volume, truth)
        Each a path, a (Z, Y, X) array or a Volume.
    palette : str or dict
        How truth values map to classes, see `tomoseg_tf.volume.open_truth`.
    filters : sequence of Filter or str, optional
        What the volumes go through first, see `tomoseg_tf.volume.through_filters`.

    Returns
    -------
    list of (Volume, Volume)
        Volumes, filtered, and truths, the latter of uint8 classes with 255 = ignore.

    Raises
    ------
    ValueError
        If there is no pair, one cannot be read, the shapes of a pair differ, the volumes are of
        different types, or 255 means an object in one truth and would not in another.
    """
    if not pairs:
        raise ValueError("records need at least one pair of a volume and its truth")
    samples = []
    for grey, classes in pairs:
        volume = through_filters(as_volume(grey), filters)
        truth = open_truth(classes, palette)
        if volume.shape != truth.shape:
            raise ValueError(
                f"{truth.name}: the truth has shape {truth.shape}, but its volume {volume.name} "
                f"has {volume.shape}; give each volume its own truth"
            )
        samples.append((volume, truth))
    check_senses([truth for _, truth in samples])
    first = samples[0][0]
    for volume, _ in samples:
        if volume.dtype != first.dtype:
            raise ValueError(
                f"{volume.name} holds {volume.dtype}, but {first.name} {first.dtype}; "
                "convert the volumes to one type"
            )
    return samples


def measure_sample(volume, truth, classes, mask="none", inside=None):
    """Measure a sample: grey statistics and hashes; the classes are checked.

    Parameters
    ----------
    volume, truth : Volume
        As `open_samples` gives them.
    classes : sequence of str
        Names of the classes, background first.
    mask : str, optional
        What was asked for: "auto", "none" or the name of a mask.
    inside : tomoseg_tf.volume.Sample, optional
        Which voxels are the sample; all if not given.

    Returns
    -------
    MeasuredSample
        The two volumes with their statistics and SHA-256.

    Raises
    ------
    ValueError
        If the truth holds a class that has no name, or the sample holds NaN.
    """
    counts = np.asarray(count_classes(truth))
    unnamed = [value for value in np.flatnonzero(counts) if len(classes) <= value < IGNORE]
    if unnamed:
        listed = ", ".join(f"{value} ({counts[value]} voxels)" for value in unnamed[:8])
        more = f" and {len(unnamed) - 8} more" if len(unnamed) > 8 else ""
        raise ValueError(
            f"{truth.name}: the truth holds class {listed}{more}, but only {len(classes)} classes "
            f"are named ({', '.join(classes)}); name them all, or map them with a palette"
        )
    whole, of_sample = _statistics(volume, inside)
    return MeasuredSample(
        volume,
        truth,
        mask=mask,
        inside=inside,
        mask_sha256=None if inside is None else mask_hash(inside, volume.shape[0]),
        statistics=whole,
        sample_statistics=of_sample,
        volume_sha256=content_hash(volume.scan if isinstance(volume, FilteredVolume) else volume),
        truth_sha256=content_hash(truth),
    )


def _statistics(volume, inside):
    """Statistics of the whole volume, None if NaN lies outside the sample, and of the sample."""
    if inside is None:
        return measure(volume), None
    of_sample = measure(volume, sample=inside)
    try:
        return measure(volume), of_sample
    except NotFiniteError:
        return None, of_sample


def content_hash(volume):
    """SHA-256 of the voxels of a volume, whatever its file format.

    Parameters
    ----------
    volume : Volume
        The volume; read once, slab by slab.

    Returns
    -------
    str
        Hash of the voxels in C order, little-endian, as 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for _, slab in volume.slabs():
        digest.update(np.ascontiguousarray(slab, slab.dtype.newbyteorder("<")))
    return digest.hexdigest()


def common_spacing(samples):
    """Spacing that all samples share, to one part in a thousand.

    Parameters
    ----------
    samples : sequence of (Volume, Volume)
        Volumes and truths.

    Returns
    -------
    tuple of three float or None
        Spacing (z, y, x) in µm; None if one is unknown or they differ.
    list of str
        A notice where they differ.
    """
    spacings = [volume.spacing for volume, _ in samples]
    known = [spacing for spacing in spacings if spacing is not None]
    alike = len(known) == len(spacings) and all(
        np.allclose(spacing, known[0], rtol=1e-3, atol=0) for spacing in known
    )
    if alike:
        return tuple(known[0]), []
    if not known:
        return None, []
    listed = "; ".join(
        f"{volume.name}: " + (" x ".join(f"{side:g}" for side in spacing) if spacing else "unknown")
        for (volume, _), spacing in zip(samples, spacings, strict=True)
    )
    return None, [f"the volumes do not share one spacing, none is recorded (µm: {listed})"]
