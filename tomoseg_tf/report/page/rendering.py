"""Rendering the page from its template."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import tomoseg_tf

STYLES = ("page.css", "viewer.css", "print.css")
VIEWER = (
    *("model", "slices", "colours", "painting", "geometry", "marks", "drawing", "words"),
    *("changes", "hands", "controls"),
)  # each takes from those before it


@dataclass
class Page:
    """What a page holds.

    Attributes
    ----------
    title : str
        Heading.
    sections : list of Section
        In their order.
    tiles : list of Tile
        The numbers at the top.
    table : dict or None
        Objects, as `tomoseg_tf.report.object_table.table_data` gives them.
    stack : Stack or None
        Slices of the viewer.
    notes : tuple of str
        How the slices were thinned, and what was left out.
    """

    title: str
    sections: list = field(default_factory=list)
    tiles: list = field(default_factory=list)
    table: dict | None = None
    stack: object = None
    notes: tuple = ()

    def add(self, section, tiles):
        """Add a section and its numbers.

        Parameters
        ----------
        section : Section
            The section.
        tiles : sequence of Tile
            Its numbers.
        """
        self.sections.append(section)
        self.tiles.extend(tiles)


def render(page):
    """Render a page.

    All texts are escaped; data lies in elements that no browser runs, and the page allows its own
    scripts only, by their hashes.

    Parameters
    ----------
    page : Page
        What it holds.

    Returns
    -------
    bytes
        The HTML file.
    """
    environment = Environment(
        loader=PackageLoader("tomoseg_tf.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    scripts = [_read(name) for name in _scripts(page)]
    text = environment.get_template("page.html").render(
        page=page,
        version=tomoseg_tf.__version__,
        style=Markup("\n".join(_read(name) for name in STYLES)),
        scripts=[Markup(script) for script in scripts],
        hashes=" ".join(f"'sha256-{_hash(script)}'" for script in scripts),
        viewer=None if page.stack is None else json_text(page.stack.settings),
        table=None if page.table is None else json_text(page.table),
        first=_images(page, first=True),
        others=_images(page, first=False),
    )
    return text.encode("utf-8", "replace")


def json_text(data):
    r"""Write data as JSON that may stand in an element of a page.

    Parameters
    ----------
    data : dict
        Plain values.

    Returns
    -------
    Markup
        JSON without the characters that begin or end an element.

    Examples
    --------
    >>> print(json_text({"name": "</script>"}))
    {"name":"\u003c/script\u003e"}
    """
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for character, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(character, escape)
    return Markup(text)


def _scripts(page):
    """Files of the scripts that the page needs, in their order."""
    viewer = () if page.stack is None else tuple(f"viewer_{name}.js" for name in VIEWER)
    return viewer if page.table is None else (*viewer, "table.js")


def _images(page, *, first):
    """Images of the slice that is shown first, or of all others, as elements."""
    if page.stack is None:
        return Markup("")
    start = page.stack.settings["start"]
    lines = (
        f'<script type="text/plain" id="{layer}-{place}">{content}</script>'
        for (layer, place), content in page.stack.images.items()
        if (place == start) == first
    )
    return Markup("\n".join(lines))


def _read(name):
    """Read a file of the page."""
    return resources.files("tomoseg_tf.report.page").joinpath(name).read_text(encoding="utf-8")


def _hash(script):
    """Hash by which the page allows a script."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
