"""Grey statistics that several scans share, stored as JSON, so that one grey means one thing."""

import json
from pathlib import Path

from tomoseg_tf.prediction.resuming.identity import describe_mask, describe_volume
from tomoseg_tf.volume import Statistics, measure, open_sample, staged_file, through_filters
from tomoseg_tf.volume.series import Series, SeriesSample

NAME = "statistics.json"
AS_STORED = "as stored"  # the voxels of a scan that is not resampled


def read_statistics(path, filters=(), voxels=AS_STORED):
    """Read stored statistics.

    Parameters
    ----------
    path : str or Path
        What `write_statistics` or ``tomoseg-tf info --json`` wrote.
    filters : sequence of str, optional
        Filters that the scans are seen through now.
    voxels : str, optional
        Voxels that the scans are seen in now, as `together` was given them.

    Returns
    -------
    Statistics

    Raises
    ------
    ValueError
        If it is none, or is behind other filters or of other voxels: means of several vary less.
    """
    stored = _read(path)
    try:
        statistics = Statistics.from_dict(dict(stored["statistics"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: holds no statistics ({' '.join(str(error).split())}); give a file that "
            "--normalise-together or tomoseg-tf info --json wrote"
        ) from None
    before = list(stored.get("filters", ()))
    if before != list(filters):
        raise ValueError(
            f"{path}: is of grey levels behind {_named(before)}, but the weights see them behind "
            f"{_named(filters)}; measure anew with --normalise-together"
        )
    measured = stored.get("voxels", AS_STORED)
    if measured != voxels:
        raise ValueError(
            f"{path}: is of grey levels in voxels {measured}, but the weights see them {voxels}; "
            "measure anew with --normalise-together and the same --bin or --to-spacing"
        )
    return statistics


def as_statistics(statistics, filters, voxels=AS_STORED):
    """Take statistics as they are, or from a file as `read_statistics` does."""
    if isinstance(statistics, (str, Path)):
        return read_statistics(statistics, filters, voxels)
    return statistics


def check_shared(fitted, shared):
    """Check that shared statistics can be those of all weights.

    Parameters
    ----------
    fitted : list of Weights
        All that predict.
    shared : bool
        Whether statistics are shared at all.

    Raises
    ------
    ValueError
        If the weights see the grey levels behind different filters.
    """
    filters = {member.config.filters for member in fitted}
    if shared and len(filters) > 1:
        names = ", ".join(member.name for member in fitted)
        raise ValueError(
            f"the weights {names} filter in different ways, so that no statistics hold for all of "
            "them; segment with one of them, or without shared statistics"
        )


def together(
    path, volumes, *, percentiles, filters, mask, seen=None, overwrite=False, progress=None
):
    """Measure the statistics of all scans of a series, or read them if that was done.

    Parameters
    ----------
    path : Path
        JSON file that they are stored in.
    volumes : list of Volume
        The scans.
    percentiles : sequence of float
        Those that the weights need.
    filters : sequence of str
        Filters that the scans are seen through.
    mask : str or path
        Which voxels count, see `tomoseg_tf.volume.open_sample`.
    seen : Seen, optional
        In which voxels the networks see the scans, see `tomoseg_tf.prediction.resampling.seen_as`.
    overwrite : bool, optional
        Whether those of other scans may be replaced.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices.

    Returns
    -------
    Statistics

    Raises
    ------
    ValueError
        If the file is of other scans, or the scans are not alike.
    """
    voxels = AS_STORED if seen is None else seen.voxels
    described = {
        "scans": [str(Path(volume.name)) for volume in volumes],
        "shapes": [list(volume.shape) for volume in volumes],
        "files": [describe_volume(volume) for volume in volumes],
        "percentiles": sorted(percentiles),
        "filters": list(filters),
        "mask": describe_mask(mask),
        "voxels": voxels,
    }
    if path.exists() and not overwrite:
        stored = {"voxels": AS_STORED, **_read(path)}
        differs = [name for name in described if stored.get(name) != described[name]]
        if not differs:
            return read_statistics(path, filters, voxels)
        raise ValueError(
            f"{path}: is of other {differs[0]} than these; keep it with --statistics {path}, or "
            "measure and segment all anew with --overwrite"
        )
    masks = [mask] * len(volumes)
    if seen is not None:
        volumes, masks = zip(*(seen.of(volume, mask) for volume in volumes), strict=True)
    sources = [through_filters(volume, filters) for volume in volumes]
    samples = [open_sample(*pair) for pair in zip(sources, masks, strict=True)]
    all_count = all(sample is None for sample in samples)
    statistics = measure(
        Series(sources),
        percentiles,
        sample=None if all_count else SeriesSample(samples, [each.shape for each in sources]),
        progress=progress,
    )
    with staged_file(path, overwrite=True) as partial:
        content = {"statistics": statistics.to_dict(), **described}
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return statistics


def _read(path):
    """Read a JSON object."""
    try:
        stored = json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        raise ValueError(f"{path} does not exist; check the path") from None
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: is no JSON file of statistics ({reason})") from None
    if not isinstance(stored, dict):
        raise ValueError(f"{path}: is no JSON file of statistics")
    return stored


def _named(filters):
    return " and ".join(filters) or "no filters"
