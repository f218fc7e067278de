"""``tomoseg-tf export``: fitted weights for other programs."""

import json

import click

from tomoseg_tf.cli import options


@click.command(short_help="Export weights to SavedModel, ONNX or OpenVINO.")
@click.argument("weights", type=options.WEIGHTS, metavar="WEIGHTS")
@click.argument("out", type=options.VOLUME)
@click.option(
    "--format",
    type=click.Choice(["savedmodel", "onnx", "openvino"]),
    help="Format of OUT.  [default: by its suffix: .onnx, .xml for OpenVINO, a folder without "
    "suffix for a SavedModel]",
)
@options.overwrite
@options.as_json
def export(weights, out, format, overwrite, as_json):
    """Export WEIGHTS (a name, folder, archive or address) to OUT for other programs.

    The graph includes the normalisation, the threshold and the choice of the class: from grey
    levels as stored to probabilities and classes. It is run and compared with Keras before it is
    kept. A README.md in OUT, or OUT.README.md beside it, tells how to call it.

    \b
    Examples:
      tomoseg-tf export unet_3d_micropillar pillar.onnx
      tomoseg-tf export my_weights my_weights.xml
      tomoseg-tf export my_weights served_model/ --format savedmodel
    """
    from tomoseg_tf.export import export_weights

    summary = export_weights(weights, out, format=format, overwrite=overwrite)
    if as_json:
        click.echo(json.dumps(summary))
        return
    shapes = " and ".join(" x ".join(map(str, shape)) for shape in summary["shapes"])
    click.echo(
        f"{out}: the largest difference from Keras is {summary['difference']:.2g} "
        f"(on {shapes} voxels); how to call it: {summary['readme']}"
    )
