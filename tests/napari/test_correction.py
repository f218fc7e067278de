"""Slices to be mended as layers, and what was drawn on them as a truth, without napari."""

import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile

from tomoseg_tf.bundle import bundled
from tomoseg_tf.napari import correct_process, process
from tomoseg_tf.napari.correction import save_labels
from tomoseg_tf.napari.reading import get_reader
from tomoseg_tf.studies.correction import merge_slices
from tomoseg_tf.volume import open_volume


@pytest.fixture
def folder(tmp_path, monkeypatch, capsys):
    """The two worst slices of the example, found by the process."""
    pillar = tifffile.imread(bundled("example") / "pillar.tif")[:12, 80:112, 80:112]
    np.save(tmp_path / "scan.npy", pillar)
    request = {"scan": f"{tmp_path / 'scan.npy'}", "spacing": (0.1,) * 3, "truth": None}
    request |= {"weights": "unet_3d_micropillar", "count": 2, "folder": f"{tmp_path / 'mend'}"}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(request)))
    process.serve(correct_process.correct_request)
    *told, answer = map(json.loads, capsys.readouterr().out.splitlines())
    assert told[-1]["progress"][0] == told[-1]["progress"][1]
    assert len(answer["slices"]) == 2
    tmp_path.joinpath("slices.json").write_text(json.dumps(answer["slices"]))
    return tmp_path / "mend"


def as_layers(read):
    return [SimpleNamespace(data=data, **{"rgb": False} | settings) for data, settings, _ in read]


def test_what_is_drawn_becomes_a_truth(folder):
    slices = json.loads((folder.parent / "slices.json").read_text())
    read = get_reader(str(folder))(str(folder))
    assert [(kind, settings["name"]) for _, settings, kind in read] == [
        ("image", "mend: scan"),
        ("labels", "mend: labels"),
    ]
    (scan, _, _), (labels, settings, _) = read
    pillar = np.load(folder.parent / "scan.npy")
    np.testing.assert_array_equal(scan[:], pillar[slices])
    assert settings["scale"] == pytest.approx((0.1,) * 3)
    labels[0, 3:5] = 1
    save_labels(as_layers(read), folder)
    merged = folder.parent / "mended.tif"
    summary = merge_slices(folder, None, merged)
    truth = open_volume(merged)
    assert summary["slices"] == sorted(slices)
    assert truth.spacing == pytest.approx((0.1,) * 3)
    expected = np.full(pillar.shape, 255, np.uint8)
    expected[slices] = labels
    np.testing.assert_array_equal(truth.read(0, 12), expected)


def test_labels_without_a_mark_stay_unknown_where_they_are_255(folder):
    labels = np.full((2, 32, 32), 255, np.uint8)
    labels[:, :4] = 0
    tifffile.imwrite(folder / "labels.tif", labels, photometric="minisblack")
    tifffile.imwrite(folder / "scan.tif", labels // 100, photometric="minisblack")
    (_, _, grey), (read, _, kind) = get_reader(str(folder))(str(folder))
    assert (grey, kind) == ("image", "labels")
    np.testing.assert_array_equal(read, labels)


def test_labels_that_are_not_open_once_are_not_saved(folder):
    scan, labels = as_layers(get_reader(str(folder))(str(folder)))
    before = (folder / "labels.tif").read_bytes()
    with pytest.raises(ValueError, match="is not open; find slices, or open the folder"):
        save_labels([scan], folder)
    with pytest.raises(ValueError, match="is open in 2 layers; remove all but the one"):
        save_labels([scan, labels, labels], folder)
    assert (folder / "labels.tif").read_bytes() == before
