"""Scans as the ESRF's programs write them: PyHST volumes and EDF slices."""
