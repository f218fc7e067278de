"""Segment volume files with a weights folder."""

import time

from tomoseg_tf.prediction.device import choose_precision
from tomoseg_tf.prediction.dry_run import describe_plan
from tomoseg_tf.prediction.ensemble import agree, agreed_mask, check_members, open_all
from tomoseg_tf.prediction.guards import check_scan
from tomoseg_tf.prediction.outputs import Classes, check_paths, list_targets
from tomoseg_tf.prediction.plan import check_roi
from tomoseg_tf.prediction.resampling import on_another_grid
from tomoseg_tf.prediction.resuming.open_outputs import unfinished_outputs
from tomoseg_tf.prediction.room import check_room
from tomoseg_tf.prediction.run import Run, predict_run
from tomoseg_tf.prediction.scans.statistics import as_statistics, check_shared
from tomoseg_tf.prediction.summary import summarise_run
from tomoseg_tf.prediction.threshold import check_threshold
from tomoseg_tf.volume import as_volume, through_filters


@on_another_grid
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
    filters=(),
    apply_filters=True,
    turns="none",
    entropy=None,
    disagreement=None,
    step=None,
    passes="z",
    z_blocks=None,
    blend=None,
    max_memory=None,
    device="auto",
    precision="float32",
    strict=False,
    overwrite=False,
    statistics=None,
    networks=None,
    base=None,
    client=None,
    dry_run=False,
    notify=None,
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
    weights : str, path, or sequence of these
        Weights folder, or the name of shipped weights; of several, which must have the same
        classes, the probabilities are averaged.
    threshold : float, optional
        For binary nets, instead of the one stored with the weights, or the mean of those.
    probabilities : path, optional
        Where the probabilities go as well; one file per class, named after it,
        for multi-class nets. Float32 in [0, 1]; but what a network with an open output
        gives, such as the published `tomoseg_tf.models.xlearn_unet`, is written as it is
        and may exceed 1.
    grey_levels : bool
        Write the probabilities as uint8 grey levels, floor(255 p + 0.5), instead of float32;
        values beyond 0 and 1 count as these. So too the entropy and the disagreement.
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
    filters : sequence of Filter or str
        What the volume goes through first, such as "invert", before the filters of the weights.
    apply_filters : bool
        Whether the filters that the weights were fitted behind are applied to the volume first,
        as it is read; leave them out for a volume that went through them already.
    turns : str
        Which flips and quarter turns of the volume are predicted and averaged, see
        `tomoseg_tf.prediction.ensemble.list_turns`: "none", "flips", "quarter-turns", "square" or
        "cube".
    entropy, disagreement : path, optional
        Where the entropy of the probabilities goes as well, and the disagreement of the members,
        which are weights, passes and turns: 0 to 1, see `tomoseg_tf.prediction.uncertainty`.
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
    blend : tuple of int, optional
        Sides (Z, Y, X) of tiles that overlap and are blended, for networks of volumes that cannot
        be predicted exactly, see `tomoseg_tf.prediction.blending`; the result depends on them.
    max_memory : float, optional
        Bytes of the whole process, Python and Keras included; by default 3 GB, or 1.5 GB more
        than it takes already. On a GPU, bytes of the tiles and buffers there; 2.5 GB by default.
    device : str
        "auto" for the backend's choice, "cpu", "gpu" or "gpu:N".
    precision : str
        "float32", "bfloat16" or "float16" inside the network, see
        `tomoseg_tf.prediction.engine.Engine`, or "auto": bfloat16 on a processor that computes in
        it, else float32.
    to_spacing : float, tuple of float or str, optional
        Voxel size in µm that the scan is resampled to for the network, as it is read: one number,
        (z, y, x), or "weights" for that of training. The results are on the grid of the scan: the
        probabilities are interpolated linearly, and classes follow from these.
    binning : int, optional
        The same with the means of blocks of so many voxels a side.
    strict : bool
        Refuse a scan that differs from those of training, see
        `tomoseg_tf.prediction.guards.check_scan`, instead of telling so among the notices.
    overwrite : bool
        Replace existing outputs, and start anew where an unfinished segmentation of other
        settings was left behind. One of the same settings is gone on with in any case.
    statistics : Statistics or path, optional
        Statistics that the grey levels are normalised by instead of those of the volume, as the
        scans of a time series share them; or a JSON file of them.
    networks : list, optional
        What `tomoseg_tf.prediction.ensemble.open_networks` made of the same weights and options:
        to segment many volumes without making it ready for each.
    base : float, optional
        Bytes that the process took when these were made: what it takes beyond, the backend keeps
        from one volume for the next. By default what the process takes now.
    client : dask.distributed.Client, optional
        Of a cluster whose workers predict, each `max_memory`, see
        `tomoseg_tf.prediction.cluster.connect`.
    dry_run : bool
        Write nothing, and return what would be done, see
        `tomoseg_tf.prediction.dry_run.describe_plan`.
    notify : callable, optional
        Called with each text that a user should read at once: that an unfinished segmentation is
        gone on with, or that the memory of the device was not enough.
    progress : callable, optional
        Called as ``progress(done, total)`` in voxels; the statistics of the volume,
        which come first, count as a twentieth of their voxels.

    Returns
    -------
    dict
        ``shape``, ``spacing``, ``classes`` (name and voxels each), ``threshold``,
        ``seconds``, ``tiles``, ``tile``, ``overhead``, ``mask``, ``filters``, ``weights``,
        ``runs``, ``precision``, ``resumed``, ``memory`` and ``notices``; runs are the passes over
        the volume, all members counted; tiles over all passes, the tile and overhead of the first;
        resumed says where an interrupted segmentation was gone on with, None if it was not; memory
        is the most that the process took, in bytes; ``read_amplification``: voxels decoded over
        voxels needed, None where workers read; ``seams`` of blended tiles, see
        `tomoseg_tf.prediction.seams.seam_score`, None of others; and ``resampled``, the ``shape``
        and ``spacing`` that the network saw, None if those of the scan.

    Raises
    ------
    ValueError
        If an input cannot be read, an output exists, an option does not fit the weights, or an
        unfinished segmentation of other settings is in the way.

    Notes
    -----
    A process that is killed at any moment leaves what it has done to the next one of the same
    arguments, whose outputs are the same to the last bit as if nothing had happened. Until then
    the results lie in hidden folders beside the outputs, ``.NAME.unfinished``.
    """
    started = time.perf_counter()
    if client is not None:
        from tomoseg_tf.prediction.cluster import check_shared_settings  # loads Zarr

        check_shared_settings(passes, blend)
    fitted = open_all(weights)
    config = agree(fitted)
    classes = Classes(check_threshold(threshold, config))
    targets = list_targets(
        classes,
        config,
        segmentation,
        probabilities,
        grey_levels=grey_levels,
        colours=colours,
        entropy=entropy,
        disagreement=disagreement,
    )
    volume = through_filters(as_volume(volume), filters)
    source = through_filters(volume, config.filters if apply_filters else ())
    applied = list(map(str, getattr(source, "filters", ())))
    mask = agreed_mask(fitted) if mask is None else mask
    roi = check_roi(roi, source)
    check_paths(volume.name, mask, targets, overwrite=True)
    told = check_members(fitted, turns, source, threshold=threshold)
    seen = {"mask": mask, "apply_filters": apply_filters, "passes": passes}
    told += check_scan(volume, fitted, strict=strict, **seen)
    run = Run(
        *(fitted, volume, source, mask, roi, targets, classes.threshold),
        settings={
            "step": step,
            "passes": passes,
            "z_blocks": z_blocks,
            "blend": blend and list(blend),
            "precision": choose_precision(precision, device),
            "device": device,
        },
        turns=turns,
        disagreement=disagreement,
        apply_filters=apply_filters,
        max_memory=max_memory,
        statistics=as_statistics(statistics, applied),
        prepared=networks,
        base=base,
        client=client,
    )
    check_shared(fitted, run.statistics is not None)
    if dry_run:
        return {**describe_plan(run, overwrite=overwrite), "notices": told}
    options = {"overwrite": overwrite, "notify": notify, "progress": progress}
    plans, sample, resumed = _write(run, classes, **options)
    done = summarise_run(run, plans, sample)
    return {
        "classes": classes.summary(config.class_names),
        "seconds": time.perf_counter() - started,
        "resumed": resumed,
        **done,
        "notices": [*done["notices"], *told],
    }


def _write(run, classes, *, overwrite, notify, progress):
    """Write what is missing; give what `predict_run` does, and where an earlier process ended."""
    with unfinished_outputs(
        run.targets, run.shape, run.identity(), overwrite=overwrite, notify=notify
    ) as unfinished:
        check_room(run, unfinished)
        resumed = unfinished.progress
        if resumed and notify:
            notify(f"{run.targets[0].path}: going on {resumed}")
        plans, sample = predict_run(run, unfinished, notify=notify, progress=progress)
        classes.counts[:] = unfinished.finish(run.source.spacing, overwrite=overwrite)
    return plans, sample, resumed
