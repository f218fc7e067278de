"""``tomoseg-tf plot``: figures for print, one sub-command each."""

import click

from tomoseg_tf.cli.plot.objects import profiles, shapes, sizes
from tomoseg_tf.cli.plot.runs import learning, scores
from tomoseg_tf.cli.plot.volumes import grey, rendering, slices


@click.group(short_help="Draw figures for print, with their data.")
def plot():
    """Draw figures for print: .png, .pdf, .svg and others by the suffix.

    Each figure has its data beside it, as CSV of the same name; slices where truth and
    segmentation are given.
    """


for command in (slices, grey, sizes, shapes, profiles, rendering, learning, scores):
    plot.add_command(command)
