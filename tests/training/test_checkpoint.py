import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.training.checkpoint import (
    State,
    read_state,
    restore_state,
    take_state,
    write_state,
)

keras = load_keras()


def compiled(width=3, optimiser=keras.optimizers.Adam):
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(width),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
        ]
    )
    model.compile(optimizer=optimiser(), loss="mse")
    model.optimizer.build(model.trainable_variables)
    return model


def step(model):
    data = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    model.train_on_batch(data, data[:, :3])


def loss_scaled():
    """The optimiser of training in float16."""
    return keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(), dynamic_growth_steps=2)


@pytest.mark.parametrize("optimiser", [keras.optimizers.Adam, loss_scaled])
def test_a_restored_model_goes_on_as_the_first_would_have(tmp_path, optimiser):
    first, second = compiled(optimiser=optimiser), compiled(optimiser=optimiser)
    step(first)
    write_state(tmp_path / "last" / "state.npz", take_state(first, [{"epoch": 1, "loss": 0.1}]))
    state = read_state(tmp_path / "last" / "state.npz")
    restore_state(state, second)
    assert state.history == [{"epoch": 1, "loss": 0.1}]
    assert not state.finished
    step(first)
    step(second)
    pairs = zip(first.variables, second.variables, strict=True)
    slots = zip(first.optimizer.variables, second.optimizer.variables, strict=True)
    for one, other in (*pairs, *slots):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_a_state_replaces_the_one_before_and_leaves_nothing_else(tmp_path):
    model, path = compiled(), tmp_path / "state.npz"
    write_state(path, take_state(model, []))
    write_state(path, take_state(model, [{"epoch": 1}], finished=True))
    assert read_state(path).finished
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.npz"]


def test_a_state_that_cannot_be_begun_is_told_by_its_own_reason(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(PermissionError):
        write_state(tmp_path / "state.npz", State([], [], []))


def test_a_missing_state_is_none(tmp_path):
    assert read_state(tmp_path / "state.npz") is None


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-100], lambda data: b"x"])
def test_a_damaged_state_is_named(tmp_path, damage):
    path = tmp_path / "state.npz"
    write_state(path, take_state(compiled(), []))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"state\.npz is damaged; .*--overwrite"):
        read_state(path)


def test_a_state_of_another_network_is_refused_before_anything_changes():
    model = compiled(width=5)
    before = [variable.numpy() for variable in model.variables]
    with pytest.raises(ValueError, match="does not fit the network"):
        restore_state(take_state(compiled(), []), model)
    for one, other in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(one, other.numpy())
