"""UNet++ and the nets it is compared with: plain, and on a classification backbone."""

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.backbones import BACKBONES
from tomoseg_tf.models.unet_plus_plus_nodes import backbone_node, plain_nodes

keras = load_keras()
layers = keras.layers

TOPOLOGIES = ("unet++", "unet+", "unet")
PLAIN_WIDTHS = (32, 64, 128, 256, 512)
BACKBONE_WIDTHS = (16, 32, 64, 128, 256)
WIDEST = 4096  # channels; more is a mistake, and would take all memory


def unet_plus_plus(
    input_shape,
    num_classes,
    *,
    backbone=None,
    topology="unet++",
    decoder="upsampling",
    heads="fast",
    depth=None,
    widths=None,
    dropout=None,
    l2=None,
    activation=None,
    name="unet_plus_plus",
):
    """Build UNet++ as its authors published it [1]_, [2]_, [3]_.

    Node X(row, column) convolves twice what was up-sampled from X(row + 1,
    column - 1), concatenated with every node to its left. Without a backbone,
    column 1 is a U-Net encoder without normalisation (``U_Net``, ``wU_Net`` and
    ``UNetPlusPlus`` of the code). With one (``Xnet``, ``Nestnet`` and ``Unet``),
    it is the features of a classification network, the convolutions are
    normalised, and two things are as published: the coarsest row has the fewest
    channels, and the finest row is one node without shortcuts.

    Parameters
    ----------
    input_shape : tuple of (int or None)
        (Y, X, channels) without the batch. A side may be None; a fixed one
        must be a multiple of ``2**depth``, with a backbone of 32.
    num_classes : int
        1 for a binary net that ends in one sigmoid channel; otherwise the
        number of classes, background included, for a softmax.
    backbone : str or None
        One of `tomoseg_tf.models.backbones.BACKBONES`, or None for the plain net.
    topology : {"unet++", "unet+", "unet"}
        Which nodes a node sees: all on its left, its neighbour, or, on the
        one path up, the encoder's.
    decoder : {"upsampling", "transpose"}
        With a backbone: repeated pixels, or a transposed 4x4 convolution. The
        plain nets have transposed 2x2 convolutions.
    heads : {"fast", "accurate", "all"}
        Plain UNet++ only. "fast": one head, on X(1, depth + 1). "accurate": the
        mean of the heads of all columns. "all": these heads as a list of
        outputs, finest last, for training with deep supervision.
    depth : int or None
        Plain nets only: number of poolings. Fewer than the net was trained
        with prune it: the same layers by name, less the coarser rows. None
        takes one less than the number of `widths`.
    widths : tuple of int or None
        Channels of the rows, finest first. None for (32, 64, 128, 256, 512),
        with a backbone (16, 32, 64, 128, 256); (35, 70, 140, 280, 560) with
        topology "unet" is ``wU_Net``.
    dropout : float or None
        Plain nets: after each convolution; None for the published 0.5. With a
        backbone: before the head; None for none, as published.
    l2 : float or None
        Plain nets only: penalty on the kernels. None for the published 1e-4.
    activation : {None, "sigmoid"}
        "sigmoid" scores each class on its own also where there are several,
        as the published plain nets do.
    name : str
        Name of the Keras model.

    Returns
    -------
    keras.Model
        From (B, Y, X, channels) grey to (B, Y, X, num_classes) float32
        probabilities, or a list of such.

    Raises
    ------
    ValueError
        If a fixed side does not fit the poolings, a value is out of range or
        unknown, or an option does not belong to the net asked for.

    References
    ----------
    .. [1] Z. Zhou, M. M. R. Siddiquee, N. Tajbakhsh, J. Liang, "UNet++: a nested
       U-Net architecture for medical image segmentation", DLMIA 2018.
       doi:10.1007/978-3-030-00889-5_1
    .. [2] Z. Zhou et al., "UNet++: redesigning skip connections to exploit
       multiscale features in image segmentation", IEEE Trans. Med. Imaging 39,
       1856-1867, 2020. doi:10.1109/TMI.2019.2959609
    .. [3] https://github.com/MrGiovanni/UNetPlusPlus
    """
    _check_choices(topology, decoder, heads, activation)
    widths = widths or (BACKBONE_WIDTHS if backbone else PLAIN_WIDTHS)
    if backbone:
        _check_backbone(backbone, heads, widths, (depth, l2))
        dropout = 0.0 if dropout is None else dropout
    else:
        depth = len(widths) - 1 if depth is None else depth
        dropout = 0.5 if dropout is None else dropout
        l2 = 1e-4 if l2 is None else l2
        _check_plain(topology, decoder, heads, depth, widths)
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be from 0 to below 1, got {dropout}")
    _check(input_shape, num_classes, widths, 32 if backbone else 2**depth)
    activation = activation or ("sigmoid" if num_classes == 1 else "softmax")

    image = keras.Input(input_shape, name="image")
    if backbone:
        x = backbone_node(image, backbone, topology, decoder, widths)
        if dropout:
            x = layers.Dropout(dropout, name="final_dropout")(x)
        probabilities = layers.Conv2D(
            num_classes,
            3,
            padding="same",
            activation=activation,
            dtype="float32",
            name="final_conv",
        )(x)
    else:
        nodes = plain_nodes(image, topology, widths[: depth + 1], dropout, l2)
        probabilities = _plain_heads(nodes, num_classes, topology, heads, activation, l2)
    return keras.Model(image, probabilities, name=name)


def _plain_heads(nodes, num_classes, topology, heads, activation, l2):
    """Read the finest row: its last node, or all nodes but the encoder's."""
    depth = max(row for row, _ in nodes) - 1
    probabilities = [
        layers.Conv2D(
            num_classes,
            1,
            activation=activation,
            kernel_initializer="he_normal",
            kernel_regularizer=keras.regularizers.L2(l2),
            dtype="float32",
            name="output" if topology == "unet" else f"output_{index}",
        )(nodes[1, index + 1])
        for index in range(depth if heads == "fast" else 1, depth + 1)
    ]
    if heads == "all":
        return probabilities
    if len(probabilities) == 1:
        return probabilities[0]
    return layers.Average(dtype="float32", name="output_mean")(probabilities)


def _check_choices(topology, decoder, heads, activation):
    for argument, value, choices in (
        ("topology", topology, TOPOLOGIES),
        ("decoder", decoder, ("upsampling", "transpose")),
        ("heads", heads, ("fast", "accurate", "all")),
        ("activation", activation, (None, "sigmoid")),
    ):
        if value not in choices:
            raise ValueError(f"{argument} {value!r} is none of {', '.join(map(repr, choices))}")


def _check_backbone(backbone, heads, widths, plain_options):
    if backbone not in BACKBONES:
        raise ValueError(f"backbone {backbone!r} is none of {', '.join(BACKBONES)}")
    if heads != "fast" or any(option is not None for option in plain_options):
        raise ValueError(
            "heads, depth and l2 belong to the plain nets; leave them out with a backbone"
        )
    if len(widths) != 5:
        raise ValueError(f"widths must be 5 with a backbone, finest first, got {tuple(widths)}")


def _check_plain(topology, decoder, heads, depth, widths):
    if decoder != "upsampling":
        raise ValueError("decoder belongs to the nets with a backbone; leave it out or name one")
    if heads != "fast" and topology != "unet++":
        raise ValueError(f"topology {topology!r} has one head; use heads='fast', not {heads!r}")
    if not 1 <= depth < len(widths):
        raise ValueError(
            f"depth must be 1 to {len(widths) - 1} with {len(widths)} widths, got {depth}"
        )


def _check(input_shape, num_classes, widths, stride):
    if len(input_shape) != 3:
        raise ValueError(f"input_shape must be (Y, X, channels), got {tuple(input_shape)}")
    if num_classes < 1:
        raise ValueError(f"num_classes must be at least 1, got {num_classes}")
    if not all(1 <= width <= WIDEST for width in widths):
        raise ValueError(f"widths must be 1 to {WIDEST} channels each, got {tuple(widths)}")
    for side in input_shape[:2]:
        if side is not None and side % stride:
            raise ValueError(
                f"side {side} of input_shape is no multiple of {stride}, which this net needs; "
                f"use {-(-side // stride) * stride} or None"
            )
