from tomoseg_tf.volume import Normalisation, Statistics
from tomoseg_tf.weights import WeightsConfig, card, class_entries, summary


def test_what_is_not_known_is_said(config):
    text = card(config)
    assert text.startswith("# unet_3d\n\nWeights of `unet_3d` for 2 classes: background, object.\n")
    assert "Simulated or real: not recorded" in text
    assert "Voxel size (z, y, x): not recorded." in text
    assert "Not measured." in text
    assert "Not studied." in text
    assert "Licence: not stated" in text


def test_what_is_known_is_said(config):
    known = config.model_copy(
        update={
            "simulated": True,
            "data": "Twelve micropillars",
            "spacing": (0.03, 0.029, 0.029),
            "intensity": Statistics(9, 0.0, 255.0, 130.2, 40.1, {1.0: 3.0, 99.0: 220.0}),
            "normalisation": Normalisation("percentile", 1.0, 99.0, training="patch"),
            "seed": 3,
            "licence": "BSD-3-Clause",
            "scores": (
                {"data": "seed 1000", "dice": 0.912345678, "recall": None},
                {"data": "a|b", "objects": 12},
            ),
        }
    )
    text = card(known, title="Pillar", description="Finds pores.", limits=["Rings.", "Edges."])
    assert text.startswith("# Pillar\n\nFinds pores.\n")
    assert "- Simulated scans. Twelve micropillars\n" in text
    assert "- Voxel size (z, y, x): 0.03 × 0.029 × 0.029 µm." in text
    assert "130.2 ± 40.1" in text
    assert "98 % of the voxels from 3 to 220" in text
    assert "percentile (1 to 99); in training statistics of each patch" in text
    assert "| data | dice | recall | objects |\n" in text
    assert "| seed 1000 | 0.912346 | - | - |\n| a\\|b | - | - | 12 |" in text
    assert "## Where they fail\n\n- Rings.\n- Edges.\n" in text
    assert "- Seed: 3\n" in text
    assert "- Licence: BSD-3-Clause\n" in text
    assert summary(text) == "Finds pores."


def test_many_classes_take_the_likeliest():
    config = WeightsConfig(
        model="unet_3d",
        arguments={"input_shape": [None, None, None, 1], "num_classes": 3},
        classes=class_entries(("matrix", "particle", "void")),
    )
    assert "| 2 | void | #56b4e9 |" in card(config)
    assert "the likeliest class is taken" in card(config)


def test_the_summary_is_the_first_plain_line():
    assert summary("# Title\n\n## Part\n\n  The `line`. \nNext.\n") == "The line."
    assert summary("# Title\n") == ""


def test_a_network_of_slices_tells_what_it_sees_and_gives():
    config = WeightsConfig(
        model="xlearn_unet",
        arguments={"input_shape": [32, 32, 3], "num_classes": 1, "activation": "relu"},
        classes=class_entries(("dark", "bright")),
        normalisation=Normalisation("minmax", top=255.0, outside="left_out"),
        filters=("median:size=3,axes=yx",),
    )
    text = card(config)
    assert "- Slices (Y, X) along z, grey repeated as 3 channels.\n" in text
    assert "- Normalisation: minmax, from 0 to 255; in training" in text
    assert "- What lies outside the sample is in no statistics and 0 to the network." in text
    assert "- Filters before all that: median:size=3,axes=yx.\n" in text
    assert "it may exceed 1; above 0.5 it is bright." in text
    assert "probability" not in text
