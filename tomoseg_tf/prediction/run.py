"""A segmentation that is checked and ready: what predicts, what it sees and what it writes."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tomoseg_tf.prediction.arrays import measured_statistics
from tomoseg_tf.prediction.budget import memory_for_tiles
from tomoseg_tf.prediction.device import find_device, on_processor
from tomoseg_tf.prediction.ensemble import (
    Member,
    count_runs,
    join,
    leaves_z,
    open_networks,
    predict_mean,
    sees_slices,
)
from tomoseg_tf.prediction.geometry import volume_of
from tomoseg_tf.prediction.passes import predict
from tomoseg_tf.prediction.plan import MAX_MEMORY
from tomoseg_tf.prediction.resuming.hidden import hidden_folder
from tomoseg_tf.prediction.resuming.identity import describe_run
from tomoseg_tf.prediction.room import room_for_sums
from tomoseg_tf.volume import Statistics, open_sample
from tomoseg_tf.volume.read_once import ReadOnce, kept_bytes
from tomoseg_tf.volume.spooled import SpooledVolume, takes_time

STATISTICS_SHARE = 20  # voxels that are predicted while one is measured, for the progress


@dataclass(frozen=True)
class Run:
    """All that a segmentation needs.

    Attributes
    ----------
    fitted : list of Weights
        What predicts.
    volume, source : Volume
        The scan, and the scan behind the filters.
    mask : str or path
        Which voxels are the sample.
    roi : tuple of (int, int)
        Part of the volume.
    targets : list of Target
        What is written.
    threshold : float or None
        Of a binary net.
    settings : dict
        For `tomoseg_tf.prediction.ensemble.open_networks`: step, passes, z_blocks, precision and
        device.
    turns : str
        Of the volume.
    disagreement : path or None
        Where the disagreement of the members goes.
    apply_filters : bool
        Whether the scan still has to go through the filters.
    max_memory : float or None
        Bytes of the process; on a GPU, of the tiles there.
    statistics : Statistics or None
        Those that the grey levels are normalised by; those of the scan if None.
    prepared : list or None
        Networks that an earlier run of the same weights and settings made ready.
    base : float or None
        Bytes that the process took when it had; those that it takes now if None.
    client : dask.distributed.Client or None
        Of a cluster whose workers predict.
    """

    fitted: list
    volume: Any
    source: Any
    mask: Any
    roi: tuple
    targets: list
    threshold: float | None
    settings: dict
    turns: str = "none"
    disagreement: Any = None
    apply_filters: bool = True
    max_memory: float | None = None
    statistics: Any = None
    prepared: Any = None
    base: float | None = None
    client: Any = None

    @property
    def shape(self):
        """Shape (Z, Y, X) of the results."""
        return tuple(high - low for low, high in self.roi)

    @property
    def num_runs(self):
        """Passes over the volume, all members counted."""
        passes = self.settings["passes"]
        return count_runs(self.fitted, self.turns, passes, self.disagreement)

    @property
    def has_members(self):
        """Whether several members predict, by several weights or turns."""
        return len(self.fitted) > 1 or self.turns != "none" or self.disagreement is not None

    @property
    def voxel_bytes(self):
        """Bytes per voxel of the volume with its mask, and of all results of a tile together.

        Where several passes are averaged, these are what is added to their sums.
        """
        results = sum(target.voxel_bytes for target in self.targets)
        if self.num_sums:
            results = 4 * self.num_sums
        return self.source.dtype.itemsize + (self.mask != "none"), results

    @property
    def num_sums(self):
        """Channels of the sums of several passes, 0 where the results are made at once."""
        if not self.has_members and self.settings["passes"] == "z":
            return 0
        channels = self.fitted[0].config.arguments["num_classes"]
        return channels + (self.disagreement is not None)

    @property
    def spool_folder(self):
        """Where slices that took time to make are kept on the disk; None if they are not.

        They are where slabs along other axes need all of them, again and again.
        """
        if self.client is not None or not takes_time(self.source):
            return None
        seen = leaves_z(self.fitted, self.turns, self.settings["passes"])
        return hidden_folder(self.targets[0].path) if seen else None

    @property
    def spool_bytes(self):
        """What they take there, at most: members with other filters have slices of their own."""
        if self.spool_folder is None:
            return 0
        return self.source.nbytes * len({member.config.filters for member in self.fitted})

    @property
    def kept_bytes(self):
        """Memory for slices that the next slab needs too, where reading them takes time."""
        if self.spool_folder is not None:
            return 0
        return kept_bytes(self.source, self.max_memory or MAX_MEMORY)

    @property
    def filter_bytes(self):
        """Memory that the filters of the source, and what resamples it, work in."""
        return getattr(self.source, "working_bytes", 0)

    @cached_property
    def slices(self):
        """The source, kept on the disk where its slices take time and are needed often."""
        folder = self.spool_folder
        return self.source if folder is None else SpooledVolume(self.source, folder)

    @cached_property
    def reader(self):
        """The slices, each of their chunks decoded once as far as memory allows."""
        return ReadOnce(self.slices, self.kept_bytes)

    @property
    def amplification(self):
        """Voxels decoded over those needed so far; None where workers of a cluster read."""
        return None if self.client is not None else round(self.reader.amplification, 3)

    def reading_notices(self):
        """List what a user should know of the reading, with the name of the file."""
        told = None if self.has_members else self.reader.notice()  # each member reads all again
        return [] if told is None else [f"{self.source.name}: {told}"]

    @cached_property
    def networks(self):
        """The networks, ready to predict."""
        return self.prepared or open_networks(self.fitted, **self.settings)

    def identity(self):
        """Describe all that decides the bytes of the outputs, see `describe_run`."""
        settings = {
            "threshold": self.threshold,
            "roi": [list(ends) for ends in self.roi],
            "turns": self.turns,
            "filters": list(map(str, getattr(self.source, "filters", ()))),
            "apply_filters": self.apply_filters,
            "statistics": self.statistics and self.statistics.to_dict(),
            **self.settings,
        }
        outputs = [target.identity for target in self.targets]
        return describe_run(self.fitted, self.volume, self.mask, outputs, settings)

    def tile_memory(self, unfinished=None):
        """Give the bytes that a plan may take.

        Parameters
        ----------
        unfinished : Unfinished, optional
            Where it was noted if an earlier process began: then the plan is the same again.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If too little is left for tiles.
        """
        _ = self.networks  # which take some of it
        device = find_device(self.settings["device"], self.settings["precision"])
        if not on_processor(device):
            return self.max_memory or MAX_MEMORY
        settings = {"base": self.base, "filters": self.filter_bytes}
        left = memory_for_tiles(self.max_memory, **settings) - self.kept_bytes
        noted = unfinished.journal.last("memory") if unfinished else None
        if noted and noted[0] == self.max_memory:
            return noted[1]
        return left


def predict_run(run, unfinished, *, notify=None, progress=None):
    """Predict what is missing of a segmentation.

    Parameters
    ----------
    run : Run
        The segmentation.
    unfinished : Unfinished
        Takes the results, and knows how far an earlier process came.
    notify : callable, optional
        Called with each text that a user should read at once.
    progress : callable, optional
        Called as ``progress(done, total)`` in voxels, see `tomoseg_tf.prediction.segment_file`.

    Returns
    -------
    plans : list of Plan
        That of each pass.
    sample : Sample or None
        Which voxels counted.
    """
    memory = run.tile_memory(unfinished)
    if unfinished.journal.last("memory") != [run.max_memory, memory]:
        unfinished.journal.add({"memory": [run.max_memory, memory]})
    sample = open_sample(run.source, run.mask)
    first, second = run.source.voxels // STATISTICS_SHARE, run.num_runs * volume_of(run.roi)
    measuring, predicting = share_progress(progress, first, second)
    intensity = _intensity(run, unfinished.journal, sample, measuring)

    def on_smaller(text, max_memory):
        unfinished.journal.add({"memory": [run.max_memory, max_memory]})
        if notify:
            notify(text)

    settings = {
        "passes": run.settings["passes"],
        "roi": run.roi,
        "folder": unfinished.folder,
        "voxel_bytes": run.voxel_bytes,
        "max_memory": memory,
        "progress": predicting,
        "on_smaller": on_smaller,
        "kept": True,
        "first": run.roi[0][0] + unfinished.done,
    }
    outputs, networks = unfinished.outputs(), run.networks
    if run.client is not None:
        from tomoseg_tf.prediction.cluster import share_run  # loads Zarr

        settings = {"memory": memory, "folder": unfinished.folder, "progress": predicting}
        settings["first"] = run.roi[0][0] + unfinished.done
        return share_run(run, intensity, sample, outputs, **settings), sample
    if run.has_members:
        leader = Member(networks[0], run.reader, intensity, sample, sees_slices(run.fitted[0]))
        seen = {"apply_filters": run.apply_filters, "statistics": run.statistics}
        seen["spool_folder"] = run.spool_folder
        members = join(leader, run.fitted, networks, run.volume, run.mask, **seen)
        settings |= {"turns": run.turns, "room": room_for_sums(run, unfinished)}
        return predict_mean(members, outputs, **settings), sample
    return predict(networks[0], run.reader, intensity, outputs, sample=sample, **settings), sample


def _intensity(run, journal, sample, progress):
    """Normalisation, from statistics that an earlier process measured, or measured now."""
    normalisation = run.fitted[0].config.normalisation
    noted = journal.last("statistics")
    if run.statistics is not None:
        return normalisation.intensity(run.statistics)
    if noted is not None:
        return normalisation.intensity(Statistics.from_dict(noted))
    statistics = measured_statistics(normalisation, run.slices, sample, progress=progress)
    if statistics is not None:
        journal.add({"statistics": statistics.to_dict()})
    return normalisation.intensity(statistics)


def share_progress(progress, first, second):
    """Make one progress of two parts.

    Parameters
    ----------
    progress : callable or None
        Of the whole.
    first, second : int
        Sizes of the parts.

    Returns
    -------
    (callable or None, callable or None)
        That of each part.
    """
    if progress is None:
        return None, None

    def of_first(done, total):
        progress(first * done // total, first + second)

    def of_second(done, total):
        progress(first + second * done // total, first + second)

    return of_first, of_second
