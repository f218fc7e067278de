"""The plugin for napari: ``napari.yaml`` says what it offers, and nothing is imported before."""
