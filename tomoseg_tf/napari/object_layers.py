"""Layers of a table of objects: balls of their size, and their long axes."""

import csv
from pathlib import Path

import numpy as np

from tomoseg_tf.objects.table_file import SUFFIXES, read_table

PLACES = tuple(f"centroid_{axis}" for axis in "zyx")


def holds_objects(path):
    """Tell whether a file is a table of objects, from its first line alone if it is CSV.

    Parameters
    ----------
    path : Path
        File.

    Returns
    -------
    bool
        Whether it has labels and centroids, and no decisions of a review.
    """
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return False
    if path.suffix.lower() != ".csv":
        return True
    try:
        with open(path, encoding="utf-8", newline="") as file:
            names = set(next(csv.reader(file), ()))
    except (OSError, UnicodeDecodeError):
        return False
    return {"label", *PLACES} <= names and "decision" not in names


def table_layers(path):
    """Make the layers of a table that ``tomoseg-tf objects`` wrote.

    Parameters
    ----------
    path : str or Path
        File that ends in .csv or .parquet.

    Returns
    -------
    list of tuple of (data, dict, str)
        Points at the centroids, of the equivalent diameters and coloured by these, with all
        columns as features; and the long axes as vectors, which are hidden at first. In µm where
        the table is, else in voxels.

    Raises
    ------
    ValueError
        If it is no such table.
    """
    columns = read_table(path)
    unit = "um" if "centroid_z_um" in columns else "voxels"
    ending = "_um" if unit == "um" else ""
    size = f"equivalent_diameter_{unit}"
    missing = [
        name for name in (*(place + ending for place in PLACES), size) if name not in columns
    ]
    if missing:
        raise ValueError(
            f"{path}: lacks the column {missing[0]}; write the table with tomoseg-tf objects"
        )
    centres = np.stack([columns[place + ending] for place in PLACES], axis=1).astype(float)
    name = Path(path).name.partition(".")[0]
    units = {"units": ("um" if unit == "um" else "pixel",) * 3}
    points = {
        "name": name,
        "size": columns[size],
        "features": columns,
        "face_color": "transparent",
        "border_color": size,
        "border_colormap": "viridis",
        "border_width": 0.1,
        "out_of_slice_display": True,
        "metadata": {"tomoseg_tf": {"path": f"{path}"}},
    }
    layers = [(centres, points | units, "points")]
    return layers + _long_axes(columns, centres, f"axis_long_{unit}", name, units)


def _long_axes(columns, centres, length, name, units):
    """Layer of the long axes, if the table has them."""
    directions = [f"direction_{axis}" for axis in "zyx"]
    if not {length, *directions} <= set(columns):
        return []
    along = np.stack([columns[one] for one in directions], axis=1) * columns[length][:, None]
    known = np.isfinite(along).all(axis=1)
    vectors = np.stack([centres - along / 2, along], axis=1)[known]
    settings = {"name": f"{name} long axes", "visible": False, "vector_style": "line"}
    thin = float(np.median(columns[length][known]) / 20) if known.any() else 1.0
    return [(vectors, settings | units | {"edge_width": thin}, "vectors")]
