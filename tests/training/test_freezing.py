import shutil

import numpy as np
import pytest

from tomoseg_tf.training import train
from tomoseg_tf.training.checkpoint import read_state, write_state
from tomoseg_tf.weights import open_weights


@pytest.fixture(scope="module")
def freezing(records, tiny, tmp_path_factory):
    """A run of four epochs, batch normalisation frozen in the last two; states by their epoch."""
    run, states = tmp_path_factory.mktemp("freezing") / "run", {}
    recipe = tiny(schedule={"epochs": 4, "freeze_batch_norm": 0.5})
    train(
        recipe,
        records,
        run,
        report=lambda row: states.update({row["epoch"]: read_state(run / "last" / "state.npz")}),
    )
    return recipe, run, states


def test_batch_normalisation_stands_still_once_it_is_frozen(freezing):
    _, run, states = freezing
    variables = open_weights(run / "final").build().variables
    still = {
        epoch: {
            variable.path.split("/")[-1]
            for variable, before, after in zip(
                variables, states[epoch].variables, states[epoch + 1].variables, strict=True
            )
            if np.array_equal(before, after)
        }
        for epoch in (1, 2, 3)
    }
    normalisation = {"gamma", "beta", "moving_mean", "moving_variance"}
    assert not still[1] & normalisation
    assert still[2] == still[3] == normalisation


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_a_run_that_freezes_goes_on_as_if_it_had_not_stopped(
    epoch, freezing, records, tmp_path, assert_equal_runs
):
    recipe, straight, states = freezing
    run, rows = tmp_path / "run", []
    shutil.copytree(straight, run)
    write_state(run / "last" / "state.npz", states[epoch])
    train(recipe, records, run, report=rows.append)
    assert [row["epoch"] for row in rows] == list(range(epoch + 1, 5))
    assert_equal_runs(run, straight)
