"""The network, loss and optimiser that a recipe asks for, ready to be fitted."""

import contextlib

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.summary import build, default_arguments
from tomoseg_tf.training.encoder import find_backbone, freeze_encoder, load_encoder
from tomoseg_tf.training.metrics import SegmentationScores
from tomoseg_tf.training.objective import SegmentationLoss, inverse_frequencies
from tomoseg_tf.training.starting import start_from

keras = load_keras()


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


def compiled_network(
    recipe, arguments, classes, class_weights=None, *, start=True, frozen=False, notify=None
):
    """Build a network and compile it with the recipe's loss and optimiser.

    Parameters
    ----------
    recipe : Recipe
        The settings; its seed decides the fresh weights.
    arguments : dict
        As `tomoseg_tf.training.arguments.network_arguments` gives them.
    classes : sequence of str
        Names of the classes, background first.
    class_weights : sequence of float, optional
        Of the loss, as `find_class_weights` gives them.
    start : bool, optional
        Whether it gets the values that the recipe starts from; not if they are restored after.
    frozen : bool, optional
        Whether its batch normalisation is frozen, whatever the recipe says of the model.
    notify : callable, optional
        ``notify(text)`` is called with what is not as in the weights it starts from.

    Returns
    -------
    keras.Model
        Compiled, its optimiser built.
    """
    keras.utils.set_random_seed(recipe.seed)
    with dtype_policy(recipe.precision):
        model = build(recipe.model.name, arguments)
        if start:
            _start(model, recipe, arguments, classes, notify)
        _freeze(model, recipe.model, arguments)
    if frozen:
        freeze_batch_norm(model)
    compile_network(model, recipe, classes, class_weights)
    return model


def freeze_batch_norm(model):
    """Freeze all batch normalisation of a network; it is to be compiled after.

    Parameters
    ----------
    model : keras.Model
        Its layers of batch normalisation do in training as in prediction from now on.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def compile_network(model, recipe, classes, class_weights=None):
    """Compile a network with the recipe's loss and a new optimiser, which is built.

    Parameters
    ----------
    model : keras.Model
        The network; one that was compiled before gets another optimiser.
    recipe : Recipe
        Gives the optimiser, the loss and the precision.
    classes : sequence of str
        Names of the classes, background first.
    class_weights : sequence of float, optional
        Of the loss, as `find_class_weights` gives them.
    """
    settings = recipe.optimiser
    with dtype_policy(recipe.precision):
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


def _start(model, recipe, arguments, classes, notify):
    """Give a network the values that it starts from."""
    settings = recipe.model
    if settings.weights is not None:
        start_from(model, recipe, arguments, classes, notify=notify)
    elif settings.encoder is not None:
        backbone = find_backbone(settings.name, arguments)
        load_encoder(model, backbone, settings.encoder)


def _freeze(model, settings, arguments):
    """Freeze what stays as it is, and set how fast moving averages follow."""
    if settings.batch_norm_momentum is not None:
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = settings.batch_norm_momentum
    if settings.freeze_batch_norm:
        freeze_batch_norm(model)
    if settings.freeze_encoder:
        backbone = {**default_arguments(settings.name), **arguments}.get("backbone")
        freeze_encoder(model, backbone)


@contextlib.contextmanager
def dtype_policy(precision):
    """Build layers in a precision; the policy before it comes back at the end."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
