"""Many scans: what is refused before anything is measured or predicted, and what is kept."""

import os

import numpy as np
import pytest

from tomoseg_tf.models import unet_2d
from tomoseg_tf.prediction.scans import many
from tomoseg_tf.volume import Statistics
from tomoseg_tf.weights import WeightsConfig, class_entries, save_weights

STATISTICS = Statistics(2, 0.0, 1.0, 0.5, 0.5, {})


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Folders of weights: two of three classes, of which one filters, and one that is binary."""
    place = tmp_path_factory.mktemp("weights")
    for name, channels, filters in (("a", 3, ()), ("b", 3, ("median",)), ("binary", 1, ())):
        arguments = {"input_shape": [None, None, 1], "num_classes": channels}
        arguments |= {"levels": 1, "base_features": 1}
        config = WeightsConfig(
            model="unet_2d",
            arguments=arguments,
            classes=class_entries(("background", "x", "y")[: max(2, channels)]),
            filters=filters,
        )
        save_weights(place / name, unet_2d(**arguments), config, card="# Random\n")
    return place


@pytest.fixture(autouse=True)
def series(tmp_path, monkeypatch):
    """Two scans, and a segmentation that only makes the files."""
    monkeypatch.chdir(tmp_path)
    os.mkdir("scans")
    for name in "ab":
        np.save(f"scans/{name}.npy", np.zeros((2, 3, 4), np.uint8))

    def segment(volume, segmentation, *, probabilities=None, **settings):
        for path in (segmentation, probabilities):
            if path is not None:
                np.save(path, np.zeros(1))
        return {}

    monkeypatch.setattr(many, "segment_file", segment)
    monkeypatch.setattr(many, "open_networks", lambda *_, **__: [None])
    monkeypatch.setattr(many, "together", None)


def segment(weights, names=("binary",), folder="out", **settings):
    names = [weights / name for name in names]
    return many.segment_files(["scans/*.npy"], folder, weights=names, suffix=".npy", **settings)


def states(found):
    return [entry["state"] for entry in found["scans"]]


def test_scans_are_never_their_own_results(weights):
    for settings in ({"folder": "scans"}, {"probabilities": "scans", "overwrite": True}):
        with pytest.raises(ValueError, match=r"scans/a\.npy is named twice; each input and output"):
            segment(weights, **settings)
    assert not os.path.exists("out")
    np.save("scans/a_x.npy", np.zeros((2, 3, 4), np.uint8))  # a scan that is named like an output
    with pytest.raises(ValueError, match=r"scans/a_x\.npy is named twice"):
        segment(weights, ("a",), probabilities="scans")


def test_a_scan_that_is_damaged_fails_alone(weights):
    with open("scans/c.nhdr", "w") as file:
        file.write("NRRD0005\n")
    found = many.segment_files(["scans/*"], "out", weights=weights / "binary", suffix=".npy")
    assert states(found) == ["segmented", "segmented", "failed"]


def test_a_scan_is_kept_only_with_all_outputs_that_are_wanted(weights):
    assert states(segment(weights)) == ["segmented"] * 2
    assert states(segment(weights)) == ["kept"] * 2
    found = segment(weights, probabilities="p")
    assert states(found) == ["failed"] * 2
    assert found["scans"][0]["error"] == (
        "out/a.npy is there, p/a.npy is not; give --overwrite to make both anew"
    )
    assert states(segment(weights, probabilities="p", overwrite=True)) == ["segmented"] * 2
    assert states(segment(weights, probabilities="p")) == ["kept"] * 2
    os.remove("out/b.npy")  # the results are given their names after the others
    assert states(segment(weights, probabilities="p")) == ["kept", "segmented"]


def test_further_outputs_of_classes_may_lie_beside_the_results(weights):
    assert states(segment(weights, ("a",), probabilities="out")) == ["segmented"] * 2


def test_folders_in_folders_are_made_and_planned(weights):
    planned = segment(weights, probabilities="out/p", dry_run=True)
    assert (states(planned), os.path.exists("out")) == (["planned"] * 2, False)
    segment(weights, probabilities="out/p")
    assert sorted(os.listdir("out/p")) == ["a.npy", "b.npy"]


@pytest.mark.parametrize(
    ("names", "settings", "message"),
    [
        (("binary",), {"statistics": STATISTICS}, "--normalise-together measures .* --statistics"),
        (("a", "b"), {}, "filter in different ways"),
        (("a", "binary"), {}, "only weights of the same classes"),
        (("binary",), {"colours": "none/out"}, "none/out: the folder none does not exist"),
        (("binary",), {"grey_levels": True}, "grey levels of what"),
        (("binary",), {"threshold": 1.5}, "must lie between 0 and 1"),
        (("a",), {"threshold": 0.5}, "leave the threshold out"),
        (("a",), {"disagreement": "d"}, "a single member cannot disagree"),
    ],
)
def test_what_does_not_fit_is_said_before_all_is_measured(weights, names, settings, message):
    with pytest.raises(ValueError, match=message):
        segment(weights, names, normalise_together=True, **settings)
    assert os.listdir() == ["scans"]
