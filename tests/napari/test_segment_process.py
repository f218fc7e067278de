"""What the widget asks of the process that segments, without napari."""

import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile

from tomoseg_tf.bundle import bundled
from tomoseg_tf.napari import process, segment_process
from tomoseg_tf.napari.lazy_array import LazyArray
from tomoseg_tf.napari.scan import layer_scan
from tomoseg_tf.prediction import segment_file
from tomoseg_tf.volume import ArrayVolume, create_volume, open_volume

SPACING = (0.2, 0.1, 0.1)
WEIGHTS = "unet_3d_micropillar"


def layer(data, **settings):
    usual = {"rgb": False, "multiscale": False, "name": "pillar", "units": ("nm",) * 3}
    return SimpleNamespace(data=data, scale=(200, 100, 100), **usual | settings)


def answers(request, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(request)))
    process.serve(segment_process.segment_request)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def request_of(folder, **changes):
    request = {"scan": str(folder / "scan.npy"), "spacing": SPACING, "weights": WEIGHTS}
    request |= {"threshold": 0.25, "slices": (4, 7), "classes": str(folder / "classes.tif")}
    return request | {"probabilities": str(folder / "p.tif")} | changes


def test_slices_are_those_of_the_whole(tmp_path, monkeypatch, capsys):
    pillar = tifffile.imread(bundled("example") / "pillar.tif")[:12, 80:112, 80:112]
    np.save(tmp_path / "scan.npy", pillar)
    *told, last = answers(request_of(tmp_path), monkeypatch, capsys)
    done, total = told[-1]["progress"]
    assert done == total
    whole = tmp_path / "whole.tif"
    scan = ArrayVolume(pillar, SPACING)
    segment_file(scan, tmp_path / "w.tif", weights=WEIGHTS, probabilities=whole)
    expected = tifffile.imread(whole)[4:7]
    np.testing.assert_allclose(
        tifffile.imread(last["probabilities"]["object"]), expected, atol=1e-6
    )
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "classes.tif"),
        tifffile.imread(last["probabilities"]["object"]) > 0.25,
    )
    assert open_volume(tmp_path / "classes.tif").spacing == pytest.approx(SPACING)


def test_errors_are_one_line(tmp_path, monkeypatch, capsys):
    (answer,) = answers(request_of(tmp_path), monkeypatch, capsys)
    assert "scan.npy" in answer["error"]
    assert "\n" not in answer["error"]


def test_a_layer_of_an_array_is_written(tmp_path):
    array = np.arange(60, dtype=np.uint16).reshape(3, 4, 5)
    scan = layer_scan(layer([array, array[::2]], multiscale=True))
    assert scan.spacing == pytest.approx(SPACING)
    place = scan.place(tmp_path / "scan.npy")
    np.testing.assert_array_equal(np.load(place), array)
    one = layer_scan(layer(array[0]))
    np.testing.assert_array_equal(np.load(one.place(tmp_path / "one.npy")), array[:1])


def test_a_layer_of_a_file_stays_there(tmp_path):
    path = tmp_path / "scan.tif"
    with create_volume(path, (3, 4, 5), np.uint8, spacing=SPACING) as writer:
        writer.write(0, np.zeros((3, 4, 5), np.uint8))
    scan = layer_scan(layer(LazyArray(open_volume(path))))
    assert scan.place(tmp_path / "copy.npy") == str(path)
    assert not (tmp_path / "copy.npy").exists()


@pytest.mark.parametrize(
    ("changes", "match"), [({"rgb": True}, "is in colours"), ({}, "pillar: has 4 axes")]
)
def test_what_is_no_scan_is_refused(changes, match):
    with pytest.raises(ValueError, match=match):
        layer_scan(layer(np.zeros((2, 3, 4, 5)), **changes))
