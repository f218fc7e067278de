"""One segmentation by way of another grid: predicted there, interpolated back.

The scan is resampled as it is read, and its probabilities on the other grid go to a hidden folder
beside the segmentation, ``.NAME.resampled``; from there they are interpolated back. A process that
was killed leaves that folder to the next one of the same arguments; without its plan it is void.
"""

import json
import shutil
import time
from contextlib import ExitStack

import numpy as np

from tomoseg_tf.prediction.ensemble import agree, agreed_mask, count_runs, open_all
from tomoseg_tf.prediction.geometry import volume_of
from tomoseg_tf.prediction.outputs import Classes, check_paths, list_targets
from tomoseg_tf.prediction.plan import check_roi
from tomoseg_tf.prediction.restoring import Restoring, seen_part
from tomoseg_tf.prediction.resuming.hidden import RESAMPLED, SUMMARY, resampled_folder
from tomoseg_tf.prediction.resuming.identity import describe_run
from tomoseg_tf.prediction.room import check_disks, list_outputs, list_plain_disks
from tomoseg_tf.prediction.seams import seam_notice
from tomoseg_tf.prediction.threshold import check_threshold, to_grey_levels
from tomoseg_tf.prediction.uncertainty import Disagreement
from tomoseg_tf.volume import (
    MASKS,
    ResampledMask,
    ResampledVolume,
    create_volume,
    open_sample,
    open_volume,
    single_writer,
    staged_file,
)

PLAN, MASK = "plan.json", "mask.npy"
FINISHING = "finishing"  # there from when outputs get their names on
PROBABILITIES, DISAGREEMENT = "probabilities.npy", "disagreement.npy"
# these decide no byte
BESIDE = ("base", "client", "dry_run", "networks", "max_memory", "notify", "strict")
RESTORING_SHARE = 20  # voxels that are interpolated while one is predicted, for the progress


class ResampledRun:
    """A segmentation by way of another grid.

    Parameters
    ----------
    volume : Volume
        The scan.
    segmentation, weights
        As for `tomoseg_tf.prediction.segment_file`.
    grid : list of AxisGrid
        What the network sees the scan on.
    settings : dict
        The other arguments of `tomoseg_tf.prediction.segment_file`.
    """

    def __init__(self, volume, segmentation, weights, grid, settings):
        self.started = time.perf_counter()
        self.settings = dict(settings)
        own = {
            name: self.settings.pop(name, None)
            for name in ("probabilities", "colours", "entropy", "disagreement")
        }
        self.volume, self.segmentation, self.grid = volume, segmentation, grid
        self.weights, self.fitted = weights, open_all(weights)
        self.config = agree(self.fitted)
        members = self.settings.get("turns", "none"), self.settings.get("passes", "z")
        count_runs(self.fitted, *members, own["disagreement"])  # one alone cannot disagree
        self.overwrite = self.settings.pop("overwrite", False)
        self.grey_levels = self.settings.pop("grey_levels", False)
        self.progress = self.settings.pop("progress", None)
        mask = self.settings.pop("mask", None)
        self.mask = agreed_mask(self.fitted) if mask is None else mask
        self.roi = check_roi(self.settings.pop("roi", None), volume)
        self.threshold = self.settings.pop("threshold", None)
        self.classes = Classes(check_threshold(self.threshold, self.config))
        self.targets = self._list_targets(segmentation, self.grey_levels, own)
        self.doubt = own["disagreement"] is not None
        self.seen = ResampledVolume(volume, grid)
        self.folder = resampled_folder(segmentation)

    def segment(self, segment):
        """Segment on the other grid, and give the results on that of the scan."""
        self._remove_finished()
        self.plan = self._describe_plan()
        self.may_replace = self.overwrite or (self._same_plan() and self._is_finishing())
        check_paths(self.volume.name, self.mask, self.targets, self.may_replace)
        if self.settings.get("dry_run"):
            return self._describe(segment)
        with single_writer(self.folder):
            try:
                self._begin()
                check_disks(self._list_disks())
                summary = self._predict(segment)
                self._restore()
            except BaseException:
                kept = (self.folder / RESAMPLED).exists()
                if not kept and not any(self.folder.glob(".*.unfinished")):
                    shutil.rmtree(self.folder, ignore_errors=True)
                raise
            self._remove()
        return self._summary(summary)

    @property
    def shape(self):
        """Shape (Z, Y, X) of the results."""
        return tuple(high - low for low, high in self.roi)

    def _describe(self, segment):
        """Describe the prediction there, and the results on the grid of the scan."""
        part, mask = seen_part(self.grid, self.roi), self.mask
        if mask not in MASKS:
            mask = ResampledMask(open_sample(self.volume, mask), self.grid)
        names = {"weights": self.weights, "roi": part, "mask": mask, "overwrite": self.may_replace}
        found = segment(self.seen, self.segmentation, **names, **self.settings)
        return {
            **found,
            "part": [list(ends) for ends in self.roi],
            "shape": list(self.shape),
            "outputs": list_outputs(self),
            "disks": self._list_disks(),
        }

    def _list_disks(self):
        """List the disks that are written to, and what is needed there beside what is there."""
        channels = (1 if self.config.binary else len(self.config.classes)) + self.doubt
        voxel_bytes = 1 + np.dtype(np.float32).itemsize * channels
        hidden = voxel_bytes * volume_of(seen_part(self.grid, self.roi))
        left = [path.stat() for path in self.folder.rglob("*") if path.is_file()]
        there, complete = sum(each.st_size for each in left), (self.folder / SUMMARY).exists()
        return list_plain_disks(self, hidden, there=there, complete=complete)

    def _list_targets(self, segmentation, grey_levels, paths):
        """List what is written."""
        paths = {"probabilities": None, "colours": None, **paths}
        probabilities = paths.pop("probabilities")
        return list_targets(
            *(self.classes, self.config, segmentation, probabilities),
            grey_levels=grey_levels,
            **paths,
        )

    def _describe_plan(self):
        """Describe all that decides the bytes of the outputs."""
        outputs = [target.identity for target in self.targets]
        others = {name: self.settings[name] for name in self.settings if name not in BESIDE}
        settings = {
            "threshold": self.threshold,
            "roi": [list(ends) for ends in self.roi],
            **{name: repr(value) for name, value in others.items()},
        }
        return describe_run(self.fitted, self.seen, self.mask, outputs, settings)

    def _same_plan(self):
        """Tell whether the hidden folder is of the same arguments."""
        return _stored(self.folder / PLAN) == self.plan

    def _is_finishing(self):
        """Tell whether an earlier process may have given outputs their names."""
        return (self.folder / FINISHING).exists()

    def _remove(self):
        """Remove the hidden folder; its plan first, without which the rest counts nothing."""
        (self.folder / PLAN).unlink()
        shutil.rmtree(self.folder)

    def _remove_finished(self):
        """Remove what a process left that was killed while it removed the hidden folder."""
        if self.folder.exists() and not (self.folder / PLAN).exists():
            with single_writer(self.folder):
                if not (self.folder / PLAN).exists():
                    shutil.rmtree(self.folder)

    def _begin(self):
        """Make the hidden folder, or go on with that of the same arguments."""
        there = self.folder / PLAN
        if self._same_plan():
            return
        if there.exists():
            if not self.overwrite:
                raise ValueError(
                    f"{self.segmentation}: an unfinished segmentation of other settings is in "
                    f"{self.folder}; run the command that began it, or start anew with --overwrite"
                )
            self._remove()
        self.folder.mkdir(exist_ok=True)
        _store(there, self.plan)

    def _predict(self, segment):
        """Predict on the other grid, unless that is done; return the summary."""
        done, first = self.folder / SUMMARY, self.folder / RESAMPLED
        found = _stored(done)
        if found is not None:
            return found
        found = segment(
            self.seen,
            first,
            weights=self.weights,
            threshold=self.threshold,
            probabilities=self.folder / PROBABILITIES,
            disagreement=self.folder / DISAGREEMENT if self.doubt else None,
            roi=seen_part(self.grid, self.roi),
            mask=self._seen_mask(),
            overwrite=self.overwrite or first.exists(),
            progress=self._progress(),
            **self.settings,
        )
        _store(done, found)
        return found

    def _seen_mask(self):
        """Mask on the other grid: a word, or a file in the hidden folder."""
        if self.mask in MASKS:
            return self.mask
        path = self.folder / MASK
        if not path.exists():
            mask = ResampledMask(open_sample(self.volume, self.mask), self.grid)
            with create_volume(path, mask.shape, mask.dtype) as writer:
                for start, slab in mask.slabs():
                    writer.write(start, slab)
        return path

    def _restore(self):
        """Write the results on the grid of the scan."""
        paths = {"entropy": None}
        paths["disagreement"] = self.folder / DISAGREEMENT if self.doubt else None
        paths["probabilities"] = self.folder / PROBABILITIES
        stored = self._list_targets(self.folder / RESAMPLED, False, paths)[1:]
        restoring = Restoring(
            [open_volume(target.path) for target in stored],
            *(self.grid, self.roi),
            open_sample(self.volume, self.mask),
            open_sample(self.seen, self._seen_mask()),
        )
        channels, total = len(stored) - self.doubt, self.volume.voxels
        shape = self.shape
        with ExitStack() as stack:
            outputs = [
                stack.enter_context(target.open(shape, self.volume.spacing, self.may_replace))
                for target in self.targets
            ]
            for start, values in restoring.slabs():
                for output in outputs:
                    output.writer.write(start, self._converted(output, values, channels))
                if self.progress:
                    left = shape[0] - start - len(values)
                    self.progress(int(total * (1 - left / shape[0] / RESTORING_SHARE)), total)
            (self.folder / FINISHING).touch()

    def _converted(self, output, values, channels):
        """Values of an output from probabilities, and the disagreement that may follow them."""
        if not isinstance(output.convert, Disagreement):
            return output.convert(values[..., :channels])
        found = np.ascontiguousarray(values[..., channels])
        return to_grey_levels(found) if self.grey_levels else found

    def _progress(self):
        """Progress of the prediction as part of that of all."""
        if self.progress is None:
            return None
        total = self.volume.voxels
        share = 1 - 1 / RESTORING_SHARE
        return lambda done, of: self.progress(int(total * share * done / of), total)

    def _summary(self, found):
        """Summary of the results on the grid of the scan."""
        spacing = self.volume.spacing
        seen = {"shape": list(self.seen.shape), "spacing": self.seen.spacing}
        return {
            **found,
            "shape": list(self.shape),
            "spacing": None if spacing is None else list(spacing),
            "classes": self.classes.summary(self.config.class_names),
            "seconds": time.perf_counter() - self.started,
            "mask": str(self.mask),
            "filters": [*map(str, getattr(self.volume, "filters", ())), *found["filters"]],
            "notices": self._notices(found),
            "resampled": seen | {"spacing": seen["spacing"] and list(seen["spacing"])},
        }

    def _notices(self, found):
        """List what a user should know, of the results instead of what is hidden."""
        told = [text for text in found["notices"] if not text.startswith(str(self.folder))]
        if found["seams"] is not None:
            told.append(seam_notice(self.segmentation, found["seams"]))
        spacing = self.volume.spacing
        return [*told, *(text for target in self.targets for text in target.lost(spacing))]


def _store(path, content):
    """Write plain JSON values into a file that is whole or not there."""
    with staged_file(path, overwrite=True) as partial:
        partial.write_text(json.dumps(content), encoding="utf-8")


def _stored(path):
    """Read them; None if they are not there or, as a full disk left them, not whole."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
