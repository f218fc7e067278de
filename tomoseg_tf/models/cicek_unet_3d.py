"""The 3D U-Net of Çiçek et al. (2016)."""

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.sides import check_sides, lost_below, pooling_steps

keras = load_keras()
layers = keras.layers

WIDEST = 4096  # channels; more is a mistake, and would take all memory
PADDINGS = ("same", "valid")


def cicek_unet_3d(
    input_shape,
    num_classes,
    *,
    levels=4,
    base_features=32,
    padding="same",
    name="cicek_unet_3d",
):
    """Build the 3D U-Net: channels double before each pooling, so that none is a bottleneck.

    Both studies in 3D that this package repeats start from it. As published,
    ``padding="valid"`` takes the borders off, so that 132 x 132 x 116 voxels
    become 44 x 44 x 28. The convolutions and transposed convolutions of the published
    size, three channels and three classes, have 19 069 955 parameters, as printed;
    batch normalisation is not counted there.

    Parameters
    ----------
    input_shape : tuple of (int or None)
        (Z, Y, X, channels) without the batch. A side may be None; a fixed one must
        be a multiple of ``2**(levels - 1)``, or 4 more than such a multiple if
        padding is "valid".
    num_classes : int
        1 for a binary net that ends in one sigmoid channel; otherwise the
        number of classes, background included, for a softmax.
    levels : int
        Resolutions, the bottom included; at least 1.
    base_features : int
        Channels of the first convolution; the second of each level doubles them.
    padding : {"same", "valid"}
        "same" pads the convolutions with zeros; "valid" pads nothing, and crops
        the shortcuts.
    name : str
        Name of the Keras model.

    Returns
    -------
    keras.Model
        From (B, Z, Y, X, channels) normalised grey to (B, Z, Y, X, num_classes)
        float32 probabilities; the sides are smaller than those of the input if
        padding is "valid".

    Raises
    ------
    ValueError
        If a fixed side does not fit the poolings, a number is below 1, there is no such
        padding, or the bottom would have more than 4096 channels.

    Notes
    -----
    The transposed convolutions have no bias: with it the parameters would not be those
    of the paper.

    References
    ----------
    .. [1] Ö. Çiçek, A. Abdulkadir, S. S. Lienkamp, T. Brox, O. Ronneberger, "3D
       U-Net: Learning Dense Volumetric Segmentation from Sparse Annotation", MICCAI
       2016. arXiv:1606.06650
    """
    steps = _check(input_shape, num_classes, levels, base_features, padding)
    volume = keras.Input(input_shape, name="volume")
    x, shortcuts = volume, []

    for level in range(levels - 1):
        widths = base_features << level, base_features << level + 1
        x = _convs(x, widths, padding, f"analysis{level}")
        shortcuts.append(x)
        x = layers.MaxPooling3D(2, name=f"analysis{level}_pool")(x)

    widths = base_features << levels - 1, base_features << levels
    x = _convs(x, widths, padding, "bottom")

    for level in reversed(range(levels - 1)):
        x = layers.Conv3DTranspose(
            x.shape[-1], 2, strides=2, use_bias=False, name=f"synthesis{level}_up_conv"
        )(x)
        shortcut = shortcuts[level]
        if padding == "valid":
            crop = lost_below([2] * len(steps[level:])) // 2
            shortcut = layers.Cropping3D(crop, name=f"synthesis{level}_crop")(shortcut)
        x = layers.Concatenate(name=f"synthesis{level}_concat")([shortcut, x])
        widths = base_features << level + 1, base_features << level + 1
        x = _convs(x, widths, padding, f"synthesis{level}")

    activation = "sigmoid" if num_classes == 1 else "softmax"
    probabilities = layers.Conv3D(
        num_classes, 1, activation=activation, dtype="float32", name="head_conv"
    )(x)
    return keras.Model(volume, probabilities, name=name)


def _convs(x, widths, padding, name):
    """3x3x3 convolutions, each batch-normalised and then rectified."""
    for index, width in enumerate(widths):
        x = layers.Conv3D(width, 3, padding=padding, name=f"{name}_conv{index}")(x)
        x = layers.BatchNormalization(name=f"{name}_norm{index}")(x)
        x = layers.ReLU(name=f"{name}_relu{index}")(x)
    return x


def _check(input_shape, num_classes, levels, base_features, padding):
    """Check the arguments; give the steps of the poolings."""
    if len(input_shape) != 4:
        raise ValueError(f"input_shape must be (Z, Y, X, channels), got {tuple(input_shape)}")
    for argument, value in (
        ("num_classes", num_classes),
        ("channels of input_shape", input_shape[-1] or 0),
        ("levels", levels),
        ("base_features", base_features),
    ):
        if value < 1:
            raise ValueError(f"{argument} must be at least 1, got {value}")
    if padding not in PADDINGS:
        raise ValueError(f"padding must be {' or '.join(PADDINGS)}, got {padding!r}")
    if levels > 11 or base_features << levels > WIDEST:
        raise ValueError(
            f"levels {levels} with base_features {base_features} make a bottom of more than "
            f"{WIDEST} channels; use fewer"
        )
    steps = pooling_steps(levels)
    check_sides(input_shape[:-1], steps, padding)
    return steps
