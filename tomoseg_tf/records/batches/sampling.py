"""Where crops are taken from a patch, drawn in the graph."""

from tomoseg_tf.records.schema import tf
from tomoseg_tf.volume import IGNORE

SPARSE = 0.5  # share of labelled voxels below which crops anywhere would often teach nothing


def check_crop(crop, patch):
    """Check the sides of a crop against those of the stored patches.

    Parameters
    ----------
    crop : sequence of three int or None
        Sides (z, y, x) in voxels; None for the whole patch.
    patch : tuple of three int
        Sides of the patches.

    Returns
    -------
    tuple of three int
        Sides of the crop.

    Raises
    ------
    ValueError
        If there are not three sides from 1 to that of the patch.
    """
    if crop is None:
        return tuple(patch)
    crop = tuple(int(side) for side in crop)
    if len(crop) != 3 or any(not 1 <= a <= b for a, b in zip(crop, patch, strict=True)):
        raise ValueError(
            f"crop {crop} must be three sides (z, y, x) of 1 voxel up to the stored patch "
            f"{tuple(patch)}; use a smaller crop or write records with a larger patch"
        )
    return crop


def crop_starts(truth, crop, num_crops, foreground, seed):
    """Draw the first voxels of several crops of one patch.

    With probability `foreground` a crop is put around a random foreground voxel (a
    class above 0 that is not ignored), which then lies within a quarter of a side from its middle,
    except where the border of the patch is in the way; otherwise, and in a patch
    without foreground, it is anywhere in the patch. Where less than half of a patch is labelled,
    it is put around a random labelled voxel of any class in place of anywhere.

    Parameters
    ----------
    truth : (Z, Y, X) tensor of uint8
        Class of each voxel; its shape is known.
    crop : tuple of three int
        Sides of the crops.
    num_crops : int
        Number of crops N.
    foreground : float
        Probability from 0 to 1.
    seed : (2,) tensor of int64
        Seed; equal seeds give equal crops.

    Returns
    -------
    (N, 3) tensor of int64
        Starts (z, y, x), each crop lying within the patch.
    """
    room = tf.constant(truth.shape.as_list(), tf.int64) - crop
    where, whether, which, around = tf.unstack(tf.random.split(seed, 4))
    starts = _anywhere(truth, crop, room, num_crops, where)
    if foreground == 0:
        return starts
    found = tf.where((truth > 0) & (truth != IGNORE))
    aimed = _around(found, crop, room, num_crops, which, around)
    aim = tf.random.stateless_uniform([num_crops], whether) < foreground
    return tf.where((aim & (tf.shape(found)[0] > 0))[:, None], aimed, starts)


def _anywhere(truth, crop, room, num_crops, seed):
    """Draw the starts of crops anywhere, or around labelled voxels if these are few."""
    starts = _whole_numbers(seed, num_crops, room + 1)
    labelled = truth != IGNORE
    share = tf.reduce_mean(tf.cast(labelled, tf.float32))

    def around_labels():
        which, around = tf.unstack(tf.random.split(seed, 2))
        return _around(tf.where(labelled), crop, room, num_crops, which, around)

    return tf.cond((share > 0) & (share < SPARSE), around_labels, lambda: starts)


def _around(found, crop, room, num_crops, which, around):
    """Draw the starts of crops around random ones of the voxels found, (M, 3); 0 if M is 0."""
    count = tf.shape(found, tf.int64)[0]
    picks = tf.random.stateless_uniform(
        [num_crops], which, maxval=tf.maximum(count, 1), dtype=tf.int64
    )
    middles = tf.cond(
        count > 0, lambda: tf.gather(found, picks), lambda: tf.zeros([num_crops, 3], tf.int64)
    )
    sides = tf.constant(crop, tf.int64)
    jitter = _whole_numbers(around, num_crops, 2 * (sides // 4) + 1) - sides // 4
    return tf.clip_by_value(middles - sides // 2 + jitter, 0, room)


def cut_crops(array, starts, crop):
    """Cut crops out of a patch.

    Parameters
    ----------
    array : (Z, Y, X) tensor
        Patch of any type.
    starts : (N, 3) tensor of int64
        First voxels; N is known.
    crop : tuple of three int
        Sides of the crops.

    Returns
    -------
    (N, z, y, x) tensor
        The crops.
    """
    if array.shape == crop:
        return tf.repeat(array[None], starts.shape[0], axis=0)
    return tf.stack([tf.slice(array, start, crop) for start in tf.unstack(starts)])


def _whole_numbers(seed, rows, limits):
    """Draw (rows, 3) whole numbers from 0 to below each limit."""
    uniform = tf.random.stateless_uniform([rows, 3], seed, dtype=tf.float64)
    return tf.cast(tf.floor(uniform * tf.cast(limits, tf.float64)), tf.int64)
