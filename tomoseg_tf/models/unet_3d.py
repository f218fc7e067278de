"""The 3D U-Net of Gaudez et al. (2022) for precipitates and pores."""

from tomoseg_tf.backend import load_keras

keras = load_keras()
layers = keras.layers

WIDEST = 4096  # channels; more is a mistake, and would take all memory


def unet_3d(input_shape, num_classes, *, levels=4, base_features=8, name="unet_3d"):
    """Build the 3D U-Net with few features: channels double after each pooling.

    Every convolution is batch-normalised and then rectified; the synthesis
    path up-samples by repeating voxels. The published net has four levels and
    base 8: 366 593 parameters.

    Parameters
    ----------
    input_shape : tuple of (int or None)
        (Z, Y, X, channels) without the batch. A side may be None; a fixed one
        must be a multiple of ``2**(levels - 1)``.
    num_classes : int
        1 for a binary net that ends in one sigmoid channel; otherwise the
        number of classes, background included, for a softmax.
    levels : int
        Resolutions, the bottom included; at least 1.
    base_features : int
        Channels at full resolution.
    name : str
        Name of the Keras model.

    Returns
    -------
    keras.Model
        From (B, Z, Y, X, channels) normalised grey to (B, Z, Y, X, num_classes)
        float32 probabilities.

    Raises
    ------
    ValueError
        If a fixed side does not fit the poolings, a number is below 1, or the
        bottom would have more than 4096 channels.

    References
    ----------
    .. [1] S. Gaudez, M. Ben Haj Slama, A. Kaestner, M. V. Upadhyay, "3D deep
       convolutional neural network segmentation model for precipitate and
       porosity identification in synchrotron X-ray tomograms", J. Synchrotron
       Rad. 29, 1232-1240, 2022. doi:10.1107/S1600577522006816
    """
    _check(input_shape, num_classes, levels, base_features)
    volume = keras.Input(input_shape, name="volume")
    x, shortcuts = volume, []

    for level in range(levels - 1):
        x = _convs(x, base_features << level, f"analysis{level}")
        shortcuts.append(x)
        x = layers.MaxPooling3D(2, name=f"analysis{level}_pool")(x)

    x = _convs(x, base_features << (levels - 1), "bottom")

    for level in reversed(range(levels - 1)):
        x = layers.UpSampling3D(2, name=f"synthesis{level}_up")(x)
        x = layers.Concatenate(name=f"synthesis{level}_concat")([shortcuts[level], x])
        x = _convs(x, base_features << level, f"synthesis{level}")

    activation = "sigmoid" if num_classes == 1 else "softmax"
    probabilities = layers.Conv3D(
        num_classes, 1, activation=activation, dtype="float32", name="head_conv"
    )(x)
    return keras.Model(volume, probabilities, name=name)


def _convs(x, width, name):
    """Two 3x3x3 convolutions, each batch-normalised and then rectified."""
    for index in range(2):
        x = layers.Conv3D(width, 3, padding="same", name=f"{name}_conv{index}")(x)
        x = layers.BatchNormalization(name=f"{name}_norm{index}")(x)
        x = layers.ReLU(name=f"{name}_relu{index}")(x)
    return x


def _check(input_shape, num_classes, levels, base_features):
    if len(input_shape) != 4:
        raise ValueError(f"input_shape must be (Z, Y, X, channels), got {tuple(input_shape)}")
    for argument, value in (
        ("num_classes", num_classes),
        ("levels", levels),
        ("base_features", base_features),
    ):
        if value < 1:
            raise ValueError(f"{argument} must be at least 1, got {value}")
    if levels > 12 or base_features << (levels - 1) > WIDEST:
        raise ValueError(
            f"levels {levels} with base_features {base_features} make a bottom of more than "
            f"{WIDEST} channels; use fewer"
        )
    stride = 2 ** (levels - 1)
    for side in input_shape[:3]:
        if side is not None and side % stride:
            raise ValueError(
                f"side {side} of input_shape is no multiple of {stride}, which {levels} levels "
                f"need; use {-(-side // stride) * stride} or None"
            )
