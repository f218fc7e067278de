import json

import numpy as np
import pytest

from tomoseg_tf.prediction import segment_file
from tomoseg_tf.prediction.restoring import Restoring
from tomoseg_tf.prediction.scans.many import segment_files
from tomoseg_tf.prediction.seams import seam_notice
from tomoseg_tf.volume import (
    ArrayVolume,
    ResampledVolume,
    grid_of,
    measure,
    open_volume,
)
from tomoseg_tf.weights import open_weights, save_weights, store_fingerprint

SHAPE, SPACING = (9, 26, 31), (0.2, 0.1, 0.1)


def read(path):
    volume = open_volume(path)
    return volume.read(0, volume.shape[0])


def test_the_result_is_that_of_the_resampled_scan_interpolated_back(folder, scan, tmp_path):
    grid = grid_of(SHAPE, SPACING, to_spacing=(0.2, 0.2, 0.2))
    seen = ResampledVolume(scan, grid)
    settings = {"weights": folder}
    segment_file(seen, tmp_path / "c.npy", probabilities=tmp_path / "cp.npy", **settings)
    coarse = ArrayVolume(read(tmp_path / "cp.npy"))
    whole = tuple((0, side) for side in SHAPE)
    expected = np.concatenate([s for _, s in Restoring([coarse], grid, whole).slabs()])[..., 0]
    summary = segment_file(
        *(scan, tmp_path / "s.tif"),
        probabilities=tmp_path / "p.npy",
        entropy=tmp_path / "e.npy",
        to_spacing="weights",
        **settings,
    )
    found = read(tmp_path / "p.npy")
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(read(tmp_path / "s.tif"), found > 0.5)
    assert open_volume(tmp_path / "s.tif").spacing == pytest.approx(SPACING)
    assert summary["shape"] == list(SHAPE)
    assert summary["resampled"]["shape"] == [9, 13, 16]
    assert summary["classes"][1]["voxels"] == (found > 0.5).sum()
    assert not any("resampled/" in text for text in summary["notices"])
    part = ((2, 7), (3, 20), (5, 31))
    segment_file(
        *(scan, tmp_path / "part.npy"),
        probabilities=tmp_path / "pp.npy",
        to_spacing="weights",
        roi=part,
        **settings,
    )
    cut = tuple(slice(*ends) for ends in part)
    np.testing.assert_allclose(read(tmp_path / "pp.npy"), found[cut], atol=1e-6)
    assert not list(tmp_path.glob(".*"))


def test_the_size_of_the_scan_itself_changes_no_bit(folder, scan, tmp_path):
    names = {"probabilities": tmp_path / "p.npy", "weights": folder}
    plain = segment_file(scan, tmp_path / "s.npy", **names)
    for how in ({"to_spacing": SPACING}, {"binning": 1}):
        same = names | {"probabilities": tmp_path / "q.npy", "overwrite": True}
        summary = segment_file(scan, tmp_path / "t.npy", **same, **how)
        np.testing.assert_array_equal(read(tmp_path / "q.npy"), read(tmp_path / "p.npy"))
        assert summary["resampled"] is plain["resampled"] is None


def test_a_mask_of_the_scan_is_that_of_the_result(folder, scan, tmp_path):
    mask = np.zeros(SHAPE, np.uint8)
    mask[:, 3:22, 5:28] = 1
    np.save(tmp_path / "mask.npy", mask)
    segment_file(
        *(scan, tmp_path / "s.npy"),
        weights=folder,
        mask=tmp_path / "mask.npy",
        threshold=0,
        binning=2,
    )
    np.testing.assert_array_equal(read(tmp_path / "s.npy"), mask)


def test_what_makes_no_sense_is_refused_and_leaves_nothing(folder, scan, tmp_path):
    unknown = open_volume(tmp_path / "scan.npy")
    cases = [
        (scan, {"binning": 2, "to_spacing": 0.2}, "not both"),
        (unknown, {"to_spacing": "weights"}, r"scan\.npy: its voxel size is not known"),
        (scan, {"to_spacing": "µm"}, "must be numbers in µm, or weights"),
        (scan, {"binning": 2, "step": 3}, "step 3 is for networks of one patch size"),
    ]
    for volume, how, text in cases:
        with pytest.raises(ValueError, match=text):
            segment_file(volume, tmp_path / "s.npy", weights=folder, **how)
    assert [path.name for path in tmp_path.iterdir()] == ["scan.npy"]


def test_strict_refuses_before_anything_is_written(folder, scan, tmp_path):
    settings = {"weights": folder, "strict": True}
    text = r"its voxels of 0\.2 x 0\.1 x 0\.1 µm are 1\.59 times smaller .*; or leave out --strict"
    with pytest.raises(ValueError, match=text):
        segment_file(scan, tmp_path / "s.npy", **settings)
    assert [path.name for path in tmp_path.iterdir()] == ["scan.npy"]
    told = segment_file(scan, tmp_path / "s.npy", to_spacing="weights", **settings)["notices"]
    assert any("hold no fingerprint of grey" in text for text in told)
    loose = segment_file(scan, tmp_path / "t.npy", weights=folder)["notices"]
    assert any("1.59 times smaller" in text for text in loose)


def test_a_stored_fingerprint_is_compared(folder, scan, tmp_path, random_unet):
    fitted = open_weights(folder)
    mine = tmp_path / "mine"
    save_weights(mine, fitted.build(), fitted.config, card=fitted.read_card())
    arrays = open_weights(mine).hashes["model.weights.h5"]
    written = store_fingerprint(mine, [scan, scan])
    again = store_fingerprint(mine, [scan])
    assert written.config.fingerprint.scans == ("scan.npy", "scan.npy")
    assert again.hashes["model.weights.h5"] == arrays
    assert again.read_card().count("## Fingerprint") == 1
    assert "Of scan.npy: normalised grey" in again.read_card()
    settings = {"weights": mine, "strict": True, "to_spacing": SPACING}
    with pytest.raises(ValueError, match="times smaller"):
        segment_file(scan, tmp_path / "s.npy", **settings)
    other = ArrayVolume(np.where(read(scan.name) < 60, 0, 255).astype(np.uint8), (0.2,) * 3)
    with pytest.raises(ValueError, match="distributed otherwise"):
        segment_file(other, tmp_path / "s.npy", weights=mine, strict=True)
    with pytest.raises(ValueError, match="come with the package and stay as they are"):
        store_fingerprint("unet_3d_micropillar", [scan])


def test_a_series_is_normalised_by_the_voxels_that_the_network_sees(folder, scan, tmp_path):
    """Means of eight voxels vary less than these, so that their statistics are others."""
    np.save(tmp_path / "later.npy", read(scan.name) // 2)
    scans, opening = [tmp_path / "scan.npy", tmp_path / "later.npy"], {"spacing": SPACING}
    settings = {"weights": folder, "binning": 2}
    result = segment_files(
        scans, tmp_path / "out", opening=opening, normalise_together=True, **settings
    )
    assert (result["segmented"], result["failed"]) == (2, 0)
    stored = json.loads((tmp_path / "out" / "statistics.json").read_text())
    grid = grid_of(SHAPE, SPACING, block=2)
    volumes = [open_volume(each, **opening) for each in scans]
    seen = np.concatenate([read_all(ResampledVolume(each, grid)) for each in volumes])
    assert stored["statistics"] == measure(seen, ()).to_dict()
    assert stored["voxels"] == "binned by 2"
    given = settings | {"statistics": tmp_path / "out" / "statistics.json"}
    segment_file(scan, tmp_path / "s.npy", **given)
    np.testing.assert_array_equal(read(tmp_path / "s.npy"), read(tmp_path / "out" / "scan.tif"))
    for other in ({"binning": None}, {"binning": 3}):
        with pytest.raises(ValueError, match=r"is of grey levels in voxels binned by 2, but"):
            segment_file(scan, tmp_path / "t.npy", **given | other)


def test_the_plan_is_that_of_the_scan(folder, scan, tmp_path):
    mask = np.zeros(SHAPE, np.uint8)
    mask[:, 4:20, 5:25] = 1
    np.save(tmp_path / "mask.npy", mask)
    settings = {"weights": folder, "binning": 2, "mask": tmp_path / "mask.npy"}
    settings |= {"probabilities": tmp_path / "p.npy", "roi": ((1, 8), (0, 26), (0, 31))}
    before = sorted(path.name for path in tmp_path.iterdir())
    plan = segment_file(scan, tmp_path / "s.npy", dry_run=True, **settings)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert plan["shape"] == [7, 26, 31]
    segment_file(scan, tmp_path / "s.npy", **settings)
    sizes = {output["path"]: output["bytes"] for output in plan["outputs"]}
    assert sizes == {
        str(tmp_path / name): np.load(tmp_path / name).nbytes for name in ("s.npy", "p.npy")
    }
    (disk,) = plan["disks"]
    assert disk["needed"] > sum(sizes.values())
    with pytest.raises(ValueError, match="already exists"):
        segment_file(scan, tmp_path / "s.npy", dry_run=True, **settings)
    plan = segment_file(scan, tmp_path / "s.npy", dry_run=True, overwrite=True, **settings)
    assert plan["shape"] == [7, 26, 31]


def test_seams_and_filters_are_told_as_without_another_grid(folder, scan, tmp_path):
    summary = segment_file(
        *(scan, tmp_path / "s.npy"),
        weights=folder,
        binning=2,
        blend=(4, 8, 8),
        filters=("invert",),
    )
    assert summary["filters"] == ["invert"]
    (told,) = [text for text in summary["notices"] if "faces of tiles" in text]
    assert told == seam_notice(tmp_path / "s.npy", summary["seams"])
    assert not any("resampled/" in text for text in summary["notices"])


def test_a_single_member_that_is_to_disagree_is_refused_under_the_name_given(
    folder, scan, tmp_path
):
    for dry_run in (True, False):
        with pytest.raises(ValueError, match=rf"{tmp_path}/d\.tif: a single member cannot"):
            segment_file(
                *(scan, tmp_path / "s.npy"),
                weights=folder,
                binning=2,
                disagreement=tmp_path / "d.tif",
                dry_run=dry_run,
            )


def test_statistics_of_scans_that_were_made_anew_are_not_taken(folder, scan, tmp_path):
    settings = {"weights": folder, "normalise_together": True, "opening": {"spacing": SPACING}}
    segment_files([tmp_path / "scan.npy"], tmp_path / "out", **settings)
    (tmp_path / "out" / "scan.tif").unlink()
    np.save(tmp_path / "scan.npy", read(scan.name) // 2)
    with pytest.raises(ValueError, match="is of other files than these; keep it with --statistics"):
        segment_files([tmp_path / "scan.npy"], tmp_path / "out", **settings)
    assert not (tmp_path / "out" / "scan.tif").exists()


def read_all(volume):
    return volume.read(0, volume.shape[0])
