"""The notebooks of studies, objects, large scans and shared weights, run small."""

import csv
import re
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pytest
import tifffile

from tomoseg_tf.volume import create_volume, open_volume
from tomoseg_tf.weights import open_weights

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
pytestmark = pytest.mark.docs  # minutes: they run with the commands of the documentation


def test_fine_tune_and_tune(execute, outputs, tmp_path):
    parameters = (
        "cheap_pairs, hand_pair, test_pair = [], None, None\n"
        "shape, groups, crop = (16, 64, 64), (1, 1, 0), [8, 32, 32]\n"
        "epochs, steps, trials = 2, 2, 2\n"
    )
    notebook = execute("5_fine_tune_and_tune.ipynb", parameters)
    text, figures = outputs(notebook)
    assert figures == 6
    assert re.search(r"cheap_records +training +[\d,]+ dendrite", text)
    for row in ("cheap labels", "2D, fine-tuned", "3D, good labels alone", "3D, searched"):
        assert re.search(rf"^{row}(?: +[\d.-]+){{6}}$", text, re.MULTILINE), row
    assert len(list((tmp_path / "out/study/trials").glob("[0-9]*"))) == 2
    best = open_weights(tmp_path / "out/study/best")
    assert best.config.model == "residual_unet_3d"
    assert best.config.recipe["model"]["weights"].endswith("cheap_3D/best_dice")
    assert open_volume(tmp_path / "out/3D_searched.tif").shape == (16, 64, 64)


def test_objects(execute, outputs, tmp_path):
    parameters = (
        "scan_path, truth_path = None, None\n"
        'weights_name, series, times = "unet_3d_micropillar", [], [0, 10, 20]\n'
        "shape, series_shape = (32, 112, 112), (48, 80, 160)\n"
    )
    text, figures = outputs(execute("6_objects.ipynb", parameters))
    assert figures == 14
    with open(tmp_path / "out/objects.csv", encoding="utf-8") as file:
        number = len(list(csv.DictReader(file)))
    assert f"{number} objects, 45 columns" in text
    assert re.search(rf"^Segmentation +{number} ", text, re.MULTILINE)
    events = re.findall(r"^[12] +(?:\d+ \( *\d+\) *){4}$", text, re.MULTILINE)
    found = [re.findall(r"(\d+) \( *(\d+)\)", line) for line in events]
    assert len(found) == 2
    assert all(mine == known for line in found for mine, known in line)
    assert float(re.search(r"median deviation (\S+) nm/min", text)[1]) < 0.5
    tracks = re.search(
        r"^registered +(\d+) tracks[^\n]*\nnot registered +(\d+)", text, re.MULTILINE
    )
    assert int(tracks[1]) < int(tracks[2])


@pytest.mark.parametrize("name", ["6_objects.ipynb", "7_large_scans.ipynb"])
def test_a_scan_that_is_given_stays_as_it_is(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scan = "own.h5::/exchange/data"
    with create_volume(scan, (8, 8, 8), "uint8") as writer:
        writer.write(0, np.ones((8, 8, 8), np.uint8))
    before = (tmp_path / "own.h5").read_bytes()
    cells = nbformat.read(NOTEBOOKS / name, as_version=4).cells
    parameters, start, *_ = (cell.source for cell in cells if cell.cell_type == "code")
    given = {}
    exec(f"{parameters}\nscan_path = {scan!r}\n{start.replace('%matplotlib inline', '')}", given)
    assert given["scan_path"] == scan
    assert (tmp_path / "own.h5").read_bytes() == before


def test_large_scans(execute, outputs, tmp_path):
    parameters = (
        'scan_path, weights_name = None, "unet_3d_micropillar"\n'
        'max_memory, workers = "2.5GB", 1\n'
        "shape, large_shape = (40, 72, 264), (256, 512, 512)\n"
    )
    text, figures = outputs(execute("7_large_scans.ipynb", parameters))
    assert figures == 4
    assert "result.zarr is there: False" in text
    assert re.search(r"gone on after slice \d+ of 40", text)
    assert text.count("voxels that differ: 0\n") == 2
    assert not list((tmp_path / "out").glob(".*.unfinished"))
    level = open_volume(tmp_path / "out/shared.ome.zarr::1")
    assert level.shape == (20, 36, 132)
    assert level.spacing == pytest.approx([2 * side for side in (0.02933,) * 3], rel=1e-3)


def test_share_weights(execute, outputs, tmp_path):
    parameters = (
        'fitted_weights, name = "unet_3d_micropillar", "steel_pores"\n'
        'held_out, shapes, formats = [], [(24, 96, 96)], ["onnx"]\n'
    )
    text, figures = outputs(execute("8_share_weights.ipynb", parameters))
    assert figures == 4
    weights = open_weights(tmp_path / "out/steel_pores")
    assert weights.config.scores[0]["data"] == "pillar_901.tif"
    assert "![Scan, truth, segmentation and hit map](picture.png)" in weights.read_card()
    assert "model.weights.h5 is not what was saved" in text
    assert text.count("refused:") == 2
    assert "as before: True" in text
    with zipfile.ZipFile(tmp_path / "out/published/steel_pores.zip") as archive:
        names = {entry.rpartition("/")[2] for entry in archive.namelist()}
    assert {"config.json", "model.weights.h5", "picture.png", "SHA256SUMS"} <= names
    assert re.search(r"as in training:\n   nothing to tell", text)
    assert re.search(r"voxels twice as large:\n   .*times larger", text)
    assert float(re.search(r"onnx: largest difference from Keras (\S+)", text)[1]) < 1e-4
    assert float(re.search(r"^largest difference: (\S+)", text, re.MULTILINE)[1]) < 1e-4
    assert zipfile.is_zipfile(tmp_path / "out/steel_pores_bioimageio.zip")
    assert tifffile.imread(tmp_path / "out/by_address.tif").shape == (24, 96, 96)
