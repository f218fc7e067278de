"""How an HDF5 dataset is stored, and whether all of it is there."""

import os
from math import prod

import h5py
import hdf5plugin  # makes its compression filters known to the library

from tomoseg_tf.volume.hdf5.opening import Hdf5Error, MissingError
from tomoseg_tf.volume.hdf5.tree import MAX_FILES

NAMES = {code: name for name, code in hdf5plugin.FILTERS.items()} | {
    1: "gzip",
    2: "shuffle",
    3: "fletcher32",
    4: "szip",
    5: "nbit",
    6: "scaleoffset",
    32000: "lzf",
}
MAX_NESTING = 8  # virtual datasets of virtual datasets


def layout(dataset):
    """Tell the layout of a dataset.

    Parameters
    ----------
    dataset : h5py.Dataset
        Dataset.

    Returns
    -------
    str
        "compact", "contiguous", "chunked" or "virtual".
    """
    kinds = {
        h5py.h5d.COMPACT: "compact",
        h5py.h5d.CONTIGUOUS: "contiguous",
        h5py.h5d.CHUNKED: "chunked",
        h5py.h5d.VIRTUAL: "virtual",
    }
    return kinds[dataset.id.get_create_plist().get_layout()]


def check_sources(tree, dataset):
    """Check that a virtual dataset takes its voxels from below the folder of the file.

    Parameters
    ----------
    tree : Hdf5Tree
        The open file.
    dataset : h5py.Dataset
        Dataset; its shape is not asked for, as the library might open the sources for that.

    Returns
    -------
    list of Path
        The files that it takes its voxels from.

    Raises
    ------
    Hdf5Error
        If a source lies outside the folder, does not exist or is named by a pattern.
    """
    if layout(dataset) != "virtual":
        return []
    link = f"virtual dataset {dataset.name}"
    files = {}
    for source in dataset.virtual_sources():
        if "%" in source.file_name.replace("%%", "") or "%" in source.dset_name.replace("%%", ""):
            raise Hdf5Error(
                f"{tree.path}: {link} names its sources by the pattern {source.file_name}, which "
                "is not followed; copy it with h5repack"
            )
        if source.file_name not in files and source.file_name != ".":
            files[source.file_name] = tree.locate(source.file_name, dataset, link)
    return list(files.values())


def check_stored(tree, dataset, nesting=0):
    """Check that the voxels of a dataset were written and can be decoded.

    Parameters
    ----------
    tree : Hdf5Tree
        The open file.
    dataset : h5py.Dataset
        Dataset.
    nesting : int, optional
        How many virtual datasets lead to it.

    Returns
    -------
    notices : list of str
        What a user should know about voxels that are not there.
    files : list of Path
        Other files that the voxels are in.

    Raises
    ------
    Hdf5Error
        If it was never written, its file is cut short, a source is missing or no filter decodes it.
    """
    name = f"{tree.path}::{dataset.name}"
    kind = layout(dataset)
    if kind == "virtual":
        return _check_virtual(tree, dataset, name, nesting)
    properties = dataset.id.get_create_plist()
    if properties.get_external_count():
        raise Hdf5Error(
            f"{name}: keeps its voxels in raw files beside it, which are not read; copy it with "
            "h5repack"
        )
    if kind == "contiguous":
        _check_contiguous(dataset, name)
    if kind == "chunked":
        _check_filters(properties, name)
        return _check_chunks(dataset, name), []
    return [], []


def compression(dataset):
    """Name the compression of a dataset.

    Parameters
    ----------
    dataset : h5py.Dataset
        Dataset.

    Returns
    -------
    str
        Names of its filters, such as "shuffle, gzip", or "none".
    """
    properties = dataset.id.get_create_plist()
    codes = [properties.get_filter(index)[0] for index in range(properties.get_nfilters())]
    return ", ".join(NAMES.get(code, f"filter {code}") for code in codes) or "none"


def _check_contiguous(dataset, name):
    """Check that the file is as long as a dataset in one piece needs."""
    offset, wanted = dataset.id.get_offset(), dataset.size * dataset.id.get_type().get_size()
    if offset is None:
        raise Hdf5Error(f"{name}: was never written; write it again")
    size = os.path.getsize(dataset.file.filename)
    if offset + wanted > size:
        raise Hdf5Error(
            f"{name}: needs {offset + wanted} bytes, but the file has {size}; it was cut short, "
            "copy or write it again"
        )


def _check_filters(properties, name):
    """Check that every filter of a dataset is installed."""
    for index in range(properties.get_nfilters()):
        code, _, _, label = properties.get_filter(index)
        if not h5py.h5z.filter_avail(code):
            label = NAMES.get(code) or label.decode("utf-8", "replace")[:40] or "no name"
            raise Hdf5Error(
                f"{name}: is compressed by filter {code} ({label}), which is not installed; copy "
                "it with h5repack -f GZIP=4 where it can be read"
            )


def _check_chunks(dataset, name):
    """Check that chunks were written; count those that were not."""
    shape, chunks = dataset.shape, dataset.chunks
    expected = prod(-(-side // chunk) for side, chunk in zip(shape, chunks, strict=True))
    present = dataset.id.get_num_chunks()
    # a few chunks do not make a slice of any declared size
    if present < expected and present * prod(chunks) < prod(shape[-2:]):
        raise Hdf5Error(
            f"{name}: {present} of its {expected} chunks were written, less than one slice; "
            "write it again"
        )
    if present >= expected:
        return []
    return [
        f"{expected - present} of its {expected} chunks were never written; they are read as "
        f"{dataset.fillvalue}"
    ]


def _check_virtual(tree, dataset, name, nesting):
    """Check every source of a virtual dataset."""
    if nesting == MAX_NESTING:
        raise Hdf5Error(
            f"{name}: is virtual through more than {MAX_NESTING} datasets, or in a loop"
        )
    notices, files = [], check_sources(tree, dataset)
    # all are held open here, as the library reads those as fill values that it cannot open
    if len(set(files)) >= MAX_FILES:
        raise Hdf5Error(
            f"{name}: takes its voxels from {len(set(files))} files, more than {MAX_FILES - 1}; "
            "copy it into one file"
        )
    covered, checked = 0, {}
    for source in dataset.virtual_sources():
        key = source.file_name, source.dset_name
        if key not in checked:
            found = _source(tree, dataset, source, name)
            checked[key] = found.shape
            more, further = check_stored(tree, found, nesting + 1)
            notices, files = notices + more, files + further
        _check_extent(source, checked[key], dataset.size, name)
        covered += _points(source.vspace, dataset.size)
    if covered < dataset.size:
        notices.append(
            f"{dataset.size - covered} of its voxels have no source; they are read as "
            f"{dataset.fillvalue}"
        )
    return notices, files


def _source(tree, dataset, source, name):
    """Dataset that a part of a virtual one is taken from."""
    file = tree.file(source.file_name, dataset, f"virtual dataset {dataset.name}")
    try:
        found = tree.resolve(file["/"], f"/{source.dset_name}")
    except MissingError:
        found = None
    if not isinstance(found, h5py.Dataset):
        raise Hdf5Error(
            f"{name}: its source {file.filename}::{source.dset_name} is no dataset; write it again"
        )
    check_sources(tree, found)
    return found


def _check_extent(source, shape, size, name):
    """Check that a source is as large as the part of it that a dataset of a size takes."""
    space = source.src_space
    if space.get_select_type() == h5py.h5s.SEL_ALL:
        _check_whole(source, shape, _points(source.vspace, size), name)
        return
    if _points(space, None) is None:
        return  # as much as there is
    sides = tuple(last + 1 for last in space.get_select_bounds()[1])
    if len(sides) != len(shape) or any(
        side > there for side, there in zip(sides, shape, strict=True)
    ):
        raise Hdf5Error(
            f"{name}: takes {sides} voxels from {source.file_name}::{source.dset_name}, which has "
            f"{shape}; its acquisition was cut short, write it again"
        )


def _check_whole(source, shape, wanted, name):
    """Check that a source that is taken as a whole fills its place; the file does not size it."""
    if prod(shape) == wanted:
        return
    cause = "its acquisition was cut short" if prod(shape) < wanted else "the two do not fit"
    raise Hdf5Error(
        f"{name}: takes {wanted} voxels from {source.file_name}::{source.dset_name}, which has "
        f"{shape}; {cause}, write it again"
    )


def _points(space, otherwise):
    """Count the points selected in a space; `otherwise` for all of it and without end."""
    if space.get_select_type() == h5py.h5s.SEL_ALL:
        return otherwise  # a stored space that is taken as a whole has lost its extent
    try:
        return space.get_select_npoints()
    except RuntimeError:
        return otherwise
