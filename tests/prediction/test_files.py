import numpy as np
import pytest

from tomoseg_tf.prediction import segment_file
from tomoseg_tf.prediction.scans.many import segment_files
from tomoseg_tf.volume import Normalisation, filter_file, open_volume
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

FILTERS = ("median:size=3,axes=zyx", "gaussian:sigma=0.7,axes=yx")


@pytest.fixture
def save(random_unet, tmp_path):
    """Save random weights; keywords go to their configuration."""

    def save(**settings):
        model = random_unet()
        arguments = {
            "input_shape": [None, None, None, 1],
            "num_classes": 1,
            "levels": 2,
            "base_features": 2,
        }
        config = WeightsConfig(
            model="unet_3d", arguments=arguments, classes=class_entries(("a", "b")), **settings
        )
        folder = tmp_path / f"weights-{len(list(tmp_path.iterdir()))}"
        save_weights(folder, model, config, card="# Random\n")
        return folder

    return save


@pytest.fixture
def scan(tmp_path):
    """A uint8 scan of 7 x 20 x 20 voxels with 0 outside its circle."""
    array = np.random.default_rng(0).normal(120, 30, (7, 20, 20)).clip(1, 255).astype(np.uint8)
    rows, columns = np.ogrid[:20, :20]
    array[:, np.hypot(rows - 9.5, columns - 9.5) > 10] = 0
    np.save(tmp_path / "scan.npy", array)
    return tmp_path / "scan.npy"


def read(path):
    volume = open_volume(path)
    return volume.read(0, volume.shape[0])


@pytest.mark.parametrize("outside", ["kept", "left_out"])
def test_filters_of_the_weights_are_replayed_on_the_raw_scan(save, scan, tmp_path, outside):
    normalisation = Normalisation(outside=outside)
    behind = save(normalisation=normalisation, filters=FILTERS)
    plain = save(normalisation=normalisation)
    filter_file(scan, tmp_path / "smooth.npy", FILTERS)
    settings = {"grey_levels": True}
    names = [(tmp_path / f"s{i}.npy", tmp_path / f"p{i}.npy") for i in range(4)]
    runs = [(scan, behind, True), (tmp_path / "smooth.npy", plain, True)]
    runs += [(tmp_path / "smooth.npy", behind, False), (scan, plain, True)]
    summaries = [
        segment_file(
            *(source, target),
            weights=weights,
            probabilities=probabilities,
            apply_filters=replay,
            **settings,
        )
        for (source, weights, replay), (target, probabilities) in zip(runs, names, strict=True)
    ]
    results = [(read(target), read(probabilities)) for target, probabilities in names]
    for other in results[1:3]:
        np.testing.assert_array_equal(other, results[0])
    assert (results[3][1] != results[0][1]).any()
    assert summaries[0]["filters"] == list(FILTERS)
    assert summaries[2]["filters"] == []
    assert summaries[0]["notices"][0].endswith(f": filtered as it is read: {FILTERS[0]}")


@pytest.mark.parametrize("more", [{}, {"binning": 2}, {"turns": "flips"}])
def test_given_filters_go_before_those_of_the_weights(save, scan, tmp_path, more):
    weights = save(filters=FILTERS)
    filter_file(scan, tmp_path / "turned.npy", ["invert"])
    names = [tmp_path / f"{name}.npy" for name in ("s0", "p0", "s1", "p1", "s2", "p2")]
    turned = {"filters": ["invert"], **more}
    summary = segment_file(scan, names[0], weights=weights, probabilities=names[1], **turned)
    segment_file(tmp_path / "turned.npy", names[2], weights=weights, probabilities=names[3], **more)
    segment_file(scan, names[4], weights=weights, probabilities=names[5], **more)
    results = [read(name) for name in names]
    np.testing.assert_array_equal(results[0], results[2])
    np.testing.assert_array_equal(results[1], results[3])
    assert (results[1] != results[5]).any()
    assert any("filtered as it is read: invert" in notice for notice in summary["notices"])


def test_statistics_are_of_scans_behind_the_same_filters(save, scan, tmp_path):
    weights = save(filters=FILTERS)
    settings = {"weights": weights, "filters": ["invert"]}
    segment_files([scan], tmp_path / "all", normalise_together=True, suffix=".npy", **settings)
    stored = tmp_path / "all" / "statistics.json"
    segment_file(scan, tmp_path / "again.npy", statistics=stored, **settings)
    np.testing.assert_array_equal(
        read(tmp_path / "again.npy"), read(tmp_path / "all" / f"{scan.stem}.npy")
    )
    with pytest.raises(ValueError, match="invert and median"):
        segment_file(scan, tmp_path / "other.npy", weights=weights, statistics=stored)


def test_what_is_left_out_becomes_background(save, scan, tmp_path):
    weights = save(normalisation=Normalisation(outside="left_out"), threshold=0.001)
    summary = segment_file(scan, tmp_path / "s.npy", weights=weights)
    fill = read(scan) == 0
    np.testing.assert_array_equal(read(tmp_path / "s.npy"), ~fill)
    assert summary["mask"] == "auto"
    assert "lies outside the reconstruction circle" in summary["notices"][-1]
    summary = segment_file(scan, tmp_path / "all.npy", weights=weights, mask="none")
    assert read(tmp_path / "all.npy").all()


def test_what_an_output_cannot_keep_is_told(save, scan, tmp_path):
    volume = open_volume(scan, spacing=(0.1, 0.1, 0.1))
    kept = segment_file(volume, tmp_path / "s.h5", weights=save())
    lost = segment_file(volume, tmp_path / "s.npy", weights=save())
    assert kept["notices"] == []
    assert [notice.startswith(f"{tmp_path / 's.npy'}: ") for notice in lost["notices"]] == [True]
    assert open_volume(tmp_path / "s.h5").holds_classes


def test_a_mask_is_a_file_that_is_never_an_output(save, scan, tmp_path):
    weights = save(threshold=0.001)
    labels = np.zeros((7, 20, 20), np.uint8)
    labels[1:5, 3:15, 8:12] = 3
    mask = tmp_path / "mask.npy"
    np.save(mask, labels)
    segment_file(scan, tmp_path / "s.npy", weights=weights, mask=mask)
    np.testing.assert_array_equal(read(tmp_path / "s.npy"), labels > 0)
    with pytest.raises(ValueError, match=r"mask\.npy is named twice"):
        segment_file(scan, mask, weights=weights, mask=mask, overwrite=True)
    np.save(mask, labels[:3])
    with pytest.raises(ValueError, match=r"mask\.npy: the mask has shape \(3, 20, 20\)"):
        segment_file(scan, tmp_path / "t.npy", weights=weights, mask=mask)
    assert not (tmp_path / "t.npy").exists()


def test_no_output_spoils_another_or_the_slices_of_the_input(save, scan, tmp_path):
    weights = save()
    slices = tmp_path / "slices"
    segment_file(scan, slices, weights=weights)
    before = sorted(tmp_path.rglob("*"))
    settings = {"weights": weights, "overwrite": True}
    for name in ("slices/p.npy", "slices/c.tif", "slices/c"):
        key = "colours" if "c" in name[7:] else "probabilities"
        with pytest.raises(ValueError, match=r"lies in the output .*slices; name it beside that"):
            segment_file(scan, slices, **settings, **{key: tmp_path / name})
    with pytest.raises(ValueError, match=r"seg\.tif lies among the slices of .*slices and would"):
        segment_file(slices, slices / "seg.tif", **settings)
    assert sorted(tmp_path.rglob("*")) == before
    segment_file(slices, slices / "seg.npy", **settings)
    np.testing.assert_array_equal(read(slices).shape, read(slices / "seg.npy").shape)


def test_what_the_backend_keeps_of_one_scan_is_there_for_the_next(
    save, scan, tmp_path, monkeypatch
):
    np.save(tmp_path / "second.npy", read(scan))
    weights, most = save(), 3e9
    monkeypatch.setattr("tomoseg_tf.prediction.scans.many.resident", lambda: 1e9)
    monkeypatch.setattr("tomoseg_tf.prediction.budget.resident", lambda: most - 1e6)
    scans, folder = [scan, tmp_path / "second.npy"], tmp_path / "all"
    found = segment_files(scans, folder, weights=weights, max_memory=most, suffix=".npy")
    assert found["segmented"] == 2
    with pytest.raises(ValueError, match="are too little"):
        segment_file(scan, tmp_path / "alone.npy", weights=weights, max_memory=most)
