"""Encoders without a classifier: one family per module, all read through `features`."""

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.backbones.inception_v3 import inception_v3
from tomoseg_tf.models.backbones.resnet import UNITS, resnet

keras = load_keras()

BACKBONES = (*UNITS, "inception_v3")

__all__ = ["BACKBONES", "backbone", "features", "inception_v3", "resnet"]


def features(image, name, *, stride=32, initializer="glorot_uniform"):
    """Apply a backbone to an image tensor and give its features by stride.

    Parameters
    ----------
    image : KerasTensor
        (B, Y, X, channels), of sides that are multiples of `stride`.
    name : str
        One of `BACKBONES`.
    stride : int
        4, 8, 16 or 32: nothing beyond the skip tensor of this stride is built.
    initializer : str
        Keras initialiser of the kernels.

    Returns
    -------
    skips, plain : dict of int to KerasTensor
        Features by stride, see `resnet` and `inception_v3`.

    Raises
    ------
    ValueError
        If there is no such backbone, or it has no such stride.
    """
    if name not in BACKBONES:
        raise ValueError(f"backbone {name!r} is none of {', '.join(BACKBONES)}")
    if stride not in (4, 8, 16, 32):
        raise ValueError(f"stride of a backbone must be 4, 8, 16 or 32, got {stride}")
    if name == "inception_v3":
        return inception_v3(image, stride=stride, initializer=initializer)
    return resnet(image, name, stride=stride, initializer=initializer)


def backbone(input_shape, name):
    """Build a backbone alone, to hold or compare the weights of a published file.

    Parameters
    ----------
    input_shape : tuple of (int or None)
        (Y, X, channels) without the batch.
    name : str
        One of `BACKBONES`.

    Returns
    -------
    keras.Model
        From (B, Y, X, channels) to the features of stride 32.

    Raises
    ------
    ValueError
        If there is no such backbone.
    """
    image = keras.Input(input_shape, name="image")
    skips, _ = features(image, name)
    return keras.Model(image, skips[32], name=name)
