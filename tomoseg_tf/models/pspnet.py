"""PSPNet: what a backbone sees, joined by its means over grids of 1, 2, 3 and 6 cells."""

from math import lcm

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.backbones import BACKBONES, features
from tomoseg_tf.models.resizing import ResizeBilinear

keras = load_keras()
layers = keras.layers
ops = keras.ops

LEVELS = (1, 2, 3, 6)
FACTORS = (4, 8, 16)
RESIZES = ("published", "half_pixel")
WIDEST = 4096  # channels; more is a mistake, and would take all memory


def pspnet(
    input_shape,
    num_classes,
    *,
    backbone="resnet152",
    downsample_factor=8,
    filters=512,
    dropout=None,
    resize="published",
    name="pspnet",
):
    """Build the pyramid scene parsing network [1]_ as published with UNet++ [2]_.

    Unlike the original, the backbone ends at the features of the given
    stride instead of dilating what follows, and the first convolution after the
    pyramid is 1x1, the last 3x3. At factor 4, ResNet-50, -101 and -152 are
    the same network.

    Parameters
    ----------
    input_shape : tuple of (int or None)
        (Y, X, channels) without the batch. A side may be None; each must be a
        multiple of ``6 * downsample_factor``. The coarsest mean is over the
        whole slice or tile, so one of another size than in training is seen
        in another context.
    num_classes : int
        1 for a binary net that ends in one sigmoid channel; otherwise the
        number of classes, background included, for a softmax.
    backbone : str
        One of `tomoseg_tf.models.backbones.BACKBONES`.
    downsample_factor : {4, 8, 16}
        Stride of the features that are read.
    filters : int
        Channels of each level and of what joins them.
    dropout : float or None
        Share of whole channels dropped before the head. None for no dropout.
    resize : {"published", "half_pixel"}
        "published", as [2]_ computes: the pyramid is up-sampled linearly from the
        first pixel's centre, as TensorFlow 1 did, and the scores of the classes
        are repeated, so that edges are steps of `downsample_factor` pixels.
        "half_pixel", as [3]_ has it: both linearly, from the first pixel's
        corner.
    name : str
        Name of the Keras model.

    Returns
    -------
    keras.Model
        From (B, Y, X, channels) grey to (B, Y, X, num_classes) float32
        probabilities.

    Raises
    ------
    ValueError
        If a side does not fit the grids, or a value is out of range or unknown.

    References
    ----------
    .. [1] H. Zhao, J. Shi, X. Qi, X. Wang, J. Jia, "Pyramid scene parsing
       network", CVPR 2017. doi:10.1109/CVPR.2017.660
    .. [2] https://github.com/MrGiovanni/UNetPlusPlus
    .. [3] https://github.com/qubvel/segmentation_models
    """
    _check_choices(backbone, downsample_factor, resize)
    _check(input_shape, num_classes, filters, dropout, lcm(*LEVELS) * downsample_factor)

    grid = "half_pixel" if resize == "half_pixel" else "first_pixel"
    image = keras.Input(input_shape, name="image")
    skips, _ = features(image, backbone, stride=downsample_factor)
    x = skips[downsample_factor]

    pyramid = [x]
    for cells in LEVELS:
        level = GridMean(cells, name=f"level{cells}_pool")(x)
        level = _conv(level, filters, f"level{cells}")
        level = ResizeBilinear(grid, dtype="float32", name=f"level{cells}_resize")(level, x)
        pyramid.append(level)
    x = layers.Concatenate(name="pyramid")(pyramid)
    x = _conv(x, filters, "aggregation")
    if dropout is not None:
        x = layers.SpatialDropout2D(dropout, name="aggregation_dropout")(x)

    x = layers.Conv2D(num_classes, 3, padding="same", dtype="float32", name="final_conv")(x)
    if resize == "half_pixel":
        x = ResizeBilinear(grid, dtype="float32", name="final_resize")(x, image)
    else:
        x = layers.UpSampling2D(downsample_factor, dtype="float32", name="final_resize")(x)
    activation = "sigmoid" if num_classes == 1 else "softmax"
    probabilities = layers.Activation(activation, dtype="float32", name=activation)(x)
    return keras.Model(image, probabilities, name=name)


def _conv(x, width, name):
    """Convolve pixel by pixel, normalise over the batch and rectify."""
    x = layers.Conv2D(width, 1, use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


@keras.saving.register_keras_serializable(package="tomoseg_tf")
class GridMean(layers.Layer):
    """Means over a grid of as many cells a side, whatever the size of the image.

    Parameters
    ----------
    cells : int
        Cells a side, of which the sides of the input are multiples.
    """

    def __init__(self, cells, **kwargs):
        super().__init__(**kwargs)
        self.cells = cells

    def call(self, x):
        """Average (B, Y, X, C) to (B, cells, cells, C)."""
        _, height, width, channels = ops.shape(x)
        cells = self.cells
        for side in (height, width):
            if isinstance(side, int) and side % cells:
                raise ValueError(
                    f"a side of {side} features cannot be cut into {cells}; pad the image, or "
                    "choose records --patch or batches.crop, to a multiple of "
                    f"{lcm(*LEVELS)} times the downsample_factor"
                )
        x = ops.reshape(x, (-1, cells, height // cells, cells, width // cells, channels))
        means = ops.mean(ops.cast(x, "float32"), axis=(2, 4))  # a half overflows in the sum
        return ops.cast(means, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        """Shape of the grid."""
        return input_shape[0], self.cells, self.cells, input_shape[3]

    def get_config(self):
        """Arguments to build the layer again."""
        return {**super().get_config(), "cells": self.cells}


def _check_choices(backbone, downsample_factor, resize):
    for argument, value, choices in (
        ("backbone", backbone, BACKBONES),
        ("downsample_factor", downsample_factor, FACTORS),
        ("resize", resize, RESIZES),
    ):
        if value not in choices:
            raise ValueError(f"{argument} {value!r} is none of {', '.join(map(str, choices))}")


def _check(input_shape, num_classes, filters, dropout, grid):
    if len(input_shape) != 3:
        raise ValueError(f"input_shape must be (Y, X, channels), got {tuple(input_shape)}")
    if num_classes < 1:
        raise ValueError(f"num_classes must be at least 1, got {num_classes}")
    if not 1 <= filters <= WIDEST:
        raise ValueError(f"filters must be 1 to {WIDEST}, got {filters}")
    if dropout is not None and not 0 <= dropout < 1:
        raise ValueError(f"dropout must be from 0 to below 1, got {dropout}")
    for side in input_shape[:2]:
        if side is not None and side % grid:
            raise ValueError(
                f"side {side} of input_shape is no multiple of {grid}, which the grids of the "
                f"pyramid need; use {-(-side // grid) * grid} or None"
            )
