"""Volumes and their truth to a folder of TFRecords."""

from collections import defaultdict

import numpy as np

from tomoseg_tf.records.checks import check_classes, check_duplicates, check_not_empty, check_sides
from tomoseg_tf.records.cutting import cut_patches
from tomoseg_tf.records.grid import check_patch
from tomoseg_tf.records.manifest import FILE, FORMAT, Block, Manifest, Source, Split, write_manifest
from tomoseg_tf.records.notices import cover_notices, ignored_notices, sample_notices, share_notices
from tomoseg_tf.records.samples import common_spacing, measure_sample, open_samples
from tomoseg_tf.records.shards import ShardWriter, check_shard_length
from tomoseg_tf.records.split import SPLITS, Sample, SplitSettings, plan_blocks
from tomoseg_tf.volume import check_destination, parse_palette, staged_folder


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
    seed=0,
    patches_per_shard=None,
    overwrite=False,
    progress=None,
):
    """Cut volumes and their truth into patches and write them as TFRecords.

    Patches lie on a grid and are stored in the volumes' own type, not normalised.
    No voxel is in two splits. One slab of the depth of a patch is in memory at a time.

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
    seed : int, optional
        Decides between assignments of samples that meet the fractions equally well.
    patches_per_shard : int, optional
        Patches in a file; as many as fit into 128 MiB if not given.
    overwrite : bool, optional
        Whether an existing folder of records may be replaced.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of patches.

    Returns
    -------
    dict
        The content of ``manifest.json``; what a user should know is in ``notices``.

    Raises
    ------
    ValueError
        If the folder exists, a pair cannot be read or does not fit together, a volume is smaller
        than the patch, or a split would be empty although its fraction is positive.
    OSError
        If the folder cannot be written.

    References
    ----------
    .. [1] S. Gaudez, M. Ben Haj Slama, A. Kaestner, M. V. Upadhyay, "3D deep convolutional neural
       network segmentation model for precipitate and porosity identification in synchrotron X-ray
       tomograms", J. Synchrotron Rad. 29, 1232-1240, 2022. doi:10.1107/S1600577522006816
    """
    check_destination(folder, overwrite, folder=True)
    patch, classes = check_sides(patch), check_classes(classes)
    settings = SplitSettings(
        split, tuple(fractions), tuple(test_samples), guard, patch[0], cover, seed
    )
    samples, blocks, notices = _plan(pairs, palette, patch, settings)
    limit = check_shard_length(patches_per_shard, patch, samples[0][0].dtype)
    measured = [measure_sample(volume, truth, classes) for volume, truth in samples]
    check_duplicates(measured, blocks)
    with staged_folder(folder, overwrite=overwrite, marker=FILE) as partial:
        writers = {name: ShardWriter(partial, name, limit) for name in SPLITS}
        cut = {"patch": patch, "cover": cover, "num_classes": len(classes), "progress": progress}
        left_out = cut_patches(samples, blocks, writers, **cut)
        shards = {name: tuple(writer.shards) for name, writer in writers.items()}
        check_not_empty(shards, settings.fractions)
        manifest = Manifest(
            format=FORMAT,
            patch=patch,
            dtype=samples[0][0].dtype.name,
            classes=classes,
            spacing=common_spacing(samples)[0],
            split=_describe_split(settings),
            seed=seed,
            sources=_describe_samples(measured, blocks, palette),
            shards=shards,
            voxels={name: _count(shards[name], len(classes)) for name in SPLITS},
            notices=(*notices, *ignored_notices(left_out)),
        )
        write_manifest(partial, manifest)
    return manifest.model_dump(mode="json")


def _plan(pairs, palette, patch, settings):
    """Open the samples and decide which of their slices go where, with the notices on that."""
    samples = open_samples(pairs, palette)
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
            statistics=sample.statistics,
            blocks=tuple(own[index]),
        )
        for index, sample in enumerate(measured)
    )


def _count(shards, num_classes):
    """Sum the voxels of each class over shards, then those ignored."""
    counts = [patch.counts for shard in shards for patch in shard.patches]
    return tuple(np.reshape(counts, (-1, num_classes + 1)).sum(axis=0, dtype=np.int64).tolist())
