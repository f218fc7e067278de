"""Segments in a process of its own: ``python -m tomoseg_tf.napari.segment_process``.

TensorFlow and the OpenGL drivers of Mesa were seen to crash in one process.
"""

import json
import sys

from tomoseg_tf.prediction import segment_file
from tomoseg_tf.prediction.outputs import Classes, list_targets
from tomoseg_tf.volume import open_volume
from tomoseg_tf.weights import open_weights

EXPECTED = (ValueError, OSError, MemoryError)  # what a user can cause


def one_line(error):
    """Put the text of an error on one line.

    Parameters
    ----------
    error : Exception
        Any.

    Returns
    -------
    str
        Its name if it has no text.
    """
    return " ".join(f"{error}".split()) or type(error).__name__


def segment_request(request, progress):
    """Segment slices of a scan into files.

    Parameters
    ----------
    request : dict
        ``scan`` and ``spacing`` of it, ``weights``, ``threshold``, ``slices`` (first and the one
        past the last), and the files ``classes`` and ``probabilities`` to write, None for none.
    progress : callable
        Called as ``progress(done, total)``.

    Returns
    -------
    dict
        ``notices``, and ``probabilities``, the file of each class by its name.

    Raises
    ------
    ValueError
        As `tomoseg_tf.prediction.segment_file`.
    """
    volume = open_volume(request["scan"], spacing=request["spacing"])
    written, probable = request["classes"], request["probabilities"]
    summary = segment_file(
        volume,
        written,
        weights=request["weights"],
        threshold=request["threshold"],
        roi=(tuple(request["slices"]), *((0, side) for side in volume.shape[1:])),
        probabilities=probable,
        progress=progress,
    )
    config = open_weights(request["weights"]).config
    names = config.class_names[1:] if config.binary else config.class_names
    targets = list_targets(
        Classes(config.threshold), config, written, probable, grey_levels=False, colours=None
    )
    paths = [f"{target.path}" for target in targets[1:]]
    return {"notices": summary["notices"], "probabilities": dict(zip(names, paths, strict=False))}


def main():
    """Answer the request on standard input, in lines of JSON on standard output."""
    try:
        answer = segment_request(json.load(sys.stdin), lambda *pair: _say({"progress": pair}))
    except EXPECTED as error:
        answer = {"error": one_line(error)}
    _say(answer)


def _say(answer):
    """Write a line at once."""
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
