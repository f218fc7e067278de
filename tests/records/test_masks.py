import hashlib

import numpy as np
import pytest

from tomoseg_tf.records import (
    Augmentation,
    open_records,
    training_batches,
    validation_batches,
    write_records,
)
from tomoseg_tf.records.masks import mask_hash, open_masks
from tomoseg_tf.records.schema import decode_sample, encode
from tomoseg_tf.volume import (
    ArrayVolume,
    Normalisation,
    measure,
    open_sample,
    through_filters,
)

SHAPE = (8, 24, 24)
LEFT_OUT = Normalisation("zscore", outside="left_out")
SETTINGS = {"patch": (4, 12, 12), "split": "block", "fractions": (0.5, 0.5, 0.0)}


def circle():
    rows, columns = np.ogrid[:24, :24]
    return np.hypot(rows - 11.5, columns - 11.5) > 12


def pair(fill, dtype="f4"):
    """A scan with a fill outside its circle, and a truth with objects everywhere."""
    rng = np.random.default_rng(0)
    volume = rng.normal(100, 20, SHAPE).astype(dtype)
    volume[:, circle()] = fill
    return volume, (rng.random(SHAPE) < 0.2).astype(np.uint8)


def write(path, pairs, **settings):
    write_records(path, pairs, **{**SETTINGS, **settings})
    return open_records(path)


def validation(records, normalisation):
    batches = validation_batches(records, batch_size=1, normalisation=normalisation)
    return [(image[0, ..., 0], truth[0, ..., 0]) for image, truth in batches.as_numpy_iterator()]


@pytest.mark.parametrize("fill", [7, np.nan])
def test_training_sees_zero_outside_and_ignores_it(tmp_path, fill):
    volume, truth = pair(fill)
    records = write(tmp_path / "r", [(volume, truth)])
    source = records.sources[0]
    inside = open_sample(ArrayVolume(volume), "auto")
    assert source.mask == "auto"
    assert source.sample_statistics == measure(volume, sample=inside)
    assert source.statistics == (None if np.isnan(fill) else measure(volume))
    mapping = LEFT_OUT.intensity(source.sample_statistics)
    patches = validation(records, LEFT_OUT)
    assert len(patches) == 4
    corner, corner_truth = patches[0]
    outside = np.broadcast_to(circle()[:12, :12], corner.shape)
    assert not corner[outside].any()
    assert (corner_truth[outside] == 255).all()
    expected = mapping(volume[4:, :12, :12])
    np.testing.assert_allclose(corner[~outside], expected[~outside], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(corner_truth[~outside], truth[4:, :12, :12][~outside])


def test_training_by_patch_takes_the_sample_in_the_patch(tmp_path):
    volume, truth = pair(np.nan)
    records = write(tmp_path / "r", [(volume, truth)])
    for method in ("zscore", "minmax", "percentile"):
        normalisation = Normalisation(method, 5.0, 95.0, training="patch", outside="left_out")
        image, _ = validation(records, normalisation)[0]
        part = volume[4:, :12, :12]
        finite = np.isfinite(part)
        mapping = normalisation.intensity(measure(part[finite].reshape(1, 1, -1), (5, 95)))
        expected = np.where(finite, mapping(np.where(finite, part, 0)), 0)
        np.testing.assert_allclose(image, expected, rtol=1e-5, atol=1e-6)


def test_kept_sees_the_fill_and_its_truth_as_they_are(tmp_path):
    volume, truth = pair(7)
    records = write(tmp_path / "r", [(volume, truth)])
    mapping = Normalisation("zscore").intensity(measure(volume))
    image, classes = validation(records, Normalisation("zscore"))[0]
    np.testing.assert_allclose(image, mapping(volume[4:, :12, :12]), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(classes, truth[4:, :12, :12])


def test_augmentation_leaves_the_outside_at_zero(tmp_path):
    volume, truth = pair(np.nan)
    records = write(tmp_path / "r", [(volume, truth)])
    augmentation = Augmentation(
        upscale=(1.1, 1.5), quarter_turns=("z",), contrast=(0.5, 1.5), brightness=1.0, noise=1.0
    )
    batches, steps = training_batches(
        records, batch_size=4, normalisation=LEFT_OUT, augmentation=augmentation
    )
    image, classes = (part.numpy() for part in next(iter(batches)))
    assert steps == 1
    assert (classes == 255).any()
    np.testing.assert_array_equal(image == 0, classes == 255)


def test_patches_without_sample_are_passed_over(tmp_path):
    volume, truth = pair(7)
    mask = np.ones(SHAPE, np.uint8)
    mask[:, :12, :12] = 0
    records = write(tmp_path / "r", [(volume, truth)], mask=[mask])
    assert len(validation(records, LEFT_OUT)) == 3
    assert len(validation(records, Normalisation())) == 4
    patches = records.shards("validation")[0].patches
    assert patches[0].seen("left_out") == (0, 0, 4 * 12 * 12)
    assert patches[0].seen("kept")[2] == 0


def test_records_without_a_fill_suit_both(tmp_path):
    volume, truth = np.random.default_rng(1).normal(size=SHAPE), np.ones(SHAPE, np.uint8)
    records = write(tmp_path / "r", [(volume, truth)])
    assert records.sources[0].sample_statistics is None
    one, other = (validation(records, each) for each in (LEFT_OUT, Normalisation("zscore")))
    np.testing.assert_array_equal(one[0], other[0])


def test_normalisation_that_does_not_suit_the_records_is_refused(tmp_path):
    records = write(tmp_path / "nan", [pair(np.nan)])
    with pytest.raises(ValueError, match="holds NaN or infinite voxels outside the sample"):
        validation(records, Normalisation("zscore"))
    records = write(tmp_path / "none", [pair(7)], mask="none")
    with pytest.raises(ValueError, match=r"written without a mask, .* with --mask auto"):
        validation(records, LEFT_OUT)


def test_nan_in_the_sample_is_refused(tmp_path):
    volume, truth = pair(np.nan)
    volume[3, 12, 12] = np.inf
    with pytest.raises(ValueError, match=r"0 voxels are NaN and 1 are infinite inside the sample"):
        write(tmp_path / "r", [(volume, truth)])
    assert not (tmp_path / "r").exists()


def test_filters_come_first_and_are_recorded(tmp_path):
    volume, truth = pair(np.nan)
    records = write(tmp_path / "r", [(volume, truth)], filters=["median", "gaussian:0.5"])
    smooth = through_filters(ArrayVolume(volume), ["median", "gaussian:0.5"])
    assert records.manifest.filters == ("median:size=3,axes=zyx", "gaussian:sigma=0.5,axes=zyx")
    source = records.sources[0]
    assert source.sample_statistics == measure(smooth, sample=open_sample(smooth, "auto"))
    assert source.volume_sha256 == hashlib.sha256(volume.astype("<f4").tobytes()).hexdigest()
    stored = validation(records, Normalisation("none", outside="left_out"))[0][0]
    expected = smooth.read(4, 8)[:, :12, :12]
    np.testing.assert_array_equal(stored, np.nan_to_num(expected))


@pytest.mark.parametrize("shape", [(2, 3, 4), (1, 1, 1), (3, 3, 3)])
def test_sample_survives_a_round_trip(shape):
    inside = np.random.default_rng(0).random(shape) < 0.5
    zeros = np.zeros(shape, np.uint8)
    settings = {"origin": (0, 0, 0), "source": 0, "counts": []}
    record = encode(zeros, zeros, inside=inside, **settings)
    np.testing.assert_array_equal(decode_sample(record, shape), inside)
    assert decode_sample(encode(zeros, zeros, **settings), shape).numpy().all()


def test_one_mask_for_each_volume():
    volumes = [ArrayVolume(pair(7)[0]), ArrayVolume(pair(7)[0])]
    mask = np.ones(SHAPE, np.uint8)
    found = open_masks(volumes, [mask, "none"])
    assert [name for name, _ in found] == ["array", "none"]
    assert mask_hash(found[0][1], 8) == hashlib.sha256(mask.tobytes()).hexdigest()
    assert [name for name, _ in open_masks(volumes, "auto")] == ["auto", "auto"]
    with pytest.raises(ValueError, match="1 masks are given for 2 volumes; give one for each"):
        open_masks(volumes, [mask])
