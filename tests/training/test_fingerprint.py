import numpy as np
import pytest

from tomoseg_tf.records import open_records, write_records
from tomoseg_tf.training.fingerprint import records_fingerprint
from tomoseg_tf.volume import ArrayVolume, Normalisation, grey_profile, open_sample

SETTINGS = {"split": "block", "fractions": (0.5, 0.5, 0.0), "guard": 0}


def scan(seed, dtype):
    rng = np.random.default_rng(seed)
    grey = np.where(rng.random((16, 24, 24)) < 0.4, 60, 160) + rng.normal(0, 12, (16, 24, 24))
    return grey.astype(dtype), (rng.random(grey.shape) < 0.1).astype(np.uint8)


@pytest.mark.parametrize("patch", [(8, 8, 8), (1, 8, 8)])
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_patches_tell_of_their_scans(tmp_path, patch, dtype):
    grey, truth = scan(0, dtype)
    write_records(tmp_path / "r", [(grey, truth)], patch=patch, **SETTINGS)
    found = records_fingerprint(open_records(tmp_path / "r"), Normalisation())
    whole = grey_profile(ArrayVolume(grey), Normalisation())
    assert np.abs(np.subtract(found.quantiles, whole.quantiles)).mean() < 0.05
    assert found.grain == pytest.approx(whole.grain, rel=0.05)
    assert (found.levels is None) == (dtype == "float32")


def test_what_lies_outside_the_sample_does_not_count(tmp_path):
    grey, truth = scan(1, "float32")
    rows, columns = np.ogrid[:24, :24]
    grey[:, np.hypot(rows - 11.5, columns - 11.5) > 12] = np.nan
    write_records(tmp_path / "r", [(grey, truth)], patch=(8, 8, 8), **SETTINGS)
    normalisation = Normalisation(outside="left_out")
    found = records_fingerprint(open_records(tmp_path / "r"), normalisation)
    volume = ArrayVolume(grey)
    whole = grey_profile(volume, normalisation, open_sample(volume, "auto"))
    assert np.abs(np.subtract(found.quantiles, whole.quantiles)).mean() < 0.05
    assert found.share == pytest.approx(whole.share, abs=1e-4) == np.isfinite(grey).mean()


def test_patches_that_are_not_like_their_scan_give_none(tmp_path):
    grey, truth = scan(2, "uint16")
    truth[:] = 0
    truth[:, :8, :8] = 1
    grey[:, :8, :8] += 400
    settings = SETTINGS | {"patch": (8, 8, 8), "skip_empty": True}
    write_records(tmp_path / "r", [(grey, truth)], **settings)
    assert records_fingerprint(open_records(tmp_path / "r"), Normalisation()) is None
