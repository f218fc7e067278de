"""Tables of the objects whose class changes, and the segmentation with one class per object."""

from pathlib import Path

import numpy as np

from tomoseg_tf.objects.consistency import measure_consistency, voted_slabs
from tomoseg_tf.objects.table_file import check_table, write_table
from tomoseg_tf.table import aligned
from tomoseg_tf.volume import check_apart, check_output, create_volume, lost_spacing


def consistency_columns(found):
    """Table of the objects of several classes.

    Parameters
    ----------
    found : Consistency
        As `measure_consistency` gives it.

    Returns
    -------
    dict from str to (N,) ndarray
        ``label``, ``voxels``, box and centroid along z, ``class`` of most voxels, ``share_1`` and
        so on of each class above 0, number of ``sections``, of ``mixed`` ones and of ``changes``
        along z, ``inconsistent`` where there is any change, and ``changes_at``: the slices z from
        which on the class is another, with a blank between.
    """
    rows, sections, table = found.listed, found.sections, found.objects.columns
    number = len(found.voxels)
    changes = found.changes
    by_object = np.bincount(sections["row"][changes], minlength=number)[rows]
    mixed = np.bincount(sections["row"][sections["class"] == 0], minlength=number)[rows]
    shares = found.voxels[rows] / np.maximum(found.voxels[rows].sum(axis=1, keepdims=True), 1)
    slices = {}
    for row, z in zip(sections["row"][changes].tolist(), sections["z"][changes], strict=True):
        slices.setdefault(row, []).append(str(z))
    columns = {"label": rows + 1, "voxels": table["voxels"][rows]}
    columns |= {name: table[name][rows] for name in ("z_start", "z_stop")}
    columns |= {name: table[name][rows] for name in ("centroid_z", "centroid_y", "centroid_x")}
    columns["class"] = found.classes[rows]
    columns |= {f"share_{index}": shares[:, index] for index in range(1, shares.shape[1])}
    return columns | {
        "sections": np.bincount(sections["row"], minlength=number)[rows],
        "mixed": mixed,
        "changes": by_object,
        "inconsistent": by_object > 0,
        "changes_at": np.array([" ".join(slices.get(row, ())) for row in rows.tolist()], str),
    }


def profile_columns(found):
    """Profile along z of the objects of several classes: a row per section.

    Parameters
    ----------
    found : Consistency
        As `measure_consistency` gives it.

    Returns
    -------
    dict from str to (S,) ndarray
        ``label``, ``z``, ``class`` of the section, 0 where it is mixed, the ``share`` of its most
        frequent class, ``voxels``, and ``grey_mean`` where grey levels are given.
    """
    chosen = np.isin(found.sections["row"], found.listed)
    columns = {name: column[chosen] for name, column in found.sections.items()}
    return {"label": columns.pop("row") + 1, **columns}


def profile_path(table):
    """Where the profile goes: beside the table, with ``_profile`` in its name.

    Parameters
    ----------
    table : str or Path
        Table of the objects.

    Returns
    -------
    Path
        Such as ``objects_profile.csv``.
    """
    table = Path(table)
    return table.with_name(f"{table.stem}_profile{table.suffix}")


def write_consistency(
    segmentation, table, *, vote=None, overwrite=False, progress=None, **settings
):
    """Find the objects whose class changes from slice to slice and write their tables.

    Parameters
    ----------
    segmentation, **settings
        As for `measure_consistency`.
    table : str or Path
        Where the table of the objects of several classes goes (.csv or .parquet); the profile along
        z goes beside it, see `profile_path`.
    vote : str or Path, optional
        Where the segmentation goes in which every object, however small, has the class that most
        of its voxels have; of equal ones the least.
    overwrite : bool
        Whether existing outputs may be replaced.
    progress : callable, optional
        Called as ``progress(done, total)``.

    Returns
    -------
    columns : dict from str to (N,) ndarray
        The table, see `consistency_columns`.
    summary : dict
        Numbers of ``objects`` that are large enough, of those of ``several_classes`` and those
        ``inconsistent``, those that change ``repeatedly``, of ``changes``, the settings,
        ``changed_voxels`` of a vote, the ``profile`` and ``notices``.

    Raises
    ------
    ValueError
        If an output exists or is an input, or as for `measure_consistency`.
    """
    profile = profile_path(table)
    check_apart([table, profile, vote], [segmentation, settings.get("volume")])
    for path in (table, profile):
        check_table(path, overwrite)
    if vote is not None:
        check_output(vote, overwrite)
    found = measure_consistency(segmentation, progress=progress, **settings)
    columns, changed, source = consistency_columns(found), None, found.inputs.segmentation
    notices = source.named_notices()
    if vote is not None:
        changed = _write_vote(found, vote, overwrite, progress)
        notices += lost_spacing(vote, found.objects.spacing)
    write_table(profile_columns(found), profile, overwrite=overwrite)
    write_table(columns, table, overwrite=overwrite)
    large = found.objects.columns["voxels"] >= found.min_voxels
    summary = {
        "objects": int(large.sum()),
        "several_classes": len(columns["label"]),
        "inconsistent": int(columns["inconsistent"].sum()),
        "repeatedly": int((columns["changes"] > 1).sum()),
        "changes": int(columns["changes"].sum()),
        "majority": found.majority,
        "min_voxels": found.min_voxels,
        "changed_voxels": changed,
        "profile": str(profile),
        "notices": notices,
    }
    return columns, summary


def consistency_table(table, summary, *, most=20):
    """Text of what `write_consistency` found.

    Parameters
    ----------
    table : dict from str to (N,) ndarray
        As `consistency_columns` gives it.
    summary : dict
        What to print.
    most : int
        How many objects are printed at most, those with most changes.

    Returns
    -------
    str
        Several lines, without a line break at the end.
    """
    head = (
        f"{summary['inconsistent']:,} of {summary['objects']:,} objects change their class from "
        f"slice to slice, {summary['repeatedly']:,} of them more than once; "
        f"{summary['several_classes']:,} have several classes. A single change may be two phases "
        "on top of each other."
    )
    order = np.lexsort((-table["voxels"], -table["changes"]))
    shown = [row for row in order[:most] if table["inconsistent"][row]]
    if not shown:
        return head
    shares = [name for name in table if name.startswith("share_")]
    names = ["label", "voxels", "z_start", "z_stop", "class", *shares, "changes", "changes_at"]
    lines = [names] + [[_text(table[name][row]) for name in names] for row in shown]
    return f"{head}\n\n{aligned(lines, rule=1)}"


def _write_vote(found, path, overwrite, progress):
    """Write the segmentation with one class per object; return how many voxels changed."""
    shape, changed = found.inputs.segmentation.shape, 0
    settings = {"spacing": found.objects.spacing, "classes": True, "overwrite": overwrite}
    with create_volume(path, shape, np.uint8, **settings) as writer:
        for start, classes, voted in voted_slabs(found):
            changed += int(np.count_nonzero(voted != classes))
            writer.write(start, voted)
            if progress is not None:
                progress(start + len(voted), shape[0])
    return changed


def _text(value):
    """Text of a cell."""
    if isinstance(value, np.floating):
        return f"{value:.3f}"
    return f"{value}" if len(f"{value}") <= 30 else f"{value}"[:27] + "..."
