"""Writing the shards of one split, one patch after the other."""

import os
from pathlib import Path

from tomoseg_tf.records.manifest import Patch, Shard
from tomoseg_tf.records.schema import FRAME_BYTES, check_record_size, encode, tf
from tomoseg_tf.volume import file_hash

SHARD_BYTES = 128 * 2**20


class ShardWriter:
    """Writes patches to numbered TFRecord files of one split.

    Parameters
    ----------
    folder : Path
        Where the shards go.
    split : str
        Name of the split, with which the file names begin.
    patches_per_shard : int
        Patches after which a new file is begun.
    done : sequence of Shard, optional
        First shards of the split that are there already: their patches are not written again.
    finished : callable, optional
        Called as ``finished(split, shard)`` with each shard that is written.
    encode : callable, optional
        Serialises a patch, as `schema.encode` does.
    """

    def __init__(self, folder, split, patches_per_shard, *, done=(), finished=None, encode=encode):
        self._folder, self._split = Path(folder), split
        self._limit, self._done, self._finished = patches_per_shard, tuple(done), finished
        self._encode = encode
        self._writer, self._name, self._patches, self._bytes = None, None, [], 0
        self.shards = []

    def write(self, volume, truth, *, origin, source, counts, inside=None, sample_counts=None):
        """Write one patch; the arguments are those of `encode` and `Patch`.

        Raises
        ------
        OSError
            If the file cannot be written, as on a full disk.
        ValueError
            If a shard that is there already should hold another patch.
        """
        if len(self.shards) < len(self._done):
            self._pass(_describe(source, origin, 0, counts, sample_counts))
            return
        record = self._encode(
            volume, truth, origin=origin, source=source, counts=counts, inside=inside
        )
        try:
            if self._writer is None:
                self._name = f"{self._split}-{len(self.shards):05d}.tfrecord"
                self._writer = tf.io.TFRecordWriter(str(self._folder / self._name))
            self._writer.write(record)
        except tf.errors.OpError as error:
            raise OSError(f"{self._folder / self._name}: {error.message}") from error
        self._patches.append(_describe(source, origin, self._bytes, counts, sample_counts))
        self._bytes += len(record) + FRAME_BYTES
        if len(self._patches) == self._limit:
            self.close()

    def close(self):
        """Finish the current shard, if there is one, and add it to `shards`.

        Raises
        ------
        OSError
            If not all of it reached the file.
        """
        if self._writer is None:
            return
        path = self._folder / self._name
        try:
            self._writer.close()
        except tf.errors.OpError as error:
            raise OSError(f"{path}: {error.message}") from error
        if os.path.getsize(path) != self._bytes:
            raise OSError(f"{path}: only {os.path.getsize(path)} of {self._bytes} bytes written")
        shard = Shard(
            name=self._name,
            records=len(self._patches),
            bytes=self._bytes,
            sha256=file_hash(path),
            patches=tuple(self._patches),
        )
        self.shards.append(shard)
        self._writer, self._patches, self._bytes = None, [], 0
        if self._finished is not None:
            self._finished(self._split, shard)

    def _pass(self, patch):
        """Pass over a patch that is in a shard already."""
        shard = self._done[len(self.shards)]
        there = shard.patches[len(self._patches)]
        if patch != there.model_copy(update={"offset": 0}):
            raise ValueError(
                f"{self._folder / shard.name}: an earlier process wrote other patches; "
                "start anew with --overwrite"
            )
        self._patches.append(there)
        if len(self._patches) == shard.records:
            self.shards.append(shard)
            self._patches = []


def _describe(source, origin, offset, counts, sample_counts):
    """Describe a patch for the manifest."""
    if sample_counts is not None:
        sample_counts = tuple(sample_counts)
    return Patch(
        source=source,
        origin=origin,
        offset=offset,
        counts=tuple(counts),
        sample_counts=sample_counts,
    )


def check_shard_length(patches_per_shard, patch, dtype):
    """Check the number of patches in a shard, or choose it, and that a patch fits into a record.

    Parameters
    ----------
    patches_per_shard : int or None
        Number asked for; None for as many as fit into 128 MiB, and at least one.
    patch : tuple of three int
        Sides of a patch.
    dtype : dtype
        Type of its voxels.

    Returns
    -------
    int
        Patches in a shard.

    Raises
    ------
    ValueError
        If it is below 1, or one patch is too large for a record.
    """
    size = check_record_size(patch, dtype)
    if patches_per_shard is None:
        return max(1, SHARD_BYTES // size)
    if patches_per_shard < 1:
        raise ValueError(f"patches per shard {patches_per_shard} must be 1 or more")
    return patches_per_shard
