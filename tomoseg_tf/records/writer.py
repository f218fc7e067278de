"""Volumes and their truth to a folder of TFRecords."""

from collections import defaultdict
from pathlib import Path

import numpy as np

import tomoseg_tf
from tomoseg_tf.records.checks import check_classes, check_duplicates, check_not_empty, check_sides
from tomoseg_tf.records.cutting import cut_patches
from tomoseg_tf.records.grid import check_patch
from tomoseg_tf.records.manifest import FORMAT, Block, Manifest, Source, Split, write_manifest
from tomoseg_tf.records.masks import mask_notices, open_masks
from tomoseg_tf.records.notices import (
    cover_notices,
    ignored_notices,
    missing_notices,
    sample_notices,
    share_notices,
)
from tomoseg_tf.records.samples import common_spacing, measure_sample, open_samples
from tomoseg_tf.records.shards import ShardWriter, check_shard_length
from tomoseg_tf.records.split import SPLITS, Sample, SplitSettings, plan_blocks
from tomoseg_tf.records.unfinished import (
    check_target,
    resume_notice,
    tidy,
    unfinished_records,
)
from tomoseg_tf.volume import parse_filter, parse_palette, single_writer


def write_records(
    folder,
    pairs,
    *,
    patch=(192, 192, 192),
    split="sample",
    fractions=(0.6, 0.3, 0.1),
    test_samples=(),
    guard=None,
    cover="drop",
    classes=("background", "object"),
    palette="auto",
    mask="auto",
    filters=(),
    seed=0,
    patches_per_shard=None,
    overwrite=False,
    notify=None,
    progress=None,
):
    """Cut volumes and their truth into patches and write them as TFRecords.

    Patches lie on a grid and are stored in the volumes' own type, not normalised.
    No voxel is in two splits. One slab of the depth of a patch is in memory at a time.

    A process that was killed leaves its whole shards in ``.NAME.unfinished`` beside the folder;
    the same call goes on after them and ends with the same bytes as if it had not stopped.

    Parameters
    ----------
    folder : str or Path
        Folder to be written; it appears when it is complete.
    pairs : sequence of (volume, truth)
        The samples: each a path, a (Z, Y, X) array or a Volume.
    patch : tuple of three int, optional
        Sides (z, y, x) of a patch in voxels; 192 in [1]_.
    split : {"sample", "block"}, optional
        Whole samples, or each sample cut in z. If only one sample is left for training and
        validation together, "sample" cuts that one in z.
    fractions : tuple of three float, optional
        Shares of the slices for training, validation and test.
    test_samples : sequence of int, optional
        Indices of the samples kept for the test, in place of the best fit to the fractions.
    guard : int, optional
        Slices left out between two blocks of one sample. By default 16, or as many fewer
        as there are slices to spare.
    cover : {"drop", "shift"}, optional
        Whether what does not fill a patch is left out, as in [1]_, or held by a last patch
        that is shifted inwards.
    classes : sequence of str, optional
        Names of the classes, background first.
    palette : str or dict, optional
        How truth values map to classes, see `tomoseg_tf.volume.open_truth`.
    mask : str or sequence, optional
        Which voxels are the sample: "auto" looks for the fill outside a reconstruction circle,
        "none" takes all, and a sequence holds a mask for each pair, see
        `tomoseg_tf.volume.open_sample`. What lies outside is stored as it is and marked: the recipe
        decides whether training keeps it or leaves it out (`normalisation.outside`).
    filters : sequence of Filter or str, optional
        What the volumes go through first, such as "median:3"; recorded, and prediction does the
        same. The statistics are those of the filtered volumes. Nothing is kept between two
        passes, so that slow filters are better applied once, with `filter_file`.
    seed : int, optional
        Decides between assignments of samples that meet the fractions equally well.
    patches_per_shard : int, optional
        Patches in a file; as many as fit into 128 MiB if not given.
    overwrite : bool, optional
        Whether an existing folder of records may be replaced, and unfinished ones of other
        settings or volumes removed.
    notify : callable, optional
        Called as ``notify(text)`` with where unfinished records are gone on with.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of patches.

    Returns
    -------
    dict
        The content of ``manifest.json``; what a user should know is in ``notices``.

    Raises
    ------
    ValueError
        If the folder exists, another process is writing it, unfinished records are of other
        settings or volumes, a pair cannot be read or does not fit together, a volume is smaller
        than the patch, or a split would be empty although its fraction is positive.
    OSError
        If the folder cannot be written.

    References
    ----------
    .. [1] S. Gaudez, M. Ben Haj Slama, A. Kaestner, M. V. Upadhyay, "3D deep convolutional neural
       network segmentation model for precipitate and porosity identification in synchrotron X-ray
       tomograms", J. Synchrotron Rad. 29, 1232-1240, 2022. doi:10.1107/S1600577522006816
    """
    folder = Path(folder)
    check_target(folder, overwrite)
    with single_writer(folder) as warning:
        tidy(folder)
        check_target(folder, overwrite)
        patch, classes = check_sides(patch), check_classes(classes)
        settings = SplitSettings(
            split, tuple(fractions), tuple(test_samples), guard, patch[0], cover, seed
        )
        filters = tuple(str(parse_filter(step)) for step in filters)
        samples, blocks, notices = _plan(pairs, palette, filters, patch, settings)
        limit = check_shard_length(patches_per_shard, patch, samples[0][0].dtype)
        volumes = [volume for volume, _ in samples]
        masks = open_masks(volumes, mask)
        measured = [
            measure_sample(*pair, classes, *found)
            for pair, found in zip(samples, masks, strict=True)
        ]
        check_duplicates(measured, blocks)
        draft = Manifest(
            format=FORMAT,
            patch=patch,
            dtype=samples[0][0].dtype.name,
            classes=classes,
            spacing=common_spacing(samples)[0],
            split=_describe_split(settings),
            seed=seed,
            filters=filters,
            sources=_describe_samples(measured, blocks, palette),
            shards={},
            voxels={},
            notices=(*notices, *mask_notices(volumes, masks)),
        )
        plan = _settings_of(draft, limit)
        with unfinished_records(folder, plan, overwrite=overwrite) as (unfinished, done):
            for text in (warning, resume_notice(folder, done)):
                if text and notify:
                    notify(text)
            manifest = _cut(measured, blocks, draft, unfinished, done, limit, progress)
            write_manifest(unfinished.shards, manifest)
    return manifest.model_dump(mode="json")


def _cut(measured, blocks, draft, unfinished, done, limit, progress):
    """Write the shards that are missing; return the manifest, now complete."""
    writers = {
        name: ShardWriter(
            unfinished.shards, name, limit, done=done.get(name, ()), finished=unfinished.add
        )
        for name in SPLITS
    }
    num_classes = len(draft.classes)
    left_out = cut_patches(
        [(sample.volume, sample.truth) for sample in measured],
        blocks,
        writers,
        patch=draft.patch,
        cover=draft.split.cover,
        num_classes=num_classes,
        insides=[sample.inside for sample in measured],
        progress=progress,
    )
    shards = {name: tuple(writer.shards) for name, writer in writers.items()}
    check_not_empty(shards, draft.split.fractions)
    voxels = {name: _count(shards[name], num_classes) for name in SPLITS}
    notices = (
        *draft.notices,
        *ignored_notices(left_out),
        *missing_notices(voxels, draft.classes),
    )
    return draft.model_copy(update={"shards": shards, "voxels": voxels, "notices": notices})


def _settings_of(draft, limit):
    """All that decides the bytes of the shards; the names of the volumes do not."""
    plan = draft.model_dump(mode="json", exclude={"shards", "voxels", "notices"})
    for source in plan["sources"]:
        del source["volume"], source["truth"], source["mask"]
    return {"version": tomoseg_tf.__version__, "patches_per_shard": limit, **plan}


def _plan(pairs, palette, filters, patch, settings):
    """Open the samples and decide which of their slices go where, with the notices on that."""
    samples = open_samples(pairs, palette, filters)
    for volume, _ in samples:
        check_patch(patch, volume.name, volume.shape)
    depths = [Sample(volume.name, volume.shape[0]) for volume, _ in samples]
    blocks, split_notices = plan_blocks(depths, settings)
    notices = [
        *sample_notices(samples),
        *common_spacing(samples)[1],
        *split_notices,
        *share_notices(blocks, settings),
        *cover_notices(samples, blocks, patch, settings.cover),
    ]
    return samples, blocks, notices


def _describe_split(settings):
    """Describe the split for the manifest."""
    return Split(
        method=settings.method,
        fractions=settings.fractions,
        test_samples=settings.test_samples,
        guard=settings.guard,
        cover=settings.cover,
    )


def _describe_samples(measured, blocks, palette):
    """Describe the samples for the manifest."""
    own = defaultdict(list)
    for block in blocks:
        own[block.sample].append(Block(split=block.split, start=block.start, stop=block.stop))
    if not isinstance(palette, str):
        palette = {str(value): number for value, number in parse_palette(palette).items()}
    return tuple(
        Source(
            volume=sample.volume.name,
            truth=sample.truth.name,
            shape=sample.volume.shape,
            spacing=sample.volume.spacing,
            palette=palette,
            volume_sha256=sample.volume_sha256,
            truth_sha256=sample.truth_sha256,
            mask=sample.mask,
            mask_sha256=sample.mask_sha256,
            statistics=sample.statistics,
            sample_statistics=sample.sample_statistics,
            blocks=tuple(own[index]),
        )
        for index, sample in enumerate(measured)
    )


def _count(shards, num_classes):
    """Sum the voxels of each class over shards, then those ignored."""
    counts = [patch.counts for shard in shards for patch in shard.patches]
    return tuple(np.reshape(counts, (-1, num_classes + 1)).sum(axis=0, dtype=np.int64).tolist())
