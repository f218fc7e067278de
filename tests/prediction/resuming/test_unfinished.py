"""Segmentations that are interrupted anywhere and gone on with: the same bytes in the end."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tomoseg_tf.prediction import run, segment_file
from tomoseg_tf.prediction.outputs import list_targets
from tomoseg_tf.prediction.resuming import journal, unfinished
from tomoseg_tf.volume import Normalisation, create_volume, open_volume, single_writer
from tomoseg_tf.volume.plain import PlainWriter
from tomoseg_tf.weights import WeightsConfig, class_entries, open_weights, save_weights

ARGUMENTS = {"input_shape": [None, None, None, 1], "levels": 2, "base_features": 2}
NAMES = ("a", "b", "c")


class KilledError(BaseException):
    """Ends a run as SIGKILL does: nothing is tidied up."""


@pytest.fixture(scope="module")
def weights(random_unet, tmp_path_factory):
    """A function that gives the folder of random weights of three classes."""
    config = WeightsConfig(
        model="unet_3d",
        arguments={**ARGUMENTS, "num_classes": 3},
        classes=class_entries(NAMES),
        normalisation=Normalisation("minmax"),
    )
    folders = [tmp_path_factory.mktemp("weights") / "net" for _ in range(2)]
    for seed, folder in enumerate(folders):
        save_weights(folder, random_unet(num_classes=3, seed=seed), config, card="# Random\n")
    return lambda seed=0: folders[seed]


@pytest.fixture
def scan(tmp_path):
    """A scan of 17 slices."""
    array = np.random.default_rng(0).integers(0, 200, (17, 12, 14), dtype=np.uint8)
    np.save(tmp_path / "scan.npy", array)
    return tmp_path / "scan.npy"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Predict by arithmetic, three slices at a time, each of which is noted."""

    def predict(network, source, intensity, outputs, *, roi, first, progress, **settings):
        (low, high), rows, columns = roi
        for start in range(low, high, 3):
            stop = min(start + 3, high)
            if stop > first:
                grey = intensity(source.read_box(((start, stop), rows, columns)))
                found = np.stack([grey, 1 - grey, np.full_like(grey, 0.4)], axis=-1)
                for output in outputs:
                    output.writer.write(start - low, output.convert(found))
            if progress:
                progress(stop, high)
        return [SimpleNamespace(num_tiles=1, tile=(3, 12, 14), overhead=1.0, reason=None)]

    monkeypatch.setattr(run, "predict", predict)
    monkeypatch.setattr(run, "open_networks", lambda *_, **__: [None])
    monkeypatch.setattr(unfinished, "SHARE", 0)


@pytest.fixture
def killed(monkeypatch):
    """A function that runs another and kills it after so many entries; false if it ended."""

    def killed(call, entries, *, torn=False):
        add, left = journal.Journal.add, [entries]

        def counted(self, entry):
            if left[0] == 0:
                if torn:
                    with open(self.path, "a") as file:
                        file.write('{"stop": 1')
                raise KilledError
            add(self, entry)
            left[0] -= 1

        with monkeypatch.context() as patch:
            patch.setattr(journal.Journal, "add", counted)
            patch.setattr(unfinished.Unfinished, "leave", lambda _: None)
            try:
                call()
            except KilledError:
                return True
        return False

    return killed


def contents(folder):
    """Each file below a folder by its path there."""
    paths = [path for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def in_folder(folder, names, **settings):
    """Make a folder and a function that segments into it."""
    folder.mkdir()
    paths = {key: folder / name for key, name in names.items()}
    return lambda **more: segment_file(**{**paths, **settings, **more})


@pytest.mark.parametrize(
    "names",
    [
        {"segmentation": "s.tif", "probabilities": "p.h5", "colours": "c.png"},
        {"segmentation": "s", "probabilities": "p.zarr", "colours": "c.tif"},
        {"segmentation": "s.nrrd", "probabilities": "p.npy", "entropy": "e.ome.tif"},
        {"segmentation": "s.nhdr", "probabilities": "p.raw", "colours": "c"},
    ],
)
def test_every_format_has_the_bytes_of_an_uninterrupted_run(weights, scan, killed, tmp_path, names):
    settings = {"volume": scan, "weights": weights()}
    whole = in_folder(tmp_path / "whole", names, **settings)()
    again = in_folder(tmp_path / "killed", names, **settings)
    killed(again, 5)
    assert all(name.startswith(".") for name in contents(tmp_path / "killed"))
    notices = []
    resumed = again(notify=notices.append)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    assert resumed["classes"] == whole["classes"]
    assert sum(entry["voxels"] for entry in whole["classes"]) == 17 * 12 * 14
    assert whole["resumed"] is None
    assert resumed["resumed"].startswith("after slice ")
    assert [notice.endswith(" of 17") for notice in notices] == [True]


def test_killed_again_and_again_after_each_entry_of_the_journal(weights, scan, killed, tmp_path):
    names = {"segmentation": "s.npy", "colours": "c.tif"}
    settings = {"volume": scan, "weights": weights()}
    whole = in_folder(tmp_path / "whole", names, **settings)()
    again, kills = in_folder(tmp_path / "killed", names, **settings), 0
    while killed(again, 1, torn=kills % 2):  # each time one entry more
        kills += 1
    assert 8 < kills < 20
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    with pytest.raises(ValueError, match=r"s\.npy already exists"):
        again()
    assert whole["resumed"] is None


def test_what_is_torn_is_computed_again(weights, scan, killed, tmp_path):
    names = {"segmentation": "s.npy"}
    settings = {"volume": scan, "weights": weights()}
    in_folder(tmp_path / "whole", names, **settings)()
    again = in_folder(tmp_path / "killed", names, **settings)
    killed(again, 6)
    spool = tmp_path / "killed" / ".s.npy.unfinished" / "slices.raw"
    content = bytearray(spool.read_bytes())
    content[0] ^= 255
    spool.write_bytes(content)
    assert again()["resumed"] is None
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_what_has_a_damaged_journal_is_replaced_where_that_is_allowed(
    weights, scan, killed, tmp_path
):
    names = {"segmentation": "s.npy"}
    settings = {"volume": scan, "weights": weights()}
    in_folder(tmp_path / "whole", names, **settings)()
    again = in_folder(tmp_path / "killed", names, **settings)
    killed(again, 5)
    noted = tmp_path / "killed" / ".s.npy.unfinished" / "journal.jsonl"
    noted.write_bytes(b"{\x00\n" + noted.read_bytes())
    kept = contents(tmp_path / "killed")
    with pytest.raises(ValueError, match=r"journal\.jsonl, line 1: damaged; .* --overwrite"):
        again()
    assert contents(tmp_path / "killed") == kept
    assert again(overwrite=True)["resumed"] is None
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seed": 1}, 'weights is "net .*" there and "net .*" here'),
        ({"roi": ((0, 17), (0, 12), (0, 13))}, "roi is"),
        ({"mask": "auto"}, 'mask is "none" there and "auto" here'),
        ({"precision": "bfloat16"}, 'precision is "float32" there and "bfloat16" here'),
        ({"probabilities": "p.npy"}, "outputs is"),
        ({"grey": 7}, 'input.changed is .*; input.content is "'),
    ],
)
def test_other_weights_settings_or_input_are_refused(weights, scan, killed, tmp_path, change, told):
    again = in_folder(tmp_path / "out", {"segmentation": "s.npy"}, volume=scan)
    killed(lambda: again(weights=weights()), 5)
    kept = contents(tmp_path / "out")
    settings = {"weights": weights(change.get("seed", 0))}
    if "grey" in change:
        np.save(scan, np.full((17, 12, 14), change["grey"], np.uint8))
    if "probabilities" in change:
        settings["probabilities"] = tmp_path / "out" / "p.npy"
    settings |= {key: change[key] for key in ("roi", "mask", "precision") if key in change}
    with pytest.raises(ValueError, match=rf"s\.npy: an unfinished .*{told}.*--overwrite"):
        again(**settings)
    assert contents(tmp_path / "out") == kept
    assert again(**settings, overwrite=True)["resumed"] is None
    assert not [name for name in contents(tmp_path / "out") if name.startswith(".")]


def test_what_an_output_holds_tells_it_from_another_of_its_name(weights):
    config = open_weights(weights()).config
    listed = [
        list_targets(None, config, "s.npy", None, grey_levels=False, colours=None, **doubt)
        for doubt in ({"entropy": "d.npy"}, {"disagreement": "d.npy"})
    ]
    (one, entropy), (same, disagreement) = ([t.identity for t in targets] for targets in listed)
    assert one == same == ("s.npy", "uint8", "classes")
    assert entropy[:2] == disagreement[:2] == ("d.npy", "float32")
    assert entropy != disagreement


def test_results_among_the_slices_are_gone_on_with(weights, scan, killed, tmp_path):
    slices = tmp_path / "slices"
    with create_volume(slices, (17, 12, 14), np.uint8) as writer:
        writer.write(0, np.load(scan))
    settings = {"segmentation": slices / "s.h5", "volume": slices, "weights": weights()}
    killed(lambda: segment_file(**settings), 5)
    (slices / "notes.txt").write_text("mine")
    assert segment_file(**settings)["resumed"] is not None
    assert open_volume(slices / "s.h5").shape == (17, 12, 14)


def test_an_output_that_came_into_being_meanwhile_is_not_replaced(weights, scan, killed, tmp_path):
    settings = {"volume": scan, "weights": weights()}
    again = in_folder(tmp_path / "out", {"segmentation": "s.npy"}, **settings)
    killed(again, 5)
    (tmp_path / "out" / "s.npy").write_text("mine")
    with pytest.raises(ValueError, match=r"s\.npy already exists"):
        again()
    assert again(overwrite=True)["resumed"] is not None
    killed(lambda: again(overwrite=True), 5)
    assert again()["resumed"] is not None


@pytest.mark.parametrize("name", ["s.npy", "p_b.npy"])
def test_an_output_that_came_while_it_was_predicted_is_never_replaced(
    weights, scan, tmp_path, name
):
    settings = {"volume": scan, "weights": weights()}
    names = {"segmentation": "s.npy", "probabilities": "p.npy"}
    again = in_folder(tmp_path / "out", names, **settings)
    path = tmp_path / "out" / name

    def intrude(done, total):
        if done == total:
            path.write_text("theirs")

    for progress in (intrude, None, None):
        with pytest.raises(ValueError, match=rf"{name} already exists"):
            again(progress=progress)
        assert path.read_text() == "theirs"
    path.unlink()
    assert again()["resumed"] is not None


def test_an_output_that_came_while_it_was_written_is_never_replaced(
    weights, scan, tmp_path, monkeypatch
):
    again = in_folder(
        *(tmp_path / "out", {"segmentation": "s.npy"}), volume=scan, weights=weights()
    )
    path, write = tmp_path / "out" / "s.npy", PlainWriter.write

    def intrude(self, *slab):
        write(self, *slab)
        path.write_text("theirs")

    with monkeypatch.context() as patch:
        patch.setattr(PlainWriter, "write", intrude)
        with pytest.raises(ValueError, match=r"s\.npy already exists"):
            again()
    with pytest.raises(ValueError, match=r"s\.npy already exists"):
        again()
    assert path.read_text() == "theirs"


def test_an_interruption_keeps_what_is_done_and_an_early_error_nothing(weights, scan, tmp_path):
    settings = {"volume": scan, "weights": weights()}
    again = in_folder(tmp_path / "out", {"segmentation": "s.npy"}, **settings)

    def interrupt(done, total):
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        again(progress=interrupt)
    assert again()["shape"] == list(np.load(tmp_path / "out" / "s.npy").shape)
    with pytest.raises(OSError, match="enough"):
        again(overwrite=True, progress=lambda *_: (_ for _ in ()).throw(OSError("enough")))
    assert [*contents(tmp_path / "out")] == ["s.npy"]


def test_two_processes_never_write_one_output(weights, scan, tmp_path):
    settings = {"volume": scan, "weights": weights()}
    names = {"segmentation": "s.npy", "probabilities": "p.npy"}
    again = in_folder(tmp_path / "out", names, **settings)
    with (
        single_writer(tmp_path / "out" / "p_a.npy"),
        pytest.raises(ValueError, match=r"p_a\.npy is being written by process"),
    ):
        again()


def test_the_statistics_are_measured_once(weights, scan, killed, tmp_path, monkeypatch):
    settings = {"volume": scan, "weights": weights()}
    again = in_folder(tmp_path / "out", {"segmentation": "s.npy"}, **settings)
    killed(again, 3)
    monkeypatch.setattr(run, "measured_statistics", None)
    assert again()["shape"] == list(np.load(tmp_path / "out" / "s.npy").shape)
