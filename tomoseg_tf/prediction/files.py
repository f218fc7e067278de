"""Segment volume files with a weights folder."""

import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from tomoseg_tf.prediction.arrays import measured_intensity
from tomoseg_tf.prediction.engine import Engine, value_bytes
from tomoseg_tf.prediction.executor import Output, predict_tiles
from tomoseg_tf.prediction.graph import inference_graph
from tomoseg_tf.prediction.plan import check_roi, make_plan
from tomoseg_tf.prediction.threshold import check_threshold, to_grey_levels, to_segmentation
from tomoseg_tf.volume import check_output, create_volume, open_volume
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
    threshold = check_threshold(threshold, fitted.config)
    if grey_levels and probabilities is None:
        raise ValueError("grey levels of what? name a file for the probabilities, too")
    source = open_volume(volume, spacing=spacing)
    roi = check_roi(roi, source)
    targets = _probability_targets(probabilities, fitted.config)
    _check_paths(volume, (segmentation, *targets.values()), overwrite)

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
            source.dtype.itemsize,
            sum(np.dtype(dtype).itemsize for _, dtype, _ in results),
        ),
        max_memory=max_memory,
    )
    engine = Engine(nodes, precision=precision, device=device)
    intensity = measured_intensity(fitted.config.normalisation, source)
    shape = tuple(high - low for low, high in roi)
    settings = {"spacing": source.spacing, "overwrite": overwrite}
    with ExitStack() as stack:
        outputs = [
            Output(
                convert, stack.enter_context(create_volume(path, shape, dtype, **settings)), dtype
            )
            for path, dtype, convert in results
        ]
        predict_tiles(engine, plan, source, intensity, outputs, progress=progress)
    return {
        "shape": list(shape),
        "spacing": None if source.spacing is None else list(source.spacing),
        "classes": classes.summary(fitted.config.class_names),
        "threshold": threshold,
        "seconds": time.perf_counter() - started,
        "tiles": plan.num_tiles,
        "tile": list(plan.tile),
        "overhead": plan.overhead,
        "notices": list(source.notices),
    }


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
    path = Path(path)
    if config.binary:
        return {0: path}
    return {
        channel: path.with_name(f"{path.stem}_{name}{path.suffix}")
        for channel, name in enumerate(config.class_names)
    }


def _channel(channel, grey_levels):
    """Type and conversion of the probabilities of one class, as they are or as grey levels."""
    if grey_levels:
        return "uint8", lambda values: to_grey_levels(values[..., channel])
    return "float32", lambda values: values[..., channel]


def _check_paths(volume, outputs, overwrite):
    """Refuse outputs that exist, or that are named twice."""
    paths = [Path(path).resolve() for path in (volume, *outputs)]
    for index, path in enumerate(paths):
        if path in paths[:index]:
            raise ValueError(f"{path} is named twice; each input and output needs its own name")
        if index and path in paths[0].parents:
            raise ValueError(f"{path} holds the volume {volume}; name another output")
    for path in outputs:
        check_output(path, overwrite)
