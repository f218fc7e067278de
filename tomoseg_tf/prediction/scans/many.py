"""Segment many scans with the same weights: one after the other, the network made ready once."""

import tempfile
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path

from tomoseg_tf.prediction.budget import resident
from tomoseg_tf.prediction.device import choose_precision
from tomoseg_tf.prediction.ensemble import (
    agree,
    agreed_mask,
    count_runs,
    open_all,
    open_networks,
)
from tomoseg_tf.prediction.files import segment_file
from tomoseg_tf.prediction.outputs import Classes, list_targets
from tomoseg_tf.prediction.resampling import seen_as
from tomoseg_tf.prediction.scans.naming import list_scans, name_results
from tomoseg_tf.prediction.scans.statistics import NAME, check_shared, together
from tomoseg_tf.prediction.threshold import check_threshold
from tomoseg_tf.volume import check_apart, open_volume, parse_filter, split_location

FURTHER = ("probabilities", "entropy", "disagreement", "colours")  # outputs that may be wanted
OF_NETWORK = {"step": None, "z_blocks": None, "blend": None, "passes": "z", "precision": "float32"}
OF_NETWORK |= {"device": "auto"}
SUFFIX = ".tif"


def segment_files(
    scans,
    folder,
    *,
    weights,
    suffix=SUFFIX,
    normalise_together=False,
    statistics=None,
    overwrite=False,
    opening=None,
    dry_run=False,
    progress=None,
    on_scan=None,
    **settings,
):
    """Segment many scans; what is done is not done again, and a failure does not stop the others.

    Parameters
    ----------
    scans : sequence of str or Path
        Scans, patterns and lists, see `tomoseg_tf.prediction.scans.naming.list_scans`.
    folder : path
        Where the results go, each named after its scan; made if it is not there.
    weights
        As for `tomoseg_tf.prediction.segment_file`.
    suffix : str
        Suffix of the format of the results; empty for folders of slices. Colours are TIFF.
    normalise_together : bool
        Whether the grey levels of all scans are normalised by the statistics of all of them
        together, as those of a time series should, instead of each by its own. They are stored
        as ``statistics.json`` in the folder.
    statistics : Statistics, optional
        Statistics that take their place, see
        `tomoseg_tf.prediction.scans.statistics.read_statistics`; not together with
        `normalise_together`.
    overwrite : bool
        Replace existing results. Otherwise a scan of which all results exist counts as done, and
        one of which some are missing fails.
    opening : dict, optional
        Options of `tomoseg_tf.volume.open_volume` for every scan.
    dry_run : bool
        Write nothing, make no folder, and return as entries what would be done; statistics of
        all scans, which take a look at each voxel, are not measured.
    progress : callable, optional
        Called as ``progress(done, total)`` for each scan, and for the statistics of all.
    on_scan : callable, optional
        Called with the entry of each scan as soon as it is there.
    **settings
        For `tomoseg_tf.prediction.segment_file`; ``probabilities``, ``entropy``, ``disagreement``
        and ``colours`` name folders.

    Returns
    -------
    dict
        ``scans``, an entry for each: ``scan``, ``segmentation``, ``state`` ("segmented",
        "planned", "kept" or "failed"), the error as ``error``, or what `segment_file` returns; and
        how many ``segmented``, ``planned``, ``kept`` and ``failed``.

    Raises
    ------
    ValueError
        If there is no scan, two results would have one name or one that of a scan, or an option
        does not fit the weights.
    """
    if normalise_together and statistics is not None:
        raise ValueError(
            "--normalise-together measures the statistics that --statistics gives; leave one out"
        )
    found, folder = list_scans(scans), Path(folder)
    results = name_results(found, folder, suffix)
    further = {key: Path(settings.pop(key)) for key in FURTHER if settings.get(key)}
    folders, fitted = [folder, *further.values()], open_all(weights)
    names = {key: settings.get(key, default) for key, default in OF_NETWORK.items()}
    names["precision"] = choose_precision(names["precision"], names["device"])
    settings["precision"] = names["precision"]
    networks, base = open_networks(fitted, **names), resident()
    wanted = [_name_all(fitted, each, suffix, further, settings) for each in results]
    check_apart([path for paths in wanted for path in paths], [*found, settings.get("mask")])
    check_shared(fitted, normalise_together or statistics is not None)
    _check_folders(folders)
    if normalise_together and not dry_run:
        folder.mkdir(exist_ok=True)
        statistics = _shared(found, folder / NAME, fitted, opening, overwrite, progress, settings)
    entries, done = [], "planned" if dry_run else "segmented"
    settings |= {"weights": weights, "networks": networks, "base": base, "statistics": statistics}
    settings |= {"overwrite": overwrite, "progress": progress, "dry_run": dry_run}
    with _open_folders(folders, dry_run) as places:
        for scan, result, paths in zip(found, results, wanted, strict=True):
            entry = {"scan": str(scan), "segmentation": str(result)}
            if result.exists() and not overwrite:
                entry |= _kept(paths)
            else:
                target = places[folder] / result.name
                where = {key: places[each] for key, each in further.items()}
                others = _name_further(result, suffix, where)
                told = _segment(scan, target, opening or {}, done, **others, **settings)
                entry |= _named(told, places)
            entries.append(entry)
            if on_scan:
                on_scan(entry)
    states = [entry["state"] for entry in entries]
    counts = {state: states.count(state) for state in (done, "kept", "failed")}
    return {"scans": entries, **counts}


def _name_further(result, suffix, further):
    """Name the further outputs of a scan after its result, in the folders for them."""
    stem = result.name.removesuffix(suffix)
    return {
        key: folder / (stem + (".tif" if key == "colours" else suffix))
        for key, folder in further.items()
    }


def _name_all(fitted, result, suffix, further, settings):
    """Name all outputs of a scan, the result first; refuse options that do not fit the weights."""
    config, others = agree(fitted), _name_further(result, suffix, further)
    turns, passes = settings.get("turns", "none"), settings.get("passes", "z")
    count_runs(fitted, turns, passes, others.get("disagreement"))
    targets = list_targets(
        Classes(check_threshold(settings.get("threshold"), config)),
        *(config, result),
        grey_levels=settings.get("grey_levels", False),
        **{key: others.get(key) for key in FURTHER},
    )
    return [split_location(target.path).path for target in targets]


def _kept(paths):
    """Entry of a scan that has its result: it is kept where all other outputs are there, too."""
    missing = [path for path in paths if not path.exists()]
    if not missing:
        return {"state": "kept"}
    text = f"{paths[0]} is there, {missing[0]} is not; give --overwrite to make both anew"
    return {"state": "failed", "error": text}


def _shared(scans, path, fitted, opening, overwrite, progress, settings):
    """Statistics of all scans together, of the voxels that the networks see."""
    config, mask = agree(fitted), settings.get("mask")
    before = [str(parse_filter(each)) for each in settings.get("filters", ())]
    names = ("to_spacing", "binning", "passes")
    return together(
        path,
        [open_volume(scan, **(opening or {})) for scan in scans],
        percentiles=sorted({*chain.from_iterable(map(_percentiles, fitted))}),
        filters=[*before, *(config.filters if settings.get("apply_filters", True) else ())],
        mask=agreed_mask(fitted) if mask is None else mask,
        seen=seen_as(fitted, **{key: settings[key] for key in names if key in settings}),
        overwrite=overwrite,
        progress=progress,
    )


def _segment(scan, result, opening, done, **settings):
    """Segment one scan; an error becomes its entry."""
    try:
        volume = open_volume(scan, **opening)
        return {"state": done, **segment_file(volume, result, **settings)}
    except (ValueError, OSError, MemoryError) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        return {"state": "failed", "error": text}


def _percentiles(fitted):
    """Percentiles that weights need of a scan."""
    return fitted.config.normalisation.percentiles


@contextmanager
def _open_folders(folders, dry_run):
    """Make folders for results; in a dry run hidden ones stand in for those that are not there.

    Yields
    ------
    dict from Path to Path
        Where each is.
    """
    with ExitStack() as stack:
        places = {}
        for folder in folders:
            places[folder] = folder
            if dry_run and not folder.is_dir():
                parent = places.get(folder.parent, folder.parent)
                beside = tempfile.TemporaryDirectory(prefix=".", dir=parent)
                places[folder] = Path(stack.enter_context(beside))
            elif not dry_run:
                folder.mkdir(exist_ok=True)
        yield places


def _check_folders(folders):
    """Check that folders are there, or can be made in what is there or made before."""
    for index, folder in enumerate(folders):
        if folder.is_dir():
            continue
        if folder.exists() or not (folder.parent.is_dir() or folder.parent in folders[:index]):
            what = "is a file" if folder.exists() else f"the folder {folder.parent} does not exist"
            raise ValueError(f"{folder}: {what}; several scans need a folder for their results")


def _named(value, places):
    """Give what stood in the name of what it stands for, in all texts of plain JSON values."""
    if isinstance(value, dict):
        return {key: _named(each, places) for key, each in value.items()}
    if isinstance(value, list):
        return [_named(each, places) for each in value]
    if isinstance(value, str):
        for folder, place in reversed(places.items()):  # what lies in another goes first
            if place != folder:
                value = value.replace(str(place.resolve()), str(folder)).replace(
                    str(place), str(folder)
                )
    return value
