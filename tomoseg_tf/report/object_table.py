"""The table of objects as the page holds it."""

import numpy as np

ALWAYS = ("label", "class")
BOXES = ("z_start", "z_stop", "y_start", "y_stop", "x_start", "x_stop")
PLACES = ("centroid_z", "centroid_y", "centroid_x")
# column, its heading, its unit, significant digits; the first of equal headings that there is
SHOWN = (
    ("voxels", "Voxels", "", 0),
    ("equivalent_radius_um", "Radius", "µm", 3),
    ("equivalent_radius_voxels", "Radius", "voxels", 3),
    ("sphericity", "Sphericity", "", 3),
    ("elongation", "Elongation", "", 3),
    ("grey_mean", "Grey", "mean", 3),
    ("nearest_neighbour_um", "Neighbour", "µm", 3),
    ("nearest_neighbour_voxels", "Neighbour", "voxels", 3),
    ("confidence", "Confidence", "", 3),
)
SHARE = 0.3  # of the page, at most
CELL = 8  # bytes of a number as text


def table_data(columns, names, room):
    """Turn a table of objects into what the page holds.

    Parameters
    ----------
    columns : dict from str to (N,) ndarray
        As `tomoseg_tf.objects.read_table` gives it.
    names : sequence of str or None
        Names of the classes.
    room : int
        Bytes of the page; of a table that takes more than 0.3 of them the largest objects are
        kept.

    Returns
    -------
    data : dict
        Columns, names and boxes, as JSON has them.
    note : str
        What was left out; empty if nothing.

    Raises
    ------
    ValueError
        If a column is missing without which objects have no place.
    """
    missing = [name for name in (*ALWAYS, *PLACES, *BOXES) if name not in columns]
    if missing:
        raise ValueError(
            f"the table of objects has no column {missing[0]}; write it with tomoseg-tf objects"
        )
    shown = _shown(columns)
    number = len(columns["label"])
    most = int(SHARE * room / (CELL * (len(shown) + len(ALWAYS) + len(PLACES) + len(BOXES))))
    rows, note = np.arange(number), ""
    if number > most:
        size = columns.get("voxels", np.zeros(number))
        rows = np.sort(np.argsort(-size, kind="stable")[:most])
        note = f"The table holds the {most:,} largest of {number:,} objects."
    highest = int(columns["class"].max(initial=1))
    known = tuple(names or ("background",))
    classes = [known[i] if i < len(known) else f"class {i}" for i in range(highest + 1)]
    data = {
        "classes": classes,
        "label": columns["label"][rows].tolist(),
        "class": columns["class"][rows].tolist(),
        "places": [_numbers(columns[name][rows], 1) for name in PLACES],
        "boxes": [columns[name][rows].tolist() for name in BOXES],
        "columns": [_column(*one, rows) for one in shown],
    }
    return data, note


def _shown(columns):
    """Columns that are shown, one for each heading."""
    found = {}
    for name, title, unit, digits in SHOWN:
        if name in columns:
            found.setdefault(title, (name, title, unit, digits, columns[name]))
    return list(found.values())


def _column(name, title, unit, digits, values, rows):
    """Describe a column by its heading and its decimals."""
    decimals = 0 if values.dtype.kind in "biu" else _decimals(values, digits)
    shown = {"name": name, "title": title, "unit": unit, "decimals": decimals}
    return shown | {"values": _numbers(values[rows], decimals)}


def _decimals(values, digits):
    """Decimals that give a middling value of a column so many significant digits."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    if not digits or not len(sizes):
        return 0
    return int(np.clip(digits - 1 - np.floor(np.log10(np.median(sizes))), 0, 8))


def _numbers(values, decimals):
    """Values for JSON: rounded, None where they are not finite."""
    finite = np.isfinite(values)
    rounded = np.round(np.where(finite, values, 0), decimals)
    rounded = (rounded if decimals else rounded.astype(np.int64)).tolist()
    if finite.all():
        return rounded
    return [one if good else None for one, good in zip(rounded, finite.tolist(), strict=True)]
