"""Networks of slices: each builder, from records of volumes, with everything a run has."""

import numpy as np
import pytest

from tomoseg_tf.records import open_records, write_records
from tomoseg_tf.training import check_recipe, train
from tomoseg_tf.training.checkpoint import read_state
from tomoseg_tf.training.network import find_class_weights
from tomoseg_tf.weights import load, open_weights

TINY_NETS = {
    "unet_2d": {"levels": 2, "base_features": 2},
    "fcdense_2d": {"blocks": [1, 1, 1], "growth_rate": 2, "base_features": 2},
    "segnet_2d": {"variant": "basic", "widths": [2, 2]},
    "unet_plus_plus": {"widths": [2, 2, 2], "heads": "accurate"},
    "pspnet": {"backbone": "resnet18", "downsample_factor": 4, "filters": 2},
    "xlearn_unet": {"base_features": 2},
}


@pytest.fixture(scope="module")
def slices(tmp_path_factory):
    """Patches of 2 x 48 x 48 voxels: three classes, some of it to be ignored."""
    rng = np.random.default_rng(0)
    truth = np.zeros((12, 48, 48), np.uint8)
    truth[:, 4:20, 8:40] = 1
    truth[:, 28:44, 8:30] = 2
    truth[:, :, :3] = 255
    volume = (60 * np.minimum(truth, 3) + rng.integers(0, 20, truth.shape)).astype(np.uint8)
    folder = tmp_path_factory.mktemp("slices") / "records"
    split = {"split": "block", "fractions": (0.7, 0.3, 0.0), "guard": 0}
    classes = ("matrix", "bright", "brighter")
    write_records(folder, [(volume, truth)], patch=(2, 48, 48), classes=classes, **split)
    return folder


def recipe(tiny, name, epochs=2, **sections):
    side = 24 if name == "pspnet" else 16
    settings = {
        "model": {"name": name, "arguments": TINY_NETS[name]},
        "batches": {"batch_size": 2, "crop": [1, side, side], "validation_batch_size": 3},
        "schedule": {"epochs": epochs},
    }
    return tiny(**{**settings, **sections})


@pytest.mark.parametrize("name", TINY_NETS)
def test_every_network_of_slices_is_trained_and_its_weights_load(
    tiny, slices, tmp_path, name, read_history
):
    summary = train(recipe(tiny, name, epochs=1), slices, tmp_path / "run")
    (row,) = read_history(tmp_path / "run")
    assert summary["loss"]["value"] == float(row["val_loss"])
    assert 0 < float(row["val_accuracy"]) < 1
    assert {"val_dice_bright", "val_dice_brighter"} <= set(row)
    weights = open_weights(tmp_path / "run" / "best_loss")
    sides = [16, 16] if name == "xlearn_unet" else [None, None]
    assert weights.config.arguments["input_shape"] == [*sides, 1]
    assert load(tmp_path / "run" / "best_loss").output_shape[-1] == 3


def test_an_interrupted_run_of_slices_ends_as_one_that_was_not(
    tiny, slices, tmp_path, read_history
):
    """With fixed sides, dropout, weights of all kinds, and epochs of fixed length."""
    chosen = recipe(
        tiny,
        "xlearn_unet",
        model={"name": "xlearn_unet", "arguments": {"base_features": 2}, "channels": 3},
        loss={"border_weight": 2.0, "boundary_weight": 1.0, "class_weights": "inverse_frequency"},
        schedule={"epochs": 2, "steps_per_epoch": 2},
    )

    def stop(row):
        if row["epoch"] == 1:
            raise KeyboardInterrupt

    train(chosen, slices, tmp_path / "straight")
    with pytest.raises(KeyboardInterrupt):
        train(chosen, slices, tmp_path / "broken", report=stop)
    train(chosen, slices, tmp_path / "broken")
    assert read_history(tmp_path / "broken") == read_history(tmp_path / "straight")
    runs = [tmp_path / run / "last" / "state.npz" for run in ("straight", "broken")]
    for one, other in zip(*(read_state(run).variables for run in runs), strict=True):
        np.testing.assert_array_equal(one, other)
    config = open_weights(tmp_path / "broken" / "best_dice").config
    assert config.arguments["input_shape"] == [16, 16, 3]


def test_slices_that_do_not_fit_are_padded_for_the_validation(tiny, slices, tmp_path, read_history):
    """Slices of 48 pixels a side for a network of stride 32, as prediction pads them to 64."""
    chosen = recipe(
        tiny,
        "unet_2d",
        epochs=1,
        model={"name": "unet_2d", "arguments": {"levels": 6, "base_features": 1}},
        batches={"batch_size": 2, "crop": [1, 32, 32], "validation_batch_size": 2},
    )
    train(chosen, slices, tmp_path / "run")
    (row,) = read_history(tmp_path / "run")
    assert 0 < float(row["val_accuracy"]) < 1


def test_validation_scores_do_not_depend_on_its_batch_size(tiny, slices, tmp_path, read_history):
    scores = []
    for size in (1, 4):
        batches = {"batch_size": 2, "crop": [1, 16, 16], "validation_batch_size": size}
        chosen = recipe(tiny, "unet_2d", epochs=1, batches=batches)
        train(chosen, slices, tmp_path / str(size))
        scores.append(read_history(tmp_path / str(size))[0])
    assert scores[0]["val_dice"] == scores[1]["val_dice"]
    assert scores[0]["val_accuracy"] == scores[1]["val_accuracy"]


@pytest.mark.parametrize(
    ("name", "sections", "message"),
    [
        ("pspnet", {"batches": {"crop": [1, 16, 24]}}, "the crop 1,16,24 does not fit pspnet: "),
        ("xlearn_unet", {"batches": {"crop": [1, 12, 16]}}, "the crop 1,12,16 does not fit xlearn"),
        ("unet_2d", {"model": {"name": "unet_3d", "channels": 3}}, "channels is 3, but unet_3d"),
        (
            "unet_2d",
            {"model": {"name": "unet_3d", "arguments": {"levels": 1}}},
            "the crop 1,16,16 is a slice, but unet_3d sees volumes",
        ),
        (
            "unet_plus_plus",
            {"model": {"name": "unet_plus_plus", "arguments": {"heads": "all"}}},
            "heads is 'all'",
        ),
    ],
)
def test_what_does_not_fit_is_one_line(tiny, slices, tmp_path, name, sections, message):
    chosen = recipe(tiny, name, **sections)
    with pytest.raises(ValueError, match=message) as caught:
        train(chosen, slices, tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("outside", "weights"), [("left_out", [1, 1]), ("kept", [2 / 3, 2])])
def test_inverse_frequencies_are_of_the_voxels_that_are_trained_on(tmp_path, outside, weights):
    """Half of the sample is object; the background outside of it counts only where it is kept."""
    volume = np.arange(8 * 16 * 16, dtype=np.uint16).reshape(8, 16, 16)
    truth, mask = np.zeros((2, *volume.shape), np.uint8)
    truth[:, :4], mask[:, :8] = 1, 1
    folder = tmp_path / "records"
    split = {"patch": (1, 16, 16), "split": "block", "fractions": (0.5, 0.5, 0.0), "guard": 0}
    write_records(folder, [(volume, truth)], mask=[mask], **split)
    chosen = check_recipe(
        {
            "model": {"name": "unet_2d"},
            "normalisation": {"method": "zscore", "outside": outside},
            "loss": {"class_weights": "inverse_frequency"},
        }
    )
    assert find_class_weights(chosen, open_records(folder)) == pytest.approx(weights)


def test_a_class_without_a_voxel_has_no_inverse_frequency(tiny, tmp_path):
    volume = np.arange(8 * 16 * 16, dtype=np.uint16).reshape(8, 16, 16)
    truth = (volume % 2).astype(np.uint8)
    folder = tmp_path / "records"
    split = {"split": "block", "fractions": (0.5, 0.5, 0.0), "guard": 0}
    classes = ("matrix", "one", "never")
    write_records(folder, [(volume, truth)], patch=(4, 16, 16), classes=classes, **split)
    chosen = recipe(tiny, "unet_2d", loss={"class_weights": "inverse_frequency"})
    with pytest.raises(ValueError, match="hold no voxel of 'never'"):
        train(chosen, folder, tmp_path / "run")
