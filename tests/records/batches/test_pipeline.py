import numpy as np
import pytest

from tomoseg_tf.records import (
    Augmentation,
    open_records,
    training_batches,
    validation_batches,
    write_records,
)
from tomoseg_tf.volume import ArrayVolume, Normalisation

RAW = Normalisation(method="none")


def take(dataset, number):
    return [[part.numpy() for part in batch] for batch in dataset.take(number)]


def assert_equal(first, second):
    assert len(first) == len(second)
    for (image, truth), (other_image, other_truth) in zip(first, second, strict=True):
        np.testing.assert_array_equal(image, other_image)
        np.testing.assert_array_equal(truth, other_truth)


def test_an_epoch_holds_every_patch_once(records, pairs):
    batches, steps = training_batches(records, batch_size=2, normalisation=RAW)
    assert steps == 4
    first = [row.blocks[0].split for row in records.sources].index("training")
    everything = np.sort(pairs[first][0].ravel())
    for epoch in range(3):
        images = [image for image, _ in take(batches.skip(epoch * steps), steps)]
        np.testing.assert_array_equal(np.sort(np.ravel(images)), everything)


def test_batches_are_what_a_network_takes(records):
    batches, _ = training_batches(records, batch_size=3, normalisation=RAW, crop=(4, 8, 6))
    image, truth = batches.element_spec
    assert image.shape == truth.shape == (3, 4, 8, 6, 1)
    assert (image.dtype.name, truth.dtype.name) == ("float32", "uint8")


def test_order_changes_with_the_epoch_and_the_seed(records):
    def corners(seed):
        batches, _ = training_batches(records, batch_size=8, normalisation=RAW, seed=seed)
        return [image[:, 0, 0, 0, 0].tolist() for image, _ in take(batches, 3)]

    first, second, third = corners(0)
    assert sorted(first) == sorted(second) == sorted(third)
    assert first != second != third
    assert corners(0) == [first, second, third]
    assert corners(1)[0] != first


SETTINGS = {
    "batch_size": 3,
    "normalisation": Normalisation(training="patch"),
    "crop": (4, 8, 8),
    "crops_per_patch": 2,
    "foreground": 0.5,
    "balance": 0.9,
    "augmentation": Augmentation(upscale=(1.0, 1.5), noise=0.1, brightness=0.2),
    "seed": 11,
}


@pytest.mark.parametrize("epoch", [1, 3])
def test_starting_at_an_epoch_is_the_tail(records, epoch):
    batches, steps = training_batches(records, **SETTINGS)
    later, _ = training_batches(records, **SETTINGS, first_epoch=epoch)
    assert steps == 5
    assert_equal(take(batches, 5 * steps)[epoch * steps :], take(later, (5 - epoch) * steps))


def test_truth_goes_with_its_image(tmp_path):
    """The image is the truth, through crops, turns and flips; ignored voxels are 255 in both."""
    truth = np.random.default_rng(2).choice([0, 1, 255], (16, 16, 16)).astype(np.uint8)
    write_records(tmp_path / "r", [(truth, truth)], patch=(8, 8, 8), fractions=(1, 0, 0))
    batches, steps = training_batches(
        open_records(tmp_path / "r"),
        batch_size=2,
        normalisation=RAW,
        crop=(6, 6, 6),
        crops_per_patch=2,
        foreground=0.5,
        augmentation=Augmentation(quarter_turns=("z", "y", "x")),
    )
    for image, classes in take(batches, 2 * steps):
        np.testing.assert_array_equal(image, classes)
        assert set(np.unique(classes)) == {0, 1, 255}


def test_each_scan_is_tilted_by_its_own_voxels(tmp_path):
    """What two scans of other proportions give is what each gives beside one of its own."""
    cube, flat = (1.0, 1.0, 1.0), (2.0, 1.0, 1.0)
    tilted = Augmentation(rotation=45.0, axes=("x",), quarter_turns=(), flips=False)

    def images(name, *spacings):
        pairs = [
            (ArrayVolume(np.full((8, 8, 8), index + 1, np.uint8), spacing=spacing), truth)
            for index, spacing in enumerate(spacings)
            for truth in [np.random.default_rng(index).integers(0, 2, (8, 8, 8), np.uint8)]
        ]
        write_records(tmp_path / name, pairs, patch=(8, 8, 8), fractions=(1, 0, 0))
        batches, _ = training_batches(
            open_records(tmp_path / name), batch_size=2, normalisation=RAW, augmentation=tilted
        )
        changed = [pair for batch in take(batches, 4) for pair in zip(*batch, strict=True)]
        return [
            np.array([each for grey, each in changed if grey[0, 0, 0, 0] == value])
            for value in (1, 2)
        ]

    mixed = images("mixed", cube, flat)
    one, other = images("one", cube, cube), images("other", flat, flat)
    np.testing.assert_array_equal(mixed[0], one[0])
    np.testing.assert_array_equal(mixed[1], other[1])
    assert (mixed[1] != one[1]).any()


def test_foreground_crops_hold_an_object(records):
    batches, steps = training_batches(
        records,
        batch_size=4,
        normalisation=RAW,
        crop=(4, 4, 4),
        crops_per_patch=8,
        foreground=1.0,
    )
    assert steps == 16
    assert all((truth == 1).any(axis=(1, 2, 3, 4)).all() for _, truth in take(batches, steps))


def test_a_batch_mixes_patches(records):
    """Crops of one patch are not neighbours: those of four patches take turns."""
    batches, _ = training_batches(
        records, batch_size=4, normalisation=RAW, crop=(1, 1, 1), crops_per_patch=4
    )
    for image, _ in take(batches, 8):
        assert len(np.unique(image)) == 4


def test_balance_repeats_patches_with_objects(tmp_path):
    truth = np.zeros((8, 8, 32), np.uint8)
    truth[0, 0, 0] = 1
    volume = np.arange(truth.size, dtype="uint16").reshape(truth.shape)
    write_records(tmp_path / "r", [(volume, truth)], patch=(8, 8, 8), fractions=(1, 0, 0))
    records = open_records(tmp_path / "r")
    batches, steps = training_batches(records, batch_size=1, normalisation=RAW, balance=0.5)
    held = [truth.any() for _, truth in take(batches, steps)]
    assert (steps, sum(held)) == (6, 3)


def test_validation_gives_each_patch_once_in_order(records, pairs):
    batches = validation_batches(records, batch_size=3, normalisation=RAW)
    assert batches.cardinality() == 3
    rows = take(batches, -1)
    assert [len(image) for image, _ in rows] == [3, 3, 2]
    source = [row.blocks[0].split for row in records.sources].index("validation")
    patches = [patch for shard in records.shards("validation") for patch in shard.patches]
    images = np.concatenate([image for image, _ in rows])
    truths = np.concatenate([truth for _, truth in rows])
    for image, truth, patch in zip(images, truths, patches, strict=True):
        box = tuple(slice(o, o + s) for o, s in zip(patch.origin, records.patch, strict=True))
        np.testing.assert_array_equal(image[..., 0], pairs[source][0][box])
        np.testing.assert_array_equal(truth[..., 0], pairs[source][1][box])
    full = validation_batches(records, batch_size=3, normalisation=RAW, drop_remainder=True)
    assert [len(image) for image, _ in take(full, -1)] == [3, 3]


def test_patch_statistics_are_those_of_the_crop(records):
    batches, _ = training_batches(
        records, batch_size=2, normalisation=Normalisation(training="patch"), crop=(4, 6, 6)
    )
    for image, _ in take(batches, 4):
        np.testing.assert_allclose(image.mean(axis=(1, 2, 3, 4)), 0, atol=1e-5)
        np.testing.assert_allclose(image.std(axis=(1, 2, 3, 4)), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 9}, "an epoch has 8 crops, fewer than a batch of 9"),
        ({"batch_size": 0}, "batch_size 0 must be a whole number of 1 or more"),
        ({"crops_per_patch": 0}, "crops_per_patch 0 must be"),
        ({"foreground": 1.5}, "foreground 1.5 must be a probability"),
        ({"first_epoch": -1}, "first_epoch -1 and seed 0 must be 0 or more"),
        ({"balance": 1.0}, "balance 1 must be a share"),
        ({"crop": (9, 8, 8)}, "crop .* must be three sides"),
        ({"split": "train"}, "split 'train' is not known"),
        ({"normalisation": Normalisation("percentile", low=3.0)}, "percentile 3 was not measured"),
    ],
)
def test_wrong_settings(records, changes, message):
    with pytest.raises(ValueError, match=message):
        training_batches(records, **({"batch_size": 2, "normalisation": RAW} | changes))


def test_empty_split(tmp_path, pairs):
    write_records(tmp_path / "r", pairs[:1], patch=(8, 8, 8), fractions=(1, 0, 0))
    with pytest.raises(ValueError, match="the validation split holds no patch; write"):
        validation_batches(open_records(tmp_path / "r"), batch_size=1, normalisation=RAW)


@pytest.mark.parametrize("patch", [(4, 12, 10), (1, 12, 10)])
def test_rings_and_cups_are_about_the_axis_of_the_scan(tmp_path, patch):
    """Grey values that tell the place: what is added depends on the distance from the middle."""
    place = np.arange(4 * 24 * 20, dtype=np.uint16).reshape(4, 24, 20)
    write_records(
        tmp_path / "r", [(place, np.zeros(place.shape, "u1"))], patch=patch, fractions=(1, 0, 0)
    )
    settings = {"flips": False, "quarter_turns": ()}
    cut = {"batch_size": 4, "crop": (1, 7, 6), "crops_per_patch": 8, "normalisation": RAW}
    plain, cups = (
        take(training_batches(open_records(tmp_path / "r"), **cut, augmentation=each)[0], 6)
        for each in (None, Augmentation(cupping=0.1, **settings))
    )
    for image, cup in zip(plain, cups, strict=True):
        places, crops = (each[0].reshape(-1, 7 * 6) for each in (image, cup))
        for where, added in zip(places.astype(int), crops - places, strict=True):
            y, x = np.unravel_index(where, place.shape)[1:]
            shape = np.hypot(y - 11.5, x - 9.5).clip(0, 10) / 10
            depth = np.dot(added, shape**2 - 0.5) / np.dot(shape**2 - 0.5, shape**2 - 0.5)
            assert 0 <= depth <= 0.1
            np.testing.assert_allclose(added, depth * (shape**2 - 0.5), atol=2e-3)
