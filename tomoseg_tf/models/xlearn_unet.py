"""The patch-wise U-Net of xlearn (Yang et al. 2018), whose bottom sees the whole patch."""

from tomoseg_tf.backend import load_keras

keras = load_keras()
layers = keras.layers

POOLINGS = {"transformer2": 2, "transformer3_pooling": 3}
DROPOUTS = (0.2, 0.25, 0.25)
ACTIVATIONS = ("relu", "sigmoid", "softmax", "linear")


def xlearn_unet(
    input_shape,
    num_classes,
    *,
    variant="transformer3_pooling",
    base_features=32,
    kernel_size=3,
    batch_norm=False,
    dropout=None,
    activation=None,
    name="xlearn_unet",
):
    """Build the U-Net of xlearn: dense layers at the bottom tie it to one patch size.

    The published nets regress a grey value from one channel, with a rectified
    output and the mean squared error: ``num_classes=1, activation="relu"``. They
    have 849 281 (``transformer2``) and 1 027 490 parameters
    (``transformer3_pooling``) on patches of 32 by 32. Several classes and batch
    normalisation came with Barboza [2]_.

    Parameters
    ----------
    input_shape : tuple of int
        (Y, X, channels) of the patch, without the batch. A side must be a
        multiple of 8 and ``Y * X`` one of 128; a multiple of 4 will do for
        ``transformer2``.
    num_classes : int
        1 for a binary net that ends in one sigmoid channel; otherwise the
        number of classes, background included, for a softmax.
    variant : {"transformer3_pooling", "transformer2"}
        Three poolings with three dense layers and dropout at the bottom, as the
        published weights have it, or two poolings with one linear dense layer.
    base_features : int
        Channels at full resolution.
    kernel_size : int
        Side of the convolution kernels; the last one of "transformer3_pooling"
        always has 3.
    batch_norm : bool
        Batch-normalise before every rectifier but that of the output.
    dropout : float, optional
        Rate after each of the three dense layers of "transformer3_pooling"; 0.2, 0.25
        and 0.25, as published, by default.
    activation : {"relu", "sigmoid", "softmax", "linear"}, optional
        Of the output, where it is not to follow from `num_classes`; "relu" for
        published weights, whose output may exceed 1.
    name : str
        Name of the Keras model.

    Returns
    -------
    keras.Model
        From (B, Y, X, channels) grey in [0, 1] to (B, Y, X, num_classes) float32
        probabilities.

    Raises
    ------
    ValueError
        If a side is open or does not fit the poolings and dense layers, a number
        is below 1, or there is no such variant or activation.

    References
    ----------
    .. [1] X. Yang, V. De Andrade, W. Scullin, E. L. Dyer, N. Kasthuri, F. De
       Carlo, D. Gürsoy, "Low-dose x-ray tomography through a deep convolutional
       neural network", Sci. Rep. 8, 2575, 2018. doi:10.1038/s41598-018-19426-7
    .. [2] D. Barboza, "Deep learning-based semantic image segmentation
       techniques for corrosive particles of aluminum alloy AA 7075", MSc
       thesis, Arizona State University, 2020.
    """
    _check(input_shape, num_classes, variant, base_features, kernel_size, activation)
    _check_dropout(dropout, variant)
    poolings = POOLINGS[variant]
    pixels = input_shape[0] * input_shape[1] // 4**poolings

    def conv(x, width, name, layer=layers.Conv2DTranspose):
        x = layer(width, kernel_size, padding="same", name=f"{name}_conv")(x)
        return _rectify(x, batch_norm, name)

    image = keras.Input(input_shape, name="image")
    x, shortcuts = image, []

    for level in range(poolings):
        for index in range(2):
            width = base_features << min(level, 1)
            x = conv(x, width, f"encoder{level}_{index}", layers.Conv2D)
        shortcuts.append(x)
        x = layers.MaxPooling2D(2, name=f"encoder{level}_pool")(x)

    widths = (4 * base_features,) if poolings == 2 else (4 * base_features,) * 2 + (1,)
    for index, width in enumerate(widths):
        x = conv(x, width, f"encoder{poolings}_{index}", layers.Conv2D)
    sides = x.shape[1:3]
    x = layers.Flatten(name="bottom_flatten")(x)
    if poolings == 2:
        x = layers.Dense(pixels, name="bottom_dense")(x)
    else:
        x = _squeeze(x, pixels, batch_norm, DROPOUTS if dropout is None else (dropout,) * 3)
    x = layers.Reshape((*sides, 1), name="bottom_reshape")(x)

    for index in range(poolings - 1):
        x = conv(x, 4 * base_features << index, f"decoder{poolings}_{index}")
    for level in reversed(range(poolings)):
        x = layers.UpSampling2D(2, name=f"decoder{level}_up")(x)
        x = layers.Concatenate(name=f"decoder{level}_concat")([x, shortcuts[level]])
        for index in range(2):
            x = conv(x, base_features << min(level, 1), f"decoder{level}_{index}")

    activation = activation or ("sigmoid" if num_classes == 1 else "softmax")
    probabilities = layers.Conv2DTranspose(
        num_classes,
        kernel_size if poolings == 2 else 3,
        padding="same",
        activation=activation,
        dtype="float32",
        name="head_conv",
    )(x)
    return keras.Model(image, probabilities, name=name)


def _squeeze(x, pixels, batch_norm, dropouts):
    """Three rectified dense layers, of half, half and all the pixels of the bottom."""
    widths = (pixels // 2, pixels // 2, pixels)
    for index, (units, rate) in enumerate(zip(widths, dropouts, strict=True)):
        x = layers.Dense(units, name=f"bottom{index}_dense")(x)
        x = _rectify(x, batch_norm, f"bottom{index}")
        x = layers.Dropout(rate, name=f"bottom{index}_dropout")(x)
    return x


def _rectify(x, batch_norm, name):
    if batch_norm:
        x = layers.BatchNormalization(name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _check_dropout(dropout, variant):
    if dropout is None:
        return
    if variant == "transformer2":
        raise ValueError(
            "dropout belongs to transformer3_pooling; leave it out for transformer2, which has none"
        )
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be from 0 to below 1, got {dropout}")


def _check(input_shape, num_classes, variant, base_features, kernel_size, activation):
    if variant not in POOLINGS:
        raise ValueError(f"variant must be {' or '.join(POOLINGS)}, got {variant!r}")
    if activation is not None and activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {activation!r}")
    for argument, value in (
        ("num_classes", num_classes),
        ("base_features", base_features),
        ("kernel_size", kernel_size),
    ):
        if value < 1:
            raise ValueError(f"{argument} must be at least 1, got {value}")
    if len(input_shape) != 3:
        raise ValueError(f"input_shape must be (Y, X, channels), got {tuple(input_shape)}")
    stride = 2 ** POOLINGS[variant]
    for side in input_shape[:2]:
        if side is None:
            raise ValueError(
                "xlearn_unet has dense layers for one patch size and takes no open side; "
                f"give both sides of input_shape, such as (32, 32, {input_shape[2]})"
            )
        if side < 1 or side % stride:
            raise ValueError(
                f"side {side} of input_shape is no multiple of {stride}, which {variant} needs; "
                f"use {max(1, -(-side // stride)) * stride}"
            )
    pixels = input_shape[0] * input_shape[1]
    if variant == "transformer3_pooling" and pixels % 128:
        raise ValueError(
            f"input_shape {tuple(input_shape)} has {pixels} pixels, no multiple of 128, which "
            f"{variant} needs; make one side a multiple of 16"
        )
