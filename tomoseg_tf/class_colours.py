"""The colours of classes, the same in weights, figures and reports."""

from itertools import cycle, islice

BACKGROUND = "#000000"
IGNORED = "#4d4d4d"
# Okabe and Ito's colours, which colour-blind readers can tell, without black, white and grey
COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#f0e442")


def class_colours(number):
    """Give classes their colours: black for the background, then a fixed series that repeats.

    Parameters
    ----------
    number : int
        Number of classes, background included.

    Returns
    -------
    tuple of str
        Colours ``#rrggbb``, one per class index.
    """
    return (BACKGROUND, *islice(cycle(COLOURS), number - 1))
