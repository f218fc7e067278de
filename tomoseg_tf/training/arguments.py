"""The builder's arguments that a recipe and its records ask for, and the sides that suit it."""

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.summary import FIXED_SIDES, build, default_arguments, num_sides
from tomoseg_tf.prediction.slice_graph import slice_graph
from tomoseg_tf.weights.outputs import has_open_output

keras = load_keras()


def network_arguments(recipe, num_classes, sides=None):
    """Complete the keyword arguments of the builder.

    Parameters
    ----------
    recipe : Recipe
        Gives the builder's arguments, the channels and the loss.
    num_classes : int
        Classes of the records, background included; at least 2.
    sides : (Z, Y, X), optional
        Of what the network is trained on; one that takes no open sides needs them.

    Returns
    -------
    dict
        Arguments with ``input_shape`` and ``num_classes``: 1, a binary network
        with one sigmoid channel, for two classes, unless the loss is the
        categorical cross-entropy.

    Raises
    ------
    ValueError
        If the loss or its weights do not fit the number of classes, the loss not what the
        network gives, or the channels or the outputs not the network.
    """
    loss, model = recipe.loss, recipe.model
    if loss.name == "binary_crossentropy" and num_classes > 2:
        raise ValueError(
            f"loss.name is 'binary_crossentropy', but the records have {num_classes} classes; "
            "use categorical_crossentropy or crossentropy_dice"
        )
    given = isinstance(loss.class_weights, list)
    if given and len(loss.class_weights) != num_classes:
        raise ValueError(
            f"loss.class_weights has {len(loss.class_weights)} numbers, but the records have "
            f"{num_classes} classes, the background included"
        )
    if model.arguments.get("heads") == "all":
        raise ValueError(
            "model.arguments.heads is 'all', which gives several results to choose from; train "
            "with 'accurate', their mean, or 'fast'"
        )
    axes = num_sides(model.name)
    if axes == 3 and model.channels != 1:
        raise ValueError(
            f"model.channels is {model.channels}, but {model.name} sees volumes of one grey "
            "channel; use 1"
        )
    _check_activation(model, loss.name)
    binary = num_classes == 2 and loss.name != "categorical_crossentropy"
    fixed = model.name in FIXED_SIDES
    shape = (sides or FIXED_SIDES[model.name])[-axes:] if fixed else [None] * axes
    arguments = {
        "input_shape": [*shape, model.channels],
        **model.arguments,
        "num_classes": 1 if binary else num_classes,
    }
    if sides and {**default_arguments(model.name), **arguments}.get("z_poolings", 0) is None:
        arguments |= _shallow(model.name, arguments, sides[0])
    return arguments


def _check_activation(model, loss):
    """Refuse a loss that is at its best whatever the classes are, by scores that all rise."""
    activation = model.arguments.get("activation")
    if has_open_output(model.name, model.arguments) and loss != "mean_squared_error":
        raise ValueError(
            f"model.arguments.activation is {activation!r}, which gives no probabilities, but "
            f"loss.name is {loss!r}; use mean_squared_error, or leave the activation out"
        )
    if activation == "sigmoid" and loss == "categorical_crossentropy":
        raise ValueError(
            "model.arguments.activation is 'sigmoid', which scores each class on its own, but "
            "loss.name is 'categorical_crossentropy', by which all scores would rise to 1; use "
            "crossentropy_dice, or leave the activation out"
        )


def _shallow(name, arguments, depth):
    """Poolings that take z along, where patches are too shallow for all of them."""
    shape = [depth, *arguments["input_shape"][1:]]
    pools = [
        layer.pool_size[0]
        for layer in build(name, {**arguments, "input_shape": shape}).layers
        if isinstance(layer, keras.layers.MaxPooling3D)
    ]
    return {} if all(size == 2 for size in pools) else {"z_poolings": pools.count(2)}


def check_sides(name, arguments, sides):
    """Check that a network takes patches of the given sides.

    Parameters
    ----------
    name : str
        Key of `tomoseg_tf.models.BUILDERS`.
    arguments : dict
        Keyword arguments of the builder.
    sides : dict of str to (Z, Y, X)
        Sides by what errors call them; a network of slices takes any Z.

    Raises
    ------
    ValueError
        If the builder refuses the arguments, or the network refuses sides or gives others than it
        sees; says which.
    """
    axes = num_sides(name)
    if None in arguments["input_shape"]:
        build(name, arguments)
    channels = arguments["input_shape"][-1]
    checked = []
    for what, shape in sides.items():
        size = ",".join(str(side) for side in shape)
        seen = tuple(shape)[-axes:]
        if axes == 3 and seen[0] == 1:
            raise ValueError(
                f"{what} {size} is a slice, but {name} sees volumes; write the records in deeper "
                "patches, or train a network of slices"
            )
        if seen in checked:
            continue
        checked.append(seen)
        try:
            given = build(name, {**arguments, "input_shape": (*seen, channels)}).output_shape[1:-1]
        except ValueError as error:
            hint = _smaller_crop(name, arguments, seen)
            raise ValueError(f"{what} {size} does not fit {name}: {error}{hint}") from None
        if tuple(given) != seen:
            left = ",".join(str(side) for side in given)
            raise ValueError(
                f"{name} gives only {left} of {what} {size}, but a segmentation has all of it; "
                "build the network with padding='same'"
            )


def _smaller_crop(name, arguments, sides):
    """Name the largest crop of such a patch that a network of slices takes; "" if there is none."""
    open_sides = {**arguments, "input_shape": (None, None, arguments["input_shape"][-1])}
    if len(sides) == 3 or name in FIXED_SIDES:
        return ""
    try:
        stride = slice_graph(build(name, open_sides)).stride
    except ValueError:  # it is not the sides that are wrong
        return ""
    fitting = [side // stride * stride for side in sides]
    if not all(fitting):
        return ""
    crop = ",".join(map(str, (1, *fitting)))
    return f"; or train on parts of it, --set 'batches.crop=[{crop}]': prediction takes any sides"
