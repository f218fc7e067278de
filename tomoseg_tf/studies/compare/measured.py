"""What was measured of an entry of a comparison: its result, and the slices that are shown."""

import io
import json

import numpy as np

from tomoseg_tf.volume import staged_file

RESULT, TRAINING, SHOWN = "result.json", "training.json", "shown.npz"


def measured_folder(folder, label):
    """Folder, in that of a comparison, of what was measured of an entry."""
    return folder / "measured" / label


def read_result(measured, settings):
    """Read the result of a finished entry.

    Parameters
    ----------
    measured : Path
        As `measured_folder` gives it.
    settings : dict
        What decides the result.

    Returns
    -------
    dict or None
        As `score_entry` returned it; None if there is none of the same settings.
    """
    content = read_json(measured / RESULT)
    same = content.get("settings") == json.loads(json.dumps(settings))
    return content.get("result") if same and (measured / SHOWN).is_file() else None


def read_shown(measured):
    """Read the slices of an entry that are shown.

    Parameters
    ----------
    measured : Path
        As `measured_folder` gives it.

    Returns
    -------
    tuple of ndarray
        Grey, truth and segmentation, (N, Y, X) each.
    """
    with np.load(measured / SHOWN, allow_pickle=False) as content:
        return tuple(content[name] for name in ("grey", "truth", "segmentation"))


def read_json(path):
    """Read a JSON object from a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        An empty one where there is no such file, or it is damaged.
    """
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_shown(measured, patches, rarest):
    """Keep the slice with most of the rarest class of each patch that is shown.

    Parameters
    ----------
    measured : Path
        As `measured_folder` gives it.
    patches : sequence of tuple
        Grey, truth and segmentation (Z, Y, X) of each.
    rarest : int
        The class.
    """
    rows = []
    for grey, truth, segmentation in patches:
        z = int(np.argmax((truth == rarest).sum(axis=(1, 2))))
        rows.append((grey[z], truth[z], segmentation[z]))
    parts = zip(("grey", "truth", "segmentation"), zip(*rows, strict=True), strict=True)
    content = io.BytesIO()
    np.savez_compressed(content, **{name: np.stack(images) for name, images in parts})
    with staged_file(measured / SHOWN, overwrite=True) as partial:
        partial.write_bytes(content.getbuffer())


def write_json(path, content):
    """Write a JSON object to a file, whole or not at all."""
    text = json.dumps(content, indent=1, allow_nan=False)
    with staged_file(path, overwrite=True) as partial:
        partial.write_text(text + "\n", encoding="utf-8")
