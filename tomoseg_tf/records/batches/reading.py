"""Random access to records in the graph, with the shard named where one is damaged."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tomoseg_tf.records.opening import open_records
from tomoseg_tf.records.schema import tf


@dataclass(frozen=True)
class Index:
    """Where each record of a split lies: parallel lists over its patches.

    Parameters
    ----------
    paths : tuple of str
        File of each record.
    offsets : tuple of int
        Byte at which it starts in that file.
    foreground : tuple of int
        Its voxels of a class above 0.
    """

    paths: tuple
    offsets: tuple
    foreground: tuple

    def read(self, number):
        """Read one record in the graph.

        Parameters
        ----------
        number : () tensor of int64
            Index of the patch.

        Returns
        -------
        () tensor of string
            The serialised example. If its checksum is wrong, or the file has gone or ends before
            it, the graph fails; `named_shards` turns that into an error that names the shard.
        """
        path = tf.gather(tf.constant(self.paths), number)
        offset = tf.gather(tf.constant(self.offsets, tf.int64), number)
        variant = tf.raw_ops.TFRecordDatasetV2(
            filenames=path[None],
            compression_type="",
            buffer_size=262144,
            byte_offsets=offset[None],
        )
        spec = tf.TensorSpec((), tf.string)
        return tf.data.experimental.from_variant(variant, spec).take(1).get_single_element()


def index_split(records, split, outside="kept"):
    """Index the records of one split.

    Parameters
    ----------
    records : Records
        An opened folder.
    split : {"training", "validation", "test"}
        Name of the split.
    outside : {"kept", "left_out"}, optional
        Whether patches that lie wholly outside the sample are left out.

    Returns
    -------
    Index
        Paths, offsets and foreground of its patches, in the order written.

    Raises
    ------
    ValueError
        If the split holds no patch.
    """
    rows = [
        (str(Path(records.folder, shard.name)), patch.offset, sum(patch.seen(outside)[1:-1]))
        for shard in records.shards(split)
        for patch in shard.patches
        if any(patch.seen(outside)[:-1])
    ]
    if not rows:
        raise ValueError(
            f"{records.folder}: the {split} split holds no patch; write the records again with a "
            "fraction above 0 for it"
        )
    return Index(*(tuple(column) for column in zip(*rows, strict=True)))


def balanced(foreground, share):
    """Repeat the patches that hold foreground until they are a given share.

    Parameters
    ----------
    foreground : (N,) sequence of int
        Foreground voxels of each patch.
    share : float
        Share from 0 to below 1 that patches with foreground shall have at least.

    Returns
    -------
    (M,) ndarray of int64
        Indices of the patches, M >= N; each patch occurs, those with foreground all equally often.

    Examples
    --------
    >>> balanced([5, 0, 0, 0], 0.5)
    array([1, 2, 3, 0, 0, 0])
    """
    if not 0 <= share < 1:
        raise ValueError(f"balance {share:g} must be a share from 0 to below 1")
    held = np.asarray(foreground) > 0
    filled, empty = np.flatnonzero(held), np.flatnonzero(~held)
    if not filled.size or not empty.size:
        return np.arange(held.size)
    needed = share / (1 - share) * empty.size / filled.size
    repeats = max(1, int(np.ceil(needed - 1e-9)))
    return np.concatenate([empty, np.repeat(filled, repeats)])


@contextlib.contextmanager
def named_shards(records):
    """Turn TensorFlow's failure at a damaged record into an error that names the shard.

    Put it around whatever draws batches, as ``model.fit`` does: a shard may be damaged after the
    records were opened, or they were opened without being verified.

    Parameters
    ----------
    records : Records
        The opened folder.

    Raises
    ------
    ValueError
        If TensorFlow fails within and a shard is missing, shortened or damaged. Other
        errors pass through.
    """
    try:
        yield
    except tf.errors.OpError:
        open_records(records.folder)
        raise
