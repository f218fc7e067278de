import dataclasses
import itertools
import json
import shutil
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from tomoseg_tf.backend import EnoughMemory, load_tensorflow
from tomoseg_tf.records import open_records, write_records
from tomoseg_tf.training import format_recipe, read_recipe, train
from tomoseg_tf.training.batches import training_data
from tomoseg_tf.training.checkpoint import read_state, write_state
from tomoseg_tf.training.fit import TOO_LARGE, _summary
from tomoseg_tf.training.run import RunFolder
from tomoseg_tf.weights import load, open_weights

SCORES = ("loss", "accuracy", "dice")


@pytest.fixture(scope="module")
def straight(records, tiny, tmp_path_factory):
    """A run of four epochs without interruption, and what it reported."""
    run, rows = tmp_path_factory.mktemp("straight") / "run", []
    summary = train(tiny(), records, run, report=rows.append)
    return run, summary, rows


def test_a_run_leaves_all_that_it_should(straight, read_history):
    run, summary, rows = straight
    assert sorted(path.name for path in run.iterdir()) == [
        "best_accuracy",
        "best_dice",
        "best_loss",
        "final",
        "history.csv",
        "last",
        "logs",
        "manifest.json",
        "recipe.yaml",
    ]
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert [float(row["val_dice"]) for row in read_history(run)] == [r["val_dice"] for r in rows]
    assert summary["epochs"] == 4
    assert summary["loss"]["value"] == min(row["val_loss"] for row in rows)
    assert summary["dice"]["value"] == max(row["val_dice"] for row in rows)
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["backend"] == "tensorflow"
    assert len(manifest["records_sha256"]) == 64
    assert read_recipe(run / "recipe.yaml").schedule.epochs == 4


def test_the_best_weights_load_and_state_their_epoch(straight):
    run, summary, _ = straight
    for score in SCORES:
        weights = open_weights(run / f"best_{score}")
        assert weights.config.scores[0]["epoch"] == summary[score]["epoch"]
        assert load(run / f"best_{score}").output_shape[-1] == 1


def test_weights_of_the_last_epoch_are_those_of_the_state(straight):
    run, summary, _ = straight
    final = open_weights(run / "final")
    assert summary["final"] == str(run / "final")
    assert final.config.scores[0]["epoch"] == 4
    state = read_state(run / "last" / "state.npz").variables
    for one, other in zip(final.build().get_weights(), state, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_killed_process_loses_at_most_its_epoch(
    straight, records, tiny, tmp_path, assert_equal_runs, read_history
):
    """SIGKILL as early as the state of the second epoch is there; then bit for bit as if not."""
    recipe, run, notices = tmp_path / "recipe.yaml", tmp_path / "run", []
    recipe.write_text(format_recipe(tiny()))
    script = f"""
        import os, signal
        from tomoseg_tf.training import callbacks, read_recipe, train

        write = callbacks.write_state

        def write_and_die(path, state):
            write(path, state)
            if len(state.history) == 2:
                os.kill(os.getpid(), signal.SIGKILL)

        callbacks.write_state = write_and_die
        train(read_recipe({str(recipe)!r}), {str(records)!r}, {str(run)!r})
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True)
    assert ended.returncode == -9
    assert len(read_history(run)) == 1
    (run / ".best_loss.partial-1").mkdir()
    train(tiny(), records, run, notify=notices.append)
    assert notices == [f"Going on after epoch 2 of 4 in {run}"]
    assert_equal_runs(run, straight[0])
    assert not list(run.glob(".*"))


def test_a_run_killed_before_its_last_mark_is_only_completed(
    straight, records, tiny, tmp_path, assert_equal_runs
):
    run, rows = tmp_path / "run", []
    shutil.copytree(straight[0], run)
    state = read_state(run / "last" / "state.npz")
    write_state(run / "last" / "state.npz", dataclasses.replace(state, finished=False))
    shutil.rmtree(run / "best_loss")
    (run / "history.csv").unlink()
    summary = train(tiny(), records, run, report=rows.append)
    assert rows == []
    assert summary["loss"]["value"] == straight[1]["loss"]["value"]
    assert_equal_runs(run, straight[0])


def test_a_run_is_gone_on_with_though_the_weights_it_started_from_are_gone(
    straight, records, tiny, tmp_path
):
    start, run = tmp_path / "start", tmp_path / "run"
    shutil.copytree(straight[0] / "best_loss", start)
    model = {"name": "unet_3d", "arguments": {"levels": 2, "base_features": 2}}
    model |= {"weights": str(start), "freeze_encoder": True}
    recipe = tiny(model=model, schedule={"epochs": 2, "steps_per_epoch": 1})

    def stop(row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe, records, run, report=stop)
    shutil.rmtree(start)
    assert train(recipe, records, run)["epochs"] == 2
    first = load(straight[0] / "best_loss").layers[1].get_weights()
    for one, other in zip(first, load(run / "best_loss").layers[1].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_finished_run_is_refused_and_replaced_on_request(
    straight, records, tiny, tmp_path, read_history
):
    """The run that replaces it stops early, since no score improves by 2."""
    run, calls = tmp_path / "run", []
    shutil.copytree(straight[0], run)
    with pytest.raises(ValueError, match=r"already exists and its run is finished \(4 epochs\)"):
        train(tiny(), records, run)
    stopping = {"patience": 1, "min_delta": 2.0}
    recipe = tiny(schedule={"epochs": 9, "steps_per_epoch": 2, "early_stopping": stopping})
    summary = train(recipe, records, run, overwrite=True, progress=lambda *call: calls.append(call))
    assert summary["epochs"] == len(read_history(run)) == 2
    assert calls == [(1, 18), (2, 18), (3, 18), (4, 18)]


def test_a_run_is_not_replaced_if_it_holds_an_input(straight, records, tiny, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(straight[0], run)
    shutil.copytree(records, run / "records")
    net = {"arguments": {"levels": 2, "base_features": 2}}
    onwards = tiny(model={**net, "weights": str(run / "best_loss")})
    for recipe, place in ((onwards, records), (tiny(), run / "records")):
        with pytest.raises(ValueError, match=rf"{run} holds the .*; name another output"):
            train(recipe, place, run, overwrite=True)
    assert read_state(run / "last" / "state.npz").finished


def test_epochs_of_fixed_length_begin_in_the_middle_of_a_pass(records, tiny):
    """Epochs of 3 steps over passes of another length: the third begins after 6 steps."""
    recipe, opened = tiny(schedule={"epochs": 5, "steps_per_epoch": 3}), open_records(records)
    (whole, steps), (third, _) = (training_data(recipe, opened, epoch) for epoch in (0, 2))
    _, steps_of_pass = training_data(tiny(), opened, 0)
    assert steps == 3
    assert 6 % steps_of_pass
    for one, other in zip(whole.skip(6).take(4), third.take(4), strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_the_learning_rate_follows_the_schedule(straight, read_history):
    rates = [float(row["learning_rate"]) for row in read_history(straight[0])]
    assert rates == pytest.approx([0.01, 0.007525, 0.002575, 0.0001])


def test_a_loss_that_is_no_number_ends_in_one_line(records, tiny, tmp_path):
    """Adam with a rate that overflows float32."""
    recipe = tiny(optimiser={"learning_rate": 1e38}, normalisation={"method": "none"})
    with pytest.raises(ValueError, match=r"loss became nan in step .* of epoch 1; lower optimiser"):
        train(recipe, records, tmp_path / "run")


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"batches": {"crop": [8, 8, 7]}}, "the crop 8,8,7 does not fit unet_3d"),
        ({"batches": {"crop": [8, 8, 14]}}, r"crop is \[8, 8, 14\], larger than the patches"),
        ({"batches": {"batch_size": 500}}, "fewer than a batch of 500"),
        ({"loss": {"class_weights": [1, 2, 3]}}, "class_weights has 3 numbers"),
        ({"precision": "mixed_float16"}, "needs a GPU"),
        ({"model": {"arguments": {"depth": 3}}}, "unet_3d has no argument 'depth'"),
        ({"model": {"freeze_encoder": True}}, "the encoder starts at random and would stay so"),
        (
            {"normalisation": {"method": "percentile", "low": 3, "training": "patch"}},
            ": percentile 3 was not measured",
        ),
    ],
)
def test_a_recipe_that_does_not_suit_leaves_no_folder(records, tiny, tmp_path, sections, message):
    with pytest.raises(ValueError, match=message):
        train(tiny(**sections), records, tmp_path / "run")
    assert not list(tmp_path.iterdir())


def test_records_without_validation_are_refused(tiny, tmp_path):
    volume = np.zeros((16, 8, 8), np.uint8)
    volume[::2] = 1
    pairs, fractions = [(volume, volume)], (1.0, 0.0, 0.0)
    folder = tmp_path / "records"
    write_records(folder, pairs, patch=(8, 8, 8), split="block", fractions=fractions)
    with pytest.raises(ValueError, match="the records have no validation patches"):
        train(tiny(), folder, tmp_path / "run")


def test_dice_cannot_be_monitored_without_an_object_to_validate_on(tiny, tmp_path):
    volume, truth = np.zeros((2, 32, 8, 8), np.uint8)
    volume[::2] = 9
    truth[:8, 4:] = 1
    fractions = (0.5, 0.5, 0.0)
    folder = tmp_path / "records"
    write_records(
        folder, [(volume, truth)], patch=(8, 8, 8), split="block", fractions=fractions, guard=0
    )
    with pytest.raises(ValueError, match="monitor is 'dice', but the validation patches hold no"):
        train(tiny(), folder, tmp_path / "run")


def test_a_batch_that_is_too_large_for_the_memory_ends_in_one_line():
    error = load_tensorflow().errors.ResourceExhaustedError(None, None, "OOM when allocating")
    enough = EnoughMemory(TOO_LARGE)
    with pytest.raises(ValueError, match="does not fit into the memory; lower"), enough:
        raise error


def test_a_score_that_never_was_a_number_has_no_best_epoch(tmp_path):
    rows = [{"val_loss": 0.5, "val_accuracy": 0.9, "val_dice": float("nan")}]
    summary = _summary(rows, RunFolder(tmp_path))
    assert summary["dice"] is None
    assert summary["loss"] == {"epoch": 1, "value": 0.5, "weights": str(tmp_path / "best_loss")}


SUBPROCESS = """
    import json, sys
    from tomoseg_tf.backend import load_tensorflow

    if {devices}:
        tf = load_tensorflow()
        cpu = tf.config.list_physical_devices("CPU")[0]
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, two)

    from tomoseg_tf.training import read_recipe, train

    rows = []
    recipe = read_recipe({recipe!r})
    train(recipe, {records!r}, {run!r}, devices={devices}, report=rows.append)
    print(json.dumps(rows))
"""


@pytest.fixture
def train_apart(records, tmp_path, monkeypatch):
    """Train in a process of its own: another backend, or other devices."""

    def run(recipe, *, devices=None, backend="tensorflow"):
        path = tmp_path / "apart.yaml"
        path.write_text(format_recipe(recipe))
        settings = {"recipe": str(path), "records": str(records), "run": str(tmp_path / "apart")}
        script = textwrap.dedent(SUBPROCESS).format(devices=devices, **settings)
        monkeypatch.setenv("KERAS_BACKEND", backend)
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        ended = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout.splitlines()[-1]), tmp_path / "apart"

    return run


def test_two_devices_share_each_batch(train_apart, straight, tiny):
    """Without batch statistics of their own the two would be equal; with them they are close."""
    batches = {"batch_size": 4, "validation_batch_size": 3}
    recipe = tiny(batches=batches, schedule={"epochs": 2})
    rows, run = train_apart(recipe, devices=["CPU:0", "CPU:1"])
    assert json.loads((run / "manifest.json").read_text())["devices"] == ["CPU:0", "CPU:1"]
    losses = [row["loss"] for row in rows]
    assert all(later < earlier for earlier, later in itertools.pairwise(losses))
    assert losses[0] == pytest.approx(straight[2][0]["loss"], rel=0.2)
    assert load(run / "best_loss").output_shape[-1] == 1


def test_torch_trains_by_the_same_recipe(train_apart, tiny):
    pytest.importorskip("torch")
    rows, run = train_apart(tiny(schedule={"epochs": 2}), backend="torch")
    assert json.loads((run / "manifest.json").read_text())["backend"] == "torch"
    losses = [row["loss"] for row in rows]
    assert losses[-1] < losses[0]
    assert load(run / "best_loss").output_shape[-1] == 1
