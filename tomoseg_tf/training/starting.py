"""Networks that start from fitted weights, of as many classes and channels or of others."""

import numpy as np

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.summary import FIXED_SIDES, build, default_arguments
from tomoseg_tf.weights import open_weights

keras = load_keras()

# what may differ: the head and the first kernels are said of, the others are of training alone
ENDS = ("input_shape", "num_classes", "dropout", "momentum", "l2", "name")


def start_from(model, recipe, arguments, classes, *, notify=None):
    """Give a network the values of fitted weights; what does not fit starts anew, and is said.

    With other classes that is the head. With other channels, which are copies of the grey value,
    the first kernels are summed, or shared among the copies: what comes out stays as it was.

    Parameters
    ----------
    model : keras.Model
        As `tomoseg_tf.models.summary.build` gives it.
    recipe : Recipe
        Its ``model.weights`` is a weights folder, or the name of shipped weights.
    arguments : dict
        Keyword arguments that the network was built with.
    classes : sequence of str
        Names of the classes it is going to have, background first.
    notify : callable, optional
        ``notify(text)`` is called with what was replaced, and what is not as it was.

    Raises
    ------
    ValueError
        If the weights cannot be read, or are of another network.
    """
    name, weights = recipe.model.name, recipe.model.weights
    fitted = open_weights(weights)
    start = fitted.build()
    notices = []
    if fitted.config.model == name and _shapes(start) == _shapes(model):
        model.set_weights([array.numpy() for array in start.weights])
    elif _differs_at_its_ends(fitted.config, name, arguments, model):
        notices += _copy_what_fits(start, model, weights)
    else:
        raise ValueError(
            f"model.weights {weights} are of {fitted.config.model} with {fitted.config.arguments}, "
            f"but the recipe asks for {name} with {arguments}; change model.arguments"
        )
    notices += _changes(fitted.config, recipe, arguments, classes, weights)
    for text in notices if notify is not None else ():
        notify(text)


def _shapes(model):
    return [tuple(array.shape) for array in model.weights]


def _differs_at_its_ends(config, name, arguments, model):
    """Tell whether fitted weights are of the same network but for its classes and channels."""
    if config.model != name:
        return False
    before, now = config.arguments["input_shape"], arguments["input_shape"]
    if name in FIXED_SIDES and list(before[:-1]) != list(now[:-1]):
        return False
    ends = {key: arguments[key] for key in ("input_shape", "num_classes")}
    return _shapes(build(name, {**config.arguments, **ends})) == _shapes(model)


def _copy_what_fits(start, model, weights):
    """Copy layer by layer; return what became of the others."""
    folded, fresh = [], []
    layers = ([each for each in net.layers if each.weights] for net in (start, model))
    for old, new in zip(*layers, strict=True):  # those without weights, as dropout, may differ
        if _shapes(old) == _shapes(new):
            new.set_weights(old.get_weights())
        elif (arrays := _folded(old, new)) is not None:
            new.set_weights(arrays)
            folded.append(new.name)
        else:
            fresh.append(new.name)
    channels, outputs = (
        [getattr(each, side)[-1] for each in (start, model)]
        for side in ("input_shape", "output_shape")
    )
    texts = []
    if folded:
        texts.append(
            f"{', '.join(folded)} of {weights} saw {channels[0]} channels of the grey value and "
            f"was folded for {channels[1]}"
        )
    if fresh:
        texts.append(
            f"{', '.join(fresh)} starts anew: {weights} has {outputs[0]} output(s) and "
            f"{channels[0]} channel(s), the recipe and its records {outputs[1]} and {channels[1]}"
        )
    return texts


def _folded(old, new):
    """Bring the arrays of a layer to another number of equal channels; None if that is not all."""
    if isinstance(old, keras.layers.BatchNormalization):
        size = new.weights[0].shape[0]
        return [np.full(size, array.mean(), array.dtype) for array in old.get_weights()]
    if not isinstance(old, keras.layers.Conv2D | keras.layers.Conv3D):
        return None
    kernel, *rest = old.get_weights()
    wanted = tuple(new.weights[0].shape)
    if kernel.shape[:-2] + kernel.shape[-1:] != wanted[:-2] + wanted[-1:]:
        return None
    channels = wanted[-2]
    shared = kernel.sum(axis=-2, keepdims=True) / channels
    return [np.repeat(shared, channels, axis=-2), *rest]


def _changes(config, recipe, arguments, classes, weights):
    """Say what the weights were fitted to that is otherwise now, though they fit."""
    texts = []
    defaults = default_arguments(config.model)
    before, now = ({**defaults, **each} for each in (config.arguments, arguments))
    keys = [key for key in now if before.get(key) != now[key] and key not in ENDS]
    if keys:
        texts.append(
            f"{weights} was fitted in a network with other arguments "
            f"({_listed(keys, before, now)}), which may compute something else of the same arrays"
        )
    names = tuple(entry.name for entry in config.classes)
    if len(names) == len(classes) and names != tuple(classes):
        texts.append(
            f"the classes of {weights} are {', '.join(names)}, those of the records "
            f"{', '.join(classes)}: each goes on from the one in its place"
        )
    before, now = (each.normalisation.to_dict() for each in (config, recipe))
    keys = [
        key for key in now if before.get(key) != now[key] and key not in ("training", "outside")
    ]
    if keys:
        listed = _listed(keys, before, now)
        texts.append(f"{weights} was fitted with another normalisation ({listed})")
    return texts


def _listed(keys, before, now):
    return "; ".join(f"{key} {before.get(key)} there, {now[key]} here" for key in keys)
