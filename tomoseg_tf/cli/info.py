"""``tomoseg-tf info``: what a volume file holds."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import options

LISTED = 8  # colours that are named
SHOWN = (1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0)  # percentiles that a reader wants to see


@click.command(
    short_help="Explain what a volume file holds.",
    epilog="Example: tomoseg-tf info pillar.tif -w unet_3d_micropillar",
)
@click.argument("volume", type=options.VOLUME)
@options.spacing
@options.shape
@options.dtype
@click.option(
    "--mask",
    type=options.MASK,
    default="auto",
    show_default=True,
    metavar="FILE|auto|none",
    help="Which voxels the statistics are of: those of a label volume that are not 0, all but a "
    "constant fill or NaN outside the reconstruction circle (auto), or all (none).",
)
@click.option(
    "-w",
    "--weights",
    type=options.WEIGHTS,
    metavar="NAME|FOLDER|URL",
    help="Compare the scan with those that these weights were fitted on: voxel size and grey.",
)
@click.option("--no-statistics", is_flag=True, help="Read the headers only, for huge volumes.")
@options.as_json
def info(volume, spacing, shape, dtype, mask, weights, no_statistics, as_json):
    """Explain what VOLUME holds and how it will be read.

    VOLUME is TIFF, HDF5 or NeXus, Zarr, NRRD, NPY, RAW, AmiraMesh, EDF, PyHST or TXM by its suffix,
    or a folder of TIFF or EDF slices. Where a file holds several volumes, :: and the place of one
    follow: scan.h5::/exchange/data. Of a file in colours, the colours are listed with a palette
    that makes it a truth.
    """
    from tomoseg_tf.volume import find_colours, list_volumes, measure, open_sample, open_volume

    config = _open_config(weights)  # a typing error is told before anything is measured
    coloured = None if no_statistics else find_colours(volume, spacing=spacing)
    if coloured is not None:
        unused = ["--mask"] * (mask != "auto") + ["--weights"] * (weights is not None)
        if unused:
            options.notify(f"{' and '.join(unused)}: not used, as {volume} is in colours")
        described = _colours_as_dict(coloured)
        text = json.dumps(described, ensure_ascii=False) if as_json else _describe_colours(coloured)
        click.echo(text)
        return
    opened = open_volume(volume, spacing=spacing, shape=shape, dtype=dtype)
    listed = list_volumes(volume)
    if not as_json:
        click.echo(_describe(opened, listed))
    statistics = None
    if not no_statistics:
        with options.progress("Measuring") as progress:
            sample = open_sample(opened, mask)
            statistics = measure(opened, sample=sample, progress=progress)
        if sample is not None:
            options.notify(sample.notice)
    compared = _compare(opened, config, mask)
    if as_json:
        described = _as_dict(opened, listed, statistics) | compared
        click.echo(json.dumps(described, ensure_ascii=False))
        return
    if statistics:
        click.echo(_describe_statistics(statistics))
    for name, lines in compared.items():
        click.echo(_table([(name, line) for line in lines or ["like the training scans"]]))


def _open_config(weights):
    """Open the description of weights, if some are named."""
    if weights is None:
        return None
    from tomoseg_tf.weights import open_weights

    return open_weights(weights).config


def _compare(volume, config, mask):
    """Compare a scan with those that weights were fitted on; a file as mask is the sample."""
    if config is None:
        return {}
    from tomoseg_tf.prediction.guards import compare_scan

    mask = mask if isinstance(mask, Path) else None  # else as the weights were fitted
    found, missing = compare_scan(volume, config, mask=mask)
    return {"compared": [*found, *missing]}


def _describe(volume, listed):
    """Lines about the volume itself, and about others in its file."""
    explained = any("voxel size" in notice for notice in volume.notices)
    spacing = "unknown, see the notice" if explained else "unknown, the file states none"
    if volume.spacing:
        spacing = " × ".join(f"{size:g}" for size in volume.spacing) + " µm (z, y, x)"
    lines = [
        ("format", volume.format),
        ("shape", " × ".join(str(side) for side in volume.shape) + " (z, y, x)"),
        ("type", str(volume.dtype)),
        ("spacing", spacing),
        ("voxels", f"{volume.voxels:,}"),
        *([("content", "classes, of which 255 is ignored")] if volume.holds_classes else []),
        ("in memory", f"{_size(volume.nbytes)}, read slab by slab"),
    ]
    lines += [(name.replace("_", " "), value) for name, value in volume.storage.items()]
    if len(listed) > 1:
        lines += [("in the file", item) for item in listed]
    lines += [("notice", notice) for notice in volume.notices if notice not in listed]
    return f"{volume.name}\n" + _table(lines)


def _describe_colours(found):
    """Lines about a file in colours, which is no scan but may be a truth."""
    source = found.source
    counts = sorted(found.counts.items(), key=lambda item: (-item[1], item[0]))
    more = f" and {len(counts) - LISTED} more" if len(counts) > LISTED else ""
    spacing = "unknown, the file states none"
    if source.spacing:
        spacing = " × ".join(f"{size:g}" for size in source.spacing) + " µm (z, y, x)"
    lines = [
        ("format", source.format),
        ("shape", " × ".join(str(side) for side in source.shape) + " (z, y, x)"),
        ("spacing", spacing),
        ("colours", ", ".join(f"{name}: {count:,}" for name, count in counts[:LISTED]) + more),
        ("use", f"as truth, with a palette such as '{found.palette}'"),
    ]
    lines += [("notice", notice) for notice in source.notices]
    lines.append(("notice", "it cannot be read as a scan, for which one grey channel is needed"))
    return f"{source.name}\n" + _table(lines)


def _colours_as_dict(found):
    """All that is known about a file in colours, as plain values for JSON."""
    source = found.source
    return {
        "path": source.name,
        "format": source.format,
        "shape": list(source.shape),
        "spacing": list(source.spacing) if source.spacing else None,
        "colours": dict(found.counts),
        "palette": found.palette,
        "notices": list(source.notices),
    }


def _describe_statistics(statistics):
    """Lines about the grey values."""
    lines = [
        ("minimum", f"{statistics.minimum:.7g}"),
        ("maximum", f"{statistics.maximum:.7g}"),
        ("mean", f"{statistics.mean:.7g}"),
        ("deviation", f"{statistics.std:.7g}"),
    ]
    shown = [f"{statistics.percentiles[percent]:.7g} ({percent:g} %)" for percent in SHOWN]
    return _table([*lines, ("percentiles", ", ".join(shown))])


def _as_dict(volume, listed, statistics):
    """All that is known, as plain values for JSON."""
    return {
        "path": volume.name,
        "format": volume.format,
        "shape": list(volume.shape),
        "dtype": str(volume.dtype),
        "spacing": list(volume.spacing) if volume.spacing else None,
        "voxels": volume.voxels,
        "bytes": volume.nbytes,
        "holds_classes": volume.holds_classes,
        **volume.storage,
        "volumes": listed,
        "notices": list(volume.notices),
        "statistics": statistics.to_dict() if statistics else None,
    }


def _table(lines):
    """Names and values in two columns."""
    return "\n".join(f"  {name:<13}{value}" for name, value in lines)


def _size(count):
    """Write a number of bytes with a unit that suits it."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.4g} {unit}"
        count /= 1024
    return f"{count:.4g} TiB"
