"""The hidden folders beside an output that is not complete, and how far they came."""

from tomoseg_tf.prediction.resuming.journal import Journal
from tomoseg_tf.prediction.resuming.kept_sums import kept_passes
from tomoseg_tf.volume import split_location

JOURNAL = "journal.jsonl"
RESAMPLED, SUMMARY = "segmentation.npy", "summary.json"  # on another grid; when that is complete


def hidden_folder(path):
    """Name the folder beside an output that holds its slices until all are there.

    Parameters
    ----------
    path : str, Path or Location
        The output.

    Returns
    -------
    Path
    """
    return _beside(path, "unfinished")


def resampled_folder(path):
    """Name the folder beside a segmentation that holds what is predicted on another grid.

    Parameters
    ----------
    path : str, Path or Location
        The segmentation.

    Returns
    -------
    Path
    """
    return _beside(path, "resampled")


def how_far(path):
    """Say how far an interrupted segmentation came.

    Parameters
    ----------
    path : str, Path or Location
        The segmentation.

    Returns
    -------
    str or None
        Such as "after slice 40 of 256"; None if nothing is done.
    """
    folder = resampled_folder(path)
    if (folder / SUMMARY).exists():
        return "with the interpolation to the voxels of the scan: all is predicted"
    if folder.exists():
        found = progress_of(Journal(hidden_folder(folder / RESAMPLED) / JOURNAL))
        return found and f"{found} in the voxels that the network sees"
    return progress_of(Journal(hidden_folder(path) / JOURNAL))


def progress_of(journal):
    """Say how far the segmentation of a journal came; None if nothing is done.

    Parameters
    ----------
    journal : Journal
        Of its hidden folder.

    Returns
    -------
    str or None
    """
    stop, total = journal.last("stop") or 0, journal.last("slices")
    passes = kept_passes(journal.path.parent)
    if stop and stop == total:
        return f"with the writing of the files: all {total} slices are computed"
    if stop:
        return f"after slice {stop} of {total}"
    return f"after pass {passes}" if passes else None


def _beside(path, what):
    path = split_location(path).path.resolve()
    return path.with_name(f".{path.name}.{what}")
