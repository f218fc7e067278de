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
    """Of 16 object voxels 12 overlap with the shifted ones; 8 of the 192 voxels are ignored.

    All 16 are boundary, and a quarter of them are one voxel away.
    """
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
        "bf1": 1.0,
        "bde": 0.25,
        "assd": 0.25,
        "hd95": 1.0,
    }
    assert result["boundary"] == {
        "mode": "slice",
        "tolerance": 4.0,
        "spacing_um": None,
        "slices": [2, 2],
        "one_sided_slices": [0, 0],
    }
    assert (result["voxels"], result["ignored"]) == (184, 8)
    assert out.count("\n") == 1


def test_table(run, files):
    code, out, _ = run(*files)
    assert code == 0
    assert "Voxels compared       184" in out
    assert ["object", "25.0000", "%", "75.0000", "%"] in [line.split() for line in out.splitlines()]


def test_boundaries_of_a_shifted_square(run, tmp_path):
    """A level in the scan of a square of 40 x 40 voxels, moved by 6 of 0.5 µm."""
    truth = np.zeros((3, 60, 60), np.uint8)
    truth[1, 10:50, 5:45] = 1
    for name, array in (("a", truth), ("b", np.roll(truth, 6, axis=2))):
        tifffile.imwrite(tmp_path / f"{name}.tif", array, photometric="minisblack")
    pair = tmp_path / "a.tif", tmp_path / "b.tif", "--json", "--spacing", "2,0.5,0.5"
    one = json.loads(run(*pair)[1])["classes"][1]
    assert one["bf1"] == one["bf1_um"] == pytest.approx(84 / 156)
    assert (one["bde"], one["bde_um"], one["hd95_um"]) == pytest.approx((3, 1.5, 3))
    wide = json.loads(run(*pair, "--tolerance", "6", "--boundary", "volume")[1])
    assert wide["classes"][1]["bf1"] == 1
    assert wide["boundary"]["mode"] == "volume"
    plain = json.loads(run(*pair, "--no-boundary")[1])
    assert "boundary" not in plain
    assert "bf1" not in plain["classes"][1]


def test_absent_class_has_null_distances(run, files):
    _, out, _ = run(*files, "--json", "--num-classes", "3")
    absent = json.loads(out)["classes"][2]
    assert [absent[name] for name in ("bf1", "bde", "assd", "hd95")] == [None] * 4


def test_table_of_boundaries(run, files):
    lines = [line.split() for line in run(*files)[1].splitlines()]
    assert ["object", "1.000000", "0.2500", "0.2500", "1.0000", "2", "0"] in lines
    assert "Boundaries" not in run(*files, "--no-boundary")[1]


def test_two_operators_compare_alike_in_both_orders(run, tmp_path, files):
    second = SEGMENTATION.copy()
    second[0, 5] = 255
    write(tmp_path / "segmentation.tif", second)
    code, _, err = run(*files, "--json")
    assert (code, err.count("\n")) == (1, 1)
    assert "second operator" in err
    results = []
    for order in (files, files[::-1]):
        code, out, err = run(*order, "--json", "--second-truth")
        assert (code, err) == (0, "16 of 192 voxels are ignored in either\n")
        results.append(json.loads(out))
    one, other = results
    assert (one["ignored"], other["ignored"]) == (16, 16)
    np.testing.assert_array_equal(one["confusion_matrix"], np.transpose(other["confusion_matrix"]))
    for name in ("iou", "dice", "bf1", "bde", "assd", "hd95"):
        assert one["classes"][1][name] == other["classes"][1][name]


def test_spacings_that_differ_are_told(run, tmp_path):
    from tomoseg_tf.volume import create_volume

    paths = tmp_path / "a.nrrd", tmp_path / "b.nrrd"
    for path, spacing in zip(paths, [(1, 1, 1), (2, 1, 1)], strict=True):
        with create_volume(path, TRUTH.shape, "uint8", spacing=spacing) as writer:
            writer.write(0, TRUTH % 255)
    code, out, err = run(*paths, "--json")
    assert code == 0
    assert json.loads(out)["boundary"]["spacing_um"] == [1, 1, 1]
    assert "spacing (2.0, 1.0, 1.0)" in err
    assert "is taken" in err
    assert run(*paths, "--no-boundary")[2] == ""
    _, _, err = run(*paths, "--no-boundary", "--objects", tmp_path / "o.csv")
    assert "spacing (2.0, 1.0, 1.0)" in err


def test_overlay_is_drawn(run, tmp_path, files):
    overlay = tmp_path / "overlay.png"
    assert run(*files, "--overlay", overlay, "--planes", "1,2", "--overlay-class", "1")[0] == 0
    assert overlay.read_bytes().startswith(b"\x89PNG")
    code, _, err = run(*files, "--overlay", overlay)
    assert (code, err.count("\n")) == (1, 1)
    assert "already exists" in err
    code, _, err = run(*files, "--overlay", tmp_path / "x.png", "--figure", tmp_path / "x.png")
    assert (code, "is named twice" in err) == (1, True)
    code, _, err = run(*files, "--overlay", tmp_path / "x.png", "--planes", "4,0")
    assert (code, "z = 4 is outside" in err) == (1, True)
    assert not (tmp_path / "x.png").exists()


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
    rows = (tmp_path / "confusion.csv").read_text().splitlines()
    assert rows[:2] == ["truth,prediction,voxels,share", "background,background,164,0.9761904762"]
    code, _, err = run(*files, "--figure", tmp_path / "o.png", "--objects", tmp_path / "o.csv")
    assert (code, "o.csv is named twice" in err) == (1, True)
    code, out, err = run(*files, "--figure", figure)
    assert (code, out) == (1, "")
    assert err.startswith(f"Error: {figure} already exists")
    assert run(*files, "--figure", figure, "--overwrite")[0] == 0


def test_figure_never_replaces_an_input(run, files):
    code, _, err = run(*files, "--figure", files[1], "--overwrite")
    assert (code, err.count("\n")) == (1, 1)
    assert "is named twice" in err
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


def test_the_tolerance_is_checked_before_voxels_are_compared(run, files, monkeypatch):
    from tomoseg_tf import evaluation

    monkeypatch.setattr(evaluation, "confusion_matrix", lambda *_, **__: pytest.fail("compared"))
    code, _, err = run(*files, "--tolerance", "nan")
    assert (code, "tolerance is nan; give 0 or more voxels" in err) == (1, True)


@pytest.mark.parametrize(
    "arguments", [["--num-classes", "1"], ["--tolerance", "-1"], ["--nonsense"], ["third.tif"]]
)
def test_wrong_usage_exits_2(run, files, arguments):
    assert run(*files, *arguments)[0] == 2
