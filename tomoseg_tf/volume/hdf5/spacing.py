"""Voxel size in HDF5 files: ilastik's attribute, NeXus axes, and fields that beamlines write."""

import re

import h5py
import numpy as np

from tomoseg_tf.volume.hdf5.attributes import numbers, stored_numbers, text
from tomoseg_tf.volume.hdf5.nexus import axes_spacing
from tomoseg_tf.volume.hdf5.opening import Hdf5Error
from tomoseg_tf.volume.spacing import micrometres

ILASTIK = "element_size_um"
FIELD = re.compile(
    r"(?:actual_|effective_|sample_)?(?:[xyz]_)?(?:pixel|voxel)_?size(?:_[xyz])?"
    r"(?:_(?P<unit>nm|um|µm|micron|mm|cm|m))?|resolution"
)
OF_SAMPLE = re.compile(r"voxel|actual|effective|sample|resolution|reconstruction")
EQUAL = 1e-3  # how much fields that state the same voxel size may differ
ADVICE = "state it with --spacing"


def read_spacing(tree, found, kept):
    """Read the voxel size that an HDF5 file states for a volume.

    Parameters
    ----------
    tree : Hdf5Tree
        The open file.
    found : Found
        The volume.
    kept : sequence of three int
        Axes of its dataset that are z, y and x.

    Returns
    -------
    spacing : tuple of three float, or None
        Size of a voxel along (z, y, x) in µm; None if it is unknown.
    notice : str or None
        Why it is unknown, or where it was found when that is not certain.
    """
    stated = numbers(found.dataset, ILASTIK)
    if len(stated) == 3 and all(np.isfinite(stated)) and min(stated) > 0:
        return tuple(stated), None
    spacing, notice = axes_spacing(tree, found.group, found.dataset, kept)
    if spacing or notice:
        return spacing, notice
    return _from_fields(tree, found)


def _from_fields(tree, found):
    """Spacing from fields called pixel_size or alike, where they agree."""
    try:
        fields = [*_attributes(found.dataset), *_datasets(tree)]
    except Hdf5Error:
        return None, f"the file holds too much to look for its voxel size; {ADVICE}"
    magnified = any(name == "magnification" and values != [1.0] for _, name, values, _ in fields)
    fields = [field for field in fields if field[1] != "magnification"]
    of_sample = [field for field in fields if OF_SAMPLE.search(field[0].casefold())]
    fields = of_sample or fields
    if not fields:
        return None, None
    listed = ", ".join(_listed(field) for field in fields[:4])
    if magnified and not of_sample:
        return None, f"its pixel size ({listed}) is that of a detector behind a lens; {ADVICE}"
    sizes = []
    for _, _, values, unit in fields:
        length = micrometres(unit)
        if length is None:
            return None, f"its voxel size ({listed}) has no unit of length; {ADVICE}"
        sizes += [abs(value) * length for value in values]
    if (
        not all(np.isfinite(sizes))
        or min(sizes) <= 0
        or max(sizes) - min(sizes) > EQUAL * max(sizes)
    ):
        return None, f"its fields ({listed}) do not agree on one voxel size; {ADVICE}"
    return (sizes[0],) * 3, f"the voxel size is that of {listed}, taken for all axes"


def _attributes(dataset):
    """Fields among the attributes of the volume itself."""
    for name in dataset.attrs:
        match = FIELD.fullmatch(name.casefold())
        values = numbers(dataset, name)
        if match and values:
            units = (text(dataset, f"{name}{ending}") for ending in ("_units", "_unit"))
            yield (
                f"@{name}",
                name.casefold(),
                values,
                match["unit"] or next(filter(None, units), ""),
            )


def _datasets(tree):
    """Fields among the datasets of the file; magnifications also, as they spoil the others."""
    for path, node in tree.walk(tree.root):
        name = path.rpartition("/")[2].casefold()
        match = FIELD.fullmatch(name)
        if not isinstance(node, h5py.Dataset) or not (match or name == "magnification"):
            continue
        values = stored_numbers(node, 3)
        if values:
            unit = text(node, "units") or text(node, "unit") or (match and match["unit"])
            yield f"/{path}", name, values, unit or ""


def _listed(field):
    """Where a field is, and what it says."""
    path, _, values, unit = field
    return f"{path} = {', '.join(f'{value:.7g}' for value in values)} {unit}".rstrip()
