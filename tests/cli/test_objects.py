import json

import numpy as np
import pytest
import tifffile

from tomoseg_tf.objects import read_table

COMMAND = ("objects",)

CLASSES = np.zeros((12, 16, 20), np.uint8)
CLASSES[2:5, 2:5, 2:5] = 1
CLASSES[7:9, 7:9, 7:9] = 1
CLASSES[6:10, 9:13, 15:20] = 2  # touches a face


@pytest.fixture
def files(tmp_path):
    """Paths of a segmentation and of its grey levels."""
    paths = tmp_path / "segmentation.tif", tmp_path / "raw.tif"
    grey = np.where(CLASSES == 1, 40, 200).astype(np.uint8)
    for path, array in zip(paths, (CLASSES, grey), strict=True):
        tifffile.imwrite(path, array, photometric="minisblack")
    return paths


def test_json_and_table_by_hand(run, files, tmp_path):
    table = tmp_path / "t.csv"
    code, out, err = run(files[0], table, "--volume", files[1], "--json", "--spacing", "2,2,2")
    assert (code, err) == (0, "")
    found = json.loads(out)
    radii = np.cbrt(3 * np.array([27, 8]) / (4 * np.pi))
    assert (found["count"], found["excluded_border"]) == (2, 1)
    assert found["mean_radius_voxels"] == pytest.approx(radii.mean())
    assert found["std_radius_voxels"] == pytest.approx(radii.std())
    assert found["mean_sphericity"] == pytest.approx((np.pi / 6) ** (1 / 3))
    assert found["volume_fraction"] == 115 / CLASSES.size
    assert [one["count"] for one in found["classes"]] == [None, 2, 0]
    assert found["classes"][2]["mean_radius_voxels"] is None
    rows = read_table(table)
    assert rows["volume_um3"].tolist() == [216, 64]
    assert rows["grey_mean"].tolist() == [40, 40]


def test_text_labels_and_settings(run, files, tmp_path):
    table, labels = tmp_path / "t.csv", tmp_path / "labels.tif"
    settings = ("--keep-border", "--min-voxels", "9", "--connectivity", "6")
    code, out, _ = run(files[0], table, "--labels", labels, *settings)
    assert code == 0
    assert out.splitlines()[0].split()[:2] == ["Class", "Objects"]
    assert read_table(table)["class"].tolist() == [1, 2]
    written = tifffile.imread(labels)
    np.testing.assert_array_equal(np.unique(written), [0, 1, 2])
    np.testing.assert_array_equal(written == 2, CLASSES == 2)


def test_what_a_user_can_cause_is_one_line(run, files, tmp_path):
    (tmp_path / "t.csv").write_text("mine")
    short = tmp_path / "short.tif"
    tifffile.imwrite(short, CLASSES[1:], photometric="minisblack")
    probabilities = tmp_path / "p.npy"
    np.save(probabilities, np.random.default_rng(0).random((3, 4, 5)))
    plain = (files[0], tmp_path / "n.csv", "--probabilities")
    cases = [
        ((files[0], tmp_path / "t.csv"), "already exists"),
        ((files[0], tmp_path / "n.csv", "--volume", short), "both must be of one shape"),
        ((files[0], tmp_path / "n.csv", "--mask", "auto"), "give the volume, too"),
        ((probabilities, tmp_path / "n.csv"), "grey levels"),
        ((*plain, probabilities), "p.npy: the probabilities have shape (3, 4, 5), but "),
        ((*plain, tmp_path / "typo.tif"), "typo.tif does not exist"),
        ((*plain, files[0], "--thresholds", "0.5,1.5"), "threshold 1.5: must be between 0 and 1"),
        ((*plain[:2], "--bootstrap", "1"), "bootstrap of 1 draws; give 2 or more, or 0"),
        ((files[0], tmp_path / "n.xlsx"), "ends in .csv or .parquet"),
    ]
    for arguments, message in cases:
        code, out, err = run(*arguments)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert message in err
    assert not (tmp_path / "n.csv").exists()
    assert (tmp_path / "t.csv").read_text() == "mine"


def test_the_labels_do_not_replace_the_probabilities(run, files, tmp_path):
    np.save(tmp_path / "p.npy", np.where(CLASSES, 0.9, 0.1))
    more = ("--probabilities", tmp_path / "p.npy", "--labels", tmp_path / "p.npy", "--overwrite")
    code, _, err = run(files[0], tmp_path / "t.csv", *more)
    assert (code, "is named twice" in err) == (1, True)
    assert np.load(tmp_path / "p.npy").max() == 0.9


def test_an_empty_segmentation_gives_an_empty_table(run, tmp_path):
    np.save(tmp_path / "s.npy", np.zeros((3, 4, 5), np.uint8))
    code, out, _ = run(tmp_path / "s.npy", tmp_path / "t.csv", "--json")
    assert (code, json.loads(out)["count"]) == (0, 0)
    assert len(read_table(tmp_path / "t.csv")["label"]) == 0


def test_thresholds_part_touching_objects_as_the_table_does(run, tmp_path):
    z, y, x = np.ogrid[:17, :28, :17]
    balls = [(z - 8) ** 2 + (y - at) ** 2 + (x - 8) ** 2 <= 36 for at in (8, 19)]
    classes = (balls[0] | balls[1]).astype(np.uint8)
    tifffile.imwrite(tmp_path / "s.tif", classes, photometric="minisblack")
    np.save(tmp_path / "p.npy", np.where(classes, 0.9, 0.1))
    more = ("--split", "1", "--probabilities", tmp_path / "p.npy", "--thresholds", "0.5")
    code, out, _ = run(tmp_path / "s.tif", tmp_path / "t.csv", *more, "--json")
    found = json.loads(out)
    assert (code, found["count"], found["thresholds"][0]["count"]) == (0, 2, 2)


def test_thresholds(run, files, tmp_path):
    np.save(tmp_path / "p.npy", np.where(CLASSES == 1, 0.55, 0.05))
    more = ("--probabilities", tmp_path / "p.npy", "--thresholds", "0.5,0.6")
    code, out, _ = run(files[0], tmp_path / "t.csv", *more, "--json")
    rows = json.loads(out)["thresholds"]
    assert (code, [row["count"] for row in rows]) == (0, [2, 0])
    code, out, _ = run(files[0], tmp_path / "t.csv", *more, "--overwrite")
    assert out.splitlines()[-1].split()[:3] == ["0.6", "0", "-"]
    assert run(files[0], tmp_path / "u.csv", "--thresholds", "a")[0] == 2
