"""NRRD files, and headers beside raw data."""
