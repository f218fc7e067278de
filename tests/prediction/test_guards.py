import re
from functools import cache, partial

import numpy as np
import pytest

from tomoseg_tf.phantom import AA7075, Dendrites, Micropillar
from tomoseg_tf.prediction.guards import check_scan
from tomoseg_tf.volume import ArrayVolume, Normalisation, grey_profile, profile_distance
from tomoseg_tf.weights import WeightsConfig, class_entries, pool_profiles

PILLAR, DENDRITES = (8, 192, 192), (2, 128, 128)


class Fitted:
    """Weights that are nothing but their configuration."""

    name = "fitted"

    def __init__(self, **settings):
        arguments = {"input_shape": settings.pop("input_shape", [None] * 3 + [1]), "num_classes": 1}
        classes = class_entries(("background", "object"))
        self.config = WeightsConfig(
            model="unet_3d", arguments=arguments, classes=classes, **settings
        )


@cache
def grey(kind, shape, seed):
    return kind(shape, seed).slab(0, shape[0])[0]


def fitted_on(*scans, **settings):
    normalisation = settings.get("normalisation", Normalisation())
    profiles = [grey_profile(ArrayVolume(scan), normalisation) for scan in scans]
    fingerprint = pool_profiles([f"{index}.tif" for index in range(len(scans))], profiles)
    return Fitted(fingerprint=fingerprint, **settings)


@pytest.fixture(scope="module")
def pillar():
    return grey(Micropillar, PILLAR, 1)


@pytest.fixture(scope="module")
def fitted(pillar):
    return fitted_on(pillar)


@pytest.mark.parametrize("kind", [Micropillar, AA7075, Dendrites])
def test_other_seeds_of_a_kind_pass(kind):
    shape = PILLAR if kind is Micropillar else DENDRITES
    fitted = fitted_on(grey(kind, shape, 1))
    assert check_scan(ArrayVolume(grey(kind, shape, 2)), fitted) == []


def test_brightness_and_type_are_no_difference(pillar, fitted):
    brighter = ArrayVolume(pillar.astype(np.uint16) * 100 + 3000)
    assert check_scan(brighter, fitted) == []
    assert check_scan(ArrayVolume(pillar / np.float32(1e4)), fitted) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda scan: 255 - scan, "distributed otherwise .*it looks inverted: invert the grey"),
        (partial(np.pad, pad_width=((0, 0), (20, 20), (20, 20))), "distributed .*crop frames"),
        (lambda scan: grey(Dendrites, DENDRITES, 1), "distributed otherwise .*; its neighbouring"),
        (lambda scan: grey(AA7075, PILLAR, 1), "distributed otherwise than in training, by 0"),
        (
            lambda scan: scan + np.random.default_rng(0).normal(0, 25, scan.shape),
            "its neighbouring voxels differ .* times as much as in training; check the noise",
        ),
        (lambda scan: scan // 8, r"only \d+\.?\d* steps from 1 % to 99 %"),
    ],
)
def test_what_is_otherwise_is_told_and_refused_if_strict(pillar, fitted, change, text):
    scan = ArrayVolume(change(pillar), name="scan.tif")
    with pytest.raises(ValueError, match=f"scan.tif: .*{text}.*; or leave out --strict") as error:
        check_scan(scan, fitted, strict=True)
    told = check_scan(scan, fitted)
    assert all(line.startswith("scan.tif: ") for line in told)
    assert "\n" not in str(error.value)


def test_inverted_dendrites_are_told_though_half_of_them_is_bright():
    fitted = fitted_on(grey(Dendrites, DENDRITES, 1))
    (told,) = check_scan(ArrayVolume(255 - grey(Dendrites, DENDRITES, 2)), fitted)
    assert "it looks inverted" in told


def test_scans_that_differed_in_training_may_differ_in_prediction(pillar):
    rng = np.random.default_rng(0)
    noisy = (pillar + rng.normal(0, 22, pillar.shape)).clip(0, 255).astype(np.uint8)
    other = (pillar + rng.normal(0, 22, pillar.shape)).clip(0, 255).astype(np.uint8)
    told = check_scan(ArrayVolume(other), fitted_on(pillar))
    assert any("distributed otherwise" in text for text in told)
    told = check_scan(ArrayVolume(other), fitted_on(pillar, noisy))
    assert not any("distributed otherwise" in text for text in told)


def test_a_small_sample_is_told(pillar):
    mask = np.zeros(pillar.shape, np.uint8)
    mask[:, :60] = 1
    told = check_scan(ArrayVolume(pillar), fitted_on(pillar), mask=mask)
    assert any("only 31.2 % of its voxels are the sample, but at least 100 %" in x for x in told)


@pytest.mark.parametrize(
    ("spacing", "text"),
    [
        ((0.1, 0.1, 0.1), None),
        ((0.14, 0.14, 0.14), None),
        ((0.2, 0.2, 0.2), "its voxels of 0.2 µm are 2 times larger than the 0.1 µm of training"),
        ((0.05, 0.05, 0.05), "2 times smaller .*predict with --to-spacing weights"),
        ((0.16, 0.08, 0.08), "0.16 x 0.08 x 0.08 µm have another form than the 0.1 µm"),
    ],
)
def test_voxel_sizes_are_compared(spacing, text):
    volume = ArrayVolume(np.zeros((2, 4, 4), np.uint8), spacing)
    told = check_scan(volume, Fitted(spacing=(0.1, 0.1, 0.1)))
    assert len(told) == (text is not None)
    if text is not None:
        assert re.search(text, told[0])


def test_slices_may_lie_at_any_distance():
    volume = ArrayVolume(np.zeros((2, 4, 4), np.uint8), (5, 0.1, 0.1))
    planar = Fitted(spacing=(0.1, 0.1, 0.1), input_shape=[None, None, 1])
    assert check_scan(volume, planar) == []
    assert check_scan(volume, planar, passes="zy") != []


def test_what_cannot_be_compared_is_told_only_if_strict():
    volume = ArrayVolume(np.zeros((2, 4, 4), np.uint8))
    assert check_scan(volume, Fitted()) == []
    told = check_scan(volume, Fitted(), strict=True)
    assert ["not known" in told[0], "hold no fingerprint" in told[1]] == [True, True]


def test_the_distance_is_that_of_wasserstein():
    from scipy.stats import wasserstein_distance

    rng = np.random.default_rng(0)
    one, other = np.sort(rng.normal(0, 1, 50)), np.sort(rng.gamma(2, 1, 50))
    expected = wasserstein_distance(one, other) / one.std()
    assert profile_distance(one, other) == pytest.approx(expected)


def test_a_scan_without_a_voxel_that_counts_has_no_profile():
    volume = ArrayVolume(np.full((2, 4, 4), np.nan, np.float32))
    assert grey_profile(volume, Normalisation()) is None
