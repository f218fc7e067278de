"""Orthogonal passes: slices along z, y and x, and the mean of their probabilities.

A pass sees the voxels as cubes: what is 1 voxel along y is taken for 1 voxel along z.
"""

from contextlib import contextmanager

import numpy as np

from tomoseg_tf.prediction.executor import Output
from tomoseg_tf.prediction.fitting import predict_fitting
from tomoseg_tf.prediction.geometry import volume_of
from tomoseg_tf.prediction.resuming.kept_sums import KeptSums, TemporarySums
from tomoseg_tf.prediction.sums import open_sums, read_means
from tomoseg_tf.volume import Sample, Volume

DEPTH = 16  # slices of a sample that are read at a time


class SeenAlong(Volume):
    """A volume whose slices are those along another axis, in the order of the remaining axes.

    Parameters
    ----------
    volume : Volume
        The volume.
    axis : int
        0, 1 or 2 for slices along z, y or x.
    """

    def __init__(self, volume, axis):
        spacing = None if volume.spacing is None else _to_front(volume.spacing, axis)
        super().__init__(
            _to_front(volume.shape, axis),
            volume.dtype,
            spacing=spacing,
            name=volume.name,
            format=volume.format,
        )
        self._volume, self._axis = volume, axis

    def _read(self, start, stop):
        return self._read_box(((start, stop), (0, self.shape[1]), (0, self.shape[2])))

    def _read_box(self, box):
        array = self._volume.read_box(_from_front(box, self._axis))
        return np.moveaxis(array, self._axis, 0)


class SampleAlong(Sample):
    """The sample of a volume `SeenAlong` an axis.

    Parameters
    ----------
    sample : Sample
        That of the volume.
    shape : tuple of int
        Sides (Z, Y, X) of the volume.
    axis : int
        0, 1 or 2.
    """

    def __init__(self, sample, shape, axis):
        super().__init__(sample.name, sample.notice)
        self._sample, self._shape, self._axis = sample, shape, axis

    def inside(self, start, stop):
        """Say which voxels of a slab are the sample, see `Sample.inside`."""
        if self._axis == 0:
            return self._sample.inside(start, stop)
        cut = (slice(None), *(slice(None),) * (self._axis - 1), slice(start, stop))
        depths = range(0, self._shape[0], DEPTH)
        parts = [self._sample.inside(z, min(z + DEPTH, self._shape[0]))[cut].copy() for z in depths]
        return np.moveaxis(np.concatenate(parts), self._axis, 0)


def predict(
    network,
    volume,
    intensity,
    outputs,
    *,
    passes="z",
    roi,
    folder=None,
    sample=None,
    progress=None,
    first=0,
    kept=False,
    on_smaller=None,
    **plan,
):
    """Predict a part of a volume and write its results.

    Parameters
    ----------
    network : TiledNetwork, BlockNetwork, SliceNetwork or PatchNetwork
        The network.
    volume : Volume
        Grey levels.
    intensity : Intensity
        Normalisation, from the statistics of the whole volume.
    outputs : list of Output
        What to make of the probabilities, or of their mean over several passes.
    passes : str
        Axes of the slices, such as "zyx".
    roi : tuple of (int, int)
        Part of the volume.
    folder : path, optional
        Where the sums of several passes lie meanwhile, see `tomoseg_tf.prediction.sums.open_sums`.
    sample : tomoseg_tf.volume.Sample, optional
        Which voxels are the sample.
    progress : callable, optional
        Called as ``progress(done, total)`` in voxels, each counted once per pass.
    first : int
        Slice of the volume; z-ranges of the results that end at or before it are skipped, and
        no slice before it is written.
    kept : bool, optional
        Whether the sums of several passes stay in the folder, and those that an earlier process
        left there are gone on with.
    on_smaller : callable, optional
        Called as ``on_smaller(text, max_memory)`` where the memory of the device is not enough,
        before a smaller plan is tried.
    **plan
        For the plan of the network: ``tile``, ``voxel_bytes`` and ``max_memory``.

    Returns
    -------
    list of Plan
        That of each pass.

    Raises
    ------
    OSError
        If there is no room for the sums.
    """
    settings = {"sample": sample, "progress": progress, "on_smaller": on_smaller}
    if passes == "z":
        plan = {"roi": roi, **plan}
        return [
            predict_fitting(network, volume, intensity, outputs, plan=plan, first=first, **settings)
        ]
    plan["voxel_bytes"] = (plan["voxel_bytes"][0], 4 * network.num_classes)  # float32 is added
    shape = tuple(high - low for low, high in roi)
    with open_store(folder, (*shape, network.num_classes), kept) as store:
        plans = _add_passes(store, network, volume, intensity, passes, roi, plan, **settings)
        begun = max(0, first - roi[0][0])
        for start, mean in read_means(store.sums, (begun, shape[0]), len(passes)):
            for output in outputs:
                output.writer.write(start, output.convert(mean))
    return plans


@contextmanager
def open_store(folder, shape, kept):
    """Open the sums of passes: those that stay, or those that go with the process.

    Parameters
    ----------
    folder : path or None
        Where they lie, see `tomoseg_tf.prediction.sums.open_sums`.
    shape : tuple of int
        (Z, Y, X, C).
    kept : bool
        Whether they stay.

    Yields
    ------
    KeptSums or TemporarySums
    """
    if kept:
        with KeptSums(folder, shape) as store:
            yield store
        return
    with open_sums(folder, shape) as sums:
        yield TemporarySums(sums)


def _add_passes(store, network, volume, intensity, passes, roi, plan, *, sample, progress, **more):
    """Add the probabilities of each pass that is not whole to the sums; return the plans."""
    part, plans, done = volume_of(roi), [], store.done
    for index, axis in enumerate(map("zyx".index, passes)):
        seen = SeenAlong(volume, axis)
        settings = {"roi": _to_front(roi, axis), **plan}
        if index < done:
            plans.append(network.plan(seen.shape, **settings)[1])
            continue
        adding = _Adding(store.begin(), axis)
        planned = predict_fitting(
            network,
            seen,
            intensity,
            [Output(np.asarray, adding, "float32", network.num_classes)],
            plan=settings,
            sample=None if sample is None else SampleAlong(sample, volume.shape, axis),
            progress=_part_of(progress, index * part, len(passes) * part),
            **more,
        )
        store.finish()
        plans.append(planned)
    return plans


class _Adding:
    """Adds the slabs of a pass to the sums."""

    def __init__(self, sums, axis):
        self.sums, self.axis = sums, axis

    def write(self, start, slab):
        """Add a slab of slices along the axis."""
        values = np.moveaxis(slab, 0, self.axis)
        box = [(0, side) for side in values.shape[:3]]
        box[self.axis] = (start, start + len(slab))
        self.sums.add(box, values)


def _to_front(items, axis):
    """Bring an item of three to the front, as `numpy.moveaxis` does."""
    return (items[axis], *(item for index, item in enumerate(items) if index != axis))


def _from_front(items, axis):
    """Undo `_to_front`."""
    rest = list(items[1:])
    rest.insert(axis, items[0])
    return tuple(rest)


def _part_of(progress, before, total):
    """Progress of a pass as part of that of all."""
    return None if progress is None else lambda done, _: progress(before + done, total)
