"""The residual U-Nets of James et al. (2022), for slices and for volumes."""

from tomoseg_tf.models.residual_unet_blocks import Settings, build


def residual_unet_2d(
    input_shape,
    num_classes,
    *,
    levels=3,
    base_features=64,
    upsampling="transposed",
    residual=True,
    batch_norm=True,
    activation="relu",
    preactivation=False,
    dilation=None,
    padding="same",
    dropout=0.0,
    name="residual_unet_2d",
):
    """Build the residual U-Net for slices: each block adds a 1x1 convolution of its input.

    The network is that of the PyTorch package [1]_ with its residual connections and
    batch normalisation, which James et al. [2]_ used.

    Parameters
    ----------
    input_shape : tuple of (int or None)
        (Y, X, channels) without the batch. A side may be None; a fixed one must be a
        multiple of ``2**(levels - 1)``, or fit the poolings if `padding` is "valid".
    num_classes : int
        1 for a binary net that ends in one sigmoid channel; otherwise the
        number of classes, background included, for a softmax.
    levels : int
        Resolutions, the bottom included; ``num_encoding_blocks`` of the package.
    base_features : int
        Channels at full resolution, which double after each pooling;
        ``out_channels_first_layer`` of the package.
    upsampling : {"transposed", "linear"}
        A transposed convolution of stride 2, or linear interpolation.
    residual : bool
        Whether blocks have the 1x1 convolution; without it this is a plain U-Net.
    batch_norm : bool
        Batch-normalise each 3x3 convolution but the first one.
    activation : {"relu", "prelu"}
        After each of them; "prelu" has one slope per convolution.
    preactivation : bool
        Normalise and activate before each of these convolutions instead of after it.
    dilation : int, optional
        Dilation of the convolutions at full resolution, which doubles after each
        pooling; none if not given.
    padding : {"same", "valid"}
        "same" pads the convolutions with zeros; "valid" pads nothing, crops the
        shortcuts, and is for nets without residual connections.
    dropout : float
        Fraction of the features that training leaves out after each 3x3 convolution.
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
        If a fixed side does not fit the poolings, options exclude each other, a number
        is out of range, or the bottom would have more than 4096 channels.

    Notes
    -----
    James et al. print neither levels nor channels. Inferred here: three levels, because
    their patches reached 852 x 852 pixels, a side that can be halved twice only, and four
    slices, which the package can pool twice; the channels are the package's default.

    References
    ----------
    .. [1] F. Pérez-García, "fepegar/unet: PyTorch implementation of 2D and 3D U-Net",
       2020. doi:10.5281/zenodo.3697931
    .. [2] J. James et al., "3D Convolutional Neural Networks for Dendrite Segmentation
       Using Fine-Tuning and Hyperparameter Optimization", 2022. arXiv:2205.02334
    """
    settings = Settings(
        levels=levels,
        base_features=base_features,
        upsampling=upsampling,
        residual=residual,
        batch_norm=batch_norm,
        activation=activation,
        preactivation=preactivation,
        dilation=dilation,
        padding=padding,
        dropout=dropout,
    )
    return build(input_shape, num_classes, 2, settings, name)


def residual_unet_3d(
    input_shape,
    num_classes,
    *,
    levels=3,
    base_features=32,
    upsampling="transposed",
    residual=True,
    batch_norm=True,
    activation="relu",
    preactivation=False,
    dilation=None,
    padding="same",
    dropout=0.0,
    z_poolings=None,
    name="residual_unet_3d",
):
    """Build the residual U-Net for volumes, whose channels double before each pooling.

    It is `residual_unet_2d` with three axes and the channels of the 3D U-Net of Çiçek
    et al.: those of a level are doubled by its second convolution.

    Parameters
    ----------
    input_shape : tuple of (int or None)
        (Z, Y, X, channels) without the batch. A side may be None; a fixed one must be a
        multiple of 2 for each pooling along it.
    num_classes : int
        As in `residual_unet_2d`.
    levels, base_features, upsampling, residual, batch_norm, activation, preactivation
        As in `residual_unet_2d`.
    dilation, padding, dropout, name
        As in `residual_unet_2d`.
    z_poolings : int, optional
        Poolings, from the first on, that halve z along with y and x; the others leave z
        as it is. If not given: all of them, but for a fixed Z only as many as it can be
        halved without a rest, so that patches of 4 slices are pooled twice along z.

    Returns
    -------
    keras.Model
        From (B, Z, Y, X, channels) normalised grey to (B, Z, Y, X, num_classes) float32
        probabilities.

    Raises
    ------
    ValueError
        As in `residual_unet_2d`.

    Notes
    -----
    James et al. trained on patches of 4 slices and print neither levels nor channels.
    Inferred here: three levels, as the package pools all axes alike, which 4 slices allow
    twice; base 32 is the package's default. A deeper net for so few slices needs
    `z_poolings`, which the package does not have.

    References
    ----------
    .. [1] F. Pérez-García, "fepegar/unet", and J. James et al., as in `residual_unet_2d`.
    .. [2] Ö. Çiçek, A. Abdulkadir, S. S. Lienkamp, T. Brox, O. Ronneberger, "3D
       U-Net", MICCAI 2016. arXiv:1606.06650
    """
    settings = Settings(
        levels=levels,
        base_features=base_features,
        upsampling=upsampling,
        residual=residual,
        batch_norm=batch_norm,
        activation=activation,
        preactivation=preactivation,
        dilation=dilation,
        padding=padding,
        dropout=dropout,
        z_poolings=z_poolings,
    )
    return build(input_shape, num_classes, 3, settings, name)
