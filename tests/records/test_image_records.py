"""Records of images from the volumes to the batches."""

import numpy as np
import pytest
import tifffile

from tomoseg_tf.records import (
    Augmentation,
    open_records,
    read_manifest,
    training_batches,
    validation_batches,
    write_records,
)
from tomoseg_tf.volume import ArrayVolume, Normalisation, measure

SHAPE = (12, 10, 14)
SETTINGS = {"patch": "slice", "split": "slice", "fractions": (0.5, 0.25, 0.25)}


def make_pair(dtype="float32", seed=0):
    """A volume that can be told by its values, and a truth with ignored voxels."""
    rng = np.random.default_rng(seed)
    volume = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    volume = (volume * 0.37 - 100 if dtype[0] == "f" else volume).astype(dtype)
    return volume, rng.choice([0, 0, 1, 255], SHAPE).astype(np.uint8)


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def batches_of(folder, **options):
    """Every patch of the training split: images and truths without the channel."""
    rows = list(validation_batches(open_records(folder), split="training", batch_size=3, **options))
    return [np.concatenate([row[i].numpy() for row in rows])[..., 0] for i in range(2)]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_slices_come_back(tmp_path, dtype):
    volume, truth = make_pair(dtype)
    manifest = write_records(tmp_path / "r", [(volume, truth)], palette="classes", **SETTINGS)
    records = open_records(tmp_path / "r")
    assert (records.kind, records.patch, records.dtype) == ("images", (1, *SHAPE[1:]), dtype)
    assert records.sources[0].statistics == measure(volume)
    images, truths = batches_of(tmp_path / "r", normalisation=Normalisation("none"))
    places = [patch.origin[0] for shard in records.shards("training") for patch in shard.patches]
    assert len(places) == 6
    step = np.ptp(volume) / 65535 / 2 if dtype[0] == "f" else 0
    np.testing.assert_allclose(images[:, 0], volume[places], rtol=1e-6, atol=1.01 * step)
    np.testing.assert_array_equal(truths[:, 0], truth[places])
    told = any("rounding error is" in notice for notice in manifest["notices"])
    assert told == (dtype[0] == "f")


@pytest.mark.parametrize("method", ["zscore", "minmax", "percentile"])
def test_normalised_by_the_statistics_of_the_volume(tmp_path, method):
    """float32 slices with zingers: as NumPy normalises the volume itself, to a level."""
    volume, truth = make_pair()
    volume[3, 4, 5], volume[9, 1, 1] = 3000, -2000
    pairs = [(volume, truth), (2 * volume + 7, truth)]
    write_records(tmp_path / "r", pairs, palette="classes", **SETTINGS | {"fractions": (1, 0, 0)})
    normalisation = Normalisation(method, top=255.0 if method == "percentile" else 1.0)
    images, _ = batches_of(tmp_path / "r", normalisation=normalisation)
    for array, found in zip((volume, 2 * volume + 7), (images[:12], images[12:]), strict=True):
        mapping = normalisation.intensity(measure(array))
        step = np.ptp(array) / 65535 / 2 / mapping.scale
        np.testing.assert_allclose(found[:, 0], mapping(array), atol=1.01 * step + 1e-6)


def test_patches_and_batches_of_a_2d_network(tmp_path):
    write_records(tmp_path / "r", [make_pair()], **SETTINGS | {"patch": (1, 5, 7)})
    records = open_records(tmp_path / "r")
    assert records.count("training") == 6 * 4
    batches, steps = training_batches(
        records,
        batch_size=4,
        normalisation=Normalisation(),
        crop=(1, 4, 4),
        crops_per_patch=2,
        augmentation=Augmentation(shift=0.3, zoom=(0.8, 1.2), rotation=20.0),
    )
    assert steps == 12
    (image, truth), *_ = batches.take(1)
    assert image.shape == truth.shape == (4, 1, 4, 4, 1)
    assert (image.dtype.name, truth.dtype.name) == ("float32", "uint8")


def test_what_is_outside_the_sample_is_stored_and_left_out(tmp_path):
    """A float volume with NaN outside its mask: grey values inside, zeros and ignore outside."""
    volume, truth = make_pair()
    inside = np.zeros(SHAPE, np.uint8)
    inside[:, 2:8, 3:12] = 1
    volume[inside == 0] = np.nan
    settings = SETTINGS | {"fractions": (1, 0, 0), "mask": [inside], "palette": "classes"}
    manifest = write_records(tmp_path / "r", [(volume, truth)], **settings)
    assert "left out in training unless the recipe keeps it" in " ".join(manifest["notices"])
    left_out = Normalisation("none", outside="left_out")
    images, truths = batches_of(tmp_path / "r", normalisation=left_out)
    step = np.nanmax(volume) - np.nanmin(volume)
    np.testing.assert_allclose(
        images[:, 0], np.where(inside, volume, 0), atol=step / 65535, rtol=1e-6
    )
    np.testing.assert_array_equal(truths[:, 0], np.where(inside, truth, 255))


def test_resumes_to_the_same_bytes(tmp_path):
    def stop(done, total):
        if done == 17:
            raise KeyboardInterrupt

    settings = {**SETTINGS, "patch": (1, 5, 7), "patches_per_shard": 5, "skip_empty": True}
    pair = make_pair()
    with pytest.raises(KeyboardInterrupt):
        write_records(tmp_path / "r", [pair], progress=stop, **settings)
    notices = []
    write_records(tmp_path / "r", [pair], notify=notices.append, **settings)
    write_records(tmp_path / "straight", [pair], **settings)
    assert notices[0].startswith("Going on after")
    assert contents(tmp_path / "r") == contents(tmp_path / "straight")


def test_other_splits_are_other_settings(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    settings = {**SETTINGS, "patches_per_shard": 1}
    with pytest.raises(KeyboardInterrupt):
        write_records(tmp_path / "r", [make_pair()], progress=stop, **settings)
    with pytest.raises(ValueError, match=r"split\.slices is null there and .6, 3, 3. here"):
        write_records(tmp_path / "r", [make_pair()], slices=(6, 3, 3), **settings)


def test_patches_without_an_object_are_left_out(tmp_path):
    truth = np.zeros(SHAPE, np.uint8)
    truth[4, 2, 3] = truth[7, 9, 13] = 1
    truth[5] = 255
    settings = {"patch": (1, 5, 7), "skip_empty": True, "palette": "classes"}
    manifest = write_records(
        tmp_path / "r", [(make_pair()[0], truth)], fractions=(1, 0, 0), **settings
    )
    origins = [p["origin"] for shard in manifest["shards"]["training"] for p in shard["patches"]]
    assert origins == [[4, 0, 0], [7, 5, 7]]
    assert "4 patches hold only ignored voxels and were left out" in manifest["notices"]
    assert "42 patches hold only background and were left out" in manifest["notices"]


def test_slices_without_an_object_are_not_drawn_and_the_others_are_whole(tmp_path):
    """As in the thesis: scores are taken on whole slices, all four patches of each."""
    truth = np.zeros(SHAPE, np.uint8)
    truth[4, 2, 3] = truth[7, 9, 13] = 1
    settings = {"patch": (1, 5, 7), "skip_empty": True, "split": "slice", "slices": (1, 0, 1)}
    manifest = write_records(tmp_path / "s", [(make_pair()[0], truth)], **settings)
    assert manifest["notices"][0].startswith("10 slices hold background only and were left out")
    for split in ("training", "test"):
        origins = [p["origin"] for s in manifest["shards"][split] for p in s["patches"]]
        assert {z for z, _, _ in origins} < {4, 7}
        assert [place for _, *place in origins] == [[0, 0], [0, 7], [5, 0], [5, 7]]


def test_an_empty_split_is_refused(tmp_path):
    truth = np.zeros(SHAPE, np.uint8)
    truth[0] = 1
    with pytest.raises(ValueError, match=r"validation split would hold no patch: .* background"):
        write_records(
            tmp_path / "r",
            [(make_pair()[0], truth)],
            patch="slice",
            split="block",
            skip_empty=True,
        )


def test_neighbouring_slices_are_read_together(tmp_path):
    """A thousand slices drawn one by one: one slab for each pass, and no slice by itself."""

    class Watched(ArrayVolume):
        reads = 0

        def read(self, start, stop):
            Watched.reads += 1
            return super().read(start, stop)

    rng = np.random.default_rng(0)
    volume = Watched(rng.integers(0, 99, (1000, 8, 8)).astype("uint16"))
    truth = Watched((rng.random(volume.shape) < 0.5).astype("uint8"))
    write_records(tmp_path / "r", [(volume, truth)], patch="slice", split="slice")
    assert len(read_manifest(tmp_path / "r").sources[0].blocks) > 300
    assert Watched.reads < 20


def test_whole_slices_must_be_of_one_size(tmp_path):
    small = np.zeros((2, 8, 20), np.uint8)
    pairs = [(ArrayVolume(np.zeros(SHAPE, np.uint8), name="a"), np.zeros(SHAPE, np.uint8))]
    pairs.append((ArrayVolume(small, name="b"), small))
    message = "those of b have 8 x 20 voxels and those of a 10 x 14; .* at most 1,8,14"
    with pytest.raises(ValueError, match=message):
        write_records(tmp_path / "r", pairs, patch="slice", fractions=(1, 0, 0))
    with pytest.raises(ValueError, match="patch 'slices' must be three sides"):
        write_records(tmp_path / "r", pairs, patch="slices")


def test_nan_inside_and_unnamed_classes_name_the_file(tmp_path):
    volume, truth = make_pair()
    volume[3, 4, 5] = np.nan
    np.save(tmp_path / "grey.npy", volume)
    settings = SETTINGS | {"palette": "classes"}
    message = r"grey\.npy: 1 voxels are NaN .* \(z, y, x\) = \(3, 4, 5\)"
    with pytest.raises(ValueError, match=message):
        write_records(tmp_path / "r", [(tmp_path / "grey.npy", truth)], **settings)
    np.save(tmp_path / "truth.npy", truth + 1)
    with pytest.raises(ValueError, match=r"truth\.npy: the truth holds class 2 \(\d+ voxels\)"):
        write_records(tmp_path / "r", [(make_pair()[0], tmp_path / "truth.npy")], **settings)


def test_folders_of_slices_are_matched_by_name(tmp_path):
    volume, truth = make_pair("uint8")
    for name, array in (("grey", volume), ("truth", truth)):
        (tmp_path / name).mkdir()
        for z in range(4):
            tifffile.imwrite(tmp_path / name / f"s{z}.tif", array[z], photometric="minisblack")
    pair = (tmp_path / "grey", tmp_path / "truth")
    settings = SETTINGS | {"palette": "classes"}
    write_records(tmp_path / "r", [pair], **settings)
    (tmp_path / "truth" / "s1.tif").rename(tmp_path / "truth" / "s7.tif")
    with pytest.raises(ValueError, match=r"truth has no slice for s1; .*grey has no slice for s7"):
        write_records(tmp_path / "s", [pair], **settings)
