"""The aligned Xception of DeepLab: atrous, and with strides in place of poolings."""

from functools import partial

from tomoseg_tf.backend import load_keras

keras = load_keras()
layers = keras.layers

VARIANTS = {  # (width, stride) of the entry blocks, middle units, entry block of the low level
    "xception_41": (((128, 2), (256, 2), (728, 2)), 8, 2),
    "xception_65": (((128, 2), (256, 2), (728, 2)), 16, 2),
    "xception_71": (((128, 2), (256, 1), (256, 2), (728, 1), (728, 2)), 16, 3),
}


def xception(
    image,
    variant,
    *,
    output_stride=16,
    multi_grid=(1, 1, 1),
    momentum=0.99,
    symmetric_stem=True,
):
    """Run a tensor through an aligned Xception.

    Each side is halved, rounded up, as often as the output stride says; from
    there on the convolutions are dilated instead. The layers bear the names
    of the published Keras weights. Xception-65 has 38 052 512 parameters for
    three channels.

    Parameters
    ----------
    image : KerasTensor (B, Y, X, channels)
        Normalised slices; any sides.
    variant : str
        "xception_41", "xception_65" or "xception_71".
    output_stride : int
        8 or 16: pixels of the image per pixel of the features.
    multi_grid : sequence of 3 int
        Factors on the dilations of the last three convolutions.
    momentum : float
        Of the moving averages of batch normalisation.
    symmetric_stem : bool
        True pads the first convolution on all sides, as published. False pads
        even sides at the end only, as TensorFlow's "same".

    Returns
    -------
    features : KerasTensor (B, Y / output_stride, X / output_stride, 2048)
        What the last block gives, rectified.
    low_level : KerasTensor (B, Y / 4, X / 4, 256)
        Features of an entry block before they are rectified.

    Raises
    ------
    ValueError
        If there is no such variant or output stride, or `multi_grid` is not
        three numbers of at least 1.

    References
    ----------
    .. [1] F. Chollet, "Xception: Deep Learning with Depthwise Separable
       Convolutions", CVPR 2017. arXiv:1610.02357
    .. [2] L.-C. Chen, Y. Zhu, G. Papandreou, F. Schroff, H. Adam,
       "Encoder-Decoder with Atrous Separable Convolution for Semantic Image
       Segmentation", ECCV 2018. arXiv:1802.02611
    """
    _check(variant, output_stride, multi_grid)
    entry_blocks, middle_units, low_level_block = VARIANTS[variant]
    module = partial(_module, momentum=momentum)

    x = _conv(image, 32, "entry_flow_conv1_1", momentum, stride=2, symmetric=symmetric_stem)
    x = _conv(x, 64, "entry_flow_conv1_2", momentum)
    reached, rate = 2, 1
    for index, (width, stride) in enumerate(entry_blocks, start=1):
        step = min(stride, output_stride // reached)
        x, second = module(x, [width] * 3, f"entry_flow_block{index}", stride=step, shortcut="conv")
        if index == low_level_block:
            low_level = second
        reached *= step
        rate *= stride // step

    for unit in range(1, middle_units + 1):
        x, _ = module(x, [728] * 3, f"middle_flow_unit_{unit}", rates=[rate] * 3, shortcut="sum")

    # Both output strides are reached here: a dilation replaces the stride of this block.
    x, _ = module(x, [728, 1024, 1024], "exit_flow_block1", rates=[rate] * 3, shortcut="conv")
    rates = [2 * rate * factor for factor in multi_grid]
    x, _ = module(x, [1536, 1536, 2048], "exit_flow_block2", rates=rates, relu="after")
    return x, low_level


def separable_conv(
    x,
    width,
    name,
    *,
    stride=1,
    rate=1,
    relu="before",
    spreads=(0.09, 0.09),
    epsilon=1e-3,
    momentum=0.99,
):
    """3x3 depthwise and 1x1 pointwise convolution, each batch-normalised.

    Parameters
    ----------
    x : KerasTensor (B, Y, X, channels)
        Features.
    width : int
        Channels of the result.
    name : str
        What the names of the layers begin with.
    stride : int
        Of the depthwise convolution; above 1 only with rate 1.
    rate : int
        Dilation of the depthwise convolution.
    relu : str
        "before" the depthwise convolution, or "after" both normalisations.
    spreads : pair of float
        Standard deviations of the fresh depthwise and pointwise kernels.
    epsilon, momentum : float
        Of batch normalisation.

    Returns
    -------
    KerasTensor (B, Y / stride, X / stride, width)
        Features.
    """
    if relu == "before":
        x = layers.ReLU(name=f"{name}_relu")(x)
    if stride > 1:
        x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    depthwise = layers.DepthwiseConv2D(
        3,
        strides=stride,
        dilation_rate=rate,
        padding="valid" if stride > 1 else "same",
        use_bias=False,
        depthwise_initializer=keras.initializers.TruncatedNormal(stddev=spreads[0]),
        name=f"{name}_depthwise",
    )
    pointwise = layers.Conv2D(
        width,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=spreads[1]),
        name=f"{name}_pointwise",
    )
    for convolution in (depthwise, pointwise):
        x = convolution(x)
        x = layers.BatchNormalization(
            momentum=momentum, epsilon=epsilon, name=f"{convolution.name}_BN"
        )(x)
        if relu == "after":
            x = layers.ReLU(name=f"{convolution.name}_relu")(x)
    return x


def _module(x, widths, name, *, stride=1, rates=(1, 1, 1), relu="before", shortcut=None, momentum):
    """Three separable convolutions, the stride on the third; also give what the second gave."""
    start, outputs = x, []
    for index, (width, rate) in enumerate(zip(widths, rates, strict=True), start=1):
        x = separable_conv(
            x,
            width,
            f"{name}_separable_conv{index}",
            stride=stride if index == 3 else 1,
            rate=rate,
            relu=relu,
            momentum=momentum,
        )
        outputs.append(x)
    if shortcut == "conv":
        start = _projection(start, widths[-1], f"{name}_shortcut", stride, momentum)
    if shortcut is not None:
        x = layers.Add(name=f"{name}_add")([x, start])
    return x, outputs[1]


def _conv(x, width, name, momentum, *, stride=1, symmetric=True):
    """3x3 convolution of the stem, batch-normalised and then rectified."""
    padding = "same"
    if stride > 1 and symmetric:
        x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
        padding = "valid"
    x = _bare_conv(width, 3, name, strides=stride, padding=padding)(x)
    x = layers.BatchNormalization(momentum=momentum, name=f"{name}_BN")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _projection(x, width, name, stride, momentum):
    """1x1 convolution of a shortcut, batch-normalised."""
    x = _bare_conv(width, 1, name, strides=stride)(x)
    return layers.BatchNormalization(momentum=momentum, name=f"{name}_BN")(x)


def _bare_conv(width, side, name, **options):
    spread = keras.initializers.TruncatedNormal(stddev=0.09)
    return layers.Conv2D(
        width, side, use_bias=False, kernel_initializer=spread, name=name, **options
    )


def _check(variant, output_stride, multi_grid):
    if variant not in VARIANTS:
        raise ValueError(f"no Xception {variant!r}; use one of {', '.join(VARIANTS)}")
    if output_stride not in (8, 16):
        raise ValueError(f"output_stride must be 8 or 16, got {output_stride}")
    if len(multi_grid) != 3 or min(multi_grid) < 1:
        raise ValueError(f"multi_grid must be 3 factors of at least 1, got {list(multi_grid)}")
