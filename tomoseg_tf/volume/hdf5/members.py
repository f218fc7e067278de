"""Opening what an HDF5 group holds; damaged virtual datasets are refused before the library."""

import h5py

from tomoseg_tf.volume.hdf5.header import virtual_sources
from tomoseg_tf.volume.hdf5.virtual import check_source_list


def open_member(group, name):
    """Open an object that a hard link in a group names.

    Parameters
    ----------
    group : h5py.Group
        Group.
    name : bytes
        Name of the link.

    Returns
    -------
    h5py.Group, h5py.Dataset or h5py.Datatype
        The object.

    Raises
    ------
    Hdf5Error
        If it is a virtual dataset and the list of its sources is damaged.
    """
    file = group.file
    address_size, length_size = file.id.get_create_plist().get_sizes()
    path, address = file.filename, group.id.links.get_info(name).u
    options = {"address_size": address_size, "base": file.userblock_size}
    place = virtual_sources(path, address, **options)
    if place is not None:
        check_source_list(path, place, length_size=length_size, **options)
    identifier = h5py.h5o.open(group.id, name)
    kinds = {h5py.h5g.GroupID: h5py.Group, h5py.h5d.DatasetID: h5py.Dataset}
    return kinds.get(type(identifier), h5py.Datatype)(identifier)
