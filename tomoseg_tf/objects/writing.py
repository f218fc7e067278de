"""From a segmentation file to the table of its objects, and to their labels."""

from pathlib import Path

from tomoseg_tf.objects.inputs import open_inputs
from tomoseg_tf.objects.label_file import write_labels
from tomoseg_tf.objects.measuring import measure_objects
from tomoseg_tf.objects.table_file import check_table, write_table
from tomoseg_tf.volume import Volume, check_output, lost_spacing, split_location


def write_objects(
    segmentation,
    table,
    *,
    volume=None,
    labels=None,
    mask=None,
    palette="auto",
    spacing=None,
    overwrite=False,
    progress=None,
    **settings,
):
    """Measure the objects of a segmentation and write their table.

    Parameters
    ----------
    segmentation, volume, mask, palette, spacing
        As for `measure_objects`.
    table : str or Path
        Where the table goes: .csv or .parquet.
    labels : str or Path, optional
        Where the volume of labels goes, which takes a second pass.
    overwrite : bool
        Whether existing outputs may be replaced.
    progress : callable, optional
        Called as ``progress(done, total)`` with slices, of both passes.
    **settings
        The other settings of `measure_objects`.

    Returns
    -------
    objects : Objects
        The table and what was counted.
    notices : list of str
        What a user should know.

    Raises
    ------
    ValueError
        If an output exists or is an input, or as for `measure_objects`.
    """
    check_table(table, overwrite)
    _check_apart([table, labels], [segmentation, volume, mask])
    if labels is not None:
        check_output(labels, overwrite)
    options = {"volume": volume, "mask": mask, "palette": palette, "spacing": spacing}
    inputs = open_inputs(segmentation, **options)
    passes = 1 if labels is None else 2
    objects = measure_objects(inputs, progress=_part(progress, 0, passes), **settings)
    notices = list(objects.notices)
    if labels is not None:
        later = _part(progress, 1, passes)
        write_labels(objects, inputs, labels, overwrite=overwrite, progress=later)
        notices += lost_spacing(labels, objects.spacing)
    write_table(objects.columns, table, overwrite=overwrite)
    return objects, notices


def _check_apart(outputs, inputs):
    """Refuse outputs that are inputs or each other."""
    taken = [_path_of(one) for one in inputs if isinstance(one, (str, Path, Volume))]
    for output in (one for one in outputs if one is not None):
        path = _path_of(output)
        if path in taken or any(path in one.parents for one in taken):
            raise ValueError(f"{output}: is or holds an input or another output; name another file")
        taken.append(path)


def _path_of(one):
    """Absolute path of a volume or file."""
    return split_location(one.name if isinstance(one, Volume) else one).path.resolve()


def _part(progress, number, passes):
    """Progress of one of several passes."""
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, passes * total)
