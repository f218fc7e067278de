"""TIFF files and folders of TIFF slices."""
