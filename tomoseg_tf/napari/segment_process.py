"""Segments in a process of its own: ``python -m tomoseg_tf.napari.segment_process``."""

from tomoseg_tf.napari.process import serve
from tomoseg_tf.prediction import segment_file
from tomoseg_tf.prediction.outputs import Classes, list_targets
from tomoseg_tf.volume import open_volume
from tomoseg_tf.weights import open_weights


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
        ``notices``, ``classes``, the file, and ``probabilities``, the file of each class by its
        name.

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
    probable = dict(zip(names, paths, strict=False))
    return {"notices": summary["notices"], "classes": f"{written}", "probabilities": probable}


if __name__ == "__main__":
    serve(segment_request)
