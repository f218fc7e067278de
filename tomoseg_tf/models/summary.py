"""What the builders offer, in words and numbers."""

import difflib
import inspect
import math
import re

from tomoseg_tf.models import BUILDERS

FIXED_SIDES = {"xlearn_unet": (32, 32)}  # of a patch, where a network does not take any size


def num_sides(model):
    """Tell whether a network sees volumes or slices.

    Parameters
    ----------
    model : str
        Name in `BUILDERS`.

    Returns
    -------
    int
        3 for a network from (B, Z, Y, X, C), whose name ends in ``_3d``; 2 for one
        from slices (B, Y, X, C).

    Raises
    ------
    ValueError
        If there is no such builder.
    """
    _builder(model)
    return 3 if model.endswith("_3d") else 2


def build(model, arguments):
    """Call a builder by name, with arguments from a file or the command line.

    Parameters
    ----------
    model : str
        Name in `BUILDERS`.
    arguments : dict
        Keyword arguments of the builder.

    Returns
    -------
    keras.Model
        With fresh weights.

    Raises
    ------
    ValueError
        If there is no such builder, or the arguments do not fit it.
    """
    builder = _builder(model)
    parameters = inspect.signature(builder).parameters
    for key in arguments:
        if key not in parameters:
            close = difflib.get_close_matches(key, parameters, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(parameters)}"
            raise ValueError(f"{model} has no argument {key!r}; {hint}")
    try:
        return builder(**arguments)
    except TypeError as error:
        message = str(error).splitlines()[0]
        raise ValueError(f"{model} does not take {arguments}: {message}") from error


def default_arguments(model):
    """Give the arguments of a builder for one channel and a binary net, of any size if possible.

    Parameters
    ----------
    model : str
        Name in `BUILDERS`.

    Returns
    -------
    dict
        `input_shape`, `num_classes` and each option at its default, as JSON has
        them; the name of the model is left out.

    Raises
    ------
    ValueError
        If there is no such builder.
    """
    parameters = inspect.signature(_builder(model)).parameters.values()
    sides = FIXED_SIDES.get(model, (None,) * num_sides(model))
    arguments = {"input_shape": [*sides, 1], "num_classes": 1}
    for parameter in parameters:
        if parameter.default is not parameter.empty and parameter.name != "name":
            value = parameter.default
            arguments[parameter.name] = list(value) if isinstance(value, tuple) else value
    return arguments


def describe(model, arguments=None, *, layers=False):
    """Describe a network: what it is, its arguments, how many parameters it has.

    Parameters
    ----------
    model : str
        Name in `BUILDERS`.
    arguments : dict, optional
        Where they differ from `default_arguments`.
    layers : bool
        Whether the layers are listed too.

    Returns
    -------
    dict
        "name", "summary" (one sentence), "input" ("volumes" or "slices"), "arguments"
        (all of them), "parameters" and "trainable" (the moving averages of batch
        normalisation are not); if asked for, "layers" with "name", "type", "output" (shape
        without the batch, None where it is open; of the first, where a layer gives several)
        and "parameters" of each, in the order of the graph.

    Raises
    ------
    ValueError
        If there is no such builder, or the arguments do not fit it.
    """
    arguments = {**default_arguments(model), **(arguments or {})}
    network = build(model, arguments)
    found = {
        "name": model,
        "summary": re.sub(r" \[\d+\]_,?", "", inspect.getdoc(BUILDERS[model]).splitlines()[0]),
        "input": "volumes" if num_sides(model) == 3 else "slices",
        "arguments": arguments,
        "parameters": network.count_params(),
        "trainable": sum(math.prod(weight.shape) for weight in network.trainable_weights),
    }
    return {**found, "layers": [_layer(layer) for layer in network.layers]} if layers else found


def _layer(layer):
    """Describe a layer of a network."""
    return {
        "name": layer.name,
        "type": type(layer).__name__,
        "output": list(_first(layer.output).shape[1:]),
        "parameters": layer.count_params(),
    }


def _first(outputs):
    return outputs[0] if isinstance(outputs, (list, tuple)) else outputs


def _builder(model):
    if model not in BUILDERS:
        raise ValueError(f"no network {model!r}; there are {', '.join(BUILDERS)}")
    return BUILDERS[model]
