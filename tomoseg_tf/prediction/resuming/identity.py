"""What tells a segmentation from another: weights, input, settings and outputs, in short."""

import hashlib
import os
from datetime import UTC, datetime

import numpy as np

import tomoseg_tf
from tomoseg_tf.backend import load_keras
from tomoseg_tf.volume import MASKS, FilteredVolume, as_volume, split_location
from tomoseg_tf.volume.formats import format_of_suffix

MOST_FILES = 100_000  # of a folder that are looked at
SLICES = ".tif", ".tiff", ".edf", ".png"  # in a folder of slices
SAMPLES, ROWS = 5, 16  # places of a volume whose voxels are compared
DIGITS = 16


def describe_run(fitted, volume, mask, outputs, settings):
    """Describe a segmentation so that another one differs, at a price that its size does not set.

    Parameters
    ----------
    fitted : list of Weights
        All weights that predict.
    volume : Volume
        The scan.
    mask : str, path or other
        Of the sample.
    outputs : list of tuple of str
        Path, type and content of each.
    settings : dict
        The options that decide the bytes of the outputs, as plain JSON values.

    Returns
    -------
    dict
        Plain JSON values.
    """
    return {
        "format": 1,
        "program": tomoseg_tf.__version__,
        "backend": load_keras().backend.backend(),
        "weights": ", ".join(f"{each.name} {_weights_hash(each)}" for each in fitted),
        "input": describe_volume(volume),
        "mask": describe_mask(mask),
        **settings,
        "outputs": [list(output) for output in outputs],
    }


def describe_volume(volume):
    """Describe a volume: shape, type, spacing, size and time of its files, some of its voxels.

    Parameters
    ----------
    volume : Volume
        Of a filtered one the scan counts.

    Returns
    -------
    dict
        Plain JSON values.
    """
    volume = volume.scan if isinstance(volume, FilteredVolume) else volume
    return {
        "shape": list(volume.shape),
        "dtype": str(volume.dtype),
        "spacing": None if volume.spacing is None else list(volume.spacing),
        **_describe_files(split_location(volume.name).path),
        "content": _hash_samples(volume),
    }


def _describe_files(path):
    """Size, and when it was changed last; of a folder, of what is in it."""
    if not path.exists():
        return {}
    size, newest, count = 0, 0, 0
    for status in _walk(path):
        size, newest, count = size + status.st_size, max(newest, status.st_mtime_ns), count + 1
        if count == MOST_FILES:
            break
    changed = datetime.fromtimestamp(newest // 10**9, UTC).isoformat()
    return {"bytes": size, "changed": f"{changed} {newest % 10**9:09d}"}


def _walk(path):
    """Status of a file, of each slice of a folder of slices, or of each file of a store."""
    if path.is_file():
        yield path.stat()
    elif format_of_suffix(path) is None:  # other files may come, such as results
        for item in path.iterdir():
            if item.suffix.lower() in SLICES and item.is_file():
                yield item.stat()
    else:
        for folder, _, names in os.walk(path):
            for name in names:
                yield os.stat(os.path.join(folder, name))


def _hash_samples(volume):
    """SHA-256 of some rows at some places."""
    content = hashlib.sha256()
    depth, height, width = volume.shape
    for share in np.linspace(0, 1, SAMPLES):
        z, y = int(share * (depth - 1)), int(share * max(0, height - ROWS))
        box = ((z, z + 1), (y, min(y + ROWS, height)), (0, width))
        content.update(np.ascontiguousarray(volume.read_box(box)))
    return content.hexdigest()[:DIGITS]


def _weights_hash(fitted):
    """SHA-256 of what predicts; the card does not."""
    files = [fitted.hashes[name] for name in sorted(fitted.hashes) if not name.endswith(".md")]
    return hashlib.sha256(" ".join(files).encode()).hexdigest()[:DIGITS]


def describe_mask(mask):
    """Describe a mask: a word, or the name of a volume with what `describe_volume` says of it.

    Parameters
    ----------
    mask : str, path or other
        Of the sample.

    Returns
    -------
    str or dict
        Plain JSON values.
    """
    if mask is None or (isinstance(mask, str) and mask in MASKS):
        return str(mask)
    if not isinstance(mask, str | os.PathLike):
        return "an array"
    return {"name": str(mask), **describe_volume(as_volume(mask))}
