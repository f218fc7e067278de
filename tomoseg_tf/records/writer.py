"""Volumes and their truth to a folder of TFRecords."""

from functools import partial
from pathlib import Path

import numpy as np

from tomoseg_tf.records.checks import check_classes, check_sides
from tomoseg_tf.records.cutting import cut_patches
from tomoseg_tf.records.images import encode_image
from tomoseg_tf.records.manifest import write_manifest
from tomoseg_tf.records.notices import left_out_notices, missing_notices
from tomoseg_tf.records.preparing import prepare
from tomoseg_tf.records.schema import encode
from tomoseg_tf.records.shards import ShardWriter
from tomoseg_tf.records.split import SPLITS, SplitSettings, shares_of, shares_of_folds
from tomoseg_tf.records.unfinished import check_target, resume_notice, tidy, unfinished_records
from tomoseg_tf.volume import check_apart, single_writer


def write_records(
    folder,
    pairs,
    *,
    patch=(192, 192, 192),
    split="sample",
    fractions=(0.6, 0.3, 0.1),
    slices=None,
    group=None,
    groups=None,
    fold=None,
    validation_samples=(),
    test_samples=(),
    skip_empty=False,
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

    Patches lie on a grid and are not normalised. Those of 2 slices or more are stored in the
    volumes' own type, see `tomoseg_tf.records.schema`; those of one slice as PNG under DeepLab's
    names, see `tomoseg_tf.records.images`: uint8 and uint16 as they are, other types in 65536
    levels, and a notice tells the rounding error where there is one.
    No voxel is in two splits. One slab of the depth of a patch, or of 64 MiB of single slices, is
    in memory at a time.

    A process that was killed leaves its whole shards in ``.NAME.unfinished`` beside the folder;
    the same call goes on after them and ends with the same bytes as if it had not stopped.

    Parameters
    ----------
    folder : str or Path
        Folder to be written; it appears when it is complete.
    pairs : sequence of (volume, truth)
        The samples: each a path, a (Z, Y, X) array or a Volume. Where both are folders of slices,
        these are matched by name, see `match_names`.
    patch : tuple of three int or "slice", optional
        Sides (z, y, x) of a patch in voxels, 192 in [1]_; or whole slices, which must then be of
        one size.
    split : {"sample", "block", "slice", "group"}, optional
        Whole samples, or each sample cut in z, or every slice drawn at random as in [2]_, so that
        neighbours are in different splits, which is for patches of one slice only, or groups of
        neighbouring slices drawn at random as in [4]_. Slices and groups in which all voxels are
        ignored are not drawn. If only one sample is left for training and validation together,
        "sample" cuts that one in z.
    fractions : tuple of three float, optional
        Shares of the slices for training, validation and test.
    slices : tuple of three int, optional
        Numbers of slices for them in a split by slice, in place of the fractions: (530, 20, 180)
        in [2]_.
    group : int, optional
        Slices of a group in a split by group, at least those of a patch and as many if not given:
        4 and 8 in [4]_. Slices at the end of a sample that fill no group are left out.
    groups : tuple of three int, optional
        Numbers of groups in place of the fractions: (6, 4, 4) in [4]_.
    fold : (int, int), optional
        One fold of a cross-validation, in place of the fractions: which, from 1, of how many. With
        "sample" the samples are shared out among the folds, with "block" each sample is cut into as
        many blocks; one part is the test, the next one the validation, the others the training.
    validation_samples, test_samples : sequence of int, optional
        Indices of the samples kept for the validation and for the test, in place of the best fit
        to the fractions.
    skip_empty : bool, optional
        Whether patches without an object, of background and ignored voxels only, are left out of
        all splits; in a split by slice, whole slices without one, before they are drawn, as in
        [3]_. What a network finds wrongly in them is then in no score, and a notice says so.
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
        If the folder exists or holds an input, another process is writing it, unfinished records
        are of other settings or volumes, a pair cannot be read or does not fit together, a volume
        is smaller than the patch, a split would be empty although its fraction is positive, or
        there is no such fold or too little for it.
    OSError
        If the folder cannot be written.

    References
    ----------
    .. [1] S. Gaudez, M. Ben Haj Slama, A. Kaestner, M. V. Upadhyay, "3D deep convolutional neural
       network segmentation model for precipitate and porosity identification in synchrotron X-ray
       tomograms", J. Synchrotron Rad. 29, 1232-1240, 2022. doi:10.1107/S1600577522006816
    .. [2] H. Torbati-Sarraf et al., JOM 73, 2021. doi:10.1007/s11837-021-04706-x
    .. [3] D. Barboza, MSc thesis, Arizona State University, 2020, section 4.1.3
    .. [4] J. James et al., 2022, section 3.2. arXiv:2205.02334
    """
    folder = Path(folder)
    check_target(folder, overwrite)
    masks = [] if isinstance(mask, str) else mask
    check_apart([folder], [source for sources in (*pairs, masks) for source in sources])
    with single_writer(folder) as warning:
        tidy(folder)
        check_target(folder, overwrite)
        patch, classes = check_sides(patch), check_classes(classes)
        settings = SplitSettings(
            split,
            fractions=_shares(fractions, fold, slices=slices, groups=groups),
            test_samples=tuple(test_samples),
            guard=guard,
            patch_depth=1 if patch == "slice" else patch[0],
            cover=cover,
            seed=seed,
            validation_samples=tuple(validation_samples),
            slices=None if slices is None else tuple(slices),
            group=group,
            groups=None if groups is None else tuple(groups),
            fold=None if fold is None else tuple(fold),
        )
        prepared = prepare(
            pairs,
            patch=patch,
            settings=settings,
            classes=classes,
            palette=palette,
            mask=mask,
            filters=filters,
            skip_empty=skip_empty,
            patches_per_shard=patches_per_shard,
        )
        with unfinished_records(folder, prepared.plan, overwrite=overwrite) as (unfinished, done):
            for text in (warning, resume_notice(folder, done)):
                if text and notify:
                    notify(text)
            manifest = _cut(prepared, unfinished, done, progress)
            write_manifest(unfinished.shards, manifest)
    return manifest.model_dump(mode="json")


def _shares(fractions, fold, **numbers):
    """Shares of the splits: by the fold, or the numbers of slices or groups, if there are some."""
    if fold is not None:
        return shares_of_folds(fold)
    for what, given in numbers.items():
        if given is not None:
            return shares_of(given, what)
    return tuple(fractions)


def _cut(prepared, unfinished, done, progress):
    """Write the shards that are missing; return the manifest, now complete."""
    draft, levels = prepared.draft, prepared.levels
    writers = {
        name: ShardWriter(
            unfinished.shards,
            name,
            prepared.patches_per_shard,
            done=done.get(name, ()),
            finished=unfinished.add,
            encode=partial(encode_image, levels=levels) if levels else encode,
        )
        for name in SPLITS
    }
    num_classes = len(draft.classes)
    left_out = cut_patches(
        [(sample.volume, sample.truth) for sample in prepared.measured],
        prepared.blocks,
        writers,
        patch=draft.patch,
        cover=draft.split.cover,
        num_classes=num_classes,
        insides=[sample.inside for sample in prepared.measured],
        skip_empty=draft.split.skip_empty and draft.split.method != "slice",
        progress=progress,
    )
    shards = {name: tuple(writer.shards) for name, writer in writers.items()}
    voxels = {name: _count(shards[name], num_classes) for name in SPLITS}
    notices = (
        *draft.notices,
        *left_out_notices(left_out),
        *missing_notices(voxels, draft.classes),
    )
    return draft.model_copy(update={"shards": shards, "voxels": voxels, "notices": notices})


def _count(shards, num_classes):
    """Sum the voxels of each class over shards, then those ignored."""
    counts = [patch.counts for shard in shards for patch in shard.patches]
    return tuple(np.reshape(counts, (-1, num_classes + 1)).sum(axis=0, dtype=np.int64).tolist())
