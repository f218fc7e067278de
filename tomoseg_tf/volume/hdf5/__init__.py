"""HDF5 and NeXus files."""
