import json

import numpy as np
import pytest
from pydantic import ValidationError

from tomoseg_tf.volume import ArrayVolume, Normalisation, grey_profile
from tomoseg_tf.weights import (
    Fingerprint,
    card,
    open_weights,
    pool_profiles,
    shipped_weights,
    store_fingerprint,
)
from tomoseg_tf.weights.fingerprint import name_some

RAMP = np.arange(1000, dtype=np.uint16).reshape(10, 10, 10)


def profile(array, **settings):
    return grey_profile(ArrayVolume(array), Normalisation(**settings))


def test_the_profile_of_a_ramp_is_known():
    found = profile(RAMP, method="minmax")
    np.testing.assert_allclose(found.quantiles, (np.arange(50) + 0.5) / 50, atol=1e-4)
    assert found.grain == pytest.approx(1 / RAMP.std())
    assert found.levels == pytest.approx(0.98 * 999)
    assert (found.share, found.dtype) == (1.0, "uint16")
    assert profile(RAMP.astype(np.float32)).levels is None


def test_few_slices_of_a_large_scan_stand_for_it(monkeypatch):
    monkeypatch.setattr("tomoseg_tf.volume.profile.VALUES", 500)
    array = np.random.default_rng(0).normal(0, 1, (100, 40, 40)).astype(np.float32)
    found = profile(array)
    assert np.abs(np.subtract(found.quantiles, profile(array[:50]).quantiles)).mean() < 0.2
    assert found.grain == pytest.approx(2 / np.sqrt(np.pi), rel=0.2)


def test_scans_count_alike_and_their_spread_is_kept():
    pooled = pool_profiles(("a", "b"), [profile(RAMP), profile(RAMP**2.0)])
    assert pooled.scans == ("a", "b")
    assert 0.02 < pooled.spread < 0.5
    assert pool_profiles(("a",), [profile(RAMP)]).spread == 0
    constant = pool_profiles(("a",), [profile(np.zeros_like(RAMP))])
    assert set(constant.quantiles) == {0}


def test_a_fingerprint_is_kept_in_the_configuration_and_on_the_card(config, folder, tmp_path):
    found = pool_profiles(("a.tif",), [profile(RAMP)])
    named = config.model_copy(update={"fingerprint": found})
    again = type(config).model_validate_json(named.to_json())
    assert again.fingerprint == found
    assert "## Fingerprint\n\nOf a.tif: normalised grey" in card(named)
    assert "## Fingerprint" not in card(config)
    np.save(tmp_path / "s.npy", RAMP)
    before = open_weights(folder)
    stored = store_fingerprint(folder, [ArrayVolume(RAMP, (1, 1, 1), name="s.npy")])
    assert stored.config.fingerprint.quantiles == found.quantiles
    assert stored.config.spacing == (1, 1, 1)
    assert stored.hashes["model.weights.h5"] == before.hashes["model.weights.h5"]
    text = stored.read_card()
    assert text.index("## Fitted on") < text.index("## Fingerprint") < text.index("## Input")
    assert store_fingerprint(folder, [RAMP]).read_card().count("## Fingerprint") == 1


def test_what_is_no_fingerprint_is_refused(folder):
    values = pool_profiles(("a",), [profile(RAMP)]).model_dump()
    for change in ({"quantiles": values["quantiles"][::-1]}, {"scans": ()}, {"grain": -1}):
        with pytest.raises(ValidationError):
            Fingerprint(**values | change)
    with pytest.raises(ValueError, match=r"a fingerprint of what\?"):
        store_fingerprint(folder, [])
    with pytest.raises(ValueError, match="none of its voxels counts"):
        store_fingerprint(folder, [np.full((2, 3, 4), np.nan)])


def test_shipped_weights_have_fingerprints():
    for path in shipped_weights().values():
        config = json.loads((path / "config.json").read_bytes())
        assert config["fingerprint"]["quantiles"], path


def test_a_long_list_of_scans_is_cut():
    assert name_some(["a.tif", "b.tif"]) == "a.tif, b.tif"
    many = [f"{number}.tif" for number in range(15)]
    assert name_some(many) == f"{', '.join(many[:12])} and 3 more"
