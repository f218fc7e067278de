"""Batches as a network takes them: volumes, slices, or slices cut into its patches."""

import math

import numpy as np

from tomoseg_tf.backend import load_tensorflow
from tomoseg_tf.models.summary import num_sides
from tomoseg_tf.records import training_batches, validation_batches
from tomoseg_tf.training.border_weights import border_weights
from tomoseg_tf.volume import IGNORE


def training_data(recipe, records, epoch):
    """Draw batches from an epoch on, and count the steps that make an epoch.

    With `schedule.steps_per_epoch` an epoch is not one pass over the patches, so
    it may begin anywhere in one.

    Parameters
    ----------
    recipe : Recipe
        All settings.
    records : Records
        The opened records.
    epoch : int
        Epoch to begin with, from 0.

    Returns
    -------
    tf.data.Dataset
        Batches (image, truth), see `for_network`; without end.
    int
        Batches of an epoch.
    """
    settings = recipe.batches

    def from_pass(first):
        return training_batches(
            records,
            batch_size=settings.batch_size,
            normalisation=recipe.normalisation,
            crop=settings.crop,
            crops_per_patch=settings.crops_per_patch,
            foreground=settings.foreground,
            balance=settings.balance,
            augmentation=recipe.augmentation,
            seed=recipe.seed,
            first_epoch=first,
        )

    steps = recipe.schedule.steps_per_epoch
    if steps is None:
        batches, steps = from_pass(epoch)
    else:
        _, steps_of_pass = from_pass(0)
        passes, rest = divmod(epoch * steps, steps_of_pass)
        batches, _ = from_pass(passes)
        batches = batches.skip(rest)
    return for_network(batches, recipe), steps


def validation_data(recipe, records, devices, sides):
    """Give all patches of the validation split once.

    For a network of slices a batch holds `batches.validation_batch_size` slices,
    however deep the patches are; for one of fixed sides, as many of its patches.
    Where the slices do not fill them they are padded with ignored pixels. Several devices take one
    each at a time, and none may be left without: a last batch that is not full is
    left out then.

    Parameters
    ----------
    recipe : Recipe
        All settings.
    records : Records
        The opened records.
    devices : sequence of str
        Devices that share a batch; empty for the backend's own choice.
    sides : sequence of (int or None)
        Sides of what the network is validated on, None where they are open.

    Returns
    -------
    tf.data.Dataset
        Batches (image, truth), see `for_network`.
    """
    size = len(devices) if devices else recipe.batches.validation_batch_size
    deep = len(sides) == 3
    batches = validation_batches(
        records,
        batch_size=size if deep else 1,
        normalisation=recipe.normalisation,
        drop_remainder=bool(devices) and deep,
    )
    if deep:
        return for_network(batches, recipe)
    fits = None in sides or tuple(sides) == tuple(records.patch[1:])
    fixed = None if fits else tuple(sides)
    slices = int(batches.cardinality()) * records.patch[0]
    if fixed is not None:
        slices *= math.prod(_counts(records.patch[1:], fixed))
    batches = for_network(batches, recipe, fixed).rebatch(size, drop_remainder=bool(devices))
    number = slices // size if devices else -(-slices // size)
    return batches.apply(load_tensorflow().data.experimental.assert_cardinality(number)).prefetch(1)


def for_network(batches, recipe, sides=None):
    """Bring batches of patches into the form that the network of a recipe takes.

    Parameters
    ----------
    batches : tf.data.Dataset
        Image (B, Z, Y, X, 1) float32 and truth (B, Z, Y, X, 1) uint8.
    recipe : Recipe
        Gives the network, its channels and the border weights of the loss.
    sides : pair of int, optional
        Sides of the patches that slices are cut into.

    Returns
    -------
    tf.data.Dataset
        The same for a network of volumes; for one of slices image (B * Z, Y, X,
        channels) and truth (B * Z, Y, X, 1). With border weights the truth is
        float32 and has them as a second channel.
    """
    tf = load_tensorflow()

    def as_slices(image, truth):
        image, truth = (tf.reshape(part, (-1, *part.shape[2:])) for part in (image, truth))
        if sides is not None:
            image, truth = (_cut(part, sides, fill) for part, fill in ((image, 0), (truth, IGNORE)))
        if recipe.model.channels > 1:
            image = tf.repeat(image, recipe.model.channels, axis=-1)
        return image, truth

    def with_border_weights(image, truth):
        weights = tf.numpy_function(
            lambda classes: _border_term(classes, recipe.loss), [truth], tf.float32, stateful=False
        )
        weights = tf.ensure_shape(weights, truth.shape)
        return image, tf.concat([tf.cast(truth, tf.float32), weights], axis=-1)

    parallel = {"num_parallel_calls": tf.data.AUTOTUNE, "deterministic": True}
    if num_sides(recipe.model.name) == 2:
        batches = batches.map(as_slices, **parallel)
    if recipe.loss.border_weight:
        batches = batches.map(with_border_weights, **parallel)
    return batches


def _counts(full, sides):
    """Count the patches along each side, the last of which may be padded."""
    return tuple(-(-whole // side) for whole, side in zip(full, sides, strict=True))


def _cut(part, sides, fill):
    """Cut slices (B, Y, X, 1) into patches of the given sides, padded at the high ends."""
    tf = load_tensorflow()
    height, width = sides
    rows, columns = _counts(part.shape[1:3], sides)
    missing = rows * height - part.shape[1], columns * width - part.shape[2]
    ends = [[0, 0], [0, missing[0]], [0, missing[1]], [0, 0]]
    part = tf.pad(part, ends, constant_values=tf.cast(fill, part.dtype))
    part = tf.reshape(part, (-1, rows, height, columns, width, 1))
    return tf.reshape(tf.transpose(part, (0, 1, 3, 2, 4, 5)), (-1, height, width, 1))


def _border_term(truth, loss):
    """Border weights alone, without those of the classes, which the loss itself adds."""
    settings = {"border_weight": loss.border_weight, "sigma": loss.border_sigma}
    without = np.zeros(IGNORE)
    maps = [border_weights(each[..., 0], class_weights=without, **settings) for each in truth]
    return np.stack(maps)[..., None]
