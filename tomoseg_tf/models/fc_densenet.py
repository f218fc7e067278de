"""FC-DenseNet (Tiramisu) of Jégou et al. (2017), for slices and for volumes."""

import math

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.sides import pooling_steps

keras = load_keras()
layers = keras.layers
ops = keras.ops

EPSILON = 1e-5
MOMENTUM = 0.9  # both of batch normalisation, as published
PUBLISHED = {  # by number of convolutions: (dense layers of each block, growth rate)
    56: ((4, 4, 4, 4, 4, 4), 12),
    67: ((5, 5, 5, 5, 5, 5), 16),
    103: ((4, 5, 7, 10, 12, 15), 16),
}


def fcdense_2d(
    input_shape,
    num_classes,
    *,
    depth=56,
    blocks=None,
    growth_rate=None,
    base_features=48,
    dropout=0.2,
    name="fcdense_2d",
):
    """Build FC-DenseNet for slices: dense blocks, joined by poolings and shortcuts.

    Sides may be any, odd ones too. FC-DenseNet56, 67 and 103 have 1 374 865,
    3 460 353 and 9 319 521 trainable parameters for RGB images and one class.

    Parameters
    ----------
    input_shape : tuple of (int or None)
        (Y, X, channels) without the batch. A side may be None; each must be
        at least ``2**poolings``: 32 for the published nets.
    num_classes : int
        1 for a binary net that ends in one sigmoid channel; otherwise the
        number of classes, background included, for a softmax.
    depth : int
        56, 67 or 103: the published net whose blocks and growth are taken.
    blocks : sequence of int, optional
        Dense layers of each block on the way down, then of the bottleneck, in
        place of those of `depth`; the way up mirrors the way down. One pooling
        fewer than numbers.
    growth_rate : int, optional
        Channels that each dense layer adds, in place of that of `depth`.
    base_features : int
        Channels of the first convolution.
    dropout : float
        Fraction of the features that training leaves out after each convolution.
    name : str
        Name of the Keras model.

    Returns
    -------
    keras.Model
        From (B, Y, X, channels) normalised grey to (B, Y, X, num_classes)
        float32 probabilities.

    Raises
    ------
    ValueError
        If there is no such depth, a fixed side is too small for the poolings,
        or a number is out of its range.

    References
    ----------
    .. [1] S. Jégou, M. Drozdzal, D. Vazquez, A. Romero, Y. Bengio, "The One
       Hundred Layers Tiramisu: Fully Convolutional DenseNets for Semantic
       Segmentation", CVPR Workshops 2017. arXiv:1611.09326
    """
    plan = _plan(depth, blocks, growth_rate)
    steps = _check(input_shape, 2, num_classes, *plan, base_features, dropout)
    return _build(input_shape, num_classes, *plan, steps, base_features, dropout, name)


def fcdense_3d(
    input_shape,
    num_classes,
    *,
    depth=56,
    blocks=None,
    growth_rate=None,
    base_features=48,
    dropout=0.2,
    z_poolings=None,
    name="fcdense_3d",
):
    """Build FC-DenseNet for volumes: `fcdense_2d` with kernels and poolings of three axes.

    Sides may be any, odd ones too. The depths 56, 67 and 103 have 3 661 009,
    9 335 553 and 26 166 369 trainable parameters for one channel and one class.

    Parameters
    ----------
    input_shape : tuple of (int or None)
        (Z, Y, X, channels) without the batch. A side may be None; each must be
        at least ``2**poolings``: 32 for the published blocks.
    num_classes, depth, blocks, growth_rate, base_features, dropout, name
        As in `fcdense_2d`.
    z_poolings : int, optional
        Poolings, from the first on, that halve z along with y and x; the others leave z
        as it is. If not given: all of them, but for a fixed Z only as many as it
        reaches: 2 for patches of 4 slices.

    Returns
    -------
    keras.Model
        From (B, Z, Y, X, channels) normalised grey to (B, Z, Y, X, num_classes)
        float32 probabilities.

    Raises
    ------
    ValueError
        As in `fcdense_2d`.

    References
    ----------
    .. [1] S. Jégou et al., "The One Hundred Layers Tiramisu", as in `fcdense_2d`,
       for slices; made three-dimensional in the manner of
    .. [2] Ö. Çiçek, A. Abdulkadir, S. S. Lienkamp, T. Brox, O. Ronneberger, "3D
       U-Net", MICCAI 2016. arXiv:1606.06650
    """
    plan = _plan(depth, blocks, growth_rate)
    steps = _check(input_shape, 3, num_classes, *plan, base_features, dropout, z_poolings)
    return _build(input_shape, num_classes, *plan, steps, base_features, dropout, name)


def _plan(depth, blocks, growth_rate):
    if depth not in PUBLISHED:
        known = ", ".join(str(number) for number in PUBLISHED)
        raise ValueError(f"no FC-DenseNet of depth {depth}; use one of {known}, or set blocks")
    published_blocks, published_growth = PUBLISHED[depth]
    return (
        published_blocks if blocks is None else tuple(blocks),
        published_growth if growth_rate is None else growth_rate,
    )


def _build(input_shape, num_classes, blocks, growth, steps, base_features, dropout, name):
    rank = len(input_shape) - 1
    image = keras.Input(input_shape, name="volume" if rank == 3 else "image")
    *down, bottleneck = blocks
    x, shortcuts = _convolve(image, base_features, 3, "first_conv"), []

    for level, count in enumerate(down):
        x, _ = _dense_block(x, count, growth, dropout, f"down{level}")
        shortcuts.append(x)
        x = _norm_conv(x, x.shape[-1], 1, dropout, f"down{level}_transition")
        x = _of_rank("MaxPooling", rank)(steps[level], name=f"down{level}_pool")(x)

    x, new = _dense_block(x, bottleneck, growth, dropout, "bottleneck")

    for level, count in reversed(list(enumerate(down))):
        up = _transition_up(new, shortcuts[level], steps[level], f"up{level}")
        x = layers.Concatenate(name=f"up{level}_concat")([up, shortcuts[level]])
        x, new = _dense_block(x, count, growth, dropout, f"up{level}", join=level > 0)

    activation = "sigmoid" if num_classes == 1 else "softmax"
    probabilities = _convolve(
        x, num_classes, 1, "head_conv", activation=activation, dtype="float32"
    )
    return keras.Model(image, probabilities, name=name)


def _dense_block(x, count, growth, dropout, name, join=True):
    """Dense layers: each sees all before it. Give the whole stack, and what is new in it."""
    added = []
    for index in range(count):
        new = _norm_conv(x, growth, 3, dropout, f"{name}_layer{index}")
        x = layers.Concatenate(name=f"{name}_layer{index}_concat")([x, new])
        added.append(new)
    if not join or count == 1:  # the last block passes on the stack only
        return x, added[-1]
    return x, layers.Concatenate(name=f"{name}_new")(added)


def _norm_conv(x, width, side, dropout, name):
    """Batch normalisation, ReLU, convolution, dropout."""
    x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}_norm")(x)
    x = layers.ReLU(name=f"{name}_relu")(x)
    x = _convolve(x, width, side, f"{name}_conv")
    return layers.Dropout(dropout, name=f"{name}_dropout")(x)


def _convolve(x, width, side, name, **options):
    convolution = _of_rank("Conv", len(x.shape) - 2)(
        width,
        side,
        padding="same",
        kernel_initializer="he_uniform",
        name=name,
        **options,
    )
    return convolution(x)


def _transition_up(x, shortcut, step, name):
    """Double the sides that were pooled with a transposed convolution, and crop to the shortcut."""
    up = _of_rank("Conv", len(x.shape) - 2, "Transpose")(
        x.shape[-1],
        [2 * side - 1 for side in step],  # 3, or 1 along an axis that was not pooled
        strides=step,
        padding="valid",  # one more than double: what a shortcut of odd sides needs
        kernel_initializer="he_uniform",
        name=f"{name}_transition_conv",
    )
    return CropLike(name=f"{name}_transition_crop")(up(x), shortcut)


def _of_rank(kind, rank, suffix=""):
    return getattr(layers, f"{kind}{rank}D{suffix}")


@keras.saving.register_keras_serializable(package="tomoseg_tf")
class CropLike(layers.Layer):
    """Crop the far end of each axis to the sides of another tensor.

    Call it as ``layer(x, reference)``, channels last. Sides may be None: they
    are read from the tensors.
    """

    def call(self, x, reference):
        """Crop x (B, ..., C) to the sides of reference (B, ..., any)."""
        sides = ops.shape(reference)[1:-1]
        return x[(slice(None), *(slice(0, side) for side in sides))]

    def compute_output_shape(self, x_shape, reference_shape):
        """Take the sides of the reference and the rest of x."""
        return (x_shape[0], *reference_shape[1:-1], x_shape[-1])


def _check(
    input_shape, rank, num_classes, blocks, growth_rate, base_features, dropout, z_poolings=None
):
    """Check the arguments; give the steps of the poolings."""
    if len(input_shape) != rank + 1:
        axes = "(Z, Y, X, channels)" if rank == 3 else "(Y, X, channels)"
        raise ValueError(f"input_shape must be {axes}, got {tuple(input_shape)}")
    for argument, value in (
        ("num_classes", num_classes),
        ("channels of input_shape", input_shape[-1] or 0),
        ("each of blocks", min(blocks, default=0)),
        ("growth_rate", growth_rate),
        ("base_features", base_features),
    ):
        if value < 1:
            raise ValueError(f"{argument} must be at least 1, got {value}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be at least 0 and below 1, got {dropout}")
    poolings = len(blocks) - 1
    if z_poolings is not None and not 0 <= z_poolings <= poolings:
        raise ValueError(
            f"z_poolings must be 0 to {poolings}, the number of poolings, got {z_poolings}"
        )
    if z_poolings is None and rank == 3 and input_shape[0]:
        z_poolings = min(poolings, input_shape[0].bit_length() - 1)
    steps = pooling_steps(len(blocks), z_poolings, rank)
    for axis, side in enumerate(input_shape[:-1]):
        smallest = math.prod(step[axis] for step in steps)
        if side is not None and side < smallest:
            raise ValueError(
                f"side {side} of input_shape is too small for {smallest.bit_length() - 1} "
                f"poolings; use at least {smallest} or None, or fewer blocks"
            )
    return steps
