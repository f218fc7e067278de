"""The fingerprint of weights from the records that they are fitted on."""

from pathlib import Path

import numpy as np

from tomoseg_tf.records.batches.reading import index_split
from tomoseg_tf.records.images import decode_image
from tomoseg_tf.records.schema import decode, decode_sample, tf, to_float64
from tomoseg_tf.volume import look_at, profile_of
from tomoseg_tf.weights import pool_profiles

VOXELS = 2**28  # that are read, of patches drawn at random
VALUES = 2**21  # that are kept
MEAN, SCALE = 0.25, 1.25  # difference in deviations, and ratio of them, of patches like their scans


def records_fingerprint(records, normalisation):
    """Take the fingerprint of the scans that training patches were cut from.

    Parameters
    ----------
    records : Records
        An opened folder with training patches.
    normalisation : Normalisation
        That of the network.

    Returns
    -------
    Fingerprint or None
        None where the patches are not like the scans, because those without objects were left
        out, or slices without labels: prediction sees the others too.
    """
    outside = normalisation.outside
    index = index_split(records, "training", outside)
    number = min(len(index.paths), max(1, VOXELS // int(np.prod(records.patch))))
    chosen = np.sort(np.random.default_rng(0).permutation(len(index.paths))[:number])
    every = max(1, number * int(np.prod(records.patch)) // VALUES)
    found = {}
    for position in chosen:
        grey, inside, source = _read(records, index, int(position), outside)
        for z, image in enumerate(grey):
            looked = look_at(image, None if inside is None else inside[z], every)
            found.setdefault(source, []).append(looked[:2])
    profiles = {
        number: _profile(records.sources[number], parts, normalisation)
        for number, parts in sorted(found.items())
    }
    profiles = {number: profile for number, profile in profiles.items() if profile is not None}
    if not profiles:
        return None
    names = [Path(records.sources[number].volume).name for number in profiles]
    return pool_profiles(names, list(profiles.values()))


def _read(records, index, number, outside):
    """Grey values of a patch, which of its voxels are the sample, and the index of its scan."""
    record = index.read(tf.constant(number, tf.int64))
    parse = decode if records.kind == "volumes" else decode_image
    grey, _, source = parse(record, records.patch, records.dtype)
    source = int(source.numpy())
    scan, inside = records.sources[source], None
    if outside == "left_out" and scan.sample_statistics is not None:
        inside = decode_sample(record, records.patch).numpy()
    if records.kind == "volumes":
        grey = to_float64(grey, records.dtype).numpy()
    else:
        grey = scan.offset + scan.scale * grey.numpy().astype(np.float64)
    if np.dtype(records.dtype).kind in "iu":
        grey = np.rint(grey).astype(records.dtype)
    return grey, inside, source


def _profile(source, parts, normalisation):
    """Profile a scan by its patches; None if they are not like the whole of it."""
    values, differences = (np.concatenate(column) for column in zip(*parts, strict=True))
    statistics = source.seen(normalisation.outside)
    if not values.size or not _is_like(values, statistics):
        return None
    share = statistics.voxels / int(np.prod(source.shape))
    settings = {"statistics": statistics, "share": share}
    return profile_of(values, differences, normalisation, **settings)


def _is_like(values, statistics):
    """Whether values have the mean and the deviation of a whole scan."""
    if statistics.std == 0:
        return True
    values = values.astype(np.float64)
    shift = abs(values.mean() - statistics.mean) / statistics.std
    return shift <= MEAN and 1 / SCALE <= values.std() / statistics.std <= SCALE
