"""The resumable state of a run: one file, always whole."""

import dataclasses
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np

from tomoseg_tf.volume import naming_full_disk


@dataclasses.dataclass
class State:
    """All that a run needs to go on after an epoch as if it had not stopped.

    Parameters
    ----------
    history : list of dict
        Scores of the finished epochs.
    variables : list of ndarray
        Variables of the model, random seeds included, in its order.
    optimiser : list of ndarray
        Variables of the optimiser, in its order.
    finished : bool
        True if no epoch is left to train.
    """

    history: list
    variables: list
    optimiser: list
    finished: bool = False


def take_state(model, history, *, finished=False):
    """Copy the state of a compiled model.

    Parameters
    ----------
    model : keras.Model
        Compiled, with a built optimiser.
    history : list of dict
        Scores of the finished epochs.
    finished : bool
        True if no epoch is left to train.

    Returns
    -------
    State
        The state, as NumPy arrays.
    """
    variables = [np.array(variable.numpy()) for variable in model.variables]
    optimiser = [np.array(variable.numpy()) for variable in model.optimizer.variables]
    return State(list(history), variables, optimiser, finished)


def restore_state(state, model):
    """Put a state back into a model that was compiled by the same recipe.

    Parameters
    ----------
    state : State
        As `read_state` gives it.
    model : keras.Model
        Compiled; its variables and those of its optimiser are set.

    Raises
    ------
    ValueError
        If the variables differ in number or shape.
    """
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    pairs = (model.variables, state.variables), (model.optimizer.variables, state.optimiser)
    for variables, arrays in pairs:
        shapes = [tuple(variable.shape) for variable in variables]
        if shapes != [array.shape for array in arrays]:
            raise ValueError(
                "the saved state does not fit the network of the recipe; "
                "start the run again with overwrite"
            )
    for variables, arrays in pairs:
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)


def write_state(path, state):
    """Write a state in place of the one before it, in one step.

    A process killed at any moment leaves either the old file or the new one.

    Parameters
    ----------
    path : Path
        The file; its folder is made if it is missing.
    state : State
        What to write.

    Raises
    ------
    OSError
        If it cannot be written, as on a full disk; the state before stays.
    """
    summary = json.dumps({"format": 1, "history": state.history, "finished": state.finished})
    arrays = {f"model/{index}": array for index, array in enumerate(state.variables)}
    arrays |= {f"optimiser/{index}": array for index, array in enumerate(state.optimiser)}
    content = io.BytesIO()
    np.savez(content, state=np.frombuffer(summary.encode(), dtype=np.uint8), **arrays)
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with naming_full_disk(path), open(partial, "wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    os.replace(partial, path)
    _sync_folder(path.parent)


def read_state(path):
    """Read a state.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    State or None
        The state; None if there is no such file.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    path = Path(path)
    if not path.exists():
        return None
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as content:
            summary = json.loads(content["state"].tobytes())
            return State(
                history=summary["history"],
                variables=_numbered(content, "model"),
                optimiser=_numbered(content, "optimiser"),
                finished=summary["finished"],
            )
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise ValueError(
            f"{path} is damaged; use another folder, or --overwrite to train again"
        ) from None


def _numbered(content, group):
    count = sum(name.startswith(f"{group}/") for name in content.files)
    return [content[f"{group}/{index}"] for index in range(count)]


def _sync_folder(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
