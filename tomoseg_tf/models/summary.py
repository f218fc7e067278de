"""What the builders offer, in words and numbers."""

import difflib
import inspect
import math

from tomoseg_tf.models import BUILDERS


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
    """Give the arguments of a builder for one channel of any size and a binary net.

    Parameters
    ----------
    model : str
        Name in `BUILDERS`; those of volumes end in ``_3d``.

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
    sides = 3 if model.endswith("_3d") else 2
    arguments = {"input_shape": [None] * sides + [1], "num_classes": 1}
    for parameter in parameters:
        if parameter.default is not parameter.empty and parameter.name != "name":
            value = parameter.default
            arguments[parameter.name] = list(value) if isinstance(value, tuple) else value
    return arguments


def describe(model, arguments=None):
    """Describe a network: what it is, its arguments, how many parameters it has.

    Parameters
    ----------
    model : str
        Name in `BUILDERS`.
    arguments : dict, optional
        Where they differ from `default_arguments`.

    Returns
    -------
    dict
        "name", "summary" (one sentence), "arguments" (all of them), "parameters"
        and "trainable" (the moving averages of batch normalisation are not).

    Raises
    ------
    ValueError
        If there is no such builder, or the arguments do not fit it.
    """
    arguments = {**default_arguments(model), **(arguments or {})}
    network = build(model, arguments)
    return {
        "name": model,
        "summary": inspect.getdoc(BUILDERS[model]).splitlines()[0],
        "arguments": arguments,
        "parameters": network.count_params(),
        "trainable": sum(math.prod(weight.shape) for weight in network.trainable_weights),
    }


def describe_layers(model, arguments):
    """List the layers of a network.

    Parameters
    ----------
    model : str
        Name in `BUILDERS`.
    arguments : dict
        All arguments of the builder.

    Returns
    -------
    list of dict
        "name", "type", "output" (shape without the batch, None where it is open)
        and "parameters" of each layer, in the order of the graph.
    """
    return [
        {
            "name": layer.name,
            "type": type(layer).__name__,
            "output": list(layer.output.shape[1:]),
            "parameters": layer.count_params(),
        }
        for layer in build(model, arguments).layers
    ]


def _builder(model):
    if model not in BUILDERS:
        raise ValueError(f"no network {model!r}; there are {', '.join(BUILDERS)}")
    return BUILDERS[model]
