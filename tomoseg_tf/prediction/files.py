"""Segment volume files with a weights folder."""

import time
from contextlib import ExitStack

from tomoseg_tf.prediction.arrays import measured_intensity
from tomoseg_tf.prediction.geometry import volume_of
from tomoseg_tf.prediction.networks import open_network
from tomoseg_tf.prediction.outputs import Classes, check_paths, list_targets
from tomoseg_tf.prediction.passes import predict
from tomoseg_tf.prediction.plan import check_roi
from tomoseg_tf.prediction.threshold import check_threshold
from tomoseg_tf.volume import as_volume, open_sample, split_location, through_filters
from tomoseg_tf.weights import open_weights


def segment_file(
    volume,
    segmentation,
    *,
    weights,
    threshold=None,
    probabilities=None,
    grey_levels=False,
    colours=None,
    roi=None,
    mask=None,
    apply_filters=True,
    step=None,
    passes="z",
    z_blocks=None,
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
        for multi-class nets. Float32 in [0, 1]; but what a network with an open output
        gives, such as the published `tomoseg_tf.models.xlearn_unet`, is written as it is
        and may exceed 1.
    grey_levels : bool
        Write the probabilities as uint8 grey levels, floor(255 p + 0.5), instead of float32;
        values beyond 0 and 1 count as these.
    colours : path, optional
        Where the segmentation in the colours of the weights goes as well, RGB: a TIFF file
        (.tif), or a folder of slices in TIFF (no suffix) or PNG (.png).
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
    step : int, optional
        Pixels from patch to patch, for a network of one patch size, whose patches overlap and
        are averaged; a quarter of the patch by default, 1 as published.
    passes : str
        Axes that a 2D network predicts slices along, of "z", "y" and "x"; the probabilities are
        the mean of the passes, which take the voxels for cubes. Their sums lie beside the
        segmentation meanwhile, 4 bytes per voxel and class.
    z_blocks : int, optional
        Predict blocks of so many slices, each as if it were a volume of its own, as for a network
        fitted on such patches; the last one ends with the volume. By default the volume is
        predicted as one.
    max_memory : float, optional
        Bytes for tiles, batches and buffers; 2.5 GB by default.
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
        ``seconds``, ``tiles``, ``tile``, ``overhead``, ``mask``, ``filters`` and ``notices``;
        tiles over all passes, the tile and overhead of the first.

    Raises
    ------
    ValueError
        If an input cannot be read, an output exists, or an option does not fit the weights.
    """
    started = time.perf_counter()
    fitted = open_weights(weights)
    config = fitted.config
    classes = Classes(check_threshold(threshold, config))
    targets = list_targets(
        classes, config, segmentation, probabilities, grey_levels=grey_levels, colours=colours
    )
    filters = config.filters if apply_filters else ()
    volume = as_volume(volume)
    source = through_filters(volume, filters)
    mask = config.normalisation.mask if mask is None else mask
    roi = check_roi(roi, source)
    check_paths(volume.name, mask, targets, overwrite)
    settings = {"step": step, "passes": passes, "precision": precision, "device": device}
    network = open_network(fitted.build(), axes=config.axes, z_blocks=z_blocks, **settings)
    sample = open_sample(source, mask)
    measuring, predicting = _share(progress, source.voxels // 20, len(passes) * volume_of(roi))
    intensity = measured_intensity(config.normalisation, source, sample, progress=measuring)
    shape = tuple(high - low for low, high in roi)
    with ExitStack() as stack:
        plans = predict(
            network,
            source,
            intensity,
            [stack.enter_context(item.open(shape, source.spacing, overwrite)) for item in targets],
            passes=passes,
            roi=roi,
            folder=split_location(segmentation).path.resolve().parent,
            voxel_bytes=(
                source.dtype.itemsize + (mask != "none"),
                sum(item.voxel_bytes for item in targets),
            ),
            max_memory=max_memory,
            sample=sample,
            progress=predicting,
        )
    return {
        "shape": list(shape),
        "spacing": None if source.spacing is None else list(source.spacing),
        "classes": classes.summary(config.class_names),
        "threshold": classes.threshold,
        "seconds": time.perf_counter() - started,
        **_tiling(plans),
        "mask": str(mask),
        "filters": list(filters),
        "notices": _notices(source, sample, passes, targets),
    }


def _tiling(plans):
    """Sum up the plans of the passes."""
    return {
        "tiles": sum(plan.num_tiles for plan in plans),
        "tile": list(plans[0].tile),
        "overhead": plans[0].overhead,
    }


def _notices(source, sample, passes, targets):
    """List what a user should know, each with the name of the file that it is about."""
    notices = source.named_notices()
    if sample is not None:
        notices.append(f"{source.name}: {sample.notice}")
    if set(passes) - {"z"} and source.spacing and len(set(source.spacing)) > 1:
        sides = " x ".join(f"{side:g}" for side in source.spacing)
        notices.append(
            f"{source.name}: passes along y and x take the voxels for cubes, "
            f"but they are {sides} µm"
        )
    return [*notices, *(text for target in targets for text in target.lost(source.spacing))]


def _share(progress, first, second):
    """Make one progress of two parts, whose sizes are given."""
    if progress is None:
        return None, None

    def of_first(done, total):
        progress(first * done // total, first + second)

    def of_second(done, total):
        progress(first + second * done // total, first + second)

    return of_first, of_second
