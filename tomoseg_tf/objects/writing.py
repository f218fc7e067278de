"""From a segmentation file to the table of its objects, and to their labels."""

from tomoseg_tf.objects.inputs import open_inputs
from tomoseg_tf.objects.label_file import write_labels
from tomoseg_tf.objects.measuring import measure_objects
from tomoseg_tf.objects.table_file import check_table, write_table
from tomoseg_tf.volume import check_apart, check_output, lost_spacing


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
    check_apart([table, labels], [segmentation, volume, mask])
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


def _part(progress, number, passes):
    """Progress of one of several passes."""
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, passes * total)
