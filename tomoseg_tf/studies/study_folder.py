"""The folder of a study of several networks: its settings, and on which voxels it scores."""

import json

from tomoseg_tf.volume import check_apart, check_destination, staged_file, staged_folder


def begin_study(folder, marker, settings, *, kind, overwrite=False, inputs=()):
    """Make the folder of a study, unless it is one to go on with.

    Parameters
    ----------
    folder : Path
        The folder.
    marker : str
        Name of the JSON file in it that holds the settings.
    settings : dict
        What all parts of the study have in common, as JSON has it.
    kind : str
        What errors call such a study, with its article: "an ablation".
    overwrite : bool
        Whether an existing study is removed with all its runs.
    inputs : sequence of (str, Path or None)
        What the study reads; an existing one that holds any of it is not removed.

    Returns
    -------
    dict or None
        What the marker of the study to go on with holds; None if the folder is new.

    Raises
    ------
    ValueError
        If the folder is something else, a study of other settings, or one to be removed that holds
        an input.
    """
    options = {"kind": kind, "overwrite": overwrite, "inputs": inputs}
    content = check_study(folder, marker, settings, **options)
    if content is None:
        overwrite = overwrite or _is_empty(folder)
        with staged_folder(folder, overwrite=overwrite, marker=marker) as partial:
            (partial / marker).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    return content


def check_study(folder, marker, settings, *, kind, overwrite=False, inputs=()):
    """Check that a study may be begun or gone on with, and change nothing.

    Parameters
    ----------
    folder, marker, settings, kind, overwrite, inputs
        As for `begin_study`.

    Returns
    -------
    dict or None
        As `begin_study` gives it.

    Raises
    ------
    ValueError
        As `begin_study` does.
    """
    path = folder / marker
    if path.is_file() and not overwrite:
        content = _read_settings(path)
        refuse_changes(folder, content, settings, kind=kind)
        return content
    check_destination(folder, overwrite or _is_empty(folder), folder=True, marker=marker)
    check_apart([folder], inputs)
    return None


def refuse_changes(folder, there, here, *, kind):
    """Raise an error that names the settings in which a study differs from the one before.

    Parameters
    ----------
    folder : Path
        The folder of the study.
    there, here : dict
        Settings of the study before and of this one; only keys of the latter are compared.
    kind : str
        As in `begin_study`.

    Raises
    ------
    ValueError
        If any setting differs.
    """
    old, new = flat({key: there.get(key) for key in here}), flat(here)
    changes = [
        f"{key.removeprefix('recipe.')} is {old.get(key)} there and {new.get(key)} here"
        for key in dict.fromkeys((*old, *new))
        if old.get(key) != new.get(key)
    ]
    if changes:
        raise ValueError(
            f"{folder} already exists with {kind} of other settings: "
            f"{'; '.join(changes)}; use those, another folder, or --overwrite"
        )


def flat(settings, prefix=""):
    """Flatten nested settings.

    Parameters
    ----------
    settings : dict
        Values and dictionaries of them.
    prefix : str
        Put before every key.

    Returns
    -------
    dict
        One level of keys.

    Examples
    --------
    >>> flat({"a": {"b": 1}, "c": 2})
    {'a.b': 1, 'c': 2}
    """
    found = {}
    for key, value in settings.items():
        nested = flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {}
        found |= nested or {f"{prefix}{key}": value}
    return found


def split_to_score(records):
    """Name the split that scores are taken on: the test split, without one the validation split.

    Parameters
    ----------
    records : Records
        An opened folder.

    Returns
    -------
    str
        "test" or "validation".
    """
    return "test" if records.count("test") else "validation"


def say_where(split, patches, patch):
    """Say on which voxels scores were taken.

    Parameters
    ----------
    split : {"test", "validation"}
        The split.
    patches : int
        Its patches.
    patch : (int, int, int)
        Their sides (Z, Y, X) in voxels.

    Returns
    -------
    str
        One sentence.
    """
    size = " x ".join(str(side) for side in patch)
    number = "1 patch" if patches == 1 else f"{patches} patches"
    where = f"Scores: {split} split of the records, {number} of {size} voxels"
    if split == "validation":
        where += "; there is no test split, and best epochs are chosen on these very voxels"
    return f"{where}."


def write_text(path, text):
    """Write a text file of a study, which replaces an earlier one when it is complete."""
    with staged_file(path, overwrite=True) as partial:
        partial.write_text(text, encoding="utf-8")


def _is_empty(folder):
    return folder.is_dir() and not any(folder.iterdir())


def _read_settings(path):
    try:
        settings = json.loads(path.read_bytes())
    except ValueError:
        settings = None
    if not isinstance(settings, dict) or "records_sha256" not in settings:
        raise ValueError(f"{path} is damaged; use another folder, or --overwrite to start anew")
    return settings
