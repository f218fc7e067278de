"""The published weights of backbones: where they lie, and which layers they belong to."""

import re

from tomoseg_tf.models.backbones.resnet import UNITS
from tomoseg_tf.models.backbones.xception import VARIANTS

RESNETS = "https://github.com/qubvel/classification_models/releases/download/0.0.1/"
INCEPTION = "https://github.com/fchollet/deep-learning-models/releases/download/v0.5/"
# Fitted on ImageNet, without the classifier: the address and the MD5 that the code of their
# authors checks. None is known of the Xceptions, whose files must be given.
IMAGENET = {
    "resnet18": (
        f"{RESNETS}resnet18_imagenet_1000_no_top.h5",
        "318e3ac0cd98d51e917526c9f62f0b50",
    ),
    "resnet34": (
        f"{RESNETS}resnet34_imagenet_1000_no_top.h5",
        "8caaa0ad39d927cb8ba5385bf945d582",
    ),
    "resnet50": (
        f"{RESNETS}resnet50_imagenet_1000_no_top.h5",
        "db3b217156506944570ac220086f09b6",
    ),
    "resnet101": (
        f"{RESNETS}resnet101_imagenet_1000_no_top.h5",
        "1016e7663980d5597a4e224d915c342d",
    ),
    "resnet152": (
        f"{RESNETS}resnet152_imagenet_1000_no_top.h5",
        "5867b94098df4640918941115db93734",
    ),
    "inception_v3": (
        f"{INCEPTION}inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "bcbd6486424b2319ff4ef7d526e38f63",
    ),
}
LAYERS = {
    "resnet": r"bn_data|conv0|bn0|bn1|stage\d_unit\d+_\w+",
    "inception": r"(conv2d|batch_normalization)_\d+",
    "xception": r"(entry|middle|exit)_flow_\w+",
}


def encoder_layers(names, backbone):
    """Pick the layers with weights of a backbone out of those of a network or a file.

    Parameters
    ----------
    names : iterable of str
        Names of layers.
    backbone : str
        Name of a backbone, such as "resnet18", "inception_v3" or "xception_65".

    Returns
    -------
    list of str
        In the given order.
    """
    family = next(family for family in LAYERS if backbone.startswith(family))
    return [name for name in names if re.fullmatch(LAYERS[family], name)]


def count_parts(names):
    """Count what tells the sizes of a family apart: units, blocks, numbered convolutions.

    Parameters
    ----------
    names : iterable of str
        Names of the layers of a whole backbone.

    Returns
    -------
    dict of str to int
        How many there are of each part, such as ``{"stage1_unit": 2, "stage2_unit": 2}``.
    """
    part = r"(stage\d_unit|entry_flow_block|middle_flow_unit_|conv2d_)(\d+)"
    found = {match.groups() for name in names if (match := re.match(part, name))}
    kinds = sorted({kind for kind, _ in found})
    return {kind: sum(each == kind for each, _ in found) for kind in kinds}


def parts_of(backbone):
    """Tell what `count_parts` finds in a backbone.

    Parameters
    ----------
    backbone : str
        As in `encoder_layers`.

    Returns
    -------
    dict of str to int
        How many there are of each part.
    """
    if backbone in UNITS:
        return {f"stage{stage}_unit": n for stage, n in enumerate(UNITS[backbone], start=1)}
    if backbone in VARIANTS:
        blocks, units, _ = VARIANTS[backbone]
        return {"entry_flow_block": len(blocks), "middle_flow_unit_": units}
    return {"conv2d_": 94}
