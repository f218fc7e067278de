"""The blocks of the residual U-Nets, and how they are joined."""

from dataclasses import dataclass

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.layers.linear_up_sampling import LinearUpSampling
from tomoseg_tf.models.sides import check_sides, halvings, lost_below, pooling_steps

keras = load_keras()
layers = keras.layers

WIDEST = 4096  # channels; more is a mistake, and would take all memory
EPSILON, MOMENTUM = 1e-5, 0.9  # of batch normalisation, as in PyTorch
CHOICES = {
    "upsampling": ("transposed", "linear"),
    "activation": ("relu", "prelu"),
    "padding": ("same", "valid"),
}


@dataclass(frozen=True)
class Settings:
    """Options of `tomoseg_tf.models.residual_unet`, which explains them."""

    levels: int
    base_features: int
    upsampling: str
    residual: bool
    batch_norm: bool
    activation: str
    preactivation: bool
    dilation: int | None
    padding: str
    dropout: float
    z_poolings: int | None = None


def build(input_shape, num_classes, rank, settings, name):
    """Build a residual U-Net.

    Parameters
    ----------
    input_shape : tuple of (int or None)
        Sides and channels.
    num_classes : int
        1 for a sigmoid, more for a softmax.
    rank : int
        2 for slices, 3 for volumes.
    settings : Settings
        The options.
    name : str
        Name of the Keras model.

    Returns
    -------
    keras.Model

    Raises
    ------
    ValueError
        If something does not fit, in one line.
    """
    steps = _check(input_shape, num_classes, rank, settings)
    image = keras.Input(input_shape, name="volume" if rank == 3 else "image")
    x, shortcuts = image, []

    for level, step in enumerate(steps):
        x = _block(x, _widths(level, rank, settings), level, f"encoder{level}", settings)
        shortcuts.append(x)
        x = _of_rank("MaxPooling", rank)(step, name=f"encoder{level}_pool")(x)

    bottom = settings.levels - 1
    x = _block(x, _widths(bottom, rank, settings), bottom, "bottom", settings)

    for level, step in reversed(list(enumerate(steps))):
        x = _up(x, step, settings.upsampling, f"decoder{level}_up")
        shortcut = _cropped(shortcuts[level], steps[level:], f"decoder{level}_crop", settings)
        x = layers.Concatenate(name=f"decoder{level}_concat")([shortcut, x])
        widths = (shortcut.shape[-1],) * 2
        x = _block(x, widths, level + 1, f"decoder{level}", settings)

    probabilities = _of_rank("Conv", rank)(
        num_classes,
        1,
        activation="sigmoid" if num_classes == 1 else "softmax",
        kernel_initializer=_initializer(),
        dtype="float32",
        name="head_conv",
    )(x)
    return keras.Model(image, probabilities, name=name)


def _widths(level, rank, settings):
    """Channels of the two convolutions of a level on the way down."""
    width = settings.base_features << level
    return (width, width) if rank == 2 else (width, 2 * width)


def _block(x, widths, dilated, name, settings):
    """Two 3-wide convolutions, to which that of width 1 of the input is added."""
    source = x
    for index, width in enumerate(widths):
        first = name == "encoder0" and index == 0  # has only grey before it
        x = _convolve(x, width, dilated, f"{name}_{{}}{index}", settings, plain=first)
    if not settings.residual:
        return x
    convolution = _of_rank("Conv", len(x.shape) - 2)(
        widths[-1], 1, kernel_initializer=_initializer(), name=f"{name}_residual_conv"
    )
    return layers.Add(name=f"{name}_sum")([x, convolution(source)])


def _convolve(x, width, dilated, name, settings, plain):
    """Convolve, with normalisation and activation after or before it."""
    norm = settings.batch_norm and not plain
    before = settings.preactivation and not plain
    if before:
        x = _activate(x, norm, name, settings)
    x = _of_rank("Conv", len(x.shape) - 2)(
        width,
        3,
        padding=settings.padding,
        dilation_rate=1 if settings.dilation is None else settings.dilation << dilated,
        use_bias=before or not norm,
        kernel_initializer=_initializer(),
        name=name.format("conv"),
    )(x)
    if not before:
        x = _activate(x, norm, name, settings)
    if settings.dropout:
        x = layers.Dropout(settings.dropout, name=name.format("dropout"))(x)
    return x


def _activate(x, norm, name, settings):
    if norm:
        x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=name.format("norm"))(
            x
        )
    if settings.activation == "relu":
        return layers.ReLU(name=name.format("relu"))(x)
    slope = layers.PReLU(
        alpha_initializer=keras.initializers.Constant(0.25),
        shared_axes=list(range(1, len(x.shape))),
        name=name.format("prelu"),
    )
    return slope(x)


def _up(x, step, upsampling, name):
    if upsampling == "linear":
        return LinearUpSampling(step, name=name)(x)
    up = _of_rank("Conv", len(step), "Transpose")(
        x.shape[-1], step, strides=step, kernel_initializer=_initializer(), name=f"{name}_conv"
    )
    return up(x)


def _cropped(shortcut, steps, name, settings):
    """Crop a shortcut to what comes up to it."""
    if settings.padding == "same":
        return shortcut
    crops = [lost_below([step[axis] for step in steps]) // 2 for axis in range(len(steps[0]))]
    return _of_rank("Cropping", len(crops))([(crop, crop) for crop in crops], name=name)(shortcut)


def _initializer():
    """Draw first weights as PyTorch does: uniform, up to one over the root of the inputs."""
    return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")


def _of_rank(kind, rank, suffix=""):
    return getattr(layers, f"{kind}{rank}D{suffix}")


def _check(input_shape, num_classes, rank, settings):
    """Check the options; give the steps of the poolings."""
    if len(input_shape) != rank + 1:
        axes = "(Z, Y, X, channels)" if rank == 3 else "(Y, X, channels)"
        raise ValueError(f"input_shape must be {axes}, got {tuple(input_shape)}")
    levels, base = settings.levels, settings.base_features
    for argument, value in (
        ("num_classes", num_classes),
        ("channels of input_shape", input_shape[-1] or 0),
        ("levels", levels),
        ("base_features", base),
        ("dilation", 1 if settings.dilation is None else settings.dilation),
    ):
        if value < 1:
            raise ValueError(f"{argument} must be at least 1, got {value}")
    for argument, known in CHOICES.items():
        value = getattr(settings, argument)
        if value not in known:
            raise ValueError(f"{argument} must be {' or '.join(known)}, got {value!r}")
    if not 0 <= settings.dropout < 1:
        raise ValueError(f"dropout must be at least 0 and below 1, got {settings.dropout}")
    if levels > 12 or base << (levels - 1) > WIDEST >> (rank - 2):
        raise ValueError(
            f"levels {levels} with base_features {base} make a bottom of more than "
            f"{WIDEST} channels; use fewer"
        )
    if settings.padding == "valid" and (settings.residual or settings.dilation):
        raise ValueError(
            "padding 'valid' is for nets without residual connections and dilation; use 'same', "
            "or residual=False"
        )
    steps = pooling_steps(levels, _z_poolings(input_shape, rank, settings), rank)
    check_sides(input_shape[:-1], steps, settings.padding)
    return steps


def _z_poolings(input_shape, rank, settings):
    most, wanted = settings.levels - 1, settings.z_poolings
    if wanted is not None and not 0 <= wanted <= most:
        raise ValueError(f"z_poolings must be 0 to {most}, the number of poolings, got {wanted}")
    if wanted is None and rank == 3 and input_shape[0] and settings.padding == "same":
        return halvings(input_shape[0], most)
    return wanted
