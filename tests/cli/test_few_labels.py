"""Commands of few labels and of scans to train on: truth, pairs, inserted objects, slices."""

import json

import numpy as np
import tifffile

from tomoseg_tf.volume import few_labels, open_truth


def test_sparse_truth(run, tmp_path):
    truth = np.zeros((8, 20, 20), np.uint8)
    truth[2:6, 5:15, 5:15] = 1
    np.save(tmp_path / "truth.npy", truth)
    command = ("truth", tmp_path / "out.tif", "--label", tmp_path / "truth.npy")
    code, out, err = run(*command, "--sparse", "boxes:3x6", "--seed", "4", "--json")
    assert code == 0
    expected = few_labels(open_truth(truth), "boxes:3x6", seed=4).read(0, 8)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), expected)
    assert json.loads(out)["ignored"] == (expected == 255).sum()
    assert "3 boxes are labelled, the others are ignored" in err
    both = ("--sparse", "slices:2", "--labelled-slices", "1", "--overwrite")
    code, _, err = run(*command, *both)
    assert (code, "cannot be given together" in err) == (2, True)
    code, _, err = run(*command, "--sparse", "some", "--overwrite")
    assert (code, err.count("\n")) == (1, 1)


def test_simulated_pairs_become_records(run, tmp_path):
    made = tmp_path / "made"
    command = ("simulate", "pores", made, "--shape", "8,64,64", "--count", "2", "--randomise")
    code, out, err = run(*command)
    assert (code, err) == (0, "")
    assert "2 scans of 8 x 64 x 64 voxels" in out
    folders = ("--pairs", made / "scans", made / "truth")
    options = ("--patch", "8,32,32", "--fractions", "0.5,0.5,0", "--json")
    code, out, _ = run("records", tmp_path / "records", *folders, *options)
    assert code == 0
    splits = json.loads(out)["splits"]
    assert (splits["training"]["patches"], splits["validation"]["patches"]) == (4, 4)
    code, _, err = run("records", tmp_path / "none")
    assert (code, "Missing option '--pair' or '--pairs'" in err) == (2, True)


def test_edges_are_drawn_for_each_scan(run, tmp_path):
    command = ("simulate", "precipitates", tmp_path / "made", "--shape", "2,64,64", "--count", "2")
    code, out, _ = run(*command, "--randomise", "--edge-enhanced", "--dark", "--json")
    summary = json.loads(out)
    kept = {scan["physics"]["kept"] for scan in summary["scans"]}
    assert (code, summary["edge_enhanced"], len(kept)) == (0, True, 2)
    assert max(kept) <= 0.4


def test_objects_are_inserted_into_a_scan(run, tmp_path):
    rng = np.random.default_rng(0)
    scan = rng.normal(150, 5, (16, 48, 48)).clip(0, 255).astype(np.uint8)
    scan[:, :10] = 30
    tifffile.imwrite(tmp_path / "scan.tif", scan, photometric="minisblack")
    command = ("simulate", "insert", *(tmp_path / f"{name}.tif" for name in ("scan", "a", "t")))
    options = ("--contrast", "50", "--radius", "3", "--fraction", "0.05", "--blur", "1")
    code, out, _ = run(*command, *options, "--matrix", "140,160", "--json")
    assert code == 0
    summary, truth = json.loads(out), tifffile.imread(tmp_path / "t.tif")
    assert (summary["contrast"], summary["blur"]) == (-50, 1)
    assert summary["fraction"] == (truth == 1).mean() > 0
    assert not (truth[:, :6] == 1).any()
    code, _, err = run(*command, *options)
    assert (code, "already exists" in err) == (1, True)
    code, out, _ = run(*command, *options, "--overwrite")
    assert "objects of mean radius" in out


def test_the_worst_slices_are_written_and_merged(run, template, tmp_path):
    truth = tifffile.imread(template / "truth.tif")
    truth[2:] = 255
    tifffile.imwrite(tmp_path / "sparse.tif", truth, photometric="minisblack")
    sparse, mend = tmp_path / "sparse.tif", tmp_path / "mend"
    command = ("review", "slices", template / "scan.tif", sparse, mend, "--palette", "classes")
    code, out, _ = run(*command, "-w", template / "fitted", "--count", "2", "--json")
    assert code == 0
    slices = [row["slice"] for row in json.loads(out)["slices"]]
    assert len(slices) == 2
    assert min(slices) >= 2
    code, out, _ = run(
        "review", "merge", mend, sparse, tmp_path / "merged.tif", "--palette", "classes"
    )
    assert code == 0
    assert f"slices {min(slices)}, {max(slices)} merged, 512 voxels differ" in out
    labelled = (tifffile.imread(tmp_path / "merged.tif") != 255).any(axis=(1, 2))
    assert np.flatnonzero(labelled).tolist() == sorted([0, 1, *slices])
    code, _, err = run(*command, "-w", template / "fitted")
    assert (code, "already exists" in err) == (1, True)
    code, _, err = run("review", "merge", mend, sparse, sparse)
    assert (code, "is named twice" in err) == (1, True)


def test_where_nothing_is_labelled_none_stands_for_the_truth(run, tmp_path):
    folder = tmp_path / "mend"
    folder.mkdir()
    facts = {"shape": [4, 6, 5], "truth": None, "weights": "w", "pages": 2}
    (folder / "correction.json").write_text(json.dumps(facts))
    (folder / "slices.csv").write_text("page,slice\n1,3\n2,1\n")
    pages = np.ones((2, 6, 5), np.uint8)
    tifffile.imwrite(folder / "labels.tif", pages, photometric="minisblack")
    command = ("review", "merge", folder, "none", tmp_path / "mended.tif", "--slices")
    code, out, _ = run(*command, "1")
    assert (code, "slices 1 merged, 30 voxels differ" in out) == (0, True)
    truth = tifffile.imread(tmp_path / "mended.tif")
    assert [int(page.min()) for page in truth] == [255, 1, 255, 255]
    code, _, err = run(*command, "4", "--overwrite")
    assert (code, "has no slice 4; it has 3, 1" in err) == (1, True)
