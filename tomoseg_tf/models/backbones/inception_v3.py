"""Inception-v3 with every convolution and pooling padded, so that each stride halves exactly."""

from tomoseg_tf.backend import load_keras

keras = load_keras()
layers = keras.layers


def inception_v3(image, *, stride=32, initializer="glorot_uniform"):
    """Apply Inception-v3 without its classifier.

    The graph of keras.applications [1]_ with "same" for every "valid": the
    weights are the same and fit, the sides differ. Convolutions, normalisations
    and ReLUs are numbered from 1 as they are made (``conv2d_1`` to
    ``conv2d_94``), as in the published ImageNet file, and the blocks end in
    ``mixed0`` to ``mixed10``. The published weights were fitted on -1 to 1.

    Parameters
    ----------
    image : KerasTensor
        (B, Y, X, channels), of sides that are multiples of `stride`.
    stride : int
        4, 8, 16 or 32: nothing beyond the skip tensor of this stride is built.
    initializer : str
        Keras initialiser of the kernels.

    Returns
    -------
    skips : dict of int to KerasTensor
        By stride, from 2 on: the last features of each resolution.
    plain : dict of int to KerasTensor
        The same tensors from stride 4 on, which UNet++ up-samples.

    References
    ----------
    .. [1] C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna, "Rethinking
       the Inception architecture for computer vision", CVPR 2016.
       doi:10.1109/CVPR.2016.308
    """
    conv = _NumberedConvolutions(initializer)
    x = conv(image, 32, 3, step=2)
    x = conv(x, 32, 3)
    skips = {2: conv(x, 64, 3)}
    for level, block in ((4, _stem), (8, _blocks_35), (16, _blocks_17), (32, _blocks_8)):
        skips[level] = block(skips[level // 2], conv)
        if level == stride:
            break
    return skips, {level: skips[level] for level in skips if level > 2}


class _NumberedConvolutions:
    """Convolution, normalisation without scale and ReLU, numbered in the order of the calls."""

    def __init__(self, initializer):
        self.initializer = initializer
        self.count = 0

    def __call__(self, x, width, size, step=1):
        self.count += 1
        x = layers.Conv2D(
            width,
            size,
            step,
            padding="same",
            use_bias=False,
            kernel_initializer=self.initializer,
            name=f"conv2d_{self.count}",
        )(x)
        x = layers.BatchNormalization(scale=False, name=f"batch_normalization_{self.count}")(x)
        return layers.ReLU(name=f"activation_{self.count}")(x)


def _stem(x, conv):
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool1")(x)
    x = conv(x, 80, 1)
    return conv(x, 192, 3)


def _blocks_35(x, conv):
    """mixed0 to mixed2: 35x35 maps for the 299x299 images of ImageNet."""
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool2")(x)
    for index, pooled in enumerate((32, 64, 64)):
        single = conv(x, 64, 1)
        wide = conv(conv(x, 48, 1), 64, 5)
        double = conv(conv(conv(x, 64, 1), 96, 3), 96, 3)
        x = _concat(f"mixed{index}", single, wide, double, conv(_mean(x, index), pooled, 1))
    return x


def _blocks_17(x, conv):
    """mixed3 to mixed7: 7x7 convolutions as a row and a column."""
    halved = conv(x, 384, 3, step=2)
    double = conv(conv(conv(x, 64, 1), 96, 3), 96, 3, step=2)
    x = _concat("mixed3", halved, double, _max(x, 3))
    for index, width in ((4, 128), (5, 160), (6, 160), (7, 192)):
        single = conv(x, 192, 1)
        seven = conv(conv(conv(x, width, 1), width, (1, 7)), 192, (7, 1))
        double = conv(conv(conv(x, width, 1), width, (7, 1)), width, (1, 7))
        double = conv(conv(double, width, (7, 1)), 192, (1, 7))
        x = _concat(f"mixed{index}", single, seven, double, conv(_mean(x, index), 192, 1))
    return x


def _blocks_8(x, conv):
    """mixed8 to mixed10: 3x3 convolutions fan out into a row and a column."""
    halved = conv(conv(x, 192, 1), 320, 3, step=2)
    seven = conv(conv(conv(x, 192, 1), 192, (1, 7)), 192, (7, 1))
    seven = conv(seven, 192, 3, step=2)
    x = _concat("mixed8", halved, seven, _max(x, 8))
    for index in (9, 10):
        single = conv(x, 320, 1)
        three = conv(x, 384, 1)
        three = (conv(three, 384, (1, 3)), conv(three, 384, (3, 1)))
        double = conv(conv(x, 448, 1), 384, 3)
        double = (conv(double, 384, (1, 3)), conv(double, 384, (3, 1)))
        pooled = conv(_mean(x, index), 192, 1)
        x = _concat(f"mixed{index}", single, *three, *double, pooled)
    return x


def _mean(x, index):
    return layers.AveragePooling2D(3, 1, padding="same", name=f"mixed{index}_pool")(x)


def _max(x, index):
    return layers.MaxPooling2D(3, 2, padding="same", name=f"mixed{index}_pool")(x)


def _concat(name, *branches):
    return layers.Concatenate(name=name)(list(branches))
