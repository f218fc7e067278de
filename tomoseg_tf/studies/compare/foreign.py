"""Segmentations of other programs: whole volumes, cut where the patches of the records were cut."""

import numpy as np

from tomoseg_tf.volume import open_truth


def segmentation_cutter(entry, records, split, palette):
    """Open the files of an entry as a function that cuts patches from them.

    Parameters
    ----------
    entry : Entry
        Its files: one for each volume of the records, in their order, or only for those that
        patches of the split were cut from.
    records : Records
        An opened folder.
    split : str
        Split that is scored.
    palette : str
        How their values map to classes, see `tomoseg_tf.volume.open_truth`.

    Returns
    -------
    callable
        As `tomoseg_tf.studies.split_scores.count_split` takes it.

    Raises
    ------
    ValueError
        If the number of files is another, one cannot be read, or its shape is not that of its
        volume.
    """
    every = list(range(len(records.sources)))
    scored = sorted({patch.source for patch in records.seen_patches(split, "kept")})
    number = len(entry.what)
    wanted = next((sources for sources in (every, scored) if len(sources) == number), None)
    if wanted is None:
        only = f" or {len(scored)}, those of the {split} split" if scored != every else ""
        raise ValueError(
            f"{entry.label}: {number} segmentation{'s' if number != 1 else ''} for "
            f"{len(every)} volumes; give {len(every)}, one for each in the order of the "
            f"records{only}, as {entry.label}=FILE each"
        )
    volumes = {}
    for source, path in zip(wanted, entry.what, strict=True):
        volumes[source] = open_truth(path, palette)
        _check_shape(volumes[source], records.sources[source])

    def segment(grey, patches):
        return np.concatenate([_cut(volumes[patch.source], patch, records) for patch in patches])

    return segment


def _cut(volume, patch, records):
    """Cut one patch; refuse values that are no class of the records."""
    sides = zip(patch.origin, records.patch, strict=True)
    part = volume.read_box(tuple((low, low + side) for low, side in sides))
    if part.max() >= records.num_classes:
        raise ValueError(
            f"{volume.name}: holds class {part.max()} in the patch at {list(patch.origin)}, but "
            f"the records have the classes 0 to {records.num_classes - 1} "
            f"({', '.join(records.classes)}); every voxel needs one of these, by --palette"
        )
    return part


def _check_shape(volume, source):
    """Refuse a file of another shape than its volume."""
    if tuple(volume.shape) != tuple(source.shape):
        raise ValueError(
            "{}: its shape is {}, but that of its volume {} is {}; give the segmentation of that "
            "volume".format(
                volume.name,
                " x ".join(map(str, volume.shape)),
                source.volume,
                " x ".join(map(str, source.shape)),
            )
        )
