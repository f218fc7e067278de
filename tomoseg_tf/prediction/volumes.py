"""Predict arrays and files with fitted weights."""

import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from tomoseg_tf.prediction.engine import Engine
from tomoseg_tf.prediction.executor import Output, predict_tiles
from tomoseg_tf.prediction.graph import inference_graph
from tomoseg_tf.prediction.plan import make_plan
from tomoseg_tf.prediction.threshold import to_grey_levels, to_segmentation
from tomoseg_tf.volume import (
    Normalisation,
    as_volume,
    check_output,
    create_volume,
    measure,
    open_volume,
)
from tomoseg_tf.weights import open_weights


class _ArrayWriter:
    """Collects slabs in memory."""

    def __init__(self, shape, dtype):
        self.array = np.empty(shape, dtype)

    def write(self, start, slab):
        self.array[start : start + len(slab)] = slab


def predict_volume(
    model,
    volume,
    *,
    normalisation=None,
    axes="ZYX",
    roi=None,
    tile=None,
    max_memory=None,
    device="auto",
    precision="float32",
    progress=None,
):
    """Predict the probabilities of a volume in memory, tile by tile.

    The result equals one pass of the model over the whole volume, normalised
    and padded with zeros at the high ends to multiples of the model's stride.

    Parameters
    ----------
    model : keras.Model
        A network of this package.
    volume : (Z, Y, X) array_like, Volume or path
        Grey levels.
    normalisation : Normalisation, optional
        By default none: the grey levels as they are.
    axes : str
        Axis order that the weights were fitted in, "ZYX" or "XYZ".
    roi : tuple of (int, int), optional
        Part of the volume to predict, (start, stop) per axis. What lies around
        it is still seen by the network.
    tile : tuple of int, optional
        Sides of the tiles; chosen from the memory if not given.
    max_memory : float, optional
        Bytes for tiles and buffers; 2.5 GB by default.
    device, precision : str
        See `tomoseg_tf.prediction.engine.Engine`.
    progress : callable, optional
        Called as ``progress(done, total)`` in voxels.

    Returns
    -------
    (Z, Y, X, C) ndarray of float32
        Probabilities in [0, 1].

    Raises
    ------
    ValueError
        If the model holds a layer that cannot be computed in tiles, the roi is
        outside the volume, or nothing fits into the memory.
    """
    volume = as_volume(volume)
    normalisation = normalisation or Normalisation(method="none")
    roi = check_roi(roi, volume)
    nodes = inference_graph(model, axes=axes)
    channels = nodes[-1].channels
    plan = make_plan(
        nodes,
        volume.shape,
        roi=roi,
        tile=tile,
        value_bytes=_value_bytes(precision),
        voxel_bytes=(volume.dtype.itemsize, 4 * channels),
        max_memory=max_memory,
    )
    writer = _ArrayWriter((*(high - low for low, high in roi), channels), np.float32)
    engine = Engine(nodes, precision=precision, device=device)
    predict_tiles(
        engine,
        plan,
        volume,
        _measured(normalisation, volume),
        [Output(np.asarray, writer, "float32", channels)],
        progress=progress,
    )
    return writer.array


def segment_file(
    volume,
    segmentation,
    *,
    weights,
    threshold=None,
    probabilities=None,
    grey_levels=False,
    roi=None,
    spacing=None,
    max_memory=None,
    device="auto",
    precision="float32",
    overwrite=False,
    progress=None,
):
    """Segment a volume file with a weights folder, in memory that its size does not set.

    Parameters
    ----------
    volume : path
        Volume to segment, in any format that can be read.
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
    spacing : tuple of float, optional
        Voxel size (z, y, x) in µm in place of what the file says.
    max_memory : float, optional
        Bytes for tiles and buffers; 2.5 GB by default.
    device, precision : str
        See `tomoseg_tf.prediction.engine.Engine`.
    overwrite : bool
        Replace existing outputs.
    progress : callable, optional
        Called as ``progress(done, total)`` in voxels.

    Returns
    -------
    dict
        ``shape``, ``spacing``, ``classes`` (name and voxels each), ``threshold``,
        ``seconds``, ``tiles``, ``tile`` and ``overhead``.

    Raises
    ------
    ValueError
        If an input cannot be read, an output exists, or an option does not fit the weights.
    """
    started = time.perf_counter()
    fitted = open_weights(weights)
    config = fitted.config
    threshold = check_threshold(threshold, config)
    if grey_levels and probabilities is None:
        raise ValueError("grey levels of what? name a file for the probabilities, too")
    source = open_volume(volume, spacing=spacing)
    roi = check_roi(roi, source)
    targets = _probability_targets(probabilities, config)
    _check_distinct(volume, segmentation, targets)
    for path in (segmentation, *targets.values()):
        check_output(path, overwrite)

    nodes = inference_graph(fitted.build(), axes=config.axes)
    value_type = "uint8" if grey_levels else "float32"
    plan = make_plan(
        nodes,
        source.shape,
        roi=roi,
        value_bytes=_value_bytes(precision),
        voxel_bytes=(source.dtype.itemsize, 1 + len(targets) * np.dtype(value_type).itemsize),
        max_memory=max_memory,
    )
    engine = Engine(nodes, precision=precision, device=device)
    intensity = _measured(config.normalisation, source)
    counts = np.zeros(256, np.int64)
    shape = tuple(high - low for low, high in roi)
    with ExitStack() as stack:

        def output(path, dtype, convert):
            writer = stack.enter_context(
                create_volume(path, shape, dtype, spacing=source.spacing, overwrite=overwrite)
            )
            return Output(convert, writer, dtype)

        def classes(values):
            result = to_segmentation(values, threshold)
            counts[:] += np.bincount(result.ravel(), minlength=256)
            return result

        outputs = [output(segmentation, "uint8", classes)]
        for channel, path in targets.items():
            convert = _channel(channel, grey_levels)
            outputs.append(output(path, value_type, convert))
        predict_tiles(engine, plan, source, intensity, outputs, progress=progress)
    return {
        "shape": list(shape),
        "spacing": None if source.spacing is None else list(source.spacing),
        "classes": [
            {"name": name, "voxels": int(counts[index])}
            for index, name in enumerate(config.class_names)
        ],
        "threshold": threshold,
        "seconds": time.perf_counter() - started,
        "tiles": plan.num_tiles,
        "tile": list(plan.tile),
        "overhead": plan.overhead,
        "notices": list(source.notices),
    }


def check_roi(roi, volume):
    """Check that a part lies inside a volume; None gives the whole volume."""
    if roi is None:
        return tuple((0, side) for side in volume.shape)
    for axis, (low, high), side in zip("zyx", roi, volume.shape, strict=True):
        if not 0 <= low < high <= side:
            raise ValueError(
                f"roi {low}:{high} along {axis} is not inside 0:{side} of {volume.name}; "
                "give start:stop with start < stop"
            )
    return tuple((int(low), int(high)) for low, high in roi)


def check_threshold(threshold, config):
    """Threshold of binary weights, theirs if None; an error for multi-class weights."""
    if not config.binary:
        if threshold is not None:
            raise ValueError(
                f"the weights have {len(config.classes)} classes, which go by the largest "
                "probability; leave the threshold out"
            )
        return None
    threshold = config.threshold if threshold is None else threshold
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold {threshold} must lie between 0 and 1")
    return threshold


def _measured(normalisation, volume):
    if normalisation.method == "none":
        return normalisation.intensity(None)
    return normalisation.intensity(measure(volume, normalisation.percentiles))


def _probability_targets(path, config):
    """Channels and the files that their probabilities go to."""
    if path is None:
        return {}
    path = Path(path)
    if config.binary:
        return {0: path}
    return {
        channel: path.with_name(f"{path.stem}_{name}{path.suffix}")
        for channel, name in enumerate(config.class_names)
    }


def _channel(channel, grey_levels):
    """Conversion of probabilities to one channel, as they are or as grey levels."""
    if grey_levels:
        return lambda values: to_grey_levels(values[..., channel])
    return lambda values: values[..., channel]


def _check_distinct(volume, segmentation, targets):
    paths = [Path(path).resolve() for path in (volume, segmentation, *targets.values())]
    for index, path in enumerate(paths):
        if path in paths[:index]:
            raise ValueError(f"{path} is named twice; each input and output needs its own name")


def _value_bytes(precision):
    return 4 if precision == "float32" else 2
