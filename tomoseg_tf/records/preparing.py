"""All that is decided before a patch is cut: samples, slices of each split, measures, settings."""

from collections import defaultdict
from dataclasses import dataclass

import tomoseg_tf
from tomoseg_tf.records.checks import check_duplicates, check_equal_slices, check_not_empty
from tomoseg_tf.records.levels import level_notices, levels_of
from tomoseg_tf.records.manifest import FORMAT, Block, Manifest, Source, Split
from tomoseg_tf.records.masks import mask_notices, open_masks
from tomoseg_tf.records.names import match_names
from tomoseg_tf.records.notices import cover_notices, sample_notices, share_notices
from tomoseg_tf.records.samples import common_spacing, measure_sample, open_samples
from tomoseg_tf.records.shards import check_shard_length
from tomoseg_tf.records.split import Sample, check_patch, plan_blocks, slices_of_only
from tomoseg_tf.volume import IGNORE, parse_filter, parse_palette


@dataclass(frozen=True)
class Prepared:
    """What the records will be.

    Attributes
    ----------
    measured : list of MeasuredSample
        The samples.
    blocks : list of tomoseg_tf.records.split.Block
        Slices of each split.
    draft : Manifest
        The manifest without shards and what follows from them.
    levels : list of Levels or None
        Levels of each sample for records of images, None for those of volumes.
    patches_per_shard : int
        Patches in a file.
    """

    measured: list
    blocks: list
    draft: Manifest
    levels: list | None
    patches_per_shard: int

    @property
    def plan(self):
        """All that decides the bytes of the shards; the names of the volumes do not."""
        plan = self.draft.model_dump(mode="json", exclude={"shards", "voxels", "notices"})
        for source in plan["sources"]:
            del source["volume"], source["truth"], source["mask"]
        version, limit = tomoseg_tf.__version__, self.patches_per_shard
        return {"version": version, "patches_per_shard": limit, **plan}


def prepare(
    pairs, *, patch, settings, classes, palette, mask, filters, skip_empty, patches_per_shard
):
    """Open and measure the samples and decide what becomes of them.

    Parameters
    ----------
    pairs, palette, mask, filters, skip_empty, patches_per_shard
        As for `tomoseg_tf.records.write_records`.
    patch : tuple of three int, or "slice"
        Sides of a patch, or whole slices.
    settings : SplitSettings
        How to split.
    classes : tuple of str
        Names of the classes.

    Returns
    -------
    Prepared
        Ready to be cut.

    Raises
    ------
    ValueError
        If a pair cannot be read or does not fit together, a patch does not fit, or a split cannot
        be filled.
    """
    notices = match_names(pairs)
    filters = tuple(str(parse_filter(step)) for step in filters)
    samples = open_samples(pairs, palette, filters)
    volumes = [volume for volume, _ in samples]
    if patch == "slice":
        patch = check_equal_slices(volumes)
    blocks, split_notices = _split(samples, patch, settings, skip_empty)
    split = _describe_split(settings, skip_empty)
    check_not_empty([truth for _, truth in samples], blocks, patch, split)
    limit = check_shard_length(patches_per_shard, patch, volumes[0].dtype)
    masks = open_masks(volumes, mask)
    measured = [
        measure_sample(*pair, classes, *found) for pair, found in zip(samples, masks, strict=True)
    ]
    notices += check_duplicates(measured, blocks, settings.validation_samples)
    levels = [levels_of(sample) for sample in measured] if patch[0] == 1 else None
    draft = Manifest(
        format=FORMAT,
        kind="volumes" if levels is None else "images",
        patch=patch,
        dtype=volumes[0].dtype.name,
        classes=classes,
        spacing=common_spacing(samples)[0],
        split=split,
        seed=settings.seed,
        filters=filters,
        sources=_describe_samples(measured, blocks, palette, levels),
        shards={},
        voxels={},
        notices=(
            *notices,
            *split_notices,
            *mask_notices(volumes, masks),
            *(level_notices(measured, levels) if levels else ()),
        ),
    )
    return Prepared(measured, blocks, draft, levels, limit)


def _split(samples, patch, settings, skip_empty):
    """Decide which slices go where, with the notices on that and on the samples."""
    for volume, _ in samples:
        check_patch(patch, volume.name, volume.shape)
    depths = [Sample(volume.name, volume.shape[0]) for volume, _ in samples]
    empty = unlabelled = None
    if skip_empty and settings.method == "slice":
        empty = [slices_of_only(truth, 0, IGNORE) for _, truth in samples]
    elif settings.method in ("slice", "group"):
        unlabelled = [slices_of_only(truth, IGNORE) for _, truth in samples]
    blocks, split_notices = plan_blocks(depths, settings, empty, unlabelled)
    notices = [
        *sample_notices(samples),
        *common_spacing(samples)[1],
        *split_notices,
        *share_notices(blocks, settings),
        *cover_notices(samples, blocks, patch, settings.cover),
    ]
    return blocks, notices


def _describe_split(settings, skip_empty):
    """Describe the split for the manifest."""
    return Split(
        method=settings.method,
        fractions=settings.fractions,
        test_samples=settings.test_samples,
        guard=settings.guard,
        cover=settings.cover,
        validation_samples=settings.validation_samples,
        slices=settings.slices,
        skip_empty=skip_empty,
        group=settings.unit if settings.method == "group" else None,
        groups=settings.groups,
        fold=settings.fold,
    )


def _describe_samples(measured, blocks, palette, levels):
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
            offset=levels[index].offset if levels else 0.0,
            scale=levels[index].scale if levels else 1.0,
            blocks=tuple(own[index]),
        )
        for index, sample in enumerate(measured)
    )
