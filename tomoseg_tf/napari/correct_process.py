"""Finds slices to be mended in a process: ``python -m tomoseg_tf.napari.correct_process``."""

from tomoseg_tf.napari.process import serve
from tomoseg_tf.studies.correction import write_slices
from tomoseg_tf.volume import open_volume


def correct_request(request, progress):
    """Write the folder of a correction.

    Parameters
    ----------
    request : dict
        ``scan`` and ``spacing`` of it, ``truth``, None if nothing is labelled, ``weights``,
        ``count`` of the slices, and the ``folder`` to write.
    progress : callable
        Called as ``progress(done, total)``.

    Returns
    -------
    dict
        ``slices``: the numbers of those that were chosen, the worst first; and ``notices``.

    Raises
    ------
    ValueError
        As `tomoseg_tf.studies.correction.write_slices`.
    """
    found = write_slices(
        open_volume(request["scan"], spacing=request["spacing"]),
        request["truth"],
        request["folder"],
        weights=request["weights"],
        count=request["count"],
        progress=progress,
    )
    return {"slices": [row["slice"] for row in found["slices"]], "notices": found["notices"]}


if __name__ == "__main__":
    serve(correct_request)
