"""What a comparison compares: entries named as ``[LABEL=]WHAT`` and recognised."""

import difflib
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from tomoseg_tf.models import BUILDERS
from tomoseg_tf.studies.classical import BASELINES
from tomoseg_tf.training import shipped_recipes
from tomoseg_tf.volume import split_location
from tomoseg_tf.weights import find_weights, shipped_weights
from tomoseg_tf.weights.address import is_address

NETWORK, RECIPE, WEIGHTS, CLASSICAL, SEGMENTATION, ENSEMBLE = (
    *("network", "recipe", "weights", "classical", "segmentation", "ensemble"),
)
TRAINED = (NETWORK, RECIPE)
NO_MEMBERS = (CLASSICAL, SEGMENTATION, ENSEMBLE)

RECIPES = (".yaml", ".yml")
LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


@dataclass(frozen=True)
class Entry:
    """One row of a comparison.

    Attributes
    ----------
    label : str
        Its name in tables and files.
    kind : str
        "network": a builder, trained by the base recipe; "recipe": trained by a recipe; "weights":
        loaded; "classical": a method without a network, fitted to the training patches;
        "segmentation": files of another program; "ensemble": the mean of other entries.
    what : tuple of str
        Name, folder or files; of an ensemble the labels of its members.
    arguments : dict
        Arguments of a builder that differ from its defaults.
    """

    label: str
    kind: str
    what: tuple
    arguments: dict

    @property
    def trained(self):
        """Whether it is trained by a recipe, in a run folder."""
        return self.kind in TRAINED

    def to_dict(self):
        """Return the entry as plain values for JSON."""
        return {**asdict(self), "what": list(self.what)}

    @classmethod
    def from_dict(cls, values):
        """Read what `to_dict` wrote."""
        return cls(**{**values, "what": tuple(values["what"])})


def parse_entries(texts, arguments=(), ensembles=()):
    """Recognise the entries of a comparison.

    Parameters
    ----------
    texts : sequence of str
        Each one or several, separated by commas, of ``[LABEL=]WHAT``: a builder, a classical
        method, a recipe, weights (a folder, a name, an archive or its address) or the segmentation
        of a volume. A label that comes again with another segmentation adds a file.
    arguments : dict of str to dict, optional
        Arguments of builders by label.
    ensembles : sequence of str, optional
        ``LABEL=MEMBER,MEMBER`` each: the mean of other entries, here or of an earlier call.

    Returns
    -------
    list of Entry
        In the order named, ensembles last.

    Raises
    ------
    ValueError
        If something is not recognised or there twice, or arguments are of no network.

    Examples
    --------
    >>> [entry.kind for entry in parse_entries(["unet_2d,small=unet_2d", "otsu"])]
    ['network', 'network', 'classical']
    """
    entries = {}
    arguments = dict(arguments)
    for text in texts:
        for part in _parts(text):
            label, kind, what = _recognise(part)
            before = entries.get(label)
            if before is not None and not before.kind == kind == SEGMENTATION:
                raise ValueError(
                    f"the label {label} is there twice; name entries apart, as in other={what}"
                )
            files = () if before is None else before.what
            if what in files:
                raise ValueError(f"{what} is there twice under the label {label}")
            entries[label] = Entry(label, kind, (*files, what), arguments.get(label, {}))
    _check_arguments(entries, arguments)
    for text in ensembles:
        _add_ensemble(entries, text)
    if not entries:
        raise ValueError("nothing to compare; name networks, weights or files as --models")
    lower = [label.lower() for label in entries]
    twice = next((label for label in entries if lower.count(label.lower()) > 1), None)
    if twice is not None:
        raise ValueError(f"the label {twice} is there twice but for its case; name them apart")
    return list(entries.values())


def _parts(text):
    """Cut at commas, unless the whole, or what follows the only label, is a file."""
    label, _, what = text.partition("=")
    wholes = [text] if "," in label or not what else [text, what]
    if any(split_location(whole).path.exists() for whole in wholes):
        return [text]
    return [part.strip() for part in text.split(",") if part.strip()]


def _recognise(text):
    """Tell label, kind and what of one entry."""
    given, equals, what = text.partition("=")
    if not equals or is_address(text) or split_location(text).path.exists():
        given, what = None, text
    kind, name = _kind(what)
    label = name if given is None else given.strip()
    if not LABEL.fullmatch(label):
        raise ValueError(
            f"label {label!r}: letters, digits and any of _.+- make a label; give one, as in "
            f"mine={what}"
        )
    return label, kind, what


def _kind(what):
    """Tell what a text names, and by which name it goes: files first, then names."""
    if is_address(what) or what.lower().endswith(".zip"):
        return WEIGHTS, find_weights(what).name
    path = split_location(what).path
    if path.is_dir() and (path / "config.json").is_file():
        of_run = path.name == "final" or path.name.startswith("best_")
        run = of_run and (path.parent / "recipe.yaml").is_file()
        return WEIGHTS, path.resolve().parent.name if run else path.resolve().name
    if path.is_file() and path.suffix.lower() in RECIPES:
        return RECIPE, path.stem
    if path.is_dir() and any(path.glob("best_*/config.json")):
        raise ValueError(f"{path} is a run; name one of its weights, such as {path / 'best_loss'}")
    if path.exists():
        return SEGMENTATION, Path(path.name).stem
    names = {
        NETWORK: BUILDERS,
        CLASSICAL: BASELINES,
        RECIPE: shipped_recipes(),
        WEIGHTS: shipped_weights(),
    }
    for kind, known in names.items():
        if what in known:
            return kind, what.rpartition("/")[2]
    every = [name for known in names.values() for name in known]
    near = difflib.get_close_matches(what, every, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(every)}, or give a file"
    raise ValueError(f"{what}: no network, method, recipe, weights or file of that name; {hint}")


def _add_ensemble(entries, text):
    """Take ``LABEL=MEMBER,MEMBER`` apart."""
    label, _, what = text.partition("=")
    label, members = label.strip(), [part.strip() for part in what.split(",")]
    if not (LABEL.fullmatch(label) and len(members) > 1 and all(map(LABEL.fullmatch, members))):
        raise ValueError(
            f"ensemble {text}: must be a label and those of two or more entries, as in "
            "both=unet_2d,pspnet"
        )
    if len(set(members)) < len(members):
        raise ValueError(f"ensemble {label}: an entry is there twice; name each once")
    if label in entries:
        raise ValueError(f"the label {label} is there twice; name entries apart")
    for member in members:
        if member in entries and entries[member].kind in NO_MEMBERS:
            raise ValueError(f"ensemble {label}: {member} is no network; leave it out")
    entries[label] = Entry(label, ENSEMBLE, tuple(members), {})


def _check_arguments(entries, arguments):
    """Refuse arguments of what is no network."""
    for label in arguments:
        if label not in entries:
            raise ValueError(
                f"arguments of {label}, but the entries are {', '.join(entries) or 'none'}"
            )
        if entries[label].kind != NETWORK:
            raise ValueError(
                f"arguments of {label}: it is no builder's name, so that they have no meaning; "
                "put them into its recipe"
            )
