"""ResNet-18 to 152 with pre-activation, as the ImageNet files of classification_models have it."""

from tomoseg_tf.backend import load_keras

keras = load_keras()
layers = keras.layers

UNITS = {
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
    "resnet50": (3, 4, 6, 3),
    "resnet101": (3, 4, 23, 3),
    "resnet152": (3, 8, 36, 3),
}
BASIC = ("resnet18", "resnet34")  # two 3x3 convolutions a unit; the deeper nets have bottlenecks


def resnet(image, name, *, stride=32, initializer="glorot_uniform"):
    """Apply a residual network without its classifier.

    Each convolution follows its normalisation and ReLU (pre-activation, [1]_);
    the first layer normalises the image itself, so grey values of any scale
    do (the published files were fitted on 0 to 255). Layers are named as in the
    files of classification_models [2]_.

    Parameters
    ----------
    image : KerasTensor
        (B, Y, X, channels), of sides that are multiples of `stride`.
    name : str
        "resnet18", "resnet34", "resnet50", "resnet101" or "resnet152".
    stride : int
        4, 8, 16 or 32: nothing beyond the skip tensor of this stride is built.
    initializer : str
        Keras initialiser of the kernels.

    Returns
    -------
    skips : dict of int to KerasTensor
        By stride, from 2 on: the last features of each resolution, rectified.
    plain : dict of int to KerasTensor
        By stride, from 4 on: the output of the first unit of each resolution,
        rectified; at stride 32 that of the last. UNet++ up-samples these.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren, J. Sun, "Identity mappings in deep residual
       networks", ECCV 2016. doi:10.1007/978-3-319-46493-0_38
    .. [2] https://github.com/qubvel/classification_models
    """
    unit = _basic_unit if name in BASIC else _bottleneck_unit
    x = _norm(image, "bn_data", scale=False)
    x = layers.ZeroPadding2D(3, name="conv0_pad")(x)
    x = _conv(x, 64, 7, "conv0", 2, initializer)
    x = _norm_relu(x, "bn0", "relu0")
    skips, plain = {2: x}, {}
    x = layers.ZeroPadding2D(1, name="pooling0_pad")(x)
    x = layers.MaxPooling2D(3, 2, name="pooling0")(x)

    for stage, count in enumerate(UNITS[name]):
        for index in range(count):
            prefix = f"stage{stage + 1}_unit{index + 1}_"
            active = _norm_relu(x, f"{prefix}bn1", f"{prefix}relu1")
            if index == 0 and stage > 0:
                skips[2 << stage] = active
            if index == 1:
                plain[4 << stage] = active
            if max(skips) == stride:
                return skips, plain
            shortcut = None if index == 0 else x
            step = 2 if index == 0 and stage > 0 else 1
            x = unit(active, shortcut, 64 << stage, step, prefix, initializer)

    skips[32] = plain[32] = _norm_relu(x, "bn1", "relu1")
    return skips, plain


def _basic_unit(active, shortcut, width, step, prefix, initializer):
    """Two 3x3 convolutions beside the shortcut; without one, beside a projection."""
    x = layers.ZeroPadding2D(1, name=f"{prefix}conv1_pad")(active)
    x = _conv(x, width, 3, f"{prefix}conv1", step, initializer)
    x = _norm_relu(x, f"{prefix}bn2", f"{prefix}relu2")
    x = layers.ZeroPadding2D(1, name=f"{prefix}conv2_pad")(x)
    x = _conv(x, width, 3, f"{prefix}conv2", 1, initializer)
    if shortcut is None:
        shortcut = _conv(active, width, 1, f"{prefix}sc", step, initializer)
    return layers.Add(name=f"{prefix}add")([x, shortcut])


def _bottleneck_unit(active, shortcut, width, step, prefix, initializer):
    """1x1, 3x3 and 1x1 convolutions, the last of four times the width."""
    x = _conv(active, width, 1, f"{prefix}conv1", 1, initializer)
    x = _norm_relu(x, f"{prefix}bn2", f"{prefix}relu2")
    x = layers.ZeroPadding2D(1, name=f"{prefix}conv2_pad")(x)
    x = _conv(x, width, 3, f"{prefix}conv2", step, initializer)
    x = _norm_relu(x, f"{prefix}bn3", f"{prefix}relu3")
    x = _conv(x, 4 * width, 1, f"{prefix}conv3", 1, initializer)
    if shortcut is None:
        shortcut = _conv(active, 4 * width, 1, f"{prefix}sc", step, initializer)
    return layers.Add(name=f"{prefix}add")([x, shortcut])


def _conv(x, width, size, name, step, initializer):
    return layers.Conv2D(
        width, size, step, use_bias=False, kernel_initializer=initializer, name=name
    )(x)


def _norm_relu(x, norm, relu):
    return layers.ReLU(name=relu)(_norm(x, norm))


def _norm(x, name, scale=True):
    return layers.BatchNormalization(epsilon=2e-5, scale=scale, name=name)(x)
