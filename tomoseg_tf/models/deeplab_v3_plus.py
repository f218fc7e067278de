"""DeepLab v3+ of Chen et al. (2018) for slices, on an aligned Xception."""

from functools import partial

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.backbones.xception import separable_conv, xception
from tomoseg_tf.models.resizing import ResizeBilinear

keras = load_keras()
layers = keras.layers

EPSILON = 1e-5  # of batch normalisation outside the backbone
ATROUS_RATES = {16: (6, 12, 18), 8: (12, 24, 36)}  # by output stride
FLAVOURS = ("model_garden", "bonlime")


def deeplab_v3_plus(
    input_shape,
    num_classes,
    *,
    backbone="xception_65",
    output_stride=16,
    atrous_rates=None,
    multi_grid=(1, 1, 1),
    dropout=0.1,
    momentum=0.99,
    flavour="model_garden",
    name="deeplab_v3_plus",
):
    """Build DeepLab v3+: dilated Xception, atrous spatial pyramid pooling, decoder.

    After TensorFlow's Model Garden; sides may be any. The pyramid holds the
    average of the whole slice, so that a tile is not segmented exactly as in
    its slice. With Xception-65 and 21 classes of RGB images it has 41 258 213
    parameters; the study of AA7075 by TXM took Xception-71 and rates 3, 6, 9.

    Parameters
    ----------
    input_shape : tuple of (int or None)
        (Y, X, channels) without the batch. A side may be None.
    num_classes : int
        1 for a binary net that ends in one sigmoid channel; otherwise the
        number of classes, background included, for a softmax.
    backbone : str
        "xception_41", "xception_65" or "xception_71".
    output_stride : int
        8 or 16: pixels of the slice per pixel of the pyramid. 8 takes about
        four times the work of 16 beyond the entry flow.
    atrous_rates : sequence of int, optional
        Dilations of the pyramid; 6, 12, 18 at output stride 16 and twice that
        at 8 when left out.
    multi_grid : sequence of 3 int
        Factors on the dilations of the last three convolutions of the backbone.
    dropout : float
        Fraction of the pyramid's features that training leaves out.
    momentum : float
        Of the moving averages of batch normalisation. Model Garden has 0.9997,
        which suits only more than ten thousand steps.
    flavour : str
        "model_garden": resizing with aligned corners, and a first convolution
        padded on all sides. "bonlime": resizing with half-pixel centres, and
        a first convolution padded as TensorFlow's "same", for the weights of
        the Keras port of that name.
    name : str
        Name of the Keras model.

    Returns
    -------
    keras.Model
        From (B, Y, X, channels) normalised grey (published weights: -1 to 1) to
        (B, Y, X, num_classes) float32 probabilities.

    Raises
    ------
    ValueError
        If there is no such backbone, output stride or flavour, or a number is
        out of its range.

    References
    ----------
    .. [1] L.-C. Chen, Y. Zhu, G. Papandreou, F. Schroff, H. Adam,
       "Encoder-Decoder with Atrous Separable Convolution for Semantic Image
       Segmentation", ECCV 2018. arXiv:1802.02611
    """
    _check(input_shape, num_classes, output_stride, atrous_rates, dropout, momentum, flavour)
    rates = ATROUS_RATES[output_stride] if atrous_rates is None else atrous_rates
    published = flavour == "model_garden"
    resize = partial(ResizeBilinear, "corners" if published else "half_pixel")
    image = keras.Input(input_shape, name="image")

    features, low_level = xception(
        image,
        backbone,
        output_stride=output_stride,
        multi_grid=multi_grid,
        momentum=momentum,
        symmetric_stem=published,
    )
    x = _pyramid(features, rates, dropout, momentum, resize)
    x = _decoder(x, low_level, momentum, resize)

    logits = layers.Conv2D(
        num_classes,
        1,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
        dtype="float32",
        name="head_conv",
    )(x)
    logits = resize(dtype="float32", name="head_resize")(logits, image)
    activation = "sigmoid" if num_classes == 1 else "softmax"
    probabilities = layers.Activation(activation, dtype="float32", name="head")(logits)
    return keras.Model(image, probabilities, name=name)


def _pyramid(features, rates, dropout, momentum, resize):
    """Atrous spatial pyramid pooling: 1x1 and dilated 3x3 views beside the average of all."""
    pooled = layers.GlobalAveragePooling2D(keepdims=True, name="image_pooling_mean")(features)
    pooled = _conv(pooled, 256, "image_pooling", momentum)
    branches = [
        resize(name="image_pooling_resize")(pooled, features),
        _conv(features, 256, "aspp0", momentum),
    ]
    for index, rate in enumerate(rates, start=1):
        branches.append(_separable(features, f"aspp{index}", momentum, rate=rate))
    x = layers.Concatenate(name="aspp_concat")(branches)
    x = _conv(x, 256, "concat_projection", momentum)
    return layers.Dropout(dropout, name="concat_projection_dropout")(x)


def _decoder(x, low_level, momentum, resize):
    """Bring the pyramid to the size of the low level, and refine it with that."""
    low_level = _conv(low_level, 48, "feature_projection0", momentum)
    x = resize(name="decoder_resize")(x, low_level)
    x = layers.Concatenate(name="decoder_concat")([x, low_level])
    for index in range(2):
        x = _separable(x, f"decoder_conv{index}", momentum)
    return x


def _conv(x, width, name, momentum):
    """1x1 convolution, batch-normalised and then rectified."""
    x = layers.Conv2D(width, 1, use_bias=False, name=name)(x)
    x = layers.BatchNormalization(momentum=momentum, epsilon=EPSILON, name=f"{name}_BN")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _separable(x, name, momentum, rate=1):
    return separable_conv(
        x,
        256,
        name,
        rate=rate,
        relu="after",
        spreads=(0.33, 0.06),
        epsilon=EPSILON,
        momentum=momentum,
    )


def _check(input_shape, num_classes, output_stride, atrous_rates, dropout, momentum, flavour):
    if len(input_shape) != 3:
        raise ValueError(f"input_shape must be (Y, X, channels), got {tuple(input_shape)}")
    if output_stride not in ATROUS_RATES:
        raise ValueError(f"output_stride must be 8 or 16, got {output_stride}")
    if atrous_rates is not None and not atrous_rates:
        raise ValueError("atrous_rates is empty; give at least one rate, or leave it out")
    for argument, value in (
        ("num_classes", num_classes),
        ("channels of input_shape", input_shape[2] or 0),
        ("each side of input_shape", min(1 if side is None else side for side in input_shape[:2])),
        ("each of atrous_rates", min(atrous_rates or [1])),
    ):
        if value < 1:
            raise ValueError(f"{argument} must be at least 1, got {value}")
    for argument, value in (("dropout", dropout), ("momentum", momentum)):
        if not 0 <= value < 1:
            raise ValueError(f"{argument} must be at least 0 and below 1, got {value}")
    if flavour not in FLAVOURS:
        raise ValueError(f"no flavour {flavour!r}; use one of {', '.join(FLAVOURS)}")
