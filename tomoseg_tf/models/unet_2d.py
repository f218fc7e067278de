"""The U-Net of Ronneberger et al. (2015)."""

from tomoseg_tf.backend import load_keras

keras = load_keras()
layers = keras.layers

WIDEST = 4096  # channels; more is a mistake, and would take all memory
PADDINGS = ("same", "valid")


def unet_2d(
    input_shape,
    num_classes,
    *,
    levels=5,
    base_features=64,
    padding="same",
    batch_norm=False,
    dropout=0.0,
    name="unet_2d",
):
    """Build the U-Net: a contracting and an expansive path, with shortcuts between them.

    As published, ``padding="valid"`` takes the borders off, so that 572 by 572
    pixels become 388 by 388, and ``dropout=0.5`` stands at the end of the
    contracting path. The published size has 31 030 593 parameters for one
    channel and a binary net.

    Parameters
    ----------
    input_shape : tuple of (int or None)
        (Y, X, channels) without the batch. A side may be None; a fixed one must
        be a multiple of ``2**(levels - 1)``, or 4 less than such a multiple if
        padding is "valid".
    num_classes : int
        1 for a binary net that ends in one sigmoid channel; otherwise the
        number of classes, background included, for a softmax.
    levels : int
        Resolutions, the bottom included; at least 1.
    base_features : int
        Channels at full resolution; they double after each pooling.
    padding : {"same", "valid"}
        "same" pads the convolutions with zeros; "valid" pads nothing, and crops
        the shortcuts.
    batch_norm : bool
        Batch-normalise each 3x3 convolution before it is rectified.
    dropout : float
        Rate of the dropout after the two deepest levels of the contracting path.
    name : str
        Name of the Keras model.

    Returns
    -------
    keras.Model
        From (B, Y, X, channels) normalised grey to (B, Y, X, num_classes) float32
        probabilities; Y and X are smaller than those of the input if padding is
        "valid".

    Raises
    ------
    ValueError
        If a fixed side does not fit the poolings, a number is out of range, there
        is no such padding, or the bottom would have more than 4096 channels.

    Notes
    -----
    The up-convolutions are not rectified, as in the text; in the Caffe files that
    the authors released they are.

    References
    ----------
    .. [1] O. Ronneberger, P. Fischer, T. Brox, "U-Net: Convolutional networks for
       biomedical image segmentation", MICCAI 2015. doi:10.1007/978-3-319-24574-4_28
    """
    _check(input_shape, num_classes, levels, base_features, padding, dropout)
    image = keras.Input(input_shape, name="image")
    x, shortcuts = image, []

    for level in range(levels):
        x = _convs(x, base_features << level, padding, batch_norm, f"contract{level}")
        if dropout and level >= levels - 2:
            x = layers.Dropout(dropout, name=f"contract{level}_dropout")(x)
        if level < levels - 1:
            shortcuts.append(x)
            x = layers.MaxPooling2D(2, name=f"contract{level}_pool")(x)

    for level in reversed(range(levels - 1)):
        width = base_features << level
        x = layers.Conv2DTranspose(width, 2, strides=2, name=f"expand{level}_up")(x)
        shortcut = shortcuts[level]
        if padding == "valid":
            crop = (_lost(levels - level) - 8) // 2
            shortcut = layers.Cropping2D(crop, name=f"expand{level}_crop")(shortcut)
        x = layers.Concatenate(name=f"expand{level}_concat")([x, shortcut])
        x = _convs(x, width, padding, batch_norm, f"expand{level}")

    activation = "sigmoid" if num_classes == 1 else "softmax"
    probabilities = layers.Conv2D(
        num_classes, 1, activation=activation, dtype="float32", name="head_conv"
    )(x)
    return keras.Model(image, probabilities, name=name)


def _convs(x, width, padding, batch_norm, name):
    """Two rectified 3x3 convolutions, with the initial weights of the paper."""
    for index in range(2):
        x = layers.Conv2D(
            width, 3, padding=padding, kernel_initializer="he_normal", name=f"{name}_conv{index}"
        )(x)
        if batch_norm:
            x = layers.BatchNormalization(name=f"{name}_norm{index}")(x)
        x = layers.ReLU(name=f"{name}_relu{index}")(x)
    return x


def _lost(levels):
    """Pixels that a net without padding loses of each side.

    Every pair of convolutions takes 4 pixels of its own resolution, once in the bottom and twice
    above it.
    """
    return 4 * 2 ** (levels - 1) + sum(8 * 2**level for level in range(levels - 1))


def _check(input_shape, num_classes, levels, base_features, padding, dropout):
    if len(input_shape) != 3:
        raise ValueError(f"input_shape must be (Y, X, channels), got {tuple(input_shape)}")
    for argument, value in (
        ("num_classes", num_classes),
        ("levels", levels),
        ("base_features", base_features),
    ):
        if value < 1:
            raise ValueError(f"{argument} must be at least 1, got {value}")
    if padding not in PADDINGS:
        raise ValueError(f"padding must be {' or '.join(PADDINGS)}, got {padding!r}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be from 0 to below 1, got {dropout}")
    if levels > 12 or base_features << (levels - 1) > WIDEST:
        raise ValueError(
            f"levels {levels} with base_features {base_features} make a bottom of more than "
            f"{WIDEST} channels; use fewer"
        )
    for side in input_shape[:2]:
        if side is not None and side != (fitting := _fit(side, levels, padding)):
            raise ValueError(
                f"side {side} of input_shape does not fit the {levels - 1} poolings of padding "
                f"{padding!r}; use {fitting} or None"
            )


def _fit(side, levels, padding):
    """Next side, from this one up, that every pooling halves and of which something is left."""
    stride = 2 ** (levels - 1)
    less, smallest = (4, _lost(levels) + 1) if padding == "valid" else (0, 1)
    return -(-(max(side, smallest) + less) // stride) * stride - less
