"""The formats of volumes, and which one the suffix of a path means.

A new format is one module with a `Volume` and a `Writer`, and one line in `FORMATS`; `lazy` where
the module needs a library that takes long to import.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from tomoseg_tf.volume.esrf.edf import list_edf
from tomoseg_tf.volume.esrf.info import find_info
from tomoseg_tf.volume.npy import NpyVolume, NpyWriter
from tomoseg_tf.volume.nrrd.volume import NrrdVolume
from tomoseg_tf.volume.nrrd.writer import (
    NhdrWriter,
    NrrdWriter,
    check_pair_destination,
    staged_pair,
)
from tomoseg_tf.volume.raw import RawVolume, RawWriter
from tomoseg_tf.volume.storage.staging import check_destination
from tomoseg_tf.volume.tiff.slices import (
    SlicesVolume,
    SlicesWriter,
    check_slices_destination,
    list_slices,
)
from tomoseg_tf.volume.tiff.volume import TiffVolume
from tomoseg_tf.volume.tiff.writer import OmeTiffWriter, TiffWriter


def lazy(module, name):
    """Stand for a class or function whose module is imported when it is first called.

    Parameters
    ----------
    module : str
        Module of this package.
    name : str
        Name of the class or function in it.

    Returns
    -------
    callable
        Takes the same arguments.
    """

    def call(*arguments, **options):
        return getattr(import_module(f"tomoseg_tf.volume.{module}"), name)(*arguments, **options)

    return call


def refuse_writing(path, overwrite=False, *, folder=False):
    """Refuse to write a format that is only read; see `check_destination`.

    Parameters
    ----------
    path, overwrite, folder
        As of `check_destination`.

    Raises
    ------
    ValueError
        Always; it names the formats that are written.
    """
    raise ValueError(f"{path}: this format is only read; write {name_choices(writable=True)}")


@dataclass(frozen=True)
class Format:
    """A format: its suffixes, and what reads and writes it.

    Parameters
    ----------
    name : str
        What users call it.
    suffixes : tuple of str
        Endings of its names, in lower case.
    open : callable
        ``open(path, spacing)`` gives the `Volume`.
    create : callable
        ``create(path, shape, dtype, spacing)`` gives the `Writer`.
    folder : bool, optional
        Whether a volume is a folder rather than a file.
    check : callable, optional
        Checks a destination as `check_destination` does.
    inside : bool, optional
        Whether `open`, `create` and `check` also take ``inside``: where in the file the volume
        lies.
    bare : bool, optional
        Whether the file states nothing, and `open` also takes ``shape`` and ``dtype``.
    notes : bool, optional
        Whether a file states the spacing and that its voxels are classes; `create` then also takes
        ``classes``.
    stage : callable, optional
        Makes the output appear when it is complete; `staged_folder` or `staged_file` by default.
    contents : callable, optional
        ``contents(path)`` names the volumes that a file holds, where it may hold several.

    A format without `create` is only read.
    """

    name: str
    suffixes: tuple[str, ...]
    open: Callable
    create: Callable | None
    folder: bool = False
    check: Callable = check_destination
    inside: bool = False
    bare: bool = False
    notes: bool = True
    stage: Callable | None = None
    contents: Callable | None = None


# the first match counts; a path without suffix is a folder of slices
FORMATS = (
    Format("OME-TIFF", (".ome.tif", ".ome.tiff"), TiffVolume, OmeTiffWriter),
    Format("TIFF", (".tif", ".tiff", ".btf", ".tf8"), TiffVolume, TiffWriter),
    Format("NPY", (".npy",), NpyVolume, NpyWriter, notes=False),
    Format(
        "HDF5",
        (".h5", ".hdf5", ".hdf", ".nxs", ".nx5", ".cxi"),
        lazy("hdf5.volume", "Hdf5Volume"),
        lazy("hdf5.writer", "Hdf5Writer"),
        check=lazy("hdf5.writer", "check_hdf5_destination"),
        inside=True,
        contents=lazy("hdf5.volume", "list_datasets"),
    ),
    Format(
        "OME-Zarr",
        (".zarr",),
        lazy("zarr.volume", "ZarrVolume"),
        lazy("zarr.writer", "ZarrWriter"),
        folder=True,
        check=lazy("zarr.metadata", "check_zarr_destination"),
        inside=True,
        contents=lazy("zarr.tree", "list_arrays"),
    ),
    Format("NRRD", (".nrrd",), NrrdVolume, NrrdWriter),
    Format(
        "NRRD header",
        (".nhdr",),
        NrrdVolume,
        NhdrWriter,
        check=check_pair_destination,
        stage=staged_pair,
    ),
    Format("RAW", (".raw", ".vol"), RawVolume, RawWriter, bare=True, notes=False),
    Format(
        "AmiraMesh",
        (".am", ".labels"),
        lazy("amira.volume", "AmiraVolume"),
        None,
        check=refuse_writing,
    ),
    Format("EDF", (".edf",), lazy("esrf.edf", "EdfVolume"), None, check=refuse_writing),
    Format("TXM", (".txm", ".txrm"), lazy("zeiss.volume", "TxmVolume"), None, check=refuse_writing),
)
EDF_SLICES = Format("folder of EDF slices", (), lazy("esrf.edf", "EdfVolume"), None, folder=True)
HST = Format("PyHST", (), lazy("esrf.hst", "HstVolume"), None, check=refuse_writing)
SLICES = Format("folder of slices", (), SlicesVolume, SlicesWriter, True, check_slices_destination)


def format_of_suffix(path):
    """Find the format that the suffix of a path stands for.

    Parameters
    ----------
    path : Path
        File or folder; it need not exist.

    Returns
    -------
    Format or None
        None if its suffix is of no format.
    """
    name = path.name.lower()
    return next((item for item in FORMATS if name.endswith(item.suffixes)), None)


def described_format(path, chosen):
    """Find the format of which a file or folder is when what lies beside or in it is looked at.

    Parameters
    ----------
    path : Path
        File or folder that exists.
    chosen : Format
        What its name stands for.

    Returns
    -------
    Format
        `HST` for a RAW file that an info file describes, `EDF_SLICES` for a folder with files that
        end in .edf and none in .tif, else the same.
    """
    if chosen.bare and find_info(path):
        return HST
    if chosen is SLICES and not list_slices(path)[0] and list_edf(path):
        return EDF_SLICES
    return chosen


def check_inside(location, chosen):
    """Refuse a place inside a file where the format has none.

    Parameters
    ----------
    location : Location
        What the user named.
    chosen : Format
        Its format.

    Raises
    ------
    ValueError
        If there is such a place.
    """
    if location.inside is not None and not chosen.inside:
        raise ValueError(
            f"{location}: the format {chosen.name} holds one volume; leave out ::{location.inside}"
        )


def name_choices(*, writable=False):
    """Name the formats and their suffixes.

    Parameters
    ----------
    writable : bool, optional
        Whether to leave out those that are only read.

    Returns
    -------
    str
        A list for errors.
    """
    formats = [item for item in FORMATS if item.create or not writable]
    named = [f"{item.name} ({', '.join(item.suffixes)})" for item in formats]
    return ", ".join(named) + f" or a {SLICES.name}"
