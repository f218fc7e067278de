"""Writing a report: what is given is read, what is cheap is computed, the rest is left out."""

from pathlib import Path

from tomoseg_tf.objects import read_table
from tomoseg_tf.report.comparison_section import comparison_section
from tomoseg_tf.report.detection_section import CHEAP, detection_section
from tomoseg_tf.report.inputs import open_inputs
from tomoseg_tf.report.object_section import measure_inputs, object_section
from tomoseg_tf.report.object_table import table_data
from tomoseg_tf.report.page import Page, render
from tomoseg_tf.report.provenance import provenance_section
from tomoseg_tf.report.scoring import score_section
from tomoseg_tf.report.sizes import format_size, parse_size
from tomoseg_tf.report.stack import pack_stack
from tomoseg_tf.report.threshold_section import threshold_section
from tomoseg_tf.report.training_section import training_section
from tomoseg_tf.volume import check_destination, staged_file
from tomoseg_tf.weights import open_weights

SUFFIXES = (".html", ".htm")
TOO_LARGE = (
    "Objects are not matched in volumes as large as this: tomoseg-tf evaluate --objects does it."
)
SPARE = 40_000  # bytes for what the viewer must know, which is not known before it is packed


def write_report(
    path,
    segmentation=None,
    *,
    volume=None,
    truth=None,
    probabilities=None,
    objects=None,
    weights=None,
    run=None,
    comparison=None,
    title=None,
    max_size="25MB",
    palette="auto",
    spacing=None,
    names=None,
    command=None,
    facts=(),
    overwrite=False,
    progress=None,
):
    """Write a report: one HTML file that needs nothing but a browser.

    Parameters
    ----------
    path : str or Path
        Where it goes, .html.
    segmentation, volume, truth, probabilities : path, (Z, Y, X) array_like or Volume, optional
        Classes, grey levels, true classes, and probabilities of one class.
    objects : str or Path, optional
        Table of the objects of the segmentation; measured if it is not given.
    weights : str or Path, optional
        Weights folder or name of shipped weights; gives the names of the classes and the card.
    run : str or Path, optional
        Folder of a training run.
    comparison : str or Path, optional
        Folder of a comparison or of a search.
    title : str, optional
        Heading.
    max_size : str or int, optional
        Largest size of the file, such as ``"25MB"``: the slices of the viewer are thinned to it.
    palette, spacing, names
        As for `tomoseg_tf.report.inputs.open_inputs`.
    command : str, optional
        What was typed.
    facts : sequence of (str, str), optional
        What else is known of the run, each with its name.
    overwrite : bool, optional
        Whether an existing file may be replaced.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices.

    Returns
    -------
    dict
        ``path``, ``bytes`` and ``notes``: how the slices were thinned, and what was left out.

    Raises
    ------
    ValueError
        If there is nothing to report, an input cannot be read, inputs do not belong together, or
        the file exists or is too small for what must be in it.
    """
    path, limit = _check(path, max_size, overwrite)
    given = {"segmentation": segmentation, "run": run, "comparison": comparison}
    given |= {"volume": volume, "truth": truth, "objects": objects}
    if all(one is None for one in given.values()):
        raise ValueError(f"{path}: nothing to report; give a {', a '.join(given)}")
    table = None if objects is None else read_table(objects)
    compared = None if comparison is None else comparison_section(comparison)
    page = Page(title or _title(segmentation, volume, run, comparison))
    weights = None if weights is None else open_weights(weights)
    manifest = {}
    if run is not None:
        training, tiles, manifest = training_section(run)
    names = names or (weights and weights.config.class_names) or manifest.get("classes") or None
    options = {"volume": volume, "truth": truth, "probabilities": probabilities}
    inputs = open_inputs(segmentation, **options, palette=palette, spacing=spacing, names=names)
    if truth is not None and segmentation is not None:
        page.add(*score_section(inputs))
        if inputs.voxels <= CHEAP:
            page.add(*detection_section(inputs))
        else:
            page.notes += (TOO_LARGE,)
    if truth is not None and probabilities is not None:
        page.add(*threshold_section(inputs))
    if segmentation is not None or objects is not None:
        _add_objects(page, inputs, table, names, limit, _part(progress, 0))
    if run is not None:
        page.add(training, tiles)
    if compared is not None:
        page.add(*compared)
    files = () if objects is None else (("Objects", str(objects)),)
    known = {"inputs": inputs, "weights": weights, "files": files}
    page.add(provenance_section(beside=path.parent, command=command, facts=facts, **known), ())
    text = _with_slices(page, inputs, limit, _part(progress, 1))
    with staged_file(path, overwrite=overwrite) as partial:
        partial.write_bytes(text)
    return {"path": str(path), "bytes": len(text), "notes": list(page.notes)}


def _check(path, max_size, overwrite):
    """Check where the report goes and how large it may be."""
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path}: a report is an HTML file; name it {path.stem or 'report'}.html")
    check_destination(path, overwrite)
    return path, parse_size(max_size)


def _title(segmentation, volume, run, comparison):
    """Name a report after what it is of."""
    for one in (segmentation, volume, run, comparison):
        if one is not None:
            name = getattr(one, "name", one)
            return Path(str(name)).name if isinstance(name, str | Path) else "Segmentation"
    return "Report"


def _add_objects(page, inputs, table, names, limit, progress):
    """Add the objects: their section, and the table beside the viewer."""
    segmented = inputs is not None and inputs.segmentation is not None
    measured, columns = {}, table
    if table is None and segmented:
        measured = measure_inputs(inputs, progress=progress)
        columns = measured["Segmentation"].columns
    known = inputs.names if inputs is not None else names
    page.table, note = table_data(columns, known, limit)
    page.notes += (note,) if note else ()
    page.add(*object_section(inputs, measured, columns))


def _with_slices(page, inputs, limit, progress):
    """Render the page with as fine slices as there is room for."""
    bare = len(render(page))
    if inputs is None or not inputs.volumes:
        text = render(page)
    else:
        stack = pack_stack(inputs, limit - bare - SPARE, progress=progress)
        page.stack, page.notes = stack, (*stack.notes, *page.notes)
        text = render(page)
    if len(text) > limit:
        raise ValueError(
            f"the report takes {format_size(len(text))} without slices, but --max-size is "
            f"{format_size(limit)}; raise it"
        )
    return text


def _part(progress, number):
    """Progress of one of two passes."""
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, 2 * total)
