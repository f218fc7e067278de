"""``tomoseg-tf truth``: label files of any kind as one volume of classes."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import options, truth_drawn
from tomoseg_tf.table import aligned


@click.command(short_help="Turn label files into one volume of classes.")
@click.argument("output", metavar="OUT", type=options.VOLUME)
@click.option(
    "--label",
    "labels",
    multiple=True,
    required=True,
    metavar="FILE[=CLASS]",
    help="Label file; with =CLASS a mask of that class, a number or a name. May be repeated.",
)
@click.option(
    "--ignore",
    multiple=True,
    type=options.VOLUME,
    metavar="FILE",
    help="Mask of voxels that nobody knows: they become 255. May be repeated.",
)
@options.palette
@click.option(
    "--classes",
    metavar="NAME,...",
    help="Names of the classes, the background first.  [default: as the labels name them]",
)
@click.option(
    "--priority",
    type=click.Choice(["first", "last"]),
    help="Which label counts where two overlap.  [default: that is an error]",
)
@click.option(
    "--labelled-slices",
    metavar="Z,Z:Z,...",
    help="Slices that are labelled, such as 3,10:20; all others become 255.",
)
@click.option(
    "--sparse",
    metavar="KIND:AMOUNT",
    help="Keep few labels, drawn by --seed, to try out how many are needed: slices:5, boxes:8x32 "
    "(8 cubes of 32 voxels a side) or scribbles:40 (strokes); in place of the number also a share "
    "of the voxels, such as slices:3%. All others become 255.",
)
@options.seed
@truth_drawn.like
@truth_drawn.rules
@truth_drawn.unlabelled
@options.spacing
@options.overwrite
@options.as_json
def truth(
    output,
    labels,
    ignore,
    palette,
    classes,
    priority,
    labelled_slices,
    sparse,
    seed,
    like,
    rules,
    unlabelled,
    spacing,
    overwrite,
    as_json,
):
    """Turn label files into the volume of classes OUT: 0 is background, 255 ignored.

    One file is converted by its palette. Several are merged: volumes of classes, and masks of one
    class each. Colours are understood in RGB(A) TIFF and PNG files and folders of them. Regions of
    ImageJ (.roi, RoiSet.zip) and labels of an ilastik project (.ilp) become classes where they were
    drawn.

    \b
    Examples:
      tomoseg-tf truth truth.tif --label labels.tif --palette 0:0,127:1,255:2,nearest=20
      tomoseg-tf truth truth.tif --label overlay.tif --palette '#ff0000:1,grey:0'
      tomoseg-tf truth truth.tif --label pores.tif=pore --label grains.tif=grain --ignore rim.tif
      tomoseg-tf truth sparse.tif --label truth.tif --sparse slices:5
    """
    from tomoseg_tf.volume import (
        check_apart,
        check_output,
        few_labels,
        merge_truth,
        parse_amount,
        parse_slices,
        write_truth,
    )

    pairs, names = _read_labels(labels, classes)
    files = [pair[0] if isinstance(pair, tuple) else pair for pair in pairs]
    check_apart([output], [*files, *ignore, like])
    check_output(output, overwrite)
    rules, names = truth_drawn.read_rules(rules, names)
    pairs = truth_drawn.open_drawn(pairs, like, rules, unlabelled, priority)
    slices = None if labelled_slices is None else parse_slices(labelled_slices)
    amount = None if sparse is None else parse_amount(sparse)
    if amount is not None and slices is not None:
        raise click.UsageError("--sparse and --labelled-slices cannot be given together.")
    merged = merge_truth(pairs, ignore=ignore, palette=palette, priority=priority)
    names = names or dict(enumerate(merged.class_names))
    if amount is not None:
        merged = few_labels(merged, amount, seed=seed)
    with options.progress("Writing") as progress:
        summary = write_truth(
            output,
            merged,
            labelled_slices=slices,
            spacing=spacing,
            overwrite=overwrite,
            progress=progress,
        )
    for notice in summary["notices"]:
        options.notify(notice)
    summary["classes"] = _describe_classes(summary.pop("voxels"), names)
    click.echo(json.dumps(summary, ensure_ascii=False) if as_json else _table(summary))


def _read_labels(labels, classes):
    """Label files or pairs (mask, class), and the names of the classes by number."""
    split = [_split(label) for label in labels]
    given = [name.strip() for name in classes.split(",")] if classes else None
    words = [name for _, name in split if name and not name.isdecimal()]
    if given is None:
        numbered = [name for _, name in split if name and name.isdecimal()]
        if words and (numbered or len([name for _, name in split if name]) < len(split)):
            raise ValueError(
                f"--label: {words[0]} has no number beside labels that do; name all classes with "
                "--classes, the background first"
            )
        given = ["background", *dict.fromkeys(words)] if words else []
    unknown = [name for name in words if name not in given]
    if unknown:
        raise ValueError(
            f"--label: class {unknown[0]} is not among --classes {','.join(given)}; name it there"
        )
    pairs = []
    for file, name in split:
        number = name and (int(name) if name.isdecimal() else given.index(name))
        pairs.append(file if name is None else (file, number))
    return pairs, dict(enumerate(given))


def _split(label):
    """Split FILE=CLASS; a file of the whole name comes first."""
    file, mark, name = label.rpartition("=")
    if not mark or Path(label).exists():
        return label, None
    if not file or not name:
        raise ValueError(f"--label {label}: must be FILE or FILE=CLASS, such as pores.tif=1")
    return file, name


def _describe_classes(voxels, names):
    """Describe each class: number, name, voxels and share of the labelled voxels."""
    labelled = max(sum(voxels.values()), 1)
    numbers = sorted({*voxels, *names})
    return [
        {
            "class": number,
            "name": names.get(number, "background" if number == 0 else f"class {number}"),
            "voxels": voxels.get(number, 0),
            "fraction": voxels.get(number, 0) / labelled,
        }
        for number in numbers
    ]


def _table(summary):
    """Write the summary as one line and a table of the classes."""
    rows = [("class", "name", "voxels", "share")]
    for entry in summary["classes"]:
        share = f"{100 * entry['fraction']:.3f} %"
        rows.append((str(entry["class"]), entry["name"], f"{entry['voxels']:,}", share))
    if summary["ignored"]:
        rows.append(("255", "ignored", f"{summary['ignored']:,}", ""))
    shape = " x ".join(map(str, summary["shape"]))
    lines = aligned(rows, left=(1,)).splitlines()
    return "\n  ".join([f"{summary['path']}: {shape} voxels", *lines])
