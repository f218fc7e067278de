import json

import numpy as np
import pytest

COMMAND = ("train",)


RECIPE = """
model: {name: unet_3d, arguments: {levels: 2, base_features: 2}}
batches: {batch_size: 2, crop: [8, 8, 8]}
schedule: {epochs: 2}
"""


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Records of one small scan, in patches of 8 x 8 x 8 voxels."""
    from tomoseg_tf.records import write_records

    rng = np.random.default_rng(0)
    truth = (rng.random((32, 16, 16)) < 0.1).astype(np.uint8)
    volume = (150 - 90 * truth + rng.integers(0, 20, truth.shape)).astype(np.uint8)
    folder = tmp_path_factory.mktemp("train") / "records"
    split = {"split": "block", "fractions": (0.5, 0.5, 0.0), "guard": 0}
    write_records(folder, [(volume, truth)], patch=(8, 8, 8), **split)
    return folder


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    return path


def test_a_run_prints_its_epochs_on_stderr_and_the_best_on_stdout(run, recipe, records, tmp_path):
    folder = tmp_path / "run"
    code, out, err = run(recipe, "--records", records, "-o", folder)
    assert code == 0
    lines = err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("epoch 1/2  loss ")
    assert all(part in lines[1] for part in ("val loss", "val dice", "lr 1.00e-03", " s"))
    assert out.splitlines()[0] == "2 epochs; best on the validation split:"
    assert str(folder / "best_dice") in out
    assert out.splitlines()[-1] == f"The last epoch: {folder / 'final'}"

    code, out, err = run(recipe, "--records", records, "-o", folder)
    assert (code, out) == (1, "")
    assert err.startswith("Error: ")
    assert "already exists and its run is finished (2 epochs)" in err
    assert err.count("\n") == 1


@pytest.fixture
def trained(monkeypatch):
    """Replace the training by one that takes no time; return what it was called with."""
    calls = []

    def train(recipe, records, run, **options):
        calls.append((recipe, records, run, options))
        best = {"epoch": 7, "value": 0.5, "weights": f"{run}/best"}
        return {"epochs": 9, "loss": best, "accuracy": best, "dice": None, "final": "f"}

    monkeypatch.setattr("tomoseg_tf.training.train", train)
    return calls


def test_changed_settings_and_json(run, recipe, tmp_path, trained):
    change = ("--epochs", 5, "--set", "optimiser.learning_rate=2e-3", "--set", "seed=4")
    change += ("--from", "run1/best_dice", "--minutes", 2.5, "--freeze-encoder")
    code, out, err = run(
        recipe, "--records", "there", "-o", "run", "--json", "--overwrite", *change
    )
    assert (code, err) == (0, "")
    assert json.loads(out)["loss"] == {"epoch": 7, "value": 0.5, "weights": "run/best"}
    settings, records, folder, options = trained[0]
    assert (settings.schedule.epochs, settings.optimiser.learning_rate) == (5, 0.002)
    assert (settings.seed, settings.schedule.minutes) == (4, 2.5)
    assert (settings.model.weights, settings.model.freeze_encoder) == ("run1/best_dice", True)
    assert (str(records), str(folder), options["overwrite"]) == ("there", "run", True)


def test_fine_tuning_has_its_own_learning_rate(run, recipe, trained):
    start = ("--from", "run1/best_dice", "--learning-rate", 1.96e-7)
    assert run(recipe, "--records", "there", "-o", "run", *start)[0] == 0
    settings = trained[0][0]
    assert (settings.optimiser.learning_rate, settings.model.freeze_encoder) == (1.96e-7, False)


@pytest.mark.parametrize("name", ["runs/steel #2/best", "20240115", "a: b", "größe/best"])
def test_weights_to_start_from_keep_their_name(run, recipe, trained, name):
    assert run(recipe, "--records", "there", "-o", "run", "--from", name)[0] == 0
    assert trained[0][0].model.weights == name


def test_a_score_that_was_never_a_number_is_said_to_be_undefined(run, recipe, trained):
    _, out, _ = run(recipe, "--records", "there", "-o", "run")
    assert "dice      undefined in every epoch" in out
    assert "loss      0.5000    epoch 7    run/best" in out


def test_shipped_recipes_are_found_by_name(run, trained):
    assert run("gaudez2022", "--records", "there", "-o", "run")[0] == 0
    assert trained[0][0].loss.name == "binary_crossentropy"


def test_ctrl_c_says_how_to_go_on(run, recipe, records, tmp_path, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("tomoseg_tf.training.train", interrupted)
    code, out, err = run(recipe, "--records", records, "-o", tmp_path / "run")
    assert (code, out) == (1, "")
    assert err.startswith("Error: interrupted; the same command goes on with ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["nothing", "--records", "RECORDS"],
            "no recipe nothing: no such file, and not a shipped one",
        ),
        (["RECIPE", "--records", "nowhere"], "nowhere is not a folder of records"),
        (["RECIPE", "--records", "RECORDS", "--set", "seed=x"], "seed is 'x'"),
        (
            ["RECIPE", "--records", "RECORDS", "--set", "batches.crop=[8,8,99]"],
            "larger than the patc",
        ),
    ],
)
def test_mistakes_are_one_line(run, recipe, records, tmp_path, arguments, message):
    named = {"RECIPE": recipe, "RECORDS": records}
    folder = tmp_path / "run"
    code, out, err = run(*(named.get(word, word) for word in arguments), "-o", folder)
    assert (code, out) == (1, "")
    assert message in err
    assert err.count("\n") == 1
    assert not folder.exists()


def test_usage_is_exit_2(run, recipe):
    assert run(recipe)[0] == 2


def test_shipped_recipes_are_listed(run):
    code, out, _ = run("--list")
    assert code == 0
    names = [line.split()[0] for line in out.splitlines()[1:]]
    assert {"micropillar", "slices", "jom2021/unet_plus_plus"} <= set(names)
    assert "DeepLab v3+ with Xception-71" in out
