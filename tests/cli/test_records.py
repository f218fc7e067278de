import json

import numpy as np
import pytest
import tifffile

from tomoseg_tf.records import open_records

COMMAND = ("records",)


@pytest.fixture
def pairs(tmp_path):
    """Command-line options for three samples of 16 x 16 x 16 voxels."""
    arguments = []
    for index in range(3):
        rng = np.random.default_rng(index)
        truth = (rng.random((16, 16, 16)) < 0.1).astype(np.uint8)
        grey, mask = tmp_path / f"s{index}.tif", tmp_path / f"t{index}.tif"
        tifffile.imwrite(
            grey, rng.integers(0, 255, truth.shape, np.uint8), photometric="minisblack"
        )
        tifffile.imwrite(mask, 255 * truth, photometric="minisblack")
        arguments += ["--pair", grey, mask]
    return arguments


def test_table_and_notices(run, tmp_path, pairs):
    out = tmp_path / "out"
    code, text, notices = run(out, *pairs, "--patch", "8,8,8", "--test", 1)
    assert code == 0
    records = open_records(out)
    assert records.sources[1].blocks[0].split == "test"
    lines = text.splitlines()
    assert lines[1].split() == ["split", "patches", "background", "object", "ignored", "bytes"]
    for line, split in zip(lines[2:], ("training", "validation", "test"), strict=True):
        name, patches, background, objects, ignored, size = line.replace(",", "").split()
        voxels = records.manifest.voxels[split]
        assert (name, patches, ignored) == (split, "8", "0")
        assert (int(background), int(objects)) == voxels[:2]
        assert int(size) == sum(shard.bytes for shard in records.shards(split))
    assert "33 / 33 / 33 % of the slices; 60 / 30 / 10 % were asked for" in notices
    assert f"{tmp_path / 't0.tif'}: its values are 0 and 255" in notices


def test_json_and_every_option(run, tmp_path, pairs):
    options = ["--patch", "4,8,8", "--split", "block", "--fractions", "0.5,0.25,0.25", "--guard", 2]
    options += ["--cover", "shift", "--classes", "matrix, pore", "--palette", "inverted"]
    code, text, _ = run(tmp_path / "out", *pairs, *options, "--seed", 3, "--json")
    result = json.loads(text)
    assert code == 0
    assert result["classes"] == ["matrix", "pore"]
    assert result["splits"]["training"]["voxels"]["pore"] > 1000
    manifest = open_records(tmp_path / "out").manifest
    assert (manifest.split.method, manifest.split.guard, manifest.split.cover) == (
        "block",
        2,
        "shift",
    )
    assert manifest.seed == 3
    for source in manifest.sources:
        starts = [block.start for block in source.blocks]
        stops = [block.stop for block in source.blocks]
        assert (np.subtract(starts[1:], stops[:-1]) == 2).all()


def test_images_of_slices(run, tmp_path, pairs):
    options = ["--patch", "slice", "--split", "slice", "--slices", "30,2,10", "--skip-empty"]
    code, text, notices = run(tmp_path / "out", *pairs, *options)
    assert code == 0
    assert text.startswith(f"{tmp_path / 'out'}: images of 1 x 16 x 16 voxels, uint8")
    records = open_records(tmp_path / "out")
    assert (records.kind, records.patch) == ("images", (1, 16, 16))
    assert [records.count(s) for s in ("training", "validation", "test")] == [30, 2, 10]
    assert records.manifest.split.skip_empty
    assert "6 slices were asked for by no split" in notices
    assert "of the 12 slices for validation and test lie next to one in training" in notices


def test_validation_samples(run, tmp_path, pairs):
    options = ["--patch", "1,8,8", "--validation", 2, "--fractions", "0.7,0.3,0", "--json"]
    code, text, _ = run(tmp_path / "out", *pairs, *options)
    assert code == 0
    assert json.loads(text)["kind"] == "images"
    splits = [source.blocks[0].split for source in open_records(tmp_path / "out").sources]
    assert splits == ["training", "training", "validation"]


def test_output_is_refused_then_replaced(run, tmp_path, pairs):
    out = tmp_path / "out"
    assert run(out, *pairs, "--patch", "8,8,8")[0] == 0
    code, text, error = run(out, *pairs, "--patch", "16,8,8")
    assert (code, text) == (1, "")
    assert error.startswith("Error: ")
    assert "already exists" in error
    assert error.count("\n") == 1
    assert run(out, *pairs, "--patch", "16,8,8", "--overwrite")[0] == 0
    assert open_records(out).patch == (16, 8, 8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "a patch of 192 x 192 x 192 voxels does not fit into its 16 x 16 x 16"),
        (["--patch", "8,8,8", "--test", "7"], "test sample 7 does not exist"),
        (["--patch", "8,8,8", "--classes", "background"], "2 to 255 different names"),
        (["--patch", "8,8,8", "--split", "block", "--guard", "9"], "too few for 3 blocks"),
        (["--patch", "8,8,8", "--split", "slice"], "for patches of 1 slice, not of 8; use a patch"),
        (["--patch", "slice", "--slices", "3,1,1"], "only be given when splitting by slice"),
        (["--patch", "slice", "--validation", "3"], "validation sample 3 does not exist"),
        (["--patch", "8,8,8", "--fold", "4/3"], "fold 4/3 must be one of 3 folds or more"),
        (["--patch", "8,8,8", "--fold", "1/4"], "too few for 4 folds of whole samples"),
        (["--patch", "8,8,8", "--fold", "1/3", "--test", "1"], "samples cannot be named"),
    ],
)
def test_errors_are_one_line_and_leave_nothing(run, tmp_path, pairs, options, message):
    code, text, error = run(tmp_path / "out", *pairs, *options)
    assert (code, text) == (1, "")
    assert error.startswith("Error: ")
    assert message in error
    assert error.count("\n") == 1
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".tif"]


def test_truth_of_another_shape(run, tmp_path, pairs):
    tifffile.imwrite(tmp_path / "t0.tif", np.zeros((15, 16, 16), np.uint8))
    code, _, error = run(tmp_path / "out", *pairs, "--patch", "8,8,8")
    assert code == 1
    assert "t0.tif: the truth has shape (15, 16, 16), but its volume" in error


@pytest.mark.parametrize(
    "options",
    [
        ["--patch", "8,8"],
        ["--split", "random"],
        ["--patch", "a,b,c"],
        ["--patch", "slices"],
        ["--fold", "1-3"],
        ["--fold", "1/3", "--fractions", "0.6,0.2,0.2"],
    ],
)
def test_wrong_usage(run, tmp_path, pairs, options):
    assert run(tmp_path / "out", *pairs, *options)[0] == 2


def test_masks_and_filters(run, tmp_path, pairs):
    mask = np.zeros((16, 16, 16), np.uint8)
    mask[:, 2:14] = 1
    np.save(tmp_path / "m.npy", mask)
    options = ["--patch", "8,8,8", "--filter", "median:3,yx"]
    masks = ["--mask", tmp_path / "m.npy", "--mask", "none", "--mask", "auto"]
    code, _, notices = run(tmp_path / "out", *pairs, *options, *masks)
    assert code == 0
    manifest = open_records(tmp_path / "out").manifest
    assert manifest.filters == ("median:size=3,axes=yx",)
    assert [source.mask for source in manifest.sources] == [str(tmp_path / "m.npy"), "none", "auto"]
    assert manifest.sources[0].sample_statistics.voxels == 16 * 12 * 16
    assert f"what lies outside the mask {tmp_path / 'm.npy'} is left out" in notices


def test_too_few_masks_are_one_line(run, tmp_path, pairs):
    masks = ["--mask", tmp_path / "m.npy", "--mask", tmp_path / "m.npy"]
    code, _, error = run(tmp_path / "out", *pairs, "--patch", "8,8,8", *masks)
    assert code == 1
    assert "Error: 2 masks are given for 3 volumes; give one for each in their order" in error
