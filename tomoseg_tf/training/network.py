"""The network, loss and optimiser that a recipe asks for, ready to be fitted."""

import contextlib

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.summary import FIXED_SIDES, build, num_sides
from tomoseg_tf.training.encoder import find_backbone, freeze_encoder, load_encoder
from tomoseg_tf.training.metrics import SegmentationScores
from tomoseg_tf.training.objective import SegmentationLoss, inverse_frequencies
from tomoseg_tf.weights import open_weights

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
        If the loss or its weights do not fit the number of classes, or the
        channels or the outputs not the network.
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
    binary = num_classes == 2 and loss.name != "categorical_crossentropy"
    fixed = model.name in FIXED_SIDES
    shape = (sides or FIXED_SIDES[model.name])[-axes:] if fixed else [None] * axes
    return {
        "input_shape": [*shape, model.channels],
        **model.arguments,
        "num_classes": 1 if binary else num_classes,
    }


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
        If the builder refuses the arguments, or the network refuses sides; says which.
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
            build(name, {**arguments, "input_shape": (*seen, channels)})
        except ValueError as error:
            raise ValueError(f"{what} {size} does not fit {name}: {error}") from None


def find_class_weights(recipe, records):
    """Find the weight of each class in the loss.

    Parameters
    ----------
    recipe : Recipe
        Gives the weights, or says that they follow from the records.
    records : Records
        The opened records.

    Returns
    -------
    list of float or None
        Background first; None for 1 each.

    Raises
    ------
    ValueError
        If they follow from the records, and a class has no voxel to train on.
    """
    weights = recipe.loss.class_weights
    if weights != "inverse_frequency":
        return weights
    voxels = records.voxels("training", recipe.normalisation.outside)
    return inverse_frequencies(voxels[:-1], records.classes)


def compiled_network(recipe, arguments, classes, class_weights=None):
    """Build a network and compile it with the recipe's loss and optimiser.

    Parameters
    ----------
    recipe : Recipe
        The settings; its seed decides the fresh weights.
    arguments : dict
        As `network_arguments` gives them.
    classes : sequence of str
        Names of the classes, background first.
    class_weights : sequence of float, optional
        Of the loss, as `find_class_weights` gives them.

    Returns
    -------
    keras.Model
        Compiled, its optimiser built.
    """
    keras.utils.set_random_seed(recipe.seed)
    settings = recipe.optimiser
    with dtype_policy(recipe.precision):
        model = build(recipe.model.name, arguments)
        _start(model, recipe.model, arguments)
        optimiser = keras.optimizers.Adam(
            learning_rate=settings.learning_rate,
            beta_1=settings.beta_1,
            beta_2=settings.beta_2,
            epsilon=settings.epsilon,
            weight_decay=settings.weight_decay,
            global_clipnorm=settings.clip_norm,
        )
        model.compile(
            optimizer=optimiser,
            loss=SegmentationLoss(
                recipe.loss.name,
                class_weights,
                boundary_weight=recipe.loss.boundary_weight,
                boundary_width=recipe.loss.boundary_width,
            ),
            metrics=[SegmentationScores(classes)],
            jit_compile=keras.backend.backend() == "jax",
        )
        model.optimizer.build(model.trainable_variables)
    return model


def _start(model, settings, arguments):
    """Give a network the values that it starts from, and freeze what stays as it is."""
    if settings.weights is not None:
        start_from(model, settings.name, arguments, settings.weights)
    elif settings.encoder is not None:
        backbone = find_backbone(settings.name, arguments)
        load_encoder(model, backbone, settings.encoder)
    if settings.freeze_batch_norm:
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
    if settings.freeze_encoder:
        freeze_encoder(model, find_backbone(settings.name, arguments))


def start_from(model, name, arguments, weights):
    """Give a network the values of fitted weights.

    Parameters
    ----------
    model : keras.Model
        As `tomoseg_tf.models.summary.build` gives it.
    name : str
        Name of its builder.
    arguments : dict
        Its keyword arguments.
    weights : str or Path
        A weights folder, or the name of shipped weights.

    Raises
    ------
    ValueError
        If the weights cannot be read, or are of another network.
    """
    fitted = open_weights(weights)
    start = fitted.build()
    shapes = [tuple(array.shape) for array in start.weights]
    if fitted.config.model != name or shapes != [tuple(array.shape) for array in model.weights]:
        raise ValueError(
            f"model.weights {weights} are of {fitted.config.model} with {fitted.config.arguments}, "
            f"but the recipe asks for {name} with {arguments}; change model.arguments"
        )
    model.set_weights([array.numpy() for array in start.weights])


@contextlib.contextmanager
def dtype_policy(precision):
    """Build layers in a precision; the policy before it comes back at the end."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
