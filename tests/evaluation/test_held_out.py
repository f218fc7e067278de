"""The shipped weights reproduce the scores on their card."""

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.evaluation.held_out import (
    IMAGE,
    MICROPILLAR,
    TOLERANCE,
    check_scores,
    list_not_repeatable,
    score_dendrites,
    score_image,
    score_micropillar,
)
from tomoseg_tf.models import unet_3d
from tomoseg_tf.volume import ArrayVolume, through_filters
from tomoseg_tf.weights import WeightsConfig, class_entries, open_weights, save_weights

SHIPPED = "unet_3d_micropillar"
DENDRITE = "residual_unet_3d_dendrite"
INCLUSIONS = "unet_3d_inclusions"
SLICES = ("unet_2d_alcu", "unet_2d_sandstone")


def claims():
    return [row for row in open_weights(SHIPPED).config.scores if row["data"] == MICROPILLAR]


def test_the_smallest_scan_gives_the_scores_of_the_card():
    row = min(claims(), key=lambda row: np.prod([int(side) for side in row["shape"].split(",")]))
    shape = tuple(int(side) for side in row["shape"].split(","))
    measured = score_micropillar(SHIPPED, shape=shape, seed=row["seed"])
    for name, value in row.items():
        if isinstance(value, float):
            assert measured[name] == pytest.approx(value, abs=TOLERANCE), name


def test_dendrites_are_found_as_the_card_says_and_better_than_by_grey():
    rows = [row for row in open_weights(DENDRITE).config.scores if "seed" in row]
    assert [row["seed"] for row in rows] == [101, 102, 103]
    assert all(row["dice"] > row["dice of the best filtered grey window"] + 0.03 for row in rows)
    shape = tuple(int(side) for side in rows[0]["shape"].split(","))
    measured = score_dendrites(DENDRITE, shape=shape, seed=101)
    for name in ("iou", "recall", "precision", "dice", "bf1"):
        assert measured[name] == pytest.approx(rows[0][name], abs=TOLERANCE), name


@pytest.mark.parametrize("seed", [101, 102, 103, 104])
def test_the_card_claims_what_no_grey_window_reaches(seed):
    row = next(row for row in claims() if row["seed"] == seed)
    assert row["recall"] >= 0.92
    assert row["precision"] >= 0.85
    assert row["dice"] >= row["dice of the best filtered grey window"] + 0.2


def test_objects_are_found_in_scans_of_a_kind_that_was_never_shown():
    rows = [row for row in open_weights(INCLUSIONS).config.scores if row["data"] == MICROPILLAR]
    assert [row["seed"] for row in rows] == [101, 102]
    assert all(row["dice"] > row["dice of the best filtered grey window"] + 0.6 for row in rows)
    shape = tuple(int(side) for side in rows[0]["shape"].split(","))
    measured = score_micropillar(INCLUSIONS, shape=shape, seed=101)
    for name in ("recall", "precision", "dice"):
        assert measured[name] == pytest.approx(rows[0][name], abs=TOLERANCE), name


@pytest.mark.parametrize("name", SLICES)
def test_the_held_out_image_gives_the_scores_of_the_card(name):
    (row,) = check_scores(name)
    (claimed,) = (row for row in open_weights(name).config.scores if row["data"] == IMAGE)
    assert row == pytest.approx(claimed, abs=TOLERANCE)


def test_sandstone_is_segmented_as_well_as_promised():
    row = open_weights("unet_2d_sandstone").config.scores[-1]
    assert (row["data"], row["shape"]) == (IMAGE, "1,1024,996")
    assert row["miou"] >= 0.89


def save(folder, scores, filters=(), **options):
    arguments = {
        "input_shape": [None, None, None, 1],
        "num_classes": 1,
        "levels": 1,
        "base_features": 1,
    }
    config = WeightsConfig(
        model="unet_3d",
        arguments=arguments,
        classes=class_entries(("background", "object")),
        scores=scores,
        filters=filters,
    )
    load_keras().utils.set_random_seed(1)
    save_weights(folder, unet_3d(**arguments), config, card="# Not fitted\n", **options)
    return folder


def test_a_false_claim_is_found(tmp_path):
    row = {"data": MICROPILLAR, "shape": "16,64,64", "seed": 1, "recall": 0.987}
    with pytest.raises(ValueError, match=r"recall on seed 1 is .*, but its card says 0.987"):
        check_scores(save(tmp_path / "weights", (row,)))


def test_scans_go_through_the_filters_of_the_weights(tmp_path):
    grey = np.random.default_rng(0).integers(0, 255, (4, 16, 16), np.uint8)
    truth = (grey > 128).astype(np.uint8)
    plain = save(tmp_path / "plain", ())
    behind = save(tmp_path / "behind", (), filters=("invert", "local:5"))
    seen = through_filters(ArrayVolume(grey), ["invert", "local:5"])
    assert score_image(behind, grey, truth) == score_image(plain, seen, truth)
    assert score_image(behind, grey, truth) != score_image(plain, grey, truth)


def test_a_false_claim_on_the_image_is_found(tmp_path):
    grey = np.random.default_rng(0).integers(0, 255, (4, 8, 8), np.uint8)
    row = {"data": IMAGE, "shape": "4,8,8", "miou": 2.0}
    folder = save(tmp_path / "weights", (row,), held_out=(grey, grey // 128))
    with pytest.raises(ValueError, match=r"miou on held-out image is 0.*, but its card says 2.0"):
        check_scores(folder)


def test_a_row_is_measured_at_its_own_threshold(tmp_path):
    grey = np.random.default_rng(0).integers(0, 255, (4, 8, 8), np.uint8)
    row = {"data": IMAGE, "shape": "4,8,8", "threshold": 1.0, "IoU object": 0.0}
    folder = save(tmp_path / "weights", (row,), held_out=(grey, np.ones_like(grey)))
    with pytest.raises(ValueError, match=r"miou on held-out image is 0.0, but its card says None"):
        check_scores(folder)  # above 1 there is no object


def test_scores_of_data_that_are_not_at_hand_are_named(tmp_path):
    grey = np.zeros((4, 8, 8), np.uint8)
    rows = [{"data": name} for name in ("validation", IMAGE, "my scan", "my scan", MICROPILLAR)]
    assert list_not_repeatable(save(tmp_path / "bare", rows)) == ["validation", IMAGE, "my scan"]
    whole = save(tmp_path / "whole", rows, held_out=(grey, grey))
    assert list_not_repeatable(whole) == ["validation", "my scan"]


def test_weights_without_claims_are_told_so(tmp_path):
    with pytest.raises(ValueError, match="claims no scores that can be"):
        check_scores(save(tmp_path / "weights", ()))
