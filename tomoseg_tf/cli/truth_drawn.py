"""Options of ``tomoseg-tf truth`` for what was drawn in ImageJ or ilastik."""

from pathlib import Path

import click

from tomoseg_tf.cli import options

REGIONS = (".roi", ".zip")
PROJECT = ".ilp"
UNLABELLED = ("slices", "ignore", "background")

like = click.option(
    "--like",
    type=options.VOLUME,
    metavar="SCAN",
    help="Scan on which ImageJ regions (.roi, RoiSet.zip) or labels of an ilastik project (.ilp) "
    "were drawn: gives shape and voxel size.",
)
rules = click.option(
    "--named",
    "rules",
    multiple=True,
    metavar="PATTERN=CLASS",
    help="Class, a number, a name or ignore, of the ImageJ regions or ilastik labels whose name "
    "fits PATTERN, such as 'pore*', or of the regions of a group, such as group:3; the first that "
    "fits counts.  [default: the group of a region; 0 for the first label]",
)
unlabelled = click.option(
    "--unlabelled",
    type=click.Choice(UNLABELLED),
    default="slices",
    show_default=True,
    help="What is in no ImageJ region: background in slices with a region and 255 in the others, "
    "255 (ignore), or background.",
)


def read_rules(rules, names):
    """Read the classes of what was drawn, by its name.

    Parameters
    ----------
    rules : sequence of str
        ``PATTERN=CLASS`` each.
    names : dict from int to str
        Names of the classes that are known already.

    Returns
    -------
    rules : list of (str, int), or None
        Pattern and class each; None if there are none.
    names : dict from int to str
        The same, or those that the rules name if none are known.

    Raises
    ------
    ValueError
        If one is no such pair, or names a class that is not known.
    """
    split = []
    for rule in rules:
        pattern, mark, word = rule.rpartition("=")
        if not mark or not pattern or not word:
            raise ValueError(f"--named {rule}: must be PATTERN=CLASS, such as 'pore*=1'")
        split.append((pattern, word))
    words = [word for _, word in split if not word.isdecimal() and word != "ignore"]
    if words and not names:
        numbered = [word for _, word in split if word.isdecimal()]
        if numbered:
            raise ValueError(
                f"--named: {words[0]} has no number beside regions that do; name all classes with "
                "--classes, the background first"
            )
        names = dict(enumerate(dict.fromkeys(["background", *words])))
    numbers = {name: number for number, name in names.items()} | {"ignore": 255}
    for word in words:
        if word not in numbers:
            raise ValueError(
                f"--named: class {word} is not among {', '.join(names.values())}; name it in "
                "--classes"
            )
    found = [(pattern, int(numbers.get(word, word))) for pattern, word in split]
    return found or None, names


def open_drawn(labels, like, rules, unlabelled, priority):
    """Open the label files that hold drawings, and leave the others as they are.

    Parameters
    ----------
    labels : sequence
        Label files, or pairs (file, class).
    like : Path or None
        The scan.
    rules, unlabelled, priority
        As of `tomoseg_tf.volume.open_rois`; the class of a pair comes before the rules.

    Returns
    -------
    list
        The same, with a truth in place of each drawing.

    Raises
    ------
    ValueError
        If a drawing cannot be read, or `like` is missing or not needed.
    """
    drawn = [_is_drawn(label) for label in labels]
    if not any(drawn) and (like is not None or rules):
        raise ValueError(
            "--like and --named are for ImageJ regions (.roi, .zip) and ilastik projects (.ilp), "
            "but no label is one"
        )
    settings = {"unlabelled": unlabelled, "priority": priority}
    return [
        _open(label, like, rules, settings) if found else label
        for label, found in zip(labels, drawn, strict=True)
    ]


def _is_drawn(label):
    """Whether a label file, or that of a pair, is a drawing."""
    file = label[0] if isinstance(label, tuple) else label
    return Path(file).suffix.lower() in (*REGIONS, PROJECT)


def _open(label, like, rules, settings):
    """Open a drawing, or a pair of one and its class."""
    from tomoseg_tf.volume import open_rois

    file, number = label if isinstance(label, tuple) else (label, None)
    if like is None:
        raise ValueError(f"{file}: a drawing has no shape; name the scan with --like")
    if Path(file).suffix.lower() == PROJECT:
        from tomoseg_tf.volume.truth.ilastik import open_ilastik  # loads h5py

        return open_ilastik(file, like, classes=rules if number is None else [("*", number)])
    return open_rois(file, like, classes=rules if number is None else number, **settings)
