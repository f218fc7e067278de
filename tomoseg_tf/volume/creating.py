"""Creating volumes in any format: the suffix says which; they appear when they are complete."""

from contextlib import closing, contextmanager

from tomoseg_tf.volume.formats import (
    FORMATS,
    SLICES,
    check_inside,
    format_of_suffix,
    name_choices,
)
from tomoseg_tf.volume.location import Location, split_location
from tomoseg_tf.volume.storage.staging import staged_file, staged_folder


@contextmanager
def create_volume(path, shape, dtype, *, spacing=None, classes=False, overwrite=False):
    """Write a volume slab by slab; it appears under its name only when it is complete.

    Parameters
    ----------
    path : str, Path or Location
        Where to write. The format follows the suffix, as `FORMATS` lists them; no suffix means a
        folder of TIFF slices. ``::`` and a place may follow where the format has any.
    shape : tuple of three int
        Shape (Z, Y, X).
    dtype : dtype
        Type of the voxels, an integer or a float.
    spacing : sequence of three float, optional
        Size of a voxel along (z, y, x) in µm; stored where the format can carry it.
    classes : bool, optional
        Whether the voxels are classes, not grey levels; stated where the format can.
    overwrite : bool, optional
        Whether an existing output may be replaced. It stays until the new one is complete.

    Yields
    ------
    Writer
        ``writer.write(start, slab)`` writes slices from `start` on, in any order.

    Raises
    ------
    ValueError
        If the output exists, cannot have this name, or not all slices were written.
    """
    location = split_location(path)
    chosen = check_output(location, overwrite)
    stage = chosen.stage or (staged_folder if chosen.folder else staged_file)
    options = {"inside": location.inside} if chosen.inside else {}
    options |= {"classes": classes} if chosen.notes else {}
    with (
        stage(location.path, overwrite=overwrite) as partial,
        closing(chosen.create(partial, shape, dtype, spacing, **options)) as writer,
    ):
        yield writer
        writer.check_complete()


def check_output(path, overwrite=False):
    """Check that a volume may be written at a path, before any work is done.

    Parameters
    ----------
    path : str, Path or Location
        Where the volume will be written.
    overwrite : bool, optional
        Whether an existing output may be replaced.

    Returns
    -------
    Format
        The format that it will have.

    Raises
    ------
    ValueError
        If it exists and may not be replaced, its suffix names no format, or the folder it belongs
        into does not exist.
    """
    location = split_location(path)
    path = location.path
    chosen = format_of_suffix(path)
    if chosen is None:
        if path.suffix and not path.is_dir():
            raise ValueError(
                f"{path}: no format has the suffix {path.suffix}; use "
                f"{name_choices(writable=True)}, and no suffix for the latter"
            )
        chosen = SLICES
    check_inside(location, chosen)
    options = {"inside": location.inside} if chosen.inside else {}
    chosen.check(path, overwrite, folder=chosen.folder, **options)
    return chosen


def add_to_name(path, text):
    """Add to the name of a volume, before the suffix of its format.

    Parameters
    ----------
    path : str, Path or Location
        Such as ``p.ome.tif`` or ``p.h5::/probabilities``.
    text : str
        Such as ``"_pore"``.

    Returns
    -------
    Location
        Such as ``p_pore.ome.tif``.
    """
    location = split_location(path)
    name, lower = location.path.name, location.path.name.lower()
    suffixes = [suffix for item in FORMATS for suffix in item.suffixes if lower.endswith(suffix)]
    stem = name[: len(name) - len(suffixes[0])] if suffixes else name
    return Location(location.path.with_name(stem + text + name[len(stem) :]), location.inside)


def keeps_notes(path):
    """Tell whether a volume that is written at a path keeps its spacing, and a mark of classes.

    Parameters
    ----------
    path : str, Path or Location
        Where the volume is written.

    Returns
    -------
    bool
        False for NPY and RAW files.
    """
    return (format_of_suffix(split_location(path).path) or SLICES).notes


def lost_spacing(path, spacing):
    """Tell that an output cannot keep the spacing.

    Parameters
    ----------
    path : str, Path or Location
        Where a volume is written.
    spacing : tuple of three float, or None
        Size of its voxels.

    Returns
    -------
    list of str
        A notice that begins with the path; none where nothing is lost.
    """
    if spacing is None or keeps_notes(path):
        return []
    return [f"{path}: the format cannot carry the voxel size; pass --spacing where it is read"]
