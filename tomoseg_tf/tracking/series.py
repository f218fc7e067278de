"""Objects of the steps of a series, measured, registered, matched and followed."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tomoseg_tf.objects import measure_objects, open_inputs, write_labels
from tomoseg_tf.tracking.growth import growth_rates
from tomoseg_tf.tracking.matching import count_overlaps, link
from tomoseg_tf.tracking.registering import block_sides, check_way, register, thin
from tomoseg_tf.tracking.rigid import Rigid
from tomoseg_tf.tracking.tracks import follow
from tomoseg_tf.volume import as_volume, open_volume

SLAB_VOXELS = 2**22


@dataclass(frozen=True)
class Series:
    """The objects of a series and their tracks.

    Attributes
    ----------
    columns : dict from str to (N,) ndarray
        A row per object and step: ``track``, ``step``, ``time``, ``label``, ``class``, ``event``,
        ``fate``, ``parents``, size, place, whether it touches a face, and the growth rate of its
        track.
    times : tuple of float
        Time of each step.
    motions : tuple of Rigid
        From each step to the one before; of the first none.
    shape : tuple of three int
        Shape (Z, Y, X) of each step.
    spacing : tuple of three float, or None
        Size of a voxel along (z, y, x) in µm.
    notices : tuple of str
        What a user should know.
    """

    columns: dict
    times: tuple
    motions: tuple
    shape: tuple
    spacing: tuple | None
    notices: tuple = ()


def track_objects(
    segmentations,
    *,
    times=None,
    volumes=None,
    register_by="none",
    min_overlap=0.25,
    max_distance=5.0,
    connectivity=26,
    min_voxels=8,
    palette="auto",
    spacing=None,
    progress=None,
):
    """Track the objects of a series of segmentations.

    The steps are read slab by slab; the labels of two steps are kept in files of a temporary
    folder. Objects that touch a face are tracked, too, but no line is fitted to what is cut.

    Parameters
    ----------
    segmentations : sequence of path, (Z, Y, X) array_like or Volume
        Classes of each step, at least two of one shape and spacing.
    times : sequence of float, optional
        When each was scanned, rising; 0, 1, 2, ... by default.
    volumes : sequence of path, (Z, Y, X) array_like or Volume, optional
        Grey levels, of which the motion is found; by default that of the segmentations is.
    register_by : str
        "none", "shift" or "rigid", see `register`.
    min_overlap, max_distance : float
        As for `link`.
    connectivity, min_voxels, palette, spacing
        As for `measure_objects`.
    progress : callable, optional
        Called as ``progress(done, total)`` with steps.

    Returns
    -------
    Series
        The table and how it was found.

    Raises
    ------
    ValueError
        If there are too few steps, or they differ in shape, or a setting is none.
    """
    times = _check(segmentations, times, volumes, min_overlap, max_distance)
    check_way(register_by)
    opened = _open(segmentations, volumes, palette=palette, spacing=spacing)
    measured, links, motions, notices, last = [], [], [], [], None
    with tempfile.TemporaryDirectory(prefix="tomoseg-tf-") as folder:
        for number, (given, image) in enumerate(opened):
            objects = measure_objects(
                given, connectivity=connectivity, min_voxels=min_voxels, keep_border=True
            )
            step = _Step(given, objects.columns, folder, number, image, register_by)
            write_labels(objects, given, step.path)
            if last is not None:
                motion = step.motion_from(last)
                overlaps = step.overlaps_with(last, motion)
                limits = {"min_overlap": min_overlap, "max_distance": max_distance}
                links.append(link(overlaps, last.columns, step.columns, motion, **limits))
                motions.append(motion)
                last.path.unlink()
            last = step
            measured.append(objects.columns)
            notices += [notice for notice in objects.notices if notice not in notices]
            if progress is not None:
                progress(number + 1, len(segmentations))
    steps = follow([len(columns["label"]) for columns in measured], links)
    columns = _columns(measured, steps, times, given.spacing)
    motions = (Rigid(size=tuple(given.spacing or (1.0, 1.0, 1.0))), *motions)
    return Series(columns, times, motions, given.segmentation.shape, given.spacing, tuple(notices))


class _Step:
    """One step: its objects, the file of its labels and its thinned image."""

    def __init__(self, given, columns, folder, number, image, way):
        self.given, self.columns, self._way = given, columns, way
        self.path = Path(folder, f"labels_{number}.npy")
        self.thinned = None
        self._blocks = block_sides(image.shape)
        if way != "none":
            self.thinned = thin(image, self._blocks, classes=image is given.segmentation)

    def motion_from(self, last):
        """Find the motion from the step before."""
        settings = {"way": self._way, "blocks": self._blocks, "spacing": self.given.spacing}
        if self._way == "none":
            return Rigid(size=tuple(self.given.spacing or (1.0, 1.0, 1.0)))
        return register(last.thinned, self.thinned, **settings)

    def overlaps_with(self, last, motion):
        """Count the voxels in common with the objects of the step before."""
        _, height, width = self.given.segmentation.shape
        depth = max(1, SLAB_VOXELS // (height * width))
        return count_overlaps(open_volume(last.path), open_volume(self.path), motion, depth)


def _check(segmentations, times, volumes, min_overlap, max_distance):
    """Check what can be seen before reading; return the times."""
    number = len(segmentations)
    if number < 2:
        raise ValueError(f"{number} segmentations: a series has at least two steps")
    if volumes is not None and len(volumes) != number:
        raise ValueError(f"{len(volumes)} volumes for {number} segmentations; give one per step")
    times = tuple(range(number)) if times is None else tuple(times)
    if len(times) != number:
        raise ValueError(f"{len(times)} times for {number} segmentations; give one per step")
    if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
        raise ValueError(f"times {', '.join(map(str, times))}: each must be after the one before")
    if not 0 < min_overlap <= 1:
        raise ValueError(f"min_overlap is {min_overlap}; a share is above 0 and at most 1")
    if not max_distance >= 0:
        raise ValueError(f"max_distance is {max_distance}; a distance is 0 or more")
    return times


def _open(segmentations, volumes, **options):
    """Open all steps, each with the image that is registered, and check that they agree."""
    opened = []
    for number, segmentation in enumerate(segmentations):
        given = open_inputs(segmentation, **options)
        if opened:
            _check_alike(opened[-1][0], given)
        image = given.segmentation if volumes is None else as_volume(volumes[number])
        if image.shape != given.segmentation.shape:
            raise ValueError(
                f"{image.name}: the volume has shape {image.shape}, but its segmentation "
                f"{given.segmentation.name} has {given.segmentation.shape}; give that of each step"
            )
        opened.append((given, image))
    return opened


def _check_alike(one, other):
    """Refuse steps of different shape or spacing."""
    shapes = one.segmentation.shape, other.segmentation.shape
    spacings = one.spacing, other.spacing
    unknown = None in spacings
    alike = {
        "shape": shapes[0] == shapes[1],
        "spacing": spacings[0] is spacings[1] if unknown else np.allclose(*spacings, 1e-3, 0),
    }
    for name, (first, second) in {"shape": shapes, "spacing": spacings}.items():
        if not alike[name]:
            raise ValueError(
                f"{other.segmentation.name} has {name} {second}, but {one.segmentation.name} "
                f"{first}; the steps of a series must agree"
            )


def _columns(measured, steps, times, spacing):
    """Put the tables of all steps together."""
    numbers = [len(own["label"]) for own in measured]
    columns = {
        "track": np.concatenate(steps.tracks),
        "step": np.repeat(np.arange(len(times)), numbers),
        "time": np.repeat(np.array(times, float), numbers),
        "label": np.concatenate([own["label"] for own in measured]),
        "class": np.concatenate([own["class"] for own in measured]),
        "event": np.concatenate(steps.events),
        "fate": np.concatenate(steps.fates),
        "parents": np.concatenate(steps.parents),
    }
    unit, size = ("voxels", "voxels") if spacing is None else ("um", "volume_um3")
    names = ["voxels", "volume_um3", "equivalent_radius_voxels", "equivalent_radius_um"]
    names += [f"centroid_{axis}" for axis in "zyx"] + [f"centroid_{axis}_um" for axis in "zyx"]
    for name in [*names, "touches_border"]:
        if name in measured[0]:
            columns[name] = np.concatenate([own[name] for own in measured])
    whole = ~columns["touches_border"]
    for name, sizes in (("radius", f"equivalent_radius_{unit}"), ("volume", size)):
        found = growth_rates(columns["track"], columns["time"], columns[sizes].astype(float), whole)
        power = "um3" if name == "volume" and unit == "um" else unit
        columns[f"{name}_rate_{power}"], columns[f"{name}_rate_error_{power}"] = found
    return columns
