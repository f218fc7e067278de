"""Segment volume files with a weights folder."""

import re
import time
from contextlib import ExitStack

import numpy as np

from tomoseg_tf.prediction.arrays import measured_intensity
from tomoseg_tf.prediction.engine import Engine, value_bytes
from tomoseg_tf.prediction.executor import Output, predict_tiles
from tomoseg_tf.prediction.geometry import volume_of
from tomoseg_tf.prediction.graph import inference_graph
from tomoseg_tf.prediction.plan import check_roi, make_plan
from tomoseg_tf.prediction.threshold import check_threshold, to_grey_levels, to_segmentation
from tomoseg_tf.volume import (
    MASKS,
    add_to_name,
    as_volume,
    check_output,
    create_volume,
    open_sample,
    split_location,
    through_filters,
)
from tomoseg_tf.weights import open_weights


def segment_file(
    volume,
    segmentation,
    *,
    weights,
    threshold=None,
    probabilities=None,
    grey_levels=False,
    roi=None,
    mask=None,
    apply_filters=True,
    max_memory=None,
    device="auto",
    precision="float32",
    overwrite=False,
    progress=None,
):
    """Segment a volume file with a weights folder, in memory that its size does not set.

    Parameters
    ----------
    volume : path or Volume
        Volume to segment, in any format that can be read; with
        `tomoseg_tf.volume.open_volume` its spacing can be set.
    segmentation : path
        Where the classes go: uint8, 0 for the background.
    weights : str or path
        Weights folder, or the name of shipped weights.
    threshold : float, optional
        For binary nets, instead of the one stored with the weights.
    probabilities : path, optional
        Where the probabilities go as well; one file per class, named after it,
        for multi-class nets.
    grey_levels : bool
        Write the probabilities as uint8 grey levels, floor(255 p + 0.5), instead of float32.
    roi : tuple of (int, int), optional
        Part to segment, (start, stop) per axis; the normalisation and what the
        network sees around it stay those of the whole volume.
    mask : str or path, optional
        Which voxels are the sample: "auto", "none" or a label volume, see
        `tomoseg_tf.volume.open_sample`. What lies outside counts in no statistics, is 0 to the
        network, and becomes background with probability 0 in every channel. By default what the
        weights were fitted with: "auto" if the outside was left out, "none" if it was kept.
    apply_filters : bool
        Whether the filters that the weights were fitted behind are applied to the volume first,
        as it is read; leave them out for a volume that went through them already.
    max_memory : float, optional
        Bytes for tiles and buffers; 2.5 GB by default.
    device, precision : str
        See `tomoseg_tf.prediction.engine.Engine`.
    overwrite : bool
        Replace existing outputs.
    progress : callable, optional
        Called as ``progress(done, total)`` in voxels; the statistics of the volume,
        which come first, count as a twentieth of their voxels.

    Returns
    -------
    dict
        ``shape``, ``spacing``, ``classes`` (name and voxels each), ``threshold``,
        ``seconds``, ``tiles``, ``tile``, ``overhead``, ``mask``, ``filters`` and ``notices``.

    Raises
    ------
    ValueError
        If an input cannot be read, an output exists, or an option does not fit the weights.
    """
    started = time.perf_counter()
    fitted = open_weights(weights)
    threshold = check_threshold(threshold, fitted.config)
    if grey_levels and probabilities is None:
        raise ValueError("grey levels of what? name a file for the probabilities, too")
    filters = fitted.config.filters if apply_filters else ()
    volume = as_volume(volume)
    source = through_filters(volume, filters)
    mask = fitted.config.normalisation.mask if mask is None else mask
    roi = check_roi(roi, source)
    targets = _probability_targets(probabilities, fitted.config)
    _check_paths(volume.name, (segmentation, *targets.values()), overwrite)
    if mask not in MASKS:
        _check_paths(mask, (segmentation, *targets.values()), overwrite)

    nodes = inference_graph(fitted.build(), axes=fitted.config.axes)
    classes = _Classes(threshold)
    results = [(segmentation, "uint8", classes)]
    results += [(path, *_channel(channel, grey_levels)) for channel, path in targets.items()]
    plan = make_plan(
        nodes,
        source.shape,
        roi=roi,
        value_bytes=value_bytes(precision),
        voxel_bytes=(
            source.dtype.itemsize + (mask != "none"),
            sum(np.dtype(dtype).itemsize for _, dtype, _ in results),
        ),
        max_memory=max_memory,
    )
    engine = Engine(nodes, precision=precision, device=device)
    sample = open_sample(source, mask)
    measuring, predicting = _share(progress, source.voxels // 20, volume_of(roi))
    intensity = measured_intensity(fitted.config.normalisation, source, sample, progress=measuring)
    shape = tuple(high - low for low, high in roi)
    settings = {"spacing": source.spacing, "overwrite": overwrite}
    with ExitStack() as stack:
        outputs = [
            Output(
                convert, stack.enter_context(create_volume(path, shape, dtype, **settings)), dtype
            )
            for path, dtype, convert in results
        ]
        predict_tiles(engine, plan, source, intensity, outputs, sample=sample, progress=predicting)
    return {
        "shape": list(shape),
        "spacing": None if source.spacing is None else list(source.spacing),
        "classes": classes.summary(fitted.config.class_names),
        "threshold": threshold,
        "seconds": time.perf_counter() - started,
        "tiles": plan.num_tiles,
        "tile": list(plan.tile),
        "overhead": plan.overhead,
        "mask": str(mask),
        "filters": list(filters),
        "notices": [*source.notices, *([] if sample is None else [sample.notice])],
    }


def _share(progress, first, second):
    """Make one progress of two parts, whose sizes are given."""
    if progress is None:
        return None, None

    def of_first(done, total):
        progress(first * done // total, first + second)

    def of_second(done, total):
        progress(first + second * done // total, first + second)

    return of_first, of_second


class _Classes:
    """Turns probabilities into classes and counts their voxels."""

    def __init__(self, threshold):
        self.threshold = threshold
        self.counts = np.zeros(256, np.int64)

    def __call__(self, probabilities):
        """Decide the class of each voxel of a tile."""
        classes = to_segmentation(probabilities, self.threshold)
        self.counts += np.bincount(classes.ravel(), minlength=256)
        return classes

    def summary(self, names):
        """Name and voxels of each class."""
        return [
            {"name": name, "voxels": int(self.counts[index])} for index, name in enumerate(names)
        ]


def _probability_targets(path, config):
    """Channels and the files that their probabilities go to."""
    if path is None:
        return {}
    if config.binary:
        return {0: path}
    names = [re.sub(r"[^\w.-]+", "-", name) for name in config.class_names]
    return {channel: add_to_name(path, f"_{name}") for channel, name in enumerate(names)}


def _channel(channel, grey_levels):
    """Type and conversion of the probabilities of one class, as they are or as grey levels."""
    if grey_levels:
        return "uint8", lambda values: to_grey_levels(values[..., channel])
    return "float32", lambda values: values[..., channel]


def _check_paths(volume, outputs, overwrite):
    """Refuse outputs that exist, or that are named twice."""
    paths = [split_location(path).path.resolve() for path in (volume, *outputs)]
    for index, path in enumerate(paths):
        if path in paths[:index]:
            raise ValueError(f"{path} is named twice; each input and output needs its own name")
        if index and path in paths[0].parents:
            raise ValueError(f"{path} holds the volume {volume}; name another output")
    for path in outputs:
        check_output(path, overwrite)
