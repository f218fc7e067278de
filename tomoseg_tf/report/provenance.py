"""What was run: command, versions, device, files with their hashes, weights with their card."""

import datetime
import importlib.metadata
import os
import platform
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup

import tomoseg_tf
from tomoseg_tf.report.content import Fold, Section, Table, decimal
from tomoseg_tf.report.sizes import format_size
from tomoseg_tf.volume import file_hash, split_location

PACKAGES = ("tensorflow", "keras", "numpy", "scipy", "scikit-image", "connected-components-3d")
HASHED = 8 * 10**9  # bytes up to which a hash is taken


def provenance_section(*, beside, inputs=None, weights=None, files=(), command=None, facts=()):
    """Write the section that says what was run.

    Parameters
    ----------
    beside : Path
        Folder of the report: files in it are named without it.
    inputs : Inputs, optional
        The volumes.
    weights : tomoseg_tf.weights.Weights, optional
        What segmented them.
    files : sequence of (str, path)
        Other inputs, each with what it is.
    command : str, optional
        What was typed.
    facts : sequence of (str, str)
        What else is known, such as how long it took.

    Returns
    -------
    Section
        Facts, files, and the card of the weights.
    """
    rows = [("Command", command)] if command else []
    rows += [("Written", datetime.datetime.now().astimezone().isoformat(" ", "seconds"))]
    rows += [*facts, ("tomoseg-tf", tomoseg_tf.__version__), ("Machine", describe_machine())]
    rows += [("Python", platform.python_version()), ("Packages", _versions())]
    tables = [Table("Run", ("What", "Value"), tuple(rows), (0, 1))]
    named = [] if inputs is None else [(name, one.name) for name, one in inputs.volumes.items()]
    listed = [_describe_file(what, path, inputs, beside) for what, path in (*named, *files)]
    if listed:
        head = ("Input", "File", "Shape", "Size", "SHA-256")
        tables.append(Table("Inputs", head, tuple(listed), (0, 1, 2, 4)))
    folds = ()
    if weights is not None:
        tables.append(_weights_table(weights))
        folds = (Fold("Card of the weights", markup=_markup(weights.read_card())),)
    return Section("run", "What was run", tables=tuple(tables), folds=folds)


def describe_machine():
    """Name the processor and the system.

    Returns
    -------
    str
        Such as ``AMD EPYC, 2 cores, Linux x86_64``.
    """
    name = platform.processor() or platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.is_file():
        lines = cpus.read_text(encoding="utf-8", errors="replace").splitlines()
        models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        name = next(models, name)
    return f"{name}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def _versions():
    """Versions of the packages that decide a result, those that are installed."""
    found = []
    for name in PACKAGES:
        for distribution in (name, f"{name}-cpu"):
            try:
                found.append(f"{name} {importlib.metadata.version(distribution)}")
            except importlib.metadata.PackageNotFoundError:
                continue
            break
    return ", ".join(found)


def _describe_file(what, path, inputs, beside):
    """Row of an input."""
    volume = None if inputs is None else inputs.volumes.get(what)
    shape = "" if volume is None else f"{' × '.join(map(str, volume.shape))} {volume.dtype}"
    place = split_location(path).path
    if not place.exists():
        return what, str(path), shape, "–", "in memory"
    parts = [one for one in place.rglob("*") if one.is_file()] if place.is_dir() else [place]
    size = sum(one.stat().st_size for one in parts)
    digest = file_hash(place) if size <= HASHED else "not taken: the file is large"
    return what, _name(str(path), beside.resolve()), shape, format_size(size), digest


def _name(path, beside):
    """Name of a file, without the folder of the report where it is in there."""
    folder = f"{beside}{os.sep}"
    whole = os.path.abspath(path)
    return whole.removeprefix(folder) if whole.startswith(folder) else path


def _weights_table(weights):
    """List what is known of the weights."""
    config = weights.config
    spacing = "not recorded"
    if config.spacing:
        spacing = " × ".join(f"{side:g}" for side in config.spacing) + " µm"
    threshold = f"{config.threshold:g}" if config.binary else "the likeliest class"
    rows = [
        ("Weights", weights.name),
        ("Network", f"{config.model}, {decimal(weights.count_parameters())} parameters"),
        ("Classes", ", ".join(config.class_names)),
        ("Threshold", threshold),
        ("Fitted on voxels of", spacing),
        ("Licence", config.licence or "not stated"),
        *((f"SHA-256 of {name}", value) for name, value in weights.hashes.items()),
    ]
    return Table("Weights", ("What", "Value"), tuple(rows), (0, 1))


def _markup(text):
    """Turn Markdown into HTML in which there is neither HTML of the text nor an address."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.disable(["link", "image", "autolink", "reference"])
    return Markup(markdown.render(text))
