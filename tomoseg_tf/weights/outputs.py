"""Whether what a network gives are probabilities."""

OPEN = {"xlearn_unet": ("relu", "linear")}  # activations of the head; elsewhere of hidden layers


def has_open_output(model, arguments):
    """Tell whether a network gives values that are no probabilities.

    Parameters
    ----------
    model : str
        Name of the builder.
    arguments : dict
        Its keyword arguments.

    Returns
    -------
    bool
        True for networks fitted by regression, whose output may exceed 1.

    Examples
    --------
    >>> has_open_output("xlearn_unet", {"activation": "relu"})
    True
    >>> has_open_output("residual_unet_3d", {"activation": "relu"})
    False
    """
    return arguments.get("activation") in OPEN.get(model, ())
