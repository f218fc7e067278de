"""The nodes of UNet++, row by row and column by column: plain, and on a backbone."""

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.backbones import features

keras = load_keras()
layers = keras.layers


def plain_nodes(image, topology, widths, dropout, l2):
    """Build the nodes of a net without a backbone, diagonal by diagonal.

    The first ones are those of a shallower net.

    Parameters
    ----------
    image : KerasTensor
        (B, Y, X, channels), of sides that the poolings fit.
    topology : {"unet++", "unet+", "unet"}
        Which nodes a node sees.
    widths : sequence of int
        Channels of the rows, finest first.
    dropout : float
        Rate after each convolution.
    l2 : float
        Penalty on the kernels of the convolutions.

    Returns
    -------
    dict of (int, int) to KerasTensor
        By row and column, from 1.
    """
    nodes, rows = {}, len(widths)
    for bottom, width in enumerate(widths, start=1):
        x = image
        if bottom > 1:
            x = layers.MaxPooling2D(2, name=f"pool{bottom - 1}")(nodes[bottom - 1, 1])
        nodes[bottom, 1] = _plain_unit(x, width, f"conv{bottom}1", dropout, l2)
        if topology == "unet" and bottom < rows:
            continue
        for row in reversed(range(1, bottom)):
            column = bottom - row + 1
            x = layers.Conv2DTranspose(
                widths[row - 1], 2, 2, padding="same", name=f"up{row}{column}"
            )(nodes[row + 1, column - 1])
            x = _merge(x, nodes, row, column, topology, f"merge{row}{column}")
            x = _plain_unit(x, widths[row - 1], f"conv{row}{column}", dropout, l2)
            nodes[row, column] = x
    return nodes


def _plain_unit(x, width, name, dropout, l2):
    """Two 3x3 convolutions, each rectified and then dropped out."""
    for index in (1, 2):
        x = layers.Conv2D(
            width,
            3,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            kernel_regularizer=keras.regularizers.L2(l2),
            name=f"{name}_{index}",
        )(x)
        x = layers.Dropout(dropout, name=f"{name}_dropout{index}")(x)
    return x


def backbone_node(image, backbone, topology, decoder, widths):
    """Build the nodes from the features of a backbone, and give the last: the finest one.

    Parameters
    ----------
    image : KerasTensor
        (B, Y, X, channels), of sides that are multiples of 32.
    backbone : str
        One of `tomoseg_tf.models.backbones.BACKBONES`.
    topology : {"unet++", "unet+", "unet"}
        Which nodes a node sees.
    decoder : {"upsampling", "transpose"}
        How a node is up-sampled.
    widths : sequence of 5 int
        Channels of the rows, finest first.

    Returns
    -------
    KerasTensor
        (B, Y, X, channels of its row).
    """
    skips, plain = features(image, backbone)
    nodes = {(row, 0): skips[1 << row - 1] for row in range(2, 6)}
    nested = topology != "unet"
    for column in range(1, 6):
        for row in reversed(range(1, 7 - column)):
            if row + column < 6 and (row == 1 or not nested):
                continue
            x = plain[1 << row] if column == 1 else nodes[row + 1, column - 1]
            # An index one too low in the published code: row 5 wraps to the narrowest.
            width = widths[row % 5] if nested else widths[row - 1]
            stage = f"decoder_stage{row}-{column}"
            x = _up(x, decoder, width, stage)
            x = _merge(x, nodes, row, column, topology, f"{stage}_merge")
            for index in (1, 2) if decoder == "upsampling" else (2,):
                x = layers.Conv2D(
                    width, 3, padding="same", use_bias=False, name=f"{stage}_conv{index}"
                )(x)
                x = _norm_relu(x, stage, index)
            nodes[row, column] = x
    return nodes[1, 5]


def _up(x, decoder, width, stage):
    if decoder == "upsampling":
        return layers.UpSampling2D(2, name=f"{stage}_upsample")(x)
    x = layers.Conv2DTranspose(
        width, 4, 2, padding="same", use_bias=False, name=f"{stage}_upsample"
    )(x)
    return _norm_relu(x, stage, 1)


def _norm_relu(x, stage, index):
    x = layers.BatchNormalization(name=f"{stage}_bn{index}")(x)
    return layers.ReLU(name=f"{stage}_relu{index}")(x)


def _merge(x, nodes, row, column, topology, name):
    """Concatenate what was up-sampled with the nodes on its left, leftmost first."""
    columns = sorted(left for at, left in nodes if at == row and left < column)
    seen = {"unet": columns[:1], "unet+": columns[-1:], "unet++": columns}[topology]
    return layers.Concatenate(name=name)([x, *(nodes[row, left] for left in seen)]) if seen else x
