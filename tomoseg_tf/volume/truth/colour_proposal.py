"""The colours of label images, counted, and a palette for them to paste."""

from collections import Counter

import numpy as np

from tomoseg_tf.volume.truth.colours import SPREAD, channel_spread, hue_angles, pack, unpack
from tomoseg_tf.volume.truth.palette import HUE, IGNORE, Palette
from tomoseg_tf.volume.truth.unmapped import LIMIT, MOST, SHARE

GREYS = 4  # different greys that may be labels beside colours


def count_colours(source):
    """Count the pixels of each colour.

    Parameters
    ----------
    source : ColourSlices
        The images; after 100 000 different colours the rest of them is not looked at.

    Returns
    -------
    Counter
        Pixels of each colour ``#rrggbb``, and of "clear" where alpha is 0.
    """
    totals = Counter()
    for image in source.images(0, source.shape[0]):
        codes = pack(image)
        if image.shape[-1] == 4:
            visible = image[..., 3] > 0
            totals["clear"] += int(np.count_nonzero(~visible))
            codes = codes[visible]
        for code, number in zip(*np.unique(codes, return_counts=True), strict=True):
            totals[f"#{code:06x}"] += int(number)
        if len(totals) > LIMIT:
            break
    return +totals


def propose_colours(counts, known=None):
    """Propose a palette for colours, to be pasted and mended.

    Few colours get a class each, black that of the background. Among many, blended over a grey
    image or softened at edges, the frequent ones are classes by their hue, and grey pixels are
    background.

    Parameters
    ----------
    counts : Counter
        Pixels of each colour, as `count_colours` gives them.
    known : Palette, optional
        Colours whose class is known already.

    Returns
    -------
    str
        Text of the palette.
    """
    known = known or Palette()
    codes = np.array([int(colour[1:], 16) for colour in counts if colour != "clear"], np.int64)
    spread = channel_spread(unpack(codes))
    hued, greys = (
        _by_frequency(codes[spread > 0], counts),
        _by_frequency(codes[spread == 0], counts),
    )
    clear = 0 if known.clear is None and counts["clear"] else known.clear
    few_greys = len(greys) <= (GREYS if hued else MOST) and known.grey is None
    if len(hued) <= MOST:
        colours = _number(known.colours, sorted(greys) if few_greys else [], hued)
        grey = known.grey if few_greys else _or_background(known.grey)
        return str(Palette(colours=colours, clear=clear, grey=grey, other=known.other))
    bright = _by_frequency(codes[spread > SPREAD], counts)
    least = sum(counts[colour] for colour in bright) / SHARE
    frequent = [colour for colour in bright if counts[colour] >= least]
    colours = {name: number for name, number in known.colours.items() if _angle(name) is not None}
    colours = _number(colours, [], _different_hues(frequent, colours))
    grey, rest = _or_background(known.grey), {"other": known.other}
    if not colours:
        return str(Palette(clear=clear, grey=grey, other=IGNORE))
    return str(Palette(colours=colours, clear=clear, grey=grey, **rest, match="hue", within=HUE))


def _by_frequency(codes, counts):
    """Names of colours, the most frequent first."""
    names = [f"#{code:06x}" for code in codes]
    return sorted(names, key=lambda colour: (-counts[colour], colour))


def _number(known, greys, hued):
    """Classes of colours: known ones, 0 for the darkest grey, then the next free ones."""
    classes = dict(known)
    free = max((number for number in known.values() if number != IGNORE), default=0)
    if greys and 0 not in known.values():
        classes.setdefault(greys[0], 0)
    for colour in (*greys, *hued):
        if colour not in classes:
            free += 1
            classes[colour] = free
    return classes


def _different_hues(names, known):
    """Names of colours less those whose hue an earlier or known one has."""
    kept = list(known)
    for name in names[: MOST * MOST]:
        turns = [abs(_angle(name) - _angle(other)) for other in kept]
        if all(min(turn, 360 - turn) >= HUE for turn in turns):
            kept.append(name)
    return kept[len(known) :]


def _angle(name):
    """Hue of a colour in degrees, None for grey."""
    colour = unpack([int(name[1:], 16)])
    return hue_angles(colour)[0] if channel_spread(colour)[0] else None


def _or_background(number):
    """Return a class, the background where there is none."""
    return 0 if number is None else number
