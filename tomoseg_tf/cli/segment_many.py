"""Options of ``tomoseg-tf segment`` for many scans and many processes, and what is printed then."""

import contextlib
import json

import click

from tomoseg_tf.cli import options

suffix = click.option(
    "--suffix",
    metavar=".SUFFIX",
    help="Format of the results of several scans, such as .ome.zarr; '' for folders of slices.  "
    "[default: .tif]",
)
normalise_together = click.option(
    "--normalise-together",
    is_flag=True,
    help="Normalise the grey of several scans by the statistics of all of them together, as for a "
    "time series, so that one grey means one thing; kept in statistics.json of the folder.",
)
statistics = click.option(
    "--statistics",
    type=options.VOLUME,
    metavar="FILE",
    help="Normalise by stored statistics instead of those of the scan: the statistics.json of "
    "other scans, or what tomoseg-tf info --json printed.",
)
cluster = click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Let the workers of a Dask cluster predict, a range of slices each; the address of its "
    "scheduler, such as tcp://host:8786. All must see the files under the same names.",
)
workers = click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Let N processes on this machine predict, one GPU each where it has some; each takes "
    "--max-memory.",
)


def names_many(volumes, settings):
    """Tell whether a command is about several scans, and thus a folder of results."""
    from tomoseg_tf.prediction.scans.naming import names_several

    told = settings["suffix"] is not None or settings["normalise_together"]
    return told or names_several(volumes)


@contextlib.contextmanager
def sharing(cluster, workers, settings):
    """Connect to the workers that predict, if they can share a segmentation of such settings.

    Yields
    ------
    dict
        What `segment_file` is given for it; empty if this process predicts.
    """
    if cluster is None and workers is None:
        yield {}
        return
    if cluster is not None and workers is not None:
        raise click.UsageError("--cluster and --workers exclude each other; leave one out")
    from tomoseg_tf.prediction.cluster import check_shared_settings, connect

    check_shared_settings(**settings)
    with connect(cluster=cluster, workers=workers) as client:
        yield {"client": client}


def segment_many(volumes, folder, *, as_json, suffix, **settings):
    """Segment several scans, say how each of them went, and fail at the end if one did."""
    from tomoseg_tf.prediction.scans.many import SUFFIX, segment_files

    def tell(entry):
        if entry["state"] == "failed":
            options.notify(f"Failed: {entry['scan']}: {entry['error']}")
        for notice in entry.get("notices", ()):
            options.notify(notice)
        if not as_json and entry["state"] in ("segmented", "planned"):
            click.echo(describe(entry["segmentation"], entry))
        elif not as_json and entry["state"] == "kept":
            click.echo(f"{entry['segmentation']}: is there already")

    with options.progress("Segmenting") as progress:
        suffix = SUFFIX if suffix is None else suffix
        settings |= {"progress": progress, "on_scan": tell, "suffix": suffix}
        result = segment_files(volumes, folder, **settings)
    counts = {name: count for name, count in result.items() if name != "scans" and count}
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    if as_json:
        click.echo(json.dumps(result))
    else:
        click.echo(f"{folder}: {len(result['scans'])} scans, {told}")
    if result["failed"]:
        first = next(entry for entry in result["scans"] if entry["state"] == "failed")
        raise ValueError(
            f"{result['failed']} of {len(result['scans'])} scans failed, the first is "
            f"{first['scan']}; the same command segments only what is missing"
        )


def describe(segmentation, summary):
    """Say in one line what was segmented, or in several what would be done."""
    if "plans" in summary:
        from tomoseg_tf.prediction.dry_run import plan_lines

        return "\n".join(plan_lines(summary))
    voxels = sum(entry["voxels"] for entry in summary["classes"])
    shares = ", ".join(
        f"{entry['name']} {100 * entry['voxels'] / voxels:.3f} %" for entry in summary["classes"]
    )
    sides = " x ".join(map(str, summary["shape"]))
    return f"{segmentation}: {sides} voxels in {summary['seconds']:.1f} s; {shares}"
