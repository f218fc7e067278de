"""The network, loss and optimiser that a recipe asks for, ready to be fitted."""

import contextlib

from tomoseg_tf.backend import find_gpus, load_keras, load_tensorflow
from tomoseg_tf.models.summary import build
from tomoseg_tf.training.losses import SegmentationLoss
from tomoseg_tf.training.metrics import SegmentationScores
from tomoseg_tf.weights import open_weights

keras = load_keras()


def network_arguments(recipe, num_classes):
    """Complete the keyword arguments of the builder.

    Parameters
    ----------
    recipe : Recipe
        Gives the builder's arguments and the loss.
    num_classes : int
        Classes of the records, background included; at least 2.

    Returns
    -------
    dict
        Arguments with ``input_shape`` and ``num_classes``: 1, a binary network
        with one sigmoid channel, for two classes, unless the loss is the
        categorical cross-entropy.

    Raises
    ------
    ValueError
        If the loss or its weights do not fit the number of classes.
    """
    loss = recipe.loss
    if loss.name == "binary_crossentropy" and num_classes > 2:
        raise ValueError(
            f"loss.name is 'binary_crossentropy', but the records have {num_classes} classes; "
            "use categorical_crossentropy or crossentropy_dice"
        )
    if loss.class_weights is not None and len(loss.class_weights) != num_classes:
        raise ValueError(
            f"loss.class_weights has {len(loss.class_weights)} numbers, but the records have "
            f"{num_classes} classes, the background included"
        )
    binary = num_classes == 2 and loss.name != "categorical_crossentropy"
    arguments = {"input_shape": [None, None, None, 1], **recipe.model.arguments}
    return {**arguments, "num_classes": 1 if binary else num_classes}


def check_sides(name, arguments, sides):
    """Check that a network takes patches of the given sides.

    Parameters
    ----------
    name : str
        Key of `tomoseg_tf.models.BUILDERS`.
    arguments : dict
        Keyword arguments of the builder.
    sides : dict of str to (Z, Y, X)
        Sides by what errors call them.

    Raises
    ------
    ValueError
        If the builder refuses the arguments, or the network refuses sides; says which.
    """
    build(name, arguments)
    channels = arguments["input_shape"][-1]
    checked = []
    for what, shape in sides.items():
        if tuple(shape) in checked:
            continue
        checked.append(tuple(shape))
        try:
            build(name, {**arguments, "input_shape": (*shape, channels)})
        except ValueError as error:
            size = ",".join(str(side) for side in shape)
            raise ValueError(f"{what} {size} does not fit {name}: {error}") from None


def compiled_network(recipe, arguments, classes):
    """Build a network and compile it with the recipe's loss and optimiser.

    Parameters
    ----------
    recipe : Recipe
        The settings; its seed decides the fresh weights.
    arguments : dict
        As `network_arguments` gives them.
    classes : sequence of str
        Names of the classes, background first.

    Returns
    -------
    keras.Model
        Compiled, its optimiser built.
    """
    keras.utils.set_random_seed(recipe.seed)
    settings = recipe.optimiser
    with dtype_policy(recipe.precision):
        model = build(recipe.model.name, arguments)
        if recipe.model.weights is not None:
            start_from(model, recipe.model.name, arguments, recipe.model.weights)
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = not recipe.model.freeze_batch_norm
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
            loss=SegmentationLoss(recipe.loss.name, recipe.loss.class_weights),
            metrics=[SegmentationScores(classes)],
            jit_compile=keras.backend.backend() == "jax",
        )
        model.optimizer.build(model.trainable_variables)
    return model


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


def choose_devices(recipe, devices=None, validation_patches=None):
    """Choose what to train on, and check that the precision suits it.

    Parameters
    ----------
    recipe : Recipe
        Gives the precision and the batch size.
    devices : sequence of str, optional
        TensorFlow devices, such as ``["GPU:0", "GPU:1"]``; all GPUs by default.
    validation_patches : int, optional
        How many there are: each device must get one.

    Returns
    -------
    tuple of str
        Devices to spread a batch over; empty for the backend's own choice.

    Raises
    ------
    ValueError
        If float16 is asked for without a GPU, several devices without
        TensorFlow, or batches that they cannot share.
    """
    backend = keras.backend.backend()
    gpus = [name.upper() for name in find_gpus()]
    on_gpu = bool(gpus) if devices is None else all("GPU" in name.upper() for name in devices)
    if recipe.precision == "mixed_float16" and not on_gpu:
        raise ValueError(
            "precision is 'mixed_float16', which needs a GPU (a processor trains 9 times slower "
            "in it); use float32"
        )
    if devices is None:
        devices = gpus if backend == "tensorflow" and len(gpus) > 1 else ()
    if devices and backend != "tensorflow":
        raise ValueError(f"several devices need the TensorFlow backend, not {backend}")
    if devices and recipe.batches.batch_size % len(devices):
        raise ValueError(
            f"batches.batch_size is {recipe.batches.batch_size}, no multiple of the "
            f"{len(devices)} devices that share a batch"
        )
    if validation_patches is not None and validation_patches < len(devices):
        raise ValueError(
            f"the records have {validation_patches} validation patches, too few for the "
            f"{len(devices)} devices that share them"
        )
    return tuple(devices)


def distribution(devices):
    """Spread what is built inside over several devices.

    Parameters
    ----------
    devices : sequence of str
        As `choose_devices` gives them.

    Returns
    -------
    context manager
        The scope of a ``MirroredStrategy``, or one that does nothing.
    """
    if not devices:
        return contextlib.nullcontext()
    return load_tensorflow().distribute.MirroredStrategy(list(devices)).scope()
