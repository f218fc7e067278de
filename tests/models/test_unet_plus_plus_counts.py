"""Pins of UNet++: parameter counts of the code its authors published."""

import functools

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models.unet_plus_plus import unet_plus_plus

keras = load_keras()
WIDE = (35, 70, 140, 280, 560)  # wU_Net

pytestmark = pytest.mark.usefixtures("no_random_start")


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        ({"topology": "unet"}, (7_759_521, 7_759_554, 7_759_587, 7_760_097, 7_760_130, 7_760_163)),
        (
            {"topology": "unet", "widths": WIDE},
            (9_282_246, 9_282_282, 9_282_318, 9_282_876, 9_282_912, 9_282_948),
        ),
        ({}, (9_041_601, 9_041_634, 9_041_667, 9_042_177, 9_042_210, 9_042_243)),
        ({"heads": "all"}, (9_041_700,)),
        ({"heads": "accurate"}, (9_041_700,)),
    ],
)
def test_parameter_counts_are_those_of_the_published_plain_nets(options, parameters):
    """From one channel to 1, 2 and 3 classes; then from three."""
    cases = [(channels, classes) for channels in (1, 3) for classes in (1, 2, 3)]
    for (channels, classes), expected in zip(cases, parameters, strict=False):
        model = unet_plus_plus((None, None, channels), classes, **options)
        assert model.count_params() == expected


ENCODERS = {  # parameters by number of channels, and those of them that are not fitted
    "resnet50": {1: (23_539_779, 45_570), 3: (23_546_057, 45_574)},
    "resnet152": {1: (58_273_859, 143_874), 3: (58_280_137, 143_878)},
    "inception_v3": {1: (21_802_208, 34_432), 3: (21_802_784, 34_432)},
}
SKIPS = {"resnet": (64, 256, 512, 1024, 2048), "inception": (64, 192, 288, 768, 2048)}
PLAIN = {"resnet": (256, 512, 1024, 2048), "inception": (192, 288, 768, 2048)}


class Weightless(keras.layers.Layer):
    def __init__(self, width):
        super().__init__()
        self.width = width

    def call(self, image):
        raise NotImplementedError("only its shape is asked for")

    def compute_output_shape(self, input_shape):
        return (*input_shape[:3], self.width)


@functools.cache
def decoder_parameters(family, topology, decoder):
    """Count a binary net on features without weights, of the widths of a real encoder.

    All of its parameters, and those of them that are not fitted.
    """

    def stand_in(image, name):
        skips = {2 << i: Weightless(width)(image) for i, width in enumerate(SKIPS[family])}
        return skips, {4 << i: Weightless(width)(image) for i, width in enumerate(PLAIN[family])}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tomoseg_tf.models.unet_plus_plus_nodes.features", stand_in)
        model = unet_plus_plus(
            (None, None, 1), 1, backbone="resnet50", topology=topology, decoder=decoder
        )
    moving = sum(np.prod(weight.shape) for weight in model.non_trainable_weights)
    return model.count_params(), moving


@pytest.mark.parametrize(
    ("topology", "backbone", "decoder", "one_channel", "three_channels"),
    [
        ("unet", "resnet50", "upsampling", (), (32_561_114, 32_561_259)),
        ("unet", "resnet50", "transpose", (), (36_535_770, 36_535_915)),
        (
            "unet",
            "resnet152",
            "upsampling",
            (67_288_916, 67_289_061, 67_289_206),
            (67_295_194, 67_295_339, 67_295_484),
        ),
        (
            "unet",
            "resnet152",
            "transpose",
            (71_263_572, 71_263_717),
            (71_269_850, 71_269_995),
        ),
        (
            "unet",
            "inception_v3",
            "upsampling",
            (29_932_529, 29_932_674, 29_932_819),
            (29_933_105, 29_933_250, 29_933_395),
        ),
        (
            "unet",
            "inception_v3",
            "transpose",
            (33_907_185, 33_907_330),
            (33_907_761, 33_907_906),
        ),
        ("unet+", "resnet50", "upsampling", (), (32_248_938, 32_249_227)),
        ("unet+", "resnet50", "transpose", (), (35_560_554, 35_560_843)),
        (
            "unet+",
            "resnet152",
            "upsampling",
            (66_976_740, 66_977_029),
            (66_983_018, 66_983_307, 66_983_596),
        ),
        ("unet+", "resnet152", "transpose", (70_288_356, 70_288_645), (70_294_634, 70_294_923)),
        (
            "unet+",
            "inception_v3",
            "upsampling",
            (28_993_665, 28_993_954),
            (28_994_241, 28_994_530, 28_994_819),
        ),
        ("unet+", "inception_v3", "transpose", (31_617_153, 31_617_442), (31_617_729, 31_618_018)),
        ("unet++", "resnet50", "upsampling", (), (34_387_050, 34_387_339)),
        ("unet++", "resnet50", "transpose", (), (37_698_666, 37_698_955)),
        (
            "unet++",
            "resnet152",
            "upsampling",
            (69_114_852, 69_115_141),
            (69_121_130, 69_121_419, 69_121_708),
        ),
        ("unet++", "resnet152", "transpose", (72_426_468, 72_426_757), (72_432_746, 72_433_035)),
        (
            "unet++",
            "inception_v3",
            "upsampling",
            (30_468_225, 30_468_514),
            (30_468_801, 30_469_090, 30_469_379),
        ),
        ("unet++", "inception_v3", "transpose", (33_091_713, 33_092_002), (33_092_289, 33_092_578)),
    ],
)
def test_parameter_counts_are_those_of_the_published_code(
    topology, backbone, decoder, one_channel, three_channels
):
    """Unet, Nestnet and Xnet. The encoders alone are counted in test_backbones.py."""
    family = backbone.split("_")[0].rstrip("0123456789")
    for channels, counts in ((1, one_channel), (3, three_channels)):
        for num_classes, expected in enumerate(counts, start=1):
            # Built once: each further class is one more kernel of the head.
            found, _ = decoder_parameters(family, topology, decoder)
            found += (num_classes - 1) * (3 * 3 * (16 if topology == "unet" else 32) + 1)
            assert ENCODERS[backbone][channels][0] + found == expected


@pytest.mark.parametrize(
    ("topology", "backbone", "one_channel", "three_channels"),
    [
        ("unet", "resnet50", None, 47_558),
        ("unet", "resnet152", 145_858, 145_862),
        ("unet", "inception_v3", 36_416, 36_416),
        ("unet+", "resnet50", None, 50_374),
        ("unet+", "resnet152", 148_674, 148_678),
        ("unet+", "inception_v3", 39_232, 39_232),
        ("unet++", "resnet50", None, 50_374),
        ("unet++", "resnet152", 148_674, 148_678),
        ("unet++", "inception_v3", 39_232, 39_232),
    ],
)
@pytest.mark.parametrize("decoder", ["upsampling", "transpose"])
def test_moving_averages_are_those_of_the_published_code(
    topology, backbone, decoder, one_channel, three_channels
):
    family = backbone.split("_")[0].rstrip("0123456789")
    _, found = decoder_parameters(family, topology, decoder)
    for channels, expected in ((1, one_channel), (3, three_channels)):
        assert expected in (None, ENCODERS[backbone][channels][1] + found)
