"""SegNet and SegNet-Basic of Badrinarayanan et al. (2017)."""

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.layers.index_pooling import IndexPooling2D, IndexUnpooling2D
from tomoseg_tf.models.layers.local_response import LocalResponseNormalization

keras = load_keras()
layers = keras.layers

WIDTHS = {"vgg16": (64, 128, 256, 512, 512), "basic": (64, 64, 64, 64)}


def segnet_2d(
    input_shape,
    num_classes,
    *,
    variant="vgg16",
    widths=None,
    dropout=0.0,
    epsilon=1e-3,
    name="segnet_2d",
):
    """Build a SegNet: the decoder puts values back where the encoder found its maxima.

    As published: "vgg16" with 13 convolutions of 3x3 in either half, 29 442 433
    trainable parameters for one channel and a binary net, or "basic" with 4 of
    7x7 in either half, a normalisation of the input and no rectifiers in the
    decoder: 1 409 665.

    Parameters
    ----------
    input_shape : tuple of (int or None)
        (Y, X, channels) without the batch. A side may be None, and of any length.
    num_classes : int
        1 for a binary net that ends in one sigmoid channel; otherwise the
        number of classes, background included, for a softmax.
    variant : {"vgg16", "basic"}
        SegNet or SegNet-Basic.
    widths : sequence of int, optional
        Channels of each resolution, the finest first; as published by default.
        In "vgg16" the first two have two convolutions in the encoder and the
        others three.
    dropout : float
        Rate of the dropout from the third resolution on, after pooling in the
        encoder and after the convolutions in the decoder; 0.5 in Bayesian SegNet.
    epsilon : float
        Added to the variance in batch normalisation. It is 1e-9 in the published
        nets, which makes much of channels that hardly vary.
    name : str
        Name of the Keras model.

    Returns
    -------
    keras.Model
        From (B, Y, X, channels) normalised grey to (B, Y, X, num_classes) float32
        probabilities.

    Raises
    ------
    ValueError
        If a number is out of range, or there is no such variant.

    References
    ----------
    .. [1] V. Badrinarayanan, A. Kendall, R. Cipolla, "SegNet: A deep convolutional
       encoder-decoder architecture for image segmentation", IEEE Trans. Pattern
       Anal. Mach. Intell. 39(12), 2481-2495, 2017. doi:10.1109/TPAMI.2016.2644615
    .. [2] A. Kendall, V. Badrinarayanan, R. Cipolla, "Bayesian SegNet: Model
       uncertainty in deep convolutional encoder-decoder architectures for scene
       understanding", BMVC 2017. arXiv:1511.02680
    """
    _check(input_shape, num_classes, variant, widths, dropout, epsilon)
    widths = tuple(widths or WIDTHS[variant])
    basic = variant == "basic"

    def convs(x, widths, name, relu=True):
        for index, width in enumerate(widths):
            x = layers.Conv2D(
                width,
                7 if basic else 3,
                padding="same",
                kernel_initializer="he_normal",
                name=f"{name}_conv{index}",
            )(x)
            x = layers.BatchNormalization(epsilon=epsilon, name=f"{name}_norm{index}")(x)
            if relu:
                x = layers.ReLU(name=f"{name}_relu{index}")(x)
        return x

    def drop(x, level, name):
        return layers.Dropout(dropout, name=name)(x) if dropout and level >= 2 else x

    image = keras.Input(input_shape, name="image")
    x, pooled = image, []
    if basic:
        x = LocalResponseNormalization(name="input_norm")(x)

    for level, width in enumerate(widths):
        full = convs(x, (width,) * _count(level, basic), f"encoder{level}")
        x, index = IndexPooling2D(name=f"encoder{level}_pool")(full)
        pooled.append((index, full))
        x = drop(x, level, f"encoder{level}_dropout")

    for level, width in reversed(list(enumerate(widths))):
        x = IndexUnpooling2D(name=f"decoder{level}_unpool")([x, *pooled[level]])
        wanted = [width] * _count(level, basic)
        wanted[-1] = widths[max(level - 1, 0)]  # as many channels as the next unpooling has
        if not (basic or level):
            wanted.pop()  # its place is that of the head
        x = convs(x, wanted, f"decoder{level}", relu=not basic)
        x = drop(x, level, f"decoder{level}_dropout")

    probabilities = layers.Conv2D(
        num_classes,
        1 if basic else 3,
        padding="same",
        activation="sigmoid" if num_classes == 1 else "softmax",
        dtype="float32",
        name="head_conv",
    )(x)
    return keras.Model(image, probabilities, name=name)


def _count(level, basic):
    """Count the convolutions of a resolution in the encoder."""
    if basic:
        return 1
    return 2 if level < 2 else 3


def _check(input_shape, num_classes, variant, widths, dropout, epsilon):
    if len(input_shape) != 3:
        raise ValueError(f"input_shape must be (Y, X, channels), got {tuple(input_shape)}")
    if variant not in WIDTHS:
        raise ValueError(f"variant must be {' or '.join(WIDTHS)}, got {variant!r}")
    if num_classes < 1:
        raise ValueError(f"num_classes must be at least 1, got {num_classes}")
    if widths is not None and (not widths or min(widths) < 1):
        raise ValueError(f"widths must be numbers of channels, at least one, got {list(widths)}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be from 0 to below 1, got {dropout}")
    if not epsilon > 0:
        raise ValueError(f"epsilon must be above 0, got {epsilon}")
