"""``weights bioimageio``."""

import json

import click

from tomoseg_tf.cli import options
from tomoseg_tf.cli.weights_source import WEIGHTS


@click.command(short_help="Export weights as a model of bioimage.io.")
@click.argument("weights", type=WEIGHTS, metavar="WEIGHTS")
@click.argument("out", type=options.VOLUME, metavar="OUT.zip")
@click.option(
    "--author",
    "authors",
    multiple=True,
    metavar="NAME[, AFFILIATION]",
    help="Who fitted the weights; may be repeated.  [required]",
)
@click.option(
    "--cite",
    "citations",
    multiple=True,
    metavar="TEXT|DOI",
    help="Publication of the weights or data, before that of the network; may be repeated.",
)
@click.option(
    "--licence",
    metavar="SPDX",
    help="Such as BSD-3-Clause or CC-BY-4.0.  [default: that of the weights]",
)
@click.option("--name", help="Title of the model.  [default: name and summary of the weights]")
@options.overwrite
@options.as_json
def bioimageio(weights, out, authors, citations, licence, name, overwrite, as_json):
    """Export WEIGHTS to OUT.zip, a model of bioimage.io.

    ilastik, deepImageJ, BiaPy and others read its format 0.5. The network is in it as ONNX, with
    its normalisation, a test input and what it gives for it, the card, and a cover. The network is
    run as ONNX and compared before anything is written. Needs tomoseg-tf[export].

    \b
    Example:
      tomoseg-tf weights bioimageio my_weights pores_bioimageio.zip --author "A. Turing, NPL"
    """
    if not authors:
        raise click.UsageError('name who fitted the weights: --author "NAME, AFFILIATION"')
    from tomoseg_tf.export.bioimageio import export_bioimageio  # loads Keras

    found = export_bioimageio(
        weights,
        out,
        authors=authors,
        citations=citations,
        licence=licence,
        name=name,
        overwrite=overwrite,
    )
    if as_json:
        click.echo(json.dumps(found))
        return
    click.echo(
        f"{out}: {found['bytes'] / 1e6:.1f} MB; as ONNX it differs from Keras by "
        f"{found['difference']:.2g} on the test input"
    )
