"""Truth from what was drawn in ImageJ or ilastik, drafted, and smoothed, on the command line."""

import json

import h5py
import numpy as np
import pytest
import tifffile
from roifile import ROI_TYPE, ImagejRoi, roiwrite


@pytest.fixture
def files(tmp_path):
    grey = np.full((4, 30, 40), 100, np.uint8)
    rows, columns = np.ogrid[:30, :40]
    grey[:, (rows - 15) ** 2 + (columns - 20) ** 2 <= 81] = 200
    tifffile.imwrite(tmp_path / "scan.tif", grey, photometric="minisblack")
    rois = [ImagejRoi(roitype=ROI_TYPE.RECT, right=4, bottom=3, position=2, name="pore-1")]
    rois += [ImagejRoi(roitype=ROI_TYPE.RECT, left=9, right=11, bottom=2, position=2, name="Fe")]
    roiwrite(tmp_path / "RoiSet.zip", rois, name=["pore-1", "Fe"], mode="w")
    with h5py.File(tmp_path / "a.ilp", "w") as file:
        file["PixelClassification/LabelNames"] = np.array([b"matrix", b"pore"])
        block = file.create_dataset(
            "PixelClassification/LabelSets/labels000/block0000", data=np.full((1, 2, 3, 1), 2, "u1")
        )
        block.attrs["blockSlice"] = np.bytes_("[3:4,5:7,8:11,0:1]")
    return tmp_path


def test_regions_by_their_names(run, files):
    rules = "--named", "pore*=pore", "--named", "Fe=iron"
    out = files / "truth.tif"
    like = "--like", files / "scan.tif"
    code, printed, _ = run("truth", out, "--label", files / "RoiSet.zip", *like, *rules, "--json")
    assert code == 0
    summary = json.loads(printed)
    assert [(one["class"], one["name"], one["voxels"]) for one in summary["classes"]] == [
        (0, "background", 30 * 40 - 16),
        (1, "pore", 12),
        (2, "iron", 4),
    ]
    assert summary["ignored"] == 3 * 30 * 40
    found = tifffile.imread(out)
    assert (found[1, 2, 3], found[1, 0, 10], found[1, 9, 9], found[0, 0, 0]) == (1, 2, 0, 255)


def test_regions_and_labels_beside_others(run, files):
    tifffile.imwrite(files / "mask.tif", np.zeros((4, 30, 40), np.uint8), photometric="minisblack")
    labels = [f"--label={files / name}" for name in ("RoiSet.zip=1", "a.ilp", "mask.tif=2")]
    out = files / "truth.tif"
    code, _, told = run("truth", out, *labels, "--like", files / "scan.tif")
    assert code == 0
    assert "what has no label is 255; of its labels matrix is class 0, pore is class 1" in told
    found = tifffile.imread(out)
    assert (found[1, 0, 0], found[1, 0, 10], found[3, 6, 9], found[3, 0, 0]) == (1, 1, 1, 255)


@pytest.mark.parametrize(
    ("label", "rules", "values"),
    [
        ("a.ilp", ["matrix=0", "pore=2"], {2, 255}),
        ("RoiSet.zip", ["pore*=pore", "Fe=iron", "matrix*=background"], {0, 1, 2, 255}),
    ],
)
def test_rules_as_the_documentation_gives_them(run, files, label, rules, values):
    out = files / "truth.tif"
    named = [f"--named={rule}" for rule in rules]
    code, _, err = run("truth", out, "--label", files / label, "--like", files / "scan.tif", *named)
    assert code == 0, err
    assert {*np.unique(tifffile.imread(out)).tolist()} == values


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["RoiSet.zip"], "a drawing has no shape; name the scan with --like"),
        (["scan.tif", "--like", "scan.tif"], "--like and --named are for ImageJ regions"),
        (["RoiSet.zip", "--like", "scan.tif", "--named", "pore"], "must be PATTERN=CLASS"),
        (["a.ilp", "--like", "scan.tif", "--named", "*=300"], "class 300 of its label matrix is"),
        (["a.ilp=300", "--like", "scan.tif"], "class 300 of its label matrix is not in 0 to 255"),
        (["RoiSet.zip", "--like", "scan.tif", "--named", "a=b", "--named", "b=1"], "no number bes"),
        (
            ["RoiSet.zip", "--like", "scan.tif", "--named", "*=x", "--classes", "a,b"],
            "class x is not among a, b",
        ),
    ],
)
def test_mistakes_are_one_line(run, files, monkeypatch, arguments, message):
    monkeypatch.chdir(files)
    code, _, told = run("truth", "out.tif", "--label", *arguments)
    assert code == 1
    assert message in told
    assert told.count("\n") == 1


def test_a_draft_is_edited_and_smoothed(run, files):
    out = files / "draft.tif"
    code, printed, _ = run("draft", files / "scan.tif", out, "--mask", "none")
    assert code == 0
    assert "draft.tif: 4 x 30 x 40 voxels" in printed
    drafted = tifffile.imread(out)
    assert (drafted[:, 10:21, 15:26] == 255).all()
    drafted[2] = 0  # forgotten
    tifffile.imwrite(out, drafted, photometric="minisblack")
    code, printed, _ = run("smooth", out, files / "smooth.tif", "--json")
    assert code == 0
    assert (tifffile.imread(files / "smooth.tif")[:, 11:20, 16:25] == 1).all()
    assert json.loads(printed)["gained"]["1"] > 0
    code, printed, _ = run("smooth", out, files / "again.tif", "--closing", "2")
    assert printed.splitlines()[1].split() == ["class", "voxels", "gained", "lost"]
    assert run("smooth", out, files / "again.tif")[0] == 1
