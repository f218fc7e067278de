import numpy as np
import pytest

from tomoseg_tf.records import open_records, write_records
from tomoseg_tf.training.arguments import network_arguments
from tomoseg_tf.training.best import pooled_statistics, weights_config
from tomoseg_tf.training.run import run_manifest
from tomoseg_tf.volume import ArrayVolume, measure


def test_pooled_statistics_are_those_of_all_voxels_together():
    rng = np.random.default_rng(0)
    parts = [rng.integers(0, 200, (4, 5, 6)), rng.integers(100, 255, (3, 5, 6))]
    parts = [part.astype(np.uint8) for part in parts]
    pooled = pooled_statistics([measure(ArrayVolume(part)) for part in parts])
    everything = np.concatenate([part.ravel() for part in parts])
    assert pooled.voxels == everything.size
    assert (pooled.minimum, pooled.maximum) == (everything.min(), everything.max())
    assert pooled.mean == pytest.approx(everything.mean())
    assert pooled.std == pytest.approx(everything.std())


def test_statistics_of_one_volume_are_kept_as_they_are():
    statistics = measure(ArrayVolume(np.arange(24, dtype=np.uint8).reshape(2, 3, 4)))
    assert pooled_statistics([statistics]) is statistics


def test_weights_say_what_prediction_must_know(records, tiny):
    recipe, opened = tiny(seed=5), open_records(records)
    row = {"epoch": 3, "loss": 0.2, "val_loss": 0.25, "val_dice": float("nan")}
    config = weights_config(recipe, network_arguments(recipe, 2), opened, row)
    assert config.model == "unet_3d"
    assert config.arguments["num_classes"] == 1
    assert config.threshold == 0.5
    assert config.normalisation == recipe.normalisation
    assert [entry.name for entry in config.classes] == ["background", "object"]
    assert config.intensity.voxels == 2 * 40 * 24 * 24
    assert config.seed == 5
    assert config.recipe == recipe.to_dict()
    assert config.scores == (
        {"data": "validation", "epoch": 3, "val_loss": 0.25, "val_dice": None},
    )
    assert "keras" in config.versions


def test_weights_state_the_patches_that_were_seen(tiny, tmp_path):
    """Half of the patches lie outside the sample, in x."""
    volume, truth, mask = np.zeros((3, 32, 8, 8), np.uint8)
    volume[::2], truth[::4], mask[:, :, :4] = 9, 1, 1
    settings = {"patch": (8, 8, 4), "split": "block", "fractions": (0.5, 0.5, 0.0), "guard": 0}
    write_records(tmp_path / "r", [(volume, truth)], mask=[mask], **settings)
    opened, recipe = open_records(tmp_path / "r"), tiny()
    config = weights_config(recipe, network_arguments(recipe, 2), opened, {"epoch": 1})
    assert opened.count("training") == opened.count("validation") == 4
    assert config.data.startswith("2 patches of 8 × 8 × 4 voxels")
    seen = run_manifest(opened, tmp_path / "r", recipe, ())["patches"]
    assert seen == {"training": 2, "validation": 2}


def test_weights_state_the_sample_and_the_filters(tiny, tmp_path):
    rng = np.random.default_rng(0)
    rows, columns = np.ogrid[:24, :24]
    volume = rng.normal(100, 20, (16, 24, 24))
    volume[:, np.hypot(rows - 11.5, columns - 11.5) > 12] = np.nan
    truth = (rng.random(volume.shape) < 0.1).astype(np.uint8)
    settings = {"patch": (8, 8, 8), "split": "block", "fractions": (0.5, 0.5, 0.0)}
    write_records(tmp_path / "r", [(volume, truth)], filters=["median:3"], **settings)
    opened, recipe = open_records(tmp_path / "r"), tiny()
    config = weights_config(recipe, network_arguments(recipe, 2), opened, {"epoch": 1})
    assert config.filters == ("median:size=3,axes=zyx",)
    assert config.normalisation.outside == "left_out"
    assert config.intensity.voxels == np.isfinite(volume).sum()
