"""``weights list`` and ``weights info``."""

import json
import sys

import click

from tomoseg_tf.cli import options
from tomoseg_tf.cli.weights_source import WEIGHTS
from tomoseg_tf.table import aligned

PIPED = 1000  # columns where nobody's terminal sets them
COLUMNS = {
    "name": {"no_wrap": True},
    "": {"no_wrap": True},
    "classes": {},
    "voxel (µm)": {},
    "fitted on": {},
    "parameters": {"justify": "right", "no_wrap": True},
    "size": {"justify": "right", "no_wrap": True},
    "licence": {},
}
NATURE = {True: "simulated", False: "real", None: "-"}


@click.command("list", short_help="List the weights that come with the package.")
@click.argument("place", required=False)
@click.option("--cached", is_flag=True, help="List those that were fetched and are in the cache.")
@options.as_json
def list_(place, cached, as_json):
    """List the weights that come with the package, or those in PLACE.

    PLACE is a folder, such as a run's, or a mirror, also by its address. Without it, those in the
    mirror that TOMOSEG_TF_WEIGHTS names are listed as well.

    \b
    Examples:
      tomoseg-tf weights list
      tomoseg-tf weights list run
      tomoseg-tf weights list https://lab.example.org/weights/
    """
    from tomoseg_tf.weights import list_weights
    from tomoseg_tf.weights.mirror import list_mirror, mirror_place

    if cached and place:
        raise click.UsageError("--cached lists the cache; leave PLACE out")
    found = []
    if cached:
        found = _cached()
    elif place and (entries := list_mirror(place)) is not None:
        found = [_of_entry(entry) for entry in entries]
    else:
        found = [as_dict(each) for each in list_weights(place)]
        if not place and mirror_place():
            found += _of_mirror(mirror_place(), {each["name"] for each in found})
    if as_json:
        click.echo(json.dumps({"weights": found}))
    elif found:
        _show_table(found)
    else:
        where = "in the cache" if cached else f"in {place}" if place else "with this installation"
        options.notify(f"No weights {where}")


@click.command(short_help="Show the card of weights.")
@click.argument("name", type=WEIGHTS, metavar="NAME")
@options.as_json
def info(name, as_json):
    """Show the card of the weights NAME (a name, folder, archive or address), and where they are.

    On a terminal the card is set as text and tables, in a pipe it is the Markdown of the file.

    \b
    Example:
      tomoseg-tf weights info unet_3d_micropillar
    """
    from tomoseg_tf.weights import open_weights
    from tomoseg_tf.weights.fetching import origin_of

    found = open_weights(name)
    if as_json:
        config = json.loads(found.config.to_json())
        click.echo(json.dumps({**as_dict(found), "config": config, "card": found.read_card()}))
        return
    _show_card(found.read_card())
    lines = [("folder", str(found.folder))]
    if origin := origin_of(found.folder):
        lines += [("from", origin.get("address", "")), ("fetched", origin.get("fetched", ""))]
    if found.picture is not None:
        lines.append(("picture", str(found.picture)))
    lines += [("parameters", f"{found.count_parameters():,}")]
    lines += [(f"SHA-256 of {file}", digest) for file, digest in found.hashes.items()]
    click.echo(aligned(lines, left=(0, 1)))


def as_dict(found):
    """Collect what a list tells of weights, as plain values for JSON.

    Parameters
    ----------
    found : Weights
        Opened.

    Returns
    -------
    dict
    """
    from tomoseg_tf.weights import summary

    config = found.config
    return {
        "name": found.name,
        "folder": str(found.folder),
        "summary": summary(found.read_card()),
        "model": config.model,
        "dimensions": config.dimensions,
        "parameters": found.count_parameters(),
        "classes": list(config.class_names),
        "axes": config.axes,
        "spacing": list(config.spacing) if config.spacing else None,
        "threshold": config.threshold,
        "simulated": config.simulated,
        "data": config.data,
        "licence": config.licence,
        "bytes": found.count_bytes(),
        "hashes": found.hashes,
    }


def _of_entry(entry):
    """Row of weights in a mirror, of which nothing is fetched yet."""
    return entry.model_dump(mode="json")


def _of_mirror(place, known):
    """Rows of the mirror; one that does not answer is a notice."""
    from tomoseg_tf.weights.mirror import list_mirror

    try:
        entries = list_mirror(place) or ()
    except ValueError as error:
        options.notify(f"The mirror cannot be listed: {error}")
        return []
    return [_of_entry(entry) for entry in entries if entry.name not in known]


def _cached():
    """Rows of what is in the cache; what is damaged there is left out."""
    from tomoseg_tf.weights import open_weights
    from tomoseg_tf.weights.fetching import cached_weights, origin_of

    found = []
    for folder in cached_weights():
        try:
            found.append({**as_dict(open_weights(folder)), **origin_of(folder)})
        except ValueError as error:
            options.notify(f"left out: {error}")
    return found


def _show_table(found):
    """Print a table of weights, no wider than the terminal, and what they are for."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading, settings in COLUMNS.items():
        table.add_column(heading, **settings)
    for each in found:
        table.add_row(*_row(each))
    console = _console()
    with console.capture() as text:
        console.print(table)
    lines = [line.rstrip() for line in text.get().splitlines()]
    lines += ["", *(f"{each['name']}: {each['summary']}" for each in found if each["summary"])]
    click.echo("\n".join(lines))


def _row(each):
    """Cells of one of the weights."""
    spacing = each["spacing"]
    sides = () if spacing is None else spacing[:1] if len(set(spacing)) == 1 else spacing
    return (
        each["name"],
        f"{each['dimensions']}D",
        ", ".join(each["classes"]),
        " × ".join(f"{side:g}" for side in sides) or "-",
        NATURE[each["simulated"]],
        f"{each['parameters']:,}",
        f"{each['bytes'] / 1e6:.1f} MB",
        each["licence"].partition(" ")[0].rstrip(";,") or "-",
    )


def _show_card(text):
    """Print a card: set for a terminal, as it is otherwise."""
    if not sys.stdout.isatty():
        click.echo(text)
        return
    from rich.markdown import Markdown

    from tomoseg_tf.weights.picture import without_picture

    _console().print(Markdown(without_picture(text), hyperlinks=False))


def _console():
    """Console that does not break lines where nobody looks at them."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPED
    return Console(file=sys.stdout, width=width, highlight=False)
