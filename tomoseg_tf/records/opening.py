"""Opening a folder of records: every shard is there and whole."""

from dataclasses import dataclass
from pathlib import Path

from tomoseg_tf.records.manifest import Manifest, read_manifest
from tomoseg_tf.records.split import SPLITS
from tomoseg_tf.volume import file_hash


@dataclass(frozen=True)
class Records:
    """A folder of records that was found whole.

    Parameters
    ----------
    folder : Path
        The folder.
    manifest : Manifest
        What its ``manifest.json`` says.
    """

    folder: Path
    manifest: Manifest

    @property
    def patch(self):
        """Sides (z, y, x) of the patches in voxels."""
        return self.manifest.patch

    @property
    def kind(self):
        """What a record is: "volumes" for patches of voxels, "images" for PNG of one slice."""
        return self.manifest.kind

    @property
    def dtype(self):
        """NumPy name of the type of the grey values in the volumes."""
        return self.manifest.dtype

    @property
    def classes(self):
        """Names of the classes, background first."""
        return self.manifest.classes

    @property
    def num_classes(self):
        """Number of classes, the background included: 2 for background and object."""
        return len(self.manifest.classes)

    @property
    def spacing(self):
        """Size of a voxel along (z, y, x) in µm, or None if unknown or not the same in all."""
        return self.manifest.spacing

    @property
    def sources(self):
        """The samples that the patches were cut from, with their `statistics`."""
        return self.manifest.sources

    @property
    def have_outside(self):
        """Whether any sample has voxels outside of it, which `normalisation.outside` is about."""
        return any(source.sample_statistics for source in self.sources)

    def count(self, split):
        """Count the patches of a split.

        Parameters
        ----------
        split : {"training", "validation", "test"}
            Name of the split.

        Returns
        -------
        int
            Number of patches; 0 for a split that was not asked for.
        """
        return sum(shard.records for shard in self.shards(split))

    def seen_patches(self, split, outside="kept"):
        """List the patches of a split that hold anything to train on or score, in reading order.

        Parameters
        ----------
        split : {"training", "validation", "test"}
            Name of the split.
        outside : {"kept", "left_out"}, optional
            Whether what lies outside the sample is ignored.

        Returns
        -------
        list of tomoseg_tf.records.manifest.Patch
            Where each was cut, and the voxels of each class.
        """
        every = (patch for shard in self.shards(split) for patch in shard.patches)
        return [patch for patch in every if any(patch.seen(outside)[:-1])]

    def voxels(self, split, outside="kept"):
        """Count the voxels of each class in the patches of a split, then those ignored.

        Parameters
        ----------
        split : {"training", "validation", "test"}
            Name of the split.
        outside : {"kept", "left_out"}, optional
            Whether what lies outside the sample is ignored.

        Returns
        -------
        (C + 1,) list of int
            Voxels; all 0 for a split without patches.
        """
        counts = [patch.seen(outside) for shard in self.shards(split) for patch in shard.patches]
        return [sum(column) for column in zip(*counts, strict=True)] or [0] * (self.num_classes + 1)

    def shards(self, split):
        """List the shards of a split.

        Parameters
        ----------
        split : {"training", "validation", "test"}
            Name of the split.

        Returns
        -------
        tuple of Shard
            In the order of their names.

        Raises
        ------
        ValueError
            If there is no split of that name.
        """
        if split not in SPLITS:
            raise ValueError(f"split {split!r} is not known; use one of {', '.join(SPLITS)}")
        return self.manifest.shards.get(split, ())


def open_records(folder, *, verify=True):
    """Open a folder of records and check its shards.

    Parameters
    ----------
    folder : str or Path
        Folder that `write_records` wrote.
    verify : bool, optional
        Whether each shard is read and its SHA-256 compared, which finds any damage; without it only
        existence and size are checked, and a damaged record is found when it is read.

    Returns
    -------
    Records
        The folder and its manifest.

    Raises
    ------
    ValueError
        If the manifest cannot be read, or a shard is missing, shortened, too long or damaged; the
        text names the shard.
    """
    records = Records(Path(folder), read_manifest(folder))
    for split in SPLITS:
        for shard in records.shards(split):
            _check_shard(records.folder / shard.name, shard, verify)
    return records


def _check_shard(path, shard, verify):
    """Check that a shard is the one that was written."""
    if not path.is_file():
        raise ValueError(f"{path}: this shard is missing; restore it or write the records again")
    size = path.stat().st_size
    if size != shard.bytes:
        change = "shortened" if size < shard.bytes else "lengthened"
        raise ValueError(
            f"{path}: this shard was {change}: it has {size} bytes, but {shard.bytes} were "
            "written; restore it or write the records again"
        )
    if verify and file_hash(path) != shard.sha256:
        raise ValueError(
            f"{path}: this shard is damaged: its SHA-256 is not the one in the manifest; restore "
            "it or write the records again"
        )
