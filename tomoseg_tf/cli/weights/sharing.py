"""``weights pack``, ``weights fetch`` and ``weights mirror``."""

import json
from pathlib import Path

import click

from tomoseg_tf.cli import options
from tomoseg_tf.cli.weights_source import WEIGHTS


@click.command(short_help="Pack weights into one zip archive.")
@click.argument("weights", type=WEIGHTS, metavar="FOLDER")
@click.argument("out", type=options.VOLUME, metavar="OUT.zip")
@click.option(
    "--name",
    help="What the weights are called for those who unpack them.  [default: name of the folder]",
)
@options.overwrite
@options.as_json
def pack(weights, out, name, overwrite, as_json):
    """Pack the weights FOLDER into the archive OUT.zip, to be sent or put on a server.

    The same weights give the same bytes. Who gets it passes the archive itself, or its address, to
    -w; the SHA-256 that is printed can stand behind the address.

    \b
    Example:
      tomoseg-tf weights pack run/best_dice steel_pores.zip --name steel_pores
    """
    from tomoseg_tf.volume import file_hash
    from tomoseg_tf.weights import find_weights, pack_weights

    left = pack_weights(find_weights(weights), out, name=name, overwrite=overwrite)
    if left:
        options.notify(
            f"not packed, since SHA256SUMS does not list them: {', '.join(left)}; to add them: "
            f"tomoseg-tf weights seal {weights}"
        )
    found = {"path": str(out), "bytes": out.stat().st_size, "sha256": file_hash(out)}
    if as_json:
        click.echo(json.dumps({**found, "not_packed": left}))
    else:
        click.echo(f"{out}: {found['bytes'] / 1e6:.1f} MB, SHA-256 {found['sha256']}")


@click.command(short_help="Fetch weights, check them and keep them.")
@click.argument("source")
@click.option(
    "-o",
    "--output",
    type=options.VOLUME,
    metavar="FOLDER",
    help="Weights folder of your own to make, besides the copy in the cache.",
)
@click.option("--sha256", metavar="HEX", help="What the SHA-256 of the archive must be.")
@click.option("--again", is_flag=True, help="Fetch them even if they are in the cache.")
@options.overwrite
@options.as_json
def fetch(source, output, sha256, again, overwrite, as_json):
    """Fetch weights from SOURCE: the address of an archive, an archive, or a name in the mirror.

    From then on the same SOURCE works without a network. The archive is refused if it is cut off,
    changed or not of the SHA-256 stated.

    \b
    Examples:
      tomoseg-tf weights fetch https://lab.example.org/steel_pores.zip
      tomoseg-tf weights fetch steel_pores.zip -o my_weights
    """
    from tomoseg_tf.volume import check_destination
    from tomoseg_tf.weights import copy_weights, open_weights
    from tomoseg_tf.weights.finding import find_weights
    from tomoseg_tf.weights.sums import MARKERS

    if output is not None:
        check_destination(output, overwrite, folder=True, marker=MARKERS)
    with options.progress("Fetching") as progress:
        folder = find_weights(source, sha256=sha256, again=again, progress=progress)
    if output is not None:
        folder = copy_weights(open_weights(folder), output, overwrite=overwrite).folder
    found = open_weights(folder)
    if as_json:
        click.echo(json.dumps({"name": found.name, "folder": str(folder), "hashes": found.hashes}))
    else:
        click.echo(f"{found.name}: {found.count_parameters():,} parameters, in {folder}")


@click.command(short_help="Copy weights into a folder that a web server can serve.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "-o", "--output", type=options.VOLUME, required=True, metavar="FOLDER", help="The mirror."
)
@options.overwrite
@options.as_json
def mirror(sources, output, overwrite, as_json):
    """Copy weights into FOLDER, with an index, for a laboratory or beamline without internet.

    SOURCE is a name, folder, archive or address of an archive; "all" for those that come with the
    package; or another mirror, for all in it. Where TOMOSEG_TF_WEIGHTS names the folder, or the
    address at which it is served, every command finds the weights in it by name.

    \b
    Examples:
      tomoseg-tf weights mirror all my_weights -o /srv/weights
      TOMOSEG_TF_WEIGHTS=/srv/weights tomoseg-tf segment scan.tif result.tif -w my_weights
    """
    from tomoseg_tf.weights import mirror_weights
    from tomoseg_tf.weights.mirror import check_mirror
    from tomoseg_tf.weights.sources import open_sources

    check_mirror(output, overwrite)
    with options.progress("Fetching") as progress:
        opened = open_sources(sources, progress=progress)
    with options.progress("Packing") as progress:
        index = mirror_weights(opened, output, overwrite=overwrite, progress=progress)
    if as_json:
        click.echo(index.model_dump_json())
        return
    size = sum(entry.bytes for entry in index.weights) / 1e6
    names = ", ".join(entry.name for entry in index.weights)
    click.echo(f"{output}: {names}; {size:.1f} MB. To use it: TOMOSEG_TF_WEIGHTS={_shown(output)}")


def _shown(path):
    return Path(path).absolute()
