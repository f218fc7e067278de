import csv
import json
import math

import numpy as np
import pytest

from tomoseg_tf.training.checkpoint import State, write_state
from tomoseg_tf.training.run import KIND, RunFolder, versions

MANIFEST = {"kind": KIND, "records_sha256": "abc", "backend": "tensorflow"}


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path / "run")


def stop_after(run, epochs, *, finished=False):
    rows = [{"epoch": epoch + 1} for epoch in range(epochs)]
    write_state(run.state, State(rows, [np.zeros(2)], [], finished))


def test_a_new_folder_has_no_state(run, tiny):
    assert run.find_state(MANIFEST, tiny()) is None
    run.folder.mkdir()
    assert run.find_state(MANIFEST, tiny()) is None


def test_a_begun_run_without_an_epoch_is_begun_again_by_any_recipe(run, tiny):
    run.begin(MANIFEST, tiny())
    assert run.find_state(MANIFEST, tiny(seed=9)) is None


def test_an_unfinished_run_of_the_same_settings_is_gone_on_with(run, tiny):
    run.begin(MANIFEST, tiny(description="one"))
    stop_after(run, 2)
    assert len(run.find_state(MANIFEST, tiny(description="other")).history) == 2


def test_to_overwrite_costs_no_unfinished_run_of_the_same_settings(run, tiny):
    """So that the same command goes on where it was interrupted; any other is replaced."""
    run.begin(MANIFEST, tiny())
    stop_after(run, 2)
    assert len(run.find_state(MANIFEST, tiny(), overwrite=True).history) == 2
    assert run.find_state(MANIFEST, tiny(seed=9), overwrite=True) is None
    stop_after(run, 2, finished=True)
    assert run.find_state(MANIFEST, tiny(), overwrite=True) is None
    run.state.write_bytes(b"damaged")
    assert run.find_state(MANIFEST, tiny(), overwrite=True) is None


def test_a_run_begun_before_a_setting_was_there_is_gone_on_with(run, tiny):
    run.begin(MANIFEST, tiny())
    stop_after(run, 1)
    path = run.folder / "recipe.yaml"
    lines = path.read_text().splitlines(keepends=True)
    newer = ("minutes:", "boundary_width:", "encoder:")
    path.write_text("".join(line for line in lines if not line.strip().startswith(newer)))
    assert len(path.read_text().splitlines()) == len(lines) - 3
    assert len(run.find_state(MANIFEST, tiny()).history) == 1


def test_other_settings_are_refused_by_name(run, tiny):
    run.begin(MANIFEST, tiny())
    stop_after(run, 2)
    other = tiny(optimiser={"learning_rate": 0.5}, seed=3)
    with pytest.raises(ValueError, match=r"optimiser\.learning_rate is 0\.01 there and 0\.5 here"):
        run.find_state(MANIFEST, other)


@pytest.mark.parametrize("change", [{"records_sha256": "xyz"}, {"backend": "torch"}])
def test_other_records_or_another_backend_are_refused(run, tiny, change):
    run.begin(MANIFEST, tiny())
    stop_after(run, 2)
    with pytest.raises(ValueError, match=f"{next(iter(change))} is "):
        run.find_state(MANIFEST | change, tiny())


def test_a_finished_run_is_refused(run, tiny):
    run.begin(MANIFEST, tiny())
    stop_after(run, 2, finished=True)
    with pytest.raises(ValueError, match=r"its run is finished \(2 epochs\); .* --from \S+final"):
        run.find_state(MANIFEST, tiny())


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("manifest", [None, "{}", "no json", "[1]"])
def test_a_folder_of_something_else_is_never_touched(run, tiny, manifest, overwrite):
    run.folder.mkdir()
    (run.folder / "notes.txt").write_text("mine")
    if manifest is not None:
        (run.folder / "manifest.json").write_text(manifest)
    with pytest.raises(ValueError, match="already exists and is no training run"):
        run.find_state(MANIFEST, tiny(), overwrite=overwrite)
    assert (run.folder / "notes.txt").exists()


def test_the_parent_folder_must_exist(run, tiny):
    with pytest.raises(ValueError, match="there is no folder"):
        RunFolder(run.folder / "below").find_state(MANIFEST, tiny())


@pytest.mark.parametrize("left", ["best_dice/config.json", "history.csv"])
def test_results_without_their_state_are_not_lost_unasked(run, tiny, left):
    run.begin(MANIFEST, tiny())
    (run.folder / left).parent.mkdir(exist_ok=True)
    (run.folder / left).touch()
    with pytest.raises(ValueError, match=r"state\.npz, the state to go on .*--overwrite"):
        run.find_state(MANIFEST, tiny())
    assert run.find_state(MANIFEST, tiny(), overwrite=True) is None


def test_a_run_behind_a_link_is_begun_anew_there(run, tiny, tmp_path):
    other = tmp_path / "disk" / "run"
    other.parent.mkdir()
    run.folder.symlink_to(other)
    other.mkdir()
    for seed in (1, 2):
        run.begin(MANIFEST, tiny(seed=seed))
    assert run.folder.is_symlink()
    assert "seed: 2" in (other / "recipe.yaml").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "run"]
    assert [path.name for path in other.parent.iterdir()] == ["run"]


def test_begin_states_recipe_and_manifest(run, tiny):
    run.begin(MANIFEST, tiny(seed=4))
    assert json.loads((run.folder / "manifest.json").read_text()) == MANIFEST
    assert "seed: 4" in (run.folder / "recipe.yaml").read_text()


def test_begin_replaces_all_of_an_older_run(run, tiny):
    run.begin(MANIFEST, tiny())
    stop_after(run, 1)
    run.begin(MANIFEST, tiny())
    assert sorted(path.name for path in run.folder.iterdir()) == ["manifest.json", "recipe.yaml"]


def test_history_has_a_line_for_each_epoch_and_keeps_every_digit(run):
    run.folder.mkdir()
    run.write_history([{"epoch": 1, "dice": math.nan}, {"epoch": 2, "dice": 0.1 + 0.2}])
    lines = (run.folder / "history.csv").read_text().splitlines()
    assert lines == ["epoch,dice", "1,", "2,0.30000000000000004"]


def test_names_of_classes_with_commas_keep_the_columns_of_the_history(run):
    run.folder.mkdir()
    row = {"epoch": 1, "val_dice_pore, open": 0.5, 'val_dice_"x"': 0.25}
    run.write_history([row])
    with open(run.folder / "history.csv", newline="") as file:
        assert list(csv.DictReader(file)) == [{name: str(value) for name, value in row.items()}]


def test_clean_removes_what_a_killed_process_left(run):
    (run.folder / ".best_dice.partial-12").mkdir(parents=True)
    (run.folder / ".best_dice.replaced-12").mkdir()
    (run.folder / ".history.csv.partial-12").write_text("")
    (run.folder / "best_dice").mkdir()
    run.clean()
    assert [path.name for path in run.folder.iterdir()] == ["best_dice"]


def test_versions_name_the_packages_that_decide():
    assert {"python", "keras", "tensorflow", "numpy"} <= set(versions())
