import csv
import json
import shutil

import numpy as np
import pytest
from matplotlib import image

from tomoseg_tf.evaluation import scores
from tomoseg_tf.records import open_records, write_records
from tomoseg_tf.studies.ablation import NETS, ablation
from tomoseg_tf.studies.ablation_table import Ablation, net_scores, plot_ablation
from tomoseg_tf.studies.split_scores import score_weights
from tomoseg_tf.training import check_recipe
from tomoseg_tf.weights import open_weights

TINY = ((2, 2), (1, 3))
SETTINGS = {
    "batches": {"batch_size": 2, "crop": [8, 8, 8]},
    "normalisation": {"method": "zscore", "training": "patch", "outside": "kept"},
    "optimiser": {"learning_rate": 0.01},
    "schedule": {"epochs": 2, "steps_per_epoch": 2},
    "monitor": "loss",
}


def scan():
    """A scan of 48 x 16 x 16 voxels with dark boxes in bright noise, and its truth."""
    rng = np.random.default_rng(0)
    truth = np.zeros((48, 16, 16), np.uint8)
    for z, y, x in rng.integers(0, 12, (40, 3)) * (4, 1, 1):
        truth[z : z + 4, y : y + 4, x : x + 4] = 1
    volume = rng.normal(150, 10, truth.shape) - 90 * truth
    truth[40, :4] = 255
    return volume.clip(0, 255).astype(np.uint8), truth


def write(folder, fractions):
    settings = {"patch": (8, 8, 8), "split": "block", "guard": 0}
    write_records(folder, [scan()], fractions=fractions, **settings)
    return folder


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Records with 4 patches each for training and validation, and 16 for the test."""
    return write(tmp_path_factory.mktemp("ablation") / "records", (1 / 3, 1 / 3, 1 / 3))


@pytest.fixture
def recipe():
    """A recipe of tiny steps; keywords replace whole sections."""
    return lambda **sections: check_recipe({**SETTINGS, **sections})


@pytest.fixture(scope="module")
def done(records, tmp_path_factory):
    """An ablation of two nets, where it is, and what it said."""
    folder, told = tmp_path_factory.mktemp("done") / "ablation", []
    recipe = check_recipe(SETTINGS)
    return ablation(recipe, records, folder, nets=TINY, notify=told.append), folder, told


def test_the_nets_are_those_of_the_table():
    """Table 2: 4 and 3 levels with 8, 6 and 4 features, in the order of the paper."""
    assert NETS == ((4, 8), (3, 8), (4, 6), (3, 6), (4, 4), (3, 4))


def test_each_net_has_its_run_and_the_folder_its_files(done):
    result, folder, told = done
    assert sorted(path.name for path in folder.iterdir()) == [
        *("ablation.json", "figure.png", "levels1_base3", "levels2_base2", "table.csv")
    ]
    assert [(net.levels, net.base_features) for net in result.nets] == list(TINY)
    assert told == ["2 levels, base 2 (1 of 2)", "1 levels, base 3 (2 of 2)"]
    for net in result.nets:
        config = open_weights(net.weights).config
        assert config.arguments["levels"] == net.levels
        assert net.parameters == open_weights(net.weights).build().count_params()
        assert net.epochs == 2
        assert config.scores[0]["epoch"] == net.best_epoch


def test_time_is_the_median_of_the_history(done):
    result, folder, _ = done
    with open(folder / "levels2_base2" / "history.csv", newline="") as file:
        seconds = [float(row["seconds"]) for row in csv.DictReader(file)]
    assert result.nets[0].minutes_per_epoch == pytest.approx(sum(seconds) / 2 / 60)


def test_scores_are_those_of_whole_patches_by_the_volumes_statistics(done, records):
    """The test block is the last that holds all its slices, cut here once more by hand."""
    result, _, _ = done
    grey, truth = scan()
    (block,) = (b for b in open_records(records).sources[0].blocks if b.split == "test")
    model = open_weights(result.nets[0].weights).build()
    tp = fp = fn = right = counted = 0
    grey = (grey - grey.mean()) / grey.std()
    for z in range(block.start, block.stop, 8):
        for y in (0, 8):
            for x in (0, 8):
                box = (slice(z, z + 8), slice(y, y + 8), slice(x, x + 8))
                found = model.predict_on_batch(grey[box][None, ..., None])[0, ..., 0] > 0.5
                valid, true = truth[box] != 255, truth[box] == 1
                tp += np.sum(found & true)
                fp += np.sum(found & ~true & valid)
                fn += np.sum(~found & true)
                right += np.sum((found == true) & valid)
                counted += valid.sum()
    net = result.nets[0]
    assert result.patches == 4 * (block.stop - block.start) // 8
    assert net.accuracy == pytest.approx(right / counted)
    assert net.recall == pytest.approx(tp / (tp + fn))
    assert net.precision == (pytest.approx(tp / (tp + fp)) if tp + fp else None)


def test_the_table_says_what_it_is_of(done):
    lines = done[0].table().splitlines()
    head = ["Levels", "Base", "Parameters", "Min/epoch", "Accuracy", "Recall", "Precision"]
    assert lines[0].split() == head
    assert lines[2].split()[:2] == ["2", "2"]
    text = "\n".join(lines)
    assert "test split of the records" in text
    assert "best validation loss" in text
    assert "of the class object" in text


def test_csv_and_figure(done):
    result, folder, _ = done
    with open(folder / "table.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["parameters"]) for row in rows] == [net.parameters for net in result.nets]
    assert rows[0]["split"] == "test"
    assert rows[0]["criterion"] == "validation loss"
    assert image.imread(folder / "figure.png").ndim == 3


def test_json_has_null_for_what_is_not_defined(done):
    found = json.loads(json.dumps(done[0].to_dict(), allow_nan=False))
    assert found["split"] == "test"
    assert found["nets"][0]["levels"] == 2


def test_a_finished_net_is_not_trained_again(done, records, recipe, monkeypatch):
    result, folder, _ = done

    def refuse(*arguments, **options):
        raise AssertionError("trained again")

    monkeypatch.setattr("tomoseg_tf.studies.runs.train", refuse)
    told = []
    again = ablation(recipe(), records, folder, nets=TINY, notify=told.append)
    assert again == result
    assert f"{folder / 'levels2_base2'} is finished: 2 epochs" in told


def test_an_interrupted_ablation_is_gone_on_with(records, recipe, tmp_path, done):
    """Interrupted within the second net, after its first epoch; the first one is taken over."""
    expected, finished, _ = done
    folder, rows = tmp_path / "ablation", []
    left_out = shutil.ignore_patterns("levels1_base3", "table.csv", "figure.png")
    shutil.copytree(finished, folder, ignore=left_out)

    def interrupt(row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ablation(recipe(), records, folder, nets=TINY, report=interrupt)
    assert not (folder / "table.csv").exists()
    result = ablation(recipe(), records, folder, nets=TINY, report=rows.append)
    assert [row["epoch"] for row in rows] == [2]
    assert [net.recall for net in result.nets] == [net.recall for net in expected.nets]


def test_other_settings_are_refused_by_name_and_more_nets_are_not(done, recipe, records):
    _, folder, _ = done
    other = recipe(schedule={"epochs": 3, "steps_per_epoch": 2})
    with pytest.raises(ValueError, match=r"schedule\.epochs is 2 there and 3 here; use those"):
        ablation(other, records, folder, nets=TINY)


def test_overwrite_starts_anew(recipe, records, tmp_path, monkeypatch):
    folder = tmp_path / "ablation"
    (folder / "levels2_base2").mkdir(parents=True)
    (folder / "ablation.json").write_text("not JSON")
    with pytest.raises(ValueError, match=r"ablation\.json is damaged; use another folder, or"):
        ablation(recipe(), records, folder, nets=TINY)

    def stop(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("tomoseg_tf.studies.runs.train", stop)
    with pytest.raises(KeyboardInterrupt):
        ablation(recipe(), records, folder, nets=TINY, overwrite=True)
    assert [path.name for path in folder.iterdir()] == ["ablation.json"]


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"batches": {"crop": [8, 8, 16]}}, "larger than the patches of the records"),
        ({"loss": {"class_weights": [1, 2, 3]}}, "class_weights has 3 numbers"),
    ],
)
def test_nothing_is_removed_for_what_cannot_be_trained(
    recipe, records, tmp_path, sections, message
):
    (tmp_path / "ablation" / "levels2_base2").mkdir(parents=True)
    (tmp_path / "ablation" / "ablation.json").write_text("{}")
    with pytest.raises(ValueError, match=message):
        ablation(recipe(**sections), records, tmp_path / "ablation", nets=TINY, overwrite=True)
    assert (tmp_path / "ablation" / "levels2_base2").is_dir()


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_something_else_is_never_touched(recipe, records, tmp_path, overwrite):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="already exists"):
        ablation(recipe(), records, tmp_path, nets=TINY, overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.fixture
def sampled(tmp_path):
    """Write records whose sample is a part of the scan."""

    def records(*box):
        mask = np.zeros((48, 16, 16), np.uint8)
        mask[box] = 1
        settings = {"patch": (8, 8, 8), "split": "block", "guard": 0, "mask": [mask]}
        write_records(tmp_path / "records", [scan()], fractions=(1 / 3,) * 3, **settings)
        return tmp_path / "records"

    return records


def test_records_without_a_voxel_to_score_are_refused_at_once(recipe, sampled, tmp_path):
    left_out = recipe(normalisation={"method": "zscore", "outside": "left_out"})
    where = slice(0, 32)  # the last block is the test
    with pytest.raises(ValueError, match="the test split holds no labelled voxel of the sample; "):
        ablation(left_out, sampled(where), tmp_path / "ablation", nets=TINY)
    assert not (tmp_path / "ablation").exists()


def test_patches_outside_the_sample_are_not_counted(recipe, sampled, tmp_path):
    left_out = recipe(normalisation={"method": "zscore", "outside": "left_out"})
    records = sampled(slice(None), slice(0, 8))
    result = ablation(left_out, records, tmp_path / "ablation", nets=TINY[1:])
    assert 2 * result.patches == open_records(records).count("test") == 8


def test_all_nets_are_checked_before_the_first_is_trained(recipe, records, tmp_path):
    with pytest.raises(ValueError, match="the crop 8,8,8 does not fit unet_3d"):
        ablation(recipe(), records, tmp_path / "ablation", nets=((2, 2), (5, 2)))
    assert not (tmp_path / "ablation").exists()


@pytest.mark.parametrize(
    ("sections", "nets", "message"),
    [
        ({"model": {"weights": "unet_3d_micropillar"}}, TINY, "suit one size of network only"),
        ({}, ((2, 2), (2, 2)), "must name each network once"),
        ({}, (), "must name each network once"),
    ],
)
def test_what_cannot_be_compared_is_refused(recipe, records, tmp_path, sections, nets, message):
    with pytest.raises(ValueError, match=message):
        ablation(recipe(**sections), records, tmp_path / "ablation", nets=nets)


def test_without_a_test_split_the_validation_is_scored_and_said(recipe, tmp_path):
    records = write(tmp_path / "records", (0.5, 0.5, 0.0))
    short = recipe(schedule={"epochs": 1, "steps_per_epoch": 1})
    result = ablation(short, records, tmp_path / "ablation", nets=((1, 1),))
    assert result.split == "validation"
    assert "there is no test split" in result.table()


def test_weights_of_other_classes_are_refused(done, records, tmp_path):
    three = tmp_path / "records"
    settings = {"patch": (8, 8, 8), "split": "block", "guard": 0, "fractions": (0.5, 0.5, 0)}
    write_records(three, [scan()], classes=("background", "object", "pore"), **settings)
    with pytest.raises(ValueError, match="weights of 2 classes, but the records have 3"):
        score_weights(done[0].nets[0].weights, open_records(three), "validation")


def several():
    """Scores of three classes, of which the last is neither there nor found."""
    row = net_scores(
        scores([[90, 0, 0], [4, 6, 0], [0, 0, 0]]),
        **{"levels": 3, "base_features": 4, "parameters": 22_545, "minutes_per_epoch": 2.03},
        **{"epochs": 9, "best_epoch": 7, "weights": "there"},
    )
    names = ("background", "precipitate", "pore")
    return Ablation("folder", "test", 3, (8, 8, 8), "dice", names, [row])


def test_several_classes_are_averaged_over_those_defined():
    result = several()
    (net,) = result.nets
    assert (net.recall, net.precision, net.dice) == (0.6, 1.0, 0.75)
    assert result.to_dict()["nets"][0]["accuracy"] == 0.96
    assert "macro, means over the classes precipitate, pore" in result.table()
    row = result.table().splitlines()[2].split()
    assert row == ["3", "4", "22,545", "2.03", "0.960000", "0.600000", "1.000000"]


def test_the_figure_draws_each_score_against_the_parameters():
    axes = plot_ablation(several())
    assert [ax.get_title() for ax in axes] == ["Dice", "Recall", "Precision"]
    (line,) = axes[1].get_lines()
    np.testing.assert_array_equal(line.get_xydata(), [[22_545, 0.6]])
