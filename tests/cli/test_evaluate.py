import json

import numpy as np
import pytest
import tifffile

COMMAND = ("evaluate",)


TRUTH = np.zeros((4, 6, 8), np.uint8)
TRUTH[1:3, 2:4, 2:6] = 1
TRUTH[3, 0] = 255
SEGMENTATION = np.roll(TRUTH, 1, axis=2) % 255


def write(path, array):
    tifffile.imwrite(path, array, photometric="minisblack")


@pytest.fixture
def files(tmp_path):
    """Paths of a truth with ignored voxels and of a segmentation one voxel off."""
    paths = tmp_path / "truth.tif", tmp_path / "segmentation.tif"
    for path, array in zip(paths, (TRUTH, SEGMENTATION), strict=True):
        write(path, array)
    return [str(path) for path in paths]


def test_json_by_hand(run, files):
    """Of 16 object voxels 12 overlap with the shifted ones; 8 of the 192 voxels are ignored."""
    code, out, err = run(*files, "--json")
    result = json.loads(out)
    assert (code, err) == (0, f"{files[0]}: 8 of 192 voxels are ignored\n")
    assert result["confusion_matrix"] == [[164, 4], [4, 12]]
    assert result["accuracy"] == 176 / 184
    assert result["miou"] == pytest.approx((164 / 172 + 12 / 20) / 2)
    assert result["classes"][1] == {
        "name": "object",
        "voxels": 16,
        "iou": 12 / 20,
        "dice": 0.75,
        "recall": 0.75,
        "precision": 0.75,
    }
    assert (result["voxels"], result["ignored"]) == (184, 8)
    assert out.count("\n") == 1


def test_table(run, files):
    code, out, _ = run(*files)
    assert code == 0
    assert "Voxels compared       184" in out
    assert ["object", "25.0000", "%", "75.0000", "%"] in [line.split() for line in out.splitlines()]


def test_names_set_the_number_of_classes(run, files):
    _, out, _ = run(*files, "--json", "--names", "steel, precipitate,pore")
    classes = json.loads(out)["classes"]
    assert [one["name"] for one in classes] == ["steel", "precipitate", "pore"]
    assert classes[2]["iou"] is None


def test_folders_of_slices_and_masks_are_read(run, tmp_path, files):
    folder = tmp_path / "mask"
    folder.mkdir()
    for index, image in enumerate(SEGMENTATION):
        write(folder / f"{index}.tif", image * np.uint8(255))
    code, out, err = run(files[0], folder, "--json")
    assert code == 0
    assert json.loads(out)["confusion_matrix"] == [[164, 4], [4, 12]]
    assert "read as a mask" in err


def test_palettes_apply_each_to_its_volume(run, tmp_path, files):
    np.save(tmp_path / "inverted.npy", 255 * (1 - SEGMENTATION.astype(int)))
    palettes = "--palette", "0:0,1:1,255:0", "--segmentation-palette", "inverted"
    code, out, err = run(files[0], tmp_path / "inverted.npy", "--json", *palettes)
    assert (code, err) == (0, "")
    assert json.loads(out)["confusion_matrix"] == [[172, 4], [4, 12]]


def test_figure_is_drawn(run, tmp_path, files):
    figure = tmp_path / "confusion.png"
    assert run(*files, "--figure", figure)[0] == 0
    assert figure.read_bytes().startswith(b"\x89PNG")
    code, out, err = run(*files, "--figure", figure)
    assert (code, out) == (1, "")
    assert err.startswith(f"Error: {figure} already exists")
    assert run(*files, "--figure", figure, "--overwrite")[0] == 0


def test_figure_never_replaces_an_input(run, files):
    code, _, err = run(*files, "--figure", files[1], "--overwrite")
    assert (code, err.count("\n")) == (1, 1)
    assert "is an input" in err
    np.testing.assert_array_equal(tifffile.imread(files[1]), SEGMENTATION)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "truth.tif").unlink(), "truth.tif"),
        (lambda folder: (folder / "truth.tif").write_bytes(b""), "truth.tif"),
        (lambda folder: write(folder / "truth.tif", TRUTH[:3]), "shape (3, 6, 8)"),
        (lambda folder: write(folder / "truth.tif", TRUTH[:3] * 255), "shape (3, 6, 8)"),
        (lambda folder: write(folder / "segmentation.tif", TRUTH), "255 (8 voxels)"),
        (lambda folder: write(folder / "truth.tif", TRUTH + 0.5), "values without"),
    ],
)
def test_what_cannot_be_compared_is_one_line(run, tmp_path, files, change, message):
    change(tmp_path)
    figure = tmp_path / "confusion.png"
    code, out, err = run(*files, "--figure", figure)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("Error: ")
    assert message in err
    assert not figure.exists()


def test_wrong_number_of_names_is_one_line(run, files):
    code, _, err = run(*files, "--names", "a,b,c", "--num-classes", "2")
    assert (code, err.count("\n")) == (1, 1)
    assert "3 names (a, b, c) for 2 classes" in err


@pytest.mark.parametrize("arguments", [["--num-classes", "1"], ["--nonsense"], ["third.tif"]])
def test_wrong_usage_exits_2(run, files, arguments):
    assert run(*files, *arguments)[0] == 2
