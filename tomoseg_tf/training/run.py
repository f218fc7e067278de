"""The folder of a training run: begun, gone on with, or refused."""

import csv
import datetime
import hashlib
import importlib.metadata
import json
import platform
import shlex
import shutil
from pathlib import Path

from tomoseg_tf.backend import load_keras
from tomoseg_tf.training.checkpoint import read_state
from tomoseg_tf.training.recipe_file import format_recipe, read_recipe
from tomoseg_tf.volume import staged_file, staged_folder

keras = load_keras()

KIND = "tomoseg-tf training run"
PACKAGES = ("tomoseg-tf", "tensorflow", "keras", "numpy", "torch", "jax")


class RunFolder:
    """Where a run keeps its recipe, manifest, state, history, best and final weights.

    Parameters
    ----------
    folder : Path
        The folder; it need not exist yet.
    """

    def __init__(self, folder):
        self.folder = Path(folder)

    @property
    def state(self):
        """File of the resumable state."""
        return self.folder / "last" / "state.npz"

    @property
    def is_trained(self):
        """Whether there is a state, or what follows from one, so that an epoch would be lost."""
        paths = (self.state, self.folder / "history.csv", *self.folder.glob("best_*"), self.final)
        return any(path.exists() for path in paths)

    @property
    def logs(self):
        """Folder of the TensorBoard logs."""
        return self.folder / "logs"

    @property
    def final(self):
        """Folder of the weights of the last epoch, there once the run is finished."""
        return self.folder / "final"

    def best(self, score):
        """Name the folder of the weights with the best validation score.

        Parameters
        ----------
        score : str
            "loss", "accuracy" or "dice".

        Returns
        -------
        Path
            The weights folder.
        """
        return self.folder / f"best_{score}"

    def find_state(self, manifest, recipe, *, overwrite=False):
        """Read the state to go on from, if the folder holds an unfinished run.

        Parameters
        ----------
        manifest : dict
            As `run_manifest` gives it for the run to be.
        recipe : Recipe
            Recipe of the run to be.
        overwrite : bool
            Whether a run that cannot be gone on with is to be replaced.

        Returns
        -------
        State or None
            None if the run is to be begun.

        Raises
        ------
        ValueError
            If the folder is something else; unless it is replaced, also if it is a
            finished run, one of another recipe, other records or another backend, or
            one that has lost its state.
        """
        if not self.folder.exists():
            if not self.folder.parent.is_dir():
                raise ValueError(f"{self.folder}: there is no folder {self.folder.parent}")
            return None
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            return None
        before = _read_manifest(self.folder)
        try:
            return self._find_unfinished(before, manifest, recipe)
        except ValueError:
            if overwrite:
                return None
            raise

    def _find_unfinished(self, before, manifest, recipe):
        """Read the state of an unfinished run of the same settings; any other is an error."""
        state = read_state(self.state)
        if state is None:
            if self.is_trained:
                raise ValueError(
                    f"{self.folder} already exists with results of a run, but {self.state}, the "
                    "state to go on from, is missing; use another folder, or --overwrite to train "
                    "again"
                )
            return None
        if state.finished:
            raise ValueError(
                f"{self.folder} already exists and its run is finished "
                f"({len(state.history)} epochs); to train on from its weights, name another "
                f"folder and --from {shlex.quote(str(self.final))}, "
                "or use --overwrite to train again"
            )
        there = read_recipe(self.folder / "recipe.yaml")  # an older one lacks the newer settings
        changes = _differences(there.to_dict(), recipe.to_dict())
        for key in ("records_sha256", "backend"):
            changes += _differences({key: before.get(key)}, {key: manifest[key]})
        if changes:
            raise ValueError(
                f"{self.folder} already exists with an unfinished run of other settings: "
                f"{'; '.join(changes)}; use those, another folder, or --overwrite"
            )
        return state

    def begin(self, manifest, recipe):
        """Make the folder anew, with the recipe and the manifest of the run.

        Parameters
        ----------
        manifest : dict
            As `run_manifest` gives it.
        recipe : Recipe
            All settings.
        """
        with staged_folder(self.folder, overwrite=True, marker="manifest.json") as folder:
            (folder / "recipe.yaml").write_text(format_recipe(recipe), encoding="utf-8")
            text = json.dumps(manifest, indent=2, ensure_ascii=False)
            (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")

    def clean(self):
        """Remove what a killed process left half-written in the folder."""
        for pattern in (".*.partial-*", ".*.replaced-*"):
            for path in self.folder.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def write_history(self, history):
        """Write ``history.csv``, one line an epoch; an undefined score is left empty.

        Parameters
        ----------
        history : list of dict
            Scores of the finished epochs, all of the same keys.
        """
        with (
            staged_file(self.folder / "history.csv", overwrite=True) as path,
            open(path, "w", newline="", encoding="utf-8") as file,
        ):
            lines = csv.writer(file, lineterminator="\n")
            lines.writerows(history[:1])
            lines.writerows(map(_number, row.values()) for row in history)


def run_manifest(records, records_folder, recipe, devices):
    """Describe what a run depends on beside its recipe.

    Parameters
    ----------
    records : Records
        The opened records.
    records_folder : Path
        Their folder.
    recipe : Recipe
        Gives the seed.
    devices : sequence of str
        Devices that share a batch; empty if the backend chooses its own.

    Returns
    -------
    dict
        Kind, date, hash of the records' manifest (which holds those of its
        shards), patches seen, classes, spacing, seed, backend, devices and versions.
    """
    content = (Path(records_folder) / "manifest.json").read_bytes()
    return {
        "format": 1,
        "kind": KIND,
        "begun": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "records": str(records_folder),
        "records_sha256": hashlib.sha256(content).hexdigest(),
        "patches": {
            split: len(records.seen_patches(split, recipe.normalisation.outside))
            for split in ("training", "validation")
        },
        "classes": list(records.classes),
        "spacing": None if records.spacing is None else list(records.spacing),
        "seed": recipe.seed,
        "backend": keras.backend.backend(),
        "devices": list(devices) or None,
        "machine": platform.machine(),
        "versions": versions(),
    }


def versions():
    """List Python and the packages that decide a result, those that are installed.

    Returns
    -------
    dict of str to str
        Versions by name.
    """
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        for distribution in (name, f"{name}-cpu"):
            try:
                found[name] = importlib.metadata.version(distribution)
            except importlib.metadata.PackageNotFoundError:
                continue
            break
    return found


def _read_manifest(folder):
    """Read the manifest of an existing run, to be sure that it is one."""
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError):
        manifest = None
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise ValueError(f"{folder} already exists and is no training run; choose another name")
    return manifest


def _differences(there, here, prefix=""):
    """List the settings in which two nested dictionaries differ."""
    found = []
    for key in dict.fromkeys((*there, *here)):
        old, new = there.get(key), here.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differences(old, new, f"{prefix}{key}.")
        elif old != new and f"{prefix}{key}" != "description":
            found.append(f"{prefix}{key} is {old} there and {new} here")
    return found


def _number(value):
    return "" if value != value else repr(value)
