"""What figures take from a table of objects: radii, with their unit."""

import numpy as np

UNITS = {"um": "µm", "voxels": "voxels"}


def radii(table):
    """Equivalent radii of objects, in µm where the table has them.

    Parameters
    ----------
    table : dict from str to (N,) ndarray, or Objects
        Table of objects, as `tomoseg_tf.objects.read_table` gives it, or what was measured.

    Returns
    -------
    radii : (N,) ndarray of float64
        Equivalent radii.
    unit : {"um", "voxels"}
        Their unit.

    Raises
    ------
    ValueError
        If the table has no such column.
    """
    columns = columns_of(table)
    for unit in UNITS:
        if f"equivalent_radius_{unit}" in columns:
            return np.asarray(columns[f"equivalent_radius_{unit}"], float), unit
    raise ValueError(
        "the table has no column equivalent_radius_voxels; write one with tomoseg-tf objects"
    )


def columns_of(table):
    """Columns of a table of objects.

    Parameters
    ----------
    table : dict from str to (N,) ndarray, or Objects
        As for `radii`.

    Returns
    -------
    dict from str to (N,) ndarray
        The columns.
    """
    return getattr(table, "columns", table)


def column(table, name):
    """One column of a table of objects.

    Parameters
    ----------
    table : dict from str to (N,) ndarray, or Objects
        As for `radii`.
    name : str
        Its name.

    Returns
    -------
    (N,) ndarray
        The column.

    Raises
    ------
    ValueError
        If it is missing.
    """
    columns = columns_of(table)
    if name not in columns:
        raise ValueError(f"the table has no column {name}; write it anew with tomoseg-tf objects")
    return np.asarray(columns[name])
