"""Drafts by edges: discs of known size, their sides, what encloses them, noise."""

import numpy as np
import pytest
from scipy import ndimage

from tomoseg_tf.volume import ArrayVolume, draft_file, open_truth, open_volume
from tomoseg_tf.volume.truth.drafting import draft_slice, noise_gradient

ROWS, COLUMNS = np.ogrid[:96, :110]


def disc(row, column, radius):
    return (ROWS - row) ** 2 + (COLUMNS - column) ** 2 <= radius**2


BRIGHT, DARK, SAMPLE = disc(40, 36, 9), disc(56, 70, 6), disc(48, 53, 42)
SLICE = np.full(SAMPLE.shape, 100.0)
SLICE[BRIGHT], SLICE[DARK], SLICE[~SAMPLE] = 150, 60, 20
NOISY = SLICE + np.random.default_rng(0).normal(0, 4, SLICE.shape)


def dice(found, truth):
    return 2 * (found & truth).sum() / (found.sum() + truth.sum())


@pytest.mark.parametrize(("objects", "wanted"), [("bright", BRIGHT), ("dark", DARK)])
def test_discs_are_found_on_their_side(objects, wanted):
    image = ndimage.gaussian_filter(NOISY, 1.5)
    found = draft_slice(image, edges=(2, 4), objects=objects, inside=disc(48, 53, 38))
    assert dice(found, wanted) > 0.95
    assert found.sum() == pytest.approx(wanted.sum(), rel=0.1)  # an edge is half an object's


def test_what_encloses_all_is_left_out_by_its_size():
    image = ndimage.gaussian_filter(SLICE, 1)
    whole = draft_slice(image, edges=(2, 4))
    assert whole.sum() == pytest.approx(SAMPLE.sum() - DARK.sum(), rel=0.05)
    assert dice(draft_slice(image, edges=(2, 4), largest=1000), BRIGHT) > 0.95


def test_gaps_between_edges_are_joined():
    image = SLICE.copy()
    image[39:42, 43:48] = 125  # half a step twice: too faint for an edge
    image = ndimage.gaussian_filter(image, 0.7)
    inside = disc(40, 36, 14)
    areas = [
        draft_slice(image, edges=(10, 12), close=close, inside=inside).sum() for close in (0, 3)
    ]
    assert areas[0] == 0
    assert areas[1] == pytest.approx(BRIGHT.sum(), rel=0.1)


def test_noise_is_told_from_objects():
    noise = np.random.default_rng(1).normal(0, 5, (400, 400))
    # the Sobel filter takes the difference of means of 4 pixels with weights 1, 2, 1, two apart
    expected = 5 * np.sqrt(2 * (1 + 4 + 1)) / 8
    assert noise_gradient(noise) == pytest.approx(expected, rel=0.02)
    assert noise_gradient(noise + 50 * (np.arange(400) > 200)) == pytest.approx(expected, rel=0.03)


def test_scans_are_drafted_slab_by_slab(tmp_path, monkeypatch):
    monkeypatch.setattr("tomoseg_tf.volume.truth.draft_file.PIECE_BYTES", 1)
    rng = np.random.default_rng(2)
    scan = np.clip(SLICE + rng.normal(0, 6, (11, *SLICE.shape)), 0, 255).astype(np.uint8)
    scan[:, ~disc(48, 53, 42)] = 0
    volume = ArrayVolume(scan, spacing=(3, 2, 1))
    summary = draft_file(volume, tmp_path / "a.tif", mask=np.repeat(disc(48, 53, 38)[None], 11, 0))
    drafted = open_volume(tmp_path / "a.tif")
    found = drafted.read(0, 11)
    assert sorted(np.unique(found)) == [0, 255]
    assert drafted.spacing == (3.0, 2.0, 1.0)
    assert dice(found > 0, np.broadcast_to(BRIGHT, found.shape)) > 0.95
    assert summary["voxels"] == (found > 0).sum()
    assert summary["gradients"] == pytest.approx([2 * summary["noise"], 4 * summary["noise"]])
    np.testing.assert_array_equal(open_truth(tmp_path / "a.tif").read(0, 11), found > 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objects": "red"}, "objects 'red' are not known"),
        ({"blur": -1.0}, "blur -1.0: must be 0 or"),
        ({"edges": (4, 2)}, "edges 4,2: must be two gradients, the lower first"),
        ({"close": 99}, "close 99 must be 0 to 20"),
        ({"mask": "none", "largest": 0}, "largest 0 at least 1"),
        ({"mask": np.ones((1, 2, 3), np.uint8)}, "the mask has shape"),
    ],
)
def test_settings_that_are_not_possible(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        draft_file(NOISY[None], tmp_path / "a.tif", **options)
    assert not list(tmp_path.iterdir())


def test_a_scan_without_noise_or_edges(tmp_path):
    summary = draft_file(np.zeros((2, 30, 30), np.uint8), tmp_path / "a.tif")
    assert (summary["voxels"], summary["shape"]) == (0, [2, 30, 30])


@pytest.mark.parametrize("hole", [np.nan, np.inf])
@pytest.mark.parametrize("mask", ["auto", "none"])
def test_voxels_that_are_unknown_are_no_objects_and_hide_none(tmp_path, hole, mask):
    rng = np.random.default_rng(3)
    scan = (np.where(SAMPLE, SLICE, 100) + rng.normal(0, 6, (4, *SLICE.shape))).astype("float32")
    draft_file(scan, tmp_path / "a.tif", objects="dark", mask=mask)
    expected = open_volume(tmp_path / "a.tif").read(0, 4) > 0
    assert dice(expected, np.broadcast_to(DARK, expected.shape)) > 0.9
    scan[1, 20:28, 50:58], scan[:, 70, 20] = hole, hole
    draft_file(scan, tmp_path / "b.tif", objects="dark", mask=mask)
    found = open_volume(tmp_path / "b.tif").read(0, 4) > 0
    assert dice(found, expected) > 0.98
    assert not found[:, 15:33, 45:63].any()


def test_a_bright_fill_outside_the_reconstruction_does_not_leak_into_the_sample(tmp_path):
    scan = SLICE + np.random.default_rng(4).normal(0, 6, (4, *SLICE.shape))
    scan = np.where(disc(48, 53, 40), scan, 400).astype("float32")
    draft_file(scan, tmp_path / "a.tif", blur=3)
    found = open_volume(tmp_path / "a.tif").read(0, 4) > 0
    assert dice(found, np.broadcast_to(BRIGHT, found.shape)) > 0.9
