"""The picture on a card."""

import re

from tomoseg_tf.weights.rewriting import rewrite_weights
from tomoseg_tf.weights.sums import PICTURE

LINE = re.compile(rf"^!\[[^\n]*\]\({re.escape(PICTURE)}\)\n+", re.MULTILINE)


def store_picture(fitted, picture, caption):
    """Put a picture into a weights folder and on its card, in place of an older one.

    Parameters
    ----------
    fitted : Weights
        Opened.
    picture : bytes
        A PNG file.
    caption : str
        What it shows.

    Returns
    -------
    Weights
        As they are now.
    """
    card = with_picture(fitted.read_card(), caption)
    return rewrite_weights(fitted, card=card, picture=picture)


def with_picture(text, caption):
    """Put the picture on a card, before its first section.

    Parameters
    ----------
    text : str
        The card.
    caption : str
        What the picture shows.

    Returns
    -------
    str
        Markdown.
    """
    plain = re.sub(r"[\[\]\n]", " ", caption)
    head, found, rest = without_picture(text).partition("\n## ")
    return f"{head.rstrip()}\n\n![{plain}]({PICTURE})\n{found}{rest}"


def without_picture(text):
    """Take the picture off a card, for where no pictures can be shown.

    Parameters
    ----------
    text : str
        The card.

    Returns
    -------
    str
        Markdown.
    """
    return LINE.sub("", text)
