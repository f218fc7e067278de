"""The command ``tomoseg-tf records``."""

import json
import re
from pathlib import Path

import click
from click.core import ParameterSource

from tomoseg_tf.cli import options
from tomoseg_tf.table import aligned


class Patch(options.Numbers):
    """Three sides of a patch, or the word slice."""

    def convert(self, value, param, ctx):
        """Turn the text into three numbers; keep the word."""
        return value if value == "slice" else super().convert(value, param, ctx)


class Fold(click.ParamType):
    """Which fold of how many, as in 1/5."""

    name = "fold"

    def convert(self, value, param, ctx):
        """Turn the text into two numbers."""
        found = re.fullmatch(r"(\d+)/(\d+)", value) if isinstance(value, str) else None
        if found is None:
            self.fail(f"{value!r} is not a fold, such as 1/5", param, ctx)
        return tuple(map(int, found.groups()))


@click.command(short_help="Cut volumes and truth into training records.")
@click.argument("output", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--pair",
    "pairs",
    type=(options.VOLUME, options.VOLUME),
    multiple=True,
    metavar="VOLUME TRUTH",
    help="A volume and its truth; repeat it for each sample.",
)
@click.option(
    "--pairs",
    "folders",
    type=(options.VOLUME, options.VOLUME),
    multiple=True,
    metavar="VOLUMES TRUTHS",
    help="Two folders whose files of one name belong together, such as scans and truth; after "
    "the samples of --pair, in the order of their names.",
)
@click.option(
    "--patch",
    type=Patch(int, minimum=1),
    default="192,192,192",
    show_default=True,
    metavar="Z,Y,X|slice",
    help="Sides of a patch in voxels, such as 1,64,64 for 2D networks, or slice for whole slices.",
)
@click.option(
    "--split",
    type=click.Choice(["sample", "block", "slice", "group"]),
    default="sample",
    show_default=True,
    help="Whole samples, each sample cut in z, or every slice or group of slices drawn at random "
    "(neighbours leak).",
)
@click.option(
    "--fractions",
    type=options.Numbers(float, minimum=0),
    default="0.6,0.3,0.1",
    show_default=True,
    metavar="F,F,F",
    help="Shares of the slices for training, validation and test.",
)
@click.option(
    "--slices",
    type=options.Numbers(int, minimum=0),
    metavar="N,N,N",
    help="Numbers of slices for them with --split slice, in place of --fractions.",
)
@click.option(
    "--group",
    type=click.IntRange(min=1),
    metavar="N",
    help="Slices of a group with --split group.  [default: those of a patch]",
)
@click.option(
    "--groups",
    type=options.Numbers(int, minimum=0),
    metavar="N,N,N",
    help="Numbers of groups for training, validation and test, in place of --fractions.",
)
@click.option(
    "--fold",
    type=Fold(),
    metavar="K/N",
    help="Fold K of a cross-validation of N, in place of --fractions: of whole samples, or of N "
    "blocks of each sample with --split block. One part is the test, the next one the validation.",
)
@click.option(
    "--validation",
    "validation_samples",
    type=click.IntRange(min=0),
    multiple=True,
    metavar="N",
    help="Keep sample N (0 is the first pair) for the validation; may be repeated.",
)
@click.option(
    "--test",
    "test_samples",
    type=click.IntRange(min=0),
    multiple=True,
    metavar="N",
    help="Keep sample N (0 is the first pair) for the test; may be repeated.",
)
@click.option(
    "--guard",
    type=click.IntRange(min=0),
    metavar="N",
    help="Slices left out between two blocks of a sample  [default: up to 16]",
)
@click.option(
    "--cover",
    type=click.Choice(["drop", "shift"]),
    default="drop",
    show_default=True,
    help="Leave out what does not fill a patch, or shift the last patch inwards.",
)
@click.option(
    "--skip-empty",
    is_flag=True,
    help="Leave out patches (with --split slice: slices) that hold nothing but background, of "
    "training, validation and test.",
)
@click.option(
    "--classes",
    default="background,object",
    show_default=True,
    metavar="NAME,...",
    help="Names of the classes, the background first.",
)
@options.palette
@click.option(
    "--mask",
    "masks",
    type=options.MASK,
    multiple=True,
    metavar="FILE|auto|none",
    help="Which voxels are the sample: a label volume for each pair, in their order, or auto or "
    "none for all; auto finds the fill outside the reconstruction circle  [default: auto]",
)
@options.filters
@click.option(
    "--patches-per-shard",
    type=click.IntRange(min=1),
    metavar="N",
    help="Patches in a file; an interrupted command goes on after its last whole one.  "
    "[default: what fits into 128 MiB]",
)
@options.seed
@options.overwrite
@options.as_json
def records(output, pairs, folders, classes, masks, as_json, **settings):
    """Cut volumes and their truth into patches and write them to the folder OUT.

    Patches of one slice become PNG images under DeepLab's feature names, deeper ones raw voxels.
    The same command goes on after the last whole file if it was interrupted.

    \b
    Examples:
      tomoseg-tf records out --pair a.tif a_truth.tif --pair b.tif b_truth.tif --split block
      tomoseg-tf records out --pair scan truth --patch slice --split slice --slices 530,20,180
      tomoseg-tf records out --pair a.tif a_truth.tif --patch 4,456,456 --split group --group 8
      tomoseg-tf records fold1 --pair a.tif a_truth.tif --split block --fold 1/3
    """
    source = click.get_current_context().get_parameter_source("fractions")
    if settings["fold"] is not None and source is ParameterSource.COMMANDLINE:
        raise click.UsageError("--fold decides the shares of the splits; leave --fractions out")
    if not pairs and not folders:
        raise click.UsageError("Missing option '--pair' or '--pairs'.")
    from tomoseg_tf.records import has_unfinished, pair_folders, write_records

    pairs = [*pairs, *(pair for both in folders for pair in pair_folders(*both))]
    names = tuple(name.strip() for name in classes.split(","))
    try:
        with options.progress("Cutting") as progress:
            manifest = write_records(
                output,
                pairs,
                classes=names,
                mask=_choose_mask(masks),
                notify=options.notify,
                progress=progress,
                **settings,
            )
    except KeyboardInterrupt:
        if not has_unfinished(output):
            raise
        raise ValueError(
            f"interrupted; the same command goes on with {output} after its last whole shard"
        ) from None
    for notice in manifest["notices"]:
        options.notify(notice)
    summary = _summarise(output, manifest)
    click.echo(json.dumps(summary, ensure_ascii=False) if as_json else _table(summary))


def _choose_mask(masks):
    """Take one word for all pairs, else a list of masks; auto if there is none."""
    if not masks:
        return "auto"
    return masks[0] if masks in (("auto",), ("none",)) else masks


def _summarise(folder, manifest):
    """Reduce a manifest to what each split holds."""
    splits = {
        split: {
            "patches": sum(shard["records"] for shard in shards),
            "shards": len(shards),
            "bytes": sum(shard["bytes"] for shard in shards),
            "voxels": dict(zip(manifest["classes"], manifest["voxels"][split][:-1], strict=True)),
            "ignored": manifest["voxels"][split][-1],
        }
        for split, shards in manifest["shards"].items()
    }
    kept = ("kind", "patch", "dtype", "spacing", "classes", "notices")
    return {"folder": str(folder), **{key: manifest[key] for key in kept}, "splits": splits}


def _table(summary):
    """Write the summary as aligned columns, one line for each split."""
    rows = [("split", "patches", *summary["classes"], "ignored", "bytes")]
    for split, held in summary["splits"].items():
        numbers = [held["patches"], *held["voxels"].values(), held["ignored"], held["bytes"]]
        rows.append((split, *(f"{number:,}" for number in numbers)))
    table = aligned(rows).splitlines()
    patch = " x ".join(map(str, summary["patch"]))
    of = "images" if summary["kind"] == "images" else "patches"
    head = f"{summary['folder']}: {of} of {patch} voxels, {summary['dtype']}; voxels by class"
    return "\n  ".join([head, *table])
