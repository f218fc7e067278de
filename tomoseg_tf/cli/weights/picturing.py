"""``weights picture``."""

import click

from tomoseg_tf.cli import options


@click.command(short_help="Draw the picture of a card.")
@click.argument("folder", type=options.VOLUME)
@click.argument("scan", type=options.VOLUME, required=False)
@click.argument("truth", type=options.VOLUME, required=False)
@click.option("--z", type=click.IntRange(min=0), help="The slice.  [default: of most objects]")
def picture(folder, scan, truth, z):
    """Segment a scan with the weights in FOLDER and put a picture of it on their card.

    Without SCAN it is the held-out image in the folder, or the simulated scan of a score on the
    card. Name a SCAN that was not trained on, and its TRUTH if there is one: its errors are then
    shown as well. Keep it small: it is segmented as a whole.

    \b
    Example:
      tomoseg-tf weights picture my_weights scan.tif truth.tif --z 40
    """
    from tomoseg_tf.plots.card_picture import card_picture
    from tomoseg_tf.weights import check_own, open_weights
    from tomoseg_tf.weights.picture import store_picture

    fitted = open_weights(folder)
    check_own(fitted)
    content, caption = card_picture(fitted, scan, truth, z=z)
    stored = store_picture(fitted, content, caption)
    click.echo(f"{stored.picture}: {len(content) / 1000:.0f} kB, {caption}")
