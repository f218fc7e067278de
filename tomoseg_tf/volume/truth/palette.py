"""Palettes: how the values or the colours of a label file map to classes."""

import math
import re
from dataclasses import dataclass, field

IGNORE = 255
NAMED = {
    "classes": {value: value for value in range(256)},
    "mask": {0: 0, 1: 1, 255: 1},
    "inverted": {0: 1, 1: 0, 255: 0},
    "ilastik": {0: IGNORE} | {value + 1: value for value in range(IGNORE)},
}
SCANNED = ("auto", "levels")  # palettes that depend on what the file holds
HUE = 30.0  # degrees between a pixel and its colour
COLOUR = re.compile("#[0-9a-f]{6}")
FORM = (
    "must be auto, classes, mask, inverted, ilastik, levels, pairs of whole numbers value:class "
    "such as 0:0,255:1, or colours such as '#ff0000:1,grey:0' (a class may be ignore)"
)


@dataclass(frozen=True)
class Palette:
    """What each value or colour of a label file means.

    Attributes
    ----------
    name : str
        auto, classes, mask, inverted, ilastik or levels; empty for one that is written out.
    values : dict from int to int
        Class of each value; 255 is ignore.
    colours : dict from str to int
        Class of each colour ``#rrggbb``.
    clear, grey, other : int or None
        Class of transparent pixels, of pixels without a hue, and of everything that is not named;
        None where these have no class.
    match : str
        "exact", "nearest" (the nearest value or colour) or "hue" (the nearest hue).
    within : float
        Distance up to which the nearest one counts, in grey levels (of colours the Euclidean
        distance in RGB) or in degrees of hue.
    """

    name: str = ""
    values: dict = field(default_factory=dict)
    colours: dict = field(default_factory=dict)
    clear: int | None = None
    grey: int | None = None
    other: int | None = None
    match: str = "exact"
    within: float = 0.0

    @property
    def of_colours(self):
        """Whether it maps colours and not values."""
        return bool(self.colours) or self.clear is not None or self.grey is not None

    def items(self):
        """Pairs of what is named and its class, as of the dict that gives this palette."""
        words = [(word, getattr(self, word)) for word in ("clear", "grey", "other")]
        named = [pair for pair in words if pair[1] is not None]
        rule = [] if self.match == "exact" else [(self.match, self.within)]
        return [*self.values.items(), *self.colours.items(), *rule, *named]

    def __str__(self):
        """Text that gives this palette."""
        if self.name:
            return self.name
        return ",".join(_text(*pair) for pair in self.items())


def parse_palette(palette):
    """Read a palette: how the values or colours in a label file map to classes.

    Parameters
    ----------
    palette : str, dict or Palette
        One of these:

        - "auto": exactly the values 0 and 255 are a mask, all else are classes 0 to 31 and 255;
        - "classes": a value is its class, 255 is ignore;
        - "mask": 0 is class 0, 255 or 1 is class 1; "inverted": the reverse;
        - "ilastik": 1 is class 0, 2 is class 1, ..., 0 is ignore;
        - "levels": the distinct values of the file, in order, are the classes 0, 1, ...;
        - entries in a text, separated by commas: ``value:class`` with a whole number and a class of
          0 to 255 or ``ignore``; ``nearest`` or ``nearest=20`` (a value that is not listed counts
          as the nearest listed one, up to that distance, the lower one of two);
          ``other:class`` (what is left);
        - entries for colours: ``#rrggbb:class``; ``clear:class`` (pixels of alpha 0; other alpha is
          not looked at); ``grey:class`` (pixels whose red, green and blue are equal, or differ by
          at most 16 with nearest or hue); ``nearest`` or ``nearest=20`` (by the distance in RGB);
          ``hue`` or ``hue=30`` (by hue in degrees, for colours blended over a grey image);
          ``other:class``;
        - a dict of such entries, as ``{0: 0, 128: "ignore", "nearest": 20}``.

    Returns
    -------
    Palette
        What it means.

    Raises
    ------
    ValueError
        If it is none of these, a value occurs twice, or a class is not within 0 to 255.

    Examples
    --------
    >>> parse_palette("0:0,128:ignore,255:1,nearest=20").values
    {0: 0, 128: 255, 255: 1}
    """
    if isinstance(palette, Palette):
        return palette
    if isinstance(palette, str):
        if palette in SCANNED:
            return Palette(palette)
        if palette in NAMED:
            return Palette(palette, dict(NAMED[palette]))
        entries = [_parse_entry(entry.strip(), palette) for entry in palette.split(",")]
    else:
        entries = [_parse_entry(_text(*pair), palette) for pair in palette.items()]
    keys = [key for key, _ in entries]
    if not entries or len(set(keys)) < len(keys):
        raise ValueError(f"palette {palette!r}: each value needs exactly one class")
    return _assemble(dict(entries), palette)


def _text(key, number):
    """Write an entry as text."""
    if key in ("nearest", "hue"):
        return key if number == math.inf else f"{key}={number:g}"
    return f"{key}:{'ignore' if number == IGNORE else number}"


def _parse_entry(entry, palette):
    """Read an entry: what it names, and its class or distance."""
    rule, _, distance = entry.partition("=")
    if rule in ("nearest", "hue"):
        return rule, _parse_distance(rule, distance if "=" in entry else None, palette)
    key, _, number = (part.strip().lower() for part in entry.partition(":"))
    number = str(IGNORE) if number == "ignore" else number
    try:
        named = key in ("clear", "grey", "other") or COLOUR.fullmatch(key)
        value, number = key if named else int(key), int(number)
    except ValueError:
        raise ValueError(f"palette {palette!r}: {_suggest_colour(key) or FORM}") from None
    if not 0 <= number <= IGNORE:
        raise ValueError(f"palette {palette!r}: class {number} of {value} is not in 0 to 255")
    if isinstance(value, int) and abs(value) > 2**53:
        raise ValueError(f"palette {palette!r}: value {value} is too large; the limit is 2**53")
    return value, number


def _suggest_colour(name):
    """Suggest how a palette names a colour, empty where it is none that is known."""
    from PIL import ImageColor

    if name == "gray":
        return "write grey for pixels whose red, green and blue are equal"
    if not name.isalpha():
        return ""
    try:
        red, green, blue = ImageColor.getrgb(name)[:3]
    except ValueError:
        return ""
    return f"{name} is no entry; write this colour as #{red:02x}{green:02x}{blue:02x}"


def _parse_distance(rule, text, palette):
    """Read the distance of nearest or hue."""
    if text is None:
        return HUE if rule == "hue" else math.inf
    try:
        distance = float(text)
    except ValueError:
        distance = math.nan
    if not 0 <= distance <= (180 if rule == "hue" else math.inf):
        what = "degrees from 0 to 180, such as hue=30" if rule == "hue" else "such as nearest=20"
        raise ValueError(f"palette {palette!r}: {rule} needs a distance, {what}")
    return distance


def _assemble(entries, palette):
    """Make a palette of its entries; ValueError where they contradict each other."""
    values = {key: number for key, number in entries.items() if isinstance(key, int)}
    colours = {key: number for key, number in entries.items() if str(key).startswith("#")}
    words = {word: entries.get(word) for word in ("clear", "grey", "other")}
    rules = [rule for rule in ("nearest", "hue") if rule in entries]
    rule = rules[0] if rules else "exact"
    result = Palette("", values, colours, **words, match=rule, within=entries.get(rule, 0.0))
    if len(rules) > 1:
        wrong = "nearest and hue exclude each other"
    elif values and (result.of_colours or rule == "hue"):
        wrong = "values and colours cannot be mixed"
    elif rules and not values and not colours:
        wrong = f"{rule} needs values or colours to choose from"
    elif not values and not result.of_colours:
        wrong = "nothing is named; give values such as 0:0 or colours such as #ff0000:1"
    else:
        hueless = [key for key in colours if rule == "hue" and not _has_hue(key)]
        wrong = f"{hueless[0]} has no hue; use grey:class for grey pixels" if hueless else ""
    if wrong:
        raise ValueError(f"palette {palette!r}: {wrong}")
    return result


def _has_hue(colour):
    """Whether red, green and blue differ."""
    return len({colour[1:3], colour[3:5], colour[5:7]}) > 1
