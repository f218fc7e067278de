from tomoseg_tf.volume import Normalisation, Statistics
from tomoseg_tf.weights import WeightsConfig, card, class_entries, summary
from tomoseg_tf.weights.picture import with_picture, without_picture


def test_what_is_not_known_is_said(config):
    text = card(config)
    assert text.startswith("# unet_3d\n\nWeights of `unet_3d` for 2 classes: background, object.\n")
    assert "Simulated or real: not recorded" in text
    assert "Voxel size (z, y, x): not recorded; compare how many voxels wide" in text
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
    assert "| seed 1000 | value |\n| --- | --- |\n| dice | 0.912346 |\n| recall | - |\n\n" in text
    assert "| a\\|b | value |\n| --- | --- |\n| objects | 12 |\n" in text
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


def test_scores_of_several_scans_stand_side_by_side(config):
    rows = (
        {"data": "pillar", "seed": 1, "shape": "4,4,4", "dice": 0.5},
        {"data": "pillar", "seed": 2, "shape": "8,8,8", "dice": 0.25, "iou": 0.125},
        {"data": "slice", "iou": 0.1},
        {"data": "slice", "iou": 0.2},
    )
    text = card(config.model_copy(update={"scores": rows}))
    assert (
        "| pillar | seed 1 | seed 2 |\n| --- | --- | --- |\n| shape | 4,4,4 | 8,8,8 |\n"
        "| dice | 0.5 | 0.25 |\n| iou | - | 0.125 |\n\n"
        "| slice | 1 | 2 |\n| --- | --- | --- |\n| iou | 0.1 | 0.2 |\n"
    ) in text


def test_what_grey_levels_are_expected_is_said(config):
    assert "Grey levels: on any linear scale, 8-bit, 16-bit or float; mean and" in card(config)
    for method, words in (("minmax", "hot pixels"), ("none", "on the scale of those above")):
        other = config.model_copy(update={"normalisation": Normalisation(method)})
        assert words in card(other)


def test_a_picture_stands_before_the_first_section(config):
    text = card(config)
    once = with_picture(text, "A [slice],\nits truth")
    assert "\n\n![A  slice , its truth](picture.png)\n\n## Fitted on\n" in once
    assert with_picture(once, "New").count("picture.png") == 1
    assert without_picture(once) == text
    assert with_picture("# Net\n", "x") == "# Net\n\n![x](picture.png)\n"
