"""``tomoseg-tf models``: the networks that can be trained."""

import json

import click

from tomoseg_tf.cli import options
from tomoseg_tf.cli.arguments import JsonObject
from tomoseg_tf.table import aligned


@click.command(short_help="List the networks.")
@click.argument("name", required=False)
@click.option(
    "--arguments",
    type=JsonObject(),
    metavar="JSON",
    help="Arguments of the network that differ from the defaults, such as '{\"levels\": 3}'.",
)
@options.as_json
def models(name, arguments, as_json):
    """List the networks, or describe the network NAME with its options and layers.

    Parameters are counted for one grey channel and a binary result unless --arguments say
    otherwise.

    \b
    Example:
      tomoseg-tf models unet_3d --arguments '{"base_features": 4}'
    """
    if arguments is not None and name is None:
        raise click.UsageError("--arguments needs the NAME of a network")
    from tomoseg_tf.models import BUILDERS
    from tomoseg_tf.models.summary import describe

    if name is None:
        found = [describe(model) for model in BUILDERS]
        click.echo(json.dumps({"models": found}) if as_json else _list(found))
        return
    found = describe(name, arguments, layers=True)
    click.echo(json.dumps(found) if as_json else _show(found))


def _list(found):
    """Table of all networks."""
    rows = [("network", "of", "parameters", "")]
    rows += [
        (model["name"], model["input"], f"{model['parameters']:,}", model["summary"])
        for model in found
    ]
    return aligned(rows, left=(0, 1, 3))


def _show(model):
    """All about one network."""
    call = ", ".join(f"{key}={value}" for key, value in model["arguments"].items())
    layers = [("layer", "type", "output", "parameters")]
    layers += [
        (layer["name"], layer["type"], _shape(layer["output"]), f"{layer['parameters']:,}")
        for layer in model["layers"]
    ]
    return "\n".join(
        [
            model["summary"],
            "",
            f"{model['name']}({call})",
            f"{model['parameters']:,} parameters, {model['trainable']:,} of them trainable",
            "",
            aligned(layers, left=(0, 1, 2)),
        ]
    )


def _shape(sides):
    return " × ".join("any" if side is None else str(side) for side in sides)
