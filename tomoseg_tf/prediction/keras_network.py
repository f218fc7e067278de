"""A 2D Keras model made ready to predict: sides open, on its device, in its precision."""

import numpy as np

from tomoseg_tf.backend import EnoughMemory, load_keras, quiet_stderr
from tomoseg_tf.prediction.batch_norm import find_folds, find_points, fold_weights, point_weights
from tomoseg_tf.prediction.device import find_device, place


class KerasNetwork:
    """A 2D network that predicts batches of slices in one compiled call, on any backend.

    Parameters
    ----------
    model : keras.Model
        Functional, from (B, Y, X, C) to (B, Y, X, classes), C 1 or 3. It is not changed; where
        its sides are fixed but its weights do not depend on them, a copy of open sides predicts.
    precision, device : str
        See `tomoseg_tf.prediction.device.find_device`. The weights stay float32 in the lower
        precisions, and the head and what follows it is computed in float32.

    Attributes
    ----------
    model : keras.Model
        What predicts.
    patch : (int, int) or None
        Sides (Y, X) of the only slices that it takes; None if they are open.
    channels, num_classes : int
        Channels of the input and of the result.

    Raises
    ------
    ValueError
        If the network takes neither 1 nor 3 channels or has several outputs, or the precision
        or device is not possible.
    """

    def __init__(self, model, *, precision="float32", device="auto"):
        self.device = find_device(device, precision)
        check_network(model)
        *sides, self.channels = model.input_shape[1:]
        self.num_classes = model.output_shape[-1]
        self.patch = tuple(sides) if _tied_to_its_sides(model) else None
        with place(self.device):
            same = not (any(sides) or precision != "float32" or self.device or find_folds(model))
            if not same:
                model = copy_for(model, self.patch or (None, None), precision)
            self.model = compiled(model)

    def __call__(self, slices):
        """Predict a batch.

        Parameters
        ----------
        slices : (N, Y, X) ndarray of float32
            Normalised grey, of sides that the network takes.

        Returns
        -------
        (N, Y, X, C) ndarray of float32
            What the network gives.

        Raises
        ------
        ValueError
            If the batch does not fit into the memory of the device.
        """
        sides = " x ".join(str(side) for side in slices.shape)
        batch = np.repeat(slices[..., None], self.channels, axis=-1)
        with (
            place(self.device),
            EnoughMemory(
                f"a batch of {sides} pixels does not fit into the memory; end other programs that "
                "use it, or allow less with --max-memory"
            ),
        ):
            return np.asarray(self.model.predict_on_batch(batch), np.float32)


def check_network(model):
    """Refuse what is no segmentation network for grey slices."""
    if len(model.outputs) != 1:
        raise ValueError(
            f"{model.name} has {len(model.outputs)} outputs, but a segmentation is one; build it "
            "with heads='fast' or 'accurate', which take the same weights"
        )
    channels = model.input_shape[-1]
    if channels not in (1, 3):
        raise ValueError(
            f"{model.name} takes {channels} channels, but a slice is grey: it can be given as 1 "
            "channel, or repeated as 3"
        )


def _tied_to_its_sides(model):
    """Tell whether weights depend on the sides, as those of dense layers over a patch do."""
    layers = load_keras().layers
    return any(isinstance(layer, layers.Flatten | layers.Reshape) for layer in model.layers)


def compiled(model):
    """Share the layers with a model of our own, which compiles as is fastest on the backend.

    XLA costs TensorFlow on a processor ten times the time, and is all that JAX has.
    """
    keras = load_keras()
    shared = keras.Model(model.input, model.outputs[0], name=model.name)
    shared.compile(jit_compile=keras.backend.backend() == "jax")
    return shared


def copy_for(model, sides, precision):
    """Copy a model for other sides and another precision, to predict only.

    Weights are taken over by layer; batch normalisation joins the convolution before it. In the
    lower precisions TensorFlow takes any other through float32, in several steps: a depthwise
    convolution of one pixel does the same in one.
    """
    keras = load_keras()
    folds = find_folds(model)
    heads = _heads(keras, model)
    heads |= {name for name, batch_norm in folds.items() if batch_norm.name in heads}
    folded = {batch_norm.name for batch_norm in folds.values()}
    low = precision != "float32"
    points = find_points(model) - folded - heads if low else set()

    def copy_layer(layer):
        config = layer.get_config()
        if low and layer.name not in heads:
            config["dtype"] = f"mixed_{precision}"
        if layer.name in points:
            return keras.layers.DepthwiseConv2D(1, dtype=config["dtype"], name=layer.name)
        if layer.name in folds:
            config["use_bias"] = True
        if _is_turned_convolution(keras, layer):
            return keras.layers.Conv2D(
                layer.filters,
                layer.kernel_size,
                padding="same",
                activation=config["activation"],
                use_bias=config["use_bias"],
                dtype=config["dtype"],
                name=layer.name,
            )
        return type(layer).from_config(config)

    def call_layer(layer, tensor, *others, **settings):
        if layer.name in folded:
            return tensor
        return layer(tensor) if layer.name in points else layer(tensor, *others, **settings)

    image = keras.Input((*sides, model.input_shape[-1]), name=model.input.name)
    with quiet_stderr():  # to tell the settings of a layer, Keras imports TensorFlow if it is there
        copied = keras.models.clone_model(
            model, input_tensors=image, clone_function=copy_layer, call_function=call_layer
        )
    for layer in model.layers:
        if layer.name in folds:
            values = fold_weights(layer, folds[layer.name])
        elif layer.name in points:
            values = point_weights(layer)
        else:
            values = [] if layer.name in folded else layer.get_weights()
        if _is_turned_convolution(keras, layer):
            values[0] = values[0][::-1, ::-1].swapaxes(2, 3)
        if values:
            copied.get_layer(layer.name).set_weights(values)
    return copied


def _is_turned_convolution(keras, layer):
    """Tell whether a transposed convolution is a plain one with turned kernel, which is faster."""
    return (
        isinstance(layer, keras.layers.Conv2DTranspose)
        and set(layer.strides) == {1}
        and set(layer.dilation_rate) == {1}
        and layer.padding == "same"
        and all(side % 2 for side in layer.kernel_size)
    )


def _heads(keras, model):
    """Names of the layers that no other layer with weights follows."""
    followed = set()
    for layer in reversed(model.layers):
        if isinstance(layer, keras.layers.InputLayer):
            continue
        if layer.name in followed or layer.weights:
            sources = layer.input if isinstance(layer.input, list) else [layer.input]
            followed |= {tensor._keras_history.operation.name for tensor in sources}
    return {layer.name for layer in model.layers} - followed
