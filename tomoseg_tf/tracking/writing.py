"""From the segmentations of a series to the table of its tracks."""

from tomoseg_tf.objects import check_table, write_table
from tomoseg_tf.tracking.series import track_objects


def write_tracks(segmentations, table, *, overwrite=False, **settings):
    """Track the objects of a series and write their table.

    Parameters
    ----------
    segmentations : sequence of path
        Classes of each step.
    table : str or Path
        Where the table goes: .csv or .parquet.
    overwrite : bool
        Whether an existing one may be replaced.
    **settings
        Those of `track_objects`.

    Returns
    -------
    Series
        The table and how it was found.

    Raises
    ------
    ValueError
        If the output exists, or as for `track_objects`.
    """
    check_table(table, overwrite)
    series = track_objects(segmentations, **settings)
    write_table(series.columns, table, overwrite=overwrite)
    return series
