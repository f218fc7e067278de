"""Batches of crops for training and of whole patches for validation, as `tf.data`."""

from functools import partial

from tomoseg_tf.records.batches.augmentation import augment
from tomoseg_tf.records.batches.normalising import make_normaliser
from tomoseg_tf.records.batches.reading import balanced, index_split
from tomoseg_tf.records.batches.sampling import check_crop, crop_starts, cut_crops
from tomoseg_tf.records.images import decode_image
from tomoseg_tf.records.schema import decode, decode_origin, decode_sample, tf
from tomoseg_tf.volume import IGNORE

LAST_EPOCH = 2**40
OPEN_PATCHES = 4


def training_batches(
    records,
    *,
    batch_size,
    normalisation,
    crop=None,
    crops_per_patch=1,
    foreground=0.0,
    balance=0.0,
    augmentation=None,
    seed=0,
    first_epoch=0,
    split="training",
):
    """Draw batches for training, without end.

    An epoch passes over every stored patch in a new order and takes `crops_per_patch` crops from
    each; the last ones that do not fill a batch are left out. Every random number
    follows from `seed`, the epoch and the place in it, so that the batches of epoch k are the
    same whether one starts there or earlier.

    Parameters
    ----------
    records : Records
        An opened folder.
    batch_size : int
        Crops in a batch, B.
    normalisation : Normalisation
        How grey values are normalised; its `training` says by whose statistics. Those of the
        patch are taken from the crop before augmentation. If it leaves the outside of the sample
        out, the image is 0 and the truth 255 there, and patches without sample are left out.
    crop : sequence of three int, optional
        Sides (z, y, x) of the crops in voxels; the whole patch if not given.
    crops_per_patch : int, optional
        Crops taken from a patch each time it is read; with augmentation, copies of it that are
        changed differently.
    foreground : float, optional
        Probability that a crop is put around a foreground voxel; in a patch without foreground
        the crop is anywhere.
    balance : float, optional
        Share, below 1, that patches with foreground shall have at least: they are repeated as
        often as that needs, which makes the epoch longer.
    augmentation : Augmentation, optional
        Random changes of the crops; none if not given.
    seed : int, optional
        Seed from 0 to below 2**63.
    first_epoch : int, optional
        Epoch to start with.
    split : str, optional
        Split to draw from.

    Returns
    -------
    tf.data.Dataset
        Batches (image (B, Z, Y, X, 1) float32, truth (B, Z, Y, X, 1) uint8, 255 = ignore).
    int
        Batches of an epoch.

    Raises
    ------
    ValueError
        If the split is empty, the crop does not fit, an epoch has too few crops for a batch, or
        another value is not possible.
    """
    _check_counts(batch_size=batch_size, crops_per_patch=crops_per_patch)
    if first_epoch < 0 or seed < 0:
        raise ValueError(f"first_epoch {first_epoch} and seed {seed} must be 0 or more")
    if not 0 <= foreground <= 1:
        raise ValueError(f"foreground {foreground} must be a probability from 0 to 1")
    index = index_split(records, split, normalisation.outside)
    slots = balanced(index.foreground, balance)
    crops = slots.size * crops_per_patch
    steps = crops // batch_size
    if not steps:
        raise ValueError(
            f"an epoch has {crops} crops, fewer than a batch of {batch_size}; use a smaller batch "
            "or more crops per patch"
        )
    sides = check_crop(crop, records.patch)

    aware = augmentation is not None and augmentation.knows_the_axis

    def load(number, key):
        patch = _decode(index.read(number), records, normalisation.outside, with_axis=aware)
        return _load_crops(patch, sides, crops_per_patch, foreground, key)

    finish = _make_finish(records, normalisation, augmentation)

    def batches(epoch):
        drawn = _shuffled(slots, seed, epoch).map(load, **_PARALLEL)
        mixed = drawn.interleave(
            tf.data.Dataset.from_tensor_slices,
            cycle_length=max(batch_size, OPEN_PATCHES),
            block_length=1,
        )
        return mixed.map(finish, **_PARALLEL).batch(batch_size, drop_remainder=True)

    dataset = tf.data.Dataset.range(first_epoch, LAST_EPOCH).flat_map(batches)
    return dataset.with_options(_options()).prefetch(2), steps


def validation_batches(
    records, *, batch_size, normalisation, split="validation", drop_remainder=False
):
    """Give the patches of a split once, whole, in the order written.

    Parameters
    ----------
    records : Records
        An opened folder.
    batch_size : int
        Patches in a batch, B; the last batch may hold fewer.
    normalisation : Normalisation
        As in `training_batches`.
    split : str, optional
        Split to read.
    drop_remainder : bool, optional
        Whether a last batch that is not full is left out.

    Returns
    -------
    tf.data.Dataset
        Batches (image (B, Z, Y, X, 1) float32, truth (B, Z, Y, X, 1) uint8, 255 = ignore).

    Raises
    ------
    ValueError
        If the split is empty, or a value is not possible.
    """
    _check_counts(batch_size=batch_size)
    index = index_split(records, split, normalisation.outside)
    normalise = make_normaliser(records, normalisation)

    def load(number):
        patch = _decode(index.read(number), records, normalisation.outside)
        image = normalise(patch["volume"], patch["source"], patch.get("inside"))
        return image[..., None], patch["truth"][..., None]

    patches = tf.data.Dataset.range(len(index.paths)).map(load, **_PARALLEL)
    batches = patches.batch(batch_size, drop_remainder=drop_remainder)
    return batches.with_options(_options()).prefetch(1)


_PARALLEL = {"num_parallel_calls": tf.data.AUTOTUNE, "deterministic": True}


def _shuffled(slots, seed, epoch):
    """List the patches of an epoch in its own order, with a seed for each visit."""
    key = tf.random.fold_in(tf.constant([seed, 0], tf.int64), epoch)
    order, visits = tf.unstack(tf.random.split(key, 2))
    numbers = tf.random.experimental.stateless_shuffle(tf.constant(slots, tf.int64), order)
    return tf.data.Dataset.from_tensor_slices((numbers, tf.random.split(visits, slots.size)))


def _decode(record, records, outside, *, with_axis=False):
    """Decode a patch: volume, truth, source; what is the sample if the outside is left out.

    With `with_axis` also where the axis of rotation is, see `augment`: in the middle of the slices
    of the scan, and half of their shorter side from the rim.
    """
    parse = decode if records.kind == "volumes" else decode_image
    volume, truth, source = parse(record, records.patch, records.dtype)
    patch = {"volume": volume, "truth": truth, "source": source}
    if outside != "kept" and any(each.sample_statistics for each in records.sources):
        patch["inside"] = decode_sample(record, records.patch)
        patch["truth"] = tf.where(patch["inside"], truth, tf.constant(IGNORE, tf.uint8))
    if with_axis:
        planes = tf.constant([each.shape[1:] for each in records.sources], tf.float32)
        plane, origin = tf.gather(planes, source), tf.cast(decode_origin(record), tf.float32)
        rim = tf.maximum(tf.reduce_min(plane) / 2, 1.0)
        patch["axis"] = tf.concat([(plane - 1) / 2 - origin[1:], [rim]], axis=0)
    return patch


def _load_crops(patch, sides, number, foreground, key):
    """Cut the crops of a patch, each with its source, a seed and what else is known of it."""
    place, change = tf.unstack(tf.random.split(key, 2))
    starts = crop_starts(patch["truth"], sides, number, foreground, place)
    crops = {
        name: cut_crops(patch[name], starts, sides)
        for name in ("volume", "truth", "inside")
        if name in patch
    }
    if "axis" in patch:
        nearer = tf.pad(tf.cast(starts[:, 1:], tf.float32), [[0, 0], [0, 1]])
        crops["axis"] = patch["axis"] - nearer
    source = tf.repeat(patch["source"], number)
    return {**crops, "source": source, "key": tf.random.split(change, number)}


def _make_finish(records, normalisation, augmentation):
    """Make the function from a crop to what a network gets."""
    normalise = make_normaliser(records, normalisation)
    spacings, of_source = _spacings(records, augmentation)

    def changed(image, truth, crop):
        settings = (augmentation, crop["key"])
        ways = [
            partial(augment, image, truth, *settings, axis=crop.get("axis"), spacing=spacing)
            for spacing in spacings
        ]
        if len(ways) == 1:
            return ways[0]()
        return tf.switch_case(tf.gather(tf.constant(of_source), crop["source"]), ways)

    def finish(crop):
        inside, truth = crop.get("inside"), crop["truth"]
        image = normalise(crop["volume"], crop["source"], inside)
        if augmentation is not None:
            grey, (image, truth) = image, changed(image, truth, crop)
            if inside is not None:  # moved alike, since by the same key: what is outside stays 0
                _, moved = changed(grey, tf.cast(inside, tf.uint8), crop)
                image = tf.where(moved > 0, image, tf.zeros_like(image))
        return image[..., None], truth[..., None]

    return finish


def _spacings(records, augmentation):
    """Voxel sizes that the angles of changes go by, and the index of that of each source.

    Only their proportions count. Where a source does not know its own, the sides are equal.
    """
    if records.spacing is not None or augmentation is None or not augmentation.tilts:
        return [records.spacing], [0] * len(records.sources)
    sizes = [source.spacing or (1.0, 1.0, 1.0) for source in records.sources]
    sizes = [tuple(round(side / size[-1], 3) for side in size) for size in sizes]
    different = list(dict.fromkeys(sizes))
    return different, [different.index(size) for size in sizes]


def _options():
    """Options of a pipeline: reproducible, and left alone by `tf.distribute`."""
    options = tf.data.Options()
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return options


def _check_counts(**counts):
    """Refuse numbers below 1."""
    for name, value in counts.items():
        if value != int(value) or value < 1:
            raise ValueError(f"{name} {value} must be a whole number of 1 or more")
