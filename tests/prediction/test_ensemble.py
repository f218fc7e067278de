"""The mean over weights, flips and turns is that of NumPy over whole predictions of Keras."""

import os
from collections import namedtuple

import numpy as np
import pytest

from tomoseg_tf.models.summary import build
from tomoseg_tf.prediction import passes as orthogonal
from tomoseg_tf.prediction import room, segment_file
from tomoseg_tf.prediction.ensemble import list_turns
from tomoseg_tf.prediction.ensemble import mean as averaging
from tomoseg_tf.prediction.uncertainty import entropy
from tomoseg_tf.volume import ArrayVolume, Normalisation
from tomoseg_tf.weights import WeightsConfig, class_entries, load, save_weights

SMALL = {"levels": 2, "base_features": 2}
MEMBERS = {  # builder, channels, normalisation, threshold, random seed
    "deep": ("unet_3d", 1, Normalisation("minmax"), 0.4, 0),
    "deeper": ("unet_3d", 1, Normalisation("zscore"), 0.5, 1),
    "flat": ("unet_2d", 1, Normalisation("zscore"), 0.6, 2),
    "classes": ("unet_2d", 3, Normalisation("minmax"), None, 3),
    "others": ("unet_2d", 3, Normalisation("zscore"), None, 4),
    "circle": ("unet_2d", 1, Normalisation(outside="left_out"), 0.5, 5),
}
CUBES = (0.1, 0.1, 0.1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory, randomise):
    """Folders of random weights by name."""
    place = tmp_path_factory.mktemp("weights")
    for name, (builder, channels, normalisation, threshold, seed) in MEMBERS.items():
        sides = [None] * (3 if builder == "unet_3d" else 2)
        arguments = {"input_shape": [*sides, 1], "num_classes": channels, **SMALL}
        network = build(builder, arguments)
        randomise(network, seed, gain=2.0)
        config = WeightsConfig(
            model=builder,
            arguments=arguments,
            classes=class_entries(("a", "b", "c")[: max(2, channels)]),
            normalisation=normalisation,
            threshold=threshold,
        )
        save_weights(place / name, network, config, card="# Random\n")
    return place


@pytest.fixture(scope="module")
def volume():
    return np.random.default_rng(6).integers(0, 200, (9, 10, 13), dtype=np.uint8)


def predicted(folder, volume, name, turns, passes="z"):
    """What Keras gives for each turned volume, turned back: (runs, Z, Y, X, C)."""
    model, (builder, _, normalisation, *_) = load(folder / name), MEMBERS[name]
    grey = volume.astype("f8")
    low, scale = (grey.min(), np.ptp(grey))
    if normalisation.method == "zscore":
        low, scale = grey.mean(), grey.std()
    grey, flat, results = ((grey - low) / scale).astype("f4"), builder == "unet_2d", []
    for turn in list_turns(turns, slices=flat, passes=passes):
        seen = turn.apply(grey)
        padded = np.pad(
            seen,
            [(0, 0 if flat and axis == 0 else -side % 2) for axis, side in enumerate(seen.shape)],
        )[..., None]
        found = np.asarray(model(padded if flat else padded[None], training=False))
        found = found if flat else found[0]
        results.append(turn.undo(found[tuple(slice(side) for side in seen.shape)]))
    return np.stack(results)


def segment(weights, volume, names, place, *, spacing=CUBES, **settings):
    """Segment; return the summary and what was written."""
    summary = segment_file(
        ArrayVolume(volume, spacing),
        place / "s.npy",
        weights=[weights / name for name in names],
        probabilities=place / "p.npy",
        entropy=place / "h.npy",
        disagreement=place / "d.npy",
        **settings,
    )
    written = {path.name.split(".")[0]: np.load(path) for path in place.iterdir()}
    return summary, written


@pytest.mark.parametrize(
    ("names", "turns", "passes"),
    [
        (("deep", "deeper"), "none", "z"),
        (("deep",), "square", "z"),
        (("deep",), "cube", "z"),
        (("flat",), "square", "zx"),
        (("deep", "flat"), "flips", "z"),
        (("deep", "flat"), "quarter-turns", "zy"),
    ],
)
def test_binary_means(weights, volume, tmp_path, names, turns, passes):
    seen = [predicted(weights, volume, name, turns, passes) for name in names]
    every = np.concatenate(seen)
    mean = every.mean(axis=0)
    summary, written = segment(weights, volume, names, tmp_path, turns=turns, passes=passes)
    threshold = np.mean([MEMBERS[name][3] for name in names])
    assert summary["threshold"] == pytest.approx(threshold)
    assert summary["runs"] == len(every)
    assert summary["weights"] == list(names)
    np.testing.assert_allclose(written["p"], mean[..., 0], atol=1e-5)
    np.testing.assert_array_equal(written["s"], written["p"] > threshold)
    np.testing.assert_allclose(written["h"], entropy(mean), atol=1e-4)
    found = entropy(mean) - entropy(every).mean(axis=0)
    np.testing.assert_allclose(written["d"], found, atol=1e-4)
    assert written["p"].std() > 0.01
    assert written["d"].max() > 1e-5


def test_classes_in_slabs_and_parts_with_grey_levels(weights, volume, tmp_path, monkeypatch):
    """Slabs of 2 slices in memory, of a part; the members' normalisations differ."""
    monkeypatch.setattr(averaging, "SLAB", 2)
    names, roi = ("classes", "others"), ((1, 8), (2, 9), (0, 13))
    every = np.concatenate([predicted(weights, volume, name, "flips") for name in names])
    mean = every.mean(axis=0)[1:8, 2:9]
    done = []
    summary, written = segment(
        weights,
        volume,
        names,
        tmp_path,
        turns="flips",
        roi=roi,
        grey_levels=True,
        progress=lambda *pair: done.append(pair),
    )
    assert summary["threshold"] is None
    np.testing.assert_array_equal(written["s"], mean.argmax(axis=-1))
    assert abs(written["p_b"] - 255 * mean[..., 1]).max() <= 0.501
    assert abs(written["h"] - 255 * entropy(mean)).max() <= 0.51
    assert done == sorted(done)
    assert done[-1][0] == done[-1][1] == volume.size // 20 + 8 * 7 * 7 * 13


def test_where_the_disk_is_small_volumes_are_cut(weights, volume, tmp_path, monkeypatch):
    monkeypatch.setattr(averaging, "fit", lambda *_: False)
    monkeypatch.setattr(averaging, "fitting_depth", lambda depth, *_: 4)
    summary, cut = segment(weights, volume, ("deep",), tmp_path, turns="flips")
    every = predicted(weights, volume, "deep", "flips")
    np.testing.assert_allclose(cut["p"], every.mean(axis=0)[..., 0], atol=1e-5)
    assert summary["runs"] == 8


def test_the_slabs_of_a_small_disk():
    assert averaging.fitting_depth(1000, 10**6, 2 * 10**9) == 1000
    assert averaging.fitting_depth(1000, 10**6, 10**9) == 336
    assert averaging.fitting_depth(1000, 10**6, 10**6) == averaging.LEAST


def test_the_disk_has_room_for_the_sums_and_then_for_the_results(
    weights, volume, tmp_path, monkeypatch
):
    usage, free = namedtuple("usage", "total used free"), [10**9]
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: usage(1, 1, free[0]))
    sums, results = 2 * 4 * 16**3, volume.size * (1 + 3 * 4) + volume.size * 4
    names = ("deep", "deeper")

    def needed():
        paths = {"entropy": tmp_path / "h.npy", "disagreement": tmp_path / "d.npy"}
        paths |= {"weights": [weights / name for name in names]}
        paths |= {"probabilities": tmp_path / "p.npy", "dry_run": True}
        (disk,) = segment_file(volume, tmp_path / "s.npy", **paths)["disks"]
        return disk["needed"]

    assert needed() == max(2 * sums, sums + results)
    free[0] = 60_000  # too little to keep the sums after each run
    assert needed() == sums + results < free[0]
    monkeypatch.setattr(orthogonal, "KeptSums", None)
    assert segment(weights, volume, names, tmp_path)[0]["runs"] == 2
    free[0] = 50_000
    with pytest.raises(OSError, match=r"takes 5\.3e-05 GB there, but 5e-05 GB are free"):
        segment(weights, volume, names, tmp_path, overwrite=True)


def test_what_does_not_fit_together_is_one_line(weights, volume, tmp_path):
    before = sorted(os.listdir(tmp_path))

    def fail(names, match, **settings):
        with pytest.raises(ValueError, match=match):
            segment_file(
                ArrayVolume(volume, (0.2, 0.1, 0.1)),
                tmp_path / "s.npy",
                weights=[weights / name for name in names],
                **settings,
            )
        assert sorted(os.listdir(tmp_path)) == before

    fail(("flat", "classes"), "classes has the classes a, b, c, but flat has the classes a, b; ")
    fail(("flat", "flat"), "weights flat are there twice")
    fail((), "no weights")
    fail(("flat", "circle"), "circle leaves out .* but flat keeps it; say which with --mask")
    fail(("deep",), "a single member cannot disagree", disagreement=tmp_path / "d.npy")
    fail(("deep",), r"its voxels are 0.2 x 0.1 x 0.1 µm, and turns cube", turns="cube")
    fail(("deep",), "grey levels of what", grey_levels=True)
    fail(("deep", "deeper"), "z,y are for networks of slices", passes="zy")


def test_entropy_needs_no_ensemble_and_thresholds_that_differ_are_told(weights, volume, tmp_path):
    plain = weights / "deep"
    segment_file(volume, tmp_path / "s.npy", weights=plain, entropy=tmp_path / "h.npy")
    expected = entropy(predicted(weights, volume, "deep", "none")[0])
    np.testing.assert_allclose(np.load(tmp_path / "h.npy"), expected, atol=1e-4)
    settings = {"weights": [plain, weights / "flat"], "turns": "square", "overwrite": True}
    told = segment_file(volume, tmp_path / "s.npy", **settings)["notices"]
    assert told == [
        "array: voxels of unknown size; turns square take them for cubes",
        "the threshold is 0.5, the mean of those of the weights: 0.4, 0.6",
    ]


@pytest.mark.parametrize(
    ("names", "told"),
    [(("deep", "deeper"), "after pass 1"), (("flat", "circle"), "after slice 4 of 9")],
)
def test_an_interrupted_mean_is_gone_on_with(weights, volume, tmp_path, monkeypatch, names, told):
    """Of volumes the sums after each run are kept, of slices the slabs that are done."""
    monkeypatch.setattr(averaging, "SLAB", 4)

    def interrupt(done, total):
        if done > 1.5 * volume.size:
            raise KeyboardInterrupt

    for folder in ("whole", "interrupted"):
        (tmp_path / folder).mkdir()
    _, whole = segment(weights, volume, names, tmp_path / "whole", mask="none")
    settings = {"place": tmp_path / "interrupted", "mask": "none"}
    with pytest.raises(KeyboardInterrupt):
        segment(weights, volume, names, progress=interrupt, **settings)
    summary, found = segment(weights, volume, names, **settings)
    assert summary["resumed"] == told
    assert {name: array.tobytes() for name, array in found.items()} == {
        name: array.tobytes() for name, array in whole.items()
    }
