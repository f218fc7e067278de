"""The page of a mirror: its weights as a plain table for people."""

from html import escape
from urllib.parse import quote

HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fitted weights</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem;
  padding: 0 1rem; color: #1c1c1c; }
article { border-top: 1px solid #ccc; padding: 1rem 0; }
h2 { margin: 0 0 .3rem; font-size: 1.15rem; }
img { max-width: 100%; height: auto; margin-top: .6rem; }
dl { display: grid; grid-template-columns: 8rem 1fr; gap: .1rem .8rem; margin: .6rem 0 0; }
dt { color: #555; }
dd { margin: 0; overflow-wrap: anywhere; }
code { font-size: .85em; }
</style>
</head>
<body>
<h1>Fitted weights</h1>
<p>For <code>tomoseg-tf</code>. By name, with the address of this page as the variable
<code>TOMOSEG_TF_WEIGHTS</code> of the environment: <code>tomoseg-tf segment scan.tif result.tif
-w NAME</code>. Or one by one: <code>-w ADDRESS#sha256=...</code> with the address of an
archive.</p>
"""
NATURE = {True: "simulated scans", False: "real scans", None: "not recorded"}


def page(index):
    """Write the page of a mirror.

    Parameters
    ----------
    index : Index
        What is in the mirror.

    Returns
    -------
    str
        HTML; nothing from elsewhere is loaded.
    """
    return HEAD + "".join(_article(entry) for entry in index.weights) + "</body>\n</html>\n"


def _article(entry):
    """Section of one of the weights."""
    name, link = escape(entry.name), escape(quote(entry.name))
    size = f"{entry.bytes / 1e6:.1f} MB"
    rows = {
        "network": f"{escape(entry.model)}, {entry.dimensions}D, {entry.parameters:,} parameters",
        "classes": escape(", ".join(entry.classes)),
        "voxel size": f"{spacing_text(entry.spacing)}",
        "fitted on": NATURE[entry.simulated],
        "licence": escape(entry.licence or "not stated"),
        "archive": f'<a href="{link}.zip">{name}.zip</a>, {size}; <a href="{link}.md">card</a>',
        "SHA-256": f"<code>{entry.sha256}</code>",
    }
    listed = "".join(f"<dt>{key}</dt><dd>{value}</dd>\n" for key, value in rows.items())
    shown = f'<img src="{link}.png" alt="Example of {name}">\n' if entry.picture else ""
    return (
        f'<article id="{name}">\n<h2>{name}</h2>\n{escape(entry.summary)}\n'
        f"<dl>\n{listed}</dl>\n{shown}</article>\n"
    )


def spacing_text(spacing):
    """Voxel size as text.

    Parameters
    ----------
    spacing : tuple of 3 floats or None
        (z, y, x) in µm.

    Returns
    -------
    str
    """
    if spacing is None:
        return "not recorded"
    if len(set(spacing)) == 1:
        return f"{spacing[0]:g} µm"
    return " × ".join(f"{side:g}" for side in spacing) + " µm"
